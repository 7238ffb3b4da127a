package link

import (
	"encoding/json"
	"testing"
)

func TestLift(t *testing.T) {
	for name, tc := range map[string]struct {
		message     string
		rest, value string // "" for nothing to lift
	}{
		"a call":               {`{"id":1,"params":{"name":"x","arguments":{"a":"}\"{"},"_meta":{}}}`, `{"id":1,"params":{"name":"x","arguments":null,"_meta":{}}}`, `{"a":"}\"{"}`},
		"blanks":               {" {\n\"params\" : { \"arguments\" : [ 1 , 2 ] } } ", " {\n\"params\" : { \"arguments\" : null } } ", "[ 1 , 2 ]"},
		"null":                 {`{"params":{"arguments":null}}`, `{"params":{"arguments":null}}`, `null`},
		"none":                 {`{"params":{"name":"x"}}`, "", ""},
		"no params":            {`{"id":1}`, "", ""},
		"params of other form": {`{"params":[{"arguments":{}}]}`, "", ""},
		"twice":                {`{"params":{"arguments":{},"arguments":{"a":1}}}`, "", ""},
		"params twice":         {`{"params":{"arguments":{}},"params":{}}`, "", ""},
		"another spelling":     {`{"params":{"arguments":{},"Arguments":{"a":1}}}`, "", ""},
		"a letter like s":      {`{"params":{"arguments":{},"argumentſ":{"a":1}}}`, "", ""},
		"escaped":              {`{"params":{"arguments":{},"argument\u0073":{"a":1}}}`, "", ""},
		"deeper":               {`{"params":{"_meta":{"arguments":{}}}}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			rest, value, ok := Lift([]byte(tc.message), "params", "arguments")
			if string(rest) != tc.rest || string(value) != tc.value || ok != (tc.value != "") {
				t.Errorf("got %s and %s, %v; want %s and %s", rest, value, ok, tc.rest, tc.value)
			}
		})
	}
}

// FuzzLift checks that what is lifted is what encoding/json reads there, and that all the rest stays.
func FuzzLift(f *testing.F) {
	f.Add([]byte(`{"id":1,"params":{"name":"x","arguments":{"a":[1,"}"]},"Name":"y"}}`))
	f.Add([]byte(`{"params":{"arguments":{},"ARGUMENTS":1},"Params":{"arguments":2}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := Parse(raw); err != nil {
			t.Skip()
		}
		rest, value, ok := Lift(raw, "params", "arguments")
		if !ok {
			return
		}
		type message struct {
			Params struct {
				Arguments json.RawMessage `json:"arguments"`
				Name      any             `json:"name"`
			} `json:"params"`
			ID any `json:"id"`
		}
		var before, after message
		if err := json.Unmarshal(raw, &before); err != nil {
			return // members of other types
		}
		if err := json.Unmarshal(rest, &after); err != nil {
			t.Fatalf("%s became %s: %v", raw, rest, err)
		}
		if string(before.Params.Arguments) != string(value) || string(after.Params.Arguments) != "null" {
			t.Fatalf("lifted %s of %s, which is %s; %s is left", value, raw, before.Params.Arguments, after.Params.Arguments)
		}
	})
}
