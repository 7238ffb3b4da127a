package tools

import (
	"context"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
)

// disputed has one text wait beside every memory until it is decided.
type disputed struct {
	store    *memorytest.Store
	resolved bool
}

func (d *disputed) Others(context.Context, *memory.Memory) ([]memory.OtherText, error) {
	if d.resolved {
		return nil, nil
	}
	return []memory.OtherText{{Text: "The gate opens at ten.", Title: "Gate", Base: "The gate opens.", Author: "ben", At: time.Unix(1767225600, 0)}}, nil
}

func (d *disputed) Resolve(ctx context.Context, id memory.ID, key string, edit memory.Edit) (memory.Memory, error) {
	m, err := d.store.Change(ctx, id, key, edit)
	d.resolved = d.resolved || err == nil
	return m, err
}

func TestReviseResolves(t *testing.T) {
	var d *disputed
	world := func(t *testing.T) (*world, memory.ID) {
		w := newWorld(t, func(w *world) {
			d = &disputed{store: w.store}
			w.service.Conflicts = d
		})
		return w, ok[rememberResult](w, "remember", map[string]any{"content": "The gate opens at nine.", "scope": "SHARED"}).ID
	}
	t.Run("list", func(t *testing.T) {
		w, id := world(t)
		got := ok[reviseResult](w, "revise", map[string]any{"id": id, "resolves": "list"})
		want := other{Number: 1, Text: "The gate opens at ten.", Title: "Gate", Base: "The gate opens.", Author: "ben", At: "2026-01-01T00:00:00Z"}
		if len(got.Others) != 1 || got.Others[0] != want || got.Version != 1 || d.resolved {
			t.Errorf("%+v, resolved %v", got, d.resolved)
		}
	})
	for name, tc := range map[string]struct {
		args map[string]any
		text string // "" for a refusal
	}{
		"current":                {map[string]any{"resolves": "current"}, "The gate opens at nine."},
		"the other":              {map[string]any{"resolves": "1"}, "The gate opens at ten."},
		"merged":                 {map[string]any{"resolves": "merged", "content": "From nine or ten."}, "From nine or ten."},
		"merged without content": {map[string]any{"resolves": "merged"}, ""},
		"a number with content":  {map[string]any{"resolves": "1", "content": "x"}, ""},
		"a number beyond":        {map[string]any{"resolves": "2"}, ""},
		"nothing of that kind":   {map[string]any{"resolves": "mine"}, ""},
		"number below":           {map[string]any{"resolves": "0"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, id := world(t)
			tc.args["id"] = id
			if tc.text == "" {
				if res := w.call("revise", tc.args); !res.IsError || d.resolved {
					t.Errorf("error %v, resolved %v", res.IsError, d.resolved)
				}
				return
			}
			ok[reviseResult](w, "revise", tc.args)
			ms, err := w.store.Get(t.Context(), []memory.ID{id})
			if err != nil || ms[0].Content != tc.text || !d.resolved {
				t.Errorf("%q, resolved %v, %v; want %q", ms[0].Content, d.resolved, err, tc.text)
			}
			if res := w.call("revise", map[string]any{"id": id, "resolves": "current"}); !res.IsError {
				t.Error("decided a second time")
			}
		})
	}
	t.Run("a change without a decision", func(t *testing.T) {
		w, id := world(t)
		if got := ok[reviseResult](w, "revise", map[string]any{"id": id, "content": "At noon."}); len(got.Warnings) != 1 || d.resolved {
			t.Errorf("%+v, resolved %v", got, d.resolved)
		}
	})
}
