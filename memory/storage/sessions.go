package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
)

var _ memory.SessionStore = (*Store)(nil)

// What SQLite knows of a session is its metadata. Its state, which memories came back in it, is a value of the family
// session_state, as MessagePack, and so is its feature vector: the mean of the vectors of what was stored and what came
// back. An index over the feature vectors is filled when it is first asked.
//
// All of it is sealed like PRIVATE memories, since it tells of them; it never leaves the machine.

const (
	sessionStateKey   = 's' // begins the key of a state; the session's number follows
	sessionFeatureKey = 'f' // begins the key of a feature vector
)

// sessionUses is how many recalled memories of a session are kept.
const sessionUses = 200

// sessionMembers is how many of the newest memories of each kind a feature vector is made of.
const sessionMembers = 50

// storedWeight is what a stored memory counts in a feature vector beside one that came back.
const storedWeight = 2

func sessionKey(kind byte, num int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, uint64(num))
}

// sessionState is the value under sessionStateKey.
type sessionState struct {
	Recalled []memory.SessionUse `msgpack:"r"`
}

// sessionFeature is the value under sessionFeatureKey.
type sessionFeature struct {
	Vectors map[string][]byte `msgpack:"v"` // by space
}

// features indexes the feature vectors by session number, one index for each space. It is nil until asked for.
type features struct {
	pool *vector.Pool

	mu      sync.Mutex
	indexes map[string]*vector.Index
}

