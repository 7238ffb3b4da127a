package storage

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/elderzan/elderzan/memory"
)

// TestMend opens a folder whose RocksDB is missing or damaged: the texts are all there, and once Repair has had the
// memories embedded again, everything agrees. What was damaged is kept.
func TestMend(t *testing.T) {
	for name, damage := range map[string]func(kv string) error{
		"missing": os.RemoveAll,
		"damaged": func(kv string) error { return os.WriteFile(filepath.Join(kv, "CURRENT"), []byte("nonsense"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if err := damage(filepath.Join(r.dir, kvDir)); err != nil {
				t.Fatal(err)
			}
			var corrupt *memory.CorruptError
			if _, err := Open(t.Context(), Options{Dir: r.dir}); !errors.As(err, &corrupt) {
				t.Fatalf("Open: %v; want a *memory.CorruptError", err)
			}
			s, err := Open(t.Context(), Options{Dir: r.dir, Mend: true})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, m := range r.ms {
				if got, err := s.Get(t.Context(), []memory.ID{m.ID}); err != nil || got[0].Content != m.Content {
					t.Errorf("Get of %s: %v", m.ID, err)
				}
			}
			mended, left, err := s.Repair(t.Context())
			if err != nil || mended == 0 || len(left) != 0 {
				t.Errorf("Repair = %d, %v, %v; want something mended and nothing left", mended, left, err)
			}
			jobs, err := s.Jobs(t.Context(), 10)
			if err != nil || len(jobs) != len(r.ms) {
				t.Errorf("%d memories are to be embedded again, %v; want %d", len(jobs), err, len(r.ms))
			}
			aside, err := filepath.Glob(filepath.Join(r.dir, kvDir+".damaged-*"))
			if name == "damaged" && (err != nil || len(aside) != 1) {
				t.Errorf("set aside: %v, %v; want the damaged one", aside, err)
			}
		})
	}
}
