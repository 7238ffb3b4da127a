package foreign

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/elderzan/elderzan/memory"
)

// graphLine is one line of the official server's memory.jsonl: an entity or a relation.
type graphLine struct {
	Type         string   `json:"type"`
	Name         string   `json:"name"`
	EntityType   string   `json:"entityType"`
	Observations []string `json:"observations"`
	From         string   `json:"from"`
	To           string   `json:"to"`
	RelationType string   `json:"relationType"`
}

// maxGraphLine bounds a line: an entity holds all its observations.
const maxGraphLine = 256 << 20

// readServerMemory reads the knowledge graph of @modelcontextprotocol/server-memory. Each observation and each relation is a
// memory that says whose it is, since one is found by what it says.
func readServerMemory(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	return s.files("*.json*", func(_ string, in io.Reader) error {
		sc := bufio.NewScanner(skipBOM(in))
		sc.Buffer(make([]byte, 0, 64<<10), maxGraphLine)
		n := 1
		for ; sc.Scan(); n++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			if strings.TrimSpace(sc.Text()) == "" {
				continue
			}
			where := fmt.Sprintf("line %d", n)
			var l graphLine
			if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
				if err := complain(yield, where, notJSON(err)); err != nil {
					return err
				}
				continue
			}
			es, err := l.entries(where)
			if err != nil {
				err = complain(yield, where, err)
			} else {
				err = emit(yield, es...)
			}
			if err != nil {
				return err
			}
		}
		if err := sc.Err(); err != nil {
			return fmt.Errorf("line %d: %w", n, err) // nothing can be read after it
		}
		return nil
	})
}

func (l *graphLine) entries(where string) ([]Entry, error) {
	switch {
	case l.Type == "entity" && l.Name != "":
		if len(l.Observations) == 0 {
			return entries(ServerMemory, where, EntityMemory(l.Name, l.EntityType), "entity", l.Name), nil
		}
		var out []Entry
		for _, o := range l.Observations {
			out = append(out, entries(ServerMemory, where, ObservationMemory(l.Name, l.EntityType, o), "observation", l.Name, o)...)
		}
		return out, nil
	case l.Type == "relation" && l.From != "" && l.To != "":
		return entries(ServerMemory, where, RelationMemory(l.From, l.RelationType, l.To), "relation", l.From, l.RelationType, l.To), nil
	}
	return nil, errors.New("neither an entity nor a relation")
}

// GraphTag marks what came from, or belongs to, a knowledge graph, so that it is found again as a graph.
const GraphTag = "knowledge-graph"

// EntityMemory is an entity of which nothing is observed.
func EntityMemory(name, entityType string) memory.Memory {
	return memory.Memory{
		Content: name + " (" + entityType + ")", Tags: []string{GraphTag, entityType},
		Metadata: map[string]any{"entity": name, "entity_type": entityType},
	}
}

// ObservationMemory is what was observed of an entity.
func ObservationMemory(name, entityType, observation string) memory.Memory {
	return memory.Memory{
		Content: name + ": " + observation, Tags: []string{GraphTag, entityType},
		Metadata: map[string]any{"entity": name, "entity_type": entityType, "observation": true},
	}
}

// RelationMemory is how two entities stand to each other.
func RelationMemory(from, relation, to string) memory.Memory {
	return memory.Memory{
		Content: from + " " + strings.ReplaceAll(relation, "_", " ") + " " + to, Kind: "relation", Tags: []string{GraphTag},
		Metadata: map[string]any{"from": from, "relation": relation, "to": to},
	}
}

// AsEntries turns a part of a graph into what readServerMemory makes of it.
func (l GraphPart) AsEntries() []Entry {
	es, err := (*graphLine)(&l).entries("graph")
	if err != nil {
		return nil // a part without a name is none
	}
	return es
}

// GraphPart is an entity with observations, or a relation, of the official server's graph. Type is "entity" or "relation".
type GraphPart graphLine
