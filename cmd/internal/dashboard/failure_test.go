package dashboard_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/cmd/internal/dashboard"
	"github.com/elderzan/elderzan/memory"
)

// Each kind of error has its status, and says what to do; inner detail goes to the log alone.
func TestErrorsAreToldApart(t *testing.T) {
	var failing error
	w := newWorld(t, func(w *world, o *dashboard.Options) {
		o.Service = func(context.Context) (*memory.Service, error) { return w.svc, failing }
	})
	for name, tc := range map[string]struct {
		err    error
		code   int
		says   string
		logged bool
	}{
		"unknown":     {errors.New("inner detail"), http.StatusInternalServerError, "engine's log", true},
		"not open":    {fmt.Errorf("key: %w", memory.ErrUnavailable), http.StatusServiceUnavailable, "The memory is not open", false},
		"denied":      {fmt.Errorf("you: %w", memory.ErrDenied), http.StatusForbidden, "not allowed", false},
		"input":       {&memory.InputError{Field: "kind", Problem: "is long"}, http.StatusBadRequest, "kind is long", false},
		"disk full":   {fmt.Errorf("put: inner detail: %w", memory.ErrFull), http.StatusInsufficientStorage, "Make room", false},
		"read-only":   {fmt.Errorf("put: inner detail: %w", memory.ErrReadOnly), http.StatusServiceUnavailable, "elderzan doctor", false},
		"damaged":     {&memory.CorruptError{Engine: "sqlite", Err: errors.New("inner detail")}, http.StatusInternalServerError, "elderzan doctor --repair", true},
		"not found":   {&memory.NotFoundError{}, http.StatusNotFound, "no such memory", false},
		"end of time": {context.DeadlineExceeded, http.StatusInternalServerError, "engine's log", true},
	} {
		t.Run(name, func(t *testing.T) {
			failing = tc.err
			before := len(w.log.String())
			for _, path := range []string{"/", "/memories", "/memories/" + string(memory.NewID()), "/sessions"} {
				w.get(path).want(tc.code, "That did not work", tc.says).without("inner detail")
			}
			if logged := w.log.String()[before:]; strings.Contains(logged, "path=/memories") != tc.logged {
				t.Errorf("logged: %s", logged)
			}
			failing = nil
		})
	}
}

// An engine that fails ends a page with an error and never with half of it, and nothing is changed.
func TestEnginesThatFail(t *testing.T) {
	w, p, _ := wholeWorld(t)
	m := w.keep(memory.RememberInput{Content: "a fact that stays", Title: "Fact"})
	for _, path := range []string{"/topics", "/conflicts", "/metrics"} {
		p.broken = errors.New("inner detail")
		w.get(path).want(http.StatusInternalServerError, "That did not work").without("inner detail")
		p.broken = nil
		w.get(path).want(http.StatusOK)
	}
	paths := []string{"/", "/memories", "/memories?q=fact", "/memories?q=fact&by=meaning", pathOf(m), "/sessions", "/sessions/monday", "/audit"}
	if err := w.book.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		w.get(path).want(http.StatusOK)
	}
	w.failing.Store(true)
	failed := 0
	for _, path := range paths {
		if got := w.get(path).without(errEngine.Error()); got.code != http.StatusOK { // what is in memory needs no engine
			got.want(http.StatusInternalServerError, "That did not work")
			failed++
		}
	}
	for _, change := range []string{"/pin", "/forget", "/share?scope=GLOBAL"} {
		got := w.post(pathOf(m)+change, map[string][]string{"scope": {"GLOBAL"}}).want(http.StatusInternalServerError, "That did not work").without(errEngine.Error())
		if to := got.link("Back to the memory"); to != pathOf(m) {
			t.Errorf("%s leads back to %q", change, to)
		}
	}
	w.failing.Store(false)
	if failed == 0 {
		t.Error("no page needed an engine")
	}
	if got := w.now(m.ID); got.Version != m.Version {
		t.Errorf("a failed change was made: %+v", got)
	}
}

// Who may not do something is told so, whatever the page.
func TestNotAllowed(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(memory.RememberInput{Content: "a fact"})
	for action, paths := range map[string][]string{
		"status": {"/"}, "search": {"/", "/memories"}, "recall": {"/memories?q=fact&by=meaning", pathOf(m), "/sessions", "/sessions/monday"},
	} {
		w.deny[action] = true
		for _, path := range paths {
			w.get(path).want(http.StatusForbidden, "not allowed")
		}
		delete(w.deny, action)
	}
	for action, form := range map[string]map[string][]string{
		"revise": {"content": {"changed"}}, "share": {"scope": {"GLOBAL"}}, "forget": {}, "pin": {},
	} {
		w.deny["revise"], w.deny["share"], w.deny["forget"] = true, true, true
		w.post(pathOf(m)+"/"+action, form).want(http.StatusForbidden, "not allowed")
	}
	clear(w.deny)
	if got := w.now(m.ID); got.Version != m.Version {
		t.Errorf("it changed: %+v", got)
	}
}
