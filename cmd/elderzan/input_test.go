package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const unknownID = "0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10"

// TestBadArguments calls tools with arguments that are wrong: each is told what is wrong and what would be right, and
// nothing changes.
func TestBadArguments(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	c := f.serve()
	c.initialize()
	var kept struct{ ID string }
	c.ok(&kept, "remember", map[string]any{"content": "The office has a green door."})
	before := f.export()
	long := strings.Repeat("a", 64<<10+1)
	type object = map[string]any
	for name, tc := range map[string]struct {
		tool string
		args object
		want []string
	}{
		"text too long":          {"remember", object{"content": long}, []string{"content is 65537 bytes", "65536", "split it"}},
		"characters too long":    {"remember", object{"content": strings.Repeat("あ", 64<<10/3+1)}, []string{"content is 65538 bytes", "split it"}},
		"text empty":             {"remember", object{"content": ""}, []string{"content is empty", "write"}},
		"text blank":             {"remember", object{"content": " \n\t"}, []string{"content is empty"}},
		"text missing":           {"remember", object{}, []string{"content is empty"}},
		"text is null":           {"remember", object{"content": nil}, []string{"content is empty"}},
		"NUL":                    {"remember", object{"content": "a\x00b"}, []string{"content holds a NUL"}},
		"unknown scope":          {"remember", object{"content": "x", "scope": "EVERYWHERE"}, []string{"scope", "PRIVATE, PROJECT, SHARED or GLOBAL"}},
		"too many tags":          {"remember", object{"content": "x", "tags": strings.Split(strings.Repeat("t,", 33), ",")}, nil},
		"tag too long":           {"remember", object{"content": "x", "tags": []string{strings.Repeat("t", 129)}}, []string{"tags", "128"}},
		"title too long":         {"remember", object{"content": "x", "title": strings.Repeat("t", 513)}, []string{"title", "512"}},
		"metadata too long":      {"remember", object{"content": "x", "metadata": object{"k": long}}, []string{"metadata", "16384"}},
		"metadata is a list":     {"remember", object{"content": "x", "metadata": []string{"a"}}, []string{"metadata is a list", "object"}},
		"supersedes nobody":      {"remember", object{"content": "x", "supersedes": unknownID}, []string{"no memory has the id", "recall or search"}},
		"unknown argument":       {"remember", object{"content": "x", "colour": "red"}, []string{"colour is not known", "remember takes"}},
		"wrong type":             {"remember", object{"content": 7}, []string{"content is a number", "send a string"}},
		"span in the past":       {"remember", object{"content": "x", "expires_in": "-1h"}, []string{"expires_in"}},
		"k is 0":                 {"recall", object{"query": "door", "limit": 0}, []string{"limit is 0", "1 to 100"}},
		"k is 101":               {"recall", object{"query": "door", "limit": 101}, []string{"limit is 101", "1 to 100"}},
		"k is half":              {"recall", object{"query": "door", "limit": 1.5}, []string{"limit is not a whole number"}},
		"k is a word":            {"recall", object{"query": "door", "limit": "many"}, []string{"limit", "number"}},
		"query empty":            {"recall", object{"query": ""}, []string{"query"}},
		"query too long":         {"recall", object{"query": long}, []string{"query is 65537 bytes", "8192"}},
		"unknown mode":           {"recall", object{"query": "door", "mode": "thorough"}, []string{"mode", "fast", "accurate"}},
		"search, k is 0":         {"search", object{"limit": 0}, []string{"limit is 0"}},
		"search, k is 101":       {"search", object{"limit": 101}, []string{"limit is 101"}},
		"cursor of nothing":      {"search", object{"cursor": "zzz"}, []string{"cursor"}},
		"unknown state":          {"search", object{"states": []string{"lost"}}, []string{"active, superseded, archived or forgotten"}},
		"date that is none":      {"search", object{"since": "2026-13-40"}, []string{"since"}},
		"revise nobody":          {"revise", object{"id": unknownID, "title": "x"}, []string{"no memory has the id"}},
		"revise nothing":         {"revise", object{"id": kept.ID}, []string{"say what to change"}},
		"revise to nothing":      {"revise", object{"id": kept.ID, "content": ""}, []string{"content is empty"}},
		"revise to too much":     {"revise", object{"id": kept.ID, "content": long}, []string{"content is 65537 bytes"}},
		"not an id":              {"revise", object{"id": "the door", "title": "x"}, []string{"id is not a memory id", "recall or search"}},
		"share nobody":           {"share", object{"id": unknownID, "scope": "GLOBAL"}, []string{"no memory has the id"}},
		"share with a stranger":  {"share", object{"ids": []string{kept.ID, unknownID}, "scope": "GLOBAL"}, []string{unknownID}},
		"share nowhere":          {"share", object{"id": kept.ID, "scope": "NOWHERE"}, []string{"PRIVATE, PROJECT, SHARED or GLOBAL"}},
		"forget nobody":          {"forget", object{"id": unknownID}, []string{"no memory has the id"}},
		"forget with a stranger": {"forget", object{"ids": []string{kept.ID, unknownID}}, []string{unknownID}},
		"forget nothing":         {"forget", object{}, []string{"give an id, or a query"}},
		"forget too much":        {"forget", object{"ids": manyIDs(101)}, []string{"ids holds 101 ids", "100"}},
		"classify too much":      {"classify", object{"content": long}, []string{"65536"}},
		"status of what":         {"status", object{"of": "x"}, []string{"status takes no arguments"}},
	} {
		r := c.tool(tc.tool, tc.args)
		if !r.IsError {
			t.Errorf("%s: %.300s; want an error", name, r.text())
		}
		for _, w := range append(tc.want, tc.tool+": ") {
			if !strings.Contains(r.text(), w) {
				t.Errorf("%s: error %.300q; want %q in it", name, r.text(), w)
			}
		}
		if strings.Contains(r.text(), "aaaaaaaa") {
			t.Errorf("%s: the error quotes the text", name)
		}
	}
	wantUnchanged(t, f, before)
	c.ok(nil, "recall", map[string]any{"query": "door", "limit": 100})
	c.ok(nil, "remember", map[string]any{"content": long[:64<<10]})
	f.wantCount(2)
}

