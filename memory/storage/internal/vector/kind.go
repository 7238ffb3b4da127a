package vector

import "fmt"

// Kind says how an index holds and searches its vectors.
type Kind uint8

// The kinds, from the one for the fewest vectors to the one for the most.
const (
	Flat  Kind = 1 // float32, searched exactly
	SQ8   Kind = 2 // a byte a component; every code is looked at, the best are ranked by the full vectors
	SQ4   Kind = 3 // half a byte a component; the same
	IVFPQ Kind = 4 // SQ4, and inverted lists of product-quantised vectors for the modes that need not be exact
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Flat:
		return "flat"
	case SQ8:
		return "sq8"
	case SQ4:
		return "sq4"
	case IVFPQ:
		return "ivf,pq"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// rows returns the kind of the rows below an index of kind k.
func (k Kind) rows() Kind {
	if k == IVFPQ {
		return SQ4
	}
	return k
}

// bits returns how many bits a component takes in rows of kind k that are quantised.
func (k Kind) bits() int {
	if k == SQ8 {
		return 8
	}
	return 4
}

// Limits are the sizes from which an index has each kind; the zero value works. An index that has grown past a limit
// goes back only below three quarters of it.
type Limits struct {
	SQ8   int // vectors; 0 means 12,000
	SQ4   int // vectors; 0 means 16,000
	IVFPQ int // vectors; 0 means 160,000
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		limit *int
		n     int
	}{{&l.SQ8, 12_000}, {&l.SQ4, 16_000}, {&l.IVFPQ, 160_000}} {
		if *d.limit <= 0 {
			*d.limit = d.n
		}
	}
	return l
}

// fit returns the kind for n vectors of an index that has kind now.
func (l Limits) fit(now Kind, n int) Kind {
	kind := Flat
	for _, step := range []struct {
		kind  Kind
		limit int
	}{{SQ8, l.SQ8}, {SQ4, l.SQ4}, {IVFPQ, l.IVFPQ}} {
		limit := step.limit
		if now >= step.kind {
			limit -= limit / 4
		}
		if n >= limit {
			kind = step.kind
		}
	}
	return kind
}

const (
	maxLists     = 4096
	trainedFrom  = 39 // vectors a list that k-means wants
	trainingMost = 64 // vectors a list beyond which training only takes longer
	maxParts     = 64 // bytes a product-quantised vector
)

// lists returns how many inverted lists suit n vectors: the largest power of two that leaves each enough to be trained
// on.
func lists(n int) int {
	k := 1
	for k < maxLists && n >= 2*k*trainedFrom {
		k *= 2
	}
	return k
}

// parts returns how many bytes a product-quantised vector takes: the most that divide the dimension.
func parts(dim int) int {
	for m := min(maxParts, dim); ; m-- {
		if dim%m == 0 {
			return m
		}
	}
}
