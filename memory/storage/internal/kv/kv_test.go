package kv

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/elderzan/elderzan/security"
)

func sealer(t testing.TB, class security.Class, fill byte, generations ...uint32) *security.Sealer {
	t.Helper()
	keys := map[uint32]security.Secret{}
	for _, g := range generations {
		keys[g] = security.NewSecret(bytes.Repeat([]byte{fill, byte(g)}, 16))
	}
	s, err := security.NewSealer(class, generations[len(generations)-1], keys)
	if err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	return s
}

func testKeys(t testing.TB, generations ...uint32) Keys {
	t.Helper()
	if len(generations) == 0 {
		generations = []uint32{1}
	}
	return Keys{Store: sealer(t, security.ClassStore, 's', generations...), Private: sealer(t, security.ClassPrivate, 'p', generations...)}
}

func openTest(t testing.TB, dir string, opts Options) *DB {
	t.Helper()
	if opts.Keys == (Keys{}) {
		opts.Keys = testKeys(t)
	}
	db, err := Open(dir, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil && opts.Fail == nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func write(t testing.TB, db *DB, f Family, key, value string) {
	t.Helper()
	b := db.NewBatch()
	b.Put(f, []byte(key), []byte(value))
	if err := db.Write(b, true); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func wantValue(t testing.TB, db *DB, f Family, key, want string) {
	t.Helper()
	got, err := db.Get(f, []byte(key))
	if err != nil || string(got) != want {
		t.Errorf("Get(%s, %s) = %q, %v; want %q", f, key, got, err, want)
	}
}

func TestValuesSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, Options{})
	for _, f := range Families() {
		write(t, db, f, "key", "value in "+string(f))
	}
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	db = openTest(t, dir, Options{MustExist: true})
	for _, f := range Families() {
		wantValue(t, db, f, "key", "value in "+string(f))
	}
	if _, err := db.Get(Cache, []byte("other")); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of no value: got %v, want ErrNotFound", err)
	}
}

// The database must behave like a map per family, through reopening, flushing and compacting. One database serves
// all runs, emptied between them, as opening one takes longer than a run.
func TestAgainstAMap(t *testing.T) {
	dir, keys := t.TempDir(), testKeys(t)
	db := openTest(t, dir, Options{Keys: keys})
	defer func() { _ = db.Close() }()
	// The byte 0xff has no successor, which the end of a prefix must do without.
	key := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte{'a', 'b', 0xff}), 1, 3), func(b []byte) string { return string(b) })
	family := rapid.SampledFrom(Families())
	rapid.Check(t, func(t *rapid.T) {
		model := map[Family]map[string]string{}
		empty := NewBatch()
		for _, f := range Families() {
			model[f] = map[string]string{}
			empty.DeletePrefix(f, nil)
		}
		if err := db.Write(empty, false); err != nil {
			t.Fatalf("Write: %v", err)
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				if err := db.Write(drawBatch(t, model, family, key), rapid.Bool().Draw(t, "sync")); err != nil {
					t.Fatalf("Write: %v", err)
				}
			},
			"reopen": func(t *rapid.T) {
				if rapid.IntRange(0, 19).Draw(t, "chance") != 7 {
					return
				}
				if err := db.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
				var err error
				if db, err = Open(dir, Options{Keys: keys}); err != nil {
					t.Fatalf("Open: %v", err)
				}
			},
			"move to disk": func(t *rapid.T) {
				if rapid.IntRange(0, 19).Draw(t, "chance") != 7 {
					return
				}
				if err := errors.Join(db.Flush(), db.Compact(family.Draw(t, "family"))); err != nil {
					t.Fatalf("Flush and Compact: %v", err)
				}
			},
			"": func(t *rapid.T) {
				prefix := key.Draw(t, "prefix")
				compare(t, db, model, family.Draw(t, "family"), prefix[:len(prefix)-1])
			},
		})
		for _, f := range Families() {
			compare(t, db, model, f, "")
		}
	})
}

