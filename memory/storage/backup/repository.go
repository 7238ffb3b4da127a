package backup

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// Options says which repository to open. Folder is required; the zero value of the rest works.
type Options struct {
	Folder    string         // of the repository
	DataDir   string         // data folder whose keys open it; "" means that keys are found in Folder or KeySource alone
	KeySource keyring.Source // where the master key is kept; nil means master.key in DataDir, or else in Folder
	Create    bool           // make the repository if there is none; needs DataDir
	Build     string         // noted in manifests
	Logger    *slog.Logger   // nil means silence
	Now       func() time.Time
	// Progress, where set, is told how many bytes of how many are done, from one goroutine at a time.
	Progress func(done, total int64)
	// Crash, where set, is told of each durable step. For tests that kill the process there.
	Crash func(Step)
	// Fail, where set, is asked before each call of the file system; an error it returns is the call's. For tests.
	Fail func(op, path string) error
}

// Names in a repository.
const (
	repositoryFile = "repository.json"
	repositoryCopy = "repository.copy.json" // the same again: without the key in it no backup can be read
	lockName       = "lock"
	chunksDir      = "chunks"
	backupsDir     = "backups"
	tempDir        = "tmp"
)

const repositoryFormat = 1

// Repository is an open repository. Its methods may be called from several goroutines; those that change it, and those
// that need it to stay as it is, return ErrLocked while another is at work, in this process or in any other.
type Repository struct {
	o         Options
	id        string
	chunkKey  security.Secret
	manifests *security.Sealer
	opening   storage.Options // how a store is opened that is restored: Limits, ReplayFrom and SnapshotEvery count

	// What follows belongs to whoever holds the lock alone.
	whole    map[hash]bool     // chunks that a manifest names, and so are synced
	listed   string            // the names of the manifests that whole is from
	same     map[string][]byte // hashes by SnapshotFile.Identity
	followed following
	read     struct { // of the audit log of the store that was backed up last
		store  *storage.Store
		head   int64
		purged purges
	}
}

// header is repository.json.
type header struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
	Key    []byte `json:"key"` // sealed under the keyring's key for backups
}

