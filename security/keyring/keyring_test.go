package keyring

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/security"
)

func open(t testing.TB, opts Options) *Keyring {
	t.Helper()
	k, err := Open(context.Background(), opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func create(t testing.TB) (string, *Keyring) {
	t.Helper()
	dir := t.TempDir()
	return dir, open(t, Options{Dir: dir, Create: true})
}

func key(t testing.TB, k *Keyring, p Purpose) security.Secret {
	t.Helper()
	s, err := k.Key(p)
	if err != nil {
		t.Fatalf("Key(%s): %v", p, err)
	}
	return s
}

func edit(t testing.TB, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeysAreTheSameAfterReopening(t *testing.T) {
	dir, k := create(t)
	again := open(t, Options{Dir: dir})
	for _, p := range Purposes() {
		if a, b := key(t, k, p), key(t, again, p); !a.Equal(b) || a.Len() != 32 {
			t.Errorf("key for %s differs after reopening, or has %d bytes", p, a.Len())
		}
	}
	if k.ID() != again.ID() || k.ID().IsZero() || k.Generation() != 1 {
		t.Errorf("ID %s then %s, generation %d", k.ID(), again.ID(), k.Generation())
	}
	for _, name := range []string{KeyFileName, CheckFileName} {
		if fi, err := os.Stat(filepath.Join(dir, name)); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v; want 0600", name, fi.Mode(), err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("the folder holds %v, %v; want the two files", left, err)
	}
}

func TestNoKeyServesTwoPurposes(t *testing.T) {
	_, k := create(t)
	seen := map[string]Purpose{}
	for _, p := range append(Purposes(), purposeCheck, purposeWrap) {
		raw := string(key(t, k, p).Bytes())
		if other, ok := seen[raw]; ok {
			t.Errorf("%s and %s have the same key", p, other)
		}
		seen[raw] = p
	}
	if seen[string(k.masters[1].Bytes())] != "" {
		t.Error("a purpose has the master key")
	}
	_, other := create(t)
	if key(t, k, KV).Equal(key(t, other, KV)) {
		t.Error("two folders have the same key")
	}
}

// The derivation is part of the on-disk format: should these change, no build reads older data.
func TestDerivationIsFrozen(t *testing.T) {
	dir := t.TempDir()
	master := security.NewSecret(bytes.Repeat([]byte{7}, MasterKeySize))
	if err := NewFileSource(dir).Create(t.Context(), master); err != nil {
		t.Fatal(err)
	}
	k := open(t, Options{Dir: dir, Create: true})
	var got []string
	for _, p := range Purposes() {
		got = append(got, fmt.Sprintf("%s %s", p, hex.EncodeToString(key(t, k, p).Bytes())))
	}
	got = append(got, "check "+hex.EncodeToString(checkValue(1, master)), "id "+k.ID().String())
	golden := filepath.Join("testdata", "derivation.txt")
	text := strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || text != string(want) {
		t.Errorf("derived:\n%swant (%v):\n%s", text, err, want)
	}
}

// A folder written by the first release of the format stays readable.
func TestFirstFormatOpens(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{KeyFileName, CheckFileName} {
		golden := filepath.Join("testdata", "v1", name)
		if *update {
			writeFirstFormat(t)
		}
		b, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := open(t, Options{Dir: dir})
	if got := k.Generations(); !slices.Equal(got, []uint32{1, 2}) || k.Generation() != 2 {
		t.Errorf("generations %v, current %d; want 1 and 2", got, k.Generation())
	}
	if old, err := k.KeyAt(KV, 1); err != nil || old.Len() != 32 {
		t.Errorf("KeyAt generation 1: %v", err)
	}
}

func writeFirstFormat(t *testing.T) {
	t.Helper()
	dir, k := create(t)
	if err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{KeyFileName, CheckFileName} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata", "v1", name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil  func(t *testing.T, dir string)
		create bool
		want   error
		hint   string
	}{
		"nothing there": {func(t *testing.T, dir string) {
			remove(t, dir, KeyFileName)
			remove(t, dir, CheckFileName)
		}, false, ErrMissing, "restore it from a backup"},
		"key lost": {func(t *testing.T, dir string) { remove(t, dir, KeyFileName) }, false, ErrMissing, "restore it from a backup"},
		"key lost, asked to create": {func(t *testing.T, dir string) { remove(t, dir, KeyFileName) }, true, ErrMissing,
			"restore it from a backup"},
		"table lost": {func(t *testing.T, dir string) { remove(t, dir, CheckFileName) }, false, ErrMissing, "doctor --repair"},
		"another folder's key": {func(t *testing.T, dir string) {
			other, _ := create(t)
			copyFile(t, filepath.Join(other, KeyFileName), filepath.Join(dir, KeyFileName))
		}, false, ErrWrongKey, "put back the master key"},
		"another folder's key, asked to create": {func(t *testing.T, dir string) {
			other, _ := create(t)
			copyFile(t, filepath.Join(other, KeyFileName), filepath.Join(dir, KeyFileName))
		}, true, ErrWrongKey, "put back the master key"},
		"key cut": {func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, KeyFileName), func(b []byte) []byte { return b[:40] })
		}, false, ErrCorrupt, "restore it from a backup"},
		"key empty": {func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, KeyFileName), func([]byte) []byte { return nil })
		}, true, ErrCorrupt, "restore it from a backup"},
		"table empty": {func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, CheckFileName), func([]byte) []byte { return nil })
		}, true, ErrCorrupt, "restore it from a backup"},
		"key readable by the group": {func(t *testing.T, dir string) { chmod(t, filepath.Join(dir, KeyFileName), 0o640) }, false, ErrPermissions,
			"run: chmod 600 "},
		"key readable by all": {func(t *testing.T, dir string) { chmod(t, filepath.Join(dir, KeyFileName), 0o604) }, false, ErrPermissions,
			"run: chmod 600 "},
		"key is a folder": {func(t *testing.T, dir string) {
			remove(t, dir, KeyFileName)
			if err := os.Mkdir(filepath.Join(dir, KeyFileName), 0o700); err != nil {
				t.Fatal(err)
			}
		}, false, ErrCorrupt, "restore it from a backup"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := create(t)
			tc.spoil(t, dir)
			k, err := Open(t.Context(), Options{Dir: dir, Create: tc.create})
			if !errors.Is(err, tc.want) || k != nil || !strings.Contains(fmt.Sprint(err), tc.hint) || !strings.Contains(fmt.Sprint(err), dir) {
				t.Errorf("got %v; want %v with the path and %q", err, tc.want, tc.hint)
			}
		})
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whatever bit of either file flips, no key is made up and no other folder's is accepted.
func TestFlippedBitsInTheFiles(t *testing.T) {
	dir, k := create(t)
	if err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := key(t, k, KV)
	for _, name := range []string{KeyFileName, CheckFileName} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(whole)*8; i += 7 {
			edit(t, path, func([]byte) []byte {
				b := bytes.Clone(whole)
				b[i/8] ^= 1 << (i % 8)
				return b
			})
			k, err := Open(t.Context(), Options{Dir: dir, Create: true})
			if err == nil {
				// Whitespace of the table is all that may change unseen.
				if got := key(t, k, KV); name == KeyFileName || !got.Equal(want) {
					t.Errorf("%s with bit %d flipped opened", name, i)
				}
			} else if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s with bit %d flipped: got %v, want ErrCorrupt", name, i, err)
			}
		}
		edit(t, path, func([]byte) []byte { return whole })
	}
}

