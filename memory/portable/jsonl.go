// Package portable writes memories to files that people and other programs can read, and reads them back without
// loss.
package portable

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
)

// maxLine bounds one line of JSON: the largest memory, escaped, with room for its metadata.
const maxLine = 8*memory.MaxContentBytes + 8*memory.MaxMetadataBytes + 64<<10

// LineError says which line of a file cannot be read. It never quotes the line.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// Writer writes JSON Lines: one memory a line, in the clear.
type Writer struct{ enc *json.Encoder }

// NewWriter returns a Writer on w. Every Write is one write to w.
func NewWriter(w io.Writer) *Writer {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &Writer{enc: enc}
}

// Write appends m.
func (w *Writer) Write(m *memory.Memory) error { return w.enc.Encode(m) }

// Reader reads JSON Lines.
type Reader struct {
	s    *bufio.Scanner
	line int
}

// NewReader returns a Reader on r.
func NewReader(r io.Reader) *Reader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	return &Reader{s: s}
}

// Read returns the next memory, io.EOF after the last, or a *LineError, after which reading can go
// on. Blank lines are passed over.
func (r *Reader) Read() (memory.Memory, error) {
	for r.s.Scan() {
		r.line++
		if len(r.s.Bytes()) == 0 {
			continue
		}
		m, err := decode(r.s.Bytes())
		if err != nil {
			return memory.Memory{}, &LineError{Line: r.line, Err: err}
		}
		return m, nil
	}
	if err := r.s.Err(); err != nil {
		return memory.Memory{}, fmt.Errorf("line %d: %w", r.line+1, err) // nothing can be read after it
	}
	return memory.Memory{}, io.EOF
}

// Line is the number of the line that Read returned last, from 1.
func (r *Reader) Line() int { return r.line }

func decode(b []byte) (memory.Memory, error) {
	var m memory.Memory
	if !utf8.Valid(b) { // encoding/json would put other characters in the place of such bytes
		return m, errors.New("not valid UTF-8")
	}
	if err := json.Unmarshal(b, &m); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			return m, fmt.Errorf("not JSON at byte %d", syntax.Offset)
		case errors.As(err, &kind):
			return m, fmt.Errorf("field %q must be a %s", kind.Field, kind.Type)
		}
		return m, errors.New("not a memory")
	}
	if m.Content == "" {
		return m, errors.New(`no "content"`)
	}
	return m, nil
}
