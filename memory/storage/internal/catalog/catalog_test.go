package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// options returns the options of a new database.
func options(t testing.TB) Options {
	return Options{
		Path: filepath.Join(t.TempDir(), "a folder with % and ?", "c.db"), Key: security.RandomSecret(32),
		AuditKey: security.RandomSecret(32), AuditGeneration: 1, Create: true,
	}
}

func open(t testing.TB, o Options) *DB {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func record(content string) *Record {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return &Record{
		Memory: memory.Memory{
			ID: memory.NewID(), Scope: scope.Project, State: memory.Active, Version: 1, Project: "p", Kind: "note", Session: "s",
			Trust: memory.TrustAgent, CreatedAt: at, UpdatedAt: at,
		},
		TextVersion: 1, Body: []byte(content), Lex: []byte("lex"), Hash: []byte(content),
	}
}

func insert(t testing.TB, d *DB, content string, words *Words) *Record {
	t.Helper()
	r := record(content)
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Insert(r, words) }); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWriteTogether(t *testing.T) {
	var commits atomic.Int64
	o := options(t)
	o.Step = func(op string) {
		if op == "sqlite-after-commit" {
			commits.Add(1)
		}
	}
	d := open(t, o)
	const n = 200
	var wg sync.WaitGroup
	applied := 0 // guarded by the order of the commits
	for i := range n {
		wg.Go(func() {
			err := d.Write(t.Context(), func(tx *Tx) error {
				tx.After(func() { applied++ })
				return tx.Insert(record(fmt.Sprint("text ", i)), nil)
			})
			if err != nil {
				t.Errorf("Write: %v", err)
			}
		})
	}
	wg.Wait()
	if applied != n {
		t.Errorf("%d of %d After functions ran", applied, n)
	}
	if c := commits.Load(); c >= n {
		t.Errorf("%d commits for %d requests at once: none was shared", c, n)
	}
	count, err := d.Count(t.Context())
	if err != nil || count.ByState[memory.Active] != n || count.ByScope[scope.Project] != n {
		t.Errorf("Count = %+v, %v; want %d", count, err, n)
	}
}

// TestWriteEngineGivesUp has SQLite give up the whole transaction in the midst of a batch: every other request of it
// must still go through, and each After must run once.
func TestWriteEngineGivesUp(t *testing.T) {
	for name, failure := range map[string]error{
		"disk full":  sqlite3.Error{Code: sqlite3.ErrFull},
		"i/o error":  sqlite3.Error{Code: sqlite3.ErrIoErr},
		"file limit": fmt.Errorf("write: %w", syscall.EFBIG),
	} {
		t.Run(name, func(t *testing.T) {
			var broken atomic.Bool
			o := options(t)
			o.Fail = func(op string) error {
				if op == "write meta" && broken.Load() {
					return failure
				}
				return nil
			}
			d := open(t, o)
			broken.Store(true)
			begun, release := make(chan struct{}), make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() { // keeps the writer busy until the others wait
				_ = d.Write(t.Context(), func(*Tx) error { close(begun); <-release; return nil })
			})
			<-begun
			var undone, applied atomic.Int64
			results := make([]error, 9)
			for i := range results {
				wg.Go(func() {
					results[i] = d.Write(t.Context(), func(tx *Tx) error {
						tx.After(func() { applied.Add(1) })
						tx.OnUndo(func() { undone.Add(1) })
						if i == 4 {
							return tx.SetMeta("k", []byte("v"))
						}
						return tx.Insert(record(fmt.Sprint("text ", i)), nil)
					})
				})
			}
			waitQueued(t, d, len(results))
			close(release)
			wg.Wait()
			for i, err := range results {
				if (err != nil) != (i == 4) {
					t.Errorf("request %d: %v", i, err)
				}
			}
			if full := errors.Is(results[4], memory.ErrFull); full != (name != "i/o error") {
				t.Errorf("request 4: %v; ErrFull: %v", results[4], full)
			}
			if applied.Load() != 8 {
				t.Errorf("%d After functions ran; want 8", applied.Load())
			}
			if undone.Load() == 0 {
				t.Error("no OnUndo function ran")
			}
		})
	}
}

