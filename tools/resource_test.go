package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// get reads a resource as T.
func get[T any](w *world, uri string) T {
	w.t.Helper()
	text, err := w.read(uri)
	if err != nil {
		w.t.Fatalf("%s: %v", uri, err)
	}
	return decode[T](w.t, text)
}

func TestResources(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		id := ok[rememberResult](w, "remember", map[string]any{"content": "deploy on tuesdays", "project": "a/b c%é", "metadata": map[string]any{"k": "v"}}).ID
		near := ok[rememberResult](w, "remember", map[string]any{"content": "deploy on mondays"}).ID
		ok[rememberResult](w, "remember", map[string]any{"content": "tabs"})

		if m := get[hit](w, memoryURI(id)); m.ID != id || m.Content != "deploy on tuesdays" || m.Metadata["k"] != "v" || m.Version != 1 || m.State != "active" {
			t.Errorf("memory = %+v", m)
		}
		if r := get[recallResult](w, memoryURI(id)+"/related"); len(r.Memories) != 1 || r.Memories[0].ID != near {
			t.Errorf("related = %+v; want the other one about deploying, and not itself", r)
		}
		if p := get[searchResult](w, projectURI("a/b c%é")); p.Total != 1 || p.Memories[0].ID != id {
			t.Errorf("project = %+v", p)
		}
		if s := get[searchResult](w, sessionURI("s-1")); s.Total != 3 || s.Memories[0].ID != id {
			t.Errorf("session = %+v; want its memories in order", s)
		}
		if st := get[statusResult](w, statusURI); st.Memories["PROJECT"] != 3 {
			t.Errorf("status = %+v", st)
		}
	})
}

// What a memory is related to is asked with its own text, which no remote embedder may see.
func TestRelatedStaysLocal(t *testing.T) {
	var local []bool
	w := newWorld(t, func(w *world) { w.service.RemoteEmbedding = true })
	m := memory.Memory{ID: memory.NewID(), Title: "T", Content: strings.Repeat("日本 deploy ", 2000), State: memory.Active, Scope: scope.Project, Trust: memory.TrustUser}
	w.store.Add(m)
	v := make([]float32, memory.Dim)
	if err := w.store.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Space: "words", Values: v}}); err != nil {
		t.Fatal(err)
	}
	w.embed.Fail = func(_ []string, l bool) error { local = append(local, l); return nil }
	if r := get[recallResult](w, memoryURI(m.ID)+"/related"); len(r.Memories) != 0 || !slices.Equal(local, []bool{true}) {
		t.Errorf("related = %+v, embedded with localOnly %v", r, local)
	}
}