// Open opens the repository in o.Folder. Errors: ErrNoRepository; those of the keyring for a missing, wrong or damaged
// master key; ErrOtherKey; ErrNewer; *DamageError.
func Open(ctx context.Context, o Options) (*Repository, error) {
	if o.Folder == "" {
		return nil, errors.New("backup: Options.Folder is required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Repository{o: o, same: map[string][]byte{}}
	there, err := r.made()
	if err != nil {
		return nil, err
	}
	if !there {
		if err := r.absent(); err != nil {
			return nil, err
		}
	}
	ring, err := r.keys(ctx)
	if err != nil {
		return nil, err
	}
	defer ring.Close()
	sealer, err := ring.Sealer(keyring.Backup)
	if err != nil {
		return nil, err
	}
	if !there {
		if err := r.make(sealer); err != nil {
			return nil, err
		}
	}
	return r, r.unseal(sealer)
}

// made reports whether the folder has a repository.json, or its copy.
func (r *Repository) made() (bool, error) {
	for _, name := range []string{repositoryFile, repositoryCopy} {
		if is, err := r.disk().exists(r.path(name)); is || err != nil {
			return is, fileError("look into", r.o.Folder, err)
		}
	}
	return false, nil
}

// absent says what it means that there is no repository.json: a folder for a new repository, none, or one that has lost its key.
func (r *Repository) absent() error {
	backups, err := r.disk().readDir(r.path(backupsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError("read", r.path(backupsDir), err)
	}
	if len(backups) > 0 {
		return r.damaged(repositoryFile, errors.New("it is missing, though the folder holds backups"))
	}
	if !r.o.Create {
		return fmt.Errorf("%w: %s", ErrNoRepository, r.o.Folder)
	}
	return nil
}

func (r *Repository) path(parts ...string) string {
	return filepath.Join(append([]string{r.o.Folder}, parts...)...)
}

func (r *Repository) step(at Step) {
	if r.o.Crash != nil {
		r.o.Crash(at)
	}
}

// keys opens the keyring by the data folder's keys.json, or, where that is missing or damaged, by the repository's.
func (r *Repository) keys(ctx context.Context) (*keyring.Keyring, error) {
	source, err := r.source()
	if err != nil {
		return nil, err
	}
	var first error
	for _, dir := range []string{r.o.DataDir, r.o.Folder} {
		if dir == "" {
			continue
		}
		if there, err := r.disk().exists(filepath.Join(dir, keyring.CheckFileName)); !there && err == nil {
			continue
		}
		ring, err := keyring.Open(ctx, keyring.Options{Dir: dir, Source: source})
		if err == nil {
			return ring, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = fmt.Errorf("%w: neither %s nor %s holds keys.json", keyring.ErrMissing, r.o.DataDir, r.o.Folder)
	}
	return nil, first
}

// source is where the master key is: where the options say, or in a file of the data folder or of the repository.
func (r *Repository) source() (keyring.Source, error) {
	if r.o.KeySource != nil {
		return r.o.KeySource, nil
	}
	if r.o.DataDir != "" {
		there, err := r.disk().exists(filepath.Join(r.o.DataDir, keyring.KeyFileName))
		if err != nil {
			return nil, fileError("look for the master key in", r.o.DataDir, err)
		}
		if there {
			return keyring.NewFileSource(r.o.DataDir), nil
		}
	}
	return keyring.NewFileSource(r.o.Folder), nil
}

// make makes the folder a repository.
func (r *Repository) make(sealer *security.Sealer) error {
	if err := r.disk().mkdirAll(r.o.Folder); err != nil {
		return fileError("make", r.o.Folder, err)
	}
	entries, err := r.disk().readDir(r.o.Folder)
	if err != nil {
		return fileError("read", r.o.Folder, err)
	}
	for _, e := range entries {
		switch e.Name() {
		case chunksDir, backupsDir, tempDir, lockName, repositoryCopy, keyring.CheckFileName, keyring.KeyFileName: // a making that was cut short
		default:
			return fmt.Errorf("%w: %s holds %s already; name an empty folder for backups", ErrNoRepository, r.o.Folder, e.Name())
		}
	}
	for _, dir := range []string{chunksDir, backupsDir, tempDir} {
		if err := r.disk().mkdirAll(r.path(dir)); err != nil {
			return fileError("make", r.path(dir), err)
		}
	}
	if err := r.keepCheckTable(); err != nil {
		return err
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	if err := r.writeHeader(sealer, hex.EncodeToString(id[:]), security.RandomSecret(32)); err != nil {
		return err
	}
	r.step(StepMade)
	return nil
}

func headerPlace(id string) []byte { return security.Place([]byte("backup repository"), []byte(id)) }

func (r *Repository) writeHeader(sealer *security.Sealer, id string, key security.Secret) error {
	sealed, err := sealer.Seal(nil, key.Bytes(), headerPlace(id))
	if err != nil {
		return fmt.Errorf("backup: seal the repository's key: %w", err)
	}
	b, err := json.Marshal(header{Format: repositoryFormat, ID: id, Key: sealed})
	if err != nil {
		return fmt.Errorf("backup: write %s: %w", repositoryFile, err)
	}
	return r.keepHeader(append(b, '\n'))
}

// keepHeader writes repository.json and its copy, each where it is not that already.
func (r *Repository) keepHeader(b []byte) error {
	for _, name := range []string{repositoryFile, repositoryCopy} {
		if have, err := r.disk().readFile(r.path(name)); err == nil && bytes.Equal(have, b) {
			continue
		}
		if err := r.disk().mkdirAll(r.path(tempDir)); err != nil {
			return fileError("make", r.path(tempDir), err)
		}
		if err := r.disk().replace(r.path(name), r.path(tempDir, name), b); err != nil {
			return fileError("write", r.path(name), err)
		}
	}
	return nil
}

// readHeader reads repository.json, or its copy where that cannot be used, and the key in it. The caller wipes the key. Whoever may
// write has both be the same after it.
func (r *Repository) readHeader(sealer *security.Sealer) (h header, secret security.Secret, err error) {
	h, secret, b, err := r.openHeader(repositoryFile, sealer)
	if errors.Is(err, ErrNewer) {
		return h, secret, err
	}
	if err != nil {
		var cerr error
		if h, secret, b, cerr = r.openHeader(repositoryCopy, sealer); cerr != nil {
			return h, secret, err
		}
		r.o.Logger.Warn("the repository's file is damaged or missing; its copy is used", "file", r.path(repositoryFile), "error", err)
	}
	if !r.o.Create {
		return h, secret, nil
	}
	return h, secret, r.keepHeader(b)
}

func (r *Repository) openHeader(name string, sealer *security.Sealer) (h header, secret security.Secret, b []byte, err error) {
	if b, err = r.disk().readFile(r.path(name)); errors.Is(err, fs.ErrNotExist) {
		return h, secret, nil, r.damaged(name, errors.New("it is missing"))
	} else if err != nil {
		return h, secret, nil, fileError("read", r.path(name), err)
	}
	if h, err = decodeHeader(b); err != nil {
		return h, secret, nil, r.damaged(name, err)
	}
	key, err := sealer.Open(nil, h.Key, headerPlace(h.ID))
	switch {
	case errors.Is(err, security.ErrAuth), errors.Is(err, security.ErrGeneration):
		return h, secret, nil, fmt.Errorf("%w: %s", ErrOtherKey, r.o.Folder)
	case err != nil:
		return h, secret, nil, r.damaged(name, err)
	}
	return h, security.NewSecret(key), b, nil
}

// unseal reads the repository's key, and seals it anew where the master key was rotated since.
func (r *Repository) unseal(sealer *security.Sealer) error {
	h, secret, err := r.readHeader(sealer)
	if err != nil {
		return err
	}
	defer secret.Wipe()
	r.id = h.ID
	if r.chunkKey, err = derive(secret, "chunks"); err != nil {
		return err
	}
	manifests, err := derive(secret, "manifests")
	if err != nil {
		return err
	}
	if r.manifests, err = security.NewSealer(security.ClassStore, 1, map[uint32]security.Secret{1: manifests}); err != nil {
		return err
	}
	if was, err := security.ParseHeader(h.Key); err == nil && was.Generation < sealer.Generation() && r.o.Create {
		return r.writeHeader(sealer, h.ID, secret)
	}
	return nil
}

func (r *Repository) damaged(name string, err error) error {
	if errors.Is(err, ErrNewer) {
		return err
	}
	return &DamageError{Path: r.path(name), Err: err, Advice: "put the file back from a copy of the repository, or name another folder for new backups"}
}

// decodeHeader reads repository.json.
func decodeHeader(b []byte) (header, error) {
	var h header
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&h); err != nil {
		return h, errAltered
	}
	if h.Format > repositoryFormat {
		return h, fmt.Errorf("%w (repository format %d)", ErrNewer, h.Format)
	}
	if h.Format != repositoryFormat || h.ID == "" || len(h.ID) > 64 {
		return h, errAltered
	}
	return h, nil
}

func derive(key security.Secret, label string) (security.Secret, error) {
	b, err := hkdf.Key(sha256.New, key.Bytes(), nil, "elderzan backup v1/"+label, 32)
	if err != nil {
		return security.Secret{}, fmt.Errorf("backup: derive a key: %w", err)
	}
	return security.NewSecret(b), nil
}

// keepCheckTable copies the data folder's keys.json, so that the repository tells a wrong master key by itself.
func (r *Repository) keepCheckTable() error {
	b, err := r.disk().readFile(filepath.Join(r.o.DataDir, keyring.CheckFileName))
	if err != nil {
		return fileError("read", filepath.Join(r.o.DataDir, keyring.CheckFileName), err)
	}
	path := r.path(keyring.CheckFileName)
	if have, err := r.disk().readFile(path); err == nil && bytes.Equal(have, b) {
		return nil
	}
	return fileError("write", path, r.disk().replace(path, r.path(tempDir, keyring.CheckFileName), b))
}

// lock takes the repository: for this call alone, or together with others that only read.
func (r *Repository) lock(alone bool) (unlock func(), err error) {
	f, err := r.disk().openFile(r.path(lockName), os.O_CREATE|os.O_RDWR)
	if errors.Is(err, unix.EROFS) || errors.Is(err, fs.ErrPermission) {
		if !alone { // nobody else can change it either
			return func() {}, nil
		}
	}
	if err != nil {
		return nil, fileError("lock", r.path(lockName), err)
	}
	how := unix.LOCK_SH
	if alone {
		how = unix.LOCK_EX
	}
	if err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrLocked, r.o.Folder)
		}
		return nil, fileError("lock", r.path(lockName), err)
	}
	return func() {
		_ = unix.Flock(int(f.Fd()), unix.LOCK_UN) // by name: a process being started just now has the file open too
		_ = f.Close()                             // nothing was written
	}, nil
}

// tidy removes what a crash left in tmp. It needs the lock.
func (r *Repository) tidy() error {
	if err := r.disk().removeAll(r.path(tempDir)); err != nil {
		return fileError("remove", r.path(tempDir), err)
	}
	return fileError("make", r.path(tempDir), r.disk().mkdirAll(r.path(tempDir)))
}