// manyIDs returns n ids of no memory.
func manyIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s%03d", unknownID[:33], i)
	}
	return ids
}

// wantUnchanged checks that the folder holds what was exported before, to the letter, and that status counts the same.
func wantUnchanged(t testing.TB, f *folder, before map[string]map[string]any) {
	t.Helper()
	f.wantCount(len(before))
	after := f.export()
	for id, m := range before {
		was, _ := json.Marshal(m)
		is, _ := json.Marshal(after[id])
		if string(was) != string(is) {
			t.Errorf("%s was %s and is %s", id, was, is)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d memories; want %d", len(after), len(before))
	}
}

// TestBadMessages sends what is no MCP: each is answered under its id where it has one, and the session goes on.
func TestBadMessages(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	c := f.serve()
	c.initialize()
	call := `{"jsonrpc":"2.0","id":"%s","method":"tools/call","params":{"name":"remember","arguments":{"content":"%s"}}}` + "\n"
	for _, tc := range []struct {
		name, id, line string
		code           int
	}{
		{"invalid UTF-8", `"u"`, fmt.Sprintf(call, "u", "caf\xe9"), -32700},
		{"half a character", `"h"`, fmt.Sprintf(call, "h", "\xe3\x81"), -32700},
		{"id in invalid UTF-8", "null", fmt.Sprintf(call, "\xe9", "x"), -32700},
		{"not JSON", "null", "remember this\n", -32700},
		{"line end in a text", "null", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"remember","arguments":{"content":"a` + "\n", -32700},
		{"batch", "null", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]` + "\n", -32600},
		{"id is an object", "null", `{"jsonrpc":"2.0","id":{},"method":"ping"}` + "\n", -32600},
		{"no method", `"n"`, `{"jsonrpc":"2.0","id":"n"}` + "\n", -32600},
		{"too long a message", `"l"`, fmt.Sprintf(call, "l", strings.Repeat("a", 4<<20)), -32600},
	} {
		ch := c.expect(tc.id)
		c.raw([]byte(tc.line))
		if m := c.await(ch); m.Error == nil || m.Error.Code != tc.code || m.Error.Message == "" {
			t.Errorf("%s: %+v %s; want code %d", tc.name, m.Error, m.Result, tc.code)
		}
	}
	c.ok(nil, "status", nil)
	f.wantCount(0)
}

// TestBadText gives commands a text that is not UTF-8, by argument, by standard input and by a file.
func TestBadText(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	for name, o := range map[string]outcome{
		"argument": f.run("", "remember", "caf\xe9"),
		"input":    f.run("caf\xe9", "remember", "-"),
		"tag":      f.run("", "remember", "x", "--tags", "caf\xe9"),
		"metadata": f.run("", "remember", "x", "--metadata", "{\"k\":\"caf\xe9\"}"),
		"query":    f.run("", "recall", "caf\xe9"),
		"import":   f.run("{\"content\":\"caf\xe9\"}\n", "import", "-"),
	} {
		if o.code == 0 || name != "metadata" && !strings.Contains(o.err+o.out, "not valid UTF-8") {
			t.Errorf("%s: exit %d, %q; want an error about UTF-8", name, o.code, o.err)
		}
	}
	f.wantCount(0)
}