// waitQueued waits until n requests wait for the writer.
func waitQueued(t *testing.T, d *DB, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); len(d.writer.queue) < n; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests wait; want %d", len(d.writer.queue), n)
		}
	}
}

func TestWriteWithdrawn(t *testing.T) {
	d := open(t, options(t))
	begun, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = d.Write(t.Context(), func(*Tx) error { close(begun); <-release; return nil })
	})
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		err := d.Write(ctx, func(*Tx) error { t.Error("a request that was taken back ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Write: %v; want context.Canceled", err)
		}
		close(release)
	})
	waitQueued(t, d, 1)
	cancel()
	wg.Wait()
	// One that has begun is waited for, whatever its context says.
	ctx, cancel = context.WithCancel(t.Context())
	err := d.Write(ctx, func(tx *Tx) error { cancel(); return tx.SetMeta("k", []byte("v")) })
	if v, merr := d.Meta(t.Context(), "k"); err != nil || merr != nil || string(v) != "v" {
		t.Errorf("Write = %v; meta = %q, %v; want it done", err, v, merr)
	}
}

func TestExclusive(t *testing.T) {
	d := open(t, options(t))
	var applied atomic.Bool
	err := d.Write(t.Context(), func(tx *Tx) error {
		tx.After(func() { applied.Store(true) })
		return tx.SetMeta("k", []byte("v"))
	})
	if err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	if err := d.Exclusive(t.Context(), func() error {
		if !applied.Load() {
			t.Error("what waited for a commit is not done")
		}
		return boom
	}); !errors.Is(err, boom) {
		t.Errorf("Exclusive: %v; want fn's error", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Exclusive(t.Context(), func() error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v; want ErrClosed", err)
	}
	if err := d.Write(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v; want ErrClosed", err)
	}
}

func TestAuditLog(t *testing.T) {
	o := options(t)
	d := open(t, o)
	want := []memory.Audit{
		{At: time.UnixMicro(1_700_000_000_123_456).UTC(), Action: "remember", Subject: memory.NewID(), User: "u", Client: "c", Session: "s", To: scope.Private, Rules: []string{"a", "b"}, Reason: "why"},
		{At: time.UnixMicro(1).UTC(), Action: "denied"},
		{At: time.UnixMicro(2).UTC(), Action: "share", From: scope.Project, To: scope.Global},
	}
	for _, a := range want {
		if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Audit(a) }); err != nil {
			t.Fatal(err)
		}
		_ = d.Write(t.Context(), func(tx *Tx) error { // leaves no gap
			if err := tx.Audit(a); err != nil {
				return err
			}
			return errors.New("undo")
		})
	}
	read := func(after int64, key security.Secret) (got []AuditEntry, err error) {
		err = d.AuditLog(t.Context(), after, func(uint32) (security.Secret, error) { return key, nil }, func(e AuditEntry) error {
			got = append(got, e)
			return nil
		})
		return got, err
	}
	for after := range int64(3) {
		got, err := read(after, o.AuditKey)
		if err != nil || len(got) != 3-int(after) {
			t.Fatalf("after %d: %d entries, %v", after, len(got), err)
		}
		for i, e := range got {
			if e.Seq != after+int64(i)+1 || fmt.Sprint(e.Audit) != fmt.Sprint(want[e.Seq-1]) {
				t.Errorf("entry %+v; want %+v as number %d", e, want[e.Seq-1], after+int64(i)+1)
			}
		}
	}
	if _, err := read(0, security.RandomSecret(32)); !errors.Is(err, ErrChain) {
		t.Errorf("with another key: %v; want ErrChain", err)
	}
	if d.AuditHead() != 3 {
		t.Errorf("AuditHead = %d; want 3", d.AuditHead())
	}
	if err := d.Write(t.Context(), func(tx *Tx) error { _, err := tx.exec("x", `DELETE FROM audit`); return err }); err == nil {
		t.Error("the log can be emptied")
	}
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Audit(memory.Audit{Subject: "nobody"}) }); err == nil {
		t.Error("a subject that is no id is taken")
	}
}

