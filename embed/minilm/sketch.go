package minilm

import (
	"container/list"
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"strings"
	"sync"
)

// A sketch is what is left of a text's tokens for comparing two texts word by word in their contexts: the directions
// of the last layer, projected to SketchDim numbers of a byte each, of the tokens that carry content. It takes a
// fiftieth of the tokens' own vectors and is made by the pass that makes the text's vector.
//
// Form: one byte for the version, then for each token one byte for how much it says (rarer words more) and SketchDim
// signed bytes, whose length as a vector is about 127. A text without words of content has an empty sketch.

// SketchDim is the number of components of a token in a sketch.
const SketchDim = 48

// SketchVersion is the first byte of a sketch; sketches of other versions are not comparable.
const SketchVersion = 1

// maxSketch bounds the tokens of one sketch: of a text that has more, the rarest words are kept.
const maxSketch = 96

// sketchKept is how many sketches of the texts embedded last are kept.
const sketchKept = 256

// sketchBasis are SketchDim rows of 384 signed bytes: the main directions of token vectors, found by gen/basis.
//
//go:embed sketch.bin
var sketchBasis []byte

// projection returns the basis as numbers; the rows need no common scale, since sketches are normalised by row.
var projection = sync.OnceValue(func() []float32 {
	if len(sketchBasis) != SketchDim*(hidden+4) {
		panic(fmt.Sprintf("minilm: the basis of sketches has %d bytes", len(sketchBasis)))
	}
	out := make([]float32, 0, SketchDim*hidden)
	for b := sketchBasis; len(b) > 0; b = b[hidden+4:] {
		scale := math.Float32frombits(binary.LittleEndian.Uint32(b))
		for _, c := range b[4 : hidden+4] {
			out = append(out, float32(int8(c))*scale)
		}
	}
	return out
})

// firstWord is the id of the first whole word of several letters; those before are marks, signs and letters.
const firstWord = 1996

// emptyWords say nothing by themselves.
var emptyWords = strings.Fields(`the of and in to was he is as for on with that it his by at from her she you had an were
but be this are not my they one which or have him me first all also their has up who out been when after there into new
its no them then so what over about if would could will can do did does done just more other some than only now like
because any where how these those your our we us am being very even too here why while such both off down through
between before under again against during same each most many much may might must shall should upon yet ever never
really got get going go s t re ve ll d m don didn doesn isn wasn aren won`)

// saying returns how much a token says, in [0, 255]; 0 for marks, signs and empty words.
func (t *tokenizer) saying(id int32) byte {
	if id < firstWord || t.empty[id] {
		return 0
	}
	// The vocabulary is sorted by frequency, whose logarithm falls about as that of the rank grows.
	return byte(24 + min(231, 85*math.Log(float64(id)/firstWord)))
}

// emptyIDs are the tokens of emptyWords.
func emptyIDs(vocab map[string]int32) map[int32]bool {
	out := make(map[int32]bool, len(emptyWords))
	for _, w := range emptyWords {
		if id, ok := vocab[w]; ok {
			out[id] = true
		}
	}
	return out
}

// sketch appends the tokens of content among ids, whose states are the rows of x, to dst.
func (t *tokenizer) sketch(dst []byte, x []float32, ids []int32) []byte {
	basis := projection()
	var row [SketchDim]float32
	for i, id := range ids {
		says := t.saying(id)
		if says == 0 {
			continue
		}
		if len(dst) == 0 {
			dst = append(dst, SketchVersion)
		}
		state := x[i*hidden : (i+1)*hidden]
		var sum float32
		for k := range row {
			row[k] = dot(state, basis[k*hidden:(k+1)*hidden])
			sum += row[k] * row[k]
		}
		scale := 127 / float32(math.Sqrt(float64(sum)+1e-12))
		dst = append(dst, says)
		for _, v := range row {
			dst = append(dst, byte(int8(math.Round(float64(v*scale)))))
		}
	}
	return dst
}

func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for i := 0; i+3 < len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	return s0 + s1 + s2 + s3
}

// bounded keeps the maxSketch tokens that say most, in their order.
func bounded(s []byte) []byte {
	const size = 1 + SketchDim
	n := len(s) / size
	if n <= maxSketch {
		return s
	}
	var count [256]int
	for i := range n {
		count[s[1+i*size]]++
	}
	least, above := 256, 0
	for above+count[least-1] <= maxSketch {
		least--
		above += count[least]
	}
	spare := maxSketch - above // of those that say just less
	out := make([]byte, 1, 1+maxSketch*size)
	out[0] = s[0]
	for i := range n {
		token := s[1+i*size : 1+(i+1)*size]
		says := int(token[0])
		if says == least-1 && spare > 0 {
			spare--
		} else if says < least {
			continue
		}
		out = append(out, token...)
	}
	return out
}

// Sketches returns the sketch of each text. Those of texts that Embed saw last are at hand; others cost a pass.
// The caller must not change them.
func (m *Model) Sketches(ctx context.Context, texts []string) ([][]byte, error) {
	out := make([][]byte, len(texts))
	var missing []string
	for i, text := range texts {
		s, ok := m.sketches.get(text)
		if !ok {
			missing = append(missing, text)
		}
		out[i] = s
	}
	if len(missing) == 0 {
		return out, nil
	}
	_, made, err := m.embed(ctx, missing)
	if err != nil {
		return nil, err
	}
	for i, text := range texts {
		if out[i] == nil && len(missing) > 0 && text == missing[0] {
			out[i], made, missing = made[0], made[1:], missing[1:]
		}
	}
	return out, nil
}

// sketchCache keeps the sketches of the texts seen last, found by a hash with a secret seed.
type sketchCache struct {
	mu     sync.Mutex
	seed   maphash.Seed
	byHash map[uint64]*list.Element
	recent list.List // of *kept, the newest first
}

type kept struct {
	hash   uint64
	length int // of the text
	sketch []byte
}

func (c *sketchCache) get(text string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byHash == nil {
		return nil, false
	}
	e, ok := c.byHash[maphash.String(c.seed, text)]
	if !ok || e.Value.(*kept).length != len(text) {
		return nil, false
	}
	return e.Value.(*kept).sketch, true
}

func (c *sketchCache) put(text string, sketch []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byHash == nil {
		c.seed, c.byHash = maphash.MakeSeed(), map[uint64]*list.Element{}
	}
	h := maphash.String(c.seed, text)
	if e, ok := c.byHash[h]; ok {
		c.recent.Remove(e)
	}
	c.byHash[h] = c.recent.PushFront(&kept{h, len(text), sketch})
	if c.recent.Len() > sketchKept {
		delete(c.byHash, c.recent.Remove(c.recent.Back()).(*kept).hash)
	}
}
