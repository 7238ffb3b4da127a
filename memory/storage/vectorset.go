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

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
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
// of the commits, from txn's finish. Each index has the kind that suits its size (see vector.Limits) and reads full
// vectors from RocksDB.
type vectorSet struct {
	saving  sync.Mutex // held while snapshots are written; taken before mu
	dir     string     // of the snapshots
	opts    *Options
	sealers map[security.Class]*security.Sealer
	pool    *vector.Pool
	full    func(space string) vector.Source
	mended  func(what, detail string)
	rebuilt func() // told when an index has got another form, from a goroutine of its own

	// mu is never held while an index works: a change may wait for a rebuild, and searches must not wait for either.
	mu      sync.RWMutex
	indexes map[indexName]*vector.Index
	rows    map[indexName]rowSet // what each index holds
	applied int64                // the largest VectorRef.Seq that the indexes hold
	missed  bool                 // a change is not in them: snapshots would hide that from the next start
	dirty   map[indexName]bool   // changed since the snapshot on disk
	saved   map[indexName]savedVector
}

func (v *vectorSet) fail(op string) error {
	if v.opts.Fail == nil {
		return nil
	}
	return v.opts.Fail("faiss", op)
}

// options are those of the index of that name, which is about to hold expect vectors.
func (v *vectorSet) options(name indexName, expect int) vector.Options {
	return vector.Options{
		Dim: memory.Dim, Pool: v.pool, Source: v.full(name.space), Limits: vector.Limits(v.opts.Limits), Expect: expect,
		Rebuilt: func(r vector.Rebuild) { v.note(name, r) },
	}
}

// note tells of a rebuild and has the new form saved.
func (v *vectorSet) note(name indexName, r vector.Rebuild) {
	if r.Err != nil {
		if !errors.Is(r.Err, context.Canceled) {
			v.opts.Logger.Warn("the vector index keeps its form for now", "step", r.Step, "from", r.From.String(), "rows", r.Rows, "error", r.Err)
		}
		return
	}
	v.opts.Logger.Info("the vector index was rebuilt", "step", r.Step, "from", r.From.String(), "to", r.To.String(), "rows", r.Rows, "took", r.Took)
	if r.Step == "extend" { // a little of what every change brings
		return
	}
	v.mu.Lock()
	v.dirty[name] = true
	v.mu.Unlock()
	v.rebuilt()
}

// index returns the index of that name, and makes it if create is set.
func (v *vectorSet) index(name indexName, create bool) (*vector.Index, error) {
	v.mu.RLock()
	x := v.indexes[name]
	v.mu.RUnlock()
	if x != nil || !create {
		return x, nil
	}
	x, err := vector.New(v.options(name, 0))
	if err != nil {
		return nil, fmt.Errorf("faiss: make index: %w", err)
	}
	v.mu.Lock()
	v.indexes[name] = x
	v.mu.Unlock()
	return x, nil
}

// apply does in FAISS what t did in the record. FAISS only fails when memory runs out: then the index is behind, which
// the checker sees and the next open mends.
func (v *vectorSet) apply(t *txn) {
	err := v.fail("apply")
	if err == nil {
		err = v.change(t)
	}
	if err != nil {
		v.mu.Lock()
		v.missed = true
		v.mu.Unlock()
		v.opts.Logger.Error("the vector index is behind the record until the next start", "error", err)
	}
}

