package sync

import (
	"slices"
	"testing"
	"time"
)

func TestMerge(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) Stamp { return wall(now.Add(time.Duration(minutes) * time.Minute)) }
	base := Doc{Text: "old", Tags: []string{"a", "b"}, Attrs: Attrs{Kind: "note", Importance: 0.5}}
	edit := func(stamp Stamp, fn func(*Doc)) *Doc {
		d := base
		d.Tags = slices.Clone(base.Tags)
		d.Stamp, d.Device = stamp, "remote"
		fn(&d)
		return &d
	}
	for name, tc := range map[string]struct {
		local, remote  *Doc
		text           string
		tags           []string
		kind           string
		conflict, keep bool
	}{
		"text here, tags there":     {edit(at(-2), func(d *Doc) { d.Text = "mine" }), edit(at(-1), func(d *Doc) { d.Tags = []string{"a"} }), "mine", []string{"a"}, "note", false, false},
		"tags on both sides":        {edit(at(-2), func(d *Doc) { d.Tags = []string{"a", "b", "c"} }), edit(at(-1), func(d *Doc) { d.Tags = []string{"b"} }), "old", []string{"b", "c"}, "note", false, false},
		"kind on both, later there": {edit(at(-2), func(d *Doc) { d.Attrs.Kind = "fact" }), edit(at(-1), func(d *Doc) { d.Attrs.Kind = "decision" }), "old", []string{"a", "b"}, "decision", false, false},
		"text on both, later here":  {edit(at(-1), func(d *Doc) { d.Text = "mine" }), edit(at(-2), func(d *Doc) { d.Text = "theirs" }), "mine", []string{"a", "b"}, "note", true, false},
		"text on both, later there": {edit(at(-2), func(d *Doc) { d.Text = "mine" }), edit(at(-1), func(d *Doc) { d.Text = "theirs" }), "theirs", []string{"a", "b"}, "note", true, false},
		"same text on both":         {edit(at(-2), func(d *Doc) { d.Text = "both" }), edit(at(-1), func(d *Doc) { d.Text = "both" }), "both", []string{"a", "b"}, "note", false, false},
		"a clock ten years ahead wins nothing over one an hour ahead": {edit(at(90), func(d *Doc) { d.Text = "mine" }),
			edit(at(10*365*24*60), func(d *Doc) { d.Text = "theirs"; d.Device = "a" }), "mine", []string{"a", "b"}, "note", true, false},
		"deleted there": {edit(at(-1), func(d *Doc) { d.Text = "mine" }), &Doc{Deleted: true, Stamp: at(-2)}, "", nil, "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := merge(&base, tc.local, tc.remote, "local", now)
			if m.doc.Text != tc.text || !slices.Equal(m.doc.Tags, tc.tags) || m.doc.Attrs.Kind != tc.kind || m.conflict != tc.conflict || m.keep != tc.keep {
				t.Errorf("got %q %v %q conflict %v keep %v", m.doc.Text, m.doc.Tags, m.doc.Attrs.Kind, m.conflict, m.keep)
			}
			if tc.conflict && (len(m.doc.Others) != 1 || m.doc.Others[0].Base != "old") {
				t.Errorf("put aside: %+v", m.doc.Others)
			}
		})
	}
	if m := merge(&base, &Doc{Deleted: true}, edit(at(0), func(d *Doc) { d.Text = "theirs" }), "local", now); !m.doc.Deleted {
		t.Error("a deletion made here was undone")
	}
}
