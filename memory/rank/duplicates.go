package rank

import (
	"hash/maphash"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
)

// sameShare is the share of pairs of words that near-duplicates have in common.
const sameShare = 0.85

// otherShare is the share of pairs of words from which two texts with other numbers or another sense speak of the same.
const otherShare = 0.45

// nearlyShare is the share from which one more word that must agree, such as a "not", makes another sense of the same.
const nearlyShare = 0.7

// group is a memory with those that say the same.
type group struct {
	shown   int // index of the candidate that stands for all
	logit   float64
	merged  []memory.ID
	differs []memory.ID // shown ones that say something else of the same
	print   fingerprint
}

// merge takes candidates in their order and returns the first limit groups of near-duplicates, or each by itself.
func merge(order iter.Seq[judged], cs []memory.Candidate, limit int, apart bool) []group {
	var out []group
	for j := range order {
		m := cs[j.index].Memory
		p := fingerprintOf(m)
		at := slices.IndexFunc(out, func(g group) bool {
			return !apart && sameHouse(cs[g.shown].Memory, m) && g.print.same(&p)
		})
		switch {
		case at >= 0:
			g := &out[at]
			if better(m, cs[g.shown].Memory) {
				g.merged = append(g.merged, cs[g.shown].Memory.ID)
				g.shown, g.print = j.index, p
			} else {
				g.merged = append(g.merged, m.ID)
			}
		case len(out) < limit:
			out = append(out, group{shown: j.index, logit: j.logit, print: p})
		default:
			return out
		}
	}
	return out
}

// oppose finds the groups that say something else of the same, notes it on both, and puts the lower one right behind the
// higher, with its score, so that they are read together; but one that is trusted less stays where it is.
func oppose(gs []group, cs []memory.Candidate) []group {
	for i := 0; i < len(gs); i++ {
		behind := i + 1
		for j := i + 1; j < len(gs); j++ {
			a, b := cs[gs[i].shown].Memory, cs[gs[j].shown].Memory
			if !sameHouse(a, b) || !gs[i].print.opposes(&gs[j].print) {
				continue
			}
			gs[i].differs, gs[j].differs = append(gs[i].differs, b.ID), append(gs[j].differs, a.ID)
			if trustLevel(b.Trust) < trustLevel(a.Trust) {
				continue
			}
			g := gs[j]
			g.logit = gs[i].logit
			copy(gs[behind+1:j+1], gs[behind:j])
			gs[behind] = g
			behind++
		}
	}
	return gs
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
		if classOf(lower)&(negationWord|countWord) != 0 || hasDigit(text[i:end]) || text[i] >= 0x80 {
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

// opposes reports whether two texts speak of the same in mostly the same words, and differ in a number, or in hardly
// more than whether it is so.
func (p *fingerprint) opposes(q *fingerprint) bool {
	if len(p.pairs) < 4 || len(q.pairs) < 4 || slices.Equal(p.exact, q.exact) {
		return false
	}
	share := p.overlap(q)
	return share >= otherShare && lacks(p.exact, q.exact) && lacks(q.exact, p.exact) || share >= nearlyShare
}

// lacks reports whether a lacks something that b has; both are sorted.
func lacks(a, b []uint64) bool {
	return slices.ContainsFunc(b, func(x uint64) bool {
		_, ok := slices.BinarySearch(a, x)
		return !ok
	})
}

// overlap is the share of pairs of words that two texts have in common.
func (p *fingerprint) overlap(q *fingerprint) float64 {
	common := p.common(q)
	return float64(common) / float64(max(len(p.pairs)+len(q.pairs)-common, 1))
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
	return p.overlap(q) >= share
}

// common counts the pairs of words that two texts have in common.
func (p *fingerprint) common(q *fingerprint) (common int) {
	a, b := p.pairs, q.pairs
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
	return common
}
