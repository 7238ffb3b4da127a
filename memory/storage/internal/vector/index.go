package vector

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// MaxDim is the largest dimension of an index.
const MaxDim = 1 << 16

var (
	// ErrNotFound reports an id that the index does not hold.
	ErrNotFound = errors.New("vector: no such id")
	// ErrVector reports a vector or query of another dimension, of another length than 1, or with a component that
	// is no number.
	ErrVector = errors.New("vector: not a unit vector of the index's dimension")
	// ErrNoSource reports a kind that needs Options.Source where there is none.
	ErrNoSource = errors.New("vector: every kind but flat needs Options.Source, where the full vectors are")
)

// unitTolerance is how far a vector's squared length may be from 1. It lets pass what float16 storage rounds, and
// stops what was never normalised.
const unitTolerance = 0.01

// Source reads full vectors: those last put under ids, one after another, into dst, which is all zeros and has
// len(ids) times the dimension. Of an id whose vector is lost dst is left alone: the index makes do with what it holds
// of it. An error ends the call that needed the vectors. Source may be called from several goroutines and must
// not call the index, nor wait for what waits for it.
type Source func(ctx context.Context, ids []int64, dst []float32) error

// Options tells how to make an index; the zero value works but for Dim.
type Options struct {
	Dim    int    // dimension of the vectors, 1 to MaxDim
	Kind   Kind   // 0 means what fits the size, and Flat without a Source; another kind stays
	Pool   *Pool  // where calls into FAISS run; nil means a pool of its own, closed with the index
	Source Source // needed by every kind but Flat
	Limits Limits // where kinds change
	Expect int    // how many vectors are about to be put: the index has the kind for them until then

	// Rebuilt, where set, is told of each piece of work done in the background, from the goroutine that did it. It must
	// not call the index.
	Rebuilt func(Rebuild)
}

// Index maps ids to unit vectors and finds the nearest. Ids are not negative; they should be dense, as a Bitmap
// takes room up to the largest. It is safe for concurrent use: searches run side by side, changes one at a time.
type Index struct {
	dim     int
	pinned  Kind // 0 for the one that fits
	pool    *Pool
	ownPool bool
	source  Source
	limits  Limits
	rebuilt func(Rebuild)

	mu   sync.RWMutex
	body *body // nil once closed
	ivf  *ivf  // nil where the kind is not IVFPQ or is not ready yet
	log  *log  // of the rebuild under way

	expect int // vectors that are still to come: the kind is for as many

	codecMu sync.Mutex
	rot     *rotation // shared by the codecs
	codecs  map[int]*codec

	saving sync.Mutex // held while a snapshot is written, one at a time, and while rows or lists are exchanged
	keeper keeper
}

// New returns an empty index. The caller closes it.
func New(opts Options) (*Index, error) {
	x, err := newIndex(opts)
	if err != nil {
		return nil, err
	}
	kind := opts.Kind
	if kind == 0 {
		kind = Flat
		if opts.Source != nil {
			kind, x.expect = x.limits.fit(Flat, opts.Expect), opts.Expect
		}
	}
	err = x.call(func() (err error) { x.body, err = x.newBody(kind.rows()); return })
	if err != nil {
		return nil, errors.Join(err, x.release())
	}
	return x, nil
}

// newIndex returns an index without a body.
func newIndex(opts Options) (*Index, error) {
	if opts.Dim < 1 || opts.Dim > MaxDim {
		return nil, fmt.Errorf("vector: dimension %d is not in 1 to %d", opts.Dim, MaxDim)
	}
	if opts.Kind > IVFPQ {
		return nil, fmt.Errorf("vector: %s is no kind of index", opts.Kind)
	}
	if opts.Kind > Flat && opts.Source == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSource, opts.Kind)
	}
	x := &Index{
		dim: opts.Dim, pinned: opts.Kind, pool: opts.Pool, source: opts.Source, limits: opts.Limits.withDefaults(),
		rebuilt: opts.Rebuilt, codecs: map[int]*codec{},
	}
	if x.pool == nil {
		x.pool, x.ownPool = NewPool(PoolOptions{}), true
	}
	return x, nil
}

// newBody returns an empty body. It runs on the pool or a thread like the pool's.
func (x *Index) newBody(kind Kind) (*body, error) {
	if kind == Flat {
		n, err := newNative(x.dim)
		if err != nil {
			return nil, err
		}
		return &body{kind: kind, rows: n}, nil
	}
	c, err := x.codec(kind.bits())
	if err != nil {
		return nil, err
	}
	q, err := newQuantised(c)
	if err != nil {
		return nil, err
	}
	return &body{kind: kind, rows: q}, nil
}

