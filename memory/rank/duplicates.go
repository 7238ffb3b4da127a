package rank

import (
	"hash/maphash"
	"slices"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
)

// sameShare is the share of pairs of words that near-duplicates have in common.
const sameShare = 0.85

// group is a memory with those that say the same.
type group struct {
	shown  int // index of the candidate that stands for all
	logit  float64
	merged []memory.ID
}

// merge takes candidates in their order and returns the first limit groups of near-duplicates.
func merge(order []judged, cs []memory.Candidate, limit int) []group {
	var out []group
	prints := make([]fingerprint, 0, limit)
	for _, j := range order {
		m := &cs[j.index].Memory
		p := fingerprintOf(m)
		at := slices.IndexFunc(out, func(g group) bool {
			return sameHouse(&cs[g.shown].Memory, m) && prints[indexOf(out, g.shown)].same(&p)
		})
		switch {
		case at >= 0:
			g := &out[at]
			if better(m, &cs[g.shown].Memory) {
				g.merged = append(g.merged, cs[g.shown].Memory.ID)
				g.shown = j.index
				prints[at] = p
			} else {
				g.merged = append(g.merged, m.ID)
			}
		case len(out) < limit:
			out = append(out, group{shown: j.index, logit: j.logit})
			prints = append(prints, p)
		default:
			return out
		}
	}
	return out
}

func indexOf(gs []group, shown int) int {
	return slices.IndexFunc(gs, func(g group) bool { return g.shown == shown })
}

// sameHouse reports whether two memories may stand for each other at all: same project, scope and kind of secrecy.
func sameHouse(a, b *memory.Memory) bool { return a.Project == b.Project && a.Scope == b.Scope }

// better reports whether a stands better than b for both: the more trusted one, then the newer.
func better(a, b *memory.Memory) bool {
	if x, y := trustLevel(a.Trust), trustLevel(b.Trust); x != y {
		return x > y
	}
	return a.At().After(b.At())
}

func trustLevel(t memory.Trust) int {
	switch t {
	case memory.TrustUser:
		return 2
	case memory.TrustAgent:
		return 1
	}
	return 0
}

// fingerprint is what must agree for two texts to say the same: nearly all pairs of words, and every word that
// holds a digit or turns the meaning round. A port, a date or a "not" makes another fact.
type fingerprint struct {
	pairs []uint64 // sorted, distinct
	exact []uint64 // sorted
}

func fingerprintOf(m *memory.Memory) fingerprint {
	var p fingerprint
	var buf [24]byte
	last := uint64(0)
	text := clip(m.Content)
	if len(text) < len(m.Content) {
		p.exact = append(p.exact, maphash.String(seed, m.Content[len(text):]))
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			i += size
			continue
		}
		end := wordEnd(text, i)
		lower := lowered(buf[:0], text[i:end])
		h := maphash.Bytes(seed, lower)
		if end-i > len(buf) {
			h = maphash.String(seed, text[i:end])
		}
		if classes[string(lower)]&(negationWord|countWord) != 0 || hasDigit(text[i:end]) || text[i] >= 0x80 {
			p.exact = append(p.exact, h)
		}
		p.pairs = append(p.pairs, last*0x9e3779b97f4a7c15+h)
		last, i = h, end
	}
	slices.Sort(p.pairs)
	p.pairs = slices.Compact(p.pairs)
	slices.Sort(p.exact)
	return p
}

func hasDigit(s string) bool {
	for i := 0; i < len(s); i++ {
		if '0' <= s[i] && s[i] <= '9' {
			return true
		}
	}
	return false
}

// same reports whether two texts say the same.
func (p *fingerprint) same(q *fingerprint) bool { return p.agrees(q, sameShare) }

// agrees reports whether two texts have that share of their pairs of words in common, and all that must agree.
func (p *fingerprint) agrees(q *fingerprint, share float64) bool {
	a, b := p.pairs, q.pairs
	if len(a) == 0 || len(b) == 0 || float64(min(len(a), len(b))) < share*float64(max(len(a), len(b))) ||
		!slices.Equal(p.exact, q.exact) {
		return false
	}
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			common++
			i++
			j++
		}
	}
	return float64(common) >= share*float64(len(a)+len(b)-common)
}
