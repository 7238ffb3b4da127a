package storage

import (
	"bytes"
	"errors"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// A sketch comes back with its memory when it is asked for, whatever keys seal it, and goes with its vector.
func TestSketch(t *testing.T) {
	r := newRig(t)
	vs := r.vector(scope.Project, 1, 60)
	vs[0].Sketch = []byte("a sketch of words")
	if err := r.PutVectors(t.Context(), vs); err != nil {
		t.Fatal(err)
	}
	sketch := func(asked bool) []byte {
		t.Helper()
		set, err := r.Candidates(t.Context(), memory.CandidateQuery{Sketch: asked, Vectors: map[string][]float32{"mini": unit(60)},
			Filter: memory.Filter{IDs: []memory.ID{r.ms[scope.Project].ID}}})
		if err != nil || len(set.Candidates) != 1 || set.Candidates[0].Dense < .99 {
			t.Fatalf("Candidates = %+v, %v", set, err)
		}
		return set.Candidates[0].Sketch
	}
	if got := sketch(true); !bytes.Equal(got, vs[0].Sketch) {
		t.Errorf("sketch %q; want %q", got, vs[0].Sketch)
	}
	if got := sketch(false); got != nil {
		t.Errorf("a sketch that nobody asked for: %q", got)
	}
	r.rescope(t, r.ms[scope.Project].ID, scope.Private)
	if got := sketch(true); !bytes.Equal(got, vs[0].Sketch) {
		t.Errorf("sealed: sketch %q; want %q", got, vs[0].Sketch)
	}
	r.apart(t, func() {})
	if got := sketch(true); !bytes.Equal(got, vs[0].Sketch) {
		t.Errorf("after opening again: sketch %q; want %q", got, vs[0].Sketch)
	}
	vs[0].Sketch = nil
	if err := r.PutVectors(t.Context(), vs); err != nil {
		t.Fatal(err)
	}
	if got := sketch(true); got != nil {
		t.Errorf("a vector without a sketch kept the old one: %q", got)
	}
	vs[0].Sketch = make([]byte, memory.MaxSketchBytes+1)
	var bad *memory.InputError
	if err := r.PutVectors(t.Context(), vs); !errors.As(err, &bad) || bad.Field != "sketch" {
		t.Errorf("a sketch too long: %v", err)
	}
}
