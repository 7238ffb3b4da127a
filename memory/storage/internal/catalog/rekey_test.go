package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security"
)

// closed makes a database with n memories and closes it.
func closed(t *testing.T, o Options, n int) {
	t.Helper()
	d := open(t, o)
	err := d.Write(t.Context(), func(tx *Tx) error {
		for i := range n {
			if err := tx.Insert(record(fmt.Sprint("text ", i)), nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
}

// wantMemories wants the database of o to be sound, with n memories, and no copy beside it.
func wantMemories(t *testing.T, o Options, n int) {
	t.Helper()
	o.Create = false
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Count(t.Context())
	damage, derr := d.Integrity(t.Context())
	if err := errors.Join(err, derr, d.Close()); err != nil || len(damage) > 0 || got.ByState[memory.Active] != n {
		t.Errorf("%d memories, want %d; %v, %v", got.ByState[memory.Active], n, damage, err)
	}
	if left, err := filepath.Glob(o.Path[:len(o.Path)-2] + "*" + RekeySuffix + "*"); err != nil || len(left) > 0 {
		t.Errorf("left beside it: %v, %v", left, err)
	}
}

func TestRekey(t *testing.T) {
	o := options(t)
	closed(t, o, 500)
	if err := os.WriteFile(o.Path+RekeySuffix, []byte("of a run that was killed"), 0o600); err != nil {
		t.Fatal(err)
	}
	next := o
	next.Key = security.RandomSecret(32)
	if err := Rekey(t.Context(), o, next.Key); err != nil {
		t.Fatal(err)
	}
	wantMemories(t, next, 500)
	if d, err := Open(t.Context(), o); !IsDamage(err) {
		t.Errorf("the older key opens it: %v, %v", d, err)
	}
}

// TestRekeyFails has each thing go wrong that can: the database stays whole under its key, and is written anew later.
func TestRekeyFails(t *testing.T) {
	lasting := func(path string) error { return os.MkdirAll(filepath.Join(path, "something"), 0o700) }
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, o *Options) (mend func() error)
		want  func(err error) bool
	}{
		"a step fails": {func(_ *testing.T, o *Options) func() error {
			o.Fail = func(string) error { return memory.ErrFull }
			return nil
		}, func(err error) bool { return errors.Is(err, memory.ErrFull) }},
		"another key": {func(_ *testing.T, o *Options) func() error {
			o.Key = security.RandomSecret(32)
			return nil
		}, IsDamage},
		"it vanished": {func(t *testing.T, o *Options) func() error {
			if err := os.Rename(o.Path, o.Path+".away"); err != nil {
				t.Fatal(err)
			}
			path := o.Path
			return func() error { return os.Rename(path+".away", path) }
		}, nil},
		"the copy cannot be made": {func(t *testing.T, o *Options) func() error {
			if err := lasting(o.Path + RekeySuffix); err != nil {
				t.Fatal(err)
			}
			path := o.Path
			return func() error { return os.RemoveAll(path + RekeySuffix) }
		}, nil},
		"somebody has it open": {func(t *testing.T, o *Options) func() error {
			c, err := rawConn(*o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Exec(`INSERT INTO meta (key, value) VALUES ('k', x'00')`, nil); err != nil {
				t.Fatal(err)
			}
			return c.Close
		}, nil},
		"rows break a rule": {func(t *testing.T, o *Options) func() error {
			c, err := rawConn(*o)
			if err != nil {
				t.Fatal(err)
			}
			run := func(query string) error { _, err := c.Exec(query, nil); return err }
			if err := errors.Join(run(`PRAGMA ignore_check_constraints = ON; INSERT INTO links VALUES (2, 1, 1, 0, 0)`), c.Close()); err != nil {
				t.Fatal(err)
			}
			path := *o
			return func() error {
				c, err := rawConn(path)
				if err != nil {
					return err
				}
				_, err = c.Exec(`DELETE FROM links`, nil)
				return errors.Join(err, c.Close())
			}
		}, IsDamage},
		"the copy vanishes": {func(_ *testing.T, o *Options) func() error {
			o.Step = func(string) { _ = os.Remove(o.Path + RekeySuffix) }
			return nil
		}, func(err error) bool { return errors.Is(err, os.ErrNotExist) }},
		"the log does not go": {func(_ *testing.T, o *Options) func() error {
			path := o.Path
			o.Step = func(string) { _ = lasting(path + "-shm") }
			return func() error { return os.RemoveAll(path + "-shm") }
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			closed(t, o, 20)
			spoilt, to := o, security.RandomSecret(32)
			mend := tc.spoil(t, &spoilt)
			err := Rekey(t.Context(), spoilt, to)
			if err == nil || tc.want != nil && !tc.want(err) {
				t.Errorf("Rekey: %v", err)
			}
			if mend != nil {
				if err := mend(); err != nil {
					t.Fatal(err)
				}
			}
			wantMemories(t, o, 20)
			if err := Rekey(t.Context(), o, to); err != nil {
				t.Fatalf("afterwards: %v", err)
			}
			o.Key = to
			wantMemories(t, o, 20)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := options(t)
	closed(t, o, 20)
	if err := Rekey(ctx, o, security.RandomSecret(32)); !errors.Is(err, context.Canceled) {
		t.Errorf("Rekey: %v; want context.Canceled", err)
	}
	wantMemories(t, o, 20)
}

// TestCheckPages damages pages of the file and wants just those named, in as many goes as it takes.
func TestCheckPages(t *testing.T) {
	o := options(t)
	closed(t, o, 300)
	spoil := func(page int64, b []byte) {
		t.Helper()
		f, err := os.OpenFile(o.Path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(b, (page-1)*pageSize); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	d := open(t, o)
	check := func(n int) (bad []int64, goes int) {
		t.Helper()
		for next := int64(0); goes == 0 || next > 0; goes++ {
			some, after, err := d.CheckPages(t.Context(), next, n)
			if err != nil || after > 0 && after != max(next, 1)+int64(n) && next > 0 {
				t.Fatalf("pages from %d: next %d, %v", next, after, err)
			}
			bad, next = append(bad, some...), after
		}
		return bad, goes
	}
	if bad, goes := check(7); len(bad) > 0 || goes < 3 {
		t.Errorf("pages %v of a sound file are bad, after %d goes", bad, goes)
	}
	info, err := os.Stat(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	last := info.Size() / pageSize
	spoil(9, []byte("damage"))
	spoil(last, []byte("damage"))
	spoil(last+1, make([]byte, pageSize)) // room that was made and not used yet
	if bad, _ := check(7); fmt.Sprint(bad) != fmt.Sprint([]int64{9, last}) {
		t.Errorf("pages %v are bad; want 9 and %d", bad, last)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, next, err := d.CheckPages(ctx, 3, 9); next != 3 || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: next %d, %v; want 3", next, err)
	}
	empty := open(t, options(t))
	if err := errors.Join(empty.Close(), os.Remove(empty.opts.Path)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := empty.CheckPages(t.Context(), 1, 9); err == nil {
		t.Error("the pages of a file that vanished are sound")
	}
	if err := os.WriteFile(empty.opts.Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bad, next, err := empty.CheckPages(t.Context(), 1, 9)
	if err := errors.Join(err, empty.raw.close()); err != nil || len(bad) > 0 || next != 0 {
		t.Errorf("of a file in which there is nothing yet: %v, %d, %v", bad, next, err)
	}
}
