package sync_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
)

// TestPlain has a server of GLOBAL show what is not what it should be.
func TestPlain(t *testing.T) {
	var p memsync.Plain
	id := memory.NewID()
	payload := memsync.Payload{Text: "for all", Title: "title", Tags: []string{"tag"}, Meta: []byte("{}"), Vector: []float32{0.6, 0.8}, Space: "s"}
	first, one, err := p.Seal(id, memsync.State{}, payload)
	if err != nil {
		t.Fatal(err)
	}
	second, two, err := p.Seal(id, one, payload)
	if err != nil {
		t.Fatal(err)
	}
	fork, _, err := p.Seal(id, memsync.State{Version: 1}, payload) // built on another first version
	if err != nil {
		t.Fatal(err)
	}
	got, state, err := p.Open(id, second, one)
	if err != nil || state != two || got.Text != payload.Text || got.Vector[1] != payload.Vector[1] {
		t.Fatalf("open: %+v, %v", got, err)
	}
	version := func(n uint64) []byte {
		b := bytes.Clone(first)
		binary.BigEndian.PutUint64(b[20:], n)
		return b
	}
	holding := func(body string) []byte { // a whole record of something else
		e, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		return e.EncodeAll([]byte(body), bytes.Clone(first[:60]))
	}
	packed := func(change func([]byte) []byte) []byte { return change(bytes.Clone(first)) }
	for name, tc := range map[string]struct {
		id     memory.ID
		record []byte
		seen   memsync.State
		text   string
	}{
		"version 0":        {id, version(0), memsync.State{}, "version"},
		"the last version": {id, version(math.MaxUint64), memsync.State{}, "version"},
		"the past":         {id, first, two, "replays"},
		"another history":  {id, fork, one, "two histories"},
		"the same number":  {id, fork, two, "two histories"},
		"another row":      {memory.NewID(), first, memsync.State{}, "another row"},
		"another kind":     {id, packed(func(b []byte) []byte { b[0]++; return b }), memsync.State{}, "not a record"},
		"cut":              {id, first[:40], memsync.State{}, "not a record"},
		"damaged":          {id, packed(func(b []byte) []byte { return append(b[:60], "garbage"...) }), memsync.State{}, "no memory"},
		"no JSON":          {id, holding("not JSON"), memsync.State{}, "no memory"},
		"half a number":    {id, holding(`{"e":"AAA="}`), memsync.State{}, "no memory"},
		"of 3 MiB":         {id, bytes.Repeat(first, 3<<20/len(first)), memsync.State{}, "not a record"},
		"no id":            {"x", first, memsync.State{}, "UUID"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := p.Open(tc.id, tc.record, tc.seen)
			if err == nil || !strings.Contains(err.Error(), tc.text) || tc.text != "UUID" && !errors.Is(err, memsync.ErrContent) {
				t.Errorf("%v; want %q", err, tc.text)
			}
		})
	}
	if _, _, err := p.Seal("x", memsync.State{}, payload); err == nil {
		t.Error("an id that is none was sealed")
	}
	noise := make([]byte, 3<<20)
	for i, x := 0, uint64(1); i < len(noise); i++ {
		x = x*6364136223846793005 + 1442695040888963407
		noise[i] = byte(x >> 56)
	}
	if _, _, err := p.Seal(id, memsync.State{}, memsync.Payload{Meta: noise}); !errors.Is(err, memsync.ErrContent) {
		t.Errorf("a record of 3 MiB: %v", err)
	}
}