// drawBatch draws changes and makes them in model too.
func drawBatch(t *rapid.T, model map[Family]map[string]string, family *rapid.Generator[Family], key *rapid.Generator[string]) *Batch {
	value := rapid.OneOf(rapid.String(), rapid.Map(rapid.IntRange(0, 500), func(n int) string { return strings.Repeat("long value ", n) }))
	b := NewBatch()
	for range rapid.IntRange(0, 6).Draw(t, "changes") {
		f, k := family.Draw(t, "family"), key.Draw(t, "key")
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			b.Delete(f, []byte(k))
			delete(model[f], k)
		case 1:
			prefix := k[:rapid.IntRange(0, len(k)).Draw(t, "length")]
			b.DeletePrefix(f, []byte(prefix))
			maps.DeleteFunc(model[f], func(k, _ string) bool { return strings.HasPrefix(k, prefix) })
		case 2:
			v := value.Draw(t, "value")
			b.PutPrivate(f, []byte(k), []byte(v))
			model[f][k] = v
		default:
			v := value.Draw(t, "value")
			b.Put(f, []byte(k), []byte(v))
			model[f][k] = v
		}
	}
	return b
}

func compare(t *rapid.T, db *DB, model map[Family]map[string]string, f Family, prefix string) {
	var want, got []string
	for k := range model[f] {
		if strings.HasPrefix(k, prefix) {
			want = append(want, k)
		}
	}
	slices.Sort(want)
	err := db.Scan(f, []byte(prefix), func(k, v []byte) error {
		if string(v) != model[f][string(k)] {
			t.Fatalf("Scan of %s: %q is %q, want %q", f, k, v, model[f][string(k)])
		}
		got = append(got, string(k))
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("Scan of %s for %q = %q, %v; want %q", f, prefix, got, err, want)
	}
	for _, k := range want {
		if got, err := db.Get(f, []byte(k)); err != nil || string(got) != model[f][k] {
			t.Fatalf("Get(%s, %q) = %q, %v; want %q", f, k, got, err, model[f][k])
		}
	}
}

func TestMultiGet(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	for i := range 100 {
		write(t, db, Vectors, fmt.Sprint("k", i), fmt.Sprint("v", i))
	}
	got, err := db.MultiGet(Vectors, [][]byte{[]byte("k7"), []byte("none"), []byte("k99")})
	if err != nil || len(got) != 3 || string(got[0]) != "v7" || got[1] != nil || string(got[2]) != "v99" {
		t.Errorf("MultiGet = %q, %v", got, err)
	}
	if got, err := db.MultiGet(Vectors, nil); err != nil || got != nil {
		t.Errorf("MultiGet of nothing = %q, %v", got, err)
	}
	damage(t, db, Vectors, "k7", func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
	got, err = db.MultiGet(Vectors, [][]byte{[]byte("k7"), []byte("k99")})
	var bad *CorruptError
	if !errors.As(err, &bad) || string(bad.Key) != "k7" || got[0] != nil || string(got[1]) != "v99" {
		t.Errorf("MultiGet beside a damaged value = %q, %v", got, err)
	}
}

func TestHas(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	write(t, db, Config, "flag", "")
	for key, want := range map[string]bool{"flag": true, "other": false} {
		if got, err := db.Has(Config, []byte(key)); err != nil || got != want {
			t.Errorf("Has(%s) = %t, %v; want %t", key, got, err, want)
		}
	}
	wantValue(t, db, Config, "flag", "")
}

func TestScan(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	for _, k := range []string{"a", "b1", "b2", "b3", "c"} {
		write(t, db, Workspace, k, "v"+k)
	}
	errMine := errors.New("mine")
	for name, tc := range map[string]struct {
		after, stopAt string
		stop          error
		want          string
		wantErr       error
	}{
		"all of a prefix": {"", "", nil, "b1 b2 b3", nil},
		"a page":          {"b1", "", nil, "b2 b3", nil},
		"past the last":   {"b3", "", nil, "", nil},
		"before a prefix": {"a", "", nil, "b1 b2 b3", nil},
		"beyond a prefix": {"c", "", nil, "", nil},
		"stopped":         {"", "b2", ErrStop, "b1 b2", nil},
		"failed":          {"", "b2", errMine, "b1 b2", errMine},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			err := db.ScanAfter(Workspace, []byte("b"), []byte(tc.after), func(k, v []byte) error {
				if string(v) != "v"+string(k) {
					t.Errorf("value of %s is %s", k, v)
				}
				got = append(got, string(k))
				if string(k) == tc.stopAt {
					return tc.stop
				}
				return nil
			})
			if strings.Join(got, " ") != tc.want || !errors.Is(err, tc.wantErr) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tc.want, tc.wantErr)
			}
		})
	}
	n := 0
	if err := db.ScanKeys(Workspace, nil, func([]byte) error { n++; return nil }); err != nil || n != 5 {
		t.Errorf("ScanKeys saw %d keys, %v; want 5", n, err)
	}
}

