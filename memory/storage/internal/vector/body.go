package vector

import "fmt"

// rowStore holds vectors by row, numbered from 0 without gaps. What reads it needs the index's lock for reading, what
// changes it for writing, unless the store is nobody else's yet. FAISS sits behind it: all methods run in a
// Pool or on a thread that threadInit has prepared.
type rowStore interface {
	// encode makes rows of vectors that stand one after another. The batch is good for this store and those that share
	// its codec.
	encode(vecs []float32) (batch, error)
	add(b batch, first, end int) error       // appends the rows [first, end) of b
	set(row int, b batch, i int) error       // overwrites a row with b's i-th
	shrink(from, to []int64, rows int) error // copies rows and then keeps the first
	reserve(rows int) error
	rowBytes() int                    // length of a row in a snapshot
	read(first int, out []byte) error // the rows from first on that fill out, as a snapshot holds them
	write(rows []byte) error          // appends rows as a snapshot holds them
	bytes() int64                     // allocated
	free()
}

// batch is encoded rows.
type batch struct {
	vecs         []float32 // Flat
	codes        []byte    // the others
	scale        []float32
	spread, skew float32 // the largest of the rows: see quantised
}

// body is the rows of an index and the tables that say whose they are.
type body struct {
	kind  Kind
	rows  rowStore
	ids   []int64 // by row
	table table
	view  *view // of the snapshot being written, nil if there is none
}

func (b *body) has(id int64) bool {
	_, ok := b.table.get(id)
	return ok
}

// put adds or replaces rows: those of the batch, one for each id. No id may stand there twice.
func (b *body) put(ids []int64, rows batch) error {
	// Neighbours that are new are added together.
	start := 0
	flush := func(end int) error {
		if start == end {
			return nil
		}
		if err := b.rows.add(rows, start, end); err != nil {
			return fmt.Errorf("vector: add %d rows: %w", end-start, err)
		}
		for _, id := range ids[start:end] {
			b.table.set(id, len(b.ids))
			b.ids = append(b.ids, id)
		}
		return nil
	}
	for i, id := range ids {
		row, ok := b.table.get(id)
		if !ok {
			continue
		}
		if err := flush(i); err != nil {
			return err
		}
		start = i + 1
		b.keep(row, row+1)
		if err := b.rows.set(row, rows, i); err != nil {
			return err
		}
	}
	return flush(len(ids))
}

// remove drops the rows of ids and returns how many there were. The last row moves into each gap, in order, so that a
// row may move more than once.
func (b *body) remove(ids []int64) (int, error) {
	var from, to []int64
	n := len(b.ids)
	for _, id := range ids {
		row, ok := b.table.get(id)
		if !ok {
			continue
		}
		n--
		b.table.drop(id)
		if row != n {
			from, to = append(from, int64(n)), append(to, int64(row))
			b.ids[row] = b.ids[n]
			b.table.set(b.ids[row], row)
		}
	}
	removed := len(b.ids) - n
	if removed == 0 {
		return 0, nil
	}
	b.keep(n, len(b.ids))
	for _, row := range to {
		b.keep(int(row), int(row)+1)
	}
	b.ids = b.ids[:n]
	return removed, b.rows.shrink(from, to, n)
}
