package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory/storage"
)

const (
	// auditTurns is in how many rounds of following each chunk that counts as unchanged is read all the same.
	auditTurns = 512
	// lookTurns is in how many of them each chunk is looked for in the repository: a large one has tens of thousands.
	lookTurns = 16
)

// following is what a Repository remembers from one round of a replica to the next. Losing it costs a round that reads
// everything.
type following struct {
	on        bool                  // this round is one of a replica
	store     *storage.Store        // that is followed
	mark      uint64                // of the state of database
	database  manifestFile          // as it was at mark
	turn      int                   // of the audit
	begun     map[string]*begunFile // saved indexes that are being read, by SnapshotFile.Identity
	budget    int64                 // bytes of them that this round may still read: the record must not wait for them
	manifests map[string]*manifest
}

// begunFile is a saved index of which a part is in the repository.
type begunFile struct {
	hashes []byte
	n      int // chunks
}

// follow makes a state of a replica: a backup for which nothing but what changed is read, with the saved indexes as far as
// they are there, and keeps that many of the newest states. At most indexes bytes of saved indexes are read.
func (r *Repository) follow(ctx context.Context, s *storage.Store, keep int, indexes int64) (Info, error) {
	if r.followed.store != s {
		// What a crash left in the repository goes before anything is begun that no manifest names yet.
		if _, err := r.Prune(ctx, Keep{Last: keep}, false); err != nil {
			r.o.Logger.Warn("old states of the replica are kept", "folder", r.o.Folder, "error", err)
		}
		r.followed = following{store: s, begun: map[string]*begunFile{}, manifests: map[string]*manifest{}}
	}
	r.followed.budget = indexes
	info, err := r.create(ctx, s, CreateOptions{Indexes: true}, true)
	if err != nil {
		return info, err
	}
	if err := r.forgetOlder(keep); err != nil {
		r.o.Logger.Warn("old states of the replica are kept", "folder", r.o.Folder, "error", err)
	}
	return info, nil
}

// errAudit says that a part of the database changed that was not said to have.
var errAudit = errors.New("backup: what changed in the database was not known as a whole")

// storeDatabase stores the file that changes in place. Of a state that the repository has, the chunks that cannot have
// changed are taken over; some of them are read nonetheless, other ones each time, to see whether that is so.
func (r *Repository) storeDatabase(ctx context.Context, w *chunkWriter, f *storage.SnapshotFile, bar *progress) (manifestFile, error) {
	l := &r.followed
	out, err := r.storeParts(ctx, w, f, bar, f.Since != 0 && f.Since == l.mark)
	if errors.Is(err, errAudit) {
		r.o.Logger.Error("the replica reads all of the database: it changed where no change was noted; report this", "folder", r.o.Folder)
		out, err = r.storeParts(ctx, w, f, bar, false)
	}
	return out, err
}

func (r *Repository) storeParts(ctx context.Context, w *chunkWriter, f *storage.SnapshotFile, bar *progress, changed bool) (manifestFile, error) {
	was := &r.followed.database
	out := manifestFile{Name: f.Name, Size: f.Size, Chunk: pageChunk}
	out.Hashes = make([]byte, chunksOf(f.Size, pageChunk)*hashSize)
	in, err := f.Open()
	if err != nil {
		return out, err
	}
	defer in.Close()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.writers())
	for n := range out.count() {
		if gctx.Err() != nil {
			break
		}
		from, length := int64(n)*pageChunk, out.length(n)
		same := changed && n < was.count() && was.length(n) == length && !f.Changed(from, from+int64(length)) && r.have(was.hash(n), n, length)
		if same && n%auditTurns != r.followed.turn%auditTurns {
			copy(out.Hashes[n*hashSize:], was.Hashes[n*hashSize:(n+1)*hashSize])
			bar.add(int64(length))
			continue
		}
		g.Go(func() error {
			b := make([]byte, length)
			if _, err := in.ReadAt(b, from); err != nil {
				return fmt.Errorf("backup: read %s of the store: %w", f.Name, err)
			}
			h, err := w.put(b)
			if err == nil && same && h != was.hash(n) {
				err = errAudit
			}
			copy(out.Hashes[n*hashSize:], h[:])
			bar.add(int64(length))
			return err
		})
	}
	return out, errors.Join(g.Wait(), ctx.Err())
}

// storeIndex goes on with a saved index, as far as this round may. What the newest state of the replica has under that
// name stands in for one that is not whole yet: an older one is of use, too, and opening tells one that is not. ok is
// false where there is neither.
func (r *Repository) storeIndex(ctx context.Context, w *chunkWriter, f *storage.SnapshotFile, bar *progress) (out manifestFile, ok bool, err error) {
	out = manifestFile{Name: f.Name, Size: f.Size, Chunk: fileChunk}
	if hashes, known := r.same[f.Identity]; known && r.haveAll(hashes, &out) {
		out.Hashes = hashes
		bar.add(f.Size)
		return out, true, nil
	}
	b := r.followed.begun[f.Identity]
	if b == nil {
		b = &begunFile{hashes: make([]byte, chunksOf(f.Size, fileChunk)*hashSize)}
		for id := range r.followed.begun {
			if strings.HasPrefix(id, f.Name+" ") { // it was replaced before it was read to its end
				delete(r.followed.begun, id)
			}
		}
		r.followed.begun[f.Identity] = b
	}
	out.Hashes = b.hashes
	to := min(out.count(), b.n+int((max(r.followed.budget, 0)+fileChunk-1)/fileChunk))
	if err := r.storeSome(ctx, w, f, &out, b.n, to, bar); err != nil {
		return out, false, err
	}
	r.followed.budget -= int64(to-b.n) * fileChunk
	if b.n = to; b.n == out.count() {
		delete(r.followed.begun, f.Identity)
		if r.there(&out) { // they may have been removed since, as no state named them
			r.same[f.Identity] = out.Hashes
			return out, true, nil
		}
	}
	older, ok := r.newest(f.Name)
	return older, ok, nil
}

