package keyring

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/security"
)

func TestRotateKeepsOlderKeys(t *testing.T) {
	dir, k := create(t)
	var keys []security.Secret
	var sealed [][]byte
	for generation := uint32(1); generation <= 4; generation++ {
		if k.Generation() != generation {
			t.Fatalf("generation %d, want %d", k.Generation(), generation)
		}
		s, err := k.Sealer(KV)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Seal(nil, []byte{byte(generation)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed, keys = append(sealed, b), append(keys, key(t, k, KV))
		if generation < 4 {
			if err := k.Rotate(t.Context()); err != nil {
				t.Fatalf("Rotate: %v", err)
			}
		}
	}
	for _, k := range []*Keyring{k, open(t, Options{Dir: dir})} {
		s, err := k.Sealer(KV)
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range sealed {
			if got, err := s.Open(nil, b, nil); err != nil || got[0] != byte(i+1) {
				t.Errorf("value of generation %d: %v, %v", i+1, got, err)
			}
			if old, err := k.KeyAt(KV, uint32(i+1)); err != nil || !old.Equal(keys[i]) {
				t.Errorf("key of generation %d: %v", i+1, err)
			}
		}
	}
}

func TestRetireDropsOlderKeys(t *testing.T) {
	dir, k := create(t)
	if err := errors.Join(k.Rotate(t.Context()), k.Rotate(t.Context())); err != nil {
		t.Fatal(err)
	}
	want := key(t, k, KV)
	if err := k.Retire(t.Context()); err != nil {
		t.Fatalf("Retire: %v", err)
	}
	for _, k := range []*Keyring{k, open(t, Options{Dir: dir})} {
		if got := k.Generations(); !slices.Equal(got, []uint32{3}) {
			t.Errorf("generations %v, want 3 alone", got)
		}
		if !key(t, k, KV).Equal(want) {
			t.Error("Retire changed the current key")
		}
		if _, err := k.KeyAt(KV, 2); !errors.Is(err, security.ErrGeneration) {
			t.Errorf("KeyAt a retired generation: got %v, want ErrGeneration", err)
		}
	}
}

// stubborn is a source whose Replace fails, before or after it has kept the key.
type stubborn struct {
	*FileSource
	before, after error
}

func (s *stubborn) Replace(ctx context.Context, key security.Secret) error {
	if s.before != nil {
		return s.before
	}
	return errors.Join(s.FileSource.Replace(ctx, key), s.after)
}

// Wherever a rotation stops, every older generation still opens, and another rotation goes through.
func TestInterruptedRotation(t *testing.T) {
	errDisk := errors.New("disk on fire")
	for name, tc := range map[string]struct {
		spoil func(*stubborn)
		want  uint32
	}{
		"before the source takes the key": {func(s *stubborn) { s.before = errDisk }, 2},
		"after it took the key":           {func(s *stubborn) { s.after = errDisk }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			source := &stubborn{FileSource: NewFileSource(dir)}
			k := open(t, Options{Dir: dir, Source: source, Create: true})
			first := key(t, k, KV)
			if err := k.Rotate(t.Context()); err != nil {
				t.Fatal(err)
			}
			tc.spoil(source)
			if err := k.Rotate(t.Context()); !errors.Is(err, errDisk) {
				t.Fatalf("Rotate: got %v, want the disk's error", err)
			}
			if k.Generation() != 2 {
				t.Errorf("a failed rotation left generation %d in use", k.Generation())
			}
			again := open(t, Options{Dir: dir})
			if again.Generation() != tc.want {
				t.Errorf("reopened at generation %d, want %d", again.Generation(), tc.want)
			}
			if old, err := again.KeyAt(KV, 1); err != nil || !old.Equal(first) {
				t.Errorf("the first key after an interrupted rotation: %v", err)
			}
			if err := again.Rotate(t.Context()); err != nil {
				t.Fatalf("Rotate again: %v", err)
			}
			last := open(t, Options{Dir: dir})
			if old, err := last.KeyAt(KV, 1); err != nil || !old.Equal(first) || last.Generation() != tc.want+1 {
				t.Errorf("after another rotation: generation %d, %v", last.Generation(), err)
			}
		})
	}
}

func TestRotateErrors(t *testing.T) {
	dir, k := create(t)
	k.current, k.masters[math.MaxUint32] = math.MaxUint32, security.RandomSecret(MasterKeySize)
	if err := k.Rotate(t.Context()); err == nil {
		t.Error("Rotate went past the last generation")
	}
	k = open(t, Options{Dir: dir})
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	k.path = filepath.Join(dir, "none", CheckFileName)
	if err := k.Rotate(t.Context()); !errors.Is(err, os.ErrNotExist) || k.Generation() != 1 {
		t.Errorf("Rotate without a folder: got %v at generation %d", err, k.Generation())
	}
	if err := k.Retire(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Retire without a folder: got %v", err)
	}
}

// Wrapped keys cannot be exchanged between generations or folders.
func TestWrappedKeysAreBound(t *testing.T) {
	dir, k := create(t)
	if err := errors.Join(k.Rotate(t.Context()), k.Rotate(t.Context())); err != nil {
		t.Fatal(err)
	}
	table, err := readCheckTable(checkPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	table.Keys[0].Wrapped, table.Keys[1].Wrapped = table.Keys[1].Wrapped, table.Keys[0].Wrapped
	if err := table.write(checkPath(dir), renameInto, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Open with exchanged keys: got %v, want ErrCorrupt", err)
	}
}

// A wrapped key that opens but is another one is damage too.
func TestWrappedKeyMustBeTheOneChecked(t *testing.T) {
	dir, k := create(t)
	if err := k.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	table, err := readCheckTable(checkPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Keys[0].wrap(security.RandomSecret(MasterKeySize), 2, k.masters[2]); err != nil {
		t.Fatal(err)
	}
	if err := table.write(checkPath(dir), renameInto, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Open: got %v, want ErrCorrupt", err)
	}
}

// What is kept of a retired generation outlives further rotations and retirements; nothing else does.
func TestRetireKeeps(t *testing.T) {
	dir, k := create(t)
	audit := key(t, k, Audit)
	first, err := k.Sealer(Audit)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := first.Seal(nil, []byte("entry"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := errors.Join(k.Rotate(t.Context()), k.Retire(t.Context(), Audit), k.Rotate(t.Context())); err != nil {
			t.Fatal(err)
		}
		k = open(t, Options{Dir: dir})
	}
	if err := k.Retire(t.Context(), Audit); err != nil {
		t.Fatal(err)
	}
	for _, k := range []*Keyring{k, open(t, Options{Dir: dir})} {
		if got := k.Generations(); !slices.Equal(got, []uint32{5}) {
			t.Errorf("generations %v, want 5 alone", got)
		}
		if got := k.GenerationsFor(Audit); !slices.Equal(got, []uint32{1, 2, 3, 4, 5}) {
			t.Errorf("generations for the audit log %v, want all", got)
		}
		if got, err := k.KeyAt(Audit, 1); err != nil || !got.Equal(audit) {
			t.Errorf("the kept key: %v", err)
		}
		if _, err := k.KeyAt(KV, 1); !errors.Is(err, security.ErrGeneration) {
			t.Errorf("a key that was not kept: got %v, want ErrGeneration", err)
		}
		s, err := k.Sealer(Audit)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Open(nil, sealed, nil); err != nil || string(got) != "entry" {
			t.Errorf("what the first generation sealed: %q, %v", got, err)
		}
	}
}
