package security

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func sealStream(t testing.TB, s *Sealer, plain, place []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewStreamWriter(&b, s, place)
	if n, err := w.Write(plain); err != nil || n != len(plain) {
		t.Fatalf("Write = %d, %v; want %d", n, err, len(plain))
	}
	if err := w.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return b.Bytes()
}

func openStream(s *Sealer, sealed, place []byte) ([]byte, error) {
	return io.ReadAll(NewStreamReader(bytes.NewReader(sealed), s, place))
}

func TestStreamRoundTrip(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1)
	for name, n := range map[string]int{
		"empty": 0, "short": 5, "one chunk": StreamChunk, "one and a byte": StreamChunk + 1, "three": 3 * StreamChunk,
	} {
		t.Run(name, func(t *testing.T) {
			plain := bytes.Repeat([]byte("elderzan"), n/8+1)[:n]
			sealed := sealStream(t, s, plain, []byte("place"))
			got, err := openStream(s, sealed, []byte("place"))
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("read %d bytes, %v; want %d", len(got), err, n)
			}
			if n < StreamChunk {
				slow := iotest.OneByteReader(bytes.NewReader(sealed))
				if err := iotest.TestReader(NewStreamReader(slow, s, []byte("place")), plain); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// However the writes are cut, the stream has the same chunks.
func TestStreamWritesInPieces(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1)
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		var plain []byte
		w := NewStreamWriter(&b, s, nil)
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, StreamChunk), 0, 4).Draw(t, "pieces") {
			piece := bytes.Repeat([]byte{byte(n)}, n)
			plain = append(plain, piece...)
			if _, err := w.Write(piece); err != nil {
				t.Fatalf("Write: %v", err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if got, err := openStream(s, b.Bytes(), nil); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("read %d bytes, %v; want %d", len(got), err, len(plain))
		}
	})
}

func TestAlteredStreamsDoNotOpen(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1)
	place := []byte("place")
	sealed := sealStream(t, s, make([]byte, 2*StreamChunk+10), place)
	frame := frameHeader + StreamChunk + Overhead
	a, b, last := sealed[:frame], sealed[frame:2*frame], sealed[2*frame:]
	flip := func(at int) []byte {
		out := bytes.Clone(sealed)
		out[at] ^= 1
		return out
	}
	other := sealStream(t, s, make([]byte, 2*StreamChunk+10), []byte("other"))
	for name, tc := range map[string]struct {
		in   []byte
		want error
	}{
		"nothing":                   {nil, ErrTruncated},
		"half a header":             {sealed[:3], ErrTruncated},
		"half a chunk":              {sealed[:100], ErrTruncated},
		"last chunk lost":           {sealed[:2*frame], ErrTruncated},
		"chunk lost":                {bytes.Join([][]byte{a, last}, nil), ErrAuth},
		"chunk twice":               {bytes.Join([][]byte{a, a, b, last}, nil), ErrAuth},
		"chunks exchanged":          {bytes.Join([][]byte{b, a, last}, nil), ErrAuth},
		"chunk of another stream":   {bytes.Join([][]byte{a, other[frame : 2*frame], last}, nil), ErrAuth},
		"bytes after the end":       {append(bytes.Clone(sealed), 0), ErrFormat},
		"not last marked as last":   {flip(0), ErrAuth},
		"last not marked":           {flip(2 * frame), ErrAuth},
		"unknown mark":              {append([]byte{2}, sealed[1:]...), ErrFormat},
		"length too long":           {flip(4), ErrFormat},
		"length shorter":            {append([]byte{0, 0, 0, 1, 0}, sealed[5:]...), ErrAuth},
		"impossible length":         {append([]byte{0, 0xff, 0xff, 0xff, 0xff}, sealed[5:]...), ErrFormat},
		"length below the overhead": {append([]byte{0, 0, 0, 0, 1}, sealed[5:]...), ErrFormat},
		"bit of the ciphertext":     {flip(frame + 500), ErrAuth},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := openStream(s, tc.in, place)
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if len(got)%StreamChunk != 0 {
				t.Errorf("%d bytes were handed out, which is no whole number of authenticated chunks", len(got))
			}
		})
	}
	if _, err := openStream(s, sealed, []byte("other")); !errors.Is(err, ErrAuth) {
		t.Errorf("another place: got %v, want ErrAuth", err)
	}
}

var errDisk = errors.New("disk on fire")

type brokenWriter struct{ after int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestStreamReportsTheDisk(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1)
	for _, after := range []int{0, StreamChunk + 100} {
		w := NewStreamWriter(&brokenWriter{after}, s, nil)
		_, err := w.Write(make([]byte, 3*StreamChunk))
		if !errors.Is(err, errDisk) || !errors.Is(w.Close(), errDisk) {
			t.Errorf("disk fails after %d bytes: got %v", after, err)
		}
	}
	sealed := sealStream(t, s, make([]byte, 10), nil)
	for _, after := range []int{0, 2, 20, len(sealed)} {
		r := io.MultiReader(bytes.NewReader(sealed[:after]), iotest.ErrReader(errDisk))
		if _, err := io.ReadAll(NewStreamReader(r, s, nil)); !errors.Is(err, errDisk) {
			t.Errorf("reader fails after %d bytes: got %v", after, err)
		}
	}
}

func TestStreamAfterClose(t *testing.T) {
	s := newTestSealer(t, ClassStore, 1)
	var b bytes.Buffer
	w := NewStreamWriter(&b, s, nil)
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	if _, err := w.Write([]byte("late")); err == nil {
		t.Error("a closed stream took a write")
	}
	if n, err := NewStreamReader(&b, s, nil).Read(nil); n != 0 || err != nil {
		t.Errorf("Read of no bytes = %d, %v", n, err)
	}
}

// FuzzStreamReader checks that nothing but the sealed stream reads to its end.
func FuzzStreamReader(f *testing.F) {
	s := newTestSealer(f, ClassStore, 1)
	sealed := sealStream(f, s, []byte("text"), []byte("place"))
	f.Add(sealed)
	f.Add(sealed[:10])
	f.Fuzz(func(t *testing.T, in []byte) {
		// Another fuzzing process seals the seed with another nonce: what opens must be the text, not these bytes.
		if got, err := openStream(s, in, []byte("place")); err == nil && string(got) != "text" {
			t.Errorf("forged: %x reads as %q", in, got)
		}
	})
}