// storeSome stores the chunks of f from the one numbered from to before the one numbered to.
func (r *Repository) storeSome(ctx context.Context, w *chunkWriter, f *storage.SnapshotFile, out *manifestFile, from, to int, bar *progress) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.writers())
	for n := from; n < to && gctx.Err() == nil; n++ {
		g.Go(func() error {
			b := make([]byte, out.length(n))
			if _, err := in.ReadAt(b, int64(n)*int64(out.Chunk)); err != nil {
				return fmt.Errorf("backup: read %s of the store: %w", f.Name, err)
			}
			h, err := w.put(b)
			copy(out.Hashes[n*hashSize:], h[:])
			bar.add(int64(len(b)))
			return err
		})
	}
	return errors.Join(g.Wait(), ctx.Err())
}

// newest returns the file of that name in the newest state that has it and whose chunks are there.
func (r *Repository) newest(name string) (manifestFile, bool) {
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(r.followed.manifests))) {
		for _, f := range r.followed.manifests[id].Files {
			if f.Name == name {
				return f, r.haveAll(f.Hashes, &f)
			}
		}
	}
	return manifestFile{}, false
}

// have reports whether a chunk, the n-th of a file, was vouched for and is in the repository. A round of following looks for
// some of them, other ones each time.
func (r *Repository) have(h hash, n, length int) bool {
	if !r.whole[h] {
		return false
	}
	if r.followed.on && n%lookTurns != r.followed.turn%lookTurns {
		return true
	}
	info, err := r.disk().lstat(r.path(h.file()))
	return err == nil && info.Size() == int64(length)
}

// there reports whether all chunks of a file are there that was stored in the course of several rounds.
func (r *Repository) there(f *manifestFile) bool {
	for n := range f.count() {
		if info, err := r.disk().lstat(r.path(f.hash(n).file())); err != nil || info.Size() != int64(f.length(n)) {
			return false
		}
	}
	return true
}

func chunksOf(size int64, chunk int) int { return int((size + int64(chunk) - 1) / int64(chunk)) }

// noteState remembers what the repository has now.
func (r *Repository) noteState(m *manifest, snap *storage.Snapshot) {
	l := &r.followed
	l.manifests[m.ID] = m
	l.turn++
	for i := range snap.Files {
		f := &snap.Files[i]
		if f.Mark == 0 {
			continue
		}
		for n := range m.Files {
			if m.Files[n].Name == f.Name {
				l.mark, l.database = f.Mark, m.Files[n]
			}
		}
	}
	snap.Kept()
	now := map[string]bool{}
	for i := range snap.Files {
		now[snap.Files[i].Identity] = true
	}
	maps.DeleteFunc(r.same, func(id string, _ []byte) bool { return !now[id] })
}

// forgetOlder removes all but the newest states, and the chunks that they alone name. It does nothing where there is one that
// this process did not read.
func (r *Repository) forgetOlder(keep int) error {
	unlock, err := r.lock(true)
	if err != nil {
		return err
	}
	defer unlock()
	ids, err := r.entries()
	if err != nil || len(ids) <= keep {
		return err
	}
	known := r.followed.manifests
	maps.DeleteFunc(known, func(id string, _ *manifest) bool { return !slices.Contains(ids, id) })
	needed := map[hash]bool{}
	for _, id := range ids {
		if known[id] == nil {
			return fmt.Errorf("backup: the state %s cannot be read, and so what it needs is not known: remove %s", id, r.path(backupsDir, id))
		}
	}
	older := ids[:len(ids)-keep]
	for _, id := range ids[len(ids)-keep:] {
		known[id].each(func(h hash) { needed[h] = true })
	}
	for _, b := range r.followed.begun {
		for n := range b.n {
			needed[hash(b.hashes[n*hashSize:])] = true
		}
	}
	if err := r.forget(older); err != nil {
		return err
	}
	r.listed = strings.Join(ids[len(ids)-keep:], " ")
	for _, id := range older {
		m := known[id]
		delete(known, id)
		m.each(func(h hash) {
			if needed[h] || !r.whole[h] || err != nil {
				return
			}
			delete(r.whole, h)
			rerr := r.disk().remove(r.path(h.file()))
			if rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
				err = fileError("remove", r.path(h.file()), rerr)
			}
			r.step(StepSwept)
		})
	}
	return err
}

// each calls fn with every chunk of a manifest.
func (m *manifest) each(fn func(hash)) {
	for i := range m.Files {
		for n := range m.Files[i].count() {
			fn(m.Files[i].hash(n))
		}
	}
}
