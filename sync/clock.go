package sync

import "time"

// Stamp is a hybrid logical time: milliseconds since 1970 in the upper 48 bits and a counter in the lower 16. A change
// gets a larger stamp than the version it builds on, whatever the wall clock says.
type Stamp uint64

const stampCounter = 16

// lastStamp is the largest stamp that counts, in the year 6429: stamps only grow, and there must be larger ones.
const lastStamp = Stamp(1 << 63)

// MaxDrift is how far ahead of this machine's clock a stamp may be and still count in full: a machine whose clock is
// years ahead must not win every conflict.
const MaxDrift = time.Hour

// stampOf returns the stamp of a change made at that time on top of a version stamped after.
func stampOf(at time.Time, after Stamp) Stamp {
	return max(wall(at), after+1)
}

// wall stays clear of lastStamp, whatever the clock says.
func wall(at time.Time) Stamp {
	return Stamp(min(max(at.UnixMilli(), 0), int64(lastStamp>>stampCounter/2))) << stampCounter
}

// Time is the stamp's wall clock.
func (s Stamp) Time() time.Time { return time.UnixMilli(int64(s >> stampCounter)).UTC() }

// later reports whether a change stamped a on device da counts as later than b on db, as seen at now. Stamps too far
// ahead are taken for the limit; the device decides between equal ones, so that everybody decides alike.
func later(a, b Stamp, da, db string, now time.Time) bool {
	limit := wall(now.Add(MaxDrift))
	a, b = min(a, limit), min(b, limit)
	if a != b {
		return a > b
	}
	return da > db
}
