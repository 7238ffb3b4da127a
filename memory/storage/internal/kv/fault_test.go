package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/security"
)

// stored returns the bytes that RocksDB holds for a value.
func stored(t testing.TB, db *DB, f Family, key string) []byte {
	t.Helper()
	raw, err := db.db.GetCF(db.read, db.handle(f), []byte(key))
	if err != nil || !raw.Exists() {
		t.Fatalf("read raw value of %s: %v", key, err)
	}
	defer raw.Free()
	return bytes.Clone(raw.Data())
}

// damage changes the stored bytes of a value behind the package's back.
func damage(t testing.TB, db *DB, f Family, key string, change func([]byte) []byte) {
	t.Helper()
	if err := db.db.PutCF(db.lazy, db.handle(f), []byte(key), change(stored(t, db, f, key))); err != nil {
		t.Fatalf("write raw value: %v", err)
	}
}

func TestDamagedValuesAreFound(t *testing.T) {
	const text = "a text that is long enough to be packed, packed, packed, packed, packed, packed, packed, packed"
	flips := map[string]func([]byte) []byte{
		"emptied":       func([]byte) []byte { return nil },
		"header alone":  func(b []byte) []byte { return b[:8] },
		"cut":           func(b []byte) []byte { return b[:len(b)-1] },
		"longer":        func(b []byte) []byte { return append(b, 0) },
		"other class":   func(b []byte) []byte { b[3] = byte(security.ClassPrivate); return b },
		"unknown class": func(b []byte) []byte { b[3] = 77; return b },
		"generation":    func(b []byte) []byte { b[7] = 9; return b },
	}
	for i := range 64 {
		flips[fmt.Sprintf("bit %d", i*8+i%8)] = func(b []byte) []byte { b[i%len(b)] ^= 1 << (i % 8); return b }
	}
	db := openTest(t, t.TempDir(), Options{})
	for name, flip := range flips {
		t.Run(name, func(t *testing.T) {
			write(t, db, Cache, "k", text)
			damage(t, db, Cache, "k", flip)
			got, err := db.Get(Cache, []byte("k"))
			var bad *CorruptError
			if got != nil || !errors.As(err, &bad) || !errors.Is(err, ErrCorrupt) || bad.Family != Cache || string(bad.Key) != "k" {
				t.Errorf("Get = %q, %v; want a CorruptError", got, err)
			}
			if strings.Contains(fmt.Sprint(err), "packed") {
				t.Errorf("the error shows the value: %v", err)
			}
			if err := db.Scan(Cache, nil, func(_, v []byte) error { return fmt.Errorf("opened %q", v) }); !errors.As(err, &bad) {
				t.Errorf("Scan: got %v, want a CorruptError", err)
			}
			if err := db.ScanAfter(Cache, nil, []byte{1}, func(_, v []byte) error { return fmt.Errorf("opened %q", v) }); !errors.As(err, &bad) {
				t.Errorf("ScanAfter: got %v, want a CorruptError", err)
			}
		})
	}
}

func TestMovedValuesAreFound(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	write(t, db, Cache, "a", "value of a")
	write(t, db, Cache, "b", "value of b")
	write(t, db, Config, "a", "setting a")
	raw := stored(t, db, Cache, "a")
	for name, to := range map[string]struct {
		f   Family
		key string
	}{"another key": {Cache, "b"}, "another family": {Config, "a"}} {
		damage(t, db, to.f, to.key, func([]byte) []byte { return raw })
		if got, err := db.Get(to.f, []byte(to.key)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: Get = %q, %v; want ErrCorrupt", name, got, err)
		}
	}
}

func TestCheckReportsEveryDamagedValue(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, Options{Keys: testKeys(t, 1)})
	for _, f := range []Family{Cache, Vectors} {
		for _, k := range []string{"a", "b", "c"} {
			write(t, db, f, k, "value")
		}
		damage(t, db, f, "b", func(b []byte) []byte { b[40] ^= 1; return b })
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, dir, Options{Keys: testKeys(t, 1, 2)})
	write(t, db, Cache, "d", "sealed under the second generation")
	var bad []string
	got, err := db.Check(t.Context(), func(c *CorruptError) error {
		bad = append(bad, fmt.Sprintf("%s/%s", c.Family, c.Key))
		return nil
	})
	if want := (Checked{Values: 7, Corrupt: 2, Older: 6}); err != nil || got != want || strings.Join(bad, " ") != "vectors/b cache/b" {
		t.Errorf("Check = %+v, %v, %q; want %+v", got, err, bad, want)
	}
	errMine := errors.New("mine")
	if _, err := db.Check(t.Context(), func(*CorruptError) error { return errMine }); !errors.Is(err, errMine) {
		t.Errorf("Check with a failing report: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Check(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Check past its context: got %v", err)
	}
}

