package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ReadGraph asks a server for all it holds.
func ReadGraph(ctx context.Context, s Server) (Graph, error) {
	var g Graph
	raw, err := s.Call(ctx, "read_graph", json.RawMessage(`{}`))
	if err != nil {
		return g, err
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		return g, errors.New("the graph cannot be read")
	}
	return g, nil
}

// Reconciled says what Reconcile has done.
type Reconciled struct {
	Added   int `json:"added"`   // entities, observations and relations
	Removed int `json:"removed"` // the same
	Left    int `json:"left"`    // facts in which the two still differ
}

// perCall is how many entities or relations go in one call.
const perCall = 200

// Reconcile brings to to the state of from through its tools, and reads both again to say whether they agree.
func Reconcile(ctx context.Context, from, to Server) (Reconciled, error) {
	var done Reconciled
	want, err := ReadGraph(ctx, from)
	if err != nil {
		return done, fmt.Errorf("read the graph to copy: %w", err)
	}
	have, err := ReadGraph(ctx, to)
	if err != nil {
		return done, fmt.Errorf("read the graph to change: %w", err)
	}
	done.Added, done.Removed = Difference(&want, &have)
	for _, step := range plan(&want, &have) {
		args, err := json.Marshal(step.args)
		if err != nil {
			return done, err
		}
		if _, err := to.Call(ctx, step.tool, args); err != nil {
			return done, fmt.Errorf("%s: %w", step.tool, err)
		}
	}
	got, err := ReadGraph(ctx, to)
	if err != nil {
		return done, err
	}
	missing, extra := Difference(&want, &got)
	done.Left = missing + extra
	return done, nil
}

type step struct {
	tool string
	args map[string]any
}

// plan lists the calls that turn have into want: what has gone first, since an entity may come back with another type.
func plan(want, have *Graph) (steps []step) {
	var gone []string
	for _, e := range have.Entities {
		if w := want.entity(e.Name); w == nil || w.Type != e.Type {
			gone = append(gone, e.Name)
		}
	}
	for part := range slices.Chunk(gone, perCall) {
		steps = append(steps, step{"delete_entities", map[string]any{"entityNames": part}})
	}
	type deletion struct {
		Entity       string   `json:"entityName"`
		Observations []string `json:"observations"`
	}
	type addition struct {
		Entity   string   `json:"entityName"`
		Contents []string `json:"contents"`
	}
	var create []Entity
	var add []addition
	var drop []deletion
	for _, w := range want.Entities {
		e := have.entity(w.Name)
		if e == nil || slices.Contains(gone, w.Name) {
			create = append(create, w)
			continue
		}
		if more := beyond(w.Observations, e.Observations); len(more) > 0 {
			add = append(add, addition{w.Name, more})
		}
		if less := beyond(e.Observations, w.Observations); len(less) > 0 {
			drop = append(drop, deletion{w.Name, less})
		}
	}
	var relate, unrelate []Relation
	for _, r := range want.Relations {
		if !slices.Contains(have.Relations, r) || slices.Contains(gone, r.From) || slices.Contains(gone, r.To) {
			relate = append(relate, r)
		}
	}
	for _, r := range have.Relations {
		if !slices.Contains(want.Relations, r) {
			unrelate = append(unrelate, r)
		}
	}
	for part := range slices.Chunk(create, perCall) {
		steps = append(steps, step{"create_entities", map[string]any{"entities": part}})
	}
	for part := range slices.Chunk(add, perCall) {
		steps = append(steps, step{"add_observations", map[string]any{"observations": part}})
	}
	for part := range slices.Chunk(drop, perCall) {
		steps = append(steps, step{"delete_observations", map[string]any{"deletions": part}})
	}
	for part := range slices.Chunk(unrelate, perCall) {
		steps = append(steps, step{"delete_relations", map[string]any{"relations": part}})
	}
	for part := range slices.Chunk(relate, perCall) {
		steps = append(steps, step{"create_relations", map[string]any{"relations": part}})
	}
	return steps
}

// beyond returns the texts of a that b lacks; blanks count once.
func beyond(a, b []string) (out []string) {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, text := range a {
		if !slices.ContainsFunc(b, func(o string) bool { return squeeze(o) == squeeze(text) }) {
			out = append(out, text)
		}
	}
	return out
}
