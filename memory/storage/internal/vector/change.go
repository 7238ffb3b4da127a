package vector

import "fmt"

// putRows is how many vectors are encoded and put at a time: it bounds how long a search waits for a Put.
const putRows = 128

// Put adds a vector for each id and replaces those of ids that the index holds; of an id given twice the last
// vector counts. It keeps nothing of the slices. With an error wrapping ErrVector nothing has changed; any other
// means that memory ran out or the index is closed, and that some may have been put: putting them again is safe.
// While a Flat index that has outgrown its kind by far is rebuilt, Put waits, so that memory stays bounded.
func (x *Index) Put(ids []int64, vecs [][]float32) error {
	if len(ids) != len(vecs) {
		return fmt.Errorf("vector: put %d vectors for %d ids", len(vecs), len(ids))
	}
	last := make(map[int64]int, len(ids))
	for i, id := range ids {
		if id < 0 {
			return fmt.Errorf("vector: put: id %d is negative", id)
		}
		if err := x.checkVector(vecs[i]); err != nil {
			return fmt.Errorf("put %d: %w", id, err)
		}
		last[id] = i
	}
	flat := make([]float32, 0, min(len(last), putRows)*x.dim)
	some := make([]int64, 0, min(len(last), putRows))
	for i, id := range ids {
		if last[id] == i {
			flat, some = append(flat, vecs[i]...), append(some, id)
		}
		if len(some) == putRows || i == len(ids)-1 {
			if err := x.putSome(some, flat); err != nil {
				return err
			}
			flat, some = flat[:0], some[:0]
		}
	}
	if len(ids) == 0 {
		return x.usable()
	}
	return nil
}

func (x *Index) usable() error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.body == nil {
		return ErrClosed
	}
	return nil
}

// putSome puts vectors that stand one after another under ids that are all different.
func (x *Index) putSome(ids []int64, vecs []float32) error {
	x.yield()
	for {
		in, rows, err := x.encode(vecs)
		if err != nil {
			return err
		}
		done, err := x.apply(in, ids, vecs, rows)
		if done || err != nil {
			return err
		}
	}
}

// encode makes rows of vectors while searches go on.
func (x *Index) encode(vecs []float32) (in *body, rows batch, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.body == nil {
		return nil, batch{}, ErrClosed
	}
	err = x.call(func() (err error) { rows, err = x.body.rows.encode(vecs); return })
	return x.body, rows, err
}

// apply puts rows that were encoded for the body in. It does nothing if a rebuild has exchanged that body.
func (x *Index) apply(in *body, ids []int64, vecs []float32, rows batch) (done bool, err error) {
	x.mu.Lock()
	defer x.wake()
	defer x.mu.Unlock()
	switch {
	case x.body == nil:
		return false, ErrClosed
	case x.body != in:
		return false, nil
	}
	if x.ivf != nil {
		for _, id := range ids {
			x.ivf.refresh(id)
		}
	}
	x.log.put(ids, vecs, x.dim)
	err = x.call(func() error { return x.body.put(ids, rows) })
	if len(x.body.ids) >= x.expect {
		x.expect = 0
	}
	return true, err
}

// Remove drops the vectors of ids and returns how many there were; ids that the index does not hold are passed over.
// No answer given afterwards holds them.
func (x *Index) Remove(ids []int64) (int, error) {
	x.mu.Lock()
	defer x.wake()
	defer x.mu.Unlock()
	if x.body == nil {
		return 0, ErrClosed
	}
	if x.ivf != nil {
		for _, id := range ids {
			delete(x.ivf.fresh, id)
		}
	}
	x.log.remove(ids)
	var removed int
	err := x.call(func() (err error) {
		removed, err = x.body.remove(ids)
		return err
	})
	return removed, err
}
