package memory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

func TestSearch(t *testing.T) {
	w := newWorld(t, nil)
	for _, text := range []string{"a one", "b one", "c two"} {
		w.keep(t, memory.RememberInput{Content: text})
	}
	p, err := w.Search(t.Context(), mia, memory.SearchQuery{Text: "one", Limit: 1})
	if err != nil || p.Total != 2 || len(p.Memories) != 1 || p.NextCursor == "" {
		t.Fatalf("Search = %+v, %v", p, err)
	}
	p, err = w.Search(t.Context(), mia, memory.SearchQuery{Text: "one", Limit: 1, Cursor: p.NextCursor, Sort: memory.SortOldest})
	if err != nil || len(p.Memories) != 1 || p.NextCursor != "" {
		t.Errorf("second page = %+v, %v", p, err)
	}
	if _, err := w.Search(t.Context(), mia, memory.SearchQuery{Limit: 1, Cursor: "zebra"}); err == nil {
		t.Error("a made-up cursor is accepted")
	}
}

func TestSearchRefuses(t *testing.T) {
	w := newWorld(t, nil)
	for name, tc := range map[string]struct {
		q     memory.SearchQuery
		field string
	}{
		"sort":   {memory.SearchQuery{Limit: 1, Sort: "random"}, "sort"},
		"limit":  {memory.SearchQuery{}, "limit"},
		"text":   {memory.SearchQuery{Limit: 1, Text: strings.Repeat("x", memory.MaxQueryBytes+1)}, "text"},
		"cursor": {memory.SearchQuery{Limit: 1, Cursor: "\xff"}, "cursor"},
		"filter": {memory.SearchQuery{Limit: 1, Filter: memory.Filter{Scopes: []scope.Scope{0}}}, "scopes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Search(t.Context(), mia, tc.q)
			wantInput(t, err, tc.field)
		})
	}
	_, err := w.Get(t.Context(), mia, nil)
	wantInput(t, err, "ids")
	_, err = w.Get(t.Context(), mia, make([]memory.ID, memory.MaxBatch+1))
	wantInput(t, err, "ids")
	for field, in := range map[string]memory.ClassifyInput{
		"content":  {},
		"title":    {Content: "x", Title: "\xff"},
		"tags":     {Content: "x", Tags: make([]string, memory.MaxTags+1)},
		"metadata": {Content: "x", Metadata: map[string]any{"x": make(chan int)}},
	} {
		_, err = w.Classify(t.Context(), mia, in)
		wantInput(t, err, field)
	}
}

func TestReadingTrouble(t *testing.T) {
	w := newWorld(t, func(w *world, o *memory.Options) {
		o.Authorizer, w.store.Fail = deny{"search", "recall", "classify", "status"}, failing("")
	})
	_, search := w.Search(t.Context(), mia, memory.SearchQuery{Limit: 1})
	_, get := w.Get(t.Context(), mia, []memory.ID{memory.NewID()})
	_, classify := w.Classify(t.Context(), mia, memory.ClassifyInput{Content: "x"})
	_, status := w.Status(t.Context(), mia)
	for name, err := range map[string]error{"search": search, "get": get, "classify": classify, "status": status} {
		if !errors.Is(err, memory.ErrDenied) {
			t.Errorf("%s without the right to = %v; want ErrDenied", name, err)
		}
	}
	down := newWorld(t, func(w *world, _ *memory.Options) { w.store.Fail = failing("Search") })
	if _, err := down.Search(t.Context(), mia, memory.SearchQuery{Limit: 1}); !errors.Is(err, errDown) {
		t.Errorf("Search = %v", err)
	}
}

func TestClassify(t *testing.T) {
	w := newWorld(t, nil)
	d, err := w.Classify(t.Context(), mia, memory.ClassifyInput{Content: secret})
	if err != nil || d.Scope != scope.Private || !d.Sensitive || d.Project.Name != "billing" {
		t.Errorf("Classify = %+v, %v", d, err)
	}
	if st, err := w.Status(t.Context(), mia); err != nil || len(st.ByState) != 0 || len(w.store.Audits()) != 0 {
		t.Errorf("classifying stored something: %+v, %v", st, err)
	}
}
