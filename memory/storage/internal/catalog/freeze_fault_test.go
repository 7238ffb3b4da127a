package catalog

import (
	"context"
	"errors"
	"os"
	"testing"
)

// TestFreezeFails has the n-th call of SQLite fail while the database is frozen, for every n until that comes through, with
// and without changes being followed: writers go on, and what is frozen in the end is whole.
func TestFreezeFails(t *testing.T) {
	for _, follow := range []bool{false, true} {
		for _, kind := range []fault{refused, dropped, damaged} {
			h := hold(t)
			if follow {
				h.Track()
			}
			before := h.state(t)
			for n := 1; ; n++ {
				h.f.arm(kind, n)
				f, err := h.Freeze(t.Context(), func() error { return nil })
				hit := h.f.lift()
				if hit == "" {
					if err != nil {
						t.Fatal(err)
					}
					if (f.Changes != nil) != follow {
						t.Errorf("told of changes: %v; want %v", f.Changes != nil, follow)
					}
					wantMoment(t, h.DB, f, 3)
					if err := f.Close(); err != nil {
						t.Error(err)
					}
					break
				}
				wantTold(t, "Freeze", hit, &h.opts, kind, err)
				if changed := differences(before, h.state(t)); len(changed) > 0 {
					t.Errorf("%s: changed %v", hit, changed)
				}
			}
		}
	}
}

// TestFreezeEnds has Freeze end early: what it held is let go, so that the log can be emptied.
func TestFreezeEnds(t *testing.T) {
	stop := errors.New("stop")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	h := hold(t)
	if _, err := h.Freeze(t.Context(), func() error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Freeze: %v; want at's error", err)
	}
	if _, err := h.Freeze(canceled, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Freeze: %v; want context.Canceled", err)
	}
	if err := os.Rename(h.opts.Path, h.opts.Path+".moved"); err != nil {
		t.Fatal(err)
	}
	_, err := h.Freeze(t.Context(), func() error { return nil })
	if rerr := os.Rename(h.opts.Path+".moved", h.opts.Path); err == nil || rerr != nil {
		t.Errorf("Freeze of a file that vanished: %v, %v", err, rerr)
	}
	if done, err := h.Truncate(t.Context()); err != nil || !done {
		t.Errorf("Truncate = %v, %v; want it done", done, err)
	}
}

// TestLogFails has the writer's look at the log fail while changes are followed: every page counts as changed then, until a
// moment is held anew.
func TestLogFails(t *testing.T) {
	h := hold(t)
	h.Track()
	freeze := func() *Changes {
		t.Helper()
		f, err := h.Freeze(t.Context(), func() error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		h.Followed(f.Changes.Mark)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return f.Changes
	}
	write := func() {
		t.Helper()
		if err := h.Write(t.Context(), func(tx *Tx) error { return tx.SetMeta("k", []byte("v")) }); err != nil {
			t.Fatal(err)
		}
	}
	freeze()
	write()
	if freeze().Since == 0 {
		t.Fatal("changes are not followed")
	}
	for name, fail := range map[string]func(t *testing.T){
		"the look at the log": func(*testing.T) {
			err := h.Exclusive(t.Context(), func() error {
				h.f.spared = nil
				_ = h.track.foreign(func() error { return nil })
				h.f.arm(refused, 1)
				h.writer.observe()
				h.f.spared = housework
				return nil
			})
			if err != nil || h.f.lift() == "" {
				t.Fatalf("the look did not fail: %v", err)
			}
		},
		"the log is not to be opened": func(t *testing.T) {
			err := h.Exclusive(t.Context(), func() error {
				_ = h.track.foreign(func() error { return nil })
				h.track.path += ".none"
				h.writer.observe()
				h.track.path = h.opts.Path + LogSuffix
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		fail(t)
		if c := freeze(); c.Since != 0 || !c.Any(0, 1) {
			t.Errorf("%s failed, and changes since %d are known", name, c.Since)
		}
		write()
		if freeze().Since == 0 {
			t.Errorf("%s failed once, and changes are not followed any more", name)
		}
	}
}
