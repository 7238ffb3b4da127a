package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Entity is a node of the graph, with what was observed of it in order.
type Entity struct {
	Name         string   `json:"name"`
	Type         string   `json:"entityType"`
	Observations []string `json:"observations"`
}

// Relation is an edge.
type Relation struct {
	From string `json:"from"`
	To   string `json:"to"`
	Type string `json:"relationType"`
}

// Graph is a knowledge graph with the tools of the official server. The zero value is empty. Not safe for concurrent use.
type Graph struct {
	Entities  []Entity   `json:"entities"`
	Relations []Relation `json:"relations"`
}

// Change is what a tool has changed in a graph, as facts that are there now or no more.
type Change struct {
	Added, Removed []Fact
}

// Fact is the least part of a graph: that an entity is, one observation of it, or one relation.
type Fact struct {
	Entity, Type string // of an entity or an observation
	Observed     bool
	Observation  string
	Relation     Relation // the zero value for the others
}

// The tools that read, and those that change.
var (
	readers = []string{"read_graph", "search_nodes", "open_nodes"}
	writers = []string{"create_entities", "create_relations", "add_observations", "delete_entities", "delete_observations", "delete_relations"}
)

// Reads and Writes tell what a tool does; of a tool that is none of the graph's, neither.
func Reads(tool string) bool { return slices.Contains(readers, tool) }

// Writes reports whether a tool changes the graph.
func Writes(tool string) bool { return slices.Contains(writers, tool) }

type toolArgs struct {
	Entities     []Entity   `json:"entities"`
	Relations    []Relation `json:"relations"`
	Observations []struct {
		Entity   string   `json:"entityName"`
		Contents []string `json:"contents"`
	} `json:"observations"`
	EntityNames []string `json:"entityNames"`
	Deletions   []struct {
		Entity       string   `json:"entityName"`
		Observations []string `json:"observations"`
	} `json:"deletions"`
	Query string   `json:"query"`
	Names []string `json:"names"`
}

type added struct {
	Entity string   `json:"entityName"`
	Added  []string `json:"addedObservations"`
}

type done struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// Do carries a tool out on g and returns its structured result as the official server words it, and what has changed. An
// error is the tool's own, for its caller; g is unchanged then.
func (g *Graph) Do(tool string, raw json.RawMessage) (any, Change, error) {
	var in toolArgs
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, Change{}, fmt.Errorf("%s: the arguments do not fit", tool)
		}
	}
	var c Change
	switch tool {
	case "create_entities":
		return map[string]any{"entities": g.createEntities(in.Entities, &c)}, c, nil
	case "create_relations":
		return map[string]any{"relations": g.createRelations(in.Relations, &c)}, c, nil
	case "add_observations":
		for _, o := range in.Observations {
			if g.entity(o.Entity) == nil {
				return nil, Change{}, fmt.Errorf("Entity with name %s not found", o.Entity) // the official server's words
			}
		}
		out := []added{}
		for _, o := range in.Observations {
			e := g.entity(o.Entity)
			a := added{Entity: o.Entity, Added: []string{}}
			for _, text := range o.Contents {
				if !slices.Contains(e.Observations, text) {
					e.Observations, a.Added = append(e.Observations, text), append(a.Added, text)
					c.Added = append(c.Added, Fact{Entity: e.Name, Type: e.Type, Observed: true, Observation: text})
				}
			}
			out = append(out, a)
		}
		return map[string]any{"results": out}, c, nil
	case "delete_entities":
		g.deleteEntities(in.EntityNames, &c)
		return done{true, "Entities deleted successfully"}, c, nil
	case "delete_observations":
		for _, d := range in.Deletions {
			g.deleteObservations(d.Entity, d.Observations, &c)
		}
		return done{true, "Observations deleted successfully"}, c, nil
	case "delete_relations":
		g.dropRelations(&c, func(r Relation) bool { return slices.Contains(in.Relations, r) })
		return done{true, "Relations deleted successfully"}, c, nil
	case "read_graph":
		return g.part(func(*Entity) bool { return true }, true), c, nil
	case "search_nodes":
		return g.search(in.Query), c, nil
	case "open_nodes":
		return g.part(func(e *Entity) bool { return slices.Contains(in.Names, e.Name) }, false), c, nil
	}
	return nil, Change{}, errors.New("unknown tool " + tool)
}

func (g *Graph) entity(name string) *Entity {
	for i := range g.Entities {
		if g.Entities[i].Name == name {
			return &g.Entities[i]
		}
	}
	return nil
}

