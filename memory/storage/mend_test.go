package storage

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/elderzan/elderzan/memory"
)

// TestMend opens a folder whose RocksDB is missing or damaged: the texts are all there, and once Repair has had the
// memories embedded again, everything agrees. What was damaged is kept, and what can be read of it is taken over.
func TestMend(t *testing.T) {
	gone := func(pattern string) func(kv string) error {
		return func(kv string) error {
			names, err := filepath.Glob(filepath.Join(kv, pattern))
			for _, n := range names {
				err = errors.Join(err, os.Remove(n))
			}
			return err
		}
	}
	for name, tc := range map[string]struct {
		damage func(kv string) error
		lost   bool // vectors and settings
	}{
		"missing":       {os.RemoveAll, true},
		"no table file": {gone("*.sst"), true},
		"CURRENT":       {func(kv string) error { return os.WriteFile(filepath.Join(kv, "CURRENT"), []byte("nonsense"), 0o600) }, false},
		"no CURRENT":    {gone("CURRENT"), false},
		"no manifest":   {gone("MANIFEST-*"), false},
		"neither":       {gone("[CM][UA]*"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := errors.Join(r.PutConfig(t.Context(), "flag", []byte("on")), r.kv.Flush(), r.Close()); err != nil {
				t.Fatal(err)
			}
			if err := tc.damage(filepath.Join(r.dir, kvDir)); err != nil {
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
			if err != nil || tc.lost != (mended > 0) || len(left) != 0 {
				t.Errorf("Repair = %d, %v, %v; want nothing left, and something mended: %v", mended, left, err, tc.lost)
			}
			jobs, err := s.Jobs(t.Context(), 10)
			if err != nil || tc.lost && len(jobs) != len(r.ms) || !tc.lost && len(jobs) > 0 {
				t.Errorf("%d memories are to be embedded again, %v; want all: %v", len(jobs), err, tc.lost)
			}
			if flag, err := s.Config(t.Context(), "flag"); err != nil || !tc.lost && string(flag) != "on" {
				t.Errorf("the setting is %q, %v", flag, err)
			}
			aside, err := filepath.Glob(filepath.Join(r.dir, kvDir+".*"))
			if name != "missing" && (err != nil || len(aside) != 1) {
				t.Errorf("set aside: %v, %v; want the damaged one", aside, err)
			}
		})
	}
}
