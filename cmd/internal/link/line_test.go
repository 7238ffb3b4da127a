package link

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReader(t *testing.T) {
	long := strings.Repeat("x", 100<<10) // more than the buffer
	in := "one\ntwo\r\n\n" + long + "\n" + strings.Repeat("y", 300<<10) + "\nlast\ntorn"
	r := NewReader(strings.NewReader(in), 200<<10)
	for i, want := range []string{"one", "two", "", long} {
		if got, err := r.Next(); err != nil || string(got) != want {
			t.Fatalf("line %d = %.20q (%d bytes), %v", i, got, len(got), err)
		}
	}
	var tooLong *TooLongError
	if _, err := r.Next(); !errors.As(err, &tooLong) || tooLong.Max != 200<<10 {
		t.Fatalf("over the limit: %v", err)
	}
	if got, err := r.Next(); err != nil || string(got) != "last" {
		t.Fatalf("after the long line: %q, %v", got, err)
	}
	if got, err := r.Next(); !errors.Is(err, io.ErrUnexpectedEOF) || string(got) != "torn" {
		t.Fatalf("line without an end: %q, %v", got, err)
	}
	if got, err := r.Next(); !errors.Is(err, io.EOF) || got != nil {
		t.Fatalf("at the end: %q, %v", got, err)
	}
}

func TestReaderLimit(t *testing.T) {
	for name, n := range map[string]int{"fits exactly": 10, "one over": 11, "just over the buffer": 33 << 10} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(strings.NewReader(strings.Repeat("z", n)+"\nnext\n"), 10)
			_, err := r.Next()
			var tooLong *TooLongError
			if over := n > 10; errors.As(err, &tooLong) != over {
				t.Errorf("error %v", err)
			}
			if got, err := r.Next(); err != nil || string(got) != "next" {
				t.Errorf("then %q, %v", got, err)
			}
		})
	}
	r := NewReader(io.MultiReader(strings.NewReader(strings.Repeat("z", 100<<10)), iotest.ErrReader(io.ErrClosedPipe)), 10)
	if _, err := r.Next(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("source broke in a long line: %v", err)
	}
	if _, err := NewReader(iotest.ErrReader(io.ErrClosedPipe), 10).Next(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("source broke: %v", err)
	}
}

func TestReaderGivesBackItsBuffer(t *testing.T) {
	r := NewReader(strings.NewReader(strings.Repeat("a", 2*keepBuffer)+"\nb\nc\n"), MaxMessage)
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if cap(r.buf) > keepBuffer {
		t.Errorf("%d bytes kept", cap(r.buf))
	}
}

func TestTooLongKeepsTheID(t *testing.T) {
	pad := strings.Repeat("p", 1000)
	for name, tc := range map[string]struct{ line, want string }{
		"first":                {`{"id":5,"params":"` + pad + `"}`, `5`},
		"first, in a frame":    {`17 {"id":5,"params":"` + pad + `"}`, `5`},
		"last":                 {`{"params":"` + pad + `","id":"a b"}`, `"a b"`},
		"last, with spaces":    {`{"params":"` + pad + `" , "id" : -3 } `, `-3`},
		"inside the arguments": {`{"params":{"x":"` + pad + `","id":3}}`, ``},
		"inside a text":        {`{"params":"` + pad + `\"id\":3}"}`, ``},
		"of a wrong kind":      {`{"id":1.5,"params":"` + pad + `"}`, ``},
		"not an object":        {`"` + pad + `"`, ``},
		"number cut off":       {strings.Repeat(" ", 90) + `{"id":` + strings.Repeat("1", 1000), ``},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Reader{br: bufio.NewReaderSize(strings.NewReader(tc.line+"\n"), 64), max: 100}
			_, err := r.Next()
			var tooLong *TooLongError
			if !errors.As(err, &tooLong) || string(tooLong.ID) != tc.want {
				t.Errorf("error %v with id %s, want %s", err, tooLong.ID, tc.want)
			}
			if !strings.Contains(fmt.Sprint(err), "100 bytes") {
				t.Errorf("message %q does not tell the limit", err)
			}
		})
	}
}

func TestFrames(t *testing.T) {
	frame := AppendFrame(nil, 18446744073709551615, []byte(`{"a":1}`))
	n, msg, ok := SplitFrame(bytes.TrimSuffix(frame, []byte("\n")))
	if !ok || n != 18446744073709551615 || string(msg) != `{"a":1}` {
		t.Errorf("SplitFrame(%s) = %d, %s, %v", frame, n, msg, ok)
	}
	if n, msg, ok := SplitFrame([]byte("1 ")); !ok || n != 1 || len(msg) != 0 {
		t.Errorf("empty message: %d, %q, %v", n, msg, ok)
	}
	for _, line := range []string{"", " ", "1", `{"a":1}`, "0 x", "-1 x", "+1 x", "1x y", "18446744073709551616 x", "000000000000000000000000001 x"} {
		if _, _, ok := SplitFrame([]byte(line)); ok {
			t.Errorf("SplitFrame(%q) is ok", line)
		}
	}
	full := append(AppendFrame(nil, 1<<63, bytes.Repeat([]byte("a"), MaxMessage)), "2 b\n"...)
	r := NewReader(bytes.NewReader(full), MaxHello).Frames()
	for _, want := range []int{MaxMessage, 1} {
		line, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, msg, ok := SplitFrame(line); !ok || len(msg) != want {
			t.Errorf("message of %d bytes, want %d", len(msg), want)
		}
	}
	if r.Buffered() != 0 {
		t.Errorf("%d bytes left", r.Buffered())
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("a\nbb\n\nccc"), 2)
	f.Add([]byte(`{"id":1,"p":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`+"\n"), 20)
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		limit = max(1, limit%(64<<10))
		r := &Reader{br: bufio.NewReaderSize(bytes.NewReader(in), 64), max: limit}
		want := bytes.SplitAfter(in, []byte("\n"))
		for _, w := range want {
			line, err := r.Next()
			end := bytes.HasSuffix(w, []byte("\n"))
			w = bytes.TrimRight(w, "\r\n")
			var tooLong *TooLongError
			switch {
			case errors.As(err, &tooLong):
				if len(w) < limit-1 { // a CR before the end counts
					t.Fatalf("line of %d bytes is over the limit of %d", len(w), limit)
				}
			case err == nil:
				if !bytes.Equal(line, w) || len(line) > limit+1 {
					t.Fatalf("line %q, want %q", line, w)
				}
			case !end && errors.Is(err, io.ErrUnexpectedEOF):
				if !bytes.Equal(line, w) {
					t.Fatalf("torn line %q, want %q", line, w)
				}
			case !end && errors.Is(err, io.EOF):
			default:
				t.Fatalf("error %v at %q", err, w)
			}
		}
	})
}
