package tools

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
)

// required are the arguments without which a tool does nothing.
var required = map[string]map[string]any{
	"remember": {"content": "x"}, "recall": {"query": "x"}, "search": {}, "classify": {"content": "x"},
	"share": {"id": memory.NewID(), "scope": "GLOBAL"}, "revise": {"id": memory.NewID(), "title": "t"}, "forget": {"id": memory.NewID()}, "status": {},
}

// Every argument that a schema offers is read: a value of the wrong type is an error that names it.
func TestEveryArgumentIsRead(t *testing.T) {
	w := newWorld(t, nil)
	for name, d := range definitions {
		in := decode[struct {
			Properties map[string]struct{ Type string }
		}](t, string(d.InputSchema))
		for arg, p := range in.Properties {
			var wrong any = map[string]any{"a": []int{1}}
			if p.Type == "object" {
				wrong = []int{1}
			}
			args := map[string]any{}
			for k, v := range required[name] {
				args[k] = v
			}
			args[arg] = wrong
			if got := w.refused(name, args); !strings.HasPrefix(got, name+": "+arg+" is ") {
				t.Errorf("%s with a wrong %s says %q; want it to name the argument", name, arg, got)
			}
		}
	}
}

func TestWrongArguments(t *testing.T) {
	w := newWorld(t, nil)
	id := ok[rememberResult](w, "remember", map[string]any{"content": "kept"}).ID
	before := w.store.Audits()
	for name, tc := range map[string]struct {
		tool string
		args any
		want []string
	}{
		"unknown":                  {"recall", map[string]any{"query": "x", "top_k": 3, "a": 1}, []string{"a, top_k is not known here", "recall takes explain, kinds, limit"}},
		"unknown to status":        {"status", map[string]any{"verbose": true}, []string{"verbose is not known here", "status takes no arguments"}},
		"unknown and long":         {"status", map[string]any{strings.Repeat("é", 200): true}, []string{"…"}},
		"not an object":            {"recall", []int{1}, []string{"arguments are not a JSON object"}},
		"no arguments":             {"recall", nil, []string{"query is empty; say in words"}},
		"limit zero":               {"recall", map[string]any{"query": "x", "limit": 0}, []string{"limit is 0; give a number from 1 to 100"}},
		"limit 101":                {"search", map[string]any{"limit": 101}, []string{"limit is 101; give a number from 1 to 100"}},
		"limit broken":             {"search", map[string]any{"limit": 1.5}, []string{"limit is not a whole number"}},
		"limit huge":               {"search", map[string]any{"limit": 1e300}, []string{"limit is not a whole number"}},
		"limit in words":           {"search", map[string]any{"limit": "ten"}, []string{"limit is a string; send a number"}},
		"limit a boolean":          {"search", map[string]any{"limit": true}, []string{"limit is a boolean; send a number"}},
		"budget zero":              {"recall", map[string]any{"query": "x", "max_tokens": 0}, []string{"max_tokens", "from 64 to 100000"}},
		"mode":                     {"recall", map[string]any{"query": "x", "mode": "quick"}, []string{"mode is unknown; use fast, balanced or accurate"}},
		"sort":                     {"search", map[string]any{"sort": "random"}, []string{"sort is unknown; use relevance"}},
		"scope":                    {"remember", map[string]any{"content": "x", "scope": "PUBLIC"}, []string{"scope is none of the scopes; use PRIVATE"}},
		"scopes":                   {"search", map[string]any{"scopes": []string{"GLOBAL", "x"}}, []string{"scopes[1] is none of the scopes"}},
		"states":                   {"search", map[string]any{"states": []string{"lost"}}, []string{"states holds an unknown state; use active"}},
		"time":                     {"search", map[string]any{"since": "yesterday"}, []string{"since is not a time; write it as 2006-01-02T"}},
		"times crossed":            {"search", map[string]any{"since": "2026-02-01", "until": "2026-01-01"}, []string{"since is not before until"}},
		"span":                     {"remember", map[string]any{"content": "x", "expires_in": "soon"}, []string{"expires_in is not a span of time; write 90m"}},
		"id":                       {"share", map[string]any{"id": "abc", "scope": "GLOBAL"}, []string{"id is not a memory id; copy an id from recall"}},
		"ids":                      {"search", map[string]any{"ids": []string{string(id), "abc"}}, []string{"ids[1] is not a memory id"}},
		"id and ids":               {"forget", map[string]any{"id": id, "ids": []memory.ID{id}}, []string{"ids came together with id"}},
		"ids and a filter":         {"search", map[string]any{"ids": []memory.ID{id}, "limit": 3}, []string{"ids came together with other arguments"}},
		"share without id":         {"share", map[string]any{"scope": "GLOBAL"}, []string{"id is missing"}},
		"share without scope":      {"share", map[string]any{"id": id}, []string{"scope is missing; use PRIVATE"}},
		"revise without id":        {"revise", map[string]any{"title": "t"}, []string{"id is missing"}},
		"revise without a change":  {"revise", map[string]any{"id": id}, []string{"say what to change; revise takes content"}},
		"forget nothing":           {"forget", map[string]any{}, []string{"id is missing; give an id, or a query"}},
		"forget by blanks":         {"forget", map[string]any{"query": "  ", "confirm": true}, []string{"id is missing"}},
		"forget by id and query":   {"forget", map[string]any{"id": id, "query": "x"}, []string{"query came together with an id"}},
		"unknown memory":           {"revise", map[string]any{"id": memory.NewID(), "title": "t"}, []string{"no memory has the id", "find it with recall or search"}},
		"content too long":         {"remember", map[string]any{"content": strings.Repeat("x", memory.MaxContentBytes+1)}, []string{"content is 65537 bytes; the limit is 65536", "split it"}},
		"content empty":            {"classify", map[string]any{"content": " "}, []string{"content is empty"}},
		"flag":                     {"recall", map[string]any{"query": "x", "explain": "perhaps"}, []string{"explain is a string; send true or false"}},
		"list of numbers":          {"search", map[string]any{"tags": []int{1}}, []string{`tags is not a list of strings; send ["a", "b"]`}},
		"importance":               {"revise", map[string]any{"id": id, "importance": 2}, []string{"importance is not between 0 and 1"}},
		"first of several is told": {"remember", map[string]any{"content": 1, "title": 2}, []string{"content is a number; send a string"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			got := w.refused(tc.tool, tc.args)
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s says %q; want %q in it", tc.tool, got, want)
				}
			}
			if len(got) > 400 {
				t.Errorf("%s says %d bytes", tc.tool, len(got))
			}
		})
	}
	w.t = t
	if after := w.store.Audits(); len(after) != len(before) {
		t.Errorf("refused calls left %d audit entries", len(after)-len(before))
	}
	for _, c := range w.calls[1:] {
		if c.Outcome != "input" && c.Outcome != "not_found" {
			t.Errorf("a refused call of %s counts as %q", c.Tool, c.Outcome)
		}
	}
}

