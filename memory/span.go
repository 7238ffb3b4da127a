package memory

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var spanPart = regexp.MustCompile(`^(\d{1,6})(w|d|h|m|s)`)

// ParseSpan reads a length of time as people write it: "90m", "12h", "30d", "2w", "1d12h". It returns an
// *InputError for field otherwise, and for anything beyond a hundred years.
func ParseSpan(field, text string) (time.Duration, error) {
	bad := &InputError{Field: field, Problem: "is not a span of time", Hint: "write 90m, 12h, 30d or 2w"}
	units := map[string]time.Duration{"w": 7 * 24 * time.Hour, "d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}
	const longest = 100 * 365 * 24 * time.Hour
	var sum time.Duration
	if text == "" {
		return 0, bad
	}
	for text != "" {
		p := spanPart.FindStringSubmatch(text)
		if p == nil {
			return 0, bad
		}
		n, _ := strconv.Atoi(p[1]) // of at most six digits
		unit := units[p[2]]
		if time.Duration(n) > (longest-sum)/unit {
			return 0, &InputError{Field: field, Problem: "is longer than a hundred years"}
		}
		sum += time.Duration(n) * unit
		text = text[len(p[0]):]
	}
	return sum, nil
}

// timeLayouts are the forms of a moment that agents send, most exact first.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "2006-01", "2006"}

// ParseTime reads a moment: RFC 3339, a date, a month or a year; without a zone it is UTC. "" is the zero time.
// It returns an *InputError for field otherwise.
func ParseTime(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, &InputError{Field: field, Problem: "is not a time", Hint: fmt.Sprintf("write it as %s or 2006-01-02", time.RFC3339)}
}
