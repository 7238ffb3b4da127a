package vector

import "math/bits"

// Selector restricts a search to some ids; nil selects all. It is a *Bitmap or IDs. Ids that are not in the index
// are passed over.
type Selector interface{ isSelector() }

// IDs selects the ids listed, in any order; doubles count once.
type IDs []int64

func (IDs) isSelector() {}

// Bitmap selects ids by one bit each and suits many dense ids: it takes an eighth of a byte for each id up to the
// largest. The zero value selects nothing. It is safe for concurrent reads.
type Bitmap struct {
	words []uint64
	count int
}

// NewBitmap returns an empty bitmap with room for ids up to largest, so that Add up to it allocates nothing.
func NewBitmap(largest int64) *Bitmap {
	return &Bitmap{words: make([]uint64, 0, max(0, largest)/64+1)}
}

func (*Bitmap) isSelector() {}

// Add selects id. Negative ids, which no index holds, are passed over.
func (b *Bitmap) Add(id int64) {
	if id < 0 {
		return
	}
	word := int(id / 64)
	if word >= len(b.words) {
		if word < cap(b.words) {
			b.words = b.words[:word+1]
		} else {
			b.words = append(b.words, make([]uint64, word+1-len(b.words))...)
		}
	}
	if bit := uint64(1) << (id % 64); b.words[word]&bit == 0 {
		b.words[word] |= bit
		b.count++
	}
}

// Has reports whether id is selected.
func (b *Bitmap) Has(id int64) bool {
	return id >= 0 && id/64 < int64(len(b.words)) && b.words[id/64]&(1<<(id%64)) != 0
}

// Count returns how many ids are selected.
func (b *Bitmap) Count() int { return b.count }

// each calls fn for each id selected, rising.
func (b *Bitmap) each(fn func(id int64)) {
	for i, word := range b.words {
		for ; word != 0; word &= word - 1 {
			fn(int64(i)*64 + int64(bits.TrailingZeros64(word)))
		}
	}
}
