package sync

import (
	"slices"
	"strings"
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

// What two began with may not be known: both texts are kept, and neither is taken for one that was there before.
func TestMergeWithoutABase(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	local := &Doc{Text: "mine", Tags: []string{"a"}, Stamp: wall(now.Add(-time.Minute)), Device: "local"}
	remote := &Doc{Text: "theirs", Tags: []string{"b"}, Stamp: wall(now.Add(-time.Hour)), Device: "remote"}
	for name, base := range map[string]*Doc{"unknown": nil, "deleted": {Deleted: true, Text: "gone", Tags: []string{"a", "b"}}} {
		m := merge(base, local, remote, "local", now)
		if m.doc.Text != "mine" || !m.conflict || len(m.doc.Others) != 1 || m.doc.Others[0].Text != "theirs" || m.doc.Others[0].Base != "" {
			t.Errorf("%s: %q with %+v beside it", name, m.doc.Text, m.doc.Others)
		}
		if !slices.Equal(m.doc.Tags, []string{"b", "a"}) {
			t.Errorf("%s: tags %v", name, m.doc.Tags)
		}
	}
}

// Texts that wait fit a record however many conflicts there were: what they began with goes first, then the oldest; the
// newest is always kept, and with it what it began with while there is room.
func TestWaitingTextsAreBounded(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	long := func(c string, n int) string { return strings.Repeat(c, n) }
	size := func(vs []Version) (n int) {
		for _, v := range vs {
			n += len(v.Text) + len(v.Title) + len(v.Base)
		}
		return n
	}
	base := &Doc{Text: long("b", maxBase)}
	for i := range 12 {
		at := func(minutes int) Stamp { return wall(now.Add(time.Duration(10*i+minutes) * time.Minute)) }
		remote, local := *base, *base
		remote.Text, remote.Stamp, remote.Device = long(string(rune('A'+i)), 60<<10), at(1), "remote"
		local.Text, local.Stamp = long(string(rune('a'+i)), maxBase), at(2)
		m := merge(base, &local, &remote, "local", now.Add(time.Duration(10*i)*time.Minute))
		others := m.doc.Others
		if !m.conflict || size(others) > maxOthers || len(others) == 0 || others[len(others)-1].Text != remote.Text {
			t.Fatalf("conflict %d: %d texts of %d bytes wait", i, len(others), size(others))
		}
		if i == 0 && others[0].Base != base.Text {
			t.Error("what one text began with was left out although there is room")
		}
		if i > 2 && len(others) != 2 {
			t.Errorf("conflict %d: %d texts wait; two of this length fit", i, len(others))
		}
		for k := 1; k < len(others); k++ {
			if others[k-1].Stamp > others[k].Stamp {
				t.Errorf("conflict %d: the texts are not in order", i)
			}
		}
		base = &m.doc
	}
}