// SaveSessions implements memory.SessionStore. The state may be behind the metadata after a crash, never ahead of it by
// more than the updates of one call.
func (s *Store) SaveSessions(ctx context.Context, us []memory.SessionUpdate) error {
	if len(us) == 0 {
		return nil
	}
	nums := make([]int64, len(us))
	err := s.write(ctx, func(tx *catalog.Tx) (err error) {
		for i := range us {
			if nums[i], err = tx.PutSession(&us[i].Session); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	b := kv.NewBatch()
	fresh := map[int64]sessionFeature{}
	for i := range us {
		state, err := s.sessionState(nums[i])
		if err != nil {
			return err
		}
		for _, u := range us[i].Recalled {
			state.add(u)
		}
		if len(us[i].Recalled) > 0 {
			if err := kv.PutPrivateValue(b, kv.SessionState, sessionKey(sessionStateKey, nums[i]), state); err != nil {
				return err
			}
		}
		f, err := s.feature(ctx, us[i].ID, state)
		if err != nil {
			return err
		}
		if len(f.Vectors) == 0 {
			continue
		}
		if err := kv.PutPrivateValue(b, kv.SessionState, sessionKey(sessionFeatureKey, nums[i]), f); err != nil {
			return err
		}
		fresh[nums[i]] = f
	}
	if err := s.kv.Write(b, false); err != nil { // of use, but nobody was promised it
		return kvError("write session", err)
	}
	err = s.features.put(fresh)
	s.committed(memory.Commit{Sessions: shownOf(us)})
	return err
}

// shownOf lists the sessions of which more is new than when they were last heard of: whoever is told of a session and reads
// it is heard of by that, and would be told without end.
func shownOf(us []memory.SessionUpdate) []string {
	var out []string
	for i := range us {
		if u := &us[i]; u.Recalls > 0 || len(u.Recalled) > 0 || !u.Open {
			out = append(out, u.ID)
		}
	}
	return out
}

// add notes one use, the newest last.
func (st *sessionState) add(u memory.SessionUse) {
	if i := slices.IndexFunc(st.Recalled, func(o memory.SessionUse) bool { return o.ID == u.ID }); i >= 0 {
		u.Count += st.Recalled[i].Count
		st.Recalled = slices.Delete(st.Recalled, i, i+1)
	}
	st.Recalled = append(st.Recalled, u)
	st.Recalled = st.Recalled[max(0, len(st.Recalled)-sessionUses):]
}

func (s *Store) sessionState(num int64) (sessionState, error) {
	st, err := kv.GetValue[sessionState](s.kv, kv.SessionState, sessionKey(sessionStateKey, num))
	if errors.Is(err, kv.ErrNotFound) {
		return sessionState{}, nil
	}
	return st, kvError("read session", err)
}

// feature is the mean direction of what was stored in a session and what came back in it.
func (s *Store) feature(ctx context.Context, id string, st sessionState) (sessionFeature, error) {
	own := slices.Collect(s.index.Select(memory.Filter{
		Sessions: []string{id}, States: []memory.State{memory.Active, memory.Superseded, memory.Archived},
	}).Rows())
	own = own[max(0, len(own)-sessionMembers):]
	var ids []memory.ID
	for _, u := range st.Recalled[max(0, len(st.Recalled)-sessionMembers):] {
		ids = append(ids, u.ID)
	}
	found, err := s.catalog.RowsOf(ctx, ids)
	if err != nil {
		return sessionFeature{}, catalogError(err)
	}
	weights := map[int64]float64{}
	for _, row := range found {
		weights[row] = 1
	}
	for _, row := range own {
		weights[row] += storedWeight
	}
	rows := make([]int64, 0, len(weights))
	for row := range weights {
		rows = append(rows, row)
	}
	slices.Sort(rows) // sums of floats depend on their order
	vs, err := s.vectorsOfRows(ctx, rows)
	if err != nil {
		return sessionFeature{}, err
	}
	sums := map[string][]float64{}
	for _, row := range rows {
		for space, v := range vs[row] {
			if sums[space] == nil {
				sums[space] = make([]float64, memory.Dim)
			}
			for i, x := range v {
				sums[space][i] += weights[row] * float64(x)
			}
		}
	}
	f := sessionFeature{Vectors: map[string][]byte{}}
	for space, sum := range sums {
		if v := unitOf(sum); v != nil {
			f.Vectors[space] = storedBytes(v, nil, warmWidth)
		}
	}
	return f, nil
}

// unitOf brings sum to unit length; nil where it has none.
func unitOf(sum []float64) []float32 {
	var square float64
	for _, x := range sum {
		square += x * x
	}
	if square < 1e-12 {
		return nil
	}
	out := make([]float32, len(sum))
	for i, x := range sum {
		out[i] = float32(x / math.Sqrt(square))
	}
	return out
}

// CloseSessions implements memory.SessionStore.
func (s *Store) CloseSessions(ctx context.Context, before time.Time) error {
	return s.write(ctx, func(tx *catalog.Tx) error { return tx.CloseSessions(before) })
}

// Sessions implements memory.SessionStore.
func (s *Store) Sessions(ctx context.Context, f memory.SessionFilter) ([]memory.Session, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	rows, err := s.catalog.Sessions(ctx, f)
	if err != nil {
		return nil, catalogError(err)
	}
	out := make([]memory.Session, len(rows))
	for i := range rows {
		out[i] = rows[i].Session
	}
	return out, nil
}

// Session implements memory.SessionStore.
func (s *Store) Session(ctx context.Context, id string) (memory.Session, []memory.SessionUse, error) {
	row, err := s.sessionRow(ctx, id)
	if err != nil {
		return memory.Session{}, nil, err
	}
	st, err := s.sessionState(row.Num)
	return row.Session, st.Recalled, err
}

func (s *Store) sessionRow(ctx context.Context, id string) (catalog.SessionRow, error) {
	if err := s.usable(); err != nil {
		return catalog.SessionRow{}, err
	}
	row, ok, err := s.catalog.Session(ctx, id)
	switch {
	case err != nil:
		return row, catalogError(err)
	case !ok:
		return row, fmt.Errorf("no such session: %w", memory.ErrNotFound)
	}
	return row, nil
}

// SessionVectors implements memory.SessionStore.
func (s *Store) SessionVectors(ctx context.Context, id string) (map[string][]float32, error) {
	row, err := s.sessionRow(ctx, id)
	if err != nil {
		return nil, err
	}
	st, err := s.sessionState(row.Num)
	if err != nil {
		return nil, err
	}
	f, err := s.feature(ctx, id, st) // the memories may have got their vectors, or gone, since it was saved
	if err != nil {
		return nil, err
	}
	return f.values(), nil
}

func (f sessionFeature) values() map[string][]float32 {
	out := make(map[string][]float32, len(f.Vectors))
	for space, b := range f.Vectors {
		if v := vectorValues(b); v != nil {
			out[space] = v
		}
	}
	return out
}

// SimilarSessions implements memory.SessionStore.
func (s *Store) SimilarSessions(ctx context.Context, vectors map[string][]float32, n int) ([]memory.SessionMatch, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	best, err := s.nearSessions(ctx, vectors, n)
	if err != nil {
		return nil, err
	}
	nums := make([]int64, 0, len(best))
	for num := range best {
		nums = append(nums, num)
	}
	rows, err := s.catalog.SessionsByNum(ctx, nums)
	if err != nil {
		return nil, catalogError(err)
	}
	out := make([]memory.SessionMatch, 0, len(rows))
	for i := range rows {
		out = append(out, memory.SessionMatch{Session: rows[i].Session, Cosine: best[rows[i].Num]})
	}
	slices.SortFunc(out, func(a, b memory.SessionMatch) int {
		if a.Cosine != b.Cosine {
			if a.Cosine > b.Cosine {
				return -1
			}
			return 1
		}
		return b.LastAt.Compare(a.LastAt)
	})
	return out[:min(len(out), n)], nil
}

// nearSessions returns the best cosine of each of the nearest sessions.
func (s *Store) nearSessions(ctx context.Context, vectors map[string][]float32, n int) (map[int64]float64, error) {
	f := &s.features
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.indexes == nil {
		if err := s.fillFeatures(ctx); err != nil {
			return nil, err
		}
	}
	best := map[int64]float64{}
	for space, v := range vectors {
		x := f.indexes[space]
		if x == nil || x.Len() == 0 {
			continue
		}
		hits, err := x.Search(ctx, v, min(n, x.Len()), nil)
		if err != nil {
			return nil, fmt.Errorf("faiss: %w", err)
		}
		for _, h := range hits {
			if c := float64(h.Cosine); c > best[h.ID] {
				best[h.ID] = c
			}
		}
	}
	return best, nil
}

// fillFeatures reads every feature vector. It needs features.mu.
func (s *Store) fillFeatures(ctx context.Context) error {
	s.features.indexes = map[string]*vector.Index{}
	err := s.kv.Scan(kv.SessionState, []byte{sessionFeatureKey}, func(key, value []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := kv.DecodeValue[sessionFeature](value)
		if err != nil || len(key) != 9 {
			return nil //nolint:nilerr // the checker tells of it; the others are of use all the same
		}
		return s.features.set(int64(binary.BigEndian.Uint64(key[1:])), f)
	})
	if err != nil {
		s.features.indexes = nil
		return kvError("read sessions", err)
	}
	return nil
}

// put brings what changed into the indexes, if they are filled.
func (f *features) put(fresh map[int64]sessionFeature) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.indexes == nil {
		return nil
	}
	for num, v := range fresh {
		if err := f.set(num, v); err != nil {
			return err
		}
	}
	return nil
}

// set needs mu.
func (f *features) set(num int64, v sessionFeature) error {
	for space, values := range v.values() {
		x := f.indexes[space]
		if x == nil {
			var err error
			if x, err = vector.New(vector.Options{Dim: memory.Dim, Pool: f.pool}); err != nil {
				return fmt.Errorf("faiss: make index: %w", err)
			}
			f.indexes[space] = x
		}
		if err := x.Put([]int64{num}, [][]float32{values}); err != nil {
			return fmt.Errorf("faiss: %w", err)
		}
	}
	return nil
}

// close frees the indexes.
func (f *features) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, x := range f.indexes {
		errs = append(errs, x.Close())
	}
	f.indexes = nil
	return errors.Join(errs...)
}