// change puts before it drops, so that a vector that moves from one index to another is never in neither.
func (v *vectorSet) change(t *txn) error {
	kept := map[indexName]map[int64]bool{}
	byName := map[indexName][]int{}
	for i, ref := range t.refs {
		name := indexName{ref.Space, ref.Class}
		byName[name] = append(byName[name], i)
		if kept[name] == nil {
			kept[name] = map[int64]bool{}
		}
		kept[name][ref.Row] = true
	}
	for name, which := range byName {
		rows, values := make([]int64, len(which)), make([][]float32, len(which))
		for n, i := range which {
			rows[n], values[n] = t.refs[i].Row, t.values[i]
		}
		if err := v.put(name, rows, values); err != nil {
			return err
		}
	}
	for _, ref := range t.drops {
		name := indexName{ref.Space, ref.Class}
		if kept[name][ref.Row] {
			continue
		}
		if err := v.remove(name, ref.Row); err != nil {
			return err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, ref := range t.refs {
		v.applied = max(v.applied, ref.Seq)
	}
	return nil
}

func (v *vectorSet) put(name indexName, rows []int64, values [][]float32) error {
	x, err := v.index(name, true)
	if err != nil {
		return err
	}
	err = x.Put(rows, values)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dirty[name] = true
	if err == nil {
		v.rows[name] = v.rows[name].add(rows)
	}
	return err
}

func (v *vectorSet) remove(name indexName, row int64) error {
	x, err := v.index(name, false)
	if x == nil || err != nil {
		return err
	}
	n, err := x.Remove([]int64{row})
	if n > 0 {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.dirty[name] = true
		v.rows[name].drop(row)
	}
	return err
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

// len counts the vectors.
func (v *vectorSet) len() (n int) {
	for _, x := range v.all() {
		n += x.Len()
	}
	return n
}

// similarity is what a vector search says of a row.
type similarity struct {
	cosine float64
	space  string
}

// nearest returns the selected rows that are nearest to the queries, k for each space and class, and whether they are
// the nearest there are.
func (v *vectorSet) nearest(ctx context.Context, queries map[string][]float32, sel *inverted.Selection, k int, mode vector.Mode) (map[int64]similarity, bool, error) {
	return v.search(ctx, queries, func(name indexName) vector.Selector { return v.selector(name, sel) }, min(k, vector.MaxK), nearestOptions(mode))
}

// fastRanked and balancedRanked are how many of the nearest those modes rank by their full vectors: the others come from
// places behind those that they answer with.
const (
	fastRanked     = 32
	balancedRanked = 160
)

func nearestOptions(mode vector.Mode) vector.SearchOptions {
	o := vector.SearchOptions{Mode: mode}
	switch mode {
	case vector.Fast:
		o.Candidates = fastRanked
	case vector.Balanced:
		o.Candidates = balancedRanked
	}
	return o
}

// similarities returns what the rows have in common with the queries, as far as they have vectors; in fast mode as their
// codes tell it.
func (v *vectorSet) similarities(ctx context.Context, queries map[string][]float32, rows []int64, mode vector.Mode) (map[int64]similarity, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	found, _, err := v.search(ctx, queries, func(indexName) vector.Selector { return vector.IDs(rows) }, min(len(rows), vector.MaxK),
		vector.SearchOptions{Mode: mode, Rough: mode == vector.Fast})
	return found, err
}

// fewSelected is up to how many rows are handed to FAISS as a list: beyond, a bitmap is shorter.
const fewSelected = 256

// selector restricts a search to sel; nil where that is no restriction.
func (v *vectorSet) selector(name indexName, sel *inverted.Selection) vector.Selector {
	if sel.Len() <= fewSelected {
		return vector.IDs(slices.Collect(sel.Rows()))
	}
	v.mu.RLock()
	all := v.rows[name].within(sel.Bits())
	v.mu.RUnlock()
	if all {
		return nil
	}
	return vector.BitmapOf(sel.Bits())
}

// search asks every index of the queries' spaces. A row that has vectors in several spaces counts with that of the
// largest: that is the current one but for the moment when a new one has begun to fill.
func (v *vectorSet) search(ctx context.Context, queries map[string][]float32, sel func(indexName) vector.Selector, k int, o vector.SearchOptions) (map[int64]similarity, bool, error) {
	if err := v.fail("search"); err != nil {
		return nil, false, fmt.Errorf("faiss: search: %w", err)
	}
	out, exact := make(map[int64]similarity, min(k, vector.MaxK)), true
	for _, space := range v.bySize(queries) {
		hits, all, err := v.searchSpace(ctx, space, queries[space], sel, k, o)
		if err != nil {
			return nil, false, err
		}
		exact = exact && all
		for _, h := range hits {
			if _, ok := out[h.ID]; !ok {
				out[h.ID] = similarity{float64(h.Cosine), space}
			}
		}
	}
	return out, exact, nil
}

// searchSpace returns the k nearest of one space, whatever keys seal them.
func (v *vectorSet) searchSpace(ctx context.Context, space string, query []float32, sel func(indexName) vector.Selector, k int, o vector.SearchOptions) ([]vector.Hit, bool, error) {
	var found [2]vector.Result
	one := func(i int, class security.Class, o vector.SearchOptions) (err error) {
		found[i], err = v.searchOne(ctx, indexName{space, class}, query, sel, k, o)
		return err
	}
	var err error
	if o.Mode == vector.Fast {
		// Side by side; of private memories, which are few, the codes tell enough.
		rough := o
		rough.Rough = true
		var g errgroup.Group
		g.Go(func() error { return one(1, security.ClassPrivate, rough) })
		err = errors.Join(one(0, security.ClassStore, o), g.Wait())
	} else if err = one(0, security.ClassStore, o); err == nil {
		if hits := found[0].Hits; len(hits) >= k { // what of the second index is behind those need not be told apart
			o.Floor = hits[k-1].Cosine
		}
		err = one(1, security.ClassPrivate, o)
	}
	if err != nil {
		return nil, false, err
	}
	hits := append(found[0].Hits, found[1].Hits...)
	slices.SortFunc(hits, func(a, b vector.Hit) int { return cmp.Or(cmp.Compare(b.Cosine, a.Cosine), cmp.Compare(a.ID, b.ID)) })
	hits = slices.CompactFunc(hits, func(a, b vector.Hit) bool { return a.ID == b.ID })
	return hits[:min(len(hits), k)], found[0].Exact && found[1].Exact, nil
}

// searchOne asks one index; one that is not there finds nothing, all of it.
func (v *vectorSet) searchOne(ctx context.Context, name indexName, query []float32, sel func(indexName) vector.Selector, k int, o vector.SearchOptions) (vector.Result, error) {
	x, err := v.index(name, false)
	if err != nil || x == nil || x.Len() == 0 {
		return vector.Result{Exact: true}, err
	}
	found, err := x.SearchWith(ctx, query, k, sel(name), o)
	if errors.Is(err, vector.ErrClosed) {
		return found, ErrClosed
	}
	if err != nil {
		return found, fmt.Errorf("faiss: %w", err)
	}
	return found, nil
}

// bySize lists the spaces of queries, the one with the most vectors first.
func (v *vectorSet) bySize(queries map[string][]float32) []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
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

// save writes a snapshot of each index that changed since its last one. They hold every change up to touched.
func (v *vectorSet) save(touched int64) error {
	v.saving.Lock() // two that write one file would take it from under each other
	defer v.saving.Unlock()
	v.mu.RLock()
	generation, missed := v.applied, v.missed
	names := slices.Collect(maps.Keys(v.dirty))
	v.mu.RUnlock()
	if missed { // those of before are brought up to date by the next start
		return nil
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, v.saveOne(name, generation, touched))
	}
	return errors.Join(errs...)
}

func (v *vectorSet) saveOne(name indexName, generation, touched int64) error {
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
	v.mu.Lock()
	defer v.mu.Unlock()
	v.saved[name] = savedVector{Space: name.space, Class: name.class, Seq: generation, Touched: touched}
	return nil
}

// unsaved has every snapshot written again.
func (v *vectorSet) unsaved() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name := range v.indexes {
		v.dirty[name] = true
	}
}

// changed reports whether a snapshot is behind its index.
func (v *vectorSet) changed() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.dirty) > 0
}

