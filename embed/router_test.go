package embed_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/embedtest"
)

func newFakes() (local, remote *embedtest.Fake) {
	return &embedtest.Fake{Name: "local", N: embedding.Dim}, &embedtest.Fake{Name: "remote", N: embedding.Dim}
}

func newRouter(t *testing.T, local, remote embedding.Embedder) *embedding.Router {
	t.Helper()
	r, err := embedding.NewRouter(local, remote)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What must stay in the process never reaches the remote embedder, whatever the call.
func TestRouterKeepsLocalTextsLocal(t *testing.T) {
	local, remote := newFakes()
	r := newRouter(t, local, remote)
	vectors, space, err := r.Documents(t.Context(), []string{"secret one", "secret two"}, true)
	if err != nil || len(vectors) != 2 || space != "local" {
		t.Fatalf("Documents(local only) = %d vectors, %q, %v", len(vectors), space, err)
	}
	answers, degraded, err := r.Query(t.Context(), "secret question", true)
	if err != nil || !slices.Equal(slices.Collect(maps.Keys(answers)), []string{"local"}) {
		t.Fatalf("Query(local only) = %d spaces, %v", len(answers), err)
	}
	if !degraded {
		t.Error("Query(local only) does not say that remote vectors cannot be met")
	}
	if calls := remote.Calls(); len(calls) > 0 {
		t.Fatalf("the remote embedder saw %q", calls)
	}
	if calls := local.Calls(); len(calls) != 2 {
		t.Errorf("the local embedder was called %d times, want 2", len(calls))
	}
}

func TestRouterFailuresOfTheLocalEmbedderStayLocal(t *testing.T) {
	local, remote := newFakes()
	local.Err = errors.New("broken")
	r := newRouter(t, local, remote)
	if _, _, err := r.Documents(t.Context(), []string{"secret"}, true); !errors.Is(err, local.Err) {
		t.Errorf("Documents: %v", err)
	}
	if _, _, err := r.Query(t.Context(), "secret", true); !errors.Is(err, local.Err) {
		t.Errorf("Query: %v", err)
	}
	if calls := remote.Calls(); len(calls) > 0 {
		t.Fatalf("the remote embedder saw %q", calls)
	}
}

func TestRouterHarmlessTexts(t *testing.T) {
	local, remote := newFakes()
	r := newRouter(t, local, remote)
	if !r.Remote() || !slices.Equal(r.Spaces(), []string{"local", "remote"}) {
		t.Errorf("Remote, Spaces = %v, %q", r.Remote(), r.Spaces())
	}
	if _, space, err := r.Documents(t.Context(), []string{"harmless"}, false); err != nil || space != "remote" {
		t.Errorf("Documents = %q, %v; want remote", space, err)
	}
	if calls := local.Calls(); len(calls) > 0 {
		t.Errorf("the local embedder was asked too: %q", calls)
	}
	answers, degraded, err := r.Query(t.Context(), "question", false)
	if err != nil || degraded || len(answers["local"].Vector) != embedding.Dim || len(answers["remote"].Vector) != embedding.Dim {
		t.Errorf("Query = %d spaces, degraded %v, %v", len(answers), degraded, err)
	}
}

func TestRouterWithoutRemote(t *testing.T) {
	local, _ := newFakes()
	r := newRouter(t, local, nil)
	if r.Remote() || !slices.Equal(r.Spaces(), []string{"local"}) {
		t.Errorf("Remote, Spaces = %v, %q", r.Remote(), r.Spaces())
	}
	for _, localOnly := range []bool{true, false} {
		if _, space, err := r.Documents(t.Context(), []string{"text"}, localOnly); err != nil || space != "local" {
			t.Errorf("Documents(%v) = %q, %v", localOnly, space, err)
		}
		if answers, degraded, err := r.Query(t.Context(), "text", localOnly); err != nil || degraded || len(answers) != 1 {
			t.Errorf("Query(%v) = %d spaces, degraded %v, %v", localOnly, len(answers), degraded, err)
		}
	}
}

func TestRouterWhenTheRemoteFails(t *testing.T) {
	local, remote := newFakes()
	remote.Err = errors.New("no network")
	r := newRouter(t, local, remote)
	if _, _, err := r.Documents(t.Context(), []string{"text"}, false); !errors.Is(err, remote.Err) {
		t.Errorf("Documents fell back or lost the error: %v", err)
	}
	answers, degraded, err := r.Query(t.Context(), "question", false)
	if err != nil || !degraded || len(answers) != 1 || answers["local"].Vector == nil {
		t.Errorf("Query = %d spaces, degraded %v, %v; want the local one alone, degraded", len(answers), degraded, err)
	}
	local.Err = errors.New("broken too")
	if _, _, err := r.Query(t.Context(), "question", false); !errors.Is(err, local.Err) {
		t.Errorf("Query without any embedder: %v", err)
	}
}

func TestRouterAsksFormerEmbedders(t *testing.T) {
	local, remote := newFakes()
	oldLocal, oldRemote := &embedtest.Fake{Name: "old local", N: embedding.Dim}, &embedtest.Fake{Name: "old remote", N: embedding.Dim}
	r, err := embedding.NewRouter(local, remote, embedding.Former{Embedder: oldLocal}, embedding.Former{Embedder: oldRemote, Remote: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		localOnly bool
		want      string
		degraded  bool
	}{
		"harmless":   {false, "[local old local old remote remote]", false},
		"local only": {true, "[local old local]", true},
	} {
		answers, degraded, err := r.Query(t.Context(), name, tc.localOnly)
		if got := fmt.Sprint(slices.Sorted(maps.Keys(answers))); err != nil || got != tc.want || degraded != tc.degraded {
			t.Errorf("%s: Query = %s, degraded %v, %v; want %s", name, got, degraded, err, tc.want)
		}
	}
	if got := fmt.Sprint(oldRemote.Calls()); got != "[[harmless]]" {
		t.Errorf("the former remote embedder saw %s", got)
	}
	if _, space, err := r.Documents(t.Context(), []string{"text"}, true); err != nil || space != "local" {
		t.Errorf("Documents = %q, %v", space, err)
	}
	oldLocal.Err = errors.New("gone")
	if answers, degraded, err := r.Query(t.Context(), "again", false); err != nil || !degraded || len(answers) != 3 {
		t.Errorf("when a former one fails: %d answers, degraded %v, %v", len(answers), degraded, err)
	}
	only, err := embedding.NewRouter(local, nil, embedding.Former{Embedder: oldRemote, Remote: true})
	if err != nil || !only.Remote() || fmt.Sprint(only.Spaces()) != "[local old remote]" {
		t.Errorf("a former remote embedder alone: %v", err)
	}
}

func TestRouterCancelled(t *testing.T) {
	local, remote := newFakes()
	ctx, cancel := context.WithCancel(t.Context())
	remote.Gate = func(context.Context, []string) error { cancel(); return nil }
	if _, _, err := newRouter(t, local, remote).Query(ctx, "question", false); !errors.Is(err, context.Canceled) {
		t.Errorf("Query = %v, want context.Canceled", err)
	}
}

func TestRouterRefuses(t *testing.T) {
	local, remote := newFakes()
	for name, tc := range map[string]struct {
		local, remote embedding.Embedder
		want          error
	}{
		"no local embedder":       {nil, remote, nil},
		"local of 384":            {&embedtest.Fake{Name: "x", N: 384}, nil, embedding.ErrDimension},
		"remote of 1536":          {local, &embedtest.Fake{Name: "x", N: 1536}, embedding.ErrDimension},
		"one space for two":       {local, &embedtest.Fake{Name: "local", N: embedding.Dim}, nil},
		"both dimensions are off": {&embedtest.Fake{Name: "x", N: 1}, &embedtest.Fake{Name: "y", N: 2}, embedding.ErrDimension},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := embedding.NewRouter(tc.local, tc.remote)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("NewRouter: %v, want %v", err, tc.want)
			}
		})
	}
}

func TestRouterChecksWhatItGets(t *testing.T) {
	short := &embedtest.Fake{Name: "local", N: embedding.Dim, Gives: 5}
	r := newRouter(t, short, nil)
	if _, _, err := r.Documents(t.Context(), []string{"text"}, true); !errors.Is(err, embedding.ErrDimension) {
		t.Errorf("Documents: %v", err)
	}
	if _, _, err := r.Query(t.Context(), "text", true); !errors.Is(err, embedding.ErrDimension) {
		t.Errorf("Query: %v", err)
	}
}
