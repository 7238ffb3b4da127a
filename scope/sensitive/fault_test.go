package sensitive

import (
	"errors"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

func TestBrokenLayerIsAnErrorThatKeepsTheText(t *testing.T) {
	d := New(Options{})
	d.layers = append(d.layers, whatever(func(text string) []match.Match { panic("broke on " + text) }))
	found, err := d.Detect(t.Context(), scope.Input{Content: "the password is hunter29"})
	if !errors.Is(err, ErrFault) || found != nil {
		t.Fatalf("%v, %v: want ErrFault", found, err)
	}
	if strings.Contains(err.Error(), "hunter29") {
		t.Error("the error repeats the text")
	}
}

func TestMatchesOutsideTheTextAreDropped(t *testing.T) {
	d := New(Options{})
	d.layers = []layer{whatever(func(text string) []match.Match {
		return []match.Match{{Rule: "r", Kind: "k", Start: 2, End: len(text) + 4, Confidence: 1}, {Rule: "r", Kind: "k", Start: 3, End: 3, Confidence: 1}}
	})}
	if found, err := d.Detect(t.Context(), scope.Input{Content: "plain words"}); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}