// savedList says what the snapshots hold; nothing where an index has none. One without changes since has them all.
func (v *vectorSet) savedList() []savedVector {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := make([]savedVector, 0, len(v.indexes))
	for name := range v.indexes {
		e, ok := v.saved[name]
		if !ok {
			return nil
		}
		out = append(out, e)
	}
	return out
}

// readInfo returns the generation of a snapshot.
func readInfo(path string) (uint64, error) {
	info, err := vector.ReadFileInfo(path)
	return info.Generation, err
}

// load reads the snapshot of an index. A missing or damaged one is an empty index for expect vectors: it is filled
// from RocksDB.
func (v *vectorSet) load(name indexName, expect int) (x *vector.Index, generation int64, err error) {
	path := filepath.Join(v.dir, name.file())
	info, err := vector.ReadFileInfo(path)
	if err == nil {
		x, err = vector.LoadFile(path, vector.Snapshot{Sealer: v.sealers[name.class], FileID: name.fileID(), Generation: info.Generation},
			v.options(name, 0))
	}
	var damaged *vector.CorruptError
	switch {
	case err == nil:
		return x, int64(info.Generation), nil
	case errors.As(err, &damaged):
		v.opts.Logger.Warn("a snapshot of the vector index is damaged; it is built anew", "file", name.file(), "error", err)
		v.mended(vectorsDir+"/"+name.file(), "damaged; the index was built anew from the stored vectors")
	case !errors.Is(err, fs.ErrNotExist):
		return nil, 0, fileError("read a snapshot of the vector index", err)
	}
	x, err = vector.New(v.options(name, expect))
	return x, 0, err
}

// settle waits until every index has the form that suits its size.
func (v *vectorSet) settle(ctx context.Context) error {
	for _, x := range v.all() {
		if err := x.Settle(ctx); err != nil {
			return fmt.Errorf("faiss: rebuild: %w", err)
		}
	}
	return nil
}

// all returns the indexes there are by name.
func (v *vectorSet) all() map[indexName]*vector.Index {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return maps.Clone(v.indexes)
}

// close frees the indexes.
func (v *vectorSet) close() error {
	var errs []error
	for _, x := range v.all() {
		errs = append(errs, x.Close())
	}
	v.mu.Lock()
	clear(v.indexes)
	v.mu.Unlock()
	return errors.Join(append(errs, v.pool.Close())...)
}

// discard removes the snapshots: of indexes that no vector is in any more, and by a repair.
func (v *vectorSet) discard(keep map[indexName]bool) error {
	entries, err := os.ReadDir(v.dir)
	if err != nil {
		return fileError("list the snapshots", err)
	}
	kept := map[string]bool{wordsFile: true}
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
