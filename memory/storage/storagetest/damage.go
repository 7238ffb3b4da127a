package storagetest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security/keyring"
)

// hurts are ways in which a file goes bad. Each returns false where it would change nothing, and nil for a file that is gone.
var hurts = map[string]func(r *rand.Rand, b []byte) ([]byte, bool){
	"a bit flipped": func(r *rand.Rand, b []byte) ([]byte, bool) {
		if len(b) == 0 {
			return b, false
		}
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		return b, true
	},
	"cut off": func(r *rand.Rand, b []byte) ([]byte, bool) {
		if len(b) == 0 {
			return b, false
		}
		return b[:r.IntN(len(b))], true
	},
	"a page of zeros": func(r *rand.Rand, b []byte) ([]byte, bool) {
		if len(b) < 4096 {
			return b, false
		}
		clear(b[r.IntN(len(b)/4096)*4096:][:4096])
		return b, true
	},
	"gone": func(*rand.Rand, []byte) ([]byte, bool) { return nil, true },
}

// Damage hurts each file of a data folder, one at a time, and has each take the place of another one of its kind: of a folder
// that was closed and of one whose process was killed. The store must not open, and say which engine is damaged, or open and
// hold what it held. Where it holds less, the checker must say so, and repair must leave nothing but damage to the record.
// Where it is RocksDB that is damaged, repair must bring the store back; where it is SQLite, salvage must, and name what is lost.
func Damage(t *testing.T) {
	b := prepare(t)
	seed := seedOf(t)
	rounds := 1
	if os.Getenv(envLong) != "" {
		rounds = 25
	}
	killed := copyOf(t, b.prepared)
	if _, dead := run(t, "import", killed, storage.StepApplied, 30, death{}, envBeside+"=1"); !dead {
		t.Fatal("the process was not killed")
	}
	for state, dir := range map[string]string{"closed": b.prepared, "killed": killed} {
		held := holds(t, dir)
		names := files(t, dir)
		for _, name := range names {
			for _, other := range names {
				if other != name && filepath.Dir(other) == filepath.Dir(name) && kindOf(other) == kindOf(name) {
					t.Run(fmt.Sprintf("%s/%s in the place of %s", state, other, name), func(t *testing.T) {
						t.Parallel()
						copied := copyOf(t, dir)
						b, err := os.ReadFile(filepath.Join(copied, other))
						if err == nil {
							err = os.WriteFile(filepath.Join(copied, name), b, 0o600)
						}
						if err != nil {
							t.Fatal(err)
						}
						survives(t, copied, held)
					})
				}
			}
			for hurt, fn := range hurts {
				for round := range rounds {
					t.Run(fmt.Sprintf("%s/%s/%s/%d", state, name, hurt, round), func(t *testing.T) {
						t.Parallel()
						r := rand.New(rand.NewPCG(seed, uint64(len(name)*31+len(hurt)*7+round)))
						copied := copyOf(t, dir)
						hurtFile(t, filepath.Join(copied, name), r, fn)
						survives(t, copied, held)
					})
				}
			}
		}
	}
}

// kindOf is the extension of a file, or its name up to the number.
func kindOf(name string) string {
	if ext := filepath.Ext(name); ext != "" {
		return ext
	}
	kind, _, _ := strings.Cut(filepath.Base(name), "-")
	return kind
}

// copyOf copies a folder that nobody has open.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	private(t, copied)
	return copied
}

