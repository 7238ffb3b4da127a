package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security/keyring"
)

const (
	writers = 4  // chunks that are hashed and written at a time
	waiters = 16 // where there are few and writing them is mostly waiting for the disk
)

func (r *Repository) writers() int {
	if r.followed.on {
		return waiters
	}
	return writers
}

// CreateOptions says what goes into a backup; the zero value takes all but the master key and what is derived.
type CreateOptions struct {
	// WithKey puts the master key into the repository, in the clear but for the mode of its file: whoever has the folder
	// can then read the backups. It works with the key file alone.
	WithKey bool
	Indexes bool // take the snapshots of the vector indexes along; see storage.SnapshotOptions
}

// Info describes a backup.
type Info struct {
	ID        string            `json:"id"`
	Time      time.Time         `json:"time"`
	Build     string            `json:"build,omitempty"`
	Engines   map[string]string `json:"engines,omitempty"`
	Memories  int               `json:"memories"`
	Vectors   int               `json:"vectors"`
	AuditHead int64             `json:"audit_head"`
	Files     int               `json:"files"`
	Bytes     int64             `json:"bytes"`            // of the store's files
	Stored    int64             `json:"stored"`           // bytes that it added to the repository
	Damage    string            `json:"damage,omitempty"` // why it cannot be read; the rest is then empty but for the id

	Took  time.Duration `json:"-"` // of Create
	Pause time.Duration `json:"-"` // how long Create held up the store's writers
}

func (m *manifest) info() Info {
	return Info{
		ID: m.ID, Time: m.Time, Build: m.Build, Engines: m.Engines, Memories: m.Memories, Vectors: m.Vectors, AuditHead: m.AuditHead,
		Files: len(m.Files), Bytes: m.size(), Stored: m.Stored,
	}
}

// Create makes a backup of the open store s, which holds everything that was acknowledged before the call. Calls on
// the store go on meanwhile. It returns when the backup is durable.
func (r *Repository) Create(ctx context.Context, s *storage.Store, o CreateOptions) (Info, error) {
	return r.create(ctx, s, o, false)
}

func (r *Repository) create(ctx context.Context, s *storage.Store, o CreateOptions, follow bool) (Info, error) {
	unlock, err := r.lock(true)
	if err != nil {
		return Info{}, err
	}
	defer unlock()
	begin := time.Now()
	r.followed.on = follow
	if err := r.tidy(); err != nil {
		return Info{}, err
	}
	known, err := r.vouched()
	if err != nil {
		return Info{}, err
	}
	if err := r.keepKeys(ctx, s.Dir(), o.WithKey); err != nil {
		return Info{}, err
	}
	var info Info
	err = s.SnapshotTo(ctx, storage.SnapshotOptions{Indexes: o.Indexes, Follow: follow}, func(ctx context.Context, snap *storage.Snapshot) error {
		r.step(StepFrozen)
		m, err := r.write(ctx, s, snap, known)
		if err != nil {
			return err
		}
		if follow {
			r.noteState(m, snap)
		}
		info = m.info()
		info.Pause = snap.Pause
		return nil
	})
	info.Took = time.Since(begin)
	return info, err
}

// known is what the manifests of a repository say together.
type known struct {
	manifests []*manifest
	purged    purges
}

// vouched reads the manifests and notes the chunks they name. It needs the lock.
func (r *Repository) vouched() (known, error) {
	entries, err := r.entries()
	if err != nil {
		return known{}, err
	}
	k := known{purged: purges{}}
	for _, id := range entries {
		m, err := r.manifestOf(id)
		if err != nil {
			r.o.Logger.Warn("a backup cannot be read; the others are not affected", "error", err)
			continue
		}
		k.manifests = append(k.manifests, m)
		k.purged.add(m.purges())
	}
	listed := strings.Join(entries, " ")
	if r.whole == nil || r.listed != listed {
		r.whole, r.listed = map[hash]bool{}, listed
		for _, m := range k.manifests {
			r.vouch(m)
		}
	}
	return k, nil
}

func (r *Repository) vouch(m *manifest) { m.each(func(h hash) { r.whole[h] = true }) }

// manifestOf is manifest for a round of following, which need not read each of them again.
func (r *Repository) manifestOf(id string) (*manifest, error) {
	if !r.followed.on {
		return r.manifest(id)
	}
	if m := r.followed.manifests[id]; m != nil {
		return m, nil
	}
	m, err := r.manifest(id)
	if err == nil {
		r.followed.manifests[id] = m
	}
	return m, err
}

// keepKeys brings the repository's keys.json, and the master key where that is wanted, to those of the store.
func (r *Repository) keepKeys(ctx context.Context, dir string, withKey bool) error {
	r.o.DataDir = dir
	if err := r.keepCheckTable(); err != nil {
		return err
	}
	if !withKey {
		return nil
	}
	b, err := r.disk().readFile(filepath.Join(dir, keyring.KeyFileName))
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fileError("read", filepath.Join(dir, keyring.KeyFileName), err)
	case err != nil:
		return fmt.Errorf("backup: the master key is not in a file of the data folder: %w; keep it where it is, and leave the key out", err)
	}
	defer clear(b)
	path := r.path(keyring.KeyFileName)
	return fileError("write", path, errors.Join(r.disk().replace(path, r.path(tempDir, keyring.KeyFileName), b), ctx.Err()))
}

