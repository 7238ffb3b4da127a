package storage

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/security"
)

func TestBody(t *testing.T) {
	forms := map[string]byte{"long": bodyPacked, "english": bodyWords, "all of it": bodyWords, "japanese": bodyShort, "empty": bodyPlain}
	for name, m := range map[string]memory.Memory{
		"empty":   {},
		"english": {Content: "We decided to deploy the payment service on Fridays only, since the rollback of last month took the whole weekend."},
		"all of it": {Content: "The heron's nest was IN the reeds; it couldn't be seen.\n\n- 3 eggs (2 grey)", Title: "Nests, 2024", Tags: []string{"marsh", "bird-watching"},
			Rules: []string{"r"}, Metadata: map[string]any{"n": 1.5}},
		"japanese": {Content: strings.Repeat("サギは朝早く沼地に立っている。", 5)},
		"full": {Content: "c", Title: "t", Tags: []string{"a", "b"}, Rules: []string{"r"},
			Metadata: map[string]any{"n": 1.5, "s": "x", "l": []any{true, nil}, "m": map[string]any{"k": "v"}}},
		"long": {Content: strings.Repeat("the marsh is wide and ", 400)},
	} {
		plain, err := encodeBody(&m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		packed := packBody(plain)
		if form, told := forms[name]; told && packed[0] != form {
			t.Errorf("%s: form %d; want %d", name, packed[0], form)
		}
		if name == "long" && len(packed) > len(plain)/4 {
			t.Errorf("%s: %d bytes packed to %d", name, len(plain), len(packed))
		}
		for _, b := range [][]byte{plain, packed} {
			var got memory.Memory
			if err := decodeBody(b, &got); err != nil || !reflect.DeepEqual(got, m) {
				t.Errorf("%s: decoded %+v, %v; want %+v", name, got, err, m)
			}
		}
	}
	if b := packBody([]byte(strings.Repeat("a", packMin-1))); b[0] != 'a' {
		t.Error("a short body was packed")
	}
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 1000)
	_, _ = random.Read(noise)
	if b := packBody(noise); !bytes.Equal(b, noise) {
		t.Error("a body that does not shrink was packed")
	}
	var input *memory.InputError
	if _, err := encodeBody(&memory.Memory{Metadata: map[string]any{"f": func() {}}}); !errors.As(err, &input) {
		t.Errorf("metadata that is no JSON: %v; want an InputError", err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "unknown form": {77, 1}, "no MessagePack": {bodyPlain, 0xc1}, "no zstd": {bodyPacked, 1, 2}, "no Brotli": {bodyShort, 0xff, 0xff}, "no words": {bodyWords, 9}, "words without end": {bodyWords, 0}, "bad metadata": {bodyPlain, 0x81, 0xa1, 'm', 0xc4, 1, '{'},
	} {
		if err := decodeBody(b, &memory.Memory{}); !errors.Is(err, errDecode) {
			t.Errorf("%s: %v; want errDecode", name, err)
		}
	}
}

func FuzzBody(f *testing.F) {
	for _, m := range []memory.Memory{{}, {Content: strings.Repeat("marsh ", 100), Tags: []string{"a"}, Metadata: map[string]any{"k": 1.0}}} {
		b, err := encodeBody(&m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(packBody(b))
		f.Add(wordBody(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m memory.Memory
		if err := decodeBody(b, &m); err != nil {
			if !errors.Is(err, errDecode) {
				t.Errorf("error %v; want errDecode", err)
			}
			return
		}
		again, err := encodeBody(&m)
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		var back memory.Memory
		if err := decodeBody(again, &back); err != nil || back.Content != m.Content || len(back.Tags) != len(m.Tags) {
			t.Errorf("round trip: %+v, %v; want %+v", back, err, m)
		}
	})
}

func FuzzIntent(f *testing.F) {
	in := intent{ops: []intentOp{{key: vectorKey(1, "mini"), class: security.ClassStore}, {key: vectorKey(2, "mini")}, {key: vectorKey(3, "x"), class: security.ClassPrivate}}}
	f.Add(in.encode())
	f.Add((&intent{}).encode())
	f.Add([]byte{intentFormat, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := decodeIntent(txID{1}, b)
		if err != nil {
			if !errors.Is(err, errDecode) {
				t.Errorf("error %v; want errDecode", err)
			}
			return
		}
		again, err := decodeIntent(txID{1}, in.encode())
		if err != nil || !reflect.DeepEqual(again, in) {
			t.Errorf("round trip: %+v, %v; want %+v", again, err, in)
		}
	})
}

// FuzzCursor makes up cursors: none but those of the store's own making are taken.
func FuzzCursor(f *testing.F) {
	s := &Store{cursorKey: security.NewSecret(bytes.Repeat([]byte{7}, 32))}
	q := memory.SearchQuery{Text: "heron", Limit: 5}
	f.Add(s.cursor(&q, catalog.Order{Key: 1, Row: 2}), int64(1), int64(2))
	f.Add("", int64(-1), int64(0))
	f.Fuzz(func(t *testing.T, text string, key, row int64) {
		at := catalog.Order{Key: key, Row: row}
		mine := s.cursor(&q, at)
		q := q
		q.Cursor = mine
		if got, err := s.readCursor(&q); err != nil || *got != at {
			t.Errorf("round trip: %v, %v; want %v", got, err, at)
		}
		q.Cursor = text
		var input *memory.InputError
		if got, err := s.readCursor(&q); err == nil && got != nil && s.cursor(&q, *got) != text {
			t.Errorf("a forged cursor is taken: %v", got)
		} else if err != nil && !errors.As(err, &input) {
			t.Errorf("error %v; want an InputError", err)
		}
	})
}

func TestVectorKey(t *testing.T) {
	row, space, ok := parseVectorKey(vectorKey(1<<40, "a space"))
	if !ok || row != 1<<40 || space != "a space" {
		t.Errorf("parseVectorKey = %d, %q, %v", row, space, ok)
	}
	if _, _, ok := parseVectorKey([]byte("short")); ok {
		t.Error("a short key is taken")
	}
}

func TestEngineErrors(t *testing.T) {
	var corrupt *memory.CorruptError
	for name, tc := range map[string]struct {
		err  error
		want func(error) bool
	}{
		"locked":    {fmt.Errorf("x: %w", kv.ErrLocked), func(e error) bool { return errors.Is(e, ErrLocked) }},
		"newer":     {kv.ErrNewer, func(e error) bool { return errors.Is(e, ErrNewer) }},
		"closed":    {kv.ErrClosed, func(e error) bool { return errors.Is(e, memory.ErrUnavailable) }},
		"missing":   {kv.ErrMissing, func(e error) bool { return errors.As(e, &corrupt) && corrupt.Engine == "rocksdb" }},
		"full":      {errors.New("IO error: No space left on device: While appending"), func(e error) bool { return errors.Is(e, memory.ErrFull) }},
		"too large": {errors.New("IO error: While appending to file: x.log: File too large"), func(e error) bool { return errors.Is(e, memory.ErrFull) }},
		"read-only": {errors.New("IO error: x: Read-only file system"), func(e error) bool { return errors.Is(e, memory.ErrReadOnly) }},
		"other":     {errors.New("boo"), func(e error) bool { return e.Error() == "rocksdb: step: boo" }},
		"damage":    {&memory.CorruptError{Engine: "faiss", Err: errDecode}, func(e error) bool { return errors.As(e, &corrupt) && corrupt.Engine == "faiss" }},
		"nothing":   {nil, func(e error) bool { return e == nil }},
	} {
		if got := kvError("step", tc.err); !tc.want(got) {
			t.Errorf("rocksdb, %s: %v", name, got)
		}
	}
	for _, tc := range []struct{ err, want error }{
		{syscall.ENOSPC, memory.ErrFull}, {syscall.EACCES, memory.ErrReadOnly}, {syscall.EROFS, memory.ErrReadOnly}, {syscall.EINVAL, syscall.EINVAL},
	} {
		if got := fileError("step", tc.err); !errors.Is(got, tc.want) {
			t.Errorf("file, %v: %v; want %v", tc.err, got, tc.want)
		}
	}
	if s := (Finding{Kind: KindTags, Severity: Drift, Engine: "sqlite", ID: "an id", Detail: "d", Advice: "a"}).String(); s != "drift: tags of an id (sqlite): d; a" {
		t.Errorf("Finding.String = %q", s)
	}
	if Damage.String() != "damage" {
		t.Errorf("Damage.String = %q", Damage)
	}
}
