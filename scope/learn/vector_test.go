package learn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/learn"
)

const dim = 768

// meaning gives texts of one subject vectors near each other, whatever their words; the subject is the text's last word.
func meaning(_ context.Context, text string) ([]float32, string, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, "", errors.New("no text")
	}
	v := make([]float32, dim)
	for i, of := range []string{words[len(words)-1], text} {
		seed := uint64(0)
		for _, c := range []byte(of) {
			seed = seed*131 + uint64(c)
		}
		rnd := rand.New(rand.NewPCG(seed, 9))
		for j := range v {
			v[j] += float32(rnd.NormFloat64()) * []float32{1, 0.4}[i]
		}
	}
	return v, "sense", nil
}

// teachMeaning stores n corrections whose words say nothing, numbered from first: what is sensitive is the subject. Every wrong-th says
// the opposite.
func teachMeaning(t *testing.T, s *learn.Store, first, n, wrong int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(5, uint64(first)))
	for i := first; i < first+n; i++ {
		sensitive := i%2 == 0
		subject := "tooling"
		if sensitive {
			subject = "merger"
		}
		if wrong > 0 && i%wrong == wrong-1 {
			sensitive = !sensitive
		}
		in := scope.Input{Content: fmt.Sprintf("%s %d %s %d", name[rnd.IntN(len(name))], i, name[rnd.IntN(len(name))], i*7), Title: subjectless(rnd)}
		in.Content += " " + subject
		if err := s.Correct(in, scope.Decision{}, sensitive); err != nil {
			t.Fatal(err)
		}
	}
}

func subjectless(rnd *rand.Rand) string { return "note of " + name[rnd.IntN(len(name))] }

// vectorStore draws the same directions each time: with others a training comes out a little better or worse.
func vectorStore(t *testing.T, dir string) *learn.Store {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "words.key"), bytes.Repeat([]byte{7}, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := learn.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.UseVectors(meaning)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestVectorsAreLearnt trains both looks, and restarts.
func TestVectorsAreLearnt(t *testing.T) {
	dir := t.TempDir()
	s := vectorStore(t, dir)
	teachMeaning(t, s, 0, 60, 0) // few enough to wait in the queue all at once
	teachMeaning(t, s, 0, 60, 0)
	v, err := s.Train(now, harmless)
	if err != nil || v.Second == nil || !v.Second.Report.Fit || v.Second.Space != "sense" || v.Second.Model != nil {
		t.Fatalf("trained %+v, %+v, %v", v, v.Second, err)
	}
	if s.Looks() != "" {
		t.Error("a model looks that is not live")
	}
	if _, err := s.Deploy(0, harmless); err != nil {
		t.Fatal(err)
	}
	again, err := learn.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*learn.Store{s, again} {
		if s.Looks() != "sense" {
			t.Fatalf("the live model looks at vectors of %q", s.Looks())
		}
		for subject, want := range map[string]bool{"merger": true, "tooling": false} {
			in := scope.Input{Content: "Swift 3 Wren " + subject}
			vec, space, _ := meaning(t.Context(), in.Content)
			raise, p, reason := s.Look(in, scope.Decision{}, vec, space)
			if raise != want || want && (p < learn.Threshold || !strings.Contains(reason, "model 1")) {
				t.Errorf("%s: raise %v at %.2f: %q; want %v", subject, raise, p, reason, want)
			}
			if raise, _, _ := s.Look(in, scope.Decision{}, vec, "another"); raise {
				t.Error("a vector of another space was judged")
			}
			if raise, _, _ := s.Look(in, scope.Decision{}, make([]float32, dim), space); raise {
				t.Error("no direction at all was judged")
			}
		}
	}
	if _, err := s.Rollback(); err != nil || s.Looks() != "" {
		t.Errorf("after the rollback it looks at %q, %v", s.Looks(), err)
	}
}

// TestSecondGates wants the second look to stay where it is when it is bad, whatever the first one is worth.
func TestSecondGates(t *testing.T) {
	for name, tc := range map[string]struct {
		wrong int
		check learn.Regression
	}{
		"contradictions": {3, harmless},
		"new miss":       {0, second(1, 0)},
		"raises all":     {0, second(0, 0.4)},
	} {
		t.Run(name, func(t *testing.T) {
			s := vectorStore(t, t.TempDir())
			teachMeaning(t, s, 0, 60, tc.wrong)
			v, err := s.Train(now, tc.check)
			if err != nil || v.Second == nil || v.Second.Report.Fit || v.Second.Report.Why == "" {
				t.Fatalf("second look %+v, %v; want it unfit and why", v.Second, err)
			}
			_, _ = s.Deploy(0, tc.check) // the first look may go live
			if s.Looks() != "" {
				t.Error("it looks all the same")
			}
		})
	}
	s := vectorStore(t, t.TempDir())
	teachMeaning(t, s, 0, 60, 0)
	if _, err := s.Train(now, harmless); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Deploy(0, second(1, 0)); err == nil && s.Looks() != "" {
		t.Error("it looks although the check found a new miss when it was deployed")
	}
}

// second is a Regression that finds fault with models that judge by vectors alone.
func second(missed int, raised float64) learn.Regression {
	return func(m *learn.Model) (int, float64, error) {
		if m.Space == "" {
			return 0, 0, nil
		}
		return missed, raised, nil
	}
}

// TestSecondPoison has one correction in a hundred say the opposite of the truth: the second look is as good as without.
func TestSecondPoison(t *testing.T) {
	s := vectorStore(t, t.TempDir())
	for part := range 5 {
		teachMeaning(t, s, 60*part, 60, 0)
		if _, err := s.Train(now, harmless); err != nil { // waits for the vectors
			t.Fatal(err)
		}
	}
	teachMeaning(t, s, 300, 100, 100)
	v, err := s.Train(now, harmless)
	if err != nil || v.Second == nil || !v.Second.Report.Fit {
		t.Fatalf("%+v, %v", v.Second, err)
	}
	if _, err := s.Deploy(0, harmless); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		for subject, want := range map[string]bool{"merger": true, "tooling": false} {
			in := scope.Input{Content: fmt.Sprintf("Swift %d Wren %s", i, subject)}
			vec, space, _ := meaning(t.Context(), in.Content)
			if raise, p, _ := s.Look(in, scope.Decision{}, vec, space); raise != want {
				t.Errorf("%s %d: raise %v at %.2f", subject, i, raise, p)
			}
		}
	}
}

// TestNoVectorIsKept looks for the numbers of vectors in what was written: only what they are in drawn directions is kept.
func TestNoVectorIsKept(t *testing.T) {
	dir := t.TempDir()
	s, err := learn.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.UseVectors(meaning)
	teachMeaning(t, s, 0, 20, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "corrections.jsonl"))
	if err != nil || strings.Count(string(b), "\n") != 20 {
		t.Fatalf("%d lines, %v; want what waited kept as well", strings.Count(string(b), "\n"), err)
	}
	if longest := 20 * 1 << 13; len(b) > longest {
		t.Errorf("%d bytes; want at most %d", len(b), longest)
	}
	if strings.Contains(string(b), "merger") || strings.Contains(string(b), "tooling") {
		t.Error("a text is kept")
	}
	s2, err := learn.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s2.Close()
	s2.UseVectors(func(context.Context, string) ([]float32, string, error) { return nil, "", errors.New("down") })
	teachMeaning(t, s2, 0, 60, 0)
	if v, err := s2.Train(now, harmless); err != nil || v.Second != nil {
		t.Errorf("without vectors: %+v, %v; want no second look", v.Second, err)
	}
}
