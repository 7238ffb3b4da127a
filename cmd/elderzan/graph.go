package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/migrate"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/portable/foreign"
)

type graphCall struct {
	Tool string          `json:"tool"`
	Args json.RawMessage `json:"args"`
}

type graphAnswer struct {
	Result json.RawMessage `json:"result"`
}

// graphTurn lets one call at a time change the knowledge graph: it is read, changed and written.
var graphTurn sync.Mutex

// graph carries out a tool of the official server-memory on the memories that belong to a knowledge graph.
func (a *admin) graph(ctx context.Context, st *stack, in graphCall) (any, error) {
	graphTurn.Lock()
	defer graphTurn.Unlock()
	c := a.caller(ctx)
	c.RequestKey = "" // one call makes several changes
	g, err := loadGraph(ctx, st.service, c)
	if err != nil {
		return nil, err
	}
	result, change, err := g.Do(in.Tool, in.Args)
	if err != nil {
		return nil, err
	}
	if err := storeChange(ctx, st.service, c, change); err != nil {
		return nil, err
	}
	b, err := json.Marshal(result)
	return graphAnswer{Result: b}, err
}

// loadGraph reads the graph from its memories, in the order in which they were made.
func loadGraph(ctx context.Context, s *memory.Service, c memory.Caller) (*migrate.Graph, error) {
	var ms []memory.Memory
	for cursor := ""; ; {
		p, err := s.Search(ctx, c, memory.SearchQuery{
			Filter: memory.Filter{Tags: []string{foreign.GraphTag}, States: []memory.State{memory.Active, memory.Archived}}, Sort: memory.SortOldest, Cursor: cursor, Limit: memory.MaxLimit,
		})
		if err != nil {
			return nil, err
		}
		ms = append(ms, p.Memories...)
		if cursor = p.NextCursor; cursor == "" {
			break
		}
	}
	slices.SortStableFunc(ms, func(a, b memory.Memory) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	g := &migrate.Graph{}
	at := map[string]int{}
	for i := range ms {
		md := ms[i].Metadata
		text := func(key string) string { s, _ := md[key].(string); return s }
		if from := text("from"); from != "" {
			g.Relations = append(g.Relations, migrate.Relation{From: from, To: text("to"), Type: text("relation")})
			continue
		}
		name := text("entity")
		if name == "" {
			continue
		}
		n, known := at[name]
		if !known {
			n = len(g.Entities)
			at[name] = n
			g.Entities = append(g.Entities, migrate.Entity{Name: name, Type: text("entity_type"), Observations: []string{}})
		}
		if observed, _ := md["observation"].(bool); observed {
			g.Entities[n].Observations = append(g.Entities[n].Observations, observationOf(name, ms[i].Content))
		}
	}
	return g, nil
}

// observationOf takes the name off that the memory's text begins with; one that a person has rewritten is as it is.
func observationOf(name, content string) string {
	if prefix := name + ": "; len(content) > len(prefix) && content[:len(prefix)] == prefix {
		return content[len(prefix):]
	}
	return content
}

// storeChange makes the memories what the change says: removed first, since a fact may come back.
func storeChange(ctx context.Context, s *memory.Service, c memory.Caller, change migrate.Change) error {
	var gone []memory.ID
	for _, f := range change.Removed {
		for _, e := range partOf(f).AsEntries() {
			if ms, err := s.Get(ctx, c, []memory.ID{e.Memory.ID}); err == nil && ms[0].State != memory.Forgotten {
				gone = append(gone, e.Memory.ID)
			}
		}
	}
	for ids := range slices.Chunk(gone, memory.MaxBatch) {
		if _, err := s.Forget(ctx, c, memory.ForgetInput{IDs: ids, Reason: "removed from the knowledge graph"}); err != nil {
			return err
		}
	}
	now, n := time.Now().UTC().Truncate(time.Millisecond), 0
	for _, f := range change.Added {
		for _, e := range partOf(f).AsEntries() {
			m := e.Memory
			m.CreatedAt, n = now.Add(time.Duration(n)*time.Millisecond), n+1 // keeps the order
			m.Trust = memory.TrustAgent
			if err := addPart(ctx, s, c, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func partOf(f migrate.Fact) foreign.GraphPart {
	switch {
	case f.Relation != migrate.Relation{}:
		return foreign.GraphPart{Type: "relation", From: f.Relation.From, To: f.Relation.To, RelationType: f.Relation.Type}
	case f.Observed:
		return foreign.GraphPart{Type: "entity", Name: f.Entity, EntityType: f.Type, Observations: []string{f.Observation}}
	}
	return foreign.GraphPart{Type: "entity", Name: f.Entity, EntityType: f.Type}
}

// addPart stores a part of the graph, brings it back where it was forgotten, or takes a memory with the same text in.
func addPart(ctx context.Context, s *memory.Service, c memory.Caller, m memory.Memory) error {
	r, err := s.Import(ctx, c, m)
	if err != nil {
		return err
	}
	if !r.Known {
		return nil
	}
	ms, err := s.Get(ctx, c, []memory.ID{r.ID})
	if err != nil {
		return fmt.Errorf("add to the knowledge graph: %w", err)
	}
	in := memory.ReviseInput{ID: r.ID}
	if ms[0].State == memory.Forgotten {
		in.Restore = true
	}
	if r.ID != m.ID && !slices.Contains(ms[0].Tags, foreign.GraphTag) {
		tags := append(slices.Clone(ms[0].Tags), m.Tags...)
		metadata := map[string]any{}
		for _, from := range []map[string]any{ms[0].Metadata, m.Metadata} {
			for k, v := range from {
				metadata[k] = v
			}
		}
		in.Tags, in.Metadata = &tags, &metadata
	}
	if !in.Restore && in.Tags == nil {
		return nil
	}
	_, err = s.Revise(ctx, c, in)
	return err
}
