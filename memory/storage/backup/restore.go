package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security/keyring"
)

// RestoreOptions says what is restored where. Dir is required.
type RestoreOptions struct {
	Backup string // id, or the beginning of one; "" means Latest
	Dir    string // data folder; made if it is not there
	// Replace has the store that Dir holds moved aside, into a folder of Dir; without it such a store is ErrNotEmpty.
	Replace bool
}

// Restored is what Restore did.
type Restored struct {
	Info
	Dir    string
	Aside  string        // where what was there is kept; "" where there was nothing
	Purged int           // memories dropped, as they were removed for good after the backup was made
	Took   time.Duration `json:"-"`
}

// Restore puts a backup in place as the data folder o.Dir. Every chunk is verified, the store is opened once beside its
// place, and only then moved there, so that o.Dir is the old or the new one. The master key is written to o.Dir where
// it comes from a file and is not there yet.
//
// Errors: ErrNoBackup; *DamageError; ErrNotEmpty; storage.ErrLocked where o.Dir is open; memory.ErrFull.
func (r *Repository) Restore(ctx context.Context, o RestoreOptions) (Restored, error) {
	begin := time.Now()
	if o.Dir == "" {
		return Restored{}, errors.New("backup: RestoreOptions.Dir is required")
	}
	unlock, err := r.lock(false)
	if err != nil {
		return Restored{}, err
	}
	defer unlock()
	m, err := r.find(o.Backup)
	if err != nil {
		return Restored{}, err
	}
	out := Restored{Info: m.info(), Dir: o.Dir}
	state, err := r.look(o.Dir)
	switch {
	case err != nil:
		return out, fileError("look into", o.Dir, err)
	case state == holdsStore && !o.Replace:
		return out, fmt.Errorf("%w: %s holds a store; move it away, or have it replaced, which keeps it aside", ErrNotEmpty, o.Dir)
	}
	note := memory.Audit{Action: "restore", Reason: "backup " + m.ID}
	if state == holdsNothing {
		err = r.restoreNew(ctx, m, o.Dir, note, &out)
	} else {
		err = r.restoreInto(ctx, m, o.Dir, "before-restore-", storage.DataFiles(), note, &out)
	}
	out.Took = time.Since(begin)
	return out, err
}

// What a folder to restore to holds.
const (
	holdsNothing = iota // or is not there
	holdsOther          // files, such as the master key and the settings, that are no part of a store
	holdsStore
)

func (r *Repository) look(dir string) (int, error) {
	entries, err := r.disk().readDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return holdsNothing, nil
	}
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if slices.Contains(storage.DataFiles(), e.Name()) {
			return holdsStore, nil
		}
	}
	return holdsOther, nil
}

// restoreNew makes the folder dir, which appears by one rename.
func (r *Repository) restoreNew(ctx context.Context, m *manifest, dir string, note memory.Audit, out *Restored) (err error) {
	parent := filepath.Dir(dir)
	if err := r.disk().mkdirAll(parent); err != nil {
		return fileError("make", parent, err)
	}
	stage, err := r.disk().mkdirTemp(parent, "."+filepath.Base(dir)+".restore-")
	if err != nil {
		return fileError("make a folder in", parent, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, fileError("remove", stage, r.disk().removeAll(stage)))
		}
	}()
	if err := r.prepare(ctx, m, stage, note, out); err != nil {
		return err
	}
	if err := r.placeKey(stage); err != nil {
		return err
	}
	if err := r.disk().place(stage, dir); err != nil {
		return fileError("put the store in place at", dir, err)
	}
	r.step(StepPlaced)
	return fileError("sync", parent, r.disk().syncDir(parent))
}

// restoreInto exchanges the given files of the store in the folder dir, moving what is there into a folder of it named by
// prefix and time.
func (r *Repository) restoreInto(ctx context.Context, m *manifest, dir, prefix string, files []string, note memory.Audit, out *Restored) (err error) {
	unlock, err := storage.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := r.disk().finishSwap(dir, r.step); err != nil {
		return err
	}
	stage := filepath.Join(dir, stageDir)
	if err := r.disk().removeAll(stage); err != nil {
		return fileError("remove", stage, err)
	}
	if err := r.prepare(ctx, m, stage, note, out); err != nil {
		return errors.Join(err, fileError("remove", stage, r.disk().removeAll(stage)))
	}
	if err := r.placeKey(dir); err != nil {
		return err
	}
	aside, err := r.disk().swap(dir, prefix+r.o.Now().UTC().Format("20060102T150405.000Z"), files, r.step)
	out.Aside = aside
	r.step(StepPlaced)
	return err
}

// prepare makes the folder stage the store of m, without what was purged since.
func (r *Repository) prepare(ctx context.Context, m *manifest, stage string, note memory.Audit, out *Restored) error {
	if err := r.extract(ctx, m, stage); err != nil {
		return err
	}
	r.step(StepFiles)
	source, err := r.source()
	if err != nil {
		return err
	}
	if err := r.renewTable(ctx, m, stage, source); err != nil {
		return err
	}
	s, err := storage.Open(ctx, storage.Options{
		Dir: stage, KeySource: source, Logger: r.o.Logger, Now: r.o.Now,
		Limits: r.opening.Limits, ReplayFrom: r.opening.ReplayFrom, SnapshotEvery: r.opening.SnapshotEvery,
	})
	if err != nil {
		return fmt.Errorf("backup: open what backup %s holds: %w", m.ID, err)
	}
	out.Purged, err = r.drop(ctx, s, m)
	if err == nil {
		err = s.Note(ctx, note)
	}
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	r.step(StepDropped)
	return nil
}

