package vector

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/elderzan/elderzan/security"
)

// Snapshot says which file a snapshot is, and the key it is sealed under.
type Snapshot struct {
	Sealer     *security.Sealer // required
	FileID     string           // which index it holds, such as "embeddings"; at most 255 bytes
	Generation uint64           // which state of it; when reading, 0 takes any
}

// Info is what a snapshot says of itself in the clear, before it is opened.
type Info struct {
	FileID     string
	Generation uint64
}

// CorruptError says that a snapshot is damaged, cut short, sealed under another key, or another one than asked for.
// The index is then built anew from the vectors' bytes.
type CorruptError struct {
	File string // path, or the snapshot's FileID
	Err  error
}

// Error names the file and what is wrong with it.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("vector: snapshot %s is damaged: %v; it is rebuilt from the stored vectors", e.File, e.Err)
}

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// A snapshot is a header in the clear, to tell which file it is without a key, and a sealed stream that is bound to
// the header:
//
//	magic "ezvec" and format version 1 | generation, 8 bytes | length of the file id, 1 byte | file id
//
// The stream holds kind (1 byte), dimension (4), count (8), of kinds but Flat spread and skew (4 each, see quantised) and
// the rotation (4 for each of dim × dim), then the ids (8 each) and the rows: 4 bytes a component, or scale (4) and code.
// With inverted lists there follow their number (4), the bytes a vector (4), how many vectors they were trained for (8),
// fresh ids (8, and 8 each), centroids and words (4 a component), and of each list its length (8), the
// ids (8 each) and the codes. All numbers are little endian.
const (
	snapMagic   = "ezvec\x01"
	snapMetaLen = 1 + 4 + 8
	snapRows    = 256 // rows copied out of the index at a time
)

var (
	errSnapshot = errors.New("not a snapshot of a vector index")
	errAnother  = errors.New("not the snapshot asked for")
)

func (s Snapshot) header() ([]byte, error) {
	if s.Sealer == nil {
		return nil, errors.New("vector: snapshot needs a sealer")
	}
	if len(s.FileID) == 0 || len(s.FileID) > math.MaxUint8 {
		return nil, fmt.Errorf("vector: file id of a snapshot has %d bytes, not 1 to %d", len(s.FileID), math.MaxUint8)
	}
	h := append([]byte(nil), snapMagic...)
	h = binary.LittleEndian.AppendUint64(h, s.Generation)
	h = append(h, byte(len(s.FileID)))
	return append(h, s.FileID...), nil
}

// ReadInfo reads a snapshot's header from r. What it returns is not authenticated: ReadSnapshot does that. It
// returns a *CorruptError if r does not start with a header.
func ReadInfo(r io.Reader) (Info, error) {
	info, _, err := readHeader(r)
	if err != nil {
		return Info{}, damaged("header", err)
	}
	return info, nil
}

func readHeader(r io.Reader) (Info, []byte, error) {
	head := make([]byte, len(snapMagic)+8+1, len(snapMagic)+8+1+math.MaxUint8)
	if _, err := io.ReadFull(r, head); err != nil {
		return Info{}, nil, shortened(err)
	}
	if string(head[:len(snapMagic)]) != snapMagic {
		return Info{}, nil, errSnapshot
	}
	id := head[len(head) : len(head)+int(head[len(head)-1])]
	if _, err := io.ReadFull(r, id); err != nil {
		return Info{}, nil, shortened(err)
	}
	return Info{FileID: string(id), Generation: binary.LittleEndian.Uint64(head[len(snapMagic):])}, head[:len(head)+len(id)], nil
}

func shortened(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return security.ErrTruncated
	}
	return err
}

// ReadSnapshot returns the index that WriteSnapshot sealed to r. opts.Dim, if set, must fit; opts.Kind is taken from
// the snapshot. It returns a *CorruptError for anything but the whole snapshot of s.FileID and s.Generation, and r's own
// error if reading fails.
func ReadSnapshot(r io.Reader, s Snapshot, opts Options) (*Index, error) {
	if _, err := s.header(); err != nil {
		return nil, err
	}
	info, header, err := readHeader(r)
	if err != nil {
		return nil, damaged(s.FileID, err)
	}
	if info.FileID != s.FileID {
		return nil, damaged(s.FileID, fmt.Errorf("%w: it is of %q", errAnother, info.FileID))
	}
	if s.Generation != 0 && info.Generation != s.Generation {
		return nil, damaged(s.FileID, fmt.Errorf("%w: it is of generation %d, not %d", errAnother, info.Generation, s.Generation))
	}
	x, err := readRows(security.NewStreamReader(r, s.Sealer, header), opts)
	if err != nil {
		return nil, damaged(s.FileID, err)
	}
	return x, nil
}

// damaged wraps what speaks of damage into a *CorruptError and leaves trouble with reading as it is.
func damaged(file string, err error) error {
	for _, cause := range []error{security.ErrAuth, security.ErrFormat, security.ErrGeneration, security.ErrTruncated, errSnapshot, errAnother} {
		if errors.Is(err, cause) {
			return &CorruptError{File: file, Err: err}
		}
	}
	return fmt.Errorf("vector: read snapshot %s: %w", file, err)
}

