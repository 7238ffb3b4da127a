package minilm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/elderzan/elderzan/embed/embedtest"
)

func safetensors(header string, body int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	data = append(data, header...)
	return append(data, make([]byte, body)...)
}

func TestParseTensors(t *testing.T) {
	const entry = `{"a":{"dtype":%q,"shape":%s,"data_offsets":%s},"__metadata__":{"format":"pt"}}`
	for name, tc := range map[string]struct {
		data  []byte
		shape []int
		ok    bool
	}{
		"good":             {safetensors(fmt.Sprintf(entry, "F16", "[2,3]", "[0,12]"), 12), []int{2, 3}, true},
		"other shape":      {safetensors(fmt.Sprintf(entry, "F16", "[3,2]", "[0,12]"), 12), []int{2, 3}, false},
		"fewer axes":       {safetensors(fmt.Sprintf(entry, "F16", "[6]", "[0,12]"), 12), []int{2, 3}, false},
		"other type":       {safetensors(fmt.Sprintf(entry, "F32", "[2,3]", "[0,12]"), 12), []int{2, 3}, false},
		"too short":        {safetensors(fmt.Sprintf(entry, "F16", "[2,3]", "[0,10]"), 12), []int{2, 3}, false},
		"beyond the end":   {safetensors(fmt.Sprintf(entry, "F16", "[2,3]", "[4,16]"), 12), []int{2, 3}, false},
		"before the start": {safetensors(fmt.Sprintf(entry, "F16", "[2,3]", "[-12,0]"), 12), []int{2, 3}, false},
		"backwards":        {safetensors(fmt.Sprintf(entry, "F16", "[0]", "[4,0]"), 12), []int{0}, false},
		"no such tensor":   {safetensors(`{}`, 12), []int{2, 3}, false},
		"not JSON":         {safetensors(`{`, 12), []int{2, 3}, false},
		"bad entry":        {safetensors(`{"a":7}`, 12), []int{2, 3}, false},
		"huge header":      {binary.LittleEndian.AppendUint64(nil, math.MaxUint64), []int{2, 3}, false},
		"empty":            {nil, []int{2, 3}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parseTensors(tc.data)
			if err == nil {
				_, err = p.half("a", tc.shape...)
			}
			if (err == nil) != tc.ok || err != nil && !errors.Is(err, errFormat) {
				t.Errorf("error %v, want success %v", err, tc.ok)
			}
		})
	}
	if _, err := newWeights(&tensors{}); !errors.Is(err, errFormat) {
		t.Errorf("newWeights of nothing: %v", err)
	}
}

func FuzzParseTensors(f *testing.F) {
	f.Add(safetensors(`{"a":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}`, 12))
	f.Add(safetensors(`{"a":{"dtype":"F16","shape":[9223372036854775807,2],"data_offsets":[0,9223372036854775807]}}`, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parseTensors(data)
		if err != nil {
			return
		}
		for name, e := range p.entries {
			if b, err := p.half(name, e.Shape...); err == nil && len(b) > len(data) {
				t.Errorf("tensor %q of %d bytes in a file of %d", name, len(b), len(data))
			}
			if v, err := p.vector(name, 3); err == nil && len(v) != 3 {
				t.Errorf("vector of %d", len(v))
			}
		}
	})
}

