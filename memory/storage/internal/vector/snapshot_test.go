package vector

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/security"
)

func testSnapshot(t testing.TB, generation uint64) Snapshot {
	t.Helper()
	key := security.NewSecret(bytes.Repeat([]byte{42}, 32))
	s, err := security.NewSealer(security.ClassStore, 1, map[uint32]security.Secret{1: key})
	if err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	return Snapshot{Sealer: s, FileID: "embeddings", Generation: generation}
}

func wantSame(t *testing.T, got, want *Index) {
	t.Helper()
	if !slices.Equal(got.IDs(), want.IDs()) {
		t.Fatalf("ids %v, want %v", got.IDs(), want.IDs())
	}
	for _, id := range want.IDs() {
		a, errA := got.Reconstruct(id)
		b, errB := want.Reconstruct(id)
		if errA != nil || errB != nil || !slices.Equal(a, b) {
			t.Fatalf("vector %d is %v, %v; want %v, %v", id, a, errA, b, errB)
		}
	}
}

func TestSnapshotRoundTrip(t *testing.T) {
	for name, tc := range map[string]struct{ n, dim int }{
		"empty": {0, 4}, "one": {1, 768}, "several chunks": {1500, 768},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTestIndex(t, tc.dim)
			put(t, x, rand.New(rand.NewPCG(1, 5)), tc.n, 3, 7)
			if _, err := x.Remove([]int64{3 + 7}); err != nil {
				t.Fatalf("Remove: %v", err)
			}
			path := filepath.Join(t.TempDir(), "x.ezvec")
			if err := x.SaveFile(path, testSnapshot(t, 5)); err != nil {
				t.Fatalf("SaveFile: %v", err)
			}
			if info, err := ReadFileInfo(path); err != nil || info != (Info{"embeddings", 5}) {
				t.Errorf("ReadFileInfo = %+v, %v", info, err)
			}
			if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
				t.Errorf("file has mode %v, %v; want 0600", fi.Mode(), err)
			}
			y, err := LoadFile(path, testSnapshot(t, 0), Options{Dim: tc.dim})
			if err != nil {
				t.Fatalf("LoadFile: %v", err)
			}
			defer y.Close()
			wantSame(t, y, x)
			put(t, y, rand.New(rand.NewPCG(1, 6)), 3, 1_000_000, 1)
		})
	}
}

func written(t testing.TB, x *Index, s Snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := x.WriteSnapshot(&b, s); err != nil {
		t.Fatalf("WriteSnapshot: %v", err)
	}
	return b.Bytes()
}

func wantCorrupt(t *testing.T, name string, raw []byte, s Snapshot) {
	t.Helper()
	x, err := ReadSnapshot(bytes.NewReader(raw), s, Options{})
	var bad *CorruptError
	if !errors.As(err, &bad) || x != nil || errors.Unwrap(bad) == nil || !strings.Contains(bad.Error(), s.FileID) {
		t.Errorf("%s: got %v, want a CorruptError that names the file", name, err)
	}
}

func TestEveryByteOfASnapshotCounts(t *testing.T) {
	x := newTestIndex(t, 4)
	put(t, x, rand.New(rand.NewPCG(1, 5)), 6, 0, 1)
	raw := written(t, x, testSnapshot(t, 5))
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1 << (i % 8)
		wantCorrupt(t, "a flipped bit", bad, testSnapshot(t, 0))
		wantCorrupt(t, "cut short", raw[:i], testSnapshot(t, 5))
	}
	wantCorrupt(t, "longer", append(bytes.Clone(raw), 0), testSnapshot(t, 5))
}

func TestAnotherSnapshotIsRefused(t *testing.T) {
	x := newTestIndex(t, 768)
	put(t, x, rand.New(rand.NewPCG(1, 5)), 800, 0, 1) // three chunks
	s := testSnapshot(t, 5)
	raw := written(t, x, s)
	features, other, wrongKey := s, s, s
	features.FileID, other.Generation = "features", 6
	var err error
	wrongKey.Sealer, err = security.NewSealer(security.ClassStore, 1, map[uint32]security.Secret{1: security.RandomSecret(32)})
	if err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	wantCorrupt(t, "another file", written(t, x, features), s)
	wantCorrupt(t, "another generation", written(t, x, other), s)
	wantCorrupt(t, "another key", raw, wrongKey)
	wantCorrupt(t, "no snapshot", []byte("not a snapshot at all"), s)

	// Chunks of one length, so that exchanging them leaves every frame well formed.
	header := len(snapMagic) + 8 + 1 + len(s.FileID)
	frame := 5 + security.StreamChunk + security.Overhead
	a, b := raw[header:header+frame], raw[header+frame:header+2*frame]
	wantCorrupt(t, "chunks exchanged", slices.Concat(raw[:header], b, a, raw[header+2*frame:]), s)
	wantCorrupt(t, "chunk lost", slices.Concat(raw[:header], a, raw[header+2*frame:]), s)
	wantCorrupt(t, "chunk twice", slices.Concat(raw[:header], a, a, raw[header+2*frame:]), s)
	wantCorrupt(t, "last chunk lost", raw[:header+2*frame], s)
	theirs := written(t, x, other)
	wantCorrupt(t, "chunk of another generation", slices.Concat(raw[:header+frame], theirs[header+frame:]), s)
	marked := bytes.Clone(raw[:header+frame])
	marked[header] = 1
	wantCorrupt(t, "first chunk marked as the last", marked, s)
}

