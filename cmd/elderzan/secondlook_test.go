package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/learn"
)

// TestMeaningKeepsHere teaches the program, by its own embedding model, that a subject is sensitive which no word of the corrections
// gives away, and remembers a text on it for the team: it is SHARED until it has been embedded, nothing of it leaves till then, and
// it is PRIVATE from then on.
func TestMeaningKeepsHere(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	st, done := openHere(t, f.dir)
	defer done()
	if st.holds() {
		t.Fatal("something is held back before a model is live")
	}
	subjects := map[bool][]string{
		true: {"We are talking to Osprey Holdings about buying their company.", "The takeover of Osprey by us is to be signed in May.", "Osprey's owners accepted our offer for the whole firm.",
			"The lawyers look through Osprey's books before the purchase.", "The acquisition will be told to the press in June."},
		false: {"Unit tests of the parser run in the pipeline at each push.", "The linter complains about the order of imports.", "Build the container with two stages to keep it small.",
			"The cache keeps rows for ten minutes.", "Use tabs in Go files and spaces in YAML."},
	}
	real := st.scoping.embed
	about := func(sensitive bool) learn.Embed {
		return func(ctx context.Context, text string) ([]float32, string, error) {
			from := subjects[sensitive]
			return real(ctx, from[len(text)%len(from)])
		}
	}
	store := st.scoping.learnt
	rnd := rand.New(rand.NewPCG(7, 8))
	for _, sensitive := range []bool{true, false} {
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		store.UseVectors(about(sensitive))
		for i := range 40 {
			var b strings.Builder
			for range 6 + rnd.IntN(9) {
				fmt.Fprintf(&b, "w%d%c ", rnd.IntN(1000), 'a'+rune(rnd.IntN(26)))
			}
			fmt.Fprint(&b, i)
			if err := store.Correct(scope.Input{Content: b.String()}, scope.Decision{}, sensitive); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := store.Train(time.Now(), nil); err != nil && !errors.Is(err, learn.ErrTooFew) { // waits for the vectors
			t.Fatal(err)
		}
	}
	v, err := store.Deploy(0, nil)
	if err != nil || v.Second == nil || !v.Second.Report.Fit || v.Report.Fit {
		t.Fatalf("deployed %+v, second look %+v, %v; want it alone to be good enough", v.Report, v.Second, err)
	}
	if !st.holds() {
		t.Error("nothing is held back while a model looks at vectors")
	}

	me := memory.Caller{User: userName(), Client: "cli", Project: "parser"}
	text := "Next week we sign the purchase of Osprey Holdings."
	res, err := st.service.Remember(t.Context(), me, memory.RememberInput{Content: text, Scope: scope.Shared})
	if err != nil || res.Memory.Scope != scope.Shared {
		t.Fatalf("remember: %v, %v; want SHARED until it is embedded", res.Memory.Scope, err)
	}
	harmless, err := st.service.Remember(t.Context(), me, memory.RememberInput{Content: "The tests of the lexer run in the pipeline too.", Scope: scope.Shared, Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := st.service.Get(t.Context(), me, []memory.ID{res.Memory.ID, harmless.Memory.ID})
	if err != nil || got[0].Scope != scope.Private || got[1].Scope != scope.Shared {
		t.Fatalf("scopes %v, %v, %v; want PRIVATE and SHARED", got[0].Scope, got[1].Scope, err)
	}
	place := storage.CloudPlace{Key: make([]byte, 16), Scope: scope.Shared, Teams: []string{""}}
	changed, err := st.store.CloudChanged(t.Context(), place, 10)
	if err != nil || !slices.Contains(changed, harmless.Memory.ID) {
		t.Fatalf("the harmless memory does not wait for the cloud: %v, %v", changed, err)
	}
	rows, err := st.store.CloudRows(t.Context(), place, changed)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := rows[res.Memory.ID]; ok && r.Memory.Scope.Cloud() {
		t.Errorf("the cloud would get %+v", r.Memory)
	}
}