func TestWrongKeyIsCorruption(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, Options{})
	write(t, db, Cache, "k", "v")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	other := Keys{Store: sealer(t, security.ClassStore, 'x', 1), Private: sealer(t, security.ClassPrivate, 'y', 1)}
	db = openTest(t, dir, Options{Keys: other})
	if _, err := db.Get(Cache, []byte("k")); !errors.Is(err, security.ErrAuth) || !errors.Is(err, ErrCorrupt) {
		t.Errorf("Get under another key: got %v", err)
	}
}

// files returns the contents of every file below dir by name.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNoValueInAnyFile(t *testing.T) {
	const hush = "the staging password is hunter2"
	dir := t.TempDir()
	db := openTest(t, dir, Options{})
	for _, f := range Families() {
		write(t, db, f, "some-key", strings.Repeat(hush, 20))
		write(t, db, f, "other-key", hush)
	}
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, f := range Families() {
		write(t, db, f, "some-key", hush)
	}
	if err := errors.Join(db.Compact(), db.Close()); err != nil {
		t.Fatal(err)
	}
	for name, b := range files(t, dir) {
		if bytes.Contains(b, []byte("hunter2")) || bytes.Contains(b, []byte("password")) {
			t.Errorf("%s holds a value in the clear", filepath.Base(name))
		}
		if strings.HasPrefix(filepath.Base(name), "LOG") && bytes.Contains(b, []byte("some-key")) {
			t.Errorf("%s names a key", filepath.Base(name))
		}
	}
}

