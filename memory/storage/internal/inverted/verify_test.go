package inverted

import (
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

func TestMatches(t *testing.T) {
	x := New(Options{})
	doc := Doc{
		Row: 3, Body: []string{"heron", "canal", "canal"}, Title: []string{"bird"}, Labels: []string{"water"}, Project: "p", Session: "s", Kind: "note",
		Tags: []string{"red"}, Scope: scope.Project, State: memory.Active, At: 5, Updated: 7,
	}
	if x.Has(3) || x.Matches(doc) {
		t.Error("an empty index holds the document")
	}
	x.Put(Doc{Row: 1, Body: []string{"otter"}, Project: "q", Scope: scope.Project})
	x.Put(doc)
	if !x.Has(3) || !x.Matches(doc) {
		t.Error("the index does not hold what was put")
	}
	for name, change := range map[string]func(*Doc){
		"row": func(d *Doc) { d.Row = 2 }, "scope": func(d *Doc) { d.Scope = scope.Private }, "state": func(d *Doc) { d.State = memory.Archived },
		"turn": func(d *Doc) { d.Turn = true }, "time": func(d *Doc) { d.At++ }, "updated": func(d *Doc) { d.Updated++ },
		"project": func(d *Doc) { d.Project = "none" }, "tag of none": func(d *Doc) { d.Tags = []string{"blue"} },
		"word more": func(d *Doc) { d.Body = append(d.Body[:3:3], "heron") }, "word of another": func(d *Doc) { d.Body = []string{"otter", "canal", "canal"} },
	} {
		other := doc
		change(&other)
		if x.Matches(other) {
			t.Errorf("another %s passes", name)
		}
	}
	x.Remove(3)
	if x.Has(3) || x.Matches(doc) {
		t.Error("the index holds what was removed")
	}
}
