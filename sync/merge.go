package sync

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// maxBase is the length up to which the text that both sides of a conflict started from is kept with it.
const maxBase = 32 << 10

// maxOthers bounds, in bytes, the texts that wait beside a memory, so that a record holds them all with the memory's
// own. Two of the longest fit; beyond that the oldest give way.
const maxOthers = 160 << 10

// merged is what becomes of two changes of the same version.
type merged struct {
	doc      Doc
	keep     bool // the cloud's version is a deletion, and the text that was changed here stays here
	conflict bool // a text was put aside for somebody to decide
}

// merge joins local and remote, which were both made from base; base is nil where that is not known. The result tells
// the same as remote where local adds nothing to it.
func merge(base, local, remote *Doc, device string, now time.Time) merged {
	switch {
	case remote.Deleted:
		return merged{doc: *remote, keep: !local.Deleted}
	case local.Deleted:
		return merged{doc: *local} // who takes a memory out of the cloud must be able to rely on it
	case base == nil || base.Deleted:
		base = &Doc{}
	}
	localWins := later(local.Stamp, remote.Stamp, device, remote.Device, now)
	out := merged{doc: *remote}
	d := &out.doc
	d.Others = mergeOthers(base.Others, local.Others, remote.Others)
	localText, remoteText := changedText(base, local), changedText(base, remote)
	isBase := func(v Version) bool { return v.Text == base.Text && v.Title == base.Title }
	if localText && !slices.ContainsFunc(local.Others, isBase) {
		d.Others = slices.DeleteFunc(d.Others, isBase) // whoever changed the text here had it before their eyes
	}
	switch {
	case localText && remoteText && (local.Text != remote.Text || local.Title != remote.Title):
		out.conflict = true
		loser, stamp, from := remote, remote.Stamp, remote.Device
		if localWins {
			d.takeText(local)
		} else {
			loser, stamp, from = local, local.Stamp, device
		}
		v := Version{Text: loser.Text, Title: loser.Title, Stamp: stamp, Device: from, Author: loser.Attrs.Author}
		if len(base.Text) <= maxBase {
			v.Base = base.Text
		}
		d.Others = bounded(append(d.Others, v))
	case localText:
		d.takeText(local)
	}
	d.Tags = mergeTags(base.Tags, local.Tags, remote.Tags)
	d.Attrs = mergeAttrs(base.Attrs, local.Attrs, remote.Attrs, localWins)
	return out
}

// bounded leaves out first the bases and then the oldest texts of what is too long.
func bounded(vs []Version) []Version {
	size := func() (n int) {
		for _, v := range vs {
			n += len(v.Text) + len(v.Title) + len(v.Base)
		}
		return n
	}
	for i := 0; i < len(vs) && size() > maxOthers; i++ {
		vs[i].Base = ""
	}
	for size() > maxOthers {
		vs = vs[1:]
	}
	return vs
}

func changedText(base, d *Doc) bool { return d.Text != base.Text || d.Title != base.Title }

func (d *Doc) takeText(from *Doc) {
	d.Text, d.Title, d.Vector, d.Space = from.Text, from.Title, from.Vector, from.Space
}

// mergeOthers keeps what either side added and leaves out what either side resolved.
func mergeOthers(base, local, remote []Version) []Version {
	var out []Version
	for _, v := range remote {
		if slices.Contains(local, v) || !slices.Contains(base, v) {
			out = append(out, v)
		}
	}
	for _, v := range local {
		if !slices.Contains(out, v) && !slices.Contains(base, v) {
			out = append(out, v)
		}
	}
	return out
}

func mergeTags(base, local, remote []string) []string {
	var out []string
	for _, t := range remote {
		if slices.Contains(local, t) || !slices.Contains(base, t) {
			out = append(out, t)
		}
	}
	for _, t := range local {
		if !slices.Contains(out, t) && !slices.Contains(base, t) {
			out = append(out, t)
		}
	}
	return out
}

// mergeAttrs takes each field from the side that changed it, and from the later one where both did.
func mergeAttrs(base, local, remote Attrs, localWins bool) Attrs {
	b, l, r := fields(base), fields(local), fields(remote)
	out := map[string]json.RawMessage{}
	keys := maps.Clone(l)
	maps.Copy(keys, r)
	for k := range keys {
		fromLocal := string(l[k]) != string(b[k]) && (string(r[k]) == string(b[k]) || localWins)
		v := r[k]
		if fromLocal {
			v = l[k]
		}
		if v != nil {
			out[k] = v
		}
	}
	var a Attrs
	joined, err := json.Marshal(out)
	if err == nil {
		err = json.Unmarshal(joined, &a)
	}
	if err != nil { // every field was encoded by this type just now
		return remote
	}
	return a
}

func fields(a Attrs) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	if b := encoded(a); b != nil {
		_ = json.Unmarshal(b, &out) // it was encoded just now
	}
	return out
}
