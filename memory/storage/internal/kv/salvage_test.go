package kv

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func manyKey(i int) []byte { return append(binary.BigEndian.AppendUint64(nil, uint64(i)), "space"...) }

// manyValue is more than half a KiB that does not pack.
func manyValue(i int) []byte {
	v := make([]byte, 600)
	r := rand.NewChaCha8([32]byte{byte(i), byte(i >> 8)})
	_, _ = r.Read(v) // of ChaCha8, which has no end
	return v
}

// many writes n values of more than half a KiB to f and flushes them, so that they fill many blocks of one table file.
func many(t testing.TB, db *DB, f Family, n int) {
	t.Helper()
	b := NewBatch()
	for i := range n {
		b.PutPrivate(f, manyKey(i), manyValue(i))
	}
	if err := errors.Join(db.Write(b, true), db.Flush()); err != nil {
		t.Fatal(err)
	}
}

// wantMost returns how many of the values that many has written are there, and wants each to be what it was.
func wantMost(t testing.TB, db *DB, f Family, n int) (found int) {
	t.Helper()
	for i := range n {
		v, err := db.Get(f, manyKey(i))
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil || string(v) != string(manyValue(i)):
			t.Errorf("value %d is %.20q, %v", i, v, err)
		default:
			found++
		}
	}
	return found
}

// tableOf returns the newest table file of f.
func tableOf(t testing.TB, dir string, db *DB, f Family) string {
	t.Helper()
	name := ""
	for _, live := range db.db.GetLiveFilesMetaData() {
		if live.ColumnFamilyName == string(f) && live.Name > name {
			name = live.Name
		}
	}
	if name == "" {
		t.Fatalf("%s has no table file", f)
	}
	return filepath.Join(dir, name)
}

// hurtTable flips a bit at each of the places, parts of the whole, of a table file of f.
func hurtTable(t testing.TB, dir string, db *DB, f Family, places ...float64) {
	t.Helper()
	path := tableOf(t, dir, db, f)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range places {
		b[int(at*float64(len(b)-1))] ^= 4
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSalvageBlocks damages blocks of a table file: what stands in the other blocks, other files and other families is taken over,
// and nothing comes back that was deleted.
func TestSalvageBlocks(t *testing.T) {
	const n = 1000
	for name, tc := range map[string]struct {
		places []float64
		atMost int // values that are lost
	}{
		"one":            {[]float64{0.4}, 14},
		"the first":      {[]float64{0}, 14},
		"the last":       {[]float64{0.97}, 14},
		"two":            {[]float64{0.2, 0.7}, 28},
		"two neighbours": {[]float64{0.5, 0.515}, 42},
		"many":           {[]float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}, 126},
		"every":          {every(0.002), n},
		"the footer":     {[]float64{1}, n},
	} {
		for _, f := range []Family{Vectors, Workspace} {
			t.Run(name+"/"+string(f), func(t *testing.T) {
				t.Parallel()
				base := t.TempDir()
				dir, to := filepath.Join(base, "db"), filepath.Join(base, "salvaged")
				db := openTest(t, dir, Options{})
				write(t, db, f, string(manyKey(n+1)), "deleted")
				many(t, db, f, n)
				del := NewBatch()
				del.Delete(f, manyKey(n+1))
				if err := errors.Join(db.Write(del, true), db.Flush()); err != nil {
					t.Fatal(err)
				}
				if err := db.Compact(f); err != nil { // one file
					t.Fatal(err)
				}
				hurtTable(t, dir, db, f, tc.places...)
				write(t, db, f, "another", "file")
				write(t, db, Config, "setting", "kept")
				if err := errors.Join(db.Flush(), db.Close()); err != nil {
					t.Fatal(err)
				}
				before := files(t, dir)
				damaged, err := Salvage(dir, to, Options{Keys: testKeys(t)})
				if err != nil || len(damaged) > 1 || len(damaged) == 1 && damaged[0] != f {
					t.Fatalf("Salvage: %v, %v", damaged, err)
				}
				taken := openTest(t, to, Options{MustExist: true})
				found := wantMost(t, taken, f, n)
				if n-found > tc.atMost || n-found == 0 {
					t.Errorf("%d of %d values are lost; want 1 to %d", n-found, n, tc.atMost)
				}
				wantValue(t, taken, f, "another", "file")
				wantValue(t, taken, Config, "setting", "kept")
				if _, err := taken.Get(f, manyKey(n+1)); !errors.Is(err, ErrNotFound) {
					t.Errorf("what was deleted: %v", err)
				}
				if c, err := taken.Check(t.Context(), func(bad *CorruptError) error { return bad }); err != nil || c.Corrupt > 0 {
					t.Errorf("Check of what was taken over: %+v, %v", c, err)
				}
				write(t, taken, f, string(manyKey(n+2)), "new") // it takes writes, and folds them together
				if err := errors.Join(taken.Flush(), taken.Compact()); err != nil {
					t.Error(err)
				}
				wantValue(t, taken, f, string(manyKey(n+2)), "new")
				for name, b := range files(t, dir) {
					if string(before[name]) != string(b) {
						t.Errorf("%s has changed", name)
					}
				}
				if left, err := filepath.Glob(to + "*"); err != nil || !slices.Equal(left, []string{to}) {
					t.Errorf("left behind: %v, %v", left, err)
				}
			})
		}
	}
}

func every(step float64) (places []float64) {
	for at := 0.0; at < 1; at += step {
		places = append(places, at)
	}
	return places
}

// TestSalvageNothing has nothing to take over: nothing is made.
func TestSalvageNothing(t *testing.T) {
	base := t.TempDir()
	to := filepath.Join(base, "salvaged")
	if _, err := Salvage(filepath.Join(base, "none"), to, Options{Keys: testKeys(t)}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Salvage of nothing: %v", err)
	}
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
