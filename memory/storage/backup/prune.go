package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// Keep says which backups stay: the newest ones, and the newest of each of the last days, weeks and months that have
// one, in UTC. At least one of the numbers must be positive.
type Keep struct {
	Last    int `json:"last"`
	Daily   int `json:"daily"`
	Weekly  int `json:"weekly"`
	Monthly int `json:"monthly"`
}

// Pruned is what Prune did.
type Pruned struct {
	Kept    []string `json:"kept"`
	Removed []string `json:"removed"`
	Chunks  int      `json:"chunks"`
	Bytes   int64    `json:"bytes"` // freed
}

// Prune removes the backups that k does not keep, and every chunk that none of the rest needs. With Dry nothing is
// changed and the result says what would be. A backup that cannot be read is kept, and no chunk is removed while there
// is one, since it cannot be known what it needs: the error is then its *DamageError.
func (r *Repository) Prune(ctx context.Context, k Keep, dry bool) (Pruned, error) {
	if k.Last < 0 || k.Daily < 0 || k.Weekly < 0 || k.Monthly < 0 || k == (Keep{}) {
		return Pruned{}, errors.New("backup: say how many backups to keep: last, daily, weekly or monthly")
	}
	unlock, err := r.lock(true)
	if err != nil {
		return Pruned{}, err
	}
	defer unlock()
	ids, err := r.entries()
	if err != nil {
		return Pruned{}, err
	}
	var manifests []*manifest
	var unread error
	for _, id := range ids {
		m, err := r.manifest(id)
		if err != nil {
			unread = errors.Join(unread, err)
			continue
		}
		manifests = append(manifests, m)
	}
	out := Pruned{Kept: []string{}, Removed: []string{}}
	keep := k.choose(manifests)
	needed := map[hash]bool{}
	for _, m := range manifests {
		if !keep[m.ID] {
			out.Removed = append(out.Removed, m.ID)
			continue
		}
		out.Kept = append(out.Kept, m.ID)
		for i := range m.Files {
			for n := range m.Files[i].count() {
				needed[m.Files[i].hash(n)] = true
			}
		}
	}
	if unread != nil {
		return out, unread
	}
	r.whole = nil
	if !dry {
		if err := r.forget(out.Removed); err != nil {
			return out, err
		}
	}
	return out, r.sweep(ctx, needed, dry, &out)
}

// choose returns the ids of the backups to keep.
func (k Keep) choose(ms []*manifest) map[string]bool {
	newest := slices.Clone(ms)
	slices.SortFunc(newest, func(a, b *manifest) int { return b.Time.Compare(a.Time) })
	keep := map[string]bool{}
	for _, rule := range []struct {
		n    int
		slot func(t time.Time) string
	}{
		{k.Last, func(t time.Time) string { return t.Format(time.RFC3339Nano) }},
		{k.Daily, func(t time.Time) string { return t.Format(time.DateOnly) }},
		{k.Weekly, func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprintf("%d-%d", y, w) }},
		{k.Monthly, func(t time.Time) string { return t.Format("2006-01") }},
	} {
		last, left := "", rule.n
		for i, m := range newest {
			slot := rule.slot(m.Time.UTC())
			if left == 0 {
				break
			}
			if i > 0 && slot == last {
				continue
			}
			last = slot
			left--
			keep[m.ID] = true
		}
	}
	return keep
}

// forget removes manifests, durably before any chunk goes.
func (r *Repository) forget(ids []string) error {
	for _, id := range ids {
		if err := r.disk().remove(r.path(backupsDir, id)); err != nil {
			return fileError("remove", r.path(backupsDir, id), err)
		}
		r.step(StepForgotten)
	}
	return fileError("sync", r.path(backupsDir), r.disk().syncDir(r.path(backupsDir)))
}

// sweep removes the chunks that are not needed.
func (r *Repository) sweep(ctx context.Context, needed map[hash]bool, dry bool, out *Pruned) error {
	names := make(map[string]bool, len(needed))
	for h := range needed {
		names[h.String()] = true
	}
	err := filepath.WalkDir(r.path(chunksDir), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || names[e.Name()] || len(e.Name()) != 2*hashSize {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		out.Chunks++
		out.Bytes += info.Size()
		if dry {
			return ctx.Err()
		}
		if err := r.disk().remove(path); err != nil {
			return err
		}
		r.step(StepSwept)
		return ctx.Err()
	})
	return fileError("remove chunks in", r.path(chunksDir), err)
}
