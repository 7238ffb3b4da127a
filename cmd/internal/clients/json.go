package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tailscale/hujson"
)

// jsonFile is JSON as editors write it: comments and trailing commas are kept.
type jsonFile struct {
	table, name string
	entry       any
}

// byteOrderMark begins files that some editors on Windows write.
var byteOrderMark = []byte("\xef\xbb\xbf")

// errShape says that a file has another value where a table is meant to be.
var errShape = errors.New("is not a table there")

func (f jsonFile) put(text []byte) ([]byte, error) {
	root, object, err := f.parse(text)
	if err != nil {
		return nil, err
	}
	style := styleOf(text, object)
	servers := member(object, f.table)
	if servers == nil {
		empty := hujson.Value{Value: &hujson.Object{}}
		style.insert(object, 0, f.table, empty)
		servers = member(object, f.table)
	}
	table, ok := servers.Value.(*hujson.Object)
	if !ok {
		return nil, fmt.Errorf("%s %w", f.table, errShape)
	}
	entry, err := style.value(f.entry, 2)
	if err != nil {
		return nil, err
	}
	switch was := member(table, f.name); {
	case was == nil:
		style.insert(table, 1, f.name, entry)
	case sameJSON(*was, f.entry):
		return text, nil
	default:
		was.Value = entry.Value
	}
	return f.pack(text, root), nil
}

func (f jsonFile) drop(text []byte) ([]byte, error) {
	root, object, err := f.parse(text)
	if err != nil {
		return nil, err
	}
	servers := member(object, f.table)
	if servers == nil {
		return text, nil
	}
	table, ok := servers.Value.(*hujson.Object)
	if !ok || member(table, f.name) == nil {
		return text, nil
	}
	for i := range table.Members {
		if nameOf(&table.Members[i]) != f.name {
			continue
		}
		last := i == len(table.Members)-1
		table.Members = append(table.Members[:i], table.Members[i+1:]...)
		if last && i > 0 { // no trailing comma where there was none
			table.Members[i-1].Value.AfterExtra = nil
		}
		break
	}
	return f.pack(text, root), nil
}

// parse returns the tree and its outermost object; an empty file is an empty object.
func (f jsonFile) parse(text []byte) (hujson.Value, *hujson.Object, error) {
	text = bytes.TrimPrefix(text, byteOrderMark)
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}\n")
	}
	root, err := hujson.Parse(text)
	if err != nil {
		return root, nil, err
	}
	object, ok := root.Value.(*hujson.Object)
	if !ok {
		return root, nil, fmt.Errorf("the file %w", errShape)
	}
	return root, object, nil
}

func (f jsonFile) pack(before []byte, root hujson.Value) []byte {
	out := root.Pack()
	if bytes.HasPrefix(before, byteOrderMark) {
		out = append(bytes.Clone(byteOrderMark), out...)
	}
	return out
}

func nameOf(m *hujson.ObjectMember) string {
	if l, ok := m.Name.Value.(hujson.Literal); ok {
		return l.String()
	}
	return ""
}

// member returns the value under a name; nil when there is none.
func member(o *hujson.Object, name string) *hujson.Value {
	for i := range o.Members {
		if nameOf(&o.Members[i]) == name {
			return &o.Members[i].Value
		}
	}
	return nil
}

// sameJSON reports whether v holds what entry encodes to, whatever its white space.
func sameJSON(v hujson.Value, entry any) bool {
	v = v.Clone()
	v.Standardize()
	var got, want any
	b, err := json.Marshal(entry)
	if err != nil || json.Unmarshal(b, &want) != nil || json.Unmarshal(v.Pack(), &got) != nil {
		return false
	}
	x, _ := json.Marshal(got) // sorts the keys
	y, _ := json.Marshal(want)
	return bytes.Equal(x, y)
}

// style is how a file is laid out.
type style struct {
	newline, indent string
	compact         bool // the file is one line
}

// styleOf takes the layout from the first member that stands on a line of its own; two spaces when there is none.
func styleOf(text []byte, o *hujson.Object) style {
	s := style{newline: "\n", indent: "  "}
	if bytes.Contains(text, []byte("\r\n")) {
		s.newline = "\r\n"
	}
	if len(o.Members) == 0 {
		return s
	}
	before := o.Members[0].Name.BeforeExtra
	i := bytes.LastIndexByte(before, '\n')
	if i >= 0 && i+1 < len(before) {
		s.indent = string(before[i+1:])
	}
	s.compact = i < 0 && !bytes.Contains(bytes.TrimSpace(text), []byte("\n"))
	return s
}

// line begins a line at a depth of nesting.
func (s style) line(depth int) []byte {
	if s.compact {
		return nil
	}
	return []byte(s.newline + string(bytes.Repeat([]byte(s.indent), depth)))
}

// insert puts a member first: comments behind the last member stay with that one.
func (s style) insert(o *hujson.Object, depth int, name string, v hujson.Value) {
	if !s.compact {
		v.BeforeExtra = hujson.Extra(" ")
	}
	m := hujson.ObjectMember{Name: hujson.Value{BeforeExtra: s.line(depth + 1), Value: hujson.String(name)}, Value: v}
	if len(o.Members) == 0 && len(bytes.TrimSpace(o.AfterExtra)) == 0 {
		o.AfterExtra = s.line(depth)
	}
	o.Members = append([]hujson.ObjectMember{m}, o.Members...)
}

// value lays an entry out as it would stand at a depth of nesting.
func (s style) value(entry any, depth int) (hujson.Value, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a path with & stays readable
	enc.SetIndent(string(bytes.Repeat([]byte(s.indent), depth)), s.indent)
	if err := enc.Encode(entry); err != nil {
		return hujson.Value{}, err
	}
	v, err := hujson.Parse(bytes.ReplaceAll(bytes.TrimSpace(b.Bytes()), []byte("\n"), []byte(s.newline)))
	if err != nil {
		return hujson.Value{}, err
	}
	if s.compact {
		v.Minimize()
		return v, nil
	}
	for list := range v.All() {
		if a, ok := list.Value.(*hujson.Array); ok {
			oneLine(a)
		}
	}
	return v, nil
}

// oneLine writes a short list as people do.
func oneLine(a *hujson.Array) {
	for i := range a.Elements {
		a.Elements[i].BeforeExtra = nil
		if i > 0 {
			a.Elements[i].BeforeExtra = hujson.Extra(" ")
		}
	}
	a.AfterExtra = nil
}
