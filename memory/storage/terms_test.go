package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/scope"
)

// older makes a folder with n memories beside those of a rig, as a build with other rules of analysis left it: by them the
// n-th memory's only word was "formern".
func older(t *testing.T, n int) (*rig, []memory.ID) {
	t.Helper()
	r := newRig(t)
	ids := make([]memory.ID, n)
	for i := range ids {
		sc := scope.Project
		if i%5 == 0 {
			sc = scope.Private
		}
		st, err := r.Put(t.Context(), memory.Put{Memory: memory.Memory{Content: fmt.Sprintf("Heron present%d stands.", i), Scope: sc}})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = st.ID
	}
	r.inTx(t, func(tx *catalog.Tx) error {
		for i, id := range ids {
			rec, _, err := tx.ByID(id)
			if err != nil {
				return err
			}
			m, err := r.Store.open(&rec)
			if err != nil {
				return err
			}
			d, err := r.draft(&m, rec.TextVersion, &lex{terms: inverted.Terms{Body: []string{fmt.Sprint("former", i)}}})
			if err != nil {
				return err
			}
			d.record.Row = rec.Row
			if err := tx.Update(&d.record, d.words, m.Scope.Sealed()); err != nil {
				return err
			}
		}
		return nil
	})
	r.apart(t, func() {}) // what the next start would commit is committed
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	execSQL(t, r.dir, `UPDATE meta SET value = x'312f31' WHERE key = 'terms-version'`)
	return r, ids
}

// found returns how many memories hold a word, by the index in memory.
func (r *rig) found(word string) int {
	return len(r.index.MatchAll([]string{word}, r.index.All()))
}

// wantPresent checks that every one of ids has the words of the present rules and none of the former.
func (r *rig) wantPresent(t *testing.T, ids []memory.ID) {
	t.Helper()
	if err := r.WaitRenewed(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if id != "" && (r.found(fmt.Sprint("present", i)) != 1 || r.found(fmt.Sprint("former", i)) != 0) {
			t.Fatalf("memory %d has %d with its word and %d with its former one", i, r.found(fmt.Sprint("present", i)), r.found(fmt.Sprint("former", i)))
		}
	}
	if st, err := r.Stats(t.Context()); err != nil || st.Renewal != (memory.Renewal{}) {
		t.Errorf("%+v, %v; want nothing left to renew", st.Renewal, err)
	}
	if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Check = %v, %v", found, err)
	}
}

// A folder of other rules of analysis answers at once with its former words; they are made anew behind that, beside
// changes and removals, and a process that dies half way is followed by one that goes on there.
func TestTermsAreRenewedInTheBackground(t *testing.T) {
	const batches = 6
	r, ids := older(t, batches*renewBatch)
	begun, on := make(chan struct{}), make(chan struct{})
	killed := filepath.Join(t.TempDir(), "killed")
	var copied error
	var commits atomic.Int32
	crash := func(at Step) {
		if at != StepCommit {
			return
		}
		switch commits.Add(1) {
		case 1: // of the first batch: it waits until the test has looked
			close(begun)
			<-on
		case 4: // what a kill at this moment leaves
			if copied = os.CopyFS(killed, os.DirFS(r.dir)); copied == nil {
				copied = os.Chmod(filepath.Join(killed, "master.key"), 0o600)
			}
		}
	}
	var err error
	if r.Store, err = Open(t.Context(), Options{Dir: r.dir, Crash: crash}); err != nil {
		t.Fatal(err)
	}
	<-begun
	if r.found("former7") != 1 || r.found("present7") != 0 {
		t.Error("before the first batch is renewed, the former words are not those in use")
	}
	res, err := r.Candidates(t.Context(), memory.CandidateQuery{Text: "former7"})
	if err != nil || len(res.Candidates) != 1 || res.Candidates[0].Memory.ID != ids[7] {
		t.Errorf("a question by a former word finds %d, %v", len(res.Candidates), err)
	}
	if st, err := r.Stats(t.Context()); err != nil || st.Renewal.Part != partTerms || st.Renewal.Total != len(ids)+len(r.ms) || st.Renewal.String() == "" {
		t.Errorf("Renewal = %+v, %v", st.Renewal, err)
	}
	changed := make(chan error, 1)
	go func() {
		changed <- func() error {
			for i := 0; i < len(ids); i += 25 { // some that are renewed by then, and some that are not
				if i%2 == 0 {
					if err := r.Purge(t.Context(), []memory.ID{ids[i]}, "", memory.Audit{}); err != nil {
						return err
					}
					ids[i] = ""
					continue
				}
				_, err := r.Change(t.Context(), ids[i], "", func(m *memory.Memory) (memory.Audit, error) {
					m.Content = fmt.Sprintf("The changed heron present%d flies.", i)
					return memory.Audit{}, nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	close(on)
	if err := <-changed; err != nil {
		t.Fatal(err)
	}
	r.wantPresent(t, ids)
	if n := r.found("chang"); n == 0 {
		t.Error("what was changed meanwhile has not its words")
	}
	r.apart(t, func() {})
	r.wantPresent(t, ids)
	if err := r.Close(); err != nil || copied != nil {
		t.Fatal(err, copied)
	}

	// The copy goes on where it was.
	r.dir = killed
	var mark []byte
	var at renewed
	var last int64
	db := rawSQL(t, killed)
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT value FROM meta WHERE key = ?), (SELECT max(seq) FROM touched)`, metaAnalysing).Scan(&mark, &last)
	if err := errors.Join(err, db.Close(), json.Unmarshal(mark, &at)); err != nil || at.Row == 0 {
		t.Fatal(at, err)
	}
	r.open(t)
	if err := r.WaitRenewed(t.Context()); err != nil {
		t.Fatal(err)
	}
	touched, err := r.catalog.Touched(t.Context(), last, catalog.TouchedMemory)
	if err != nil || len(touched) == 0 || touched[0] <= at.Row {
		t.Errorf("after the kill rows %v were changed, %v; want those after %d alone", touched, err, at.Row)
	}
	if r.found("former5") != 0 || r.found(fmt.Sprint("former", len(ids)-1)) != 0 || r.found(fmt.Sprint("present", len(ids)-1)) != 1 {
		t.Error("after the kill former words are left")
	}
	if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Check after the kill = %v, %v", found, err)
	}
}

// A snapshot of the words that an older build has saved serves until they are made anew.
func TestFormerSnapshotServes(t *testing.T) {
	r, ids := older(t, 40)
	var err error
	if r.Store, err = Open(t.Context(), Options{Dir: r.dir, ReplayFrom: 1}); err != nil {
		t.Fatal(err)
	}
	r.wantPresent(t, ids)
	if err := r.saveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.inTx(t, func(tx *catalog.Tx) error { return tx.SetMeta(metaTerms, []byte("1/1")) })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r.Store, err = Open(t.Context(), Options{Dir: r.dir, ReplayFrom: 1}); err != nil {
		t.Fatal(err)
	}
	if r.savedWords == nil {
		t.Error("the snapshot was not read")
	}
	r.wantPresent(t, ids)
}
