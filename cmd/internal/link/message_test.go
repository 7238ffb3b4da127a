package link

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		line string
		want Message
		err  error
	}{
		"request":               {`{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":[1,2]}}`, Message{ID: []byte("7"), Method: "ping", Params: []byte(`{"a":[1,2]}`)}, nil},
		"id last":               {`{"method":"ping","id":"x"}`, Message{ID: []byte(`"x"`), Method: "ping"}, nil},
		"spaces":                {" { \"id\" : 1 , \"method\" : \"m\" } ", Message{ID: []byte("1"), Method: "m"}, nil},
		"result":                {`{"id":1,"result":null}`, Message{ID: []byte("1"), Answer: true}, nil},
		"error":                 {`{"id":1,"error":{}}`, Message{ID: []byte("1"), Answer: true}, nil},
		"escaped names":         {`{"\u0069d":1,"method":"a\u002fb"}`, Message{ID: []byte("1"), Method: "a/b"}, nil},
		"last member wins":      {`{"id":1,"id":2}`, Message{ID: []byte("2")}, nil},
		"names have a case":     {`{"ID":1,"Method":"x"}`, Message{}, nil},
		"method is a number":    {`{"method":5}`, Message{}, nil},
		"inner id is not ours":  {`{"params":{"id":5,"method":"x"}}`, Message{Params: []byte(`{"id":5,"method":"x"}`)}, nil},
		"empty object":          {`{}`, Message{}, nil},
		"batch":                 {`[{"id":1}]`, Message{}, ErrNotObject},
		"empty batch":           {`[]`, Message{}, ErrNotObject},
		"number":                {`-1.5e+3`, Message{}, ErrNotObject},
		"word":                  {`null`, Message{}, ErrNotObject},
		"text":                  {`"a"`, Message{}, ErrNotObject},
		"nothing":               {``, Message{}, ErrSyntax},
		"cut off":               {`{"id":1`, Message{}, ErrSyntax},
		"cut off in a string":   {`{"id":"a`, Message{}, ErrSyntax},
		"cut off in an escape":  {`{"id":"\u12`, Message{}, ErrSyntax},
		"bad escape":            {`{"id":"\x"}`, Message{}, ErrSyntax},
		"line end in a string":  {"{\"id\":\"a\nb\"}", Message{}, ErrSyntax},
		"trailing comma":        {`{"id":1,}`, Message{}, ErrSyntax},
		"trailing text":         {`{"id":1} x`, Message{}, ErrSyntax},
		"no colon":              {`{"id" 1}`, Message{}, ErrSyntax},
		"no comma":              {`{"id":1 "a":2}`, Message{}, ErrSyntax},
		"key is no string":      {`{1:2}`, Message{}, ErrSyntax},
		"zero and digits":       {`{"id":01}`, Message{}, ErrSyntax},
		"only a minus":          {`{"id":-}`, Message{}, ErrSyntax},
		"point without digits":  {`{"id":1.}`, Message{}, ErrSyntax},
		"power without digits":  {`{"id":1e}`, Message{}, ErrSyntax},
		"misspelt word":         {`{"id":nul}`, Message{}, ErrSyntax},
		"array without an end":  {`{"id":[1,2`, Message{}, ErrSyntax},
		"array with a bad item": {`{"id":[1,}`, Message{}, ErrSyntax},
		"bad scalar":            {`tru`, Message{}, ErrSyntax},
		"nested too deep":       {`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "}", Message{}, ErrSyntax},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(tc.line))
			if !errors.Is(err, tc.err) || err == nil && tc.err != nil {
				t.Fatalf("Parse error = %v, want %v", err, tc.err)
			}
			if got.Method != tc.want.Method || !bytes.Equal(got.ID, tc.want.ID) || !bytes.Equal(got.Params, tc.want.Params) || got.Answer != tc.want.Answer {
				t.Errorf("Parse = %+v, want %+v", got, tc.want)
			}
		})
	}
}

// FuzzParse holds Parse against encoding/json: the same texts are valid, and the same members come out.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":[1,-2.5e3,true,null,"\u00e9\n"]}}}`,
		`{"id":"a\"b","result":{}}`, `[1,2]`, `{"a":}`, `{"id":1e5}`, "\x00", `{"id":"\ud800"}`, `{"id":1,"id":"2","error":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := Parse(line)
		if valid := json.Valid(line); valid != !errors.Is(err, ErrSyntax) {
			t.Fatalf("json.Valid = %v, Parse error = %v", valid, err)
		}
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.ID, want["id"]) || !bytes.Equal(m.Params, want["params"]) {
			t.Errorf("Parse = %+v, want %s", m, want)
		}
		var method string
		if raw := want["method"]; json.Unmarshal(raw, &method) != nil || string(raw) == "null" {
			method = ""
		}
		if m.Method != method {
			t.Errorf("method = %q, want %q", m.Method, method)
		}
		if want["result"] != nil || want["error"] != nil {
			if !m.Answer {
				t.Error("answer not seen")
			}
		}
		if !bytes.Equal(Member(line, "params"), want["params"]) {
			t.Error("Member and Parse disagree")
		}
		IDKey(m.ID)
		ValidID(m.ID)
	})
}

func TestIDs(t *testing.T) {
	for raw, want := range map[string]bool{`1`: true, `-5`: true, `"a"`: true, `""`: true, `1.5`: false, `1e3`: false, `null`: false, `true`: false, `{}`: false, `[1]`: false, ``: false} {
		if got := ValidID([]byte(raw)); got != want {
			t.Errorf("ValidID(%s) = %v, want %v", raw, got, want)
		}
	}
	if IDKey([]byte(`"a"`)) != IDKey([]byte(`"\u0061"`)) {
		t.Error("two spellings of one id have different keys")
	}
	if IDKey([]byte(`"1"`)) == IDKey([]byte(`1`)) {
		t.Error("a text and a number have the same key")
	}
}

func TestMember(t *testing.T) {
	raw := []byte(` {"a":{"b":"x"},"c":[1]}`)
	if got := string(Member(Member(raw, "a"), "b")); got != `"x"` {
		t.Errorf("a.b = %s", got)
	}
	for _, raw := range []string{``, `[]`, `"a"`, `{`, `{}`} {
		if got := Member([]byte(raw), "a"); got != nil {
			t.Errorf("Member(%q) = %s, want nil", raw, got)
		}
	}
	if s, ok := Text([]byte(`"a\tb"`)); !ok || s != "a\tb" {
		t.Errorf("Text = %q, %v", s, ok)
	}
	for _, raw := range []string{``, `"`, `1`, `null`} {
		if _, ok := Text([]byte(raw)); ok {
			t.Errorf("Text(%q) is ok", raw)
		}
	}
	if got := unquote([]byte(`"\x"`)); got != "" {
		t.Errorf("unquote of what is no string = %q", got)
	}
}

func BenchmarkParse(b *testing.B) {
	line := []byte(`{"method":"tools/call","params":{"name":"remember","arguments":{"content":"` + strings.Repeat("a text of some words ", 50) + `"}},"jsonrpc":"2.0","id":12}`)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		line string
		code int
		id   string
	}{
		"request":            {`{"id":1,"method":"m"}`, 0, `1`},
		"notification":       {`{"method":"m"}`, 0, ``},
		"answer":             {`{"id":1,"result":{}}`, 0, `1`},
		"no JSON":            {`{`, CodeParse, ``},
		"batch":              {`[]`, CodeInvalid, ``},
		"id of a wrong kind": {`{"id":null,"method":"m"}`, CodeInvalid, ``},
		"nothing in it":      {`{"id":1}`, CodeInvalid, `1`},
		"answer to nothing":  {`{"result":1}`, CodeInvalid, ``},
		"both at once":       {`{"id":1,"method":"m","error":{}}`, CodeInvalid, `1`},
	} {
		m, code, text := Check([]byte(tc.line))
		if code != tc.code || string(m.ID) != tc.id || (text == "") != (code == 0) {
			t.Errorf("%s: %d %q with id %s, want %d with %s", name, code, text, m.ID, tc.code, tc.id)
		}
	}
}
