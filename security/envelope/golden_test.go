package envelope

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden records of the current format version")

// goldenContents is what the records in testdata/v1 hold. Sealing is random, so a record is never the same twice: the
// files prove that what was sealed once opens for ever.
func goldenContents() map[string]Content {
	return map[string]Content{
		"plain":      {Text: "short", Tags: []string{"a", "b"}},
		"compressed": sample(1),
		"tombstone":  {Deleted: true},
	}
}

func goldenPath(name string) string { return filepath.Join("testdata", "v1", name+".hex") }

// readGolden returns a record and the hash of it.
func readGolden(t testing.TB, name string) (record []byte, hash Hash) {
	t.Helper()
	text, err := os.ReadFile(goldenPath(name))
	if err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	record, err = hex.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	h, err := hex.DecodeString(second)
	if err != nil || len(h) != len(hash) {
		t.Fatalf("hash in %s: %v", name, err)
	}
	return record, Hash(h)
}

func writeGolden(t *testing.T, name string, record []byte, state State) {
	t.Helper()
	text := hex.EncodeToString(record) + "\n" + hex.EncodeToString(state.Hash[:]) + "\n"
	if err := os.MkdirAll(filepath.Dir(goldenPath(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(goldenPath(name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestGolden(t *testing.T) {
	roster, signer := newWorld()
	e := New(roster, signer, Options{Now: clock})
	for name, c := range goldenContents() {
		t.Run(name, func(t *testing.T) {
			if *update {
				record, state := mustSeal(t, e, number(7), State{}, c)
				writeGolden(t, name, record, state)
				next, after := mustSeal(t, e, number(7), state, Content{Text: "version 2"})
				writeGolden(t, name+"-next", next, after)
			}
			record, hash := readGolden(t, name)
			got, err := e.Open(record, number(7), State{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Content, c) || got.State != (State{Version: 1, Epoch: 2, Hash: hash}) {
				t.Errorf("got %+v, %+v", got.Content, got.State)
			}
			next, _ := readGolden(t, name+"-next")
			second, err := e.Open(next, number(7), got.State)
			if err != nil || second.Content.Text != "version 2" || second.Prev != hash {
				t.Errorf("version 2: %+v, %v", second, err)
			}
		})
	}
}

// TestGoldenContent pins the encoding inside a record, to the byte.
func TestGoldenContent(t *testing.T) {
	c := Content{Text: "text", Title: "title", Tags: []string{"a", ""}, Metadata: []byte("{}"), Embedding: []float32{1, -2}, Model: "m", Deleted: true}
	want := "97" + "01" + "a474657874" + "a57469746c65" + "92a161a0" + "c4027b7d" + "a16d" + "c4080000803f000000c0"
	got, err := c.encode()
	if err != nil || hex.EncodeToString(got) != want {
		t.Errorf("got %x, %v, want %s", got, err, want)
	}
	packed, err := c.pack(nil)
	if err != nil {
		t.Fatal(err)
	}
	framed, err := hex.DecodeString("00" + "00000021" + want)
	if err != nil {
		t.Fatal(err)
	}
	if wantPacked := append(framed, make([]byte, minPadded-len(framed))...); !bytes.Equal(packed, wantPacked) {
		t.Errorf("packed\n got %x\nwant %x", packed, wantPacked)
	}
}

// FuzzOpen: nothing opens but what was sealed.
func FuzzOpen(f *testing.F) {
	sealed := map[string]bool{}
	for name := range goldenContents() {
		for _, n := range []string{name, name + "-next"} {
			record, _ := readGolden(f, n)
			sealed[string(record)] = true
			f.Add(record)
		}
	}
	roster, signer := newWorld()
	e := New(roster, signer, Options{})
	f.Fuzz(func(t *testing.T, record []byte) {
		_, err := ParseHeader(record)
		if _, errOpen := e.Open(record, number(7), State{}); errOpen == nil && (err != nil || !sealed[string(record)]) {
			t.Errorf("a forged record opens: %x", record)
		}
	})
}
