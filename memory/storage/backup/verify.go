package backup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory/storage"
)

// VerifyOptions says how much is verified; the zero value reads every chunk of every backup.
type VerifyOptions struct {
	Backup string // id, its beginning, or Latest; "" means all
	// Open also restores the backup, or the newest of all, into a temporary folder, opens it and has it checked.
	Open bool
	Temp string // where that folder is made; "" means os.TempDir
}

// Verified is what Verify found.
type Verified struct {
	Backups  int
	Chunks   int // each counts once
	Bytes    int64
	Damage   []*DamageError
	Findings []storage.Finding // of the restored store; with VerifyOptions.Open
	Opened   string            // id of the backup that was opened
}

// Clean reports whether nothing is wrong.
func (v *Verified) Clean() bool { return len(v.Damage) == 0 && len(v.Findings) == 0 }

// Verify reads every chunk and compares it with its keyed hash. What is damaged is in the result; the error is for what
// kept it from being found out.
func (r *Repository) Verify(ctx context.Context, o VerifyOptions) (Verified, error) {
	unlock, err := r.lock(false)
	if err != nil {
		return Verified{}, err
	}
	defer unlock()
	var v Verified
	manifests, err := r.chosen(o.Backup, &v)
	if err != nil {
		return v, err
	}
	v.Backups = len(manifests)
	if err := r.verifyChunks(ctx, manifests, &v); err != nil {
		return v, err
	}
	if !o.Open || len(manifests) == 0 || len(v.Damage) > 0 {
		return v, nil
	}
	return v, r.verifyOpen(ctx, manifests[len(manifests)-1], o.Temp, &v)
}

// chosen reads the manifests to be verified; a damaged one is noted in v.
func (r *Repository) chosen(id string, v *Verified) ([]*manifest, error) {
	if id != "" {
		m, err := r.find(id)
		var damage *DamageError
		if errors.As(err, &damage) {
			v.Damage = append(v.Damage, damage)
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return []*manifest{m}, nil
	}
	ids, err := r.entries()
	if err != nil {
		return nil, err
	}
	var out []*manifest
	for _, id := range ids {
		m, err := r.manifest(id)
		var damage *DamageError
		switch {
		case errors.As(err, &damage):
			v.Damage = append(v.Damage, damage)
		case err != nil:
			return nil, err
		default:
			out = append(out, m)
		}
	}
	return out, nil
}

func (r *Repository) verifyChunks(ctx context.Context, manifests []*manifest, v *Verified) error {
	type use struct {
		m *manifest
		f *manifestFile
		n int
	}
	first := map[hash]use{}
	var order []use
	var total int64
	for _, m := range manifests {
		for i := range m.Files {
			f := &m.Files[i]
			for n := range f.count() {
				if _, ok := first[f.hash(n)]; !ok {
					u := use{m, f, n}
					first[f.hash(n)] = u
					order = append(order, u)
					total += int64(f.length(n))
				}
			}
		}
	}
	bar := r.progress(total)
	bad := make([]*DamageError, len(order))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	for i, u := range order {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, err := r.get(u.f.hash(u.n), u.f.length(u.n))
			bar.add(int64(u.f.length(u.n)))
			if err != nil && errors.As(err, &bad[i]) {
				bad[i].Backup, bad[i].File, bad[i].Advice = u.m.ID, u.f.Name, adviseChunk
				if !errors.Is(err, errMissing) {
					bad[i].Advice = "remove that file and " + adviseChunk
				}
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	v.Chunks, v.Bytes = len(order), total
	for _, d := range bad {
		if d != nil {
			v.Damage = append(v.Damage, d)
		}
	}
	return nil
}

const adviseChunk = "make a new backup, which writes it again where the store still has it; or restore a backup that does not use it"

// verifyOpen restores m into a temporary folder, opens it and has it checked.
func (r *Repository) verifyOpen(ctx context.Context, m *manifest, temp string, v *Verified) (err error) {
	dir, err := r.disk().mkdirTemp(temp, "elderzan-verify-")
	if err != nil {
		return fileError("make", temp, err)
	}
	defer func() { err = errors.Join(err, fileError("remove", dir, r.disk().removeAll(dir))) }()
	data := filepath.Join(dir, "data")
	if err := r.extract(ctx, m, data); err != nil {
		return err
	}
	source, err := r.source()
	if err != nil {
		return err
	}
	s, err := storage.Open(ctx, storage.Options{Dir: data, KeySource: source})
	if err != nil {
		return fmt.Errorf("backup: open what %s holds: %w", m.ID, err)
	}
	v.Opened = m.ID
	v.Findings, err = s.Check(ctx)
	return errors.Join(err, s.Close())
}
