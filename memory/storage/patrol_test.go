package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security/keyring"
)

// patrolling opens a rig's folder with a patrol that begins at once.
func (r *rig) patrolling(t *testing.T, rate int64) {
	t.Helper()
	var err error
	r.Store, err = Open(t.Context(), Options{Dir: r.dir, Patrol: PatrolOptions{Rate: rate, After: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
}

// awaitPatrol waits for the end of a round.
func (r *rig) awaitPatrol(t *testing.T) PatrolStatus {
	t.Helper()
	for end := time.Now().Add(4 * time.Minute); time.Now().Before(end); {
		if st := r.Patrol(); !st.Ended.IsZero() {
			return st
		}
		select {
		case <-t.Context().Done():
		case <-time.After(time.Millisecond):
		}
	}
	t.Fatal("the round does not end")
	return PatrolStatus{}
}

func TestPatrolFinds(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, r *rig)
		want  Kind
	}{
		"nothing": {func(*testing.T, *rig) {}, ""},
		"a bit of a page nobody reads": {func(t *testing.T, r *rig) {
			hurtPage(t, r.dir, treePages(t, r.dir, "links_b", "leaf")[0].number)
		}, KindDatabase},
		"an attribute":  {func(t *testing.T, r *rig) { execSQL(t, r.dir, `UPDATE memories SET kind = 'x' WHERE row = 2`) }, KindRecord},
		"a seal":        {func(t *testing.T, r *rig) { execSQL(t, r.dir, `UPDATE texts SET body = x'E55A01' WHERE row = 1`) }, KindRecord},
		"a vector gone": {func(t *testing.T, r *rig) { execSQL(t, r.dir, `UPDATE vectors SET sum = zeroblob(16) WHERE row = 2`) }, KindVector},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			tc.spoil(t, r)
			r.patrolling(t, 1<<30)
			st := r.awaitPatrol(t)
			if tc.want == "" && len(st.Findings) > 0 || tc.want != "" && st.Findings[tc.want] == 0 {
				t.Errorf("found %v; want %q", st.Findings, tc.want)
			}
			if alert := st.Alert(); (tc.want == "") != (alert == "") || !strings.Contains(alert, string(tc.want)) {
				t.Errorf("the alert says %q", alert)
			}
			if tc.want != "" {
				if s, err := r.Stats(t.Context()); err != nil || s.OpenFindings == 0 {
					t.Errorf("Stats: %d findings, %v", s.OpenFindings, err)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A round goes on where it was after a restart, and reads no faster than its rate.
func TestPatrolGoesOn(t *testing.T) {
	r := newRig(t)
	for i := range 3 * patrolRows {
		if _, err := r.Put(t.Context(), memory.Put{Memory: memory.Memory{Content: fmt.Sprintf("Heron number %d.", i), Scope: scope.Project}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Flush(t.Context()), r.Close()); err != nil {
		t.Fatal(err)
	}
	began, read := time.Time{}, int64(0)
	for i := range 4 {
		r.patrolling(t, 4<<20)
		begin := time.Now()
		for r.Patrol().Bytes <= read && r.Patrol().Ended.IsZero() {
			if time.Since(begin) > 4*time.Minute {
				t.Fatal("the patrol does not move")
			}
			<-time.After(time.Millisecond)
		}
		st := r.Patrol()
		if i > 0 && !st.Began.Equal(began) {
			t.Errorf("the round began anew: %v, %v", began, st.Began)
		}
		began, read = st.Began, st.Bytes
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r.patrolling(t, 1<<30)
	if st := r.awaitPatrol(t); len(st.Findings) > 0 || !st.Began.Equal(began) {
		t.Errorf("at the end: %+v", st)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// flip changes one bit of a file, at an offset from its end if that is negative.
func flip(t *testing.T, path string, offset int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if offset < 0 {
		offset += int64(len(b))
	}
	b[offset] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFlippedFiles flips a bit in each kind of file: it is found, and either mended or refused with the next command.
func TestFlippedFiles(t *testing.T) {
	for name, tc := range map[string]struct {
		pattern string
		offset  int64
		opens   bool // whether it opens, with what is derived made anew
		mends   bool // whether opening for repair mends it
		hint    string
	}{
		"vector snapshot":         {"vectors/*.store.faiss", 300, true, true, ""},
		"private vector snapshot": {"vectors/*.private.faiss", 300, true, true, ""},
		"RocksDB table":           {"kv/*.sst", 60, true, true, ""},
		"first page of SQLite":    {"catalog.db", 200, false, false, "doctor"},
		"master key":              {"master.key", 40, false, false, "restore it from a backup"},
		"keys.json":               {"keys.json", 60, false, true, ""},
		"layout":                  {"store.format", 0, false, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := errors.Join(r.Flush(t.Context()), r.kv.Compact(), r.Close()); err != nil {
				t.Fatal(err)
			}
			names, err := filepath.Glob(filepath.Join(r.dir, tc.pattern))
			if err != nil || len(names) == 0 {
				t.Fatalf("no %s: %v", tc.pattern, err)
			}
			for _, n := range names {
				flip(t, n, tc.offset)
			}
			s, err := Open(t.Context(), Options{Dir: r.dir})
			if tc.mends && err == nil != tc.opens || err != nil && !strings.Contains(err.Error(), "doctor --repair") && tc.mends {
				t.Errorf("Open: %v; want that it opens: %v, else the next command", err, tc.opens)
			}
			if err != nil && tc.mends {
				s, err = Open(t.Context(), Options{Dir: r.dir, Mend: true})
			}
			if !tc.mends {
				if err == nil || !strings.Contains(err.Error(), tc.hint) {
					t.Errorf("Open: %v; want %q in it", err, tc.hint)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, left, err := s.Repair(t.Context()); err != nil || len(left) > 0 {
				t.Errorf("Repair left %v, %v", left, err)
			}
		})
	}
}

// A lost keys.json is made anew from the key, if that opens the database; also after a rotation.
func TestKeysFileMissing(t *testing.T) {
	for _, rotations := range []int{0, 2} {
		t.Run(fmt.Sprint(rotations, " rotations"), func(t *testing.T) {
			r := newRig(t)
			for range rotations {
				if err := r.RotateKeys(t.Context(), memory.Audit{}); err != nil {
					t.Fatal(err)
				}
				r.apart(t, func() {})
				if err := errors.Join(r.WaitRenewed(t.Context()), r.RetireKeys(t.Context(), memory.Audit{})); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(r.dir, keyring.CheckFileName)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), Options{Dir: r.dir}); !errors.Is(err, keyring.ErrMissing) || !strings.Contains(err.Error(), "doctor --repair") {
				t.Errorf("Open: %v; want ErrMissing and the next command", err)
			}
			other := newRig(t)
			if _, err := Open(t.Context(), Options{Dir: r.dir, Mend: true, KeySource: keyring.NewFileSource(other.dir)}); !errors.Is(err, keyring.ErrWrongKey) {
				t.Errorf("with the key of another folder: %v", err)
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
			if left, err := filepath.Glob(filepath.Join(r.dir, "keys-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestKeysFileMissingWithOlderKeys loses keys.json after a rotation, and the older key with it, under which the audit log begins:
// everything else is there, and the checker and the verification tell of the log.
func TestKeysFileMissingWithOlderKeys(t *testing.T) {
	r := newRig(t)
	if err := r.WaitRenewed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.RotateKeys(t.Context(), memory.Audit{}); err != nil {
		t.Fatal(err)
	}
	r.apart(t, func() {})
	if err := errors.Join(r.WaitRenewed(t.Context()), r.Close(), os.Remove(filepath.Join(r.dir, keyring.CheckFileName))); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.Store, err = Open(t.Context(), Options{Dir: r.dir, Mend: true}); err != nil {
		t.Fatal(err)
	}
	_, left, err := r.Repair(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if f.Kind != KindAudit || f.Severity != Damage || !strings.Contains(f.Advice, "keys.json") {
			t.Errorf("left: %v", f)
		}
	}
	if report, err := r.VerifyAudit(t.Context(), nil); len(left) == 0 || err != nil || len(report.Faults) == 0 {
		t.Errorf("%d findings; VerifyAudit = %+v, %v; want a fault", len(left), report, err)
	}
	for _, m := range r.ms {
		if got, err := r.Get(t.Context(), []memory.ID{m.ID}); err != nil || got[0].Content != m.Content {
			t.Errorf("Get of %s: %v", m.ID, err)
		}
	}
}

// Each page of a database that was written to in any way authenticates, also by this reading of SQLCipher's format.
func TestCheckPages(t *testing.T) {
	r := newRig(t)
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bad, next, err := r.catalog.CheckPages(t.Context(), 1, 1<<20); err != nil || len(bad) > 0 || next != 0 {
		t.Errorf("CheckPages = %v, %d, %v", bad, next, err)
	}
	scribble(t, filepath.Join(r.dir, catalogFile), 3*4096+7, 3)
	if bad, _, err := r.catalog.CheckPages(t.Context(), 1, 1<<20); err != nil || len(bad) != 1 || bad[0] != 4 {
		t.Errorf("CheckPages = %v, %v; want page 4", bad, err)
	}
}
