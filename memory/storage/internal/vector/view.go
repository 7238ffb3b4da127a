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
	next int            // the first row that is not written yet
	kept map[int][]byte // rows put aside
	err  error          // why a row could not be put aside

	kind         Kind
	spread, skew float32 // of quantised rows
	rotation     []float32
	lists        *listsView
}

// listsView is what a snapshot says of inverted lists before it writes them.
type listsView struct {
	ivf     *ivf
	trained int
	fresh   []int64
}

// keep puts aside the rows [first, end) if the snapshot under way still needs them. It needs the lock and runs on the
// pool. Trouble ends the snapshot, not the change.
func (b *body) keep(first, end int) {
	v := b.view
	if v == nil {
		return
	}
	for row := max(first, v.next); row < min(end, len(v.ids)); row++ {
		if _, ok := v.kept[row]; ok {
			continue
		}
		raw := make([]byte, b.rows.rowBytes())
		if err := b.rows.read(row, raw); err != nil {
			v.err = err
			return
		}
		v.kept[row] = raw
	}
}

func (x *Index) beginView() (*view, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.body == nil {
		return nil, ErrClosed
	}
	v := &view{ids: slices.Clone(x.body.ids), kept: map[int][]byte{}, kind: x.kind()}
	if q, ok := x.body.rows.(*quantised); ok {
		v.spread, v.skew, v.rotation = q.spread, q.skew, q.codec.rot.values()
	}
	if x.ivf != nil {
		v.lists = &listsView{x.ivf, x.ivf.trained, x.ivf.freshIDs()}
	}
	x.body.view = v
	return v, nil
}

func (x *Index) endView() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.body.view = nil
}

// readView copies the next rows of the view into out, as many as fit and are left, and returns how many. Changes wait for
// it, so that the rows that it passes need not be put aside any more.
func (x *Index) readView(v *view, out []byte) (int, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if v.err != nil {
		return 0, v.err
	}
	size := x.body.rows.rowBytes()
	n := min(len(out)/size, len(v.ids)-v.next)
	// Rows beyond the present end were all put aside when they were dropped.
	if live := min(n, len(x.body.ids)-v.next); live > 0 {
		if err := x.call(func() error { return x.body.rows.read(v.next, out[:live*size]) }); err != nil {
			return 0, err
		}
	}
	for i := range n {
		if raw, ok := v.kept[v.next+i]; ok {
			copy(out[i*size:], raw)
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
	size := x.body.rows.rowBytes() // saving is held: nobody exchanges the body
	meta := append(make([]byte, 0, snapMetaLen+8*len(v.ids)), byte(v.kind))
	meta = binary.LittleEndian.AppendUint32(meta, uint32(x.dim))
	meta = binary.LittleEndian.AppendUint64(meta, uint64(len(v.ids)))
	if v.kind != Flat {
		meta = appendFloats(meta, v.spread, v.skew)
		meta = appendFloats(meta, v.rotation...)
	}
	meta = appendInts(meta, v.ids)
	if _, err := w.Write(meta); err != nil {
		return err
	}
	rows := make([]byte, snapRows*size)
	for {
		n, err := x.readView(v, rows)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if _, err := w.Write(rows[:n*size]); err != nil {
			return err
		}
	}
	if v.lists == nil {
		return nil
	}
	return x.writeLists(w, v.lists)
}

// writeLists writes the inverted lists. Entries that come meanwhile are of rows that the view has as fresh or as they
// were before, and so are stale at worst.
func (x *Index) writeLists(w io.Writer, v *listsView) error {
	centroids, words, err := v.ivf.trainedParts()
	if err != nil {
		return err
	}
	meta := binary.LittleEndian.AppendUint32(nil, uint32(v.ivf.lists()))
	meta = binary.LittleEndian.AppendUint32(meta, uint32(v.ivf.parts()))
	for _, n := range []int{v.trained, len(v.fresh)} {
		meta = binary.LittleEndian.AppendUint64(meta, uint64(n))
	}
	meta = appendInts(meta, v.fresh)
	if _, err := w.Write(appendFloats(appendFloats(meta, centroids...), words...)); err != nil {
		return err
	}
	for i := range v.ivf.lists() {
		x.mu.RLock()
		ids, parts, err := v.ivf.list(i)
		x.mu.RUnlock()
		if err != nil {
			return err
		}
		raw := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+8*len(ids)+len(parts)), uint64(len(ids)))
		if _, err := w.Write(append(appendInts(raw, ids), parts...)); err != nil {
			return err
		}
	}
	return nil
}

func appendInts(b []byte, ids []int64) []byte {
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint64(b, uint64(id))
	}
	return b
}

func appendFloats(b []byte, values ...float32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}
