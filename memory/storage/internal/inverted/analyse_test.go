package inverted

import (
	"reflect"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/scope"
)

func TestAnalyse(t *testing.T) {
	for name, tc := range map[string]struct {
		m                   memory.Memory
		body, title, labels string // texts whose terms they are
		turn                bool
	}{
		"note": {memory.Memory{Content: "We chose Postgres", Title: "Ledger database", Tags: []string{"storage", "go"}},
			"We chose Postgres", "Ledger database", "storage go", false},
		"turn": {memory.Memory{Content: "zq1x [8 May, 2023] Caroline: painting classes"},
			"painting classes", "", "zq1x [8 May, 2023] Caroline Caroline Caroline", true},
		"speaker in the metadata": {memory.Memory{Content: "painting classes", Metadata: map[string]any{"speaker": "Mel"}},
			"painting classes", "", "Mel Mel Mel", true},
	} {
		t.Run(name, func(t *testing.T) {
			want := Terms{Body: analysis.Terms(tc.body), Title: analysis.Terms(tc.title), Labels: analysis.Terms(tc.labels), Turn: tc.turn}
			if got := Analyse(&tc.m); !reflect.DeepEqual(got, want) {
				t.Errorf("Analyse = %+v; want %+v", got, want)
			}
		})
	}
}

func TestNewDocAndQuestion(t *testing.T) {
	at := time.Date(2023, 5, 8, 13, 56, 0, 0, time.UTC)
	m := memory.Memory{Content: "Anna: paints", Project: "p", Session: "s", Kind: "k", Tags: []string{"t"},
		Scope: scope.Shared, State: memory.Archived, OccurredAt: at, CreatedAt: at.Add(time.Hour), UpdatedAt: at.Add(2 * time.Hour)}
	d := NewDoc(7, &m, Analyse(&m))
	if d.Row != 7 || d.Project != "p" || d.Session != "s" || d.Kind != "k" || d.Scope != scope.Shared || d.State != memory.Archived ||
		d.At != at.UnixMilli() || d.Updated != m.UpdatedAt.UnixMilli() || !d.Turn {
		t.Errorf("NewDoc = %+v", d)
	}
	x := New(Options{})
	x.Put(d)
	sel := x.Select(memory.Filter{States: []memory.State{memory.Archived}, Tags: []string{"t"}, Since: at, Until: at.Add(1)})
	if hits := x.Search(Question("Does Anna paint?"), sel, 3); len(hits) != 1 || hits[0].Row != 7 {
		t.Errorf("hits = %v; want row 7", hits)
	}
}
