package personal

import (
	"slices"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
)

// TestGateChangesNothing compares what is found behind the gate with what all functions find.
func TestGateChangesNothing(t *testing.T) {
	rows, err := corpus.Committed("..")
	if err != nil {
		t.Fatal(err)
	}
	shut := 0
	for _, r := range append(rows, corpus.Row{Text: "Mrs. Ada Byron, 36"}, corpus.Row{Text: "pick up Tim (7) there"}) {
		text := r.Text
		names := fold(text)
		in := gate().In(names.text)
		if in == 0 {
			shut++
		}
		all := makeup.Makeup{Digits: len(text), Longest: len(text), High: true, Humps: true, Joins: true, Percent: true, Marks: true}
		if got, want := scan(text, makeup.Of(text), names, in), scan(text, all, names, ^uint64(0)); !slices.Equal(got, want) {
			t.Errorf("behind the gate %b %+v, without it %+v, in %q", in, got, want, text)
		}
	}
	if shut == 0 {
		t.Error("the gate never shuts")
	}
}
