package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// args are the arguments of one call. Its methods read one each; the first thing wrong is kept and returned by err,
// so that a handler reads all it needs and asks once.
type args struct {
	def   *definition
	raw   map[string]json.RawMessage // without those that are null
	wrong error
}

// readArgs takes the arguments apart and refuses names that the tool does not know.
func readArgs(ctx context.Context, d *definition, req mcp.CallToolRequest) (*args, error) {
	a := &args{def: d, raw: map[string]json.RawMessage{}}
	b, err := rawArguments(ctx, req)
	if err != nil {
		return nil, err
	}
	if len(b) > 0 && !isNull(b) {
		if err := json.Unmarshal(b, &a.raw); err != nil {
			return nil, &memory.InputError{Field: "arguments", Problem: "are not a JSON object", Hint: "send them as {\"name\": value}"}
		}
	}
	for name, v := range a.raw {
		if isNull(v) {
			delete(a.raw, name)
		}
	}
	var unknown []string
	for name := range a.raw {
		if !slices.Contains(d.arguments, name) {
			unknown = append(unknown, short(name))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, &memory.InputError{Field: strings.Join(unknown, ", "), Problem: "is not known here", Hint: takes(d)}
	}
	return a, nil
}

// argumentsKey finds a call's arguments in its context.
type argumentsKey struct{}

// WithArguments returns a context for the handling of a call of one of this package's tools whose arguments are raw,
// whatever stands in the message. raw is valid JSON and must not change.
func WithArguments(ctx context.Context, raw json.RawMessage) context.Context {
	return context.WithValue(ctx, argumentsKey{}, raw)
}

// rawArguments returns the arguments as they came, which keeps the digits of numbers and the order of errors.
func rawArguments(ctx context.Context, req mcp.CallToolRequest) (json.RawMessage, error) {
	if raw, ok := ctx.Value(argumentsKey{}).(json.RawMessage); ok {
		return raw, nil
	}
	if len(req.Params.RawArguments) > 0 {
		return req.Params.RawArguments, nil
	}
	if req.Params.Arguments == nil {
		return nil, nil
	}
	b, err := json.Marshal(req.Params.Arguments)
	if err != nil {
		return nil, &memory.InputError{Field: "arguments", Problem: "cannot be written as JSON"}
	}
	return b, nil
}

func takes(d *definition) string {
	if len(d.arguments) == 0 {
		return d.name + " takes no arguments"
	}
	return d.name + " takes " + strings.Join(d.arguments, ", ")
}

// short keeps a name that a client made up from filling the answer, and shows what cannot be printed.
func short(name string) string {
	if len(name) > 40 {
		name = strings.ToValidUTF8(name[:40], "") + "…"
	}
	return strings.Trim(strconv.Quote(name), `"`)
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

// err returns the first thing that was wrong.
func (a *args) err() error { return a.wrong }

func (a *args) fail(field, problem, hint string) {
	a.failWith(&memory.InputError{Field: field, Problem: problem, Hint: hint})
}

func (a *args) failWith(err error) {
	if a.wrong == nil {
		a.wrong = err
	}
}

// get returns the argument called name. Asking for one that the schema does not offer is a programmer's mistake.
func (a *args) get(name string) (json.RawMessage, bool) {
	if !slices.Contains(a.def.arguments, name) {
		panic("tools: " + a.def.name + " has no argument " + name)
	}
	v, ok := a.raw[name]
	return v, ok
}

// has reports whether the argument came.
func (a *args) has(name string) bool {
	_, ok := a.get(name)
	return ok
}

// peek reads a text without complaining, for use before the arguments are checked.
func (a *args) peek(name, otherwise string) string {
	var s string
	if raw, ok := a.get(name); ok && json.Unmarshal(raw, &s) == nil && s != "" {
		return s
	}
	return otherwise
}

// text reads a string; "" when it is absent.
func (a *args) text(name string) string {
	raw, ok := a.get(name)
	if !ok {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		a.fail(name, "is "+kindOf(raw), "send a string")
	}
	return s
}

// word is text without the blanks around it.
func (a *args) word(name string) string { return strings.TrimSpace(a.text(name)) }

// flag reads a boolean, or the word for one; false when it is absent.
func (a *args) flag(name string) bool {
	raw, ok := a.get(name)
	if !ok {
		return false
	}
	var v any
	_ = json.Unmarshal(raw, &v) // raw was decoded once already
	switch v := v.(type) {
	case bool:
		return v
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true":
			return true
		case "false", "":
			return false
		}
	}
	a.fail(name, "is "+kindOf(raw), "send true or false")
	return false
}

// whole reads an integer, or a string of digits; otherwise when it is absent.
func (a *args) whole(name string, otherwise int) int {
	f, ok := a.number(name)
	if !ok {
		return otherwise
	}
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		a.fail(name, "is not a whole number", "")
		return otherwise
	}
	return int(f)
}

