package vector

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/elderzan/elderzan/security"
)

// view is the state of an index at one moment, for a snapshot that is written while the index goes on changing: a
// change puts aside the rows that it is about to overwrite and that are not written yet.
type view struct {
	ids  []int64
	next int               // the first row that is not written yet
	kept map[int][]float32 // rows put aside
	err  error             // why a row could not be put aside
}

// keep puts aside the rows [first, end) if the snapshot under way still needs them. It needs the lock and runs on the
// pool. Trouble ends the snapshot, not the change.
func (x *Index) keep(first, end int) {
	v := x.view
	if v == nil {
		return
	}
	for row := max(first, v.next); row < min(end, len(v.ids)); row++ {
		if _, ok := v.kept[row]; ok {
			continue
		}
		vec := make([]float32, x.dim)
		if err := x.native.get(row, vec); err != nil {
			v.err = err
			return
		}
		v.kept[row] = vec
	}
}

func (x *Index) beginView() (*view, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.native == nil {
		return nil, ErrClosed
	}
	x.view = &view{ids: slices.Clone(x.ids), kept: map[int][]float32{}}
	return x.view, nil
}

func (x *Index) endView() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.view = nil
}

// read copies the next rows of the view into out, as many as fit and are left, and returns how many. Changes wait for
// it, so that the rows that it passes need not be put aside any more.
func (x *Index) read(v *view, out []float32) (int, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if v.err != nil {
		return 0, v.err
	}
	n := min(len(out)/x.dim, len(v.ids)-v.next)
	// Rows beyond the present end were all put aside when they were dropped.
	if live := min(n, len(x.ids)-v.next); live > 0 {
		if err := x.call(func() error { return x.native.get(v.next, out[:live*x.dim]) }); err != nil {
			return 0, err
		}
	}
	for i := range n {
		if vec, ok := v.kept[v.next+i]; ok {
			copy(out[i*x.dim:], vec)
			delete(v.kept, v.next+i)
		}
	}
	v.next += n
	return n, nil
}

// WriteSnapshot seals the index's state at the moment of the call to w. Searches and changes go on meanwhile; another
// snapshot of the same index waits. It needs memory for the ids and for the vectors that change before it is done.
func (x *Index) WriteSnapshot(w io.Writer, s Snapshot) error {
	header, err := s.header()
	if err != nil {
		return err
	}
	x.saving.Lock()
	defer x.saving.Unlock()
	v, err := x.beginView()
	if err != nil {
		return err
	}
	defer x.endView()
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("vector: write snapshot: %w", err)
	}
	sealed := security.NewStreamWriter(w, s.Sealer, header)
	err = x.writeRows(sealed, v)
	if err == nil { // a stream that is not closed does not open: half a snapshot must not
		err = sealed.Close()
	}
	if err != nil {
		return fmt.Errorf("vector: write snapshot: %w", err)
	}
	return nil
}

func (x *Index) writeRows(w io.Writer, v *view) error {
	meta := append(make([]byte, 0, snapMetaLen+8*len(v.ids)), byte(x.kind))
	meta = binary.LittleEndian.AppendUint32(meta, uint32(x.dim))
	meta = binary.LittleEndian.AppendUint64(meta, uint64(len(v.ids)))
	for _, id := range v.ids {
		meta = binary.LittleEndian.AppendUint64(meta, uint64(id))
	}
	if _, err := w.Write(meta); err != nil {
		return err
	}
	rows := make([]float32, snapRows*x.dim)
	raw := make([]byte, 4*len(rows))
	for {
		n, err := x.read(v, rows)
		if n == 0 || err != nil {
			return err
		}
		for i, c := range rows[:n*x.dim] {
			binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(c))
		}
		if _, err := w.Write(raw[:4*n*x.dim]); err != nil {
			return err
		}
	}
}
