package clients

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlFile is edited by whole tables, as text: what stands around them keeps its layout.
type tomlFile struct {
	table, name string
	entry       any
}

// errInline says that the server stands in the file in a form that cannot be cut out table by table.
var errInline = errors.New("is not written as a table of its own there")

// span is a part of a text that begins with a table's header line: [from, to).
type span struct {
	from, to int
	exact    bool // the table itself, not one below it
}

func (f tomlFile) put(text []byte) ([]byte, error) {
	have, err := f.current(text)
	if err != nil {
		return nil, err
	}
	fresh, err := f.section()
	if err != nil {
		return nil, err
	}
	if have == nil {
		out := bytes.TrimRight(text, "\r\n\t ")
		if len(out) > 0 {
			out = append(slices.Clone(out), "\n\n"...)
		}
		return append(out, fresh...), nil
	}
	var want map[string]any
	if err := toml.Unmarshal(fresh, &want); err != nil {
		return nil, err
	}
	if same(have, want[f.table].(map[string]any)[f.name].(map[string]any)) {
		return text, nil
	}
	spans, err := f.spans(text)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(spans, func(s span) bool { return s.exact })
	if i < 0 {
		return nil, fmt.Errorf("%s.%s %w", f.table, f.name, errInline)
	}
	return slices.Concat(text[:spans[i].from], fresh, text[spans[i].to:]), nil
}

func (f tomlFile) drop(text []byte) ([]byte, error) {
	have, err := f.current(text)
	if err != nil || have == nil {
		return text, err
	}
	spans, err := f.spans(text)
	if err != nil {
		return nil, err
	}
	if len(spans) == 0 {
		return nil, fmt.Errorf("%s.%s %w", f.table, f.name, errInline)
	}
	out := slices.Clone(text)
	for _, s := range slices.Backward(spans) {
		out = slices.Delete(out, s.from, s.to)
	}
	if spans[0].from == 0 {
		out = bytes.TrimLeft(out, "\n")
	}
	if out = bytes.TrimRight(out, "\n"); len(out) == 0 {
		return nil, nil
	}
	return append(out, '\n'), nil
}

// section is the server's table as text.
func (f tomlFile) section() ([]byte, error) {
	b, err := toml.Marshal(f.entry)
	if err != nil {
		return nil, err
	}
	return append([]byte("["+f.table+"."+f.name+"]\n"), b...), nil
}

// current returns the server's table; nil when there is none.
func (f tomlFile) current(text []byte) (map[string]any, error) {
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	servers, ok := all[f.table].(map[string]any)
	if !ok && all[f.table] != nil {
		return nil, fmt.Errorf("%s %w", f.table, errShape)
	}
	one, ok := servers[f.name].(map[string]any)
	if !ok && servers[f.name] != nil {
		return nil, fmt.Errorf("%s.%s %w", f.table, f.name, errShape)
	}
	return one, nil
}

// same reports whether a table has the values of want; others that it has are its user's own.
func same(have, want map[string]any) bool {
	for k, v := range want {
		if fmt.Sprint(have[k]) != fmt.Sprint(v) {
			return false
		}
	}
	return true
}

// spans returns where the server's table and those below it stand, in order.
func (f tomlFile) spans(text []byte) ([]span, error) {
	var out []span
	var p unstable.Parser
	p.Reset(text)
	open := false // the last span ends at the next header
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.Table && e.Kind != unstable.ArrayTable {
			continue
		}
		var path []string
		at := -1
		for it := e.Key(); it.Next(); {
			if at < 0 {
				at = int(it.Node().Raw.Offset)
			}
			path = append(path, string(it.Node().Data))
		}
		line := bytes.LastIndexByte(text[:at], '\n') + 1
		if open {
			out[len(out)-1].to = endOfTable(text, line)
			open = false
		}
		if len(path) >= 2 && path[0] == f.table && path[1] == f.name {
			out = append(out, span{from: line, to: len(text), exact: len(path) == 2})
			open = true
		}
	}
	return out, p.Error()
}

// endOfTable goes back from the next table's header over the comments and blank lines that belong to that one.
func endOfTable(text []byte, next int) int {
	for next > 0 {
		line := bytes.LastIndexByte(text[:next-1], '\n') + 1
		if s := bytes.TrimSpace(text[line:next]); len(s) > 0 && s[0] != '#' {
			return next
		}
		next = line
	}
	return next
}