func TestResourceErrors(t *testing.T) {
	w := newWorld(t, nil)
	absent := string(memory.NewID())
	for name, tc := range map[string]struct {
		uri            string
		legacy, modern int
	}{
		"unknown memory":   {"elderzan://memory/" + absent, mcp.RESOURCE_NOT_FOUND, mcp.INVALID_PARAMS},
		"unknown related":  {"elderzan://memory/" + absent + "/related", mcp.RESOURCE_NOT_FOUND, mcp.INVALID_PARAMS},
		"no id":            {"elderzan://memory/abc", mcp.INVALID_PARAMS, mcp.INVALID_PARAMS},
		"unknown project":  {"elderzan://project/zebra", mcp.RESOURCE_NOT_FOUND, mcp.INVALID_PARAMS},
		"unknown session":  {"elderzan://sessions/zebra", mcp.RESOURCE_NOT_FOUND, mcp.INVALID_PARAMS},
		"unknown resource": {"elderzan://zebra", mcp.RESOURCE_NOT_FOUND, mcp.INVALID_PARAMS},
		"encoded NUL":      {"elderzan://project/%00", mcp.INVALID_PARAMS, mcp.INVALID_PARAMS},
	} {
		t.Run(name, func(t *testing.T) {
			msg := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":%q}}`, tc.uri)
			e, ok := Handle(t.Context(), w.server, []byte(msg)).(mcp.JSONRPCError)
			if !ok || e.Error.Code != tc.legacy {
				t.Errorf("code = %d; want %d", e.Error.Code, tc.legacy)
			}
			if _, code := w.modern("resources/read", map[string]any{"uri": tc.uri}, map[string]any{}); code != tc.modern {
				t.Errorf("code in the newer protocol = %d; want %d", code, tc.modern)
			}
		})
	}
	w.store.Fail = func(string) error { return memory.ErrFull }
	e, isError := Handle(t.Context(), w.server, []byte(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"elderzan://sessions/x"}}`)).(mcp.JSONRPCError)
	if !isError || e.Error.Code != mcp.INTERNAL_ERROR || !strings.Contains(e.Error.Message, "disk is full") {
		t.Errorf("a full disk = %+v", e)
	}
	for _, uri := range []string{memoryURI(memory.ID(absent)) + "/related", projectURI("x"), statusURI} {
		if _, err := w.read(uri); err == nil {
			t.Errorf("%s succeeds although the store fails", uri)
		}
	}
}

// Whoever subscribed to a resource is told of every tool that changes it, by what the store commits.
func TestUpdates(t *testing.T) {
	w := newStoreWorld(t, nil)
	told := func(uris ...string) {
		t.Helper()
		slices.Sort(uris)
		slices.Sort(w.changed)
		if !slices.Equal(w.changed, uris) {
			t.Errorf("told of %q; want %q", w.changed, uris)
		}
		w.changed = nil
	}
	of := func(uris []string, ids ...memory.ID) []string { // every change of a memory shows in these
		uris = append(uris, statusURI, auditURI, topicsURI)
		for _, id := range ids {
			uris = append(uris, memoryURI(id), relatedURI(id))
		}
		return uris
	}
	here := func() []string { return []string{projectURI("billing"), sessionURI("s-1")} }
	args := map[string]any{"content": "x"}
	id := ok[rememberResult](w, "remember", args).ID
	told(of(here(), id)...)
	ok[rememberResult](w, "remember", args)
	told()
	next := ok[rememberResult](w, "remember", map[string]any{"content": "y", "supersedes": id}).ID
	told(of(here(), id, next)...)
	ok[reviseResult](w, "revise", map[string]any{"id": next, "title": "t"})
	told(of(here(), next)...)
	ok[reviseResult](w, "revise", map[string]any{"id": next, "project": "web"})
	told(of(append(here(), projectURI("web")), next)...) // it left one list for another
	ok[shareResult](w, "share", map[string]any{"id": next, "scope": "PRIVATE"})
	told(of([]string{projectURI("web"), sessionURI("s-1")}, next)...)
	ok[forgetResult](w, "forget", map[string]any{"id": next})
	told(of([]string{projectURI("web"), sessionURI("s-1")}, next)...)
	ok[forgetResult](w, "forget", map[string]any{"ids": []string{string(next), string(id)}, "purge": true, "confirm": true})
	told(of(append(here(), projectURI("web")), id, next)...)
	w.call("recall", map[string]any{"query": "x"})
	w.call("revise", map[string]any{"id": next, "content": " "})
	told()
	ok[workspaceResult](w, "workspace", map[string]any{"key": "release notes", "content": "z"})
	told(draftURI("release notes"), sessionURI("s-1"))
	promoted := ok[workspaceResult](w, "workspace", map[string]any{"key": "release notes", "promote": true}).Memory
	told(append(of(here(), promoted), draftURI("release notes"), sessionURI("s-1"))...) // two changes, one after the other
}

// What is told of a change is told once, and not worked out further when nobody listens any more.
func TestShows(t *testing.T) {
	id := memory.NewID()
	c := memory.Commit{Topics: true, Audited: true, Drafts: []string{"a b"}, Sessions: []string{"s/1"}}
	c.Changed(&memory.Memory{ID: id, Project: "p", Session: "s/1"}, &memory.Memory{ID: id, Session: "s/1"})
	want := []string{memoryURI(id), relatedURI(id), "elderzan://project/p", "elderzan://sessions/s%2F1", "elderzan://workspace/a%20b", statusURI, auditURI, topicsURI}
	if got := slices.Collect(Shows(c)); !slices.Equal(got, want) {
		t.Errorf("shows in %q; want %q", got, want)
	}
	for n := range want {
		var got []string
		for uri := range Shows(c) {
			if got = append(got, uri); len(got) > n {
				break
			}
		}
		if !slices.Equal(got, want[:n+1]) {
			t.Errorf("the first %d: %q", n+1, got)
		}
	}
	for name, tc := range map[string]struct {
		c    memory.Commit
		want []string
	}{
		"nothing":   {memory.Commit{}, nil},
		"an entry":  {memory.Commit{Audited: true}, []string{statusURI, auditURI}},
		"groups":    {memory.Commit{Topics: true}, []string{topicsURI}},
		"a session": {memory.Commit{Sessions: []string{"x", "x"}}, []string{sessionURI("x")}},
	} {
		if got := slices.Collect(Shows(tc.c)); !slices.Equal(got, tc.want) {
			t.Errorf("%s shows in %q; want %q", name, got, tc.want)
		}
	}
}

func TestCompletions(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		a := ok[rememberResult](w, "remember", map[string]any{"content": "deploy", "project": "Billing", "tags": []string{"ops", "release"}, "team": "core"}).ID
		b := ok[rememberResult](w, "remember", map[string]any{"content": "tabs", "project": "web", "tags": []string{"ops"}}).ID
		for name, tc := range map[string]struct {
			kind, ref, arg, typed string
			want                  []string
		}{
			"projects":            {"ref/prompt", "recall-before-task", "project", "", []string{"web", "Billing"}},
			"projects, beginning": {"ref/prompt", "recall-before-task", "project", "bil", []string{"Billing"}},
			"tags":                {"ref/prompt", "review-conflicts", "tag", "", []string{"ops", "release"}},
			"teams":               {"ref/prompt", "explain-classification", "team", "", []string{"core"}},
			"ids":                 {"ref/prompt", "explain-classification", "id", string(a)[:20], []string{string(b), string(a)}},
			"ids by words":        {"ref/prompt", "explain-classification", "id", "deploy", []string{string(a)}},
			"days":                {"ref/prompt", "weekly-memory-review", "days", "", []string{"7", "14", "30", "90"}},
			"free text":           {"ref/prompt", "recall-before-task", "task", "x", nil},
			"memory resource":     {"ref/resource", memoryTemplate, "id", "tabs", []string{string(b)}},
			"project resource":    {"ref/resource", projectTemplate, "project", "w", []string{"web"}},
			"session resource":    {"ref/resource", sessionTemplate, "id", "", []string{"s-1"}},
		} {
			t.Run(name, func(t *testing.T) {
				if tc.ref == "explain-classification" && tc.arg == "id" && a[:20] != b[:20] && len(tc.want) == 2 {
					tc.want = tc.want[1:]
				}
				if got := w.complete(tc.kind, tc.ref, tc.arg, tc.typed); !slices.Equal(got, tc.want) && len(got)+len(tc.want) > 0 {
					t.Errorf("completions = %q; want %q", got, tc.want)
				}
			})
		}
	})
}

func TestCompletionsOfAFailingStore(t *testing.T) {
	w := newWorld(t, nil)
	ok[rememberResult](w, "remember", map[string]any{"content": "x"})
	w.store.Fail = func(string) error { return memory.ErrFull }
	if got := w.complete("ref/prompt", "recall-before-task", "project", ""); len(got) != 0 {
		t.Errorf("completions = %q", got)
	}
}

func TestCompletionsByNames(t *testing.T) {
	many := make([]string, maxCompletions+1)
	for i := range many {
		many[i] = fmt.Sprint("p", i)
	}
	var asked []any
	w := newWorld(t, func(w *world) {
		w.opts.Names = func(_ context.Context, c memory.Caller, field, prefix string, limit int) ([]string, error) {
			asked = []any{c.User, field, prefix, limit}
			return many, nil
		}
	})
	if got := w.complete("ref/prompt", "recall-before-task", "project", "p"); len(got) != maxCompletions || fmt.Sprint(asked) != "[mia project p 101]" {
		t.Errorf("%d completions, asked %v", len(got), asked)
	}
}
