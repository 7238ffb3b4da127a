package storage

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
	"github.com/elderzan/elderzan/security"
)

// indexName names one FAISS index: those of an embedding space that are sealed under one class of keys.
type indexName struct {
	space string
	class security.Class
}

func (n indexName) fileID() string { return n.space + "/" + n.class.String() }

// file is the name of the snapshot; a space's name may hold what a file's must not.
func (n indexName) file() string {
	return hex.EncodeToString([]byte(n.space)) + "." + n.class.String() + ".faiss"
}

// vectorSet is the FAISS indexes of a store. It is safe for concurrent use; changes come one at a time, in the order
// of the commits, from txn's finish.
type vectorSet struct {
	dir     string // of the snapshots
	opts    *Options
	sealers map[security.Class]*security.Sealer
	pool    *vector.Pool

	mu      sync.RWMutex
	indexes map[indexName]*vector.Index
	covered []uint8            // by row: in how many indexes it is
	applied int64              // the largest VectorRef.Seq that the indexes hold
	dirty   map[indexName]bool // changed since the snapshot on disk
}

func (v *vectorSet) fail(op string) error {
	if v.opts.Fail == nil {
		return nil
	}
	return v.opts.Fail("faiss", op)
}

// index returns the index of that name, and makes it if create is set. It needs mu, for writing if create is set.
func (v *vectorSet) index(name indexName, create bool) (*vector.Index, error) {
	x := v.indexes[name]
	if x != nil || !create {
		return x, nil
	}
	x, err := vector.New(vector.Options{Dim: memory.Dim, Pool: v.pool})
	if err != nil {
		return nil, fmt.Errorf("faiss: make index: %w", err)
	}
	v.indexes[name] = x
	return x, nil
}

// apply does in FAISS what t did in the record. FAISS only fails when memory runs out: then the index is behind, which
// the checker sees and the next open mends.
func (v *vectorSet) apply(t *txn) {
	err := v.fail("apply")
	if err == nil {
		v.mu.Lock()
		err = v.change(t)
		v.mu.Unlock()
	}
	if err != nil {
		v.opts.Logger.Error("the vector index is behind the record until the next start", "error", err)
	}
}

// change needs mu for writing.
func (v *vectorSet) change(t *txn) error {
	for _, ref := range t.drops {
		if err := v.remove(indexName{ref.Space, ref.Class}, ref.Row); err != nil {
			return err
		}
	}
	for i, ref := range t.refs {
		if err := v.put(ref, t.values[i]); err != nil {
			return err
		}
		v.applied = max(v.applied, ref.Seq)
	}
	return nil
}

func (v *vectorSet) put(ref catalog.VectorRef, values []float32) error {
	x, err := v.index(indexName{ref.Space, ref.Class}, true)
	if err != nil {
		return err
	}
	v.dirty[indexName{ref.Space, ref.Class}] = true
	fresh := !x.Has(ref.Row)
	if err := x.Put([]int64{ref.Row}, [][]float32{values}); err != nil {
		return err
	}
	if fresh {
		v.cover(ref.Row, 1)
	}
	return nil
}

func (v *vectorSet) remove(name indexName, row int64) error {
	x, err := v.index(name, false)
	if x == nil || err != nil {
		return err
	}
	n, err := x.Remove([]int64{row})
	if n > 0 {
		v.dirty[name] = true
		v.cover(row, -1)
	}
	return err
}

func (v *vectorSet) cover(row int64, by int) {
	if n := int(row) + 1 - len(v.covered); n > 0 {
		v.covered = append(v.covered, make([]uint8, n)...)
	}
	v.covered[row] = uint8(int(v.covered[row]) + by)
}

// waiting counts the selected rows without a vector in any space.
func (v *vectorSet) waiting(sel *inverted.Selection) int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	n := 0
	for row := range sel.Rows() {
		if row >= int64(len(v.covered)) || v.covered[row] == 0 {
			n++
		}
	}
	return n
}

// spaces counts the vectors of each space.
func (v *vectorSet) spaces() map[string]int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := map[string]int{}
	for name, x := range v.indexes {
		if n := x.Len(); n > 0 {
			out[name.space] += n
		}
	}
	return out
}

// similarity is what a vector search says of a row.
type similarity struct {
	cosine float64
	space  string
}

// nearest returns the selected rows that are nearest to the queries, k for each space and class.
func (v *vectorSet) nearest(ctx context.Context, queries map[string][]float32, sel *inverted.Selection, k int) (map[int64]similarity, error) {
	return v.search(ctx, queries, selectorOf(sel), min(k, vector.MaxK))
}

// similarities returns what the rows have in common with the queries, as far as they have vectors.
func (v *vectorSet) similarities(ctx context.Context, queries map[string][]float32, rows []int64) (map[int64]similarity, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	return v.search(ctx, queries, vector.IDs(rows), min(len(rows), vector.MaxK))
}

// fewSelected is up to how many rows are handed to FAISS as a list: beyond, a bitmap is shorter.
const fewSelected = 256

func selectorOf(sel *inverted.Selection) vector.Selector {
	if sel.Len() <= fewSelected {
		return vector.IDs(slices.Collect(sel.Rows()))
	}
	b := vector.NewBitmap(int64(64*len(sel.Bits())) - 1)
	for row := range sel.Rows() {
		b.Add(row)
	}
	return b
}