// renewTable sees to it that the keys of a store from before a rotation are found: its own keys.json knows nothing of the
// master key of today, while the data folder's, or the repository's, holds the older one sealed under it.
func (r *Repository) renewTable(ctx context.Context, m *manifest, stage string, source keyring.Source) error {
	ring, err := keyring.Open(ctx, keyring.Options{Dir: stage, Source: source})
	if err == nil {
		return ring.Close()
	}
	if !errors.Is(err, keyring.ErrWrongKey) {
		return err
	}
	was, gerr := keyring.Newest(stage)
	if gerr != nil {
		return gerr
	}
	now, kerr := r.keys(ctx)
	if kerr != nil {
		return errors.Join(err, kerr)
	}
	defer now.Close()
	if !slices.Contains(now.Generations(), was) {
		return fmt.Errorf("%w: backup %s was made under an older master key, which is retired; a copy of that key opens it", keyring.ErrWrongKey, m.ID)
	}
	for _, dir := range []string{r.o.DataDir, r.o.Folder} {
		have, gerr := keyring.Newest(dir)
		if dir == "" || gerr != nil || have < now.Generation() {
			continue
		}
		b, rerr := r.disk().readFile(filepath.Join(dir, keyring.CheckFileName))
		if rerr != nil {
			return fileError("read", filepath.Join(dir, keyring.CheckFileName), rerr)
		}
		path := filepath.Join(stage, keyring.CheckFileName)
		return fileError("write", path, errors.Join(r.disk().remove(path), r.disk().writeSynced(path, b)))
	}
	return err
}

// drop removes from the restored store what was purged after m was made.
func (r *Repository) drop(ctx context.Context, s *storage.Store, m *manifest) (int, error) {
	ids, err := r.entries()
	if err != nil {
		return 0, err
	}
	all := purges{}
	for _, id := range ids {
		other, err := r.manifest(id)
		if err != nil {
			r.o.Logger.Warn("a backup cannot be read; what was purged before it is taken from the others", "error", err)
			continue
		}
		all.add(other.purges())
	}
	gone := all.since(m)
	if len(gone) == 0 {
		return 0, nil
	}
	_, err = s.Get(ctx, gone)
	var missing *memory.NotFoundError
	if errors.As(err, &missing) {
		gone = slices.DeleteFunc(gone, func(id memory.ID) bool { return slices.Contains(missing.IDs, id) })
		err = nil
	}
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	return len(gone), s.Purge(ctx, gone, "", memory.Audit{Action: storage.ActionPurge, Reason: "was purged after backup " + m.ID})
}

// extract writes the files of m into the folder dir, each chunk verified, all synced. A saved index that is damaged is left
// out.
func (r *Repository) extract(ctx context.Context, m *manifest, dir string) error {
	bar := r.progress(m.size())
	dirs := map[string]bool{dir: true}
	for i := range m.Files {
		for d := filepath.Join(dir, filepath.Dir(filepath.FromSlash(m.Files[i].Name))); !dirs[d]; d = filepath.Dir(d) {
			dirs[d] = true
		}
	}
	for d := range dirs {
		if err := r.disk().mkdirAll(d); err != nil {
			return fileError("make", d, err)
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	for i := range m.Files {
		g.Go(func() error {
			f := &m.Files[i]
			err := r.extractFile(gctx, m, f, dir, bar)
			if isIndex(f.Name) && errors.As(err, new(*DamageError)) {
				r.o.Logger.Warn("a saved index cannot be read; it is made anew", "backup", m.ID, "file", f.Name, "error", err)
				path := filepath.Join(dir, filepath.FromSlash(f.Name))
				return fileError("remove", path, r.disk().remove(path))
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for d := range dirs {
		if err := r.disk().syncDir(d); err != nil {
			return fileError("sync", d, err)
		}
	}
	return nil
}

func (r *Repository) extractFile(ctx context.Context, m *manifest, f *manifestFile, dir string, bar *progress) (err error) {
	path := filepath.Join(dir, filepath.FromSlash(f.Name))
	out, err := r.disk().openFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY)
	if err != nil {
		return fileError("write", path, err)
	}
	defer func() { err = fileError("write", path, errors.Join(err, out.Close())) }()
	for n := range f.count() {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := r.get(f.hash(n), f.length(n))
		var damage *DamageError
		if errors.As(err, &damage) {
			damage.Backup, damage.File = m.ID, f.Name
			damage.Advice = "restore another backup; `elderzan verify` tells which are whole"
		}
		if err != nil {
			return err
		}
		if err := r.disk().write(out, b); err != nil {
			return err
		}
		bar.add(int64(len(b)))
	}
	return out.Sync()
}

// placeKey copies the key file to dir, where the key is in a file and dir has none.
func (r *Repository) placeKey(dir string) error {
	path := filepath.Join(dir, keyring.KeyFileName)
	if there, err := r.disk().exists(path); there || err != nil {
		return fileError("look for", path, err)
	}
	source, err := r.source()
	if err != nil {
		return err
	}
	from, ok := source.(*keyring.FileSource)
	if !ok {
		return nil
	}
	b, err := r.disk().readFile(from.String())
	if err != nil {
		return fileError("read", from.String(), err)
	}
	defer clear(b)
	return fileError("write", path, errors.Join(r.disk().writeSynced(path, b), r.disk().syncDir(dir)))
}
