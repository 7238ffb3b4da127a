package minilm

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/embed/embedtest"
)

// golden is a text and what the reference engine makes of it.
type golden struct {
	Text   string  `json:"text"`
	IDs    []int32 `json:"ids"`
	Vector []byte  `json:"vector"`
}

func goldens(tb testing.TB) []golden {
	tb.Helper()
	f, err := os.Open("testdata/golden.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var list []golden
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var g golden
		if err := d.Decode(&g); err != nil {
			tb.Fatal(err)
		}
		list = append(list, g)
	}
	return list
}

func (g golden) floats() []float32 {
	v := make([]float32, len(g.Vector)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(g.Vector[4*i:]))
	}
	return v
}

// open returns the model with the kernels k.
func open(tb testing.TB, k *kernels, o Options) *Model {
	tb.Helper()
	m, err := Open(embedtest.ModelFolder(tb), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := m.Close(); err != nil {
			tb.Error(err)
		}
	})
	m.kernels = k
	return m
}

func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return dot / math.Sqrt(aa*bb)
}

func TestGoldenVectors(t *testing.T) {
	list := goldens(t)
	if len(list) < 40 {
		t.Fatalf("%d golden vectors, want at least 40", len(list))
	}
	for _, k := range available() {
		t.Run(k.name, func(t *testing.T) {
			list, texts := list, []string(nil)
			switch {
			case k == &portable && raceEnabled: // very slow: a few will do
				list = list[:8]
			case k == &portable: // slow: of the longest texts one will do
				longest := 0
				list = slices.DeleteFunc(slices.Clone(list), func(g golden) bool {
					if len(g.IDs) == MaxTokens {
						longest++
					}
					return longest > 1 && len(g.IDs) == MaxTokens
				})
			}
			for _, g := range list {
				texts = append(texts, g.Text)
			}
			vectors, err := open(t, k, Options{}).Embed(t.Context(), texts)
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range list {
				compare(t, g, vectors[i])
			}
		})
	}
}

func compare(t *testing.T, g golden, got []float32) {
	t.Helper()
	want := g.floats()
	if c := cosine(got, want); !(c >= 0.9999) {
		t.Errorf("text %.40q: cosine to the reference %v, want at least 0.9999", g.Text, c)
	}
	for j := range want {
		if d := math.Abs(float64(got[j] - want[j])); !(d <= 1e-5) {
			t.Errorf("text %.40q: dimension %d differs by %v", g.Text, j, d)
			return
		}
	}
}

func TestGoldenTokens(t *testing.T) {
	k, err := readTokenizer(embedtest.ModelFolder(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range goldens(t) {
		if got := marked(k.encode(g.Text, MaxTokens-2)); !slices.Equal(got, g.IDs) {
			t.Errorf("text %d, %.40q: tokens\n%v, want\n%v", i, g.Text, got, g.IDs)
		}
	}
}

const twelveWords = "the engine replays its log after a crash and keeps every memory"

func BenchmarkEmbed(b *testing.B) {
	long, batch := "", make([]string, 64)
	for range 17 {
		long += twelveWords + " "
	}
	for i := range batch {
		batch[i] = twelveWords
	}
	for _, k := range available() {
		m := open(b, k, Options{})
		for _, c := range []struct {
			name  string
			texts []string
		}{
			{"12 words", []string{twelveWords}},
			{"200 words", []string{long}},
			{"batch", batch},
		} {
			texts := c.texts
			b.Run(k.name+"/"+c.name, func(b *testing.B) {
				for b.Loop() {
					if _, err := m.Embed(b.Context(), texts); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "texts/s")
			})
		}
	}
}
