package storage

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security/keyring"
)

// TestRotateKeys rotates twice and retires the older keys while the store is used: everything stays readable, a text is
// still known again, the audit log verifies, and the older master key opens nothing any more.
func TestRotateKeys(t *testing.T) {
	r := newRig(t)
	cold := r.add(t, "A secret heron is in the archive.", scope.Private, unit(9))
	if _, err := r.Change(t.Context(), cold, "", func(m *memory.Memory) (memory.Audit, error) {
		m.State = memory.Archived
		return memory.Audit{Action: "archive"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(r.dir, keyring.KeyFileName))
	if err != nil {
		t.Fatal(err)
	}
	for generation := uint32(2); generation <= 3; generation++ {
		if err := r.RetireKeys(t.Context(), memory.Audit{}); !errors.Is(err, ErrKeys) {
			t.Errorf("RetireKeys with nothing to retire: %v", err)
		}
		if err := r.RotateKeys(t.Context(), memory.Audit{User: "tester"}); err != nil {
			t.Fatal(err)
		}
		if err := r.RotateKeys(t.Context(), memory.Audit{}); !errors.Is(err, ErrKeys) {
			t.Errorf("RotateKeys before the new key is in use: %v", err)
		}
		if err := r.RetireKeys(t.Context(), memory.Audit{}); !errors.Is(err, ErrKeys) {
			t.Errorf("RetireKeys before the new key is in use: %v", err)
		}
		r.apart(t, func() {})
		for sc, m := range r.ms { // the renewal is under way or not
			st, err := r.Put(t.Context(), memory.Put{Memory: memory.Memory{ID: memory.NewID(), Content: m.Content, Project: m.Project, Scope: sc}})
			if err != nil || st.DuplicateOf != m.ID {
				t.Errorf("the %s text again: %+v, %v; want a duplicate", sc, st, err)
			}
		}
		if err := r.WaitRenewed(t.Context()); err != nil {
			t.Fatal(err)
		}
		st, err := r.KeyStatus(t.Context())
		if err != nil || st.Generation != generation || st.SQLite != generation || st.Older != 0 || !st.Retirable {
			t.Fatalf("KeyStatus = %+v, %v", st, err)
		}
		if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("Check: %v, %v", found, err)
		}
		if err := r.RetireKeys(t.Context(), memory.Audit{}); err != nil {
			t.Fatal(err)
		}
		r.apart(t, func() {})
		if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("Check after RetireKeys: %v, %v", found, err)
		}
		for _, m := range r.ms {
			if got, err := r.Get(t.Context(), []memory.ID{m.ID}); err != nil || got[0].Content != m.Content {
				t.Errorf("Get of %s: %v", m.ID, err)
			}
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.dir, keyring.KeyFileName)
	now, err := os.ReadFile(path)
	if err != nil || bytes.Equal(now, old) {
		t.Fatalf("the key file is as before: %v", err)
	}
	before := files(t, r.dir)
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: r.dir}); !errors.Is(err, keyring.ErrWrongKey) {
		t.Errorf("Open with the retired key: %v; want ErrWrongKey", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: r.dir}); !errors.Is(err, keyring.ErrMissing) {
		t.Errorf("Open without a key: %v; want ErrMissing", err)
	}
	if err := os.WriteFile(path, now, 0o600); err != nil {
		t.Fatal(err)
	}
	if after := files(t, r.dir); !mapsEqual(before, after) {
		t.Error("a wrong or missing key has touched the files")
	}
	r.open(t)
}

// files reads what of a data folder must not change unless the store is open.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{catalogFile, keyring.CheckFileName, readyFile, filepath.Join(kvDir, "CURRENT")} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	return out
}

func mapsEqual(a, b map[string]string) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) == len(b)
}

