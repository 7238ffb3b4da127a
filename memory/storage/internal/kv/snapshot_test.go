package kv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/elderzan/elderzan/security"
)

// TestSnapshot copies a database whose newest values are in the log alone, synced and not: the copy has all of them.
func TestSnapshot(t *testing.T) {
	base := t.TempDir()
	keys := snapshotKeys(t)
	db, err := Open(filepath.Join(base, "a"), Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	put := func(from, to int, sync bool) {
		t.Helper()
		for i := from; i < to; i++ {
			b := NewBatch()
			b.Put(Vectors, fmt.Appendf(nil, "key %d", i), fmt.Appendf(nil, "value %d", i))
			if err := db.Write(b, sync); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(0, 10, true)
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	put(10, 20, true)
	before, err := db.LogSize()
	if err != nil || before < 10*int64(len("key 10value 10")) {
		t.Errorf("LogSize = %d, %v; want more than ten values have", before, err)
	}
	put(20, 30, false)
	if n, err := db.LogSize(); err != nil || n <= before {
		t.Errorf("LogSize = %d, %v; want more than %d", n, err, before)
	}
	dir := filepath.Join(base, "b")
	if err := db.Snapshot(dir); err != nil {
		t.Fatal(err)
	}
	if err := db.Snapshot(dir); !errors.Is(err, os.ErrExist) {
		t.Errorf("Snapshot into a folder that is there = %v; want ErrExist", err)
	}
	put(30, 40, true)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Snapshot(filepath.Join(base, "c")); !errors.Is(err, ErrClosed) {
		t.Errorf("Snapshot after Close = %v; want ErrClosed", err)
	}
	if _, err := db.LogSize(); !errors.Is(err, ErrClosed) {
		t.Errorf("LogSize after Close = %v; want ErrClosed", err)
	}
	copied, err := Open(dir, Options{Keys: keys, MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	for i := range 40 {
		b, err := copied.Get(Vectors, fmt.Appendf(nil, "key %d", i))
		if i < 30 && (err != nil || string(b) != fmt.Sprint("value ", i)) || i >= 30 && !errors.Is(err, ErrNotFound) {
			t.Errorf("value %d = %q, %v", i, b, err)
		}
	}
	if copied.TailLost() {
		t.Error("the copied log is torn")
	}
}

func snapshotKeys(t *testing.T) Keys {
	t.Helper()
	sealer := func(c security.Class) *security.Sealer {
		s, err := security.NewSealer(c, 1, map[uint32]security.Secret{1: security.RandomSecret(32)})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return Keys{Store: sealer(security.ClassStore), Private: sealer(security.ClassPrivate)}
}