// codec returns the codec of that many bits and makes it the first time. It lives until the index is closed.
func (x *Index) codec(bits int) (*codec, error) {
	x.codecMu.Lock()
	defer x.codecMu.Unlock()
	if c := x.codecs[bits]; c != nil {
		return c, nil
	}
	if x.rot == nil {
		rot, err := newRotation(x.dim)
		if err != nil {
			return nil, err
		}
		x.rot = rot
	}
	c, err := newCodec(bits, x.rot)
	if err != nil {
		return nil, err
	}
	x.codecs[bits] = c
	return c, nil
}

// call runs fn on a goroutine of the pool.
func (x *Index) call(fn func() error) error {
	var err error
	if poolErr := x.pool.do(1, func() { err = fn() }); poolErr != nil {
		return poolErr
	}
	return err
}

// Close ends work in the background, waits for calls under way and frees the index. It is safe to call more than once.
func (x *Index) Close() error {
	x.keeper.close()
	x.saving.Lock()
	defer x.saving.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.body == nil {
		return nil
	}
	return x.release()
}

// release frees what there is. It needs mu, or an index that nobody else has.
func (x *Index) release() error {
	b, v := x.body, x.ivf
	x.body, x.ivf = nil, nil
	free := func() error {
		if b != nil {
			b.rows.free()
		}
		if v != nil {
			v.free()
		}
		for _, c := range x.codecs {
			c.free()
		}
		if x.rot != nil {
			x.rot.free()
		}
		return nil
	}
	return errors.Join(x.call(free), x.closePool())
}

func (x *Index) closePool() error {
	if !x.ownPool {
		return nil
	}
	return x.pool.Close()
}

// Dim returns the dimension.
func (x *Index) Dim() int { return x.dim }

// Kind returns the present kind; Flat after Close.
func (x *Index) Kind() Kind {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.kind()
}

// kind needs mu held for reading.
func (x *Index) kind() Kind {
	switch {
	case x.body == nil:
		return Flat
	case x.ivf != nil:
		return IVFPQ
	}
	return x.body.kind
}

// Len returns how many vectors the index holds; 0 after Close.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.len()
}

// len needs mu held for reading.
func (x *Index) len() int {
	if x.body == nil {
		return 0
	}
	return len(x.body.ids)
}

// Bytes returns the length of the vectors or codes in memory, without the tables beside them; see Stats.
func (x *Index) Bytes() int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	switch {
	case x.body == nil:
		return 0
	case x.body.kind == Flat:
		return int64(len(x.body.ids)) * int64(x.dim) * 4
	}
	return x.body.rows.bytes()
}

// Has reports whether the index holds id.
func (x *Index) Has(id int64) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.body != nil && x.body.has(id)
}

// IDs returns the ids in the index, rising. The caller owns the slice.
func (x *Index) IDs() []int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.body == nil {
		return nil
	}
	ids := slices.Clone(x.body.ids)
	slices.Sort(ids)
	return ids
}

// Reconstruct returns a copy of the vector of id, as it was put: of kinds but Flat, what the Source gives. It returns
// ErrNotFound, ErrClosed or the Source's error.
func (x *Index) Reconstruct(id int64) ([]float32, error) {
	vec, err := x.reconstruct(id)
	if vec != nil || err != nil {
		return vec, err
	}
	vec = make([]float32, x.dim)
	if err := x.source(context.Background(), []int64{id}, vec); err != nil {
		return nil, fmt.Errorf("vector: read %d: %w", id, err)
	}
	if err := x.checkVector(vec); err != nil {
		return nil, fmt.Errorf("%w: %d is in the index, but its full vector is lost", ErrNotFound, id)
	}
	return vec, nil
}

// reconstruct returns nil without an error where the index holds a code only.
func (x *Index) reconstruct(id int64) ([]float32, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.body == nil {
		return nil, ErrClosed
	}
	row, ok := x.body.table.get(id)
	if !ok {
		return nil, fmt.Errorf("%w: %d", ErrNotFound, id)
	}
	n, ok := x.body.rows.(*native)
	if !ok {
		return nil, nil
	}
	out := make([]float32, x.dim)
	if err := x.call(func() error { return n.get(row, out) }); err != nil {
		return nil, err
	}
	return out, nil
}

// checkVector returns an error wrapping ErrVector for what is no unit vector of the dimension.
func (x *Index) checkVector(v []float32) error {
	if len(v) != x.dim {
		return fmt.Errorf("%w: it has %d components, not %d", ErrVector, len(v), x.dim)
	}
	if sum := square(v); !(math.Abs(sum-1) <= unitTolerance) { // not >, which NaN would pass
		return fmt.Errorf("%w: its squared length is %.3g", ErrVector, sum)
	}
	return nil
}
