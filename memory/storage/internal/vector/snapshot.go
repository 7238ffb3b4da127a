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
// The stream holds kind (1 byte), dimension (4), count (8), the ids (8 each) and the rows (4 a component). All
// numbers are little endian.
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
	r := bufio.NewReader(sealed)
	var meta [snapMetaLen]byte
	if _, err := io.ReadFull(r, meta[:]); err != nil {
		return nil, shortened(err)
	}
	kind, dim := Kind(meta[0]), int(binary.LittleEndian.Uint32(meta[1:]))
	count := binary.LittleEndian.Uint64(meta[5:])
	if kind != Flat || dim < 1 || dim > MaxDim || count > math.MaxInt64/uint64(4*dim+8) {
		return nil, fmt.Errorf("%w: %s of %d × %d is unknown to this build", errSnapshot, kind, count, dim)
	}
	if opts.Dim != 0 && opts.Dim != dim {
		return nil, fmt.Errorf("%w: its dimension is %d, not %d", errSnapshot, dim, opts.Dim)
	}
	opts.Dim, opts.Kind = dim, kind
	x, err := New(opts)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, x.Close())
		}
	}()
	return x, x.fill(r, int(count))
}

// fill reads ids and rows into the empty index and then the end of r.
func (x *Index) fill(r io.Reader, count int) error {
	ids := make([]int64, 0, min(count, 1<<20)) // grows with what is there, whatever count says
	var raw [8]byte
	for range count {
		if _, err := io.ReadFull(r, raw[:]); err != nil {
			return shortened(err)
		}
		ids = append(ids, int64(binary.LittleEndian.Uint64(raw[:])))
	}
	if err := x.call(func() error { return x.native.reserve(count) }); err != nil {
		return err
	}
	bytes := make([]byte, snapRows*x.dim*4)
	rows := make([]float32, snapRows*x.dim)
	for first := 0; first < count; first += snapRows {
		n := min(snapRows, count-first)
		if _, err := io.ReadFull(r, bytes[:4*n*x.dim]); err != nil {
			return shortened(err)
		}
		for i := range rows[:n*x.dim] {
			rows[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
		}
		if err := x.call(func() error { return x.append(ids[first:first+n], rows[:n*x.dim]) }); err != nil {
			return err
		}
	}
	if len(x.rows) != count {
		return fmt.Errorf("%w: an id stands in it twice", errSnapshot)
	}
	if n, err := io.ReadFull(r, raw[:1]); n != 0 || !errors.Is(err, io.EOF) {
		if n != 0 {
			err = fmt.Errorf("%w: bytes follow the rows", errSnapshot)
		}
		return err
	}
	return nil
}