func tokenizerJSON(tb testing.TB) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(embedtest.ModelFolder(tb), TokenizerFile))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestParseTokenizerRefuses(t *testing.T) {
	for name, change := range map[string][2]string{
		"other normaliser":    {`"BertNormalizer"`, `"NFC"`},
		"case kept":           {`"lowercase":true`, `"lowercase":false`},
		"other cutting":       {`"BertPreTokenizer"`, `"Whitespace"`},
		"other pieces":        {`"WordPiece","unk_token"`, `"BPE","unk_token"`},
		"other continuation":  {`"continuing_subword_prefix":"##"`, `"continuing_subword_prefix":"@@"`},
		"id out of range":     {`"[unused7]":8`, `"[unused7]":30522`},
		"negative id":         {`"[unused7]":8`, `"[unused7]":-1`},
		"other special token": {`"[CLS]":101`, `"[CLS]":99`},
		"other added token":   {`{"id":103,"special":true,"content":"[MASK]"`, `{"id":104,"special":true,"content":"[MASK]"`},
		"cut off":             {`"vocab":{`, `"vocab":[`},
	} {
		t.Run(name, func(t *testing.T) {
			data := tokenizerJSON(t)
			changed := bytes.Replace(data, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(changed, data) {
				t.Fatalf("%s is not in the file", change[0])
			}
			if _, err := parseTokenizer(changed); !errors.Is(err, errTokenizer) {
				t.Errorf("parseTokenizer: %v, want errTokenizer", err)
			}
		})
	}
}

func FuzzTokenizer(f *testing.F) {
	k, err := parseTokenizer(tokenizerJSON(f))
	if err != nil {
		f.Fatal(err)
	}
	for _, g := range goldens(f) {
		if len(g.Text) < 300 {
			f.Add(g.Text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens := k.encode(text, len(text))
		end := 0
		for i, token := range tokens {
			if token.id < 0 || token.id >= vocabSize {
				t.Fatalf("token %d has id %d", i, token.id)
			}
			// Pieces of one character, such as the parts of a Hangul syllable, share its bytes.
			if token.start < 0 || token.end <= token.start || token.end > len(text) || token.end < end {
				t.Fatalf("token %d at [%d, %d) after %d of %d bytes", i, token.start, token.end, end, len(text))
			}
			end = token.end
		}
		if first := k.encode(text, 3); !slices.Equal(first, tokens[:min(3, len(tokens))]) {
			t.Fatalf("the first tokens depend on how many are wanted: %v, %v", first, tokens)
		}
		if utf8.ValidString(text) && !strings.Contains(text, "[") {
			if lower := marked(k.encode(strings.ToUpper(text), MaxTokens-2)); len(lower) < 2 {
				t.Fatal("no marks of the ends")
			}
		}
		checkSpans(t, text, tokens)
	})
}

func checkSpans(t *testing.T, text string, tokens []token) {
	t.Helper()
	for i, s := range windows(text, tokens) {
		if s.Start < 0 || s.End < s.Start || s.End > len(text) {
			t.Fatalf("window %d is %v", i, s)
		}
	}
}

// Every half-precision number, against the definition.
func TestWidenHalf(t *testing.T) {
	all := make([]uint16, 1<<16)
	for i := range all {
		all[i] = uint16(i)
	}
	for _, k := range available() {
		wide := make([]float32, len(all))
		k.widen(wide, all)
		for i, got := range wide {
			h := uint16(i)
			exponent, fraction := int(h>>10)&31, float64(h&1023)
			want := math.Ldexp(1+fraction/1024, exponent-15)
			switch {
			case exponent == 0:
				want = math.Ldexp(fraction, -24)
			case exponent == 31 && fraction == 0:
				want = math.Inf(1)
			case exponent == 31:
				want = math.NaN()
			}
			if h>>15 == 1 {
				want = -want
			}
			if float64(got) != want && !(math.IsNaN(want) && math.IsNaN(float64(got))) {
				t.Fatalf("%s: widen(%#04x) = %v, want %v", k.name, h, got, want)
			}
		}
	}
}

// The kernels against sums in double precision, for every number of rows of a tile and odd depths.
func TestKernels(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	narrow := func(n int) (half []uint16, wide []float32) {
		for range n {
			h := uint16(random.IntN(2)<<15 | (12+random.IntN(5))<<10 | random.IntN(1024)) // 1/8 to 4, of either sign
			half, wide = append(half, h), append(wide, widenHalf(h))
		}
		return half, wide
	}
	for _, k := range available() {
		for rows := 1; rows <= 60; rows++ {
			for _, depth := range []int{1, 2, 31, 384} {
				half, wide := narrow(depth * 64)
				testKernel(t, random, k.name, &k.gemm, rows, depth, wide, wide)
				if k.half.run != nil && depth%2 == 0 {
					testKernel(t, random, k.name+" half", &k.half, rows, depth, half, wide)
				}
			}
		}
	}
}

// testKernel multiplies b, whose numbers wide are.
func testKernel[B float32 | uint16](t *testing.T, random *rand.Rand, name string, g *gemm[B], rows, depth int, b []B, wide []float32) {
	t.Helper()
	fill := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(random.NormFloat64())
		}
		return v
	}
	cols, lda, ldc := 2*g.cols, depth+3, 2*g.cols+5
	a, bias, c := fill(rows*lda), fill(cols), fill(rows*ldc)
	before := slices.Clone(c)
	g.multiply(rows, depth, cols, a, lda, b, bias, c, ldc)
	for r := range rows {
		for j := range ldc {
			got := c[r*ldc+j]
			if j >= cols {
				if got != before[r*ldc+j] {
					t.Fatalf("%s: %d×%d wrote beyond its columns", name, rows, depth)
				}
				continue
			}
			want := float64(bias[j])
			for i := range depth {
				want += float64(a[r*lda+i]) * float64(wide[j/panelCols*depth*panelCols+i*panelCols+j%panelCols])
			}
			if math.Abs(float64(got)-want) > 5e-4 {
				t.Fatalf("%s: %d×%d: c[%d][%d] = %v, want %v", name, rows, depth, r, j, got, want)
			}
		}
	}
}

