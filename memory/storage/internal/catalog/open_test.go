package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security"
)

// TestOpenFails has the n-th call of SQLite fail while a database is made, and then while it is opened with something in it,
// for every n until it opens: each time the next attempt goes on from what is there.
func TestOpenFails(t *testing.T) {
	// What makes the table of versions is tried again by the library that has it made, a second later; and the writer begins
	// its housework as soon as it can.
	spared := func(query string) bool {
		for _, own := range []string{"PRAGMA synchronous", "PRAGMA wal_checkpoint", "BEGIN IMMEDIATE", "SELECT row, sealed", "SELECT max(key)", "DELETE FROM requests"} {
			if strings.HasPrefix(query, own) {
				return true
			}
		}
		return query == "BEGIN" || strings.Contains(query, "goose_db_version") && !strings.Contains(query, "max(version_id)")
	}
	for _, kind := range []fault{refused, gaveUp, dropped, damaged} {
		t.Run(string(kind), func(t *testing.T) {
			o := withFolder(t, options(t))
			o.Head = o.Path + ".head"
			f := &faults{spared: spared}
			o.wrap = f.wrap
			openAt := func(what string) (tries int) {
				t.Helper()
				for n := 1; ; n++ {
					f.arm(kind, n)
					d, err := Open(t.Context(), o)
					hit := f.lift()
					if err == nil {
						err = d.Close()
					}
					if hit == "" {
						if err != nil {
							t.Fatalf("%s after failures: %v", what, err)
						}
						return n - 1
					}
					wantTold(t, what, hit, &o, kind, err)
				}
			}
			if n := openAt("making it"); n < 2 {
				t.Errorf("only %d calls failed", n)
			}
			d := open(t, o)
			d.writer.whole.Add(1)
			kept := insert(t, d, "heron", &Words{Content: "heron"})
			if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Audit(memory.Audit{Action: "remember"}) }); err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			openAt("opening it")
			d = open(t, o)
			if damage, err := d.Integrity(t.Context()); err != nil || len(damage) > 0 || twin(t, d, "heron") != kept.Row || d.AuditHead() != 1 || d.Lost() != 0 {
				t.Errorf("what was there: %v, %v; entry %d, %d lost", damage, err, d.AuditHead(), d.Lost())
			}
		})
	}
}