// write stores what a snapshot holds and publishes its manifest.
func (r *Repository) write(ctx context.Context, s *storage.Store, snap *storage.Snapshot, k known) (*manifest, error) {
	m := &manifest{
		Format: manifestFormat, ID: newBackupID(snap.At), Time: snap.At, Build: r.o.Build, Engines: snap.Engines, Schema: snap.Schema,
		Memories: snap.Memories, Vectors: snap.Vectors, AuditHead: snap.AuditHead,
	}
	var err error
	if m.Purged, err = r.purged(ctx, s, snap, k.purged); err != nil {
		return nil, err
	}
	w := &chunkWriter{r: r, dirs: map[string]bool{}, done: map[hash]bool{}}
	var total int64
	for i := range snap.Files {
		total += snap.Files[i].Size
	}
	bar := r.progress(total)
	for i := range snap.Files {
		f, ok, err := r.storeOne(ctx, w, &snap.Files[i], bar)
		if err != nil {
			return nil, err
		}
		if ok {
			m.Files = append(m.Files, f)
		}
	}
	if err := w.sync(); err != nil {
		return nil, err
	}
	r.step(StepChunks)
	m.Stored = w.stored.Load()
	if err := r.publish(m); err != nil {
		return nil, err
	}
	r.vouch(m)
	r.listed = strings.TrimSpace(r.listed + " " + m.ID)
	return m, nil
}

// purged adds what the store's audit log says was removed for good to what the manifests know: a store that was restored
// may have lost those entries. What this process has seen of the log is not read again.
func (r *Repository) purged(ctx context.Context, s *storage.Store, snap *storage.Snapshot, known purges) ([]byte, error) {
	if r.read.store != s {
		r.read.store, r.read.head, r.read.purged = s, 0, purges{}
	}
	list, err := snap.Purges(ctx, r.read.head)
	if err != nil {
		return nil, err
	}
	r.read.head = snap.AuditHead
	r.read.purged.add(list)
	for _, p := range r.read.purged {
		known.add([]storage.Purge{p})
	}
	return known.encode(), nil
}

// storeOne stores one file; ok is false where it is left out for now.
func (r *Repository) storeOne(ctx context.Context, w *chunkWriter, f *storage.SnapshotFile, bar *progress) (out manifestFile, ok bool, err error) {
	switch {
	case r.followed.on && f.Mark != 0:
		out, err = r.storeDatabase(ctx, w, f, bar)
	case r.followed.on && isIndex(f.Name):
		return r.storeIndex(ctx, w, f, bar)
	default:
		out, err = r.store(ctx, w, f, bar)
	}
	return out, err == nil, err
}

// store cuts one file into chunks and stores them.
func (r *Repository) store(ctx context.Context, w *chunkWriter, f *storage.SnapshotFile, bar *progress) (manifestFile, error) {
	out := manifestFile{Name: f.Name, Size: f.Size, Chunk: fileChunk}
	if strings.HasPrefix(f.Name, "catalog.db") {
		out.Chunk = pageChunk
	}
	if hashes, ok := r.same[f.Identity]; ok && f.Identity != "" && r.haveAll(hashes, &out) {
		out.Hashes = hashes
		bar.add(f.Size)
		return out, nil
	}
	out.Hashes = make([]byte, chunksOf(f.Size, out.Chunk)*hashSize)
	err := r.storeSome(ctx, w, f, &out, 0, out.count(), bar)
	if err == nil && f.Identity != "" {
		r.same[f.Identity] = out.Hashes
	}
	return out, err
}

// isIndex reports whether a file of a store is a saved index: made from the rest, so that a copy of the store is whole
// without it.
func isIndex(name string) bool { return strings.HasPrefix(name, storage.IndexesFolder+"/") }

// haveAll reports whether every chunk of a file is in the repository.
func (r *Repository) haveAll(hashes []byte, f *manifestFile) bool {
	have := *f
	have.Hashes = hashes
	for n := range have.count() {
		if !r.have(have.hash(n), n, have.length(n)) {
			return false
		}
	}
	return true
}

// publish writes the manifest so that the backup is there as a whole or not at all.
func (r *Repository) publish(m *manifest) error {
	b, err := encodeManifest(m)
	if err != nil {
		return err
	}
	sealed, err := r.manifests.Seal(nil, b, r.manifestPlace(m.ID))
	if err != nil {
		return fmt.Errorf("backup: seal manifest: %w", err)
	}
	temp, path := r.path(tempDir, m.ID), r.path(backupsDir, m.ID)
	if err := r.disk().writeSynced(temp, sealed); err != nil {
		return fileError("write", path, err)
	}
	r.step(StepManifest)
	if err := r.disk().rename(temp, path); err != nil {
		return fileError("write", path, err)
	}
	if err := r.disk().syncDir(r.path(backupsDir)); err != nil {
		return fileError("sync", r.path(backupsDir), err)
	}
	r.step(StepPublished)
	return nil
}
