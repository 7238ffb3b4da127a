package vector

import "fmt"

// addRows is how many new vectors go to FAISS in one call: it bounds the copy that makes them contiguous.
const addRows = 1024

// Put adds a vector for each id and replaces those of ids that the index holds; of an id given twice the last
// vector counts. It keeps nothing of the slices. With an error wrapping ErrVector nothing has changed; any other
// means that memory ran out or the index is closed, and that some may have been put: putting them again is safe.
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
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.native == nil {
		return ErrClosed
	}
	return x.call(func() error {
		buf := make([]float32, 0, min(len(ids), addRows)*x.dim)
		fresh := make([]int64, 0, min(len(ids), addRows))
		for i, id := range ids {
			if last[id] != i {
				continue
			}
			if row, ok := x.rows[id]; ok {
				if err := x.replace(row, vecs[i]); err != nil {
					return err
				}
				continue
			}
			buf, fresh = append(buf, vecs[i]...), append(fresh, id)
			if len(fresh) == addRows {
				if err := x.append(fresh, buf); err != nil {
					return err
				}
				buf, fresh = buf[:0], fresh[:0]
			}
		}
		return x.append(fresh, buf)
	})
}

// replace overwrites a row. It needs the lock and runs on the pool.
func (x *Index) replace(row int, vec []float32) error {
	x.keep(row, row+1)
	return x.native.set(row, vec)
}

// append adds rows for ids that the index does not hold. It needs the lock and runs on the pool.
func (x *Index) append(ids []int64, vecs []float32) error {
	if err := x.native.add(vecs); err != nil {
		return fmt.Errorf("vector: add %d rows: %w", len(ids), err)
	}
	for _, id := range ids {
		x.rows[id] = len(x.ids)
		x.ids = append(x.ids, id)
	}
	return nil
}

// Remove drops the vectors of ids and returns how many there were; ids that the index does not hold are passed over.
func (x *Index) Remove(ids []int64) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.native == nil {
		return 0, ErrClosed
	}
	var removed int
	err := x.call(func() (err error) {
		removed, err = x.remove(ids)
		return err
	})
	return removed, err
}

// remove needs the lock and runs on the pool. The last row moves into each gap, in order, so that a row may move more
// than once.
func (x *Index) remove(ids []int64) (int, error) {
	var from, to []int64
	n := len(x.ids)
	for _, id := range ids {
		row, ok := x.rows[id]
		if !ok {
			continue
		}
		n--
		delete(x.rows, id)
		if row != n {
			from, to = append(from, int64(n)), append(to, int64(row))
			x.ids[row] = x.ids[n]
			x.rows[x.ids[row]] = row
		}
	}
	removed := len(x.ids) - n
	if removed == 0 {
		return 0, nil
	}
	x.keep(n, len(x.ids))
	for _, row := range to {
		x.keep(int(row), int(row)+1)
	}
	x.ids = x.ids[:n]
	return removed, x.native.shrink(from, to, n)
}