func TestCreationIsFinishedAfterACrash(t *testing.T) {
	dir := t.TempDir()
	master := security.RandomSecret(MasterKeySize)
	if err := NewFileSource(dir).Create(t.Context(), master); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrMissing) {
		t.Errorf("without Create: got %v, want ErrMissing", err)
	}
	k := open(t, Options{Dir: dir, Create: true})
	if k.ID() != security.KeyIDOf(master) {
		t.Error("another key was made beside the one that was there")
	}
	open(t, Options{Dir: dir})
}

func TestRebuild(t *testing.T) {
	dir, k := create(t)
	if err := Rebuild(t.Context(), Options{Dir: dir}, 1); !errors.Is(err, os.ErrExist) {
		t.Errorf("Rebuild over the table: got %v, want os.ErrExist", err)
	}
	remove(t, dir, CheckFileName)
	if err := Rebuild(t.Context(), Options{Dir: dir}, 1); err != nil {
		t.Fatalf("Rebuild: %v", err)
	}
	if got := open(t, Options{Dir: dir}); got.ID() != k.ID() {
		t.Error("Rebuild changed the key")
	}
	remove(t, dir, KeyFileName)
	if err := Rebuild(t.Context(), Options{Dir: dir}, 1); !errors.Is(err, ErrMissing) {
		t.Errorf("Rebuild without a key: got %v, want ErrMissing", err)
	}
}

