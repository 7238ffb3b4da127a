package kv

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestHeal has the database act as after a write that RocksDB failed: none is taken until Heal has opened it anew.
func TestHeal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := openTest(t, dir, Options{})
	write(t, db, Cache, "k", "v")
	if db.Broken() {
		t.Error("a whole database is broken")
	}
	if err := db.Heal(); err != nil {
		t.Errorf("Heal of a whole database: %v", err)
	}
	if err := db.wrote("write", errors.New("IO error: No space left on device")); err == nil || !db.Broken() {
		t.Errorf("a failed write: %v, broken: %v", err, db.Broken())
	}
	b := db.NewBatch()
	b.Put(Cache, []byte("l"), []byte("w"))
	if err := errors.Join(db.Write(b, false)); !errors.Is(err, errBroken) {
		t.Errorf("Write: %v; want errBroken", err)
	}
	if err := db.Sync(); !errors.Is(err, errBroken) {
		t.Errorf("Sync: %v; want errBroken", err)
	}
	err := db.Scan(Cache, nil, func(_, _ []byte) error {
		if err := db.Heal(); !errors.Is(err, ErrBusy) {
			t.Errorf("Heal during a scan: %v; want ErrBusy", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Where it cannot be opened, nothing is open, and later it may work.
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	healErr := db.Heal()
	if _, err := db.Get(Cache, []byte("k")); healErr == nil || !errors.Is(err, healErr) {
		t.Errorf("Heal: %v; Get: %v; want the same failure of both", healErr, err)
	}
	if err := errors.Join(os.Remove(dir), os.Rename(dir+"-away", dir)); err != nil {
		t.Fatal(err)
	}
	if err := db.Heal(); err != nil || db.Broken() {
		t.Fatalf("Heal: %v, broken: %v", err, db.Broken())
	}
	if v, err := db.Get(Cache, []byte("k")); err != nil || string(v) != "v" {
		t.Errorf("Get = %q, %v; want v", v, err)
	}
	if err := db.Write(b, true); err != nil {
		t.Errorf("Write: %v", err)
	}
	db.broken.Store(true)
	if err := db.Close(); err != nil {
		t.Errorf("Close of a broken database: %v", err)
	}
	if err := db.Heal(); !errors.Is(err, ErrClosed) {
		t.Errorf("Heal after Close: %v; want ErrClosed", err)
	}
}

// TestCloseDown closes a database that Heal could not open.
func TestCloseDown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := openTest(t, dir, Options{})
	db.broken.Store(true)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Heal(); err == nil {
		t.Error("Heal works without a folder")
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
