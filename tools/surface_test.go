package tools

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

func TestGoldens(t *testing.T) {
	w := newWorld(t, nil)
	tools, err := w.client.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "tools.json", tools)
	resources, err := w.client.ListResources(t.Context(), mcp.ListResourcesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "resources.json", resources)
	templates, err := w.client.ListResourceTemplates(t.Context(), mcp.ListResourceTemplatesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "templates.json", templates)
	offered, err := w.client.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "prompts.json", offered)
}

// maxListBytes is what every client pays for, in every session.
const maxListBytes = 12 << 10

func TestToolList(t *testing.T) {
	w := newWorld(t, nil)
	answer := Handle(t.Context(), w.server, json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	b := mustMarshal(t, answer)
	if len(b) > maxListBytes {
		t.Errorf("tools/list is %d bytes; want at most %d", len(b), maxListBytes)
	}
	t.Logf("tools/list is %d bytes", len(b))
	var names []string
	for _, tool := range decode[struct{ Result struct{ Tools []mcp.Tool } }](t, string(b)).Result.Tools {
		names = append(names, tool.Name)
		if tool.Title == "" || tool.Description == "" || tool.Annotations.ReadOnlyHint == nil {
			t.Errorf("%s lacks a title, a description or annotations", tool.Name)
		}
	}
	want := []string{"classify", "forget", "recall", "remember", "revise", "search", "share", "status", "workspace"}
	if !slices.Equal(names, want) {
		t.Errorf("tools = %v; want %v", names, want)
	}
	for name, d := range definitions {
		compile(t, name+"-in", d.InputSchema)
		compile(t, name+"-out", d.OutputSchema)
		in := decode[struct{ AdditionalProperties *bool }](t, string(d.InputSchema))
		if in.AdditionalProperties == nil || *in.AdditionalProperties {
			t.Errorf("%s: input schema lets any name through", name)
		}
	}
}
