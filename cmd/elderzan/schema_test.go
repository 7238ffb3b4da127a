package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// offered holds the schemas of the first server that was asked.
var offered struct {
	sync.Once
	schemas map[string]*jsonschema.Schema
}

// toolList is the result of tools/list.
type toolList struct {
	Tools []struct {
		Name         string          `json:"name"`
		InputSchema  json.RawMessage `json:"inputSchema"`
		OutputSchema json.RawMessage `json:"outputSchema"`
	} `json:"tools"`
}

// schemas compiles the output schemas by tool, as draft 2020-12.
func (l toolList) schemas(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	all := map[string]*jsonschema.Schema{}
	for _, tool := range l.Tools {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(tool.OutputSchema)))
		if err != nil {
			t.Errorf("output schema of %s: %v", tool.Name, err)
			continue
		}
		c := jsonschema.NewCompiler()
		c.DefaultDraft(jsonschema.Draft2020)
		if err := c.AddResource("mem:///"+tool.Name, doc); err != nil {
			t.Errorf("output schema of %s: %v", tool.Name, err)
			continue
		}
		if all[tool.Name], err = c.Compile("mem:///" + tool.Name); err != nil {
			t.Errorf("output schema of %s: %v", tool.Name, err)
		}
	}
	return all
}

// checkResult validates a tool's data against its output schema, and that the text beside it is the same JSON.
func checkResult(t testing.TB, schemas map[string]*jsonschema.Schema, tool string, r toolResult) {
	t.Helper()
	schema := schemas[tool]
	if schema == nil { // of a hidden tool
		t.Errorf("%s has no output schema", tool)
		return
	}
	data, err := jsonschema.UnmarshalJSON(strings.NewReader(string(r.Structured)))
	if err != nil {
		t.Errorf("%s: %v in %.300q", tool, err, r.Structured)
		return
	}
	if err := schema.Validate(data); err != nil {
		t.Errorf("%s: the result does not fit its schema: %v", tool, err)
	}
	var text, structured any
	if err := json.Unmarshal([]byte(r.text()), &text); err != nil {
		t.Errorf("%s: text is no JSON: %v", tool, err)
	}
	if err := json.Unmarshal(r.Structured, &structured); err != nil || !reflect.DeepEqual(text, structured) {
		t.Errorf("%s: text %.300q and data %.300q differ", tool, r.text(), r.Structured)
	}
}