func readRows(sealed io.Reader, opts Options) (_ *Index, err error) {
	r := &reader{r: bufio.NewReaderSize(sealed, 1<<16)}
	kind, dim, count := Kind(r.bytes(1)[0]), int(r.uint32()), r.uint64()
	if r.err != nil {
		return nil, r.err
	}
	if kind < Flat || kind > IVFPQ || dim < 1 || dim > MaxDim || count > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %s of %d × %d is unknown to this build", errSnapshot, kind, count, dim)
	}
	if opts.Dim != 0 && opts.Dim != dim {
		return nil, fmt.Errorf("%w: its dimension is %d, not %d", errSnapshot, dim, opts.Dim)
	}
	if kind != Flat && opts.Source == nil {
		return nil, fmt.Errorf("%w: the snapshot is of %s", ErrNoSource, kind)
	}
	opts.Dim = dim
	x, err := newIndex(opts)
	if err != nil {
		return nil, err
	}
	if err := x.fill(r, kind, int(count)); err != nil {
		return nil, errors.Join(err, x.release())
	}
	x.wake()
	return x, nil
}

// reader reads numbers and remembers its first error.
type reader struct {
	r   io.Reader
	buf []byte
	err error
}

// bytes reads n bytes, which are good until the next call; zeros after an error.
func (r *reader) bytes(n int) []byte {
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	b := r.buf[:n]
	if r.err == nil {
		_, err := io.ReadFull(r.r, b)
		r.err = shortened(err)
	}
	if r.err != nil {
		clear(b)
	}
	return b
}

func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.bytes(4)) }

func (r *reader) uint64() uint64 { return binary.LittleEndian.Uint64(r.bytes(8)) }

// chunk is how many numbers are read at a time: what is allocated grows with what is there, whatever a count says.
const chunk = 1 << 14

func (r *reader) ints(n int) []int64 {
	out := make([]int64, 0, min(n, chunk))
	for len(out) < n && r.err == nil {
		b := r.bytes(8 * min(n-len(out), chunk))
		for ; len(b) > 0; b = b[8:] {
			out = append(out, int64(binary.LittleEndian.Uint64(b)))
		}
	}
	return out
}

func (r *reader) floats(n int) []float32 {
	out := make([]float32, 0, min(n, chunk))
	for len(out) < n && r.err == nil {
		b := r.bytes(4 * min(n-len(out), chunk))
		for ; len(b) > 0; b = b[4:] {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
	}
	return out
}

// fill makes the body and the lists of the index from r and reads r's end.
func (x *Index) fill(r *reader, kind Kind, count int) error {
	var spread, skew float32
	if kind != Flat {
		head := r.floats(2)
		rotation := r.floats(x.dim * x.dim)
		if r.err != nil {
			return r.err
		}
		rot, err := allocRotation(x.dim)
		if err != nil {
			return err
		}
		copy(rot.values(), rotation)
		x.rot, spread, skew = rot, head[0], head[1]
	}
	ids := r.ints(count)
	if r.err != nil {
		return r.err
	}
	err := x.call(func() (err error) { x.body, err = x.newBody(kind.rows()); return })
	if err != nil {
		return err
	}
	if q, ok := x.body.rows.(*quantised); ok {
		q.spread, q.skew = spread, skew
	}
	if err := x.call(func() error { return x.body.rows.reserve(count) }); err != nil {
		return err
	}
	if err := x.fillRows(r, ids); err != nil {
		return err
	}
	if kind == IVFPQ {
		if err := x.fillLists(r); err != nil {
			return err
		}
	}
	var one [1]byte
	if n, err := io.ReadFull(r.r, one[:]); n != 0 || !errors.Is(err, io.EOF) {
		if n != 0 {
			err = fmt.Errorf("%w: bytes follow the rows", errSnapshot)
		}
		return err
	}
	return nil
}

func (x *Index) fillRows(r *reader, ids []int64) error {
	size := x.body.rows.rowBytes()
	for _, id := range ids {
		if id < 0 || x.body.has(id) {
			return fmt.Errorf("%w: an id is negative or stands in it twice", errSnapshot)
		}
		x.body.table.set(id, len(x.body.ids))
		x.body.ids = append(x.body.ids, id)
	}
	for left := len(ids); left > 0; {
		n := min(snapRows, left)
		b := r.bytes(n * size)
		if r.err != nil {
			return r.err
		}
		if err := x.call(func() error { return x.body.rows.write(b) }); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

func (x *Index) fillLists(r *reader) error {
	lists, parts, trained, fresh := r.uint32(), r.uint32(), r.uint64(), r.uint64()
	if lists < 1 || lists > maxLists || parts < 1 || int(parts) > x.dim || x.dim%int(max(parts, 1)) != 0 || fresh > math.MaxInt32 ||
		trained > math.MaxInt32 {
		if r.err != nil {
			return r.err
		}
		return fmt.Errorf("%w: %d lists of %d bytes are unknown to this build", errSnapshot, lists, parts)
	}
	freshIDs := r.ints(int(fresh))
	centroids, words := r.floats(int(lists)*x.dim), r.floats(256*x.dim)
	if r.err != nil {
		return r.err
	}
	v, err := newIVF(x.dim, int(lists), int(parts), int(trained), centroids, words)
	if err != nil {
		return err
	}
	x.ivf = v
	for _, id := range freshIDs {
		if x.body.has(id) {
			v.refresh(id)
		}
	}
	for i := range lists {
		n := r.uint64()
		if n > math.MaxInt32 {
			return fmt.Errorf("%w: a list of %d", errSnapshot, n)
		}
		if err := x.fillList(r, int64(i), int(n)); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) fillList(r *reader, list int64, n int) error {
	ids := r.ints(n)
	lists := make([]int64, chunk)
	for i := range lists {
		lists[i] = list
	}
	for len(ids) > 0 && r.err == nil {
		m := min(len(ids), chunk)
		parts := r.bytes(m * x.ivf.parts())
		if r.err != nil {
			break
		}
		if err := x.ivf.append(ids[:m], lists[:m], parts); err != nil {
			return err
		}
		ids = ids[m:]
	}
	return r.err
}
