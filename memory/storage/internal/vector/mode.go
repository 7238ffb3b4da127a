package vector

import "fmt"

// Mode trades time for completeness.
type Mode uint8

// The modes.
const (
	Accurate Mode = iota // the nearest there are; see doc.go for what stands behind it
	Balanced             // all but a hundredth of them
	Fast                 // all but a twentieth of them
)

// String returns the mode's name.
func (m Mode) String() string {
	switch m {
	case Accurate:
		return "accurate"
	case Balanced:
		return "balanced"
	case Fast:
		return "fast"
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// SearchOptions tells how to search; the zero value searches exactly. A Flat index is always exact.
type SearchOptions struct {
	Mode       Mode
	Probes     int     // Balanced and Fast with inverted lists: how many lists to look into; 0 means 768 and 320
	Rough      bool    // similarities as the codes tell them: no full vector is read; a Flat index has no codes and is exact
	Floor      float32 // hits below are of no interest: of what cannot reach it no full vector is read; 0 is none
	Candidates int     // Balanced and Fast: how many full vectors to rank at most; 0 means 4 k + 128 and 2 k + 32
}

// effort is what a mode comes to for one search.
type effort struct {
	exact  bool
	probes int
	pool   int // entries taken from the lists
	ranked int // full vectors read at most
	rough  bool
	floor  float32
	luck   luck
}

func (o SearchOptions) effort(k int) effort {
	e := effort{exact: true, luck: certain}
	switch o.Mode {
	case Balanced:
		e = effort{probes: 768, pool: 2048, ranked: 4*k + 128, luck: likely}
	case Fast:
		e = effort{probes: 320, pool: 512, ranked: 2*k + 32, luck: guessed}
	}
	e.rough, e.floor = o.Rough && !e.exact, o.Floor
	if !e.exact {
		if o.Probes > 0 {
			e.probes = o.Probes
		}
		if o.Candidates > 0 {
			e.ranked = o.Candidates
		}
		e.pool = max(e.pool, 2*max(e.ranked, k))
	}
	return e
}