// A scan's function may use the database, even while it is being closed.
func TestScanMayCallBack(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	for i := range 10 {
		write(t, db, Cache, fmt.Sprint(i), "v")
	}
	closing := make(chan error)
	err := db.Scan(Cache, nil, func(k, _ []byte) error {
		if string(k) == "0" {
			go func() { closing <- db.Close() }()
		}
		b := db.NewBatch()
		b.Delete(Cache, k)
		if err := db.Write(b, false); err != nil {
			return err
		}
		_, err := db.Get(Cache, []byte("9"))
		if errors.Is(err, ErrNotFound) { // the last key has just been deleted: Close came late
			err = nil
		}
		return err
	})
	if closeErr := <-closing; closeErr != nil {
		t.Errorf("Close: %v", closeErr)
	}
	if err != nil && !errors.Is(err, ErrClosed) {
		t.Errorf("Scan: %v", err)
	}
}

func TestWriteIsAllOrNothing(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	for name, bad := range map[string]func(*Batch){
		"a key too long":   func(b *Batch) { b.Put(Cache, make([]byte, MaxKey+1), nil) },
		"an empty key":     func(b *Batch) { b.Put(Cache, nil, nil) },
		"a value too long": func(b *Batch) { b.Put(Cache, []byte("k"), make([]byte, MaxValue+1)) },
	} {
		b := db.NewBatch()
		b.Put(Cache, []byte("good"), []byte("v"))
		bad(b)
		if err := db.Write(b, true); !errors.Is(err, ErrSize) {
			t.Errorf("%s: got %v, want ErrSize", name, err)
		}
	}
	if _, err := db.Get(Cache, []byte("good")); !errors.Is(err, ErrNotFound) {
		t.Errorf("a refused batch left its first change: %v", err)
	}
	b := db.NewBatch()
	if err := db.Write(b, true); err != nil {
		t.Errorf("Write of nothing: %v", err)
	}
	b.Put(Cache, []byte("k"), []byte("abc"))
	if b.Len() != 1 || b.Bytes() != 4 {
		t.Errorf("batch has Len %d and Bytes %d, want 1 and 4", b.Len(), b.Bytes())
	}
	if b.Reset(); b.Len() != 0 || b.Bytes() != 0 {
		t.Errorf("after Reset: Len %d, Bytes %d", b.Len(), b.Bytes())
	}
}

type draft struct {
	Title string
	Tags  []string
	N     int64
}

func TestStructuredValues(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	want := draft{"plan", []string{"a", "b"}, -5}
	b := db.NewBatch()
	if err := errors.Join(PutValue(b, Workspace, []byte("k"), want), PutPrivateValue(b, Workspace, []byte("p"), want)); err != nil {
		t.Fatalf("PutValue: %v", err)
	}
	if err := db.Write(b, false); err != nil {
		t.Fatalf("Write: %v", err)
	}
	for key, class := range map[string]security.Class{"k": security.ClassStore, "p": security.ClassPrivate} {
		got, err := GetValue[draft](db, Workspace, []byte(key))
		if err != nil || got.Title != want.Title || !slices.Equal(got.Tags, want.Tags) || got.N != want.N {
			t.Errorf("GetValue = %+v, %v; want %+v", got, err, want)
		}
		if _, c, err := db.GetClass(Workspace, []byte(key)); err != nil || c != class {
			t.Errorf("class of %s is %s, %v; want %s", key, c, err, class)
		}
	}
	if _, err := GetValue[draft](db, Workspace, []byte("none")); !errors.Is(err, ErrNotFound) {
		t.Errorf("GetValue of no value: got %v", err)
	}
	write(t, db, Workspace, "text", "no MessagePack")
	if _, err := GetValue[draft](db, Workspace, []byte("text")); !errors.Is(err, ErrCorrupt) {
		t.Errorf("GetValue of another form: got %v, want ErrCorrupt", err)
	}
	for _, put := range []func() error{
		func() error { return PutValue(b, Workspace, []byte("k"), make(chan int)) },
		func() error { return PutPrivateValue(b, Workspace, []byte("k"), make(chan int)) },
	} {
		if err := put(); err == nil {
			t.Error("PutValue of a channel gave no error")
		}
	}
}

