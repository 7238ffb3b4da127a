package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// TestEncodeCall compares the short ways to write a tool's result with encoding/json's: each is one line that says the same.
func TestEncodeCall(t *testing.T) {
	meta := &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent("a\n\"b\" <c> & \u2028")}, StructuredContent: json.RawMessage("{\n \"a\": \"<\" }"), IsError: true}
	meta.EnsureResultMeta().AdditionalFields = map[string]any{"x": 1}
	for name, tool := range map[string]*mcp.CallToolResult{
		"empty":  {},
		"none":   nil,
		"text":   mcp.NewToolResultText("ok"),
		"data":   {StructuredContent: map[string]any{"b": 1, "a": []int{2}}},
		"all":    meta,
		"a link": {Content: []mcp.Content{mcp.NewResourceLink("memory://x", "memory", "", "text/plain")}},
		"plain": {Content: []mcp.Content{mcp.NewTextContent("a\n<c> \u2028"), mcp.NewResourceLink("memory://x", "memory", "", "text/plain")},
			StructuredContent: json.RawMessage(`{"a":"<\n","b":[1e400]}`)},
		"failed":  {Content: []mcp.Content{mcp.NewTextContent("no")}, StructuredContent: json.RawMessage(`{}`), IsError: true},
		"lines":   {Content: []mcp.Content{mcp.NewTextContent("x")}, StructuredContent: json.RawMessage("{\n}")},
		"a float": {StructuredContent: 1e30},
	} {
		for _, id := range [][]byte{nil, []byte("7"), []byte(`"a\u0062"`)} {
			msg := result{mcp.JSONRPC_VERSION, id, tool}
			var want bytes.Buffer
			enc := json.NewEncoder(&want)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(msg); err != nil {
				t.Fatal(err)
			}
			got, err := encode(msg)
			if err != nil || bytes.Count(got, []byte("\n")) != 1 || !reflect.DeepEqual(decoded(t, got), decoded(t, want.Bytes())) {
				t.Errorf("%s under %s: %v\n%s, want\n%s", name, id, err, got, want.Bytes())
			}
		}
	}
	var unsupported *json.MarshalerError
	if _, err := encode(result{mcp.JSONRPC_VERSION, nil, &mcp.CallToolResult{StructuredContent: math.NaN()}}); !errors.As(err, &unsupported) {
		t.Errorf("a result that is no JSON: %v", err)
	}
}

func decoded(t *testing.T, line []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	return v
}