// A renewal that is cut short goes on where it was, and what is written meanwhile is under the new key.
func TestRenewalGoesOn(t *testing.T) {
	r := newRig(t)
	for i := range 3 * renewBatch {
		m := memory.Memory{Content: "Heron number " + string(rune('a'+i%26)) + string(rune('a'+i/26)), Scope: scope.Private}
		if _, err := r.Put(t.Context(), memory.Put{Memory: m}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.RotateKeys(t.Context(), memory.Audit{}); err != nil {
		t.Fatal(err)
	}
	for range 5 { // each start is ended before the renewal can be through, or after
		r.apart(t, func() {})
	}
	if err := r.WaitRenewed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.RetireKeys(t.Context(), memory.Audit{}); err != nil {
		t.Fatal(err)
	}
	r.apart(t, func() {})
	if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Check: %v, %v", found, err)
	}
}

// Where SQLite cannot be written anew for want of space, it stays under its older key, which then cannot be retired.
func TestRekeyWithoutSpace(t *testing.T) {
	r := newRig(t)
	if err := errors.Join(r.RotateKeys(t.Context(), memory.Audit{}), r.Close()); err != nil {
		t.Fatal(err)
	}
	var err error
	r.Store, err = Open(t.Context(), Options{Dir: r.dir, Fail: func(_, op string) error {
		if op == "rekey" {
			return memory.ErrFull
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.WaitRenewed(t.Context()); err != nil {
		t.Fatal(err)
	}
	st, err := r.KeyStatus(t.Context())
	if err != nil || st.Retirable || st.SQLite != 1 || st.NotYet == "" {
		t.Errorf("KeyStatus = %+v, %v; want SQLite under the first key and nothing to retire", st, err)
	}
	r.apart(t, func() {})
	if st, err := r.KeyStatus(t.Context()); err != nil || st.SQLite != 2 {
		t.Errorf("with space: %+v, %v", st, err)
	}
}

// Two files of the same folder exchanged, or one put back from an earlier day, are not taken for what they are not.
func TestExchangedFiles(t *testing.T) {
	r := newRig(t)
	snapshot := func(class string) string { return filepath.Join(r.dir, vectorsDir, "6d696e69."+class+".faiss") }
	earlier := map[string][]byte{}
	r.apart(t, func() {
		for _, class := range []string{"store", "private"} {
			b, err := os.ReadFile(snapshot(class))
			if err != nil {
				t.Fatal(err)
			}
			earlier[class] = b
		}
	})
	for name, spoil := range map[string]func() error{
		"indexes exchanged": func() error {
			return errors.Join(os.WriteFile(snapshot("store"), earlier["private"], 0o600), os.WriteFile(snapshot("private"), earlier["store"], 0o600))
		},
		"an older index": func() error { return os.WriteFile(snapshot("store"), earlier["store"], 0o600) },
	} {
		id := r.ms[scope.Project].ID
		if err := r.PutVectors(t.Context(), []memory.Vector{{ID: id, Version: 1, Space: "mini", Values: unit(20)}}); err != nil {
			t.Fatal(err)
		}
		r.apart(t, func() {
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
		})
		set, err := r.Candidates(t.Context(), memory.CandidateQuery{Vectors: map[string][]float32{"mini": unit(20)}, Limit: 1})
		if err != nil || len(set.Candidates) != 1 || set.Candidates[0].Memory.ID != id || set.Candidates[0].Dense < 0.99 {
			t.Errorf("%s: %+v, %v; want what was stored last", name, set.Candidates, err)
		}
		if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("%s: Check: %v, %v", name, found, err)
		}
	}
}

// wrongSource hands out the key of another folder.
type wrongSource struct{ keyring.Source }

func TestWrongKeySource(t *testing.T) {
	r := newRig(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	other := newRig(t)
	before := files(t, r.dir)
	if _, err := Open(context.Background(), Options{Dir: r.dir, KeySource: wrongSource{keyring.NewFileSource(other.dir)}}); !errors.Is(err, keyring.ErrWrongKey) {
		t.Errorf("Open: %v; want ErrWrongKey", err)
	}
	if !mapsEqual(before, files(t, r.dir)) {
		t.Error("the files were touched")
	}
	r.open(t)
}
