package kv

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestRenew begins anew: what is to be kept is there, everything else is in the folder aside, whole.
func TestRenew(t *testing.T) {
	base := t.TempDir()
	dir, aside := filepath.Join(base, "db"), filepath.Join(base, "aside")
	db := openTest(t, dir, Options{})
	write(t, db, Config, "setting", "kept")
	write(t, db, Config, "damaged", "lost")
	write(t, db, Vectors, "v", "derived")
	damage(t, db, Config, "damaged", func(b []byte) []byte { return b[:4] })
	err := db.Scan(Config, nil, func(_, _ []byte) error {
		if err := db.Renew(aside, Config); !errors.Is(err, ErrBusy) {
			t.Errorf("Renew during a scan: %v; want ErrBusy", err)
		}
		return ErrStop
	})
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}

	// Where the folder cannot be moved, everything is as it was, and the next attempt still keeps what it should.
	if err := os.MkdirAll(filepath.Join(aside, "something"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := db.Renew(aside, Config); err == nil {
		t.Error("a folder that is there is taken")
	}
	wantValue(t, db, Config, "setting", "kept")
	wantValue(t, db, Vectors, "v", "derived")
	if err := os.RemoveAll(aside); err != nil {
		t.Fatal(err)
	}

	if err := db.Renew(aside, Config); err != nil || db.Broken() {
		t.Fatalf("Renew: %v, broken: %t", err, db.Broken())
	}
	wantValue(t, db, Config, "setting", "kept")
	for _, gone := range []struct {
		f   Family
		key string
	}{{Config, "damaged"}, {Vectors, "v"}} {
		if v, err := db.Get(gone.f, []byte(gone.key)); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s is %q, %v; want ErrNotFound", gone.key, v, err)
		}
	}
	old := openTest(t, aside, Options{MustExist: true})
	wantValue(t, old, Vectors, "v", "derived")

	// Where the folder is gone there is nothing to move and nothing to keep.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := db.Renew(filepath.Join(base, "again")); err != nil {
		t.Fatalf("Renew of a folder that is gone: %v", err)
	}
	write(t, db, Vectors, "v", "new")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Renew(aside); !errors.Is(err, ErrClosed) {
		t.Errorf("Renew after Close: %v; want ErrClosed", err)
	}
	wantValue(t, openTest(t, dir, Options{MustExist: true}), Vectors, "v", "new")
}

// TestOpenNeedsAFolder opens where a file stands, and below one.
func TestOpenNeedsAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if db, err := Open(dir, Options{Keys: testKeys(t)}); err == nil {
			t.Errorf("%s opens: %v", dir, errors.Join(errors.New("as a database"), db.Close()))
		}
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, []byte("text")) {
		t.Errorf("the file holds %q, %v", b, err)
	}
}

// TestResealBetweenChanges has values go, and the context end, between the moment at which they are found to be older and the
// one at which they are sealed anew.
func TestResealBetweenChanges(t *testing.T) {
	var between func()
	db := openTest(t, t.TempDir(), Options{Keys: testKeys(t, 1), Fail: func(op string) error {
		if run := between; op == OpWrite && run != nil {
			between = nil
			run()
		}
		return nil
	}})
	key := func(i int) []byte { return []byte{byte(i)} }
	for i := range resealStep + 1 {
		write(t, db, Cache, string(key(i)), "v")
	}
	if err := db.SetKeys(testKeys(t, 1, 2)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	between = cancel
	if n, err := db.Reseal(ctx); n != resealStep || !errors.Is(err, context.Canceled) {
		t.Errorf("Reseal = %d, %v; want the first %d, and context.Canceled", n, err, resealStep)
	}
	between = func() {
		b := db.NewBatch()
		b.Delete(Cache, key(resealStep))
		if err := db.Write(b, false); err != nil {
			t.Error(err)
		}
	}
	if n, err := db.Reseal(t.Context()); n != 0 || err != nil {
		t.Errorf("Reseal = %d, %v; want none, as the last was deleted", n, err)
	}
	if _, err := db.Get(Cache, key(resealStep)); !errors.Is(err, ErrNotFound) {
		t.Errorf("what was deleted comes back: %v", err)
	}
}
