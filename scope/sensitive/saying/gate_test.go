package saying

import (
	"slices"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
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
		if got, want := Scan(text), scan(text, ^uint64(0)); !slices.Equal(got, want) {
			t.Errorf("behind the gate %+v, without it %+v, in %q", got, want, text)
		}
	})
}