func TestTrust(t *testing.T) {
	d := open(t, options(t))
	for _, trust := range []memory.Trust{memory.TrustUser, memory.TrustAgent, memory.TrustUntrusted, "", "u", "-", "=", "=u", "other"} {
		r := record("trust " + string(trust))
		r.Memory.Trust = trust
		if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Insert(r, nil) }); err != nil {
			t.Fatal(err)
		}
		got, err := d.WholeByRows(t.Context(), []int64{r.Row})
		if err != nil || len(got) != 1 || got[0].Memory.Trust != trust || !got[0].Intact() {
			t.Errorf("%q: %+v, %v", trust, got, err)
		}
	}
	older := insert(t, d, "older", nil)
	if err := d.Write(t.Context(), func(tx *Tx) error {
		_, err := tx.exec("x", `UPDATE memories SET trust = 'agent' WHERE row = ?`, older.Row)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got, err := d.WholeByRows(t.Context(), []int64{older.Row}); err != nil || got[0].Memory.Trust != memory.TrustAgent || !got[0].Intact() {
		t.Errorf("a row that spells it out: %+v, %v", got, err)
	}
}

func TestOutbox(t *testing.T) {
	d := open(t, options(t))
	id := memory.NewID()
	for i, op := range []Op{Create, Update, Delete} {
		e := Event{At: time.UnixMilli(int64(i)).UTC(), Op: op, Memory: id, Version: i + 1, Scope: scope.Shared, Team: "t", Source: "here"}
		if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Emit(e) }); err != nil {
			t.Fatal(err)
		}
	}
	pending, err := d.Pending(t.Context(), 2)
	if err != nil || len(pending) != 2 || pending[0].Op != Create || pending[0].Memory != id || pending[0].ID == "" || pending[0].Source != "here" {
		t.Errorf("Pending = %+v, %v", pending, err)
	}
	later, err := d.Events(t.Context(), pending[1].Seq, 10)
	if err != nil || len(later) != 1 || later[0].Op != Delete || later[0].Version != 3 {
		t.Errorf("Events = %+v, %v", later, err)
	}
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Emit(Event{Memory: "nobody"}) }); err == nil {
		t.Error("an event of no memory is taken")
	}
}

// TestFullTextQuoting looks for words that would be syntax.
func TestFullTextQuoting(t *testing.T) {
	d := open(t, options(t))
	r := insert(t, d, "a", &Words{Content: `plain AND 図書 1.20.3`})
	if err := d.SettleWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	for word, found := range map[string]bool{
		"plain": true, "図書": true, "1.20.3": true, "1.20": false, "AND": true, `pl"ain`: false, "NEAR(plain": false, "*": false, "content:plain": false, "plain*": true,
	} {
		page, total, err := d.List(t.Context(), Query{Words: []string{word}}, memory.SortNewest, nil, 5)
		if err != nil || (total == 1) != found || found && page[0].Row != r.Row {
			t.Errorf("%q: %v, %d, %v; want found: %v", word, page, total, err, found)
		}
	}
}