func TestActivations(t *testing.T) {
	for _, k := range available() {
		x := make([]float32, 4000)
		for i := range x {
			x[i] = float32(i-2000) / 150
		}
		y := slices.Clone(x)
		k.gelu(y)
		for i, v := range x {
			want := 0.5 * float64(v) * (1 + math.Erf(float64(v)/math.Sqrt2))
			if math.Abs(float64(y[i])-want) > 2e-6 {
				t.Fatalf("%s: gelu(%v) = %v, want %v", k.name, v, y[i], want)
			}
		}
		for _, n := range []int{1, 2, 15, 16, 17, 100} {
			shares := append(slices.Clone(x[:n]), make([]float32, 32-n%32)...)
			for i := range shares[:n] {
				shares[i] = x[(i*1777)%len(x)] * 20
			}
			scores := slices.Clone(shares)
			k.softmax(shares, n, 0.25)
			var sum, got float64
			for _, s := range scores[:n] {
				sum += math.Exp(float64(s) / 4)
			}
			for i, s := range scores[:n] {
				want := math.Exp(float64(s)/4) / sum
				if math.Abs(float64(shares[i])-want) > 1e-6 {
					t.Fatalf("%s: softmax of %d: share %d = %v, want %v", k.name, n, i, shares[i], want)
				}
				got += float64(shares[i])
			}
			if math.Abs(got-1) > 1e-5 {
				t.Errorf("%s: softmax of %d sums to %v", k.name, n, got)
			}
		}
	}
}

func TestNorm(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	fill := func() []float32 {
		v := make([]float32, hidden)
		for i := range v {
			v[i] = float32(random.NormFloat64()*3 + 1)
		}
		return v
	}
	for _, k := range available() {
		x, y, gain, bias := fill(), fill(), fill(), fill()
		var mean, square float64
		sum := make([]float64, hidden)
		for i := range sum {
			sum[i] = float64(x[i]) + float64(y[i])
			mean += sum[i] / hidden
		}
		for _, v := range sum {
			square += (v - mean) * (v - mean) / hidden
		}
		k.norm(x, y, gain, bias)
		for i, v := range sum {
			want := (v-mean)/math.Sqrt(square)*float64(gain[i]) + float64(bias[i])
			if math.Abs(float64(x[i])-want) > 1e-5 {
				t.Fatalf("%s: number %d is %v, want %v", k.name, i, x[i], want)
			}
		}
		still := make([]float32, hidden) // a row without differences
		k.norm(still, make([]float32, hidden), gain, bias)
		if !slices.Equal(still, bias) {
			t.Errorf("%s: a row of zeros becomes %v", k.name, still[:4])
		}
	}
}
