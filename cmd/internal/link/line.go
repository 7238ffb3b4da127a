package link

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// Limits of one line, in bytes.
const (
	MaxMessage = 4 << 20  // an MCP message on its way to the engine
	MaxAnswer  = 64 << 20 // an MCP message on its way to the client
	MaxHello   = 32 << 10 // a Hello or Welcome
	maxFrame   = MaxMessage + 21
)

// keepBuffer is the largest line buffer that a Reader keeps for the next line.
const keepBuffer = 256 << 10

// TooLongError says that a line was over the limit and was dropped. The reader stands after it.
type TooLongError struct {
	Max int
	ID  []byte // raw JSON-RPC id of the dropped message; nil when it cannot be told
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("link: message is longer than the limit of %d bytes", e.Max)
}

// Reader reads lines of a limited length. It is not safe for concurrent use.
type Reader struct {
	br  *bufio.Reader
	max int
	buf []byte
}

// NewReader returns a Reader over r for lines of at most limit bytes.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{br: bufio.NewReaderSize(r, 32<<10), max: limit}
}

// SetMax changes the limit for the lines to come.
func (r *Reader) SetMax(limit int) { r.max = limit }

// Buffered reports how many bytes wait to be taken without a read.
func (r *Reader) Buffered() int { return r.br.Buffered() }

// Next returns the next line without its end. The slice is valid until the next call. A line over the limit is
// skipped and reported as *TooLongError, after which Next goes on. At the end it returns io.EOF, or
// io.ErrUnexpectedEOF together with the line when that had no end.
func (r *Reader) Next() ([]byte, error) {
	if cap(r.buf) > keepBuffer {
		r.buf = nil
	}
	line, err := r.br.ReadSlice('\n')
	if err == nil && len(line) <= r.max+1 {
		return trimEnd(line), nil
	}
	r.buf = append(r.buf[:0], line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(r.buf) > r.max+1 {
			return nil, r.skip()
		}
		line, err = r.br.ReadSlice('\n')
		r.buf = append(r.buf, line...)
	}
	switch {
	case err == nil && len(r.buf) > r.max+1:
		return nil, &TooLongError{Max: r.max, ID: findID(r.buf, r.buf)}
	case err == nil:
		return trimEnd(r.buf), nil
	case errors.Is(err, io.EOF) && len(r.buf) > 0:
		return trimEnd(r.buf), io.ErrUnexpectedEOF
	}
	return nil, err
}

// skip drops the rest of the line whose beginning is in r.buf.
func (r *Reader) skip() error {
	tail := append([]byte(nil), r.buf[len(r.buf)-min(len(r.buf), 512):]...)
	for {
		line, err := r.br.ReadSlice('\n')
		tail = append(tail, line...)
		tail = append(tail[:0], tail[len(tail)-min(len(tail), 512):]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return err
		}
		return &TooLongError{Max: r.max, ID: findID(r.buf, tail)}
	}
}

func trimEnd(line []byte) []byte { return bytes.TrimRight(line, "\r\n") }

// lastID matches an id that is the last member of the outermost object: what the final brace closes is the message.
var lastID = regexp.MustCompile(`[,{]\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?[0-9]+)\s*\}\s*$`)

// findID looks for the id of a message of which only the head and the tail are at hand.
func findID(head, tail []byte) []byte {
	if m := lastID.FindSubmatch(tail); m != nil {
		return bytes.Clone(m[1])
	}
	i := skipSpace(head, 0)
	if n, rest, ok := cutNumber(head); ok && n > 0 {
		head, i = rest, skipSpace(rest, 0)
	}
	if i >= len(head) || head[i] != '{' {
		return nil
	}
	var id []byte
	skipMembers(head, i, 1, func(key, value []byte) {
		if string(key) == `"id"` {
			id = bytes.Clone(value)
		}
	})
	if !ValidID(id) {
		return nil
	}
	return id
}

// AppendFrame appends message number n as a frame, with its end of line, to dst.
func AppendFrame(dst []byte, n uint64, message []byte) []byte {
	dst = strconv.AppendUint(dst, n, 10)
	dst = append(dst, ' ')
	dst = append(dst, message...)
	return append(dst, '\n')
}

// SplitFrame takes a frame apart; ok is false when line is not one.
func SplitFrame(line []byte) (n uint64, message []byte, ok bool) {
	n, message, ok = cutNumber(line)
	return n, message, ok && n > 0
}

func cutNumber(line []byte) (uint64, []byte, bool) {
	digits, rest, ok := bytes.Cut(line[:min(len(line), 21)], []byte{' '})
	if !ok || len(digits) == 0 || digits[0] == '+' {
		return 0, nil, false
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return 0, nil, false
	}
	return n, line[len(line[:min(len(line), 21)])-len(rest):], true
}

// Frames sets the limit for frames with messages of MaxMessage bytes and returns r.
func (r *Reader) Frames() *Reader {
	r.SetMax(maxFrame)
	return r
}