// TestOpenRefuses opens what is no database of this build.
func TestOpenRefuses(t *testing.T) {
	alter := func(query string, args ...any) func(t *testing.T, o *Options) {
		return func(t *testing.T, o *Options) {
			d := open(t, *o)
			err := d.Write(t.Context(), func(tx *Tx) error { _, err := tx.exec("alter", query, args...); return err })
			if err := errors.Join(err, d.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	folder := func(path string) error { return os.MkdirAll(path, 0o700) }
	for name, tc := range map[string]struct {
		prepare func(t *testing.T, o *Options)
		want    error // nil means *memory.CorruptError
		damage  bool
	}{
		"newer": {alter(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)`, schemaVersion()+1), ErrNewer, false},
		"emptied": {func(t *testing.T, o *Options) {
			o.Create = false
			if err := errors.Join(folder(filepath.Dir(o.Path)), os.WriteFile(o.Path, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, nil, true},
		"audit log cut": {alter(`INSERT INTO audit VALUES (1, 2, 'a', NULL, '', '', '', 0, 0, '[]', '', 1, x'01')`), ErrChain, true},
		"the name is a folder's": {func(t *testing.T, o *Options) {
			if err := folder(o.Path); err != nil {
				t.Fatal(err)
			}
		}, nil, false},
		"a file on the way": {func(t *testing.T, o *Options) {
			if err := os.WriteFile(filepath.Dir(o.Path), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, nil, false},
		"no place for the head": {func(t *testing.T, o *Options) {
			o.Head = o.Path + ".head"
			if err := folder(o.Head); err != nil {
				t.Fatal(err)
			}
		}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			tc.prepare(t, &o)
			d, err := Open(t.Context(), o)
			if err == nil {
				t.Fatal(errors.Join(errors.New("it opens"), d.Close()))
			}
			if tc.want != nil && !errors.Is(err, tc.want) || IsDamage(err) != tc.damage {
				t.Errorf("%v; want %v, damage: %v", err, tc.want, tc.damage)
			}
		})
	}
}

// TestClosed reads after Close: that it is closed is all there is to say.
func TestClosed(t *testing.T) {
	d := open(t, options(t))
	if err := errors.Join(d.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Count(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Count: %v; want ErrClosed", err)
	}
	if _, err := d.Freeze(t.Context(), func() error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("Freeze: %v; want ErrClosed", err)
	}
}

// TestRecordRefused stores what is no memory: nothing of it is kept.
func TestRecordRefused(t *testing.T) {
	d := open(t, options(t))
	good := insert(t, d, "good", nil)
	for name, spoil := range map[string]func(r *Record){
		"id":           func(r *Record) { r.Memory.ID = "nobody" },
		"state":        func(r *Record) { r.Memory.State = "asleep" },
		"scope":        func(r *Record) { r.Memory.Scope = 9 },
		"supersedes":   func(r *Record) { r.Memory.Supersedes = "nobody" },
		"supersededBy": func(r *Record) { r.Memory.SupersededBy = "nobody" },
	} {
		r, changed := record("bad"), *good
		spoil(r)
		spoil(&changed)
		for op, do := range map[string]func(tx *Tx) error{
			"Insert":           func(tx *Tx) error { return tx.Insert(r, nil) },
			"Update":           func(tx *Tx) error { return tx.Update(&changed, nil, false) },
			"UpdateAttributes": func(tx *Tx) error { return tx.UpdateAttributes(&changed) },
		} {
			if err := d.Write(t.Context(), do); err == nil {
				t.Errorf("%s takes another %s", op, name)
			}
		}
	}
	if got, err := d.Count(t.Context()); err != nil || got.ByState[memory.Active] != 1 {
		t.Errorf("Count = %+v, %v; want the good one alone", got, err)
	}
}

// TestNoSuchID hands in what is no memory's id where only a memory's makes sense.
func TestNoSuchID(t *testing.T) {
	h := hold(t)
	for name, do := range map[string]func(tx *Tx) error{
		"PutRequest":       func(tx *Tx) error { return tx.PutRequest("k", "nobody", false, h.now) },
		"CloudWaiting":     func(tx *Tx) error { _, err := tx.CloudWaiting(h.place, "nobody"); return err },
		"PutCloudRow":      func(tx *Tx) error { return tx.PutCloudRow(h.place, "nobody", CloudRow{}) },
		"ClearCloudOthers": func(tx *Tx) error { return tx.ClearCloudOthers("nobody") },
		"CloudDone":        func(tx *Tx) error { return tx.CloudDone(h.place, "nobody", 1) },
		"CloudArrived":     func(tx *Tx) error { return tx.CloudArrived("nobody", 1) },
		"GaveWay":          func(tx *Tx) error { _, _, err := tx.GaveWay([]byte("h"), "nobody"); return err },
		"Emit":             func(tx *Tx) error { return tx.Emit(Event{Memory: "nobody"}) },
		"CloudOlder":       func(*Tx) error { _, err := h.CloudOlder(t.Context(), h.place, 2, "nobody", 9); return err },
	} {
		if err := h.Write(t.Context(), do); !errors.Is(err, errID) {
			t.Errorf("%s: %v; want errID", name, err)
		}
	}
	c := h.rows[2].Memory.ID
	for after, want := range map[memory.ID]int{"": 1, c: 0, h.rows[0].Memory.ID: 1} {
		if got, err := h.CloudOlder(t.Context(), h.place, 2, after, 9); err != nil || len(got) != want {
			t.Errorf("CloudOlder after %q = %v, %v; want %d", after, got, err, want)
		}
	}
}

// TestCallbacksEndReads has what a read calls fail: the read ends with that error, and its connection is free again.
func TestCallbacksEndReads(t *testing.T) {
	h := hold(t)
	stop := errors.New("stop")
	key := func(uint32) (security.Secret, error) { return h.opts.AuditKey, nil }
	ctx := t.Context()
	for range defaultReaders + 1 {
		for name, err := range map[string]error{
			"AuditLog":     h.AuditLog(ctx, 0, key, func(AuditEntry) error { return stop }),
			"AuditLog key": h.AuditLog(ctx, 0, func(uint32) (security.Secret, error) { return security.Secret{}, stop }, func(AuditEntry) error { return nil }),
			"AuditRange":   h.AuditRange(ctx, 1, 9, func(AuditEntry) error { return stop }),
			"Hashes":       h.Hashes(ctx, func(int64, bool) error { return stop }),
			"Snapshot":     h.Snapshot(ctx, func(*View) error { return stop }),
			"TermsAfter":   h.TermsAfter(ctx, 0, func(*Record) error { return stop }),
			"EachTerms":    h.Write(ctx, func(tx *Tx) error { return tx.EachTerms(func(*Record) error { return stop }) }),
			"Write":        h.Write(ctx, func(*Tx) error { return stop }),
		} {
			if !errors.Is(err, stop) {
				t.Errorf("%s: %v; want fn's error", name, err)
			}
		}
	}
}

// TestAuditDamaged reads an entry whose rules are no list: that is damage, not an entry without rules.
func TestAuditDamaged(t *testing.T) {
	d := open(t, options(t))
	err := d.Write(t.Context(), func(tx *Tx) error {
		_, err := tx.exec("alter", `INSERT INTO audit VALUES (1, 2, 'a', NULL, '', '', '', 0, 0, '[', '', 1, zeroblob(32))`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.AuditRange(t.Context(), 1, 1, func(AuditEntry) error { t.Error("it is handed out"); return nil })
	if !errors.Is(err, ErrChain) || !IsDamage(err) {
		t.Errorf("%v; want damage, ErrChain", err)
	}
}

// TestPanicOfARequest has a request panic: the caller panics, what the request did is undone, and the writer goes on.
func TestPanicOfARequest(t *testing.T) {
	d := open(t, options(t))
	got := func() (v any) {
		defer func() { v = recover() }()
		return d.Write(t.Context(), func(tx *Tx) error {
			if err := tx.SetMeta("k", []byte("v")); err != nil {
				return err
			}
			panic("mistake")
		})
	}()
	if got != "mistake" {
		t.Errorf("the caller got %v; want the panic", got)
	}
	insert(t, d, "still", nil)
	if v, err := d.Meta(t.Context(), "k"); err != nil || v != nil {
		t.Errorf("left behind: %q, %v", v, err)
	}
}