// number reads a number, or a string that holds one.
func (a *args) number(name string) (float64, bool) {
	raw, ok := a.get(name)
	if !ok {
		return 0, false
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil { // takes a string that holds a number too
		if f, err := n.Float64(); err == nil {
			return f, true
		}
	}
	a.fail(name, "is "+kindOf(raw), "send a number")
	return 0, false
}

// list reads a list of strings, or one string as a list of one; nil when it is absent or empty. Blanks are trimmed
// and empty elements dropped.
func (a *args) list(name string) []string {
	raw, ok := a.get(name)
	if !ok {
		return nil
	}
	var many []string
	if json.Unmarshal(raw, &many) != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			a.fail(name, "is not a list of strings", `send ["a", "b"]`)
			return nil
		}
		// Some clients send a list as the text of one.
		if !strings.HasPrefix(strings.TrimSpace(one), "[") || json.Unmarshal([]byte(one), &many) != nil {
			many = []string{one}
		}
	}
	var out []string
	for _, v := range many {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// object reads a JSON object; nil when it is absent.
func (a *args) object(name string) map[string]any {
	raw, ok := a.get(name)
	if !ok {
		return nil
	}
	var m map[string]any
	if json.Unmarshal(raw, &m) != nil {
		a.fail(name, "is "+kindOf(raw), `send an object such as {"key": "value"}`)
	}
	return m
}

func (a *args) scope(name string) scope.Scope {
	v := a.word(name)
	if v == "" {
		return 0
	}
	s, err := scope.Parse(v)
	if err != nil {
		a.fail(name, "is none of the scopes", "use PRIVATE, PROJECT, SHARED or GLOBAL")
	}
	return s
}

func (a *args) time(name string) time.Time {
	t, err := memory.ParseTime(name, a.word(name))
	if err != nil {
		a.failWith(err)
	}
	return t
}

// span reads a length of time; 0 when it is absent.
func (a *args) span(name string) time.Duration {
	v := a.word(name)
	if v == "" {
		return 0
	}
	d, err := memory.ParseSpan(name, v)
	if err != nil {
		a.failWith(err)
	}
	return d
}

// id reads one id; "" when it is absent.
func (a *args) id(name string) memory.ID {
	v := a.word(name)
	if v == "" {
		return ""
	}
	return a.parseID(name, v)
}

func (a *args) parseID(field, v string) memory.ID {
	id, err := memory.ParseID(v)
	if err != nil {
		a.fail(field, "is not a memory id", "copy an id from recall or search; it looks like 0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10")
	}
	return id
}

// ids reads a list of ids, each once.
func (a *args) ids(name string) []memory.ID {
	var out []memory.ID
	for i, v := range a.list(name) {
		id := a.parseID(fmt.Sprintf("%s[%d]", name, i), v)
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// idOrIDs reads the arguments id and ids, of which at most one may come.
func (a *args) idOrIDs() []memory.ID {
	one, many := a.id("id"), a.ids("ids")
	if one != "" && len(many) > 0 {
		a.fail("ids", "came together with id", "give one of the two")
	}
	if one != "" {
		return []memory.ID{one}
	}
	return many
}

// filter reads the arguments that narrow recall and search.
func (a *args) filter() memory.Filter {
	f := memory.Filter{Kinds: a.list("kinds"), Tags: a.list("tags"), Since: a.time("since"), Until: a.time("until")}
	if p := a.word("project"); p != "" {
		f.Projects = []string{p}
	}
	for i, v := range a.list("scopes") {
		s, err := scope.Parse(v)
		if err != nil {
			a.fail(fmt.Sprintf("scopes[%d]", i), "is none of the scopes", "use PRIVATE, PROJECT, SHARED or GLOBAL")
		}
		f.Scopes = append(f.Scopes, s)
	}
	return f
}

// kindOf names the JSON type of raw for an error.
func kindOf(raw json.RawMessage) string {
	switch b := bytes.TrimSpace(raw); {
	case len(b) == 0:
		return "missing"
	case b[0] == '"':
		return "a string"
	case b[0] == '{':
		return "an object"
	case b[0] == '[':
		return "a list"
	case b[0] == 't' || b[0] == 'f':
		return "a boolean"
	}
	return "a number"
}
