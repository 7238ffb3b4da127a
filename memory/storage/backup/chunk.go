package backup

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

func (r *Repository) hash(b []byte) (h hash) {
	mac := hmac.New(sha256.New, r.chunkKey.Bytes())
	mac.Write(b)
	mac.Sum(h[:0])
	return h
}

func (h hash) file() string {
	s := h.String()
	return filepath.Join(chunksDir, s[:2], s)
}

// chunkWriter stores the chunks of one backup.
type chunkWriter struct {
	r      *Repository
	stored atomic.Int64 // bytes written
	number atomic.Int64

	mu   sync.Mutex
	dirs map[string]bool // folders with new names in them
	done map[hash]bool   // written by this writer
}

// put stores b unless it is there, and returns its name. A chunk that is there counts only where a manifest vouches for
// it: one that a crash left behind may not have reached the disk as a whole.
func (w *chunkWriter) put(b []byte) (hash, error) {
	h := w.r.hash(b)
	path := w.r.path(h.file())
	w.mu.Lock()
	known := w.r.whole[h] || w.done[h]
	w.mu.Unlock()
	if known {
		if info, err := w.r.disk().lstat(path); err == nil && info.Size() == int64(len(b)) {
			return h, nil
		}
	}
	dir := filepath.Dir(path)
	temp := w.r.path(tempDir, fmt.Sprintf("chunk-%d", w.number.Add(1)))
	err := w.r.disk().writeSynced(temp, b)
	if err == nil {
		err = w.r.disk().rename(temp, path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err = w.r.disk().mkdirAll(dir); err == nil {
			err = w.r.disk().rename(temp, path)
		}
	}
	if err != nil {
		return h, fileError("write", path, err)
	}
	w.stored.Add(int64(len(b)))
	w.mu.Lock()
	w.dirs[dir], w.done[h] = true, true
	w.mu.Unlock()
	w.r.step(StepChunk)
	return h, nil
}

// sync makes the names of the new chunks durable; their content is already.
func (w *chunkWriter) sync() error {
	if len(w.dirs) == 0 {
		return nil
	}
	w.dirs[w.r.path(chunksDir)] = true
	var g errgroup.Group // what is synced at the same time takes the file system one write
	g.SetLimit(waiters)
	for dir := range w.dirs {
		g.Go(func() error { return fileError("sync", dir, w.r.disk().syncDir(dir)) })
	}
	return g.Wait()
}

// get returns the content of a chunk, verified. The error is a *DamageError, or the file system's.
func (r *Repository) get(h hash, length int) ([]byte, error) {
	path := r.path(h.file())
	b, err := r.disk().readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &DamageError{Path: path, Err: errMissing}
	case err != nil:
		return nil, &DamageError{Path: path, Err: err}
	case len(b) != length || r.hash(b) != h:
		return nil, &DamageError{Path: path, Err: errAltered}
	}
	return b, nil
}
