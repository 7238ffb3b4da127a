package kv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/security"
)

func TestResealMakesOlderKeysUnneeded(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, Options{Keys: testKeys(t, 1)})
	want := map[Family]map[string]security.Class{}
	for _, f := range Families() {
		want[f] = map[string]security.Class{}
		b := db.NewBatch()
		for i := range 2*resealStep + 3 {
			key, class := fmt.Sprintf("%04d", i), security.Class(1+i%2)
			b.PutClass(f, []byte(key), []byte("value "+key), class)
			want[f][key] = class
		}
		if err := db.Write(b, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.SetKeys(testKeys(t, 1, 2)); err != nil {
		t.Fatalf("SetKeys: %v", err)
	}
	if n, err := db.Reseal(t.Context()); err != nil || n != len(Families())*(2*resealStep+3) {
		t.Fatalf("Reseal = %d, %v; want %d", n, err, len(Families())*(2*resealStep+3))
	}
	if n, err := db.Reseal(t.Context()); err != nil || n != 0 {
		t.Errorf("second Reseal = %d, %v; want 0", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, dir, Options{Keys: testKeys(t, 2)}) // the first generation is retired
	for f, keys := range want {
		for key, class := range keys {
			got, c, err := db.GetClass(f, []byte(key))
			if err != nil || string(got) != "value "+key || c != class {
				t.Fatalf("%s/%s = %q, %s, %v; want class %s", f, key, got, c, err, class)
			}
		}
	}
	if c, err := db.Check(t.Context(), nil); err != nil || c.Older != 0 || c.Corrupt != 0 {
		t.Errorf("Check = %+v, %v", c, err)
	}
}

func TestResealLeavesDamagedValues(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{Keys: testKeys(t, 1)})
	for _, k := range []string{"a", "b", "c"} {
		write(t, db, Archive, k, "value")
	}
	damage(t, db, Archive, "b", func(b []byte) []byte { b[50] ^= 1; return b })
	if err := db.SetKeys(testKeys(t, 1, 2)); err != nil {
		t.Fatal(err)
	}
	var bad *CorruptError
	if n, err := db.Reseal(t.Context()); n != 2 || !errors.As(err, &bad) || string(bad.Key) != "b" {
		t.Errorf("Reseal = %d, %v; want 2 and the damaged value", n, err)
	}
	wantValue(t, db, Archive, "a", "value")
}

// Values written while Reseal runs are not replaced by what it read before.
func TestResealLosesNoWrite(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{Keys: testKeys(t, 1)})
	const n = 500
	key := func(i int) []byte { return fmt.Appendf(nil, "%04d", i) }
	b := db.NewBatch()
	for i := range n {
		b.Put(Cache, key(i), []byte("old"))
	}
	if err := db.Write(b, false); err != nil {
		t.Fatal(err)
	}
	if err := db.SetKeys(testKeys(t, 1, 2)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			b := NewBatch()
			if i%2 == 0 {
				b.Put(Cache, key(i), []byte("new"))
			} else {
				b.Delete(Cache, key(i))
			}
			if err := db.Write(b, false); err != nil {
				t.Errorf("Write: %v", err)
			}
		}
	})
	if _, err := db.Reseal(t.Context()); err != nil {
		t.Errorf("Reseal: %v", err)
	}
	wg.Wait()
	for i := range n {
		got, err := db.Get(Cache, key(i))
		if i%2 == 0 && string(got) != "new" || i%2 == 1 && !errors.Is(err, ErrNotFound) {
			t.Errorf("value %d = %q, %v", i, got, err)
		}
	}
}

func TestResealEnds(t *testing.T) {
	errDisk := errors.New("disk on fire")
	failing := ""
	db := openTest(t, t.TempDir(), Options{Keys: testKeys(t, 1), Fail: func(op string) error {
		if op == failing {
			return errDisk
		}
		return nil
	}})
	write(t, db, Cache, "k", "v")
	if err := db.SetKeys(Keys{}); err == nil {
		t.Error("SetKeys took no keys")
	}
	if err := db.SetKeys(testKeys(t, 1, 2)); err != nil {
		t.Fatal(err)
	}
	for _, failing = range []string{OpScan, OpWrite, OpSync} {
		if _, err := db.Reseal(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("Reseal with %s failing: got %v", failing, err)
		}
	}
	failing = ""
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.SetKeys(testKeys(t, 1, 2, 3)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Reseal(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Reseal past its context: got %v", err)
	}
	wantValue(t, db, Cache, "k", "v")
}