func TestPutClass(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	b := db.NewBatch()
	b.PutClass(Archive, []byte("k"), []byte("v"), security.ClassPrivate)
	if err := db.Write(b, false); err != nil {
		t.Fatalf("Write: %v", err)
	}
	if v, c, err := db.GetClass(Archive, []byte("k")); err != nil || string(v) != "v" || c != security.ClassPrivate {
		t.Errorf("GetClass = %q, %s, %v", v, c, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprintf("%d/%d", g, i)
				b := db.NewBatch()
				b.Put(SessionState, []byte(key), []byte(key))
				if err := db.Write(b, i%10 == 0); err != nil {
					t.Errorf("Write: %v", err)
				}
				wantValue(t, db, SessionState, key, key)
			}
		})
	}
	wg.Wait()
	n := 0
	if err := db.ScanKeys(SessionState, nil, func([]byte) error { n++; return nil }); err != nil || n != 200 {
		t.Errorf("%d keys, %v; want 200", n, err)
	}
}

func TestCheckpointAndMetrics(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, filepath.Join(dir, "db"), Options{})
	write(t, db, Archive, "k", "before")
	copied := filepath.Join(dir, "copy")
	if err := db.Checkpoint(copied); err != nil {
		t.Fatalf("Checkpoint: %v", err)
	}
	write(t, db, Archive, "k", "after")
	if err := db.Checkpoint(copied); !errors.Is(err, os.ErrExist) {
		t.Errorf("Checkpoint over a folder: got %v, want os.ErrExist", err)
	}
	if err := db.Checkpoint(filepath.Join(dir, "no", "parent")); err == nil {
		t.Error("Checkpoint into no folder gave no error")
	}
	wantValue(t, openTest(t, copied, Options{MustExist: true}), Archive, "k", "before")
	wantValue(t, db, Archive, "k", "after")

	if err := errors.Join(db.Flush(), db.Compact(), db.Sync()); err != nil {
		t.Fatalf("maintenance: %v", err)
	}
	m, err := db.Metrics()
	if err != nil || m.Sequence < 2 || m.Families[Archive].Keys != 1 || m.Families[Archive].TableBytes == 0 || m.MemtableBytes == 0 || len(m.Families) != len(Families()) {
		t.Errorf("Metrics = %+v, %v", m, err)
	}
}

func TestClosed(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	b := NewBatch()
	b.Delete(Cache, []byte("k"))
	for name, err := range calls(t, db, b) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: got %v, want ErrClosed", name, err)
		}
	}
	if _, err := db.Metrics(); !errors.Is(err, ErrClosed) {
		t.Errorf("Metrics after Close: got %v, want ErrClosed", err)
	}
}

// calls makes one call of every kind that touches the disk.
func calls(t *testing.T, db *DB, b *Batch) map[string]error {
	t.Helper()
	_, getErr := db.Get(Cache, []byte("k"))
	_, hasErr := db.Has(Cache, []byte("k"))
	_, multiErr := db.MultiGet(Cache, [][]byte{[]byte("k")})
	return map[string]error{
		"Get": getErr, "Has": hasErr, "MultiGet": multiErr, "Write": db.Write(b, false), "synced Write": db.Write(b, true),
		"Scan": db.Scan(Cache, nil, func(_, _ []byte) error { return nil }), "Sync": db.Sync(), "Flush": db.Flush(), "Compact": db.Compact(), "Checkpoint": db.Checkpoint(filepath.Join(t.TempDir(), "copy")),
	}
}

func TestUnknownFamilyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an unknown family did not panic")
		}
	}()
	Family("typo").index()
}
