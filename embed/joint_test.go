package embed_test

import (
	"errors"
	"math"
	"testing"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/embedtest"
)

var _ embedding.Embedder = (*embedding.Joint)(nil)

func newJoint(t *testing.T, o embedding.JointOptions) *embedding.Joint {
	t.Helper()
	j, err := embedding.NewJoint(&embedtest.Fake{Name: "a", N: 384}, &embedtest.Fake{Name: "b", N: 384}, o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestJointSuite(t *testing.T) {
	embedtest.Run(t, func(t *testing.T) embedtest.Embedder { return newJoint(t, embedding.JointOptions{}) }, embedtest.Options{})
}

func TestJointIsTheWeightedMeanOfCosines(t *testing.T) {
	a, b := &embedtest.Fake{Name: "a", N: 384}, &embedtest.Fake{Name: "b", N: 384}
	texts := []string{"one text", "another"}
	va, err := a.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	vb, err := b.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		o     embedding.JointOptions
		share float64
		space string
	}{
		"usual share": {embedding.JointOptions{}, 0.7, "a+b"},
		"own share":   {embedding.JointOptions{SemanticShare: 0.5}, 0.5, "a+b@0.5"},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJoint(t, tc.o)
			v, err := j.Embed(t.Context(), texts)
			if err != nil {
				t.Fatal(err)
			}
			want := tc.share*dot(va[0], va[1]) + (1-tc.share)*dot(vb[0], vb[1])
			if got := dot(v[0], v[1]); math.Abs(got-want) > 1e-6 {
				t.Errorf("cosine = %v, want %v", got, want)
			}
			if j.Dim() != embedding.Dim || j.Space() != tc.space {
				t.Errorf("Dim, Space = %d, %q; want %d, %q", j.Dim(), j.Space(), embedding.Dim, tc.space)
			}
		})
	}
}

func TestJointRefuses(t *testing.T) {
	a := &embedtest.Fake{Name: "a", N: 384}
	for name, f := range map[string]func() error{
		"share below 0": func() error {
			_, err := embedding.NewJoint(a, a, embedding.JointOptions{SemanticShare: -1})
			return err
		},
		"share of 1": func() error { _, err := embedding.NewJoint(a, a, embedding.JointOptions{SemanticShare: 1}); return err },
		"no number": func() error {
			_, err := embedding.NewJoint(a, a, embedding.JointOptions{SemanticShare: math.NaN()})
			return err
		},
		"missing part": func() error { _, err := embedding.NewJoint(a, nil, embedding.JointOptions{}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			if f() == nil {
				t.Error("NewJoint succeeded")
			}
		})
	}
}

func TestJointReportsItsParts(t *testing.T) {
	broken := errors.New("broken")
	good := func() *embedtest.Fake { return &embedtest.Fake{Name: "a", N: 384} }
	for name, tc := range map[string]struct {
		semantic, lexical *embedtest.Fake
		want              error
	}{
		"semantic fails":     {&embedtest.Fake{Name: "x", N: 384, Err: broken}, good(), broken},
		"lexical fails":      {good(), &embedtest.Fake{Name: "x", N: 384, Err: broken}, broken},
		"semantic too short": {&embedtest.Fake{Name: "x", N: 384, Gives: 383}, good(), embedding.ErrDimension},
		"lexical too long":   {good(), &embedtest.Fake{Name: "x", N: 384, Gives: 400}, embedding.ErrDimension},
	} {
		t.Run(name, func(t *testing.T) {
			j, err := embedding.NewJoint(tc.semantic, tc.lexical, embedding.JointOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := j.Embed(t.Context(), []string{"text"}); !errors.Is(err, tc.want) {
				t.Errorf("Embed: %v, want %v", err, tc.want)
			}
		})
	}
}

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
