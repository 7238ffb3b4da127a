// Package match holds what the layers of the sensitive-data detector hand to each other: a place in a text, the rule
// that found it and how sure the rule is. A Match carries offsets only, never the text.
package match

import (
	"fmt"
	"sort"
	"unicode/utf8"
)

// The kinds of sensitive data.
const (
	Credential = "credential" // passwords, tokens, API keys
	Key        = "key"        // private and symmetric keys, seed phrases
	Personal   = "personal"   // identity numbers, contact data, dates of birth
	Financial  = "financial"  // cards, accounts, wallets
	Health     = "health"     // patient and insurance numbers
)

// Match is one place that looks sensitive in the text that was scanned.
type Match struct {
	Rule       string  // stable id
	Kind       string  // one of the kinds above
	Start, End int     // byte offsets, Start < End
	Confidence float64 // in (0, 1]
}

// Preview describes a secret without giving any of it away: its kind and its length in characters, rounded so that
// a short password's length is not told either.
func Preview(kind, secret string) string {
	n := utf8.RuneCountInString(secret)
	switch {
	case n <= 16:
		return fmt.Sprintf("[%s, up to 16 characters]", kind)
	case n <= 64:
		return fmt.Sprintf("[%s, about %d characters]", kind, (n+7)/8*8)
	}
	return fmt.Sprintf("[%s, %d characters or more]", kind, n/64*64)
}

// Merge sorts ms by place and, of matches that cover the same bytes, keeps the surest of each rule and drops those that
// lie wholly inside a surer one of the same kind. It works in place; the result shares ms's memory.
func Merge(ms []Match) []Match {
	sort.SliceStable(ms, func(i, j int) bool {
		a, b := ms[i], ms[j]
		if a.Start != b.Start {
			return a.Start < b.Start
		}
		if a.End != b.End {
			return a.End > b.End
		}
		if a.Confidence != b.Confidence {
			return a.Confidence > b.Confidence
		}
		return a.Rule < b.Rule
	})
	out := ms[:0]
	for _, m := range ms {
		if !covered(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// covered looks back over a bounded number of kept matches: sorted by start, those that can contain m are near.
func covered(kept []Match, m Match) bool {
	for i := len(kept) - 1; i >= 0 && i >= len(kept)-8; i-- {
		k := kept[i]
		if k.Start <= m.Start && k.End >= m.End {
			if k.Rule == m.Rule || (k.Kind == m.Kind && k.Confidence >= m.Confidence) {
				return true
			}
		}
	}
	return false
}

// Enough is how many matches a layer looks for at most: with so many a text is sensitive, and nobody reads on.
const Enough = 256

// Dense is the rule of a match that says a text holds more that looks like secrets than can be checked within bounds.
// It fails closed: such a text counts as sensitive.
const Dense = "too-dense-to-check"

// Budget bounds the work that the patterns of a layer may do on a text, in bytes matched against. Without it a text made
// for the purpose could cost seconds.
type Budget struct{ left int }

// NewBudget returns the budget for a text of n bytes: enough for any text that was not made to exhaust it.
func NewBudget(n int) Budget { return Budget{left: 6*n + 64<<10} }

// Spend takes n bytes off and reports whether the budget still held them.
func (b *Budget) Spend(n int) bool {
	b.left -= n + 32 // starting a match costs as much as some bytes
	return b.left >= 0
}

// Spent reports whether the budget is exhausted, and TooDense the match to report then.
func (b *Budget) Spent() bool { return b.left < 0 }

// TooDense is the match for a text of n bytes whose budget was exhausted.
func TooDense(n int) Match {
	return Match{Rule: Dense, Kind: Credential, Start: 0, End: n, Confidence: 0.6}
}