func (g *Graph) createEntities(in []Entity, c *Change) []Entity {
	out := []Entity{}
	for _, e := range in {
		if e.Name == "" || g.entity(e.Name) != nil {
			continue
		}
		if e.Observations == nil {
			e.Observations = []string{}
		}
		g.Entities = append(g.Entities, Entity{e.Name, e.Type, slices.Clone(e.Observations)})
		out = append(out, e)
		if len(e.Observations) == 0 {
			c.Added = append(c.Added, Fact{Entity: e.Name, Type: e.Type})
		}
		for _, o := range e.Observations {
			c.Added = append(c.Added, Fact{Entity: e.Name, Type: e.Type, Observed: true, Observation: o})
		}
	}
	return out
}

func (g *Graph) createRelations(in []Relation, c *Change) []Relation {
	out := []Relation{}
	for _, r := range in {
		if !slices.Contains(g.Relations, r) {
			g.Relations, out = append(g.Relations, r), append(out, r)
			c.Added = append(c.Added, Fact{Relation: r})
		}
	}
	return out
}

func (g *Graph) deleteEntities(names []string, c *Change) {
	g.Entities = slices.DeleteFunc(g.Entities, func(e Entity) bool {
		if !slices.Contains(names, e.Name) {
			return false
		}
		c.Removed = append(c.Removed, Fact{Entity: e.Name, Type: e.Type})
		for _, o := range e.Observations {
			c.Removed = append(c.Removed, Fact{Entity: e.Name, Type: e.Type, Observed: true, Observation: o})
		}
		return true
	})
	g.dropRelations(c, func(r Relation) bool { return slices.Contains(names, r.From) || slices.Contains(names, r.To) })
}

// deleteObservations leaves an entity behind that has none any more.
func (g *Graph) deleteObservations(name string, texts []string, c *Change) {
	e := g.entity(name)
	if e == nil {
		return
	}
	before := len(e.Observations)
	e.Observations = slices.DeleteFunc(e.Observations, func(o string) bool {
		if !slices.Contains(texts, o) {
			return false
		}
		c.Removed = append(c.Removed, Fact{Entity: e.Name, Type: e.Type, Observed: true, Observation: o})
		return true
	})
	if before > 0 && len(e.Observations) == 0 {
		c.Added = append(c.Added, Fact{Entity: e.Name, Type: e.Type})
	}
}

func (g *Graph) dropRelations(c *Change, drop func(Relation) bool) {
	g.Relations = slices.DeleteFunc(g.Relations, func(r Relation) bool {
		if drop(r) {
			c.Removed = append(c.Removed, Fact{Relation: r})
			return true
		}
		return false
	})
}

func (g *Graph) search(query string) Graph {
	query = strings.ToLower(query)
	in := func(s string) bool { return strings.Contains(strings.ToLower(s), query) }
	return g.part(func(e *Entity) bool { return in(e.Name) || in(e.Type) || slices.ContainsFunc(e.Observations, in) }, false)
}

// part is the entities that are wanted, and the relations that touch one of them; all relations when asked.
func (g *Graph) part(want func(*Entity) bool, all bool) Graph {
	out := Graph{Entities: []Entity{}, Relations: []Relation{}}
	names := map[string]bool{}
	for i := range g.Entities {
		if e := g.Entities[i]; want(&e) {
			if e.Observations == nil {
				e.Observations = []string{}
			}
			out.Entities, names[e.Name] = append(out.Entities, e), true
		}
	}
	for _, r := range g.Relations {
		if all || names[r.From] || names[r.To] {
			out.Relations = append(out.Relations, r)
		}
	}
	return out
}

// Empty reports whether nothing is in it.
func (g *Graph) Empty() bool { return len(g.Entities) == 0 && len(g.Relations) == 0 }

// facts takes a graph apart, whatever the order; blanks count once, as in a memory's identity.
func (g *Graph) facts() map[Fact]bool {
	out := map[Fact]bool{}
	for _, e := range g.Entities {
		out[Fact{Entity: e.Name, Type: e.Type}] = true
		for _, o := range e.Observations {
			out[Fact{Entity: e.Name, Type: e.Type, Observed: true, Observation: strings.Join(strings.Fields(o), " ")}] = true
		}
	}
	for _, r := range g.Relations {
		out[Fact{Relation: r}] = true
	}
	return out
}

// Difference counts what of want is not in got, and what is in got beyond it.
func Difference(want, got *Graph) (missing, extra int) {
	w, g := want.facts(), got.facts()
	for f := range w {
		if !g[f] {
			missing++
		}
	}
	for f := range g {
		if !w[f] {
			extra++
		}
	}
	return missing, extra
}
