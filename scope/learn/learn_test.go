package learn_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/learn"
)

var (
	now  = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	mine = []string{"board meeting about project %s and its price", "the offer to %s stays between us at %s", "%s wants to sell the %s unit", "minutes of the %s board: %s leaves"}
	open = []string{"the build of %s runs on %s", "tests for %s live beside %s", "use the %s client for %s calls", "%s logs go to the %s bucket"}
	name = []string{"Falcon", "Osprey", "Heron", "Merlin", "Kestrel", "Buzzard", "Harrier", "Condor", "Raven", "Sparrow"}
)

func text(rnd *rand.Rand, from []string) string {
	t := from[rnd.IntN(len(from))]
	for strings.Contains(t, "%s") {
		t = strings.Replace(t, "%s", fmt.Sprint(name[rnd.IntN(len(name))], rnd.IntN(50)), 1)
	}
	return t
}

// TestTheLastWordCounts: who stores a text and later makes it PRIVATE has changed their mind, and says nothing against it twice.
func TestTheLastWordCounts(t *testing.T) {
	s := store(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	texts := make(map[string]bool)
	for len(texts) < 40 {
		texts[text(rnd, mine)] = true
	}
	for said := range texts {
		for _, sensitive := range []bool{false, true} {
			if err := s.Correct(scope.Input{Content: said}, scope.Decision{}, sensitive); err != nil {
				t.Fatal(err)
			}
		}
	}
	teach(t, s, 80, 0)
	v, err := s.Train(now, harmless)
	if err != nil {
		t.Fatal(err)
	}
	if v.Report.Examples > len(texts)+80 || v.Report.Accuracy < learn.MinAccuracy {
		t.Errorf("%+v, want at most %d corrections and %.2f right", v.Report, len(texts)+80, learn.MinAccuracy)
	}
}

// teach stores n corrections, of which every wrong-th says the opposite.
func teach(t *testing.T, s *learn.Store, n, wrong int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		from, sensitive := open, i%2 == 0
		if sensitive {
			from = mine
		}
		if wrong > 0 && i%wrong == wrong-1 {
			sensitive = !sensitive
		}
		if err := s.Correct(scope.Input{Content: text(rnd, from)}, scope.Decision{}, sensitive); err != nil {
			t.Fatal(err)
		}
	}
}