// search asks every index of the queries' spaces. A row that has vectors in several spaces counts with that of the
// largest: that is the current one but for the moment when a new one has begun to fill.
func (v *vectorSet) search(ctx context.Context, queries map[string][]float32, sel vector.Selector, k int) (map[int64]similarity, error) {
	if err := v.fail("search"); err != nil {
		return nil, fmt.Errorf("faiss: search: %w", err)
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := map[int64]similarity{}
	for _, space := range v.bySize(queries) {
		hits, err := v.searchSpace(ctx, space, queries[space], sel, k)
		if err != nil {
			return nil, err
		}
		for _, h := range hits {
			if _, ok := out[h.ID]; !ok {
				out[h.ID] = similarity{float64(h.Cosine), space}
			}
		}
	}
	return out, nil
}

// searchSpace returns the k nearest of one space, whatever keys seal them. It needs mu.
func (v *vectorSet) searchSpace(ctx context.Context, space string, query []float32, sel vector.Selector, k int) ([]vector.Hit, error) {
	var hits []vector.Hit
	for _, class := range []security.Class{security.ClassStore, security.ClassPrivate} {
		x := v.indexes[indexName{space, class}]
		if x == nil || x.Len() == 0 {
			continue
		}
		found, err := x.Search(ctx, query, k, sel)
		if err != nil {
			return nil, fmt.Errorf("faiss: %w", err)
		}
		hits = append(hits, found...)
	}
	slices.SortFunc(hits, func(a, b vector.Hit) int { return cmp.Or(cmp.Compare(b.Cosine, a.Cosine), cmp.Compare(a.ID, b.ID)) })
	return hits[:min(len(hits), k)], nil
}

// bySize lists the spaces of queries, the one with the most vectors first. It needs mu.
func (v *vectorSet) bySize(queries map[string][]float32) []string {
	size := map[string]int{}
	for name, x := range v.indexes {
		size[name.space] += x.Len()
	}
	spaces := make([]string, 0, len(queries))
	for space := range queries {
		spaces = append(spaces, space)
	}
	slices.SortFunc(spaces, func(a, b string) int { return cmp.Or(size[b]-size[a], cmp.Compare(a, b)) })
	return spaces
}

// save writes a snapshot of each index that changed since its last one.
func (v *vectorSet) save() error {
	v.mu.RLock()
	generation := v.applied
	names := slices.Collect(maps.Keys(v.dirty))
	v.mu.RUnlock()
	var errs []error
	for _, name := range names {
		errs = append(errs, v.saveOne(name, generation))
	}
	return errors.Join(errs...)
}

func (v *vectorSet) saveOne(name indexName, generation int64) error {
	if err := v.fail("save"); err != nil {
		return fmt.Errorf("faiss: write snapshot: %w", err)
	}
	// Marked as saved before it is: a change that comes meanwhile marks it again.
	v.mu.Lock()
	x := v.indexes[name]
	delete(v.dirty, name)
	v.mu.Unlock()
	// A generation must not be 0, which stands for any; the sequence starts at 1.
	snap := vector.Snapshot{Sealer: v.sealers[name.class], FileID: name.fileID(), Generation: uint64(max(generation, 1))}
	if err := x.SaveFile(filepath.Join(v.dir, name.file()), snap); err != nil {
		v.mu.Lock()
		v.dirty[name] = true
		v.mu.Unlock()
		return fileError("write a snapshot of the vector index", err)
	}
	return nil
}

// load reads the snapshot of an index. A missing or damaged one is an empty index: it is filled from RocksDB.
func (v *vectorSet) load(name indexName) (x *vector.Index, generation int64, err error) {
	path := filepath.Join(v.dir, name.file())
	info, err := vector.ReadFileInfo(path)
	if err == nil {
		x, err = vector.LoadFile(path, vector.Snapshot{Sealer: v.sealers[name.class], FileID: name.fileID(), Generation: info.Generation},
			vector.Options{Dim: memory.Dim, Pool: v.pool})
	}
	var damaged *vector.CorruptError
	switch {
	case err == nil:
		return x, int64(info.Generation), nil
	case errors.As(err, &damaged):
		v.opts.Logger.Warn("a snapshot of the vector index is damaged; it is built anew", "file", name.file(), "error", err)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, 0, fileError("read a snapshot of the vector index", err)
	}
	x, err = vector.New(vector.Options{Dim: memory.Dim, Pool: v.pool})
	return x, 0, err
}

// close frees the indexes.
func (v *vectorSet) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var errs []error
	for _, x := range v.indexes {
		errs = append(errs, x.Close())
	}
	clear(v.indexes)
	return errors.Join(append(errs, v.pool.Close())...)
}

// discard removes the snapshots: of indexes that no vector is in any more, and by a repair.
func (v *vectorSet) discard(keep map[indexName]bool) error {
	entries, err := os.ReadDir(v.dir)
	if err != nil {
		return fileError("list the snapshots", err)
	}
	kept := map[string]bool{}
	for name := range keep {
		kept[name.file()] = true
	}
	for _, e := range entries {
		if !kept[e.Name()] {
			if err := os.Remove(filepath.Join(v.dir, e.Name())); err != nil {
				return fileError("remove an old snapshot", err)
			}
		}
	}
	return nil
}
