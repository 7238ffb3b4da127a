package memory_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
)

// mia is who calls, unless a test says otherwise.
var mia = memory.Caller{User: "mia", Client: "test", Session: "s-1", Project: "billing", Root: "/src/billing"}

// start is the time of the first call.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type world struct {
	*memory.Service
	store *memorytest.Store
	embed *memorytest.Embedder
	now   time.Time
}

// newWorld builds a service; configure may change its options and parts before they are joined.
func newWorld(t *testing.T, configure func(*world, *memory.Options)) *world {
	t.Helper()
	w := &world{store: &memorytest.Store{}, embed: &memorytest.Embedder{}, now: start}
	o := memory.Options{Store: w.store, Embedder: w.embed, Classifier: memorytest.Classifier{}, Ranker: memorytest.Ranker{}, Now: func() time.Time { return w.now }}
	if configure != nil {
		configure(w, &o)
	}
	var err error
	if w.Service, err = memory.NewService(o); err != nil {
		t.Fatal(err)
	}
	return w
}

// keep remembers a text that must be accepted.
func (w *world) keep(t *testing.T, in memory.RememberInput) memory.RememberResult {
	t.Helper()
	res, err := w.Remember(t.Context(), mia, in)
	if err != nil {
		t.Fatalf("Remember: %v", err)
	}
	return res
}

func (w *world) lastAudit(t *testing.T) memory.Audit {
	t.Helper()
	all := w.store.Audits()
	if len(all) == 0 {
		t.Fatal("the audit log is empty")
	}
	return all[len(all)-1]
}

// wantInput checks that err is an *InputError about field.
func wantInput(t *testing.T, err error, field string) {
	t.Helper()
	var in *memory.InputError
	if !errors.As(err, &in) || in.Field != field {
		t.Errorf("error = %v; want an InputError about %s", err, field)
	}
}

// wantWarning checks that one of the warnings, and only one, holds text; "" wants no warning at all.
func wantWarning(t *testing.T, warnings []string, text string) {
	t.Helper()
	if text == "" {
		if len(warnings) > 0 {
			t.Errorf("warnings = %q; want none", warnings)
		}
		return
	}
	n := 0
	for _, w := range warnings {
		if strings.Contains(w, text) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("warnings = %q; want one that holds %q", warnings, text)
	}
}

// deny is an Authorizer that forbids some actions.
type deny []string

func (d deny) Authorize(_ context.Context, _ memory.Caller, action string, _ *memory.Memory) error {
	for _, a := range d {
		if a == action {
			return memory.ErrDenied
		}
	}
	return nil
}

// broken is an Authorizer that cannot decide.
type broken struct{ err error }

func (b broken) Authorize(context.Context, memory.Caller, string, *memory.Memory) error { return b.err }

// answer is an Ask that always says the same, and counts.
func answer(yes bool, asked *int) memory.Ask {
	return func(context.Context, string, []string) (bool, error) {
		*asked++
		return yes, nil
	}
}

var errDown = errors.New("engine down")

// failing makes the store's operation fail.
func failing(ops ...string) func(string) error {
	return func(op string) error {
		for _, o := range ops {
			if o == op {
				return errDown
			}
		}
		return nil
	}
}