func store(t *testing.T) *learn.Store {
	t.Helper()
	s, err := learn.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func harmless(*learn.Model) (int, float64, error) { return 0, 0, nil }

func TestTrainDeployRollback(t *testing.T) {
	dir := t.TempDir()
	s, err := learn.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Train(now, harmless); !errors.Is(err, learn.ErrTooFew) {
		t.Errorf("trained on nothing: %v", err)
	}
	teach(t, s, 200, 0)
	v, err := s.Train(now, harmless)
	if err != nil || !v.Report.Fit || v.Number != 1 {
		t.Fatalf("version %+v, %v", v, err)
	}
	in := scope.Input{Content: "the offer to Swift3 stays between us at Wren7"}
	if raise, _, _ := s.Raise(in, scope.Decision{}); raise {
		t.Error("a model speaks that is not live")
	}
	if v, err = s.Deploy(0, harmless); err != nil || !v.Live {
		t.Fatalf("deploy: %+v, %v", v, err)
	}
	again, err := learn.Open(dir) // after a restart
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*learn.Store{s, again} {
		raise, p, reason := s.Raise(in, scope.Decision{})
		if !raise || p < learn.Threshold || !strings.Contains(reason, "model 1") {
			t.Errorf("raise %v at %.2f: %q", raise, p, reason)
		}
		if raise, p, _ := s.Raise(scope.Input{Content: "tests for the parser live beside the lexer"}, scope.Decision{}); raise {
			t.Errorf("a harmless text was raised at %.2f", p)
		}
	}
	if _, err := s.Train(now, harmless); err != nil {
		t.Fatal(err)
	}
	if v, err = s.Deploy(2, harmless); err != nil || v.Number != 2 {
		t.Fatalf("deploy 2: %+v, %v", v, err)
	}
	if v, err = s.Rollback(); err != nil || v.Number != 1 {
		t.Errorf("rollback: %+v, %v", v, err)
	}
	if _, err = s.Rollback(); err != nil {
		t.Errorf("rollback to none: %v", err)
	}
	if raise, _, _ := s.Raise(in, scope.Decision{}); raise {
		t.Error("a model speaks after the last rollback")
	}
	if all, err := s.Versions(); err != nil || len(all) != 2 {
		t.Errorf("versions %v, %v", all, err)
	}
}

// TestGates wants a model that is wrong, lets secrets out, or raises everything to stay where it is.
func TestGates(t *testing.T) {
	for name, tc := range map[string]struct {
		wrong int
		check learn.Regression
	}{
		"contradictions": {3, harmless},
		"new miss":       {0, func(*learn.Model) (int, float64, error) { return 1, 0, nil }},
		"raises all":     {0, func(*learn.Model) (int, float64, error) { return 0, 0.4, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			s := store(t)
			teach(t, s, 200, tc.wrong)
			v, err := s.Train(now, tc.check)
			if err != nil || v.Report.Fit || v.Report.Why == "" {
				t.Errorf("report %+v, %v; want it unfit and why", v.Report, err)
			}
			if _, err := s.Deploy(0, tc.check); !errors.Is(err, learn.ErrUnfit) {
				t.Errorf("deploy: %v; want ErrUnfit", err)
			}
		})
	}
}

// secrets finds a credential in every text with "password".
type secrets struct{}

func (secrets) Detect(_ context.Context, in scope.Input) ([]scope.Finding, error) {
	if strings.Contains(in.Content, "password") {
		return []scope.Finding{{Rule: "r", Kind: "credential", Field: scope.FieldContent, End: 8, Confidence: 0.9}}, nil
	}
	return nil, nil
}

// TestPoison has one correction in a hundred, and then all of them about secrets, say the opposite of the truth. The first
// must not matter; and whatever was learnt, what a detector finds stays PRIVATE.
func TestPoison(t *testing.T) {
	s := store(t)
	teach(t, s, 600, 100)
	v, err := s.Train(now, harmless)
	if err != nil || !v.Report.Fit {
		t.Fatalf("with 1 %% hostile corrections: %+v, %v", v.Report, err)
	}
	if _, err := s.Deploy(0, harmless); err != nil {
		t.Fatal(err)
	}
	if raise, _, _ := s.Raise(scope.Input{Content: "minutes of the Swift3 board: Wren7 leaves"}, scope.Decision{}); !raise {
		t.Error("hostile corrections took the model's effect away")
	}
	for i := range 300 {
		in := scope.Input{Content: fmt.Sprintf("the password of host%d is hunter%d", i, i)}
		if err := s.Correct(in, scope.Decision{}, false); err != nil {
			t.Fatal(err)
		}
	}
	if v, err = s.Train(now, harmless); err == nil && v.Report.Fit {
		if _, err := s.Deploy(0, harmless); err != nil {
			t.Fatal(err)
		}
	}
	c := scope.NewClassifier(scope.Options{Sensitive: secrets{}, Raiser: s})
	for i := range 100 {
		d, err := c.Classify(t.Context(), scope.Input{Content: fmt.Sprintf("the password of host%d is hunter%d", i, i)})
		if err != nil || d.Scope != scope.Private || !d.Sensitive {
			t.Fatalf("hostile corrections let a secret out: %v, %v", d.Scope, err)
		}
	}
}

// TestNoTextIsKept looks for the words of corrections in everything that was written.
func TestNoTextIsKept(t *testing.T) {
	dir := t.TempDir()
	s, err := learn.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	const canary = "zebrafish-canary-7731"
	for i := range 60 {
		in := scope.Input{Content: fmt.Sprintf("%s number %d", canary, i), Title: canary, Tags: []string{canary}}
		if err := s.Correct(in, scope.Decision{}, i%2 == 0); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = s.Train(now, harmless) // whether it trains does not matter here
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "zebrafish") {
			t.Errorf("%s holds the text", filepath.Base(f))
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add("the offer 4711 stays between us", "title")
	f.Add("社外秘の会議、金額は3億円", "")
	f.Fuzz(func(t *testing.T, content, title string) {
		x := learn.Extract([]byte("0123456789abcdef"), scope.Input{Content: content, Title: title}, scope.Decision{})
		if len(x) != learn.Dims {
			t.Fatalf("%d features", len(x))
		}
		for i, v := range x {
			if v != v || v > 10 || v < -10 {
				t.Errorf("feature %d is %v", i, v)
			}
		}
	})
}
