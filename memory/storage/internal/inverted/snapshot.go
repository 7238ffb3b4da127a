package inverted

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"

	"github.com/elderzan/elderzan/security"
)

// Mark says which state of the record a snapshot is of: it holds every memory up to Row, as changed up to Seq.
type Mark struct {
	Seq, Row int64
	version  uint8 // of the snapshot; 0 means the newest
}

// ErrSnapshot reports a snapshot that this build cannot use. The index is then filled from the record.
var ErrSnapshot = errors.New("inverted: no snapshot that this build reads")

// A snapshot is a header in the clear and a sealed stream that is bound to it:
//
//	magic "ezwrd" and format version 3 | Mark.Seq, 8 bytes | Mark.Row, 8 bytes
//
// The stream is a zstd frame, in version 1 what stands in it now; before version 3 columns were longer. That is the options that the postings depend on (32 bytes), the lengths of what follows (8 bytes each), the
// dictionary, terms, lists, columns and the names of conversations. Numbers are little endian.
const (
	snapMagic   = "ezwrd"
	snapVersion = 3
	snapHeader  = len(snapMagic) + 1 + 16
	snapWindow  = 1 << 20 // of zstd, in bytes
	snapLengths = 7
	termLen     = 3*4 + 1
	listLen     = 3 * 4
	columnLen   = 4*4 + 4 + 2 + 2 + 2*6
	columnLen2  = 3*8 + 4*4 + 2*4 + 2 // until version 2
	groupLen    = 2 * 4
)

func (m Mark) header() []byte {
	h := append([]byte(snapMagic), cmp.Or(m.version, snapVersion))
	h = binary.LittleEndian.AppendUint64(h, uint64(m.Seq))
	return binary.LittleEndian.AppendUint64(h, uint64(m.Row))
}

// fingerprint names what postings and bonds depend on. The rules by which terms were made are not part of it: the words
// that a snapshot holds are those that were on record, and where they were made anew since, that is a change like others.
func (o Options) fingerprint() []byte {
	b := make([]byte, 8) // the rules, in former snapshots
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(o.Title)^math.Float64bits(o.Label)<<1)
	b = binary.LittleEndian.AppendUint64(b, uint64(o.Gap))
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(o.NoteBond))
}

// View is the index at one moment.
type View struct {
	s    *state
	Mark Mark
}

// View takes the state of this moment, for a snapshot. It waits for writers, and they for it, for some ten milliseconds at
// a million memories.
func (x *Index) View(m Mark) *View { return &View{x.view(), m} }

// Write seals the view to w.
func (v *View) Write(w io.Writer, sealer *security.Sealer) error {
	header := v.Mark.header()
	if _, err := w.Write(header); err != nil {
		return err
	}
	sealed := security.NewStreamWriter(w, sealer, header)
	// Columns say much the same of memories that follow each other. The fastest level leaves little to the others.
	packed, err := zstd.NewWriter(sealed, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(snapWindow))
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(packed, 1<<16)
	v.s.write(out)
	if err := errors.Join(out.Flush(), packed.Close()); err != nil { // a bufio.Writer keeps its first error
		return err
	}
	return sealed.Close()
}

// snapshotBytes is how long what write writes is.
func (s *state) snapshotBytes() int {
	n := len(s.opt.fingerprint()) + 8*snapLengths + len(s.dict.text) + termLen*len(s.terms) + listLen*len(s.lists) + columnLen*len(s.cols) + groupLen*len(s.groups)
	for i := range s.lists {
		n += len(s.lists[i].buf)
	}
	return n
}

