package kv

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestRenew has what can be read take the database's place: a block that is damaged is gone, everything else is there, and the
// folder aside is as it was.
func TestRenew(t *testing.T) {
	base := t.TempDir()
	dir, aside, beside := filepath.Join(base, "db"), filepath.Join(base, "aside"), filepath.Join(base, "beside")
	db := openTest(t, dir, Options{})
	write(t, db, Config, "setting", "kept")
	many(t, db, Vectors, 500)
	hurtTable(t, dir, db, Vectors, 0.5)
	err := db.Scan(Config, nil, func(_, _ []byte) error {
		if _, _, err := db.Renew(aside, beside); !errors.Is(err, ErrBusy) {
			t.Errorf("Renew during a scan: %v; want ErrBusy", err)
		}
		return ErrStop
	})
	if err != nil {
		t.Fatal(err)
	}

	// Where a folder cannot be moved, everything is as it was.
	for _, name := range []string{aside, beside} {
		if err := os.MkdirAll(filepath.Join(name, "something"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := db.Renew(aside, beside); err == nil {
		t.Error("a folder that is there is taken")
	}
	wantValue(t, db, Config, "setting", "kept")
	if _, err := os.Stat(beside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was salvaged and is of no use is left: %v", err)
	}
	if err := os.RemoveAll(aside); err != nil {
		t.Fatal(err)
	}

	damaged, lost, err := db.Renew(aside, beside)
	if err != nil || lost != nil || !slices.Equal(damaged, []Family{Vectors}) || db.Broken() {
		t.Fatalf("Renew: %v, %v, %v, broken: %t", damaged, lost, err, db.Broken())
	}
	wantValue(t, db, Config, "setting", "kept")
	if n := wantMost(t, db, Vectors, 500); n == 500 {
		t.Error("nothing was damaged")
	}
	write(t, db, Vectors, "v", "new")
	old := openTest(t, aside, Options{MustExist: true})
	if err := old.Scan(Vectors, nil, func(_, _ []byte) error { return nil }); !errors.Is(err, ErrCorrupt) {
		t.Errorf("the folder aside reads: %v", err)
	}

	// Where the folder is gone there is nothing to move and nothing to keep.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, lost, err := db.Renew(filepath.Join(base, "again"), beside); err != nil || lost == nil {
		t.Fatalf("Renew of a folder that is gone: %v, %v", lost, err)
	}
	write(t, db, Vectors, "v", "new")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Renew(aside, beside); !errors.Is(err, ErrClosed) {
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
