package embedtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
)

// Embedder is what Run examines: embed.Embedder, said again because embed's own tests use this package.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	Space() string
	Dim() int
}

// Options of Run. The zero value demands everything.
type Options struct {
	Tolerance float64 // by how much the same text's vectors may differ between calls; 0 means 1e-5
}

// texts have nothing in common but being texts.
var texts = []string{
	"The engine replays its log after a crash.",
	"Anna prefers green tea in the morning",
	"東京都の議事録を読んだ。",
	"func main() { fmt.Println(42) }",
	"a",
	"emoji 🎉 only at the end 🚀",
	strings.Repeat("a long text about nothing in particular ", 40),
}

// tester is the part of *testing.T that the checks use, so that the suite can be tested too.
type tester interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// checks lists what Run checks, by the names of its subtests.
var checks = map[string]func(tester, Embedder, Options){
	"name and dimension": named,
	"order":              ordered,
	"unit length":        unit,
	"same text":          same,
	"concurrent use":     concurrent,
	"cancelled":          cancelled,
	"no text":            noText,
	"empty text":         emptyText,
	"rows are separate":  separate,
}

// Run checks what every embedder promises: rows in order, the dimension it names, unit length, the same vector for
// the same text whatever stands beside it, concurrent use, cancellation, and empty input.
func Run(t *testing.T, newEmbedder func(t *testing.T) Embedder, o Options) {
	o.setDefaults()
	for name, check := range checks {
		t.Run(name, func(t *testing.T) { check(t, newEmbedder(t), o) })
	}
}

func (o *Options) setDefaults() {
	if o.Tolerance == 0 {
		o.Tolerance = 1e-5
	}
}

func embed(t tester, e Embedder, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatalf("Embed: %v", err)
	}
	if len(vectors) != len(texts) {
		t.Fatalf("Embed returned %d rows for %d texts", len(vectors), len(texts))
	}
	return vectors
}

func named(t tester, e Embedder, _ Options) {
	if e.Space() == "" || strings.ContainsAny(e.Space(), " \t\n") {
		t.Errorf("Space() = %q, want a word", e.Space())
	}
	if e.Dim() <= 0 {
		t.Errorf("Dim() = %d", e.Dim())
	}
	for i, v := range embed(t, e, texts...) {
		if len(v) != e.Dim() {
			t.Errorf("row %d has %d numbers, want Dim() = %d", i, len(v), e.Dim())
		}
	}
}

func ordered(t tester, e Embedder, o Options) {
	forward := embed(t, e, texts...)
	backward := make([]string, len(texts))
	for i, text := range texts {
		backward[len(texts)-1-i] = text
	}
	for i, v := range embed(t, e, backward...) {
		if d := distance(v, forward[len(texts)-1-i]); !(d <= o.Tolerance) {
			t.Errorf("row %d of the reversed texts is off by %v", i, d)
		}
	}
	for i := range forward {
		for j := range i {
			if distance(forward[i], forward[j]) < 0.05 {
				t.Errorf("texts %d and %d have the same vector", i, j)
			}
		}
	}
}

func unit(t tester, e Embedder, _ Options) {
	for i, v := range embed(t, e, texts...) {
		if n := length(v); !(math.Abs(n-1) <= 1e-5) {
			t.Errorf("row %d has length %v, want 1", i, n)
		}
	}
}

func same(t tester, e Embedder, o Options) {
	together := embed(t, e, texts...)
	for i, text := range texts {
		if d := distance(embed(t, e, text)[0], together[i]); !(d <= o.Tolerance) {
			t.Errorf("text %d alone is %v away from itself among others", i, d)
		}
	}
	twice := embed(t, e, texts[0], texts[0])
	if d := distance(twice[0], twice[1]); !(d <= o.Tolerance) {
		t.Errorf("the same text twice in a call is %v apart", d)
	}
}

func concurrent(t tester, e Embedder, o Options) {
	want := embed(t, e, texts...)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range texts {
				k := (i + g) % len(texts)
				vectors, err := e.Embed(t.Context(), []string{texts[k]})
				if err != nil || len(vectors) != 1 {
					t.Errorf("text %d: %d rows, %v", k, len(vectors), err)
					return
				}
				if d := distance(vectors[0], want[k]); !(d <= o.Tolerance) {
					t.Errorf("text %d beside other calls is off by %v", k, d)
				}
			}
		})
	}
	wg.Wait()
}

func cancelled(t tester, e Embedder, _ Options) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the test is over"))
	vectors, err := e.Embed(ctx, texts)
	if !errors.Is(err, context.Canceled) || vectors != nil {
		t.Errorf("Embed under a cancelled context = %d rows, %v; want none, context.Canceled", len(vectors), err)
	}
	for _, text := range texts[:5] {
		if err != nil && len(text) > 1 && strings.Contains(err.Error(), text) {
			t.Error("the error repeats a text")
		}
	}
}

func noText(t tester, e Embedder, _ Options) {
	for _, none := range [][]string{nil, {}} {
		vectors, err := e.Embed(t.Context(), none)
		if err != nil || len(vectors) != 0 {
			t.Errorf("Embed of no text = %d rows, %v", len(vectors), err)
		}
	}
}

func emptyText(t tester, e Embedder, o Options) {
	vectors := embed(t, e, "", texts[0], " \n")
	for i, v := range vectors {
		if n := length(v); len(v) != e.Dim() || !(math.Abs(n-1) <= 1e-5) {
			t.Errorf("row %d: %d numbers of length %v", i, len(v), n)
		}
	}
	if d := distance(vectors[1], embed(t, e, texts[0])[0]); !(d <= o.Tolerance) {
		t.Errorf("a text between empty ones is off by %v", d)
	}
}

// separate checks that the caller owns the rows: writing to one changes nothing else, now or later.
func separate(t tester, e Embedder, o Options) {
	vectors := embed(t, e, texts[0], texts[1], texts[0])
	kept := fmt.Sprint(vectors[1], vectors[2])
	v := append([]float32(nil), vectors[0]...)
	clear(vectors[0])
	_ = append(vectors[0], 1, 2, 3)
	if fmt.Sprint(vectors[1], vectors[2]) != kept {
		t.Error("writing to one row changed another")
	}
	if d := distance(embed(t, e, texts[0])[0], v); !(d <= o.Tolerance) {
		t.Errorf("writing to a row changed a later one by %v", d)
	}
}

func length(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// distance is Euclidean, and infinite between vectors of different dimensions.
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}
