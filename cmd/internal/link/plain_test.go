package link

import (
	"encoding/json"
	"testing"
)

func TestPlainCall(t *testing.T) {
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":"}\"{"}}}`
	for name, tc := range map[string]struct {
		message         string
		tool, arguments string // "" for a message that is not plain
	}{
		"a call":              {call, "x", `{"a":"}\"{"}`},
		"blanks, other order": {" {\"params\" : { \"arguments\" : { } , \"name\":\"x\" }, \"method\":\"tools/call\",\n\"id\":\"7\",\"jsonrpc\" : \"2.0\"} ", "x", "{ }"},
		"no object":           {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":null}}`, "x", "null"},
		"no arguments":        {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}`, "", ""},
		"with _meta":          {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{},"_meta":{}}}`, "", ""},
		"a member more":       {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{}},"x":1}`, "", ""},
		"a name twice":        {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","name":"y","arguments":{}}}`, "", ""},
		"another spelling":    {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{},"Name":"y"}}`, "", ""},
		"an escaped member":   {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"n\u0061me":"x","arguments":{}}}`, "", ""},
		"an escaped name":     {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\u0078","arguments":{}}}`, "", ""},
		"a name of no string": {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7,"arguments":{}}}`, "", ""},
		"another method":      {`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"x","arguments":{}}}`, "", ""},
		"another protocol":    {`{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{}}}`, "", ""},
		"a notification":      {`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x","arguments":{}}}`, "", ""},
		"params of an array":  {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["name","arguments"]}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			tool, arguments, ok := PlainCall([]byte(tc.message))
			if tool != tc.tool || string(arguments) != tc.arguments || ok != (tc.tool != "") {
				t.Errorf("got %q and %s, %v; want %q and %s", tool, arguments, ok, tc.tool, tc.arguments)
			}
		})
	}
}

// FuzzPlainCall checks that a plain call is what encoding/json reads there, and all that it reads there.
func FuzzPlainCall(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":[1,"}"]}}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{},"NAME":"y"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, code, _ := Check(raw); code != 0 {
			t.Skip()
		}
		name, arguments, ok := PlainCall(raw)
		if !ok {
			return
		}
		var all, params map[string]json.RawMessage
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if err := json.Unmarshal(all["params"], &params); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		var read struct {
			Method string
			Params struct {
				Name      string
				Arguments json.RawMessage
			}
		}
		if err := json.Unmarshal(raw, &read); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if len(all) != 4 || len(params) != 2 || read.Method != "tools/call" || read.Params.Name != name || string(read.Params.Arguments) != string(arguments) {
			t.Fatalf("%s: got %q and %s; it holds %d and %d members, %+v", raw, name, arguments, len(all), len(params), read)
		}
	})
}
