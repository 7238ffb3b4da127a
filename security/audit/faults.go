package audit

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// compare turns what was seen into faults.
func (v *verifier) compare(elsewhere []Checkpoint) {
	c := v.report.Checkpoint
	switch {
	case len(v.missing) == 0 && v.actual.root() == c.Root:
		// The entries are what was signed, so that where they differ the tiles are wrong.
		for _, d := range v.differ {
			v.badTile = append(v.badTile, d.n&^(tileWidth-1))
		}
		v.report.Entries = c.Size
		v.tileFaults()
	default:
		v.entryFaults(v.recorded.root() == c.Root)
	}
	for _, e := range elsewhere {
		switch {
		case e.Size > c.Size:
			v.report.add(ErrTruncated, c.Size, e.Size-1)
		case v.roots[e.Size] != e.Root:
			v.report.add(ErrRewritten, 0, max(e.Size-1, 0))
		}
	}
}

func (v *verifier) tileFaults() {
	seen := map[int64]bool{}
	for _, first := range v.badTile {
		if !seen[first] {
			v.report.add(ErrTile, first, min(first+tileWidth, v.report.Checkpoint.Size)-1)
		}
		seen[first] = true
	}
}

// entryFaults names the entries that are wrong. certain says that the stored leaves are what was signed.
func (v *verifier) entryFaults(certain bool) {
	size := v.report.Checkpoint.Size
	if n := len(v.missing); n > 0 {
		tail := n
		for tail > 0 && v.missing[tail-1] == size-int64(n-tail)-1 {
			tail--
		}
		for _, m := range v.missing[:tail] {
			v.report.add(ErrMissing, m, m)
		}
		if tail < n {
			v.report.add(ErrTruncated, v.missing[tail], size-1)
		}
	}
	logged := map[tlog.Hash]bool{}
	for _, d := range v.differ {
		logged[d.stored] = true
	}
	for _, d := range v.differ {
		if logged[d.actual] {
			v.report.add(ErrMoved, d.n, d.n)
		} else {
			v.report.add(ErrAltered, d.n, d.n)
		}
	}
	if !certain && len(v.apart) > 0 && v.grouped() == v.report.Checkpoint.Root {
		for _, first := range v.apart { // where the leaves are those of the entries, their roots tell in which part
			if !slices.ContainsFunc(v.missing, func(n int64) bool { return n&^(tileWidth-1) == first }) {
				v.report.add(ErrAltered, first, first+tileWidth-1)
			}
		}
		return
	}
	if !certain && len(v.missing) == 0 {
		// The leaves of the last tile are not stored, or the stored ones are wrong too: nobody can say which entry.
		first := size &^ (tileWidth - 1)
		if len(v.differ) > 0 || v.badUpper || first == size {
			first = 0
		}
		v.report.add(ErrAltered, first, size-1)
	}
}