func (s *state) write(w *bufio.Writer) {
	var b []byte
	flush := func() { _, _ = w.Write(b); b = b[:0] } // Flush tells of errors
	u32 := func(vs ...uint32) {
		for _, v := range vs {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	u64 := func(vs ...uint64) {
		for _, v := range vs {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
	}
	b = append(b, s.opt.fingerprint()...)
	postings := 0
	for i := range s.lists {
		postings += len(s.lists[i].buf)
	}
	u64(uint64(len(s.dict.text)), uint64(len(s.terms)), uint64(len(s.lists)), uint64(postings), uint64(len(s.cols)), uint64(len(s.groups)), uint64(len(s.byRow)))
	flush()
	_, _ = w.Write(s.dict.text)
	for i, e := range s.terms {
		u32(s.dict.off[i], e.doc, e.list)
		b = append(b, e.tf)
		flush()
	}
	for i := range s.lists {
		u32(uint32(len(s.lists[i].buf)), s.lists[i].last, s.lists[i].count)
		flush()
	}
	for i := range s.lists {
		_, _ = w.Write(s.lists[i].buf)
	}
	for i := range s.cols {
		c := &s.cols[i]
		u32(c.prev, c.next, c.row, c.group, math.Float32bits(c.mass))
		b = append(binary.LittleEndian.AppendUint16(b, c.length), c.bond, c.attr)
		b = append(append(b, c.at[:]...), c.updated[:]...)
		flush()
	}
	for i := range s.groups {
		u32(s.groups[i].key.project, s.groups[i].key.session)
		flush()
	}
}

// ReadMark reads a snapshot's header, which Read authenticates.
func ReadMark(r io.Reader) (Mark, error) {
	h := make([]byte, snapHeader)
	if _, err := io.ReadFull(r, h); err != nil {
		return Mark{}, ErrSnapshot
	}
	magic, version, h := string(h[:len(snapMagic)]), h[len(snapMagic)], h[len(snapMagic)+1:]
	if magic != snapMagic || version == 0 || version > snapVersion {
		return Mark{}, ErrSnapshot
	}
	if version == snapVersion {
		version = 0
	}
	return Mark{Seq: int64(binary.LittleEndian.Uint64(h)), Row: int64(binary.LittleEndian.Uint64(h[8:])), version: version}, nil
}

// Read puts the snapshot of r, which stands behind the header, in the place of what the index holds. After an error, which
// wraps ErrSnapshot or comes from r or the sealer, the index is as it was.
func (x *Index) Read(r io.Reader, m Mark, sealer *security.Sealer) error {
	in := io.Reader(security.NewStreamReader(r, sealer, m.header()))
	if m.version != 1 {
		packed, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(snapWindow))
		if err != nil {
			return err
		}
		defer packed.Close()
		in = packed
	}
	s, err := x.opt.read(bufio.NewReaderSize(in, 1<<20), m.version)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.s = s
	return nil
}

// reading keeps the first error.
type reading struct {
	r   io.Reader
	buf []byte
	err error
}

func (r *reading) bytes(n int) []byte {
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	b := r.buf[:n]
	if r.err == nil {
		_, r.err = io.ReadFull(r.r, b)
	}
	if r.err != nil {
		clear(b)
	}
	return b
}

// each calls fn with n records of size bytes.
func (r *reading) each(n, size int, fn func(i int, b []byte)) {
	const many = 4096
	for i := 0; i < n && r.err == nil; {
		m := min(many, n-i)
		b := r.bytes(m * size)
		for range m {
			fn(i, b[:size])
			b = b[size:]
			i++
		}
	}
}

// block reads n bytes that stay.
func (r *reading) block(n int) []byte {
	b := make([]byte, 0, min(n, 1<<20))
	for len(b) < n && r.err == nil {
		part := r.bytes(min(n-len(b), 1<<20))
		b = append(roomy(b, len(part)), part...)
	}
	return b
}

func (o Options) read(in io.Reader, version uint8) (*state, error) {
	r := &reading{r: in}
	if string(r.bytes(32)[8:]) != string(o.fingerprint()[8:]) {
		return nil, errors.Join(fmt.Errorf("%w: it was made by other rules", ErrSnapshot), r.err)
	}
	var sizes [snapLengths]int
	for i := range sizes {
		n := binary.LittleEndian.Uint64(r.bytes(8))
		if n > math.MaxUint32 {
			return nil, ErrSnapshot
		}
		sizes[i] = int(n)
	}
	s := newState(o)
	s.dict.text = r.block(sizes[0])
	u32 := binary.LittleEndian.Uint32
	s.dict.off, s.terms = make([]uint32, 0, min(sizes[1], 1<<20)), make([]entry, 0, min(sizes[1], 1<<20))
	r.each(sizes[1], termLen, func(_ int, b []byte) {
		s.dict.off = append(roomy(s.dict.off, 1), u32(b))
		s.terms = append(roomy(s.terms, 1), entry{doc: u32(b[4:]), list: u32(b[8:]), tf: b[12]})
	})
	s.lists = make([]list, 0, min(sizes[2], 1<<20))
	var lengths []uint32
	r.each(sizes[2], listLen, func(_ int, b []byte) {
		lengths = append(lengths, u32(b))
		s.lists = append(roomy(s.lists, 1), list{last: u32(b[4:]), count: u32(b[8:])})
	})
	postings := r.block(sizes[3])
	s.cols = make([]column, 0, min(sizes[4]+sizes[4]/64, 1<<20))
	size, column := columnLen, readColumn
	if version == 1 || version == 2 {
		size, column = columnLen2, readColumn2
	}
	r.each(sizes[4], size, func(_ int, b []byte) { s.cols = append(roomy(s.cols, 1), column(b)) })
	var keys []groupKey
	r.each(sizes[5], groupLen, func(_ int, b []byte) { keys = append(keys, groupKey{u32(b), u32(b[4:])}) })
	if r.err == nil {
		if n, err := in.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			r.err = errors.Join(ErrSnapshot, err)
		}
	}
	if r.err != nil {
		return nil, fmt.Errorf("inverted: read snapshot: %w", r.err)
	}
	if !s.cut(postings, lengths) || !s.sound(len(keys), sizes[6]) {
		return nil, ErrSnapshot
	}
	s.finish(keys, sizes[6])
	return s, nil
}

func readColumn(b []byte) column {
	u32 := binary.LittleEndian.Uint32
	return column{
		prev: u32(b), next: u32(b[4:]), row: u32(b[8:]), group: u32(b[12:]), mass: math.Float32frombits(u32(b[16:])),
		length: binary.LittleEndian.Uint16(b[20:]), bond: b[22], attr: b[23], at: moment(b[24:30]), updated: moment(b[30:36]),
	}
}

// readColumn2 reads one with times of 8 bytes, of which there was one more, and lengths as fractions.
func readColumn2(b []byte) column {
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	return column{
		at: momentOf(int64(u64(b))), updated: momentOf(int64(u64(b[16:]))),
		prev: u32(b[24:]), next: u32(b[28:]), row: u32(b[32:]), group: u32(b[36:]),
		length: uint16(min(max(math.Float32frombits(u32(b[40:])), 0), math.MaxUint16)), mass: math.Float32frombits(u32(b[44:])), bond: b[48], attr: b[49],
	}
}

// cut gives each list its part of the postings. A list that grows gets memory of its own.
func (s *state) cut(postings []byte, lengths []uint32) bool {
	for i, n := range lengths {
		if int(n) > len(postings) {
			return false
		}
		s.lists[i].buf = postings[:n:n]
		postings = postings[n:]
	}
	return len(postings) == 0 && len(s.lists) > 0 && len(s.cols) > 0
}

// sound checks that no number leads out of its array.
func (s *state) sound(groups, rows int) bool {
	n := uint32(len(s.cols))
	for i := range s.cols {
		c := &s.cols[i]
		if c.prev >= n || c.next >= n || i > 0 && int(c.group) >= groups || c.attr&liveBit != 0 && int(c.row) >= rows {
			return false
		}
	}
	for i, e := range s.terms {
		if int(e.list) >= len(s.lists) || e.doc >= n || int(s.dict.off[i]) >= len(s.dict.text) {
			return false
		}
		size, w := binary.Uvarint(s.dict.text[s.dict.off[i]:])
		if w <= 0 || size == 0 || size > uint64(len(s.dict.text)-int(s.dict.off[i])-w) {
			return false
		}
	}
	return true
}

// finish makes what follows from the rest.
func (s *state) finish(keys []groupKey, rows int) {
	size := 64
	for size*3 < (len(s.terms)+1)*4 {
		size *= 2
	}
	s.dict.slots = make([]uint32, size/2)
	s.dict.grow()
	s.byRow = make([]uint32, rows, rows+rows/16+64)
	for doc := 1; doc < len(s.cols); doc++ {
		if s.cols[doc].attr&liveBit != 0 {
			s.byRow[s.cols[doc].row] = uint32(doc)
			s.live++
			s.enroll(uint32(doc))
		}
	}
	s.regroup(keys)
	for i := range s.lists {
		s.findSkips(uint32(i))
	}
}

// findSkips walks a long list to find where it can be entered.
func (s *state) findSkips(i uint32) {
	l := &s.lists[i]
	if l.count < skipEvery {
		return
	}
	c := cursor{buf: l.buf}
	skips := make([]skip, 0, l.count/skipEvery)
	for n := 1; c.next(); n++ {
		if n%skipEvery == 0 {
			skips = append(skips, skip{c.doc, uint32(len(l.buf) - len(c.buf))})
		}
	}
	s.skips[i] = skips
}