// TestMaintenance has the writer fold its log in, merge segments and drop old requests.
func TestMaintenance(t *testing.T) {
	o := options(t)
	o.WALLimit = 32 << 10
	var checkpoints atomic.Int64
	o.Step = func(op string) {
		if op == "sqlite-checkpoint" {
			checkpoints.Add(1)
		}
	}
	d := open(t, o)
	for i := range 2*mergeAfter + walCheckEvery {
		insert(t, d, fmt.Sprint(i), &Words{Content: fmt.Sprintf("word%d and others", i)})
		if err := d.SettleWords(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if checkpoints.Load() == 0 {
		t.Error("the log was never folded in")
	}
	old := time.Now().Add(-requestsKept - time.Hour)
	err := d.Write(t.Context(), func(tx *Tx) error {
		id := memory.NewID()
		if err := tx.PutRequest("old", id, false, old); err != nil {
			return err
		}
		return tx.PutRequest("new", id, true, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Exclusive(t.Context(), func() error {
		d.writer.requests = time.Time{}
		for range 1000 {
			next, err := d.writer.tidyStep()
			if err != nil || next == 0 || next > time.Second {
				return err
			}
		}
		return errors.New("tidying does not come to an end")
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), func(tx *Tx) error {
		if _, _, ok, err := tx.Request("old"); ok || err != nil {
			t.Errorf("an old request is still known: %v", err)
		}
		if _, duplicate, ok, err := tx.Request("new"); !ok || !duplicate || err != nil {
			t.Errorf("a new request is gone: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Checkpoint(t.Context()), d.Merge(t.Context())); err != nil {
		t.Error(err)
	}
	if _, total, err := d.List(t.Context(), Query{Words: []string{"word7", "others"}}, memory.SortNewest, nil, 5); err != nil || total != 1 {
		t.Errorf("after merging: %d, %v; want 1", total, err)
	}
}

// TestMaintenanceFails has each step of the housekeeping fail: requests must go on.
func TestMaintenanceFails(t *testing.T) {
	for _, op := range []string{"merge", "checkpoint", "expire requests", "settle words"} {
		t.Run(op, func(t *testing.T) {
			var failed atomic.Int64
			o := options(t)
			o.WALLimit = 1
			o.Fail = func(at string) error {
				if at == op {
					failed.Add(1)
					return errors.New("injected")
				}
				return nil
			}
			d := open(t, o)
			for i := range mergeAfter + 1 {
				insert(t, d, fmt.Sprint(i), &Words{Content: "w"})
				if err := d.SettleWords(t.Context()); (err != nil) != (op == "settle words") {
					t.Fatal(err)
				}
			}
			err := d.Exclusive(t.Context(), func() error {
				d.writer.requests = time.Time{}
				if op == "checkpoint" {
					return d.writer.checkpoint(0)
				}
				d.writer.merging, d.writer.active = op == "merge", time.Time{}
				if wait := d.writer.tidy(); wait != fullPause {
					t.Errorf("tidy asks to be called again after %v; want %v", wait, fullPause)
				}
				return nil
			})
			if (err != nil) != (op == "checkpoint") || failed.Load() == 0 {
				t.Errorf("%v, failed %d times", err, failed.Load())
			}
			insert(t, d, "still", nil)
		})
	}
}

func TestOpenErrors(t *testing.T) {
	o := options(t)
	d := open(t, o)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var corrupt *memory.CorruptError
	wrong := o
	wrong.Key = security.RandomSecret(32)
	if _, err := Open(t.Context(), wrong); !errors.As(err, &corrupt) {
		t.Errorf("wrong key: %v; want a CorruptError", err)
	}
	missing := o
	missing.Path, missing.Create = filepath.Join(t.TempDir(), "none.db"), false
	if _, err := Open(t.Context(), missing); !errors.As(err, &corrupt) {
		t.Errorf("missing file: %v; want a CorruptError", err)
	}
	if _, err := os.Stat(missing.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the missing file was made")
	}
	nowhere := o
	nowhere.Path = filepath.Join(t.TempDir(), "no", "folder", "c.db")
	if _, err := Open(t.Context(), nowhere); err == nil || strings.Contains(err.Error(), "key=") {
		t.Errorf("no folder: %v", err)
	}
	for _, op := range []string{"open"} {
		failing := o
		failing.Fail = func(at string) error {
			if at == op {
				return fmt.Errorf("injected: %w", fs.ErrPermission)
			}
			return nil
		}
		if _, err := Open(t.Context(), failing); !errors.Is(err, memory.ErrReadOnly) {
			t.Errorf("%s without permission: %v; want ErrReadOnly", op, err)
		}
	}
}

func TestWrap(t *testing.T) {
	var corrupt *memory.CorruptError
	for name, tc := range map[string]struct {
		err  error
		want func(error) bool
	}{
		"full":         {sqlite3.Error{Code: sqlite3.ErrFull}, func(e error) bool { return errors.Is(e, memory.ErrFull) }},
		"no space":     {sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.ENOSPC}, func(e error) bool { return errors.Is(e, memory.ErrFull) }},
		"read-only":    {sqlite3.Error{Code: sqlite3.ErrReadonly}, func(e error) bool { return errors.Is(e, memory.ErrReadOnly) }},
		"no access":    {sqlite3.Error{Code: sqlite3.ErrCantOpen, SystemErrno: syscall.EACCES}, func(e error) bool { return errors.Is(e, memory.ErrReadOnly) }},
		"not a db":     {sqlite3.Error{Code: sqlite3.ErrNotADB}, func(e error) bool { return errors.As(e, &corrupt) }},
		"malformed":    {sqlite3.Error{Code: sqlite3.ErrCorrupt}, func(e error) bool { return errors.As(e, &corrupt) && corrupt.Engine == "sqlite" }},
		"read-only fs": {syscall.EROFS, func(e error) bool { return errors.Is(e, memory.ErrReadOnly) }},
		"anything":     {errors.New("x"), func(e error) bool { return e.Error() == "sqlite: step: x" }},
		"canceled":     {context.Canceled, func(e error) bool { return errors.Is(e, context.Canceled) }},
		"nothing":      {nil, func(e error) bool { return e == nil }},
	} {
		if got := wrap("step", tc.err); !tc.want(got) {
			t.Errorf("%s: wrap = %v", name, got)
		}
	}
	if err := plain(errors.New("secret name")); strings.Contains(err.Error(), "secret") {
		t.Errorf("plain hands on %v", err)
	}
}

func TestRecordChecksum(t *testing.T) {
	d := open(t, options(t))
	r := insert(t, d, "body", nil)
	whole := func() Record {
		recs, err := d.WholeByRows(t.Context(), []int64{r.Row})
		if err != nil || len(recs) != 1 {
			t.Fatalf("WholeByRows = %v, %v", recs, err)
		}
		return recs[0]
	}
	got := whole()
	if !got.Intact() {
		t.Fatal("a record just stored is not intact")
	}
	for name, change := range map[string]func(*Record){
		"body": func(r *Record) { r.Body = []byte("bodx") }, "lex": func(r *Record) { r.Lex = []byte("lez") }, "hash": func(r *Record) { r.Hash = []byte("bodx") },
		"between the blobs": func(r *Record) { r.Lex, r.Body = []byte("le"), append([]byte("x"), r.Body...) },
		"version":           func(r *Record) { r.Memory.Version++ }, "state": func(r *Record) { r.Memory.State = memory.Forgotten },
		"scope": func(r *Record) { r.Memory.Scope = scope.Global }, "pinned": func(r *Record) { r.Memory.Pinned = true },
		"project": func(r *Record) { r.Memory.Project, r.Memory.Team = "", "p" }, "expiry": func(r *Record) { r.Memory.ExpiresAt = time.UnixMilli(0) },
		"importance": func(r *Record) { r.Memory.Importance = 0.1 },
	} {
		other := whole()
		change(&other)
		if other.Intact() {
			t.Errorf("another %s passes the checksum", name)
		}
	}
	bad := record("x")
	bad.Memory.SupersededBy = "nonsense"
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Insert(bad, nil) }); err == nil {
		t.Error("a successor that is no id is taken")
	}
	twin := record("other")
	twin.Memory.ID = r.Memory.ID
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Insert(twin, nil) }); !errors.Is(err, ErrExists) {
		t.Errorf("a second memory of the id: %v; want ErrExists", err)
	}
}

// TestRowsAreNotReused purges the newest memory: its row must not come back, not even after a new start.
func TestRowsAreNotReused(t *testing.T) {
	o := options(t)
	d := open(t, o)
	insert(t, d, "one", nil)
	last := insert(t, d, "two", nil)
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Delete(last.Row, false) }); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, o)
	if next := insert(t, d, "three", nil); next.Row <= last.Row {
		t.Errorf("row %d came after %d", next.Row, last.Row)
	}
	vs := []VectorRef{{Row: 1, Space: "s", Sum: []byte{1}}, {Row: 1, Space: "t", Sum: []byte{1}}}
	put := func() error { return d.Write(t.Context(), func(tx *Tx) error { return tx.PutVectors(vs) }) }
	if err := put(); err != nil || vs[0].Seq != 1 || vs[1].Seq != 2 {
		t.Errorf("PutVectors = %+v, %v; want 1, 2", vs, err)
	}
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.DropVectors(1) }); err != nil {
		t.Fatal(err)
	}
	if err := put(); err != nil || vs[0].Seq != 3 {
		t.Errorf("PutVectors = %+v, %v; want 3", vs, err)
	}
}
