package security

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrTruncated reports a sealed stream that ends before its last chunk.
var ErrTruncated = errors.New("security: sealed stream is cut short")

// StreamChunk is how many bytes of plaintext a chunk of a sealed stream holds; the last one may hold fewer.
const StreamChunk = 1 << 20

// Layout of a sealed stream: frames of
//
//	0  1 in the last frame, 0 before
//	1  length of what follows, big endian, 4 bytes
//	5  a sealed value
//
// Each chunk is bound to the stream's place, its number and whether it is the last, so that a stream with chunks
// lost, doubled, exchanged (with another stream's too) or cut off at the end does not open.
const frameHeader = 5

func chunkPlace(place []byte, n uint64, last byte) []byte {
	return Place([]byte("stream"), place, binary.BigEndian.AppendUint64(nil, n), []byte{last})
}

// StreamWriter seals what is written to it in chunks. Close writes the last one; without it the stream does not
// open. After an error every further call returns it. It is not safe for concurrent use.
type StreamWriter struct {
	w      io.Writer
	s      *Sealer
	place  []byte
	n      uint64
	buf    []byte // plaintext of the chunk under way
	frame  []byte
	err    error
	closed bool
}

// NewStreamWriter returns a writer that seals to w with s. place says what the stream is; it must be different for
// each stream sealed under the same key, such as name and generation of a file.
func NewStreamWriter(w io.Writer, s *Sealer, place []byte) *StreamWriter {
	return &StreamWriter{w: w, s: s, place: place, buf: make([]byte, 0, StreamChunk)}
}

// Write seals and writes each chunk that p fills.
func (w *StreamWriter) Write(p []byte) (int, error) {
	if w.closed {
		return 0, errors.New("security: write to a closed stream")
	}
	written := 0
	for len(p) > 0 && w.err == nil {
		if len(w.buf) == StreamChunk {
			w.flush(0)
			continue
		}
		n := min(len(p), StreamChunk-len(w.buf))
		w.buf = append(w.buf, p[:n]...)
		p, written = p[n:], written+n
	}
	return written, w.err
}

// Close writes the last chunk. It does not close the writer below.
func (w *StreamWriter) Close() error {
	if !w.closed {
		w.closed = true
		if w.err == nil {
			w.flush(1)
		}
		clear(w.buf[:cap(w.buf)])
	}
	return w.err
}

func (w *StreamWriter) flush(last byte) {
	frame := append(w.frame[:0], last)
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(w.buf)+Overhead))
	if w.frame, w.err = w.s.Seal(frame, w.buf, chunkPlace(w.place, w.n, last)); w.err != nil {
		return
	}
	_, w.err = w.w.Write(w.frame)
	w.buf = w.buf[:0]
	w.n++
}

// StreamReader opens what a StreamWriter sealed. Read hands out no byte of a chunk that did not authenticate, and
// io.EOF only after the last chunk and the end of the reader below. Otherwise it returns an error wrapping ErrAuth,
// ErrFormat, ErrGeneration or ErrTruncated, or the reader's own. It is not safe for concurrent use.
type StreamReader struct {
	r     io.Reader
	s     *Sealer
	place []byte
	n     uint64
	rest  []byte // opened, not yet read
	plain []byte
	frame []byte
	err   error
}

// NewStreamReader returns a reader of the stream that was sealed for place.
func NewStreamReader(r io.Reader, s *Sealer, place []byte) *StreamReader {
	return &StreamReader{r: r, s: s, place: place}
}

// Read reads opened bytes into p.
func (r *StreamReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	last := false
	for len(r.rest) == 0 && r.err == nil {
		if last, r.err = r.next(); last {
			r.err = r.end()
		}
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next opens the next chunk into r.rest and says whether it was the last.
func (r *StreamReader) next() (bool, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return false, cut(err)
	}
	last, size := head[0], binary.BigEndian.Uint32(head[1:])
	if last > 1 || size < Overhead || size > StreamChunk+Overhead {
		return false, fmt.Errorf("%w: chunk %d has no valid frame", ErrFormat, r.n)
	}
	if cap(r.frame) < int(size) {
		r.frame = make([]byte, size)
	}
	r.frame = r.frame[:size]
	if _, err := io.ReadFull(r.r, r.frame); err != nil {
		return false, cut(err)
	}
	plain, err := r.s.Open(r.plain[:0], r.frame, chunkPlace(r.place, r.n, last))
	if err != nil {
		return false, fmt.Errorf("chunk %d: %w", r.n, err)
	}
	r.plain, r.rest = plain, plain
	r.n++
	return last == 1, nil
}

// end returns io.EOF if nothing follows the last chunk.
func (r *StreamReader) end() error {
	var one [1]byte
	n, err := io.ReadFull(r.r, one[:])
	switch {
	case n > 0:
		r.rest = nil
		return fmt.Errorf("%w: bytes follow the last chunk", ErrFormat)
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return err
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}
