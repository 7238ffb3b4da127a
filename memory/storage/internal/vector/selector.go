package vector

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

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

// BitmapOf returns the bitmap whose bit i&63 of word i>>6 says whether id i is selected. It keeps words, which must not
// change while it is in use.
func BitmapOf(words []uint64) *Bitmap {
	b := &Bitmap{words: words[:len(words):len(words)]}
	for _, w := range words {
		b.count += bits.OnesCount64(w)
	}
	return b
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

// octets returns the bitmap as FAISS reads it: bit i&7 of byte i>>3.
func (b *Bitmap) octets() []byte {
	if len(b.words) == 0 {
		return []byte{0} // not nil, which would select everything
	}
	return octetsOf(b.words, little)
}

// octetsOf keeps words as they are where the machine keeps the low byte of a number first, and copies them otherwise.
func octetsOf(words []uint64, little bool) []byte {
	if little {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
	}
	out := make([]byte, 0, 8*len(words))
	for _, w := range words {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return out
}

// little tells whether this machine keeps the low byte of a number first.
var little = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
