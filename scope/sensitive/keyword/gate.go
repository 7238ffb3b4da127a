package keyword

// Gate tells in one pass over a text which of several Sets may have a word in it, so that the others need not be scanned. Most
// texts hold words of few Sets. It reads no more than the first bytes of a word, which keeps its table small: what it says is
// there may not be, but what it says is not there is not. It is built on first use and safe for concurrent use.
type Gate struct {
	set  *Set
	sets []uint64 // word → bit of its Set
	all  uint64
}

// gateBytes is how many bytes of a word a Gate reads: two kana, or what few Latin words begin with.
const gateBytes = 6

// NewGate returns the Gate of at most 64 sets. The bits of what In returns are in their order.
func NewGate(sets ...*Set) *Gate {
	g := &Gate{}
	var words []string
	for i, s := range sets {
		g.all |= 1 << i
		of := make(map[string]bool)
		for _, w := range s.words {
			if w = w[:min(len(w), gateBytes)]; w != "" && !of[w] {
				of[w] = true
				words = append(words, w)
				g.sets = append(g.sets, 1<<i)
			}
		}
	}
	g.set = New(words)
	return g
}

// In returns the bits of the Sets that may have a word in text.
func (g *Gate) In(text string) uint64 {
	found := uint64(0)
	g.set.Each(text, func(h Hit) bool {
		found |= g.sets[h.Word]
		return found != g.all
	})
	return found
}
