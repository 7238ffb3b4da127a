package vector

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
)

// Kind says how an index holds and searches its vectors.
type Kind uint8

// The kinds.
const (
	Flat Kind = 1 // float32, searched exactly
)

// String returns the kind's name.
func (k Kind) String() string {
	if k == Flat {
		return "flat"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// MaxDim is the largest dimension of an index.
const MaxDim = 1 << 16

var (
	// ErrNotFound reports an id that the index does not hold.
	ErrNotFound = errors.New("vector: no such id")
	// ErrVector reports a vector or query of another dimension, of another length than 1, or with a component that
	// is no number.
	ErrVector = errors.New("vector: not a unit vector of the index's dimension")
)

// unitTolerance is how far a vector's squared length may be from 1. It lets pass what float16 storage rounds, and
// stops what was never normalised.
const unitTolerance = 0.01

// Options tells how to make an index; the zero value works but for Dim.
type Options struct {
	Dim  int   // dimension of the vectors, 1 to MaxDim
	Kind Kind  // 0 means Flat
	Pool *Pool // where calls into FAISS run; nil means a pool of its own, closed with the index
}

// Index maps ids to unit vectors and finds the nearest. Ids are not negative; they should be dense, as a Bitmap
// takes room up to the largest. It is safe for concurrent use: searches run side by side, changes one at a time.
type Index struct {
	dim     int
	kind    Kind
	pool    *Pool
	ownPool bool

	mu     sync.RWMutex
	native *native // nil once closed
	ids    []int64 // by row
	rows   map[int64]int
	view   *view // of the snapshot being written, nil if there is none

	saving sync.Mutex // held while a snapshot is written: one at a time
}

// New returns an empty index. The caller closes it.
func New(opts Options) (*Index, error) {
	if opts.Dim < 1 || opts.Dim > MaxDim {
		return nil, fmt.Errorf("vector: dimension %d is not in 1 to %d", opts.Dim, MaxDim)
	}
	if opts.Kind == 0 {
		opts.Kind = Flat
	}
	if opts.Kind != Flat {
		return nil, fmt.Errorf("vector: %s is no kind of index", opts.Kind)
	}
	x := &Index{dim: opts.Dim, kind: opts.Kind, pool: opts.Pool, rows: make(map[int64]int)}
	if x.pool == nil {
		x.pool, x.ownPool = NewPool(PoolOptions{}), true
	}
	err := x.call(func() (err error) { x.native, err = newNative(x.dim); return })
	if err != nil {
		return nil, errors.Join(err, x.closePool())
	}
	return x, nil
}

// call runs fn on a goroutine of the pool.
func (x *Index) call(fn func() error) error {
	var err error
	if poolErr := x.pool.do(1, func() { err = fn() }); poolErr != nil {
		return poolErr
	}
	return err
}

// Close frees the index. It waits for calls under way and is safe to call more than once.
func (x *Index) Close() error {
	x.saving.Lock()
	defer x.saving.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.native == nil {
		return nil
	}
	n := x.native
	x.native, x.ids, x.rows = nil, nil, nil
	return errors.Join(x.call(func() error { n.free(); return nil }), x.closePool())
}

func (x *Index) closePool() error {
	if !x.ownPool {
		return nil
	}
	return x.pool.Close()
}

// Dim returns the dimension.
func (x *Index) Dim() int { return x.dim }

// Kind returns the kind.
func (x *Index) Kind() Kind { return x.kind }

// Len returns how many vectors the index holds; 0 after Close.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.ids)
}

// Bytes returns the length of the vectors in memory, without the tables beside them.
func (x *Index) Bytes() int64 { return int64(x.Len()) * int64(x.dim) * 4 }

// Has reports whether the index holds id.
func (x *Index) Has(id int64) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	_, ok := x.rows[id]
	return ok
}

// IDs returns the ids in the index, rising. The caller owns the slice.
func (x *Index) IDs() []int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.Sorted(maps.Keys(x.rows))
}

// Reconstruct returns a copy of the vector of id, as it was put. It returns ErrNotFound or ErrClosed.
func (x *Index) Reconstruct(id int64) ([]float32, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.native == nil {
		return nil, ErrClosed
	}
	row, ok := x.rows[id]
	if !ok {
		return nil, fmt.Errorf("%w: %d", ErrNotFound, id)
	}
	out := make([]float32, x.dim)
	if err := x.call(func() error { return x.native.get(row, out) }); err != nil {
		return nil, err
	}
	return out, nil
}

// checkVector returns an error wrapping ErrVector for what is no unit vector of the dimension.
func (x *Index) checkVector(v []float32) error {
	if len(v) != x.dim {
		return fmt.Errorf("%w: it has %d components, not %d", ErrVector, len(v), x.dim)
	}
	var sum float64
	for _, c := range v {
		sum += float64(c) * float64(c)
	}
	if !(math.Abs(sum-1) <= unitTolerance) { // not >, which NaN would pass
		return fmt.Errorf("%w: its squared length is %.3g", ErrVector, sum)
	}
	return nil
}
