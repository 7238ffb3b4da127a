package rank

import "github.com/elderzan/elderzan/memory"

// alikeShare is the share of pairs of words from which two texts are near-duplicates that may be merged.
const alikeShare = 0.5

// Alike reports whether two memories say nearly the same, so that one may stand for both: at least half of their pairs of
// words agree, and every word that holds a digit or turns the meaning round. A port, a date or a "not" makes another fact.
func Alike(a, b *memory.Memory) bool {
	p, q := fingerprintOf(a), fingerprintOf(b)
	return p.agrees(&q, alikeShare)
}
