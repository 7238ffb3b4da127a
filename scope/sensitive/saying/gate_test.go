package saying

import (
	"slices"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
)

// FuzzGate compares what is found behind the gate with what all functions find.
func FuzzGate(f *testing.F) {
	rows, err := corpus.Committed("..")
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range append(rows, corpus.Row{Text: "root/Geheim01"}, corpus.Row{Text: "Server=db;Uid=x;Pwd=Qr7pTz;"}) {
		f.Add(r.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all := makeup.Makeup{Digits: len(text), Longest: len(text), High: true, Humps: true, Joins: true, Percent: true, Marks: true}
		if got, want := Scan(text), scan(text, all, ^uint64(0)); !slices.Equal(got, want) {
			t.Errorf("behind the gate %+v, without it %+v, in %q", got, want, text)
		}
	})
}
