package portable

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

func anyMemory(t *rapid.T) memory.Memory {
	when := func(label string) time.Time {
		return time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, label)).UTC()
	}
	return memory.Memory{
		ID: memory.NewID(), Content: "x" + rapid.String().Draw(t, "content"), Title: rapid.String().Draw(t, "title"),
		Kind: rapid.String().Draw(t, "kind"), Tags: rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "tags"),
		Scope: rapid.SampledFrom(scope.All()).Draw(t, "scope"), Project: rapid.String().Draw(t, "project"),
		Metadata: map[string]any{"k": rapid.String().Draw(t, "value"), "n": 1.5, "list": []any{"a", true, nil}},
		Trust:    memory.TrustAgent, State: memory.Active, Version: rapid.IntRange(1, 9).Draw(t, "version"),
		Sensitive: rapid.Bool().Draw(t, "sensitive"), Confidence: 0.5, Pinned: rapid.Bool().Draw(t, "pinned"),
		OccurredAt: when("occurred"), CreatedAt: when("created"), UpdatedAt: when("updated"),
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := []memory.Memory{anyMemory(t), anyMemory(t)}
		var b bytes.Buffer
		w := NewWriter(&b)
		for i := range want {
			if err := w.Write(&want[i]); err != nil {
				t.Fatal(err)
			}
		}
		r := NewReader(&b)
		for i := range want {
			got, err := r.Read()
			if err != nil || !reflect.DeepEqual(got, want[i]) {
				t.Fatalf("Read = %+v, %v; want %+v", got, err, want[i])
			}
		}
		if _, err := r.Read(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the last: %v, want io.EOF", err)
		}
	})
}

func TestReadSaysWhichLineIsBad(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		line int
		want string
	}{
		"not JSON":      {"{\"content\":\"a\",\"scope\":\"PROJECT\"}\n\n{secret", 3, "not JSON"},
		"wrong type":    {`{"content":7}`, 1, "content"},
		"unknown scope": {`{"content":"a","scope":"secret-scope"}`, 1, "not a memory"},
		"no content":    {`{"title":"a"}`, 1, "content"},
		"not UTF-8":     {"{\"content\":\"secret\xff\"}", 1, "not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(strings.NewReader(tc.text))
			var err error
			for err == nil {
				_, err = r.Read()
			}
			var le *LineError
			if !errors.As(err, &le) || le.Line != tc.line || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Read: %v, want line %d and %q", err, tc.line, tc.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the line: %v", err)
			}
		})
	}
}

// TestReadEndsAtALineWithoutEnd: what is longer than any memory is not kept in memory; the error says where it begins.
func TestReadEndsAtALineWithoutEnd(t *testing.T) {
	r := NewReader(strings.NewReader("{\"content\":\"a\"}\n" + strings.Repeat("x", maxLine+1)))
	if m, err := r.Read(); err != nil || m.Content != "a" {
		t.Errorf("Read = %q, %v", m.Content, err)
	}
	if _, err := r.Read(); !errors.Is(err, bufio.ErrTooLong) || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("Read = %v; want that line 2 is too long", err)
	}
	if err := error(&LineError{Line: 3, Err: io.ErrUnexpectedEOF}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v hides its cause", err)
	}
}

func TestReadGoesOnAfterABadLine(t *testing.T) {
	r := NewReader(strings.NewReader("nonsense\n{\"content\":\"good\"}\n"))
	if _, err := r.Read(); err == nil {
		t.Fatal("a bad line was read")
	}
	if m, err := r.Read(); err != nil || m.Content != "good" {
		t.Errorf("Read = %q, %v; want the good line", m.Content, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"content":"a","metadata":{"k":[1,2]},"created_at":"2026-01-02T03:04:05Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b))
		for range 100 {
			m, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				continue
			}
			if _, err := json.Marshal(m); err != nil && m.Scope.Valid() {
				t.Fatalf("what was read cannot be written: %v", err)
			}
		}
	})
}