// sealedAs seals payload where WriteSnapshot would put its own: contents that only a bug of ours could write.
func sealedAs(t testing.TB, s Snapshot, payload []byte) []byte {
	t.Helper()
	header, err := s.header()
	if err != nil {
		t.Fatalf("header: %v", err)
	}
	b := bytes.NewBuffer(bytes.Clone(header))
	w := security.NewStreamWriter(b, s.Sealer, header)
	if _, err := w.Write(payload); err != nil {
		t.Fatalf("Write: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return b.Bytes()
}

func TestWellSealedNonsenseIsRefused(t *testing.T) {
	s := testSnapshot(t, 1)
	good := []byte{1, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 128, 63, 0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 0}
	wantCorrupt(t, "an id twice", sealedAs(t, s, good), s)
	good[21] = 8
	x, err := ReadSnapshot(bytes.NewReader(sealedAs(t, s, good)), s, Options{})
	if err != nil || x.Len() != 2 {
		t.Fatalf("ReadSnapshot of the good form: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for n := range good {
		wantCorrupt(t, "short contents", sealedAs(t, s, good[:n]), s)
	}
	wantCorrupt(t, "long contents", sealedAs(t, s, append(bytes.Clone(good), 0)), s)
	for at, v := range map[int]byte{0: 9, 4: 1, 12: 200} {
		bad := bytes.Clone(good)
		bad[at] = v
		wantCorrupt(t, "unknown kind, dimension or count", sealedAs(t, s, bad), s)
	}
	if _, err := ReadSnapshot(bytes.NewReader(sealedAs(t, s, good)), s, Options{Dim: 3}); err == nil {
		t.Error("a snapshot of another dimension was read")
	}
}

func TestSnapshotNeedsSealerAndName(t *testing.T) {
	x := newTestIndex(t, 2)
	for name, s := range map[string]Snapshot{
		"no sealer": {FileID: "x"}, "no file id": {Sealer: testSnapshot(t, 1).Sealer},
		"long file id": {Sealer: testSnapshot(t, 1).Sealer, FileID: string(make([]byte, 256))},
	} {
		if err := x.WriteSnapshot(io.Discard, s); err == nil {
			t.Errorf("%s: WriteSnapshot gave no error", name)
		}
		if _, err := ReadSnapshot(bytes.NewReader(nil), s, Options{}); err == nil {
			t.Errorf("%s: ReadSnapshot gave no error", name)
		}
	}
}

var errDisk = errors.New("disk on fire")

type failingDisk struct{ after int }

func (f *failingDisk) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func (f *failingDisk) Read(p []byte) (int, error) { return 0, errDisk }

func TestIOErrorsAreNotCorruption(t *testing.T) {
	x := newTestIndex(t, 768)
	put(t, x, rand.New(rand.NewPCG(1, 5)), 800, 0, 1)
	for _, after := range []int{0, 40, 1 << 20, 2 << 20} {
		if err := x.WriteSnapshot(&failingDisk{after}, testSnapshot(t, 1)); !errors.Is(err, errDisk) {
			t.Errorf("disk fails after %d bytes: got %v", after, err)
		}
	}
	raw := written(t, x, testSnapshot(t, 1))
	var bad *CorruptError
	for _, after := range []int{0, 10, 100, 2 << 20} {
		r := io.MultiReader(bytes.NewReader(raw[:after]), &failingDisk{})
		if _, err := ReadSnapshot(r, testSnapshot(t, 1), Options{}); !errors.Is(err, errDisk) || errors.As(err, &bad) {
			t.Errorf("disk fails after %d bytes: got %v, want the disk's own error", after, err)
		}
	}
}

func TestFileErrors(t *testing.T) {
	x := newTestIndex(t, 2)
	dir, s := t.TempDir(), testSnapshot(t, 1)
	if _, err := LoadFile(filepath.Join(dir, "none"), s, Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("LoadFile of no file: got %v, want os.ErrNotExist", err)
	}
	if _, err := ReadFileInfo(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ReadFileInfo of no file: got %v, want os.ErrNotExist", err)
	}
	if err := x.SaveFile(filepath.Join(dir, "no", "folder"), s); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("SaveFile into no folder: got %v, want os.ErrNotExist", err)
	}
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := x.SaveFile(taken, s); err == nil {
		t.Error("SaveFile over a folder gave no error")
	}
	if err := x.SaveFile(filepath.Join(dir, "f"), Snapshot{}); err == nil {
		t.Error("SaveFile without a sealer gave no error")
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("failed saves left %v, %v", left, err)
	}
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	var bad *CorruptError
	if _, err := LoadFile(junk, s, Options{}); !errors.As(err, &bad) || bad.File != junk {
		t.Errorf("LoadFile of junk: got %v, want a CorruptError that names it", err)
	}
	if _, err := ReadFileInfo(junk); !errors.As(err, &bad) {
		t.Errorf("ReadFileInfo of junk: got %v, want a CorruptError", err)
	}
}

// meddler changes the index each time a part of its snapshot is written.
type meddler struct {
	bytes.Buffer
	change func()
}

func (m *meddler) Write(p []byte) (int, error) {
	m.change()
	return m.Buffer.Write(p)
}

// A snapshot is the state at the moment of the call, whatever is put, replaced and removed while it is written.
func TestSnapshotOfAChangingIndex(t *testing.T) {
	const n, dim = 1500, 768 // five chunks, so that changes come between them
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		vec := func() []float32 { // a unit vector that is quick to make
			v := make([]float32, dim)
			v[r.IntN(dim)] = 1
			return v
		}
		x, want := newTestIndex(t, dim), newTestIndex(t, dim)
		ids, vecs := make([]int64, n), make([][]float32, n)
		for i := range ids {
			ids[i], vecs[i] = int64(i), vec()
		}
		if err := errors.Join(x.Put(ids, vecs), want.Put(ids, vecs)); err != nil {
			t.Fatalf("Put: %v", err)
		}
		m := &meddler{change: func() {
			for range r.IntN(30) {
				id := r.Int64N(2 * n)
				var err error
				if r.IntN(2) == 0 {
					_, err = x.Remove([]int64{id, r.Int64N(n), id + 1})
				} else {
					err = x.Put([]int64{id, id + 1}, [][]float32{vec(), vec()})
				}
				if err != nil {
					t.Fatalf("seed %d: change: %v", seed, err)
				}
			}
		}}
		if err := x.WriteSnapshot(m, testSnapshot(t, 1)); err != nil {
			t.Fatalf("seed %d: WriteSnapshot: %v", seed, err)
		}
		y, err := ReadSnapshot(bytes.NewReader(m.Bytes()), testSnapshot(t, 1), Options{})
		if err != nil {
			t.Fatalf("seed %d: ReadSnapshot: %v", seed, err)
		}
		wantSame(t, y, want)
		if err := y.Close(); err != nil || x.body.view != nil {
			t.Fatalf("seed %d: Close: %v; the index still puts rows aside: %t", seed, err, x.body.view != nil)
		}
	}
}

func TestSnapshotThatCannotPutRowsAsideFails(t *testing.T) {
	x := newTestIndex(t, 2)
	put(t, x, rand.New(rand.NewPCG(1, 2)), 3, 0, 1)
	m := &meddler{change: func() {
		if x.body.view.next == 0 {
			x.body.view.err = errDisk
		}
	}}
	if err := x.WriteSnapshot(m, testSnapshot(t, 1)); !errors.Is(err, errDisk) {
		t.Errorf("WriteSnapshot: got %v", err)
	}
}

// FuzzReadSnapshot feeds sealed nonsense and raw bytes: neither may panic, and raw bytes may never open.
func FuzzReadSnapshot(f *testing.F) {
	pool := NewPool(PoolOptions{Workers: 1})
	f.Cleanup(func() { _ = pool.Close() })
	s := testSnapshot(f, 1)
	x, err := New(Options{Dim: 2, Pool: pool})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = x.Close() })
	put(f, x, rand.New(rand.NewPCG(1, 1)), 1, 77, 1)
	raw := written(f, x, s)
	f.Add(raw)
	f.Add([]byte(snapMagic))
	f.Add([]byte{1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 0})
	lost := func(context.Context, []int64, []float32) error { return nil } // of every vector
	for kind, n := range map[Kind]int{SQ8: 2, SQ4: 3, IVFPQ: 256} {
		f.Add(payloadOf(f, kind, n))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if y, err := ReadSnapshot(bytes.NewReader(in), s, Options{Pool: pool}); err == nil {
			wantSame(t, y, x) // sealed perhaps by another fuzzing process, with another nonce
			_ = y.Close()
		}
		opts := Options{Pool: pool, Source: lost}
		y, err := ReadSnapshot(bytes.NewReader(sealedAs(t, s, in)), s, opts)
		if err != nil {
			return
		}
		defer y.Close()
		again, err := ReadSnapshot(bytes.NewReader(written(t, y, s)), s, opts)
		if err != nil || again.Len() != y.Len() {
			t.Fatalf("what was read does not read again: %v", err)
		}
		_ = again.Close()
	})
}
