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
	for i := range 120 {
		text := fmt.Sprintf("The board talks about project Falcon%d and the price of the unit in round %d.", i, i*7)
		if i%2 == 0 {
			text = fmt.Sprintf("Tests for module%d live beside the code in folder%d.", i, i*7)
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
