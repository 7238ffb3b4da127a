package tools

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

//go:embed schema/*.json
var schemas embed.FS

// definition is one file of schema.
type definition struct {
	name         string
	arguments    []string // names the input schema offers, sorted
	Title        string
	Description  string
	Annotations  mcp.ToolAnnotation
	InputSchema  json.RawMessage
	OutputSchema json.RawMessage
}

// definitions holds the tools by name. A file that cannot be read is a mistake in the binary.
var definitions = func() map[string]*definition {
	files, err := fs.Glob(schemas, "schema/*.json")
	if err != nil {
		panic(err)
	}
	all := make(map[string]*definition, len(files))
	for _, f := range files {
		d, err := readDefinition(f)
		if err != nil {
			panic(fmt.Errorf("tools: %s: %w", f, err))
		}
		all[d.name] = d
	}
	return all
}()

// Has reports whether a tool is one of this package's.
func Has(name string) bool { return definitions[name] != nil }

func readDefinition(file string) (*definition, error) {
	b, err := schemas.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d := &definition{name: strings.TrimSuffix(path.Base(file), ".json")}
	if err := json.Unmarshal(b, d); err != nil {
		return nil, err
	}
	d.InputSchema, d.OutputSchema = compact(d.InputSchema), compact(d.OutputSchema)
	var in struct{ Properties map[string]json.RawMessage }
	if err := json.Unmarshal(d.InputSchema, &in); err != nil {
		return nil, err
	}
	for name := range in.Properties {
		d.arguments = append(d.arguments, name)
	}
	slices.Sort(d.arguments)
	return d, nil
}

func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		panic(err) // raw was just decoded
	}
	return b.Bytes()
}
