package catalog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// thaw writes what a Frozen is made of into a folder and opens it as a database.
func thaw(t *testing.T, d *DB, f *Frozen) *DB {
	t.Helper()
	o := d.opts
	o.Create, o.Path = false, filepath.Join(t.TempDir(), "c.db")
	log, err := os.Open(d.opts.Path + LogSuffix)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for name, r := range map[string]io.Reader{o.Path: f.Database(), o.Path + LogSuffix: io.LimitReader(log, f.LogSize)} {
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 0 {
			err = os.WriteFile(name, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return open(t, o)
}

// freezeUnderWrites freezes d while a request waits that changes pages anew as soon as it may.
func freezeUnderWrites(t *testing.T, d *DB) (f *Frozen, held int) {
	t.Helper()
	f, err := d.Freeze(t.Context(), func() error {
		c, err := d.Count(t.Context())
		held = c.ByState[memory.Active]
		for end := time.Now().Add(time.Minute); d.Waiting() == 0; runtime.Gosched() {
			if time.Now().After(end) {
				return errors.New("nobody wants to write")
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f, held
}

// wantMoment checks that what f is made of is a sound database with as many memories as at its moment.
func wantMoment(t *testing.T, d *DB, f *Frozen, held int) {
	t.Helper()
	c := thaw(t, d, f)
	got, err := c.Count(t.Context())
	var damage []string
	derr := c.Snapshot(t.Context(), func(v *View) (err error) { // of one moment: the copy's writer merges full text in idle time
		damage, err = v.Integrity(t.Context())
		return err
	})
	if err := errors.Join(err, derr, c.Close()); err != nil || len(damage) > 0 || got.ByState[memory.Active] != held {
		t.Errorf("copy with %d bytes of log: %d memories, want %d; %q, %v", f.LogSize, got.ByState[memory.Active], held, damage, err)
	}
}

// TestFreeze takes the database at moments while four writers go on, and wants each copy whole and of its moment, be it
// the database file alone or with a part of the log.
func TestFreeze(t *testing.T) {
	o := options(t)
	o.WALLimit = 64 << 10 // the writer folds its log all the time
	d := open(t, o)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				text := fmt.Sprintf("text %d of writer %d", i, w)
				err := d.Write(t.Context(), func(tx *Tx) error { return tx.Insert(record(text), &Words{Content: text}) })
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 15 {
		f, held := freezeUnderWrites(t, d)
		wantMoment(t, d, f, held)
		later, heldLater := freezeUnderWrites(t, d) // f keeps the log from being folded in to its end
		if later.LogSize == 0 && heldLater > held {
			t.Error("a log that an older reader needs is not part of the later moment")
		}
		wantMoment(t, d, later, heldLater)
		wantMoment(t, d, f, held) // still
		if err := errors.Join(f.Close(), later.Close()); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	writers.Wait()
}
