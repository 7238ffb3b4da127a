package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// inMemory is a Server on a Graph.
type inMemory struct {
	g    Graph
	fail func(tool string) error
}

func (m *inMemory) Call(_ context.Context, tool string, args json.RawMessage) (json.RawMessage, error) {
	if m.fail != nil {
		if err := m.fail(tool); err != nil {
			return nil, err
		}
	}
	out, _, err := m.g.Do(tool, args)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func do(t testing.TB, g *Graph, tool, args string) (string, Change) {
	t.Helper()
	out, c, err := g.Do(tool, json.RawMessage(args))
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), c
}

func TestTools(t *testing.T) {
	var g Graph
	got, c := do(t, &g, "create_entities", `{"entities":[{"name":"Mia","entityType":"person","observations":["likes tea","likes tea"]},{"name":"Orion","entityType":"project","observations":[]},{"name":"Mia","entityType":"cat","observations":[]}]}`)
	if strings.Count(got, `"name"`) != 2 || len(c.Added) != 3 {
		t.Errorf("create_entities = %s, %+v", got, c)
	}
	got, c = do(t, &g, "add_observations", `{"observations":[{"entityName":"Mia","contents":["likes tea","lives in Oslo"]}]}`)
	if got != `{"results":[{"entityName":"Mia","addedObservations":["lives in Oslo"]}]}` || len(c.Added) != 1 {
		t.Errorf("add_observations = %s, %+v", got, c)
	}
	do(t, &g, "create_relations", `{"relations":[{"from":"Mia","to":"Orion","relationType":"leads"},{"from":"Mia","to":"Orion","relationType":"leads"}]}`)
	if got, _ = do(t, &g, "open_nodes", `{"names":["Orion"]}`); got != `{"entities":[{"name":"Orion","entityType":"project","observations":[]}],"relations":[{"from":"Mia","to":"Orion","relationType":"leads"}]}` {
		t.Errorf("open_nodes = %s", got)
	}
	if got, _ = do(t, &g, "search_nodes", `{"query":"OSLO"}`); !strings.Contains(got, "Mia") || strings.Contains(got, `"Orion","entityType"`) {
		t.Errorf("search_nodes = %s", got)
	}
	_, c = do(t, &g, "delete_observations", `{"deletions":[{"entityName":"Mia","observations":["likes tea","lives in Oslo"]},{"entityName":"nobody","observations":["x"]}]}`)
	if len(c.Removed) != 3 || len(c.Added) != 1 { // the entity stays
		t.Errorf("delete_observations: %+v", c)
	}
	_, c = do(t, &g, "delete_entities", `{"entityNames":["Mia"]}`)
	if got, _ = do(t, &g, "read_graph", `{}`); len(c.Removed) != 2 || got != `{"entities":[{"name":"Orion","entityType":"project","observations":[]}],"relations":[]}` {
		t.Errorf("after deleting: %s, %+v", got, c)
	}
	for tool, args := range map[string]string{"add_observations": `{"observations":[{"entityName":"nobody","contents":["x"]}]}`, "read_graph": `[`, "other": `{}`} {
		if _, _, err := g.Do(tool, json.RawMessage(args)); err == nil {
			t.Errorf("%s with %s succeeded", tool, args)
		}
	}
}

func anyGraph(t *rapid.T, label string) Graph {
	var g Graph
	names := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	texts := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "z", "long text", "w"}), 0, 4, rapid.ID)
	for range rapid.IntRange(0, 4).Draw(t, label) {
		if name := names.Draw(t, "name"); g.entity(name) == nil {
			g.Entities = append(g.Entities, Entity{name, rapid.SampledFrom([]string{"p", "q"}).Draw(t, "type"), texts.Draw(t, "texts")})
		}
		if r := (Relation{names.Draw(t, "from"), names.Draw(t, "to"), "knows"}); !slices.Contains(g.Relations, r) {
			g.Relations = append(g.Relations, r)
		}
	}
	return g
}

// Whatever the two hold, Reconcile makes the second like the first, and a second time has nothing to do.
func TestReconcile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := &inMemory{g: anyGraph(t, "from")}, &inMemory{g: anyGraph(t, "to")}
		r, err := Reconcile(t.Context(), from, to)
		if err != nil || r.Left != 0 {
			t.Fatalf("Reconcile = %+v, %v", r, err)
		}
		if missing, extra := Difference(&from.g, &to.g); missing+extra != 0 {
			t.Fatalf("%d missing, %d extra", missing, extra)
		}
		if r, err = Reconcile(t.Context(), from, to); err != nil || r != (Reconciled{}) {
			t.Fatalf("again: %+v, %v", r, err)
		}
	})
}

func TestReconcileTellsOfTrouble(t *testing.T) {
	full := &inMemory{g: Graph{Entities: []Entity{{"a", "p", []string{"x"}}}}}
	for _, tool := range []string{"read_graph", "create_entities"} {
		broken := errors.New("broken")
		to := &inMemory{fail: func(t string) error {
			if t == tool {
				return broken
			}
			return nil
		}}
		if _, err := Reconcile(t.Context(), full, to); !errors.Is(err, broken) {
			t.Errorf("%s: %v", tool, err)
		}
	}
}

func TestPhases(t *testing.T) {
	p, n := Wrap, 0
	for ok := true; ok; n++ {
		var next Phase
		if next, ok = p.Next(); ok {
			if back, _ := next.Back(); back != p {
				t.Errorf("back from %s is %s", next, back)
			}
			p = next
		}
	}
	if _, ok := Wrap.Back(); ok || p != Retired || n != 4 {
		t.Errorf("the last phase is %s after %d", p, n)
	}
}

// Processes that count at once lose nothing.
func TestStateIsSharedSafely(t *testing.T) {
	f := StateFile(t.TempDir())
	if _, err := f.Load(); !errors.Is(err, ErrNone) {
		t.Fatalf("Load = %v, want ErrNone", err)
	}
	if err := f.Save(State{Command: []string{"x"}, Phase: Dual}); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 25 {
				err = errors.Join(err, f.Update(func(s *State) error { s.Counts.Reads++; return nil }))
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if s, err := f.Load(); err != nil || s.Counts.Reads != 200 || s.Phase != Dual {
		t.Errorf("state = %+v, %v", s, err)
	}
	if err := f.Update(func(*State) error { return fmt.Errorf("no") }); err == nil {
		t.Error("a refused change was kept")
	}
	if err := f.Remove(); err != nil {
		t.Error(err)
	}
}
