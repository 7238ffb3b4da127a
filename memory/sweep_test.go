package memory_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

func TestSweep(t *testing.T) {
	w, p := newFullWorld(t, nil)
	old := w.keep(t, memory.RememberInput{Content: "for an hour", ExpiresIn: time.Hour}).Memory
	moved := w.keep(t, memory.RememberInput{Content: "for a day after all", ExpiresIn: 24 * time.Hour}).Memory
	gone := w.keep(t, memory.RememberInput{Content: "forgotten"}).Memory
	w.now = start.Add(2 * time.Hour)
	// One was given more time since it was found, one was purged.
	p.expired, p.forgotten = []memory.ID{old.ID, moved.ID, memory.NewID()}, []memory.ID{gone.ID}
	expired, purged, err := w.Sweep(t.Context(), p)
	if err != nil || expired != 1 || purged != 1 {
		t.Fatalf("Sweep = %d expired, %d purged, %v; want one of each", expired, purged, err)
	}
	ms, err := w.Get(t.Context(), mia, []memory.ID{old.ID, moved.ID})
	if err != nil || ms[0].State != memory.Forgotten || !ms[0].ForgottenAt.Equal(w.now) || ms[1].State != memory.Active || ms[1].Version != moved.Version {
		t.Errorf("memories = %+v, %v", ms, err)
	}
	if _, err := w.Get(t.Context(), mia, []memory.ID{gone.ID}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("the purged one: %v", err)
	}
	all := w.store.Audits()
	if a, b := all[len(all)-2], all[len(all)-1]; a.Action != "expire" || a.Subject != old.ID || a.User != "elderzan" || b.Action != "purge" {
		t.Errorf("audits = %+v", all)
	}
}

func TestArchive(t *testing.T) {
	w, p := newFullWorld(t, nil)
	unused := w.keep(t, memory.RememberInput{Content: "once"}).Memory
	pinned := w.keep(t, memory.RememberInput{Content: "always", Pinned: true}).Memory
	shared := w.keep(t, memory.RememberInput{Content: "ours", Scope: scope.Shared}).Memory
	p.unused = []memory.ID{unused.ID, pinned.ID, shared.ID, memory.NewID()}
	if n, err := w.Archive(t.Context(), p); err != nil || n != 1 {
		t.Errorf("Archive = %d, %v; want the one that nobody touched since", n, err)
	}
	ms, err := w.Get(t.Context(), mia, []memory.ID{unused.ID, pinned.ID, shared.ID})
	if err != nil || ms[0].State != memory.Archived || ms[1].State != memory.Active || ms[2].State != memory.Active {
		t.Errorf("memories = %+v, %v", ms, err)
	}
	if a := w.lastAudit(t); a.Action != "archive" || a.Subject != unused.ID {
		t.Errorf("audit = %+v", a)
	}
}

func TestSweepTrouble(t *testing.T) {
	for name, tc := range map[string]struct {
		op, step        string
		expired, purged int
	}{
		"finding":   {"Due", "find what is due: ", 0, 0},
		"expiring":  {"Change", "expire: ", 0, 0},
		"purging":   {"Purge", "purge: ", 1, 0},
		"unused":    {"Unused", "find what is unused: ", 1, 1},
		"archiving": {"Change of the archive", "archive: ", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := newFullWorld(t, nil)
			old := w.keep(t, memory.RememberInput{Content: "for an hour", ExpiresIn: time.Hour}).Memory
			gone := w.keep(t, memory.RememberInput{Content: "forgotten"}).Memory
			unused := w.keep(t, memory.RememberInput{Content: "once"}).Memory
			w.now = start.Add(2 * time.Hour)
			p.expired, p.forgotten, p.unused = []memory.ID{old.ID}, []memory.ID{gone.ID}, []memory.ID{unused.ID}
			p.breaks(tc.op)
			expired, purged, err := w.Sweep(t.Context(), p)
			if expired != tc.expired || purged != tc.purged {
				t.Errorf("%d expired, %d purged; want %d, %d", expired, purged, tc.expired, tc.purged)
			}
			if tc.step[:4] == "arch" {
				p.breaks("Change")
			}
			if err == nil {
				var n int
				if n, err = w.Archive(t.Context(), p); n != 0 {
					t.Errorf("%d archived", n)
				}
			}
			if !errors.Is(err, errDown) || err.Error() != tc.step+errDown.Error() {
				t.Errorf("error = %v; want %q before the cause", err, tc.step)
			}
		})
	}
}

// TestSweeper sweeps at once, then every ten minutes, and goes on after a failure, which is in the log.
func TestSweeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := newFullWorld(t, nil)
		old := w.keep(t, memory.RememberInput{Content: "for an hour", ExpiresIn: time.Hour}).Memory
		w.now = start.Add(2 * time.Hour)
		p.breaks("Due", "Unused")
		var log lockedBuffer
		s := memory.NewSweeper(t.Context(), w.Service, p, slog.New(slog.NewTextHandler(&log, nil)))
		synctest.Wait()
		if got := log.String(); !strings.Contains(got, "msg=sweep") || !strings.Contains(got, "msg=archive") {
			t.Errorf("log = %q; want both failures", got)
		}
		p.mu.Lock()
		p.breaks()
		p.expired = []memory.ID{old.ID}
		p.mu.Unlock()
		<-time.After(10*time.Minute - time.Second)
		synctest.Wait()
		if strings.Contains(log.String(), "swept") {
			t.Error("swept before its time")
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if got := log.String(); !strings.Contains(got, "swept") || !strings.Contains(got, "expired=1") {
			t.Errorf("log = %q; want that one was swept", got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		quiet := memory.NewSweeper(t.Context(), w.Service, p, nil)
		if err := quiet.Close(); err != nil {
			t.Error(err)
		}
	})
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