// What cannot change the meaning of a call is let pass.
func TestLenientArguments(t *testing.T) {
	w := newWorld(t, nil)
	got := ok[rememberResult](w, "remember", json.RawMessage(`{"content":"deploy on tuesdays","tags":"ops","title":null,"wait":"false","scope":" project ","expires_in":""}`))
	if got.Scope != "PROJECT" {
		t.Errorf("remember = %+v", got)
	}
	for name, args := range map[string]string{
		"digits":         `{"query":"deploy","limit":"5"}`,
		"whole float":    `{"query":"deploy","limit":5.0}`,
		"true in words":  `{"query":"deploy","explain":"True"}`,
		"list as text":   `{"query":"deploy","tags":"[\"ops\"]"}`,
		"empty lists":    `{"query":"deploy","tags":[],"kinds":[""],"scopes":null,"project":"","since":"","mode":""}`,
		"case of scopes": `{"query":"deploy","scopes":["project"]}`,
	} {
		if r := ok[recallResult](w, "recall", json.RawMessage(args)); len(r.Memories) != 1 {
			t.Errorf("%s: recall(%s) = %+v", name, args, r)
		}
	}
	if s := ok[searchResult](w, "search", map[string]any{"tags": "[not json"}); s.Total != 0 {
		t.Errorf("a tag that begins like a list = %+v", s)
	}
	if s := ok[searchResult](w, "search", nil); s.Total != 1 {
		t.Errorf("search without arguments = %+v", s)
	}
}

func TestArgumentsTheSchemaLacks(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("reading an argument that the schema does not offer goes unnoticed")
		}
	}()
	(&args{def: definitions["status"]}).text("verbose")
}

func FuzzArguments(f *testing.F) {
	f.Add(`{"query":"x","limit":"5","tags":"[1"}`)
	f.Add(`{"content":"x","metadata":{"a":1},"occurred_at":"2026"}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		for name, d := range definitions {
			req := request(name, json.RawMessage(text))
			a, err := readArgs(t.Context(), d, req)
			if err != nil {
				continue
			}
			for _, arg := range d.arguments {
				a.text(arg)
				a.flag(arg)
				a.whole(arg, 1)
				a.ids(arg)
				a.object(arg)
				a.scope(arg)
				a.time(arg)
				a.expiry(arg)
			}
			if slices.Contains(d.arguments, "scopes") {
				a.filter()
			}
			if a.err() != nil && len(a.err().Error()) > 300 {
				t.Errorf("%s(%s) answers with %d bytes", name, text, len(a.err().Error()))
			}
		}
	})
}