// Every byte of the table files is covered by a checksum of RocksDB's or a seal of ours: a flipped bit either is
// reported or changes nothing that is read.
func TestFlippedBitsInFilesGiveNoWrongValue(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := openTest(t, dir, Options{})
	for i := range 20 {
		write(t, db, Cache, fmt.Sprintf("key-%02d", i), fmt.Sprintf("value %02d", i))
	}
	if err := errors.Join(db.Flush(), db.Close()); err != nil {
		t.Fatal(err)
	}
	whole := files(t, dir)
	reported := 0
	for name, b := range whole {
		if filepath.Ext(name) != ".sst" {
			continue
		}
		for at := 0; at < len(b); at += 97 {
			bad := bytes.Clone(b)
			bad[at] ^= 0x10
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if readsWrong(t, dir) {
				reported++
			}
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if reported == 0 {
		t.Error("no flipped bit was reported")
	}
}

// readsWrong reads everything and says whether damage was reported; a wrong value fails the test.
func readsWrong(t *testing.T, dir string) bool {
	t.Helper()
	db, err := Open(dir, Options{Keys: testKeys(t), MustExist: true})
	if err != nil {
		return true
	}
	defer db.Close()
	reported := false
	for i := range 20 {
		got, err := db.Get(Cache, fmt.Appendf(nil, "key-%02d", i))
		if err != nil {
			reported = true
		} else if string(got) != fmt.Sprintf("value %02d", i) {
			t.Errorf("key %d reads as %q", i, got)
		}
	}
	return reported
}

// A flipped bit in the write-ahead log is an error, or the values before it are there and TailLost says that the ones
// after it are not.
func TestFlippedBitsInTheLogAreFound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := openTest(t, dir, Options{})
	for i := range 20 {
		write(t, db, Cache, fmt.Sprintf("key-%02d", i), fmt.Sprintf("value %02d", i))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole := files(t, dir)
	for name, b := range whole {
		if filepath.Ext(name) != ".log" {
			continue
		}
		for at := 0; at < len(b); at += 23 {
			restore(t, dir, whole)
			bad := bytes.Clone(b)
			bad[at] ^= 0x10
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			wantPrefix(t, dir, at)
		}
		restore(t, dir, whole)
		if err := os.WriteFile(name, b[:len(b)-5], 0o600); err != nil {
			t.Fatal(err)
		}
		if !wantPrefix(t, dir, len(b)-5) {
			t.Error("a torn log cannot be opened")
		}
	}
	restore(t, dir, whole)
	if db := openTest(t, dir, Options{}); db.TailLost() {
		t.Error("TailLost of a whole log")
	}
}

func restore(t *testing.T, dir string, whole map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range whole {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// wantPrefix opens a database whose log was damaged at an offset and says whether it opens.
func wantPrefix(t *testing.T, dir string, at int) bool {
	t.Helper()
	db, err := Open(dir, Options{Keys: testKeys(t), MustExist: true})
	if err != nil {
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d flipped: got %v, want ErrCorrupt", at, err)
		}
		return false
	}
	defer db.Close()
	there := 0
	for i := range 20 {
		got, err := db.Get(Cache, fmt.Appendf(nil, "key-%02d", i))
		switch {
		case err == nil && string(got) == fmt.Sprintf("value %02d", i) && there == i:
			there++
		case !errors.Is(err, ErrNotFound):
			t.Errorf("byte %d flipped: key %d reads as %q, %v", at, i, got, err)
		}
	}
	if (there < 20) != db.TailLost() {
		t.Errorf("byte %d flipped: %d values are there and TailLost is %t", at, there, db.TailLost())
	}
	return true
}

func TestUnknownFamilyIsANewerBuild(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, Options{})
	h, err := db.db.CreateColumnFamily(db.native.db, "of_the_future")
	if err != nil {
		t.Fatal(err)
	}
	h.Destroy()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{Keys: testKeys(t)}); !errors.Is(err, ErrNewer) {
		t.Errorf("Open: got %v, want ErrNewer", err)
	}
}

func TestDamagedFilesAreCorrupt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := openTest(t, dir, Options{})
	write(t, db, Cache, "k", "v")
	if err := errors.Join(db.Flush(), db.Close()); err != nil {
		t.Fatal(err)
	}
	for name, b := range files(t, dir) {
		if strings.HasPrefix(filepath.Base(name), "MANIFEST") {
			b[len(b)/2] ^= 1
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Open(dir, Options{Keys: testKeys(t)}); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "MANIFEST") {
		t.Errorf("Open with a damaged manifest: got %v, want ErrCorrupt and the file", err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none"), Options{Keys: testKeys(t), MustExist: true}); !errors.Is(err, ErrMissing) {
		t.Errorf("Open of nothing: got %v, want ErrMissing", err)
	}
	keys := testKeys(t)
	for name, opts := range map[string]Options{
		"no keys":          {},
		"keys exchanged":   {Keys: Keys{Store: keys.Private, Private: keys.Store}},
		"negative buffer":  {Keys: keys, WriteBufferBytes: -1},
		"negative cache":   {Keys: keys, BlockCacheBytes: -1},
		"negative handles": {Keys: keys, MaxOpenFiles: -1},
	} {
		if _, err := Open(filepath.Join(dir, "new"), opts); err == nil {
			t.Errorf("%s: Open gave no error", name)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(dir, "file"), Options{Keys: keys}); err == nil {
		t.Error("Open of a plain file gave no error")
	}
}

const childEnv = "ELDERZAN_KV_TEST_CHILD"

// child runs this test binary again as TestChild, in dir.
func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+role+":"+dir)
	return cmd
}

// TestChild is what other tests run in a process of its own.
func TestChild(t *testing.T) {
	role, dir, ok := strings.Cut(os.Getenv(childEnv), ":")
	if !ok {
		return
	}
	db, err := Open(dir, Options{Keys: testKeys(t)})
	if role == "locked" {
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "--data") {
			t.Fatalf("Open of a database in use: got %v, want ErrLocked and what to do", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		b := NewBatch()
		b.Put(Intents, fmt.Appendf(nil, "%06d", i), []byte("intent"))
		b.Put(Vectors, fmt.Appendf(nil, "%06d", i), []byte("vector"))
		if err := db.Write(b, true); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("wrote %06d\n", i)
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir, Options{})
	if _, err := Open(dir, Options{Keys: testKeys(t)}); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open in this process: got %v, want ErrLocked", err)
	}
	out, err := child(t, "locked", dir).CombinedOutput()
	if err != nil {
		t.Errorf("second process: %v\n%s", err, out)
	}
}

// What a killed process was told to be written is there, and no batch is there in part.
func TestKilledWriterLosesNothing(t *testing.T) {
	dir := t.TempDir()
	cmd := child(t, "write", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := readUntil(t, out, "wrote 000100\n")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest := readUntil(t, out, "")
	_ = cmd.Wait()
	wrote := strings.Count(told+rest, "wrote ")

	db := openTest(t, dir, Options{MustExist: true})
	counts := map[Family]int{}
	for _, f := range []Family{Intents, Vectors} {
		if err := db.Scan(f, nil, func(_, _ []byte) error { counts[f]++; return nil }); err != nil {
			t.Fatalf("Scan of %s: %v", f, err)
		}
	}
	if db.TailLost() {
		t.Error("TailLost after a kill, which tears no log")
	}
	if counts[Intents] != counts[Vectors] || counts[Intents] < wrote {
		t.Errorf("%d intents and %d vectors are there, %d were acknowledged", counts[Intents], counts[Vectors], wrote)
	}
}

// readUntil reads to the end of r, or until what was read ends in stop.
func readUntil(t *testing.T, r interface{ Read([]byte) (int, error) }, stop string) string {
	t.Helper()
	var got []byte
	one := make([]byte, 1)
	for stop == "" || !bytes.HasSuffix(got, []byte(stop)) {
		if n, err := r.Read(one); err != nil || n == 0 {
			if stop != "" {
				t.Fatalf("the child ended early: %s", got)
			}
			break
		}
		got = append(got, one[0])
	}
	return string(got)
}

// Each operation reports what Options.Fail injects, and the database is usable after it.
func TestInjectedFailures(t *testing.T) {
	errDisk := errors.New("disk on fire")
	var failing string
	seen := map[string]bool{}
	fail := func(op string) error {
		seen[op] = true
		if op == failing {
			return errDisk
		}
		return nil
	}
	dir := t.TempDir()
	failing = OpOpen
	if _, err := Open(dir, Options{Keys: testKeys(t), Fail: fail}); !errors.Is(err, errDisk) {
		t.Errorf("Open: got %v", err)
	}
	failing = ""
	db := openTest(t, dir, Options{Fail: fail})
	write(t, db, Cache, "k", "v")
	for _, failing = range []string{OpGet, OpScan, OpWrite, OpSync, OpFlush, OpCompact, OpCheckpoint} {
		b := NewBatch()
		b.Put(Cache, []byte("new"), []byte("v"))
		n := 0
		for _, err := range calls(t, db, b) {
			if errors.Is(err, errDisk) {
				n++
			}
		}
		if n == 0 {
			t.Errorf("no call reported the failure of %s", failing)
		}
	}
	failing = ""
	wantValue(t, db, Cache, "k", "v")
	failing = OpClose
	if err := db.Close(); !errors.Is(err, errDisk) {
		t.Errorf("Close: got %v", err)
	}
	for _, op := range Ops() {
		if !seen[op] {
			t.Errorf("Fail was never asked about %s", op)
		}
	}
	failing = ""
	wantValue(t, openTest(t, dir, Options{}), Cache, "k", "v") // Close let the database go all the same
}

func TestTranslate(t *testing.T) {
	for msg, want := range map[string]error{
		"Corruption: block checksum mismatch":                                             ErrCorrupt,
		"failed to get 1 keys, first error: getting \"k\" failed: Corruption: block":      ErrCorrupt,
		"IO error: While lock file: /x/LOCK: Resource temporarily unavailable":            ErrLocked,
		"IO error: lock hold by current process, acquire time 1 acquiring thread 2: LOCK": ErrLocked,
		"Invalid argument: /x: does not exist (create_if_missing is false)":               ErrMissing,
	} {
		if err := translate("op", errors.New(msg)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", msg, err, want)
		}
	}
	plain := errors.New("IO error: No space left on device")
	if err := translate("op", plain); !errors.Is(err, plain) || errors.Is(err, ErrCorrupt) || errors.Is(err, ErrLocked) {
		t.Errorf("a full disk became %v", err)
	}
}
