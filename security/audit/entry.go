package audit

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// Entry is one act in the log. It names things and never holds the text of a memory.
type Entry struct {
	At      time.Time // to the microsecond
	Action  string    // "remember", "share", "override", "denied", "key-use", "sync" …
	Subject string    // id of the memory, member, key … that it was done to
	User    string
	Client  string
	Session string
	From    uint8    // scope before, as package scope numbers them; 0 when that does not apply
	To      uint8    // scope after
	Rules   []string // ids of the rules behind the decision
	Reason  string   // in words, without the text
}

const (
	entryVersion = 1
	// MaxEntry is the largest entry that a log takes, in bytes.
	MaxEntry   = 64 << 10
	maxField   = 4 << 10
	maxRules   = 256
	entryFixed = 1 + 8 + 2 // version, time, scopes
)

// Encode returns the entry's one encoding: version, time, scopes, then each text after its length, the rules after
// their number. It returns an error wrapping ErrEntry for a text over 4 KiB or not UTF-8, more than 256 rules, or more
// than MaxEntry in all.
func (e *Entry) Encode() ([]byte, error) {
	b := append(make([]byte, 0, 256), entryVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	b = append(b, e.From, e.To)
	for _, s := range []string{e.Action, e.Subject, e.User, e.Client, e.Session, e.Reason} {
		b = appendText(b, s)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Rules)))
	for _, s := range e.Rules {
		b = appendText(b, s)
	}
	if _, err := ParseEntry(b); err != nil { // the limits are checked in one place
		return nil, err
	}
	return b, nil
}

func appendText(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

// ParseEntry reads what Encode wrote, and nothing else. It returns an error wrapping ErrEntry for anything else.
func ParseEntry(b []byte) (Entry, error) {
	if len(b) > MaxEntry || len(b) < entryFixed {
		return Entry{}, fmt.Errorf("%w: %d bytes", ErrEntry, len(b))
	}
	if b[0] != entryVersion {
		return Entry{}, fmt.Errorf("%w: unknown version %d; update elderzan", ErrEntry, b[0])
	}
	e := Entry{At: time.UnixMicro(int64(binary.BigEndian.Uint64(b[1:]))).UTC(), From: b[9], To: b[10]}
	if y := e.At.Year(); y < 0 || y > 9999 {
		return Entry{}, fmt.Errorf("%w: the year %d", ErrEntry, y)
	}
	r := &texts{rest: b[entryFixed:]}
	for _, s := range []*string{&e.Action, &e.Subject, &e.User, &e.Client, &e.Session, &e.Reason} {
		*s = r.text()
	}
	for range r.number(maxRules) {
		e.Rules = append(e.Rules, r.text())
	}
	if r.bad || len(r.rest) > 0 {
		return Entry{}, fmt.Errorf("%w: a text is too long, not UTF-8 or cut", ErrEntry)
	}
	return e, nil
}

// texts reads texts after their lengths; after something bad it returns zero values.
type texts struct {
	rest []byte
	bad  bool
}

func (r *texts) number(limit uint32) uint32 {
	if r.bad || len(r.rest) < 4 {
		r.bad = true
		return 0
	}
	n := binary.BigEndian.Uint32(r.rest)
	if n > limit || uint64(n) > math.MaxInt32 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[4:]
	return n
}

func (r *texts) text() string {
	n := r.number(maxField)
	if r.bad || int(n) > len(r.rest) || !utf8.Valid(r.rest[:n]) {
		r.bad = true
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}
