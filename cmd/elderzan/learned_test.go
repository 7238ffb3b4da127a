package main

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/elderzan/elderzan/scope"
)

// TestLearntModelOnlyRaises trains on corrections with the program's own detectors and regression corpus.
func TestLearntModelOnlyRaises(t *testing.T) {
	s, err := openScoping(config{Data: t.TempDir(), DefaultScope: scope.Project}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	plain := s.classifier(nil)
	// Texts of many words: equal ones stay on one side of the split, and a few would leave it to chance what is held out.
	harmless := []string{
		"Tests for the %s module live beside the %s code in its folder.", "We deploy %s on Thursdays, after the %s checks have passed.",
		"The %s service answers at the port that %s is configured with.", "Use tabs in %s files; the %s linter insists.",
		"In the meeting we agreed to rename %s to %s next quarter.", "How to build %s: run make, then look at the %s log.",
	}
	things := []string{"amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "iris", "jade", "kelp", "larch"}
	for i := range 120 {
		one, other := things[i%len(things)], things[i/len(things)]
		text := fmt.Sprintf("The board talks about project %s and the price of the %s unit in the next round.", one, other)
		if i%2 == 0 {
			text = fmt.Sprintf(harmless[i/2%len(harmless)], one, other)
		}
		in := scope.Input{Content: text}
		d, err := plain.Classify(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.learnt.Correct(in, d, i%2 == 1); err != nil {
			t.Fatal(err)
		}
	}
	check := s.regression(t.Context())
	v, err := s.learnt.Train(time.Now(), check)
	if err != nil || v.Report.NewMisses != 0 {
		t.Fatalf("train: %+v, %v", v.Report, err)
	}
	if !v.Report.Fit {
		t.Fatalf("the model may not go live: %s", v.Report.Why)
	}
	if _, err := s.learnt.Deploy(0, check); err != nil {
		t.Fatal(err)
	}
	live := s.classifier(s.learnt)
	for text, want := range map[string]scope.Scope{
		"The board talks about project Heron3 and the price of the unit in round 9.": scope.Private,
		"Tests for parser live beside the code in folder src.":                       scope.Project,
		"the db password is Gravel!6172":                                             scope.Private,
	} {
		d, err := live.Classify(t.Context(), scope.Input{Content: text})
		if err != nil || d.Scope != want {
			t.Errorf("%q is %v, %v; want %v", text, d.Scope, err, want)
		}
	}
}