// private makes the files of a copied folder their owner's alone, as the keyring asks.
func private(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		// RocksDB's own log is for people, its LOCK is empty, and SQLite makes the -shm anew.
		if base := filepath.Base(name); !strings.HasPrefix(base, "LOG") && base != "LOCK" && !strings.HasSuffix(base, "-shm") && base != "store.lock" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func hurtFile(t *testing.T, path string, r *rand.Rand, fn func(*rand.Rand, []byte) ([]byte, bool)) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, ok := fn(r, b)
	if !ok {
		t.SkipNow() // the file has no such place
	}
	if b == nil {
		err = os.Remove(path)
	} else {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// holds reads what a copy of the folder dir holds.
func holds(t *testing.T, dir string) map[memory.ID]string {
	t.Helper()
	s := mustOpen(t, storage.Options{Dir: copyOf(t, dir)})
	defer mustClose(t, s)
	out := map[memory.ID]string{}
	p, err := s.Search(t.Context(), memory.SearchQuery{Filter: memory.Filter{States: allStates}, Limit: memory.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range p.Memories {
		out[m.ID] = m.Content
	}
	return out
}

// survives opens a damaged folder; see Damage.
func survives(t *testing.T, dir string, held map[memory.ID]string) {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{Dir: dir, Source: "test"})
	if err != nil {
		if !tells(err) {
			t.Errorf("it does not open, and does not say what is damaged: %v", err)
		}
		var damaged *memory.CorruptError
		if errors.As(err, &damaged) && damaged.Engine == "rocksdb" {
			mended(t, dir, held, err)
		}
		if errors.As(err, &damaged) && damaged.Engine == "sqlite" {
			salvaged(t, dir, held, err)
		}
		return
	}
	defer func() { _ = s.Close() }() // of a damaged store
	lost := losses(t, s, held)
	findings, err := s.Check(t.Context())
	if err != nil && !tells(err) {
		t.Errorf("Check: %v", err)
	}
	if lost > 0 && err == nil && len(findings) == 0 {
		t.Errorf("%d of %d memories are gone, and the checker finds nothing", lost, len(held))
	}
	if err != nil || len(findings) == 0 {
		return
	}
	_, left, err := s.Repair(t.Context())
	if err != nil && !tells(err) {
		t.Errorf("Repair: %v", err)
	}
	for _, f := range left {
		if f.Severity != storage.Damage || f.Advice == "" {
			t.Errorf("repair leaves %s (advice %q)", f, f.Advice)
		}
	}
	if again := losses(t, s, held); again > lost {
		t.Errorf("repair lost %d memories", again-lost)
	}
}

// mended wants a store whose RocksDB is damaged, as why says, to be whole again after `doctor --repair`.
func mended(t *testing.T, dir string, held map[memory.ID]string, why error) {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{Dir: dir, Source: "test", Mend: true})
	if err != nil {
		t.Errorf("it does not open (%v), and not to be mended: %v", why, err)
		return
	}
	defer func() { _ = s.Close() }()
	_, left, err := s.Repair(t.Context())
	if err != nil || len(left) > 0 {
		t.Errorf("it does not open (%v); repair leaves %v, %v", why, left, err)
	}
	if lost := losses(t, s, held); lost > 0 {
		t.Errorf("it does not open (%v); repair lost %d memories", why, lost)
	}
}

// salvaged wants a store whose database is damaged, as why says, to hold what can be read of it once somebody has agreed to give up the
// rest, and to name that; or to be refused as before, where nothing can be read.
func salvaged(t *testing.T, dir string, held map[memory.ID]string, why error) {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{Dir: dir, Source: "test", Mend: true, Salvage: true})
	if err != nil {
		if !tells(err) {
			t.Errorf("it does not open (%v), and salvage does not say why: %v", why, err)
		}
		return
	}
	defer func() { _ = s.Close() }()
	_, left, err := s.Repair(t.Context())
	if err != nil || len(left) > 0 {
		t.Errorf("it does not open (%v); after salvage repair leaves %v, %v", why, left, err)
	}
	found := s.Salvaged()
	if found == nil {
		t.Fatalf("it does not open (%v), and opens to be mended as if it was whole", why)
	}
	named := map[memory.ID]bool{}
	for _, id := range found.Lost {
		named[id] = true
	}
	for id := range held {
		if _, err := s.Get(t.Context(), []memory.ID{id}); errors.Is(err, memory.ErrNotFound) && !named[id] && found.Tables["audit"] == 0 {
			t.Errorf("memory %s is lost and not named: %s", id, found)
		}
	}
	if lost := losses(t, s, held); lost > 0 && found.Whole() {
		t.Errorf("%d memories are lost: %s", lost, found)
	}
}

// losses counts the memories that cannot be read any more, and wants the others to be what they were.
func losses(t *testing.T, s *storage.Store, held map[memory.ID]string) (lost int) {
	t.Helper()
	for id, content := range held {
		ms, err := s.Get(t.Context(), []memory.ID{id})
		switch {
		case err == nil && ms[0].Content != content:
			t.Errorf("memory %s reads %q; it was %q", id, ms[0].Content, content)
		case err == nil:
		case errors.Is(err, memory.ErrNotFound) || tells(err):
			lost++
		default:
			t.Errorf("read memory %s: %v", id, err)
		}
	}
	return lost
}

// tells reports whether err names what is damaged.
func tells(err error) bool {
	var corrupt *memory.CorruptError
	for _, known := range []error{keyring.ErrWrongKey, keyring.ErrCorrupt, keyring.ErrMissing, storage.ErrNewer} {
		if errors.Is(err, known) {
			return true
		}
	}
	return errors.As(err, &corrupt)
}