func TestSealersOfPurposes(t *testing.T) {
	_, k := create(t)
	for _, p := range Purposes() {
		s, err := k.Sealer(p)
		if err != nil {
			t.Fatalf("Sealer(%s): %v", p, err)
		}
		want := security.ClassStore
		if p == Private {
			want = security.ClassPrivate
		}
		if s.Class() != want || s.Generation() != 1 {
			t.Errorf("sealer of %s has class %s and generation %d", p, s.Class(), s.Generation())
		}
	}
}

func TestClose(t *testing.T) {
	_, k := create(t)
	s, err := k.Sealer(KV)
	if err != nil {
		t.Fatal(err)
	}
	raw := k.masters[1].Bytes()
	for range 2 {
		if err := k.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	if !bytes.Equal(raw, make([]byte, MasterKeySize)) {
		t.Error("the master key is still in memory")
	}
	_, keyErr := k.Key(KV)
	_, sealerErr := k.Sealer(KV)
	for name, err := range map[string]error{"Key": keyErr, "Sealer": sealerErr, "Rotate": k.Rotate(t.Context()), "Retire": k.Retire(t.Context())} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: got %v, want ErrClosed", name, err)
		}
	}
	if !k.ID().IsZero() || len(k.Generations()) != 0 {
		t.Error("a closed keyring names a key")
	}
	if _, err := s.Seal(nil, []byte("x"), nil); err != nil {
		t.Errorf("a sealer handed out before Close: %v", err)
	}
}

func TestErrorsShowNoKey(t *testing.T) {
	dir, k := create(t)
	hexKey := hex.EncodeToString(k.masters[1].Bytes())
	edit(t, filepath.Join(dir, KeyFileName), func(b []byte) []byte { b[0] ^= 1; return b })
	_, err := Open(t.Context(), Options{Dir: dir})
	if out := fmt.Sprintf("%v %+v %#v", err, k, k.masters); strings.Contains(out, hexKey) || strings.Contains(out, hexKey[:12]) {
		t.Errorf("the key is shown: %s", out)
	}
}

// short is a source that hands out a key of another length.
type short struct{ *FileSource }

func (short) Load(context.Context) (security.Secret, error) { return security.RandomSecret(16), nil }

func TestKeyOfAnotherLength(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(t.Context(), Options{Dir: dir, Source: short{NewFileSource(dir)}, Create: true}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// Newest and Source tell of a folder's keys what needs no key.
func TestWhatNeedsNoKey(t *testing.T) {
	dir, k := create(t)
	if err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := Newest(dir); err != nil || got != 2 {
		t.Errorf("Newest = %d, %v; want 2", got, err)
	}
	if got := k.Source(); got != filepath.Join(dir, KeyFileName) {
		t.Errorf("Source = %s", got)
	}
	if _, err := Newest(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Newest of a folder without keys: %v", err)
	}
	edit(t, checkPath(dir), func(b []byte) []byte { return b[:len(b)/2] })
	if _, err := Newest(dir); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Newest of a damaged table: %v", err)
	}
}
