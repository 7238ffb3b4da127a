package sealed_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/sealed"
	"github.com/elderzan/elderzan/sync/synctest"
)

// shaky is a directory, and the storage of those who use it, of which one call fails.
type shaky struct {
	dir         *synctest.Directory
	calls, fail int // the directory's; 0 fails none
	saves, lose int // the storage's
}

var (
	errAway = fmt.Errorf("%w: no route", memsync.ErrOffline)
	errDisk = errors.New("no room on the disk")
)

func (s *shaky) call() error {
	if s.calls++; s.calls == s.fail {
		return errAway
	}
	return nil
}

func (s *shaky) save() error {
	if s.saves++; s.saves == s.lose {
		return errDisk
	}
	return nil
}

func (s *shaky) Entries(ctx context.Context, from uint64) ([][]byte, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	return s.dir.Entries(ctx, from)
}

func (s *shaky) Append(ctx context.Context, seq uint64, entry []byte, author uuid.UUID, wraps []memsync.Wrap) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.dir.Append(ctx, seq, entry, author, wraps)
}

func (s *shaky) Strike(ctx context.Context, from uint64, entries [][]byte) (int, error) {
	if err := s.call(); err != nil {
		return 0, err
	}
	return s.dir.Strike(ctx, from, entries)
}

func (s *shaky) Grant(ctx context.Context, author uuid.UUID, wraps []memsync.Wrap) error {
	return errors.Join(s.call(), s.dir.Grant(ctx, author, wraps))
}

func (s *shaky) Wraps(ctx context.Context, device uuid.UUID, from uint64) ([][]byte, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	return s.dir.Wraps(ctx, device, from)
}

func (s *shaky) Ask(ctx context.Context, request []byte) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.dir.Ask(ctx, request)
}

func (s *shaky) Joins(ctx context.Context) ([]memsync.Join, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	return s.dir.Joins(ctx)
}

func (s *shaky) Invite(context.Context, string, string, time.Time) error { return s.call() }

func (s *shaky) Admit(ctx context.Context, login string, device uuid.UUID, writes, manages bool) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.dir.Admit(ctx, login, device, writes, manages)
}

func (s *shaky) Dismiss(context.Context, uuid.UUID) error               { return s.call() }
func (s *shaky) SetRights(context.Context, uuid.UUID, bool, bool) error { return s.call() }

func (s *shaky) options(saved *sealed.State) sealed.Options {
	return sealed.Options{Directory: s, Save: func(_ context.Context, st sealed.State, _ ...memory.Audit) error {
		if err := s.save(); err != nil {
			return err
		}
		*saved = st
		return nil
	}}
}

// life is all that happens to a team, with three devices; it ends with the first error that does not belong to it.
func (s *shaky) life(t *testing.T) (err error) {
	ctx := t.Context()
	step := func(want error, do func() error) {
		if err != nil {
			return
		}
		switch got := do(); {
		case want != nil && errors.Is(got, want):
		case got != nil:
			err = got
		case want != nil:
			err = fmt.Errorf("no error where %w belongs", want)
		}
	}
	var as, bs, cs sealed.State
	var a, b, c *sealed.Team
	var inv team.Invite
	var shares []team.Share
	step(nil, func() (err error) {
		a, err = sealed.Found(ctx, s.options(&as), device(t), uuid.New(), "core", "ada")
		return err
	})
	step(nil, func() error { return a.SetConfirm(ctx, true) })
	step(nil, func() error {
		if !a.Confirms() {
			return errors.New("newcomers do not wait")
		}
		return nil
	})
	step(nil, func() (err error) { inv, err = a.Invite(ctx, team.InviteOptions{}, "", ""); return err })
	step(nil, func() (err error) {
		b, err = sealed.Join(ctx, s.options(&bs), device(t), inv, "core", "ben")
		return err
	})
	step(sealed.ErrNotYet, func() error { return b.Refresh(ctx) })
	step(nil, func() error {
		waiting, err := a.Waiting(ctx)
		if err == nil && (len(waiting) != 1 || waiting[0].Fingerprint != b.Fingerprint() || !waiting[0].Mine || waiting[0].Name != "ben") {
			t.Errorf("who waits: %+v", waiting)
		}
		return err
	})
	step(nil, func() error { return a.Refresh(ctx) }) // lets nobody in without a person
	step(sealed.ErrNotYet, func() error { return b.Refresh(ctx) })
	step(nil, func() error { _, err := a.Accept(ctx, b.Fingerprint()); return err })
	step(nil, func() error { return b.Refresh(ctx) })
	step(nil, func() error { return a.SetConfirm(ctx, false) })
	step(nil, func() (err error) { inv, err = a.Invite(ctx, team.InviteOptions{Own: true}, "", ""); return err })
	step(nil, func() (err error) { c, err = sealed.Join(ctx, s.options(&cs), device(t), inv, "core", ""); return err })
	step(nil, func() error { return a.Refresh(ctx) })
	step(nil, func() error { return c.Refresh(ctx) })
	ben := func() uuid.UUID {
		r, err := a.Ring()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range r.Chain().Members() {
			if m.Name == "ben" {
				return m.ID
			}
		}
		return uuid.Nil
	}
	step(nil, func() error { return a.Refresh(ctx) })
	step(nil, func() error { return a.SetRole(ctx, ben(), team.Reader) })
	step(nil, func() (err error) { shares, err = a.SetRecovery(ctx, 2, 3); return err })
	step(nil, func() error {
		r, err := a.Ring()
		if err != nil {
			return err
		}
		_, err = sealed.Recover(ctx, s, r.Chain().Fingerprint().String(), shares[:2])
		return err
	})
	step(nil, func() error { return a.DropRecovery(ctx) })
	step(nil, func() error { return c.Rotate(ctx) }) // before it has read what a did: proposed anew
	step(nil, func() error { return b.Refresh(ctx) })
	step(nil, func() error {
		again, err := sealed.Restore(s.options(&bs), bs)
		if err != nil {
			return err
		}
		return again.Refresh(ctx)
	})
	step(nil, func() error { return a.Refresh(ctx) })
	step(nil, func() error { return a.Remove(ctx, ben()) })
	step(sealed.ErrRemoved, func() error { return b.Refresh(ctx) })
	return err
}

// TestShaky has each call to the cloud fail once, and each write to the storage: the error is told as what it is, and by
// nobody as a crime of the cloud's.
func TestShaky(t *testing.T) {
	if err := (&shaky{dir: &synctest.Directory{}}).life(t); err != nil {
		t.Fatalf("without trouble: %v", err)
	}
	for n := 1; ; n++ {
		s := &shaky{dir: &synctest.Directory{}, fail: n}
		err := s.life(t)
		if s.calls < n {
			t.Logf("%d calls", s.calls)
			break
		}
		if !errors.Is(err, errAway) {
			t.Errorf("call %d failed: %v", n, err)
		}
	}
	for n := 1; ; n++ {
		s := &shaky{dir: &synctest.Directory{}, lose: n}
		err := s.life(t)
		if s.saves < n {
			t.Logf("%d saves", s.saves)
			break
		}
		if err != nil && !errors.Is(err, errDisk) && !errors.Is(err, sealed.ErrNotYet) { // a newcomer's is the inviter's trouble
			t.Errorf("write %d failed: %v", n, err)
		}
	}
}

// TestNobodyYet asks a device for what only a member has.
func TestNobodyYet(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	inv, err := w.a.team.Invite(ctx, team.InviteOptions{}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{local: synctest.NewLocal(time.Now), remote: w.remote}
	if _, err := sealed.Join(ctx, p.options(w.dir), device(t), inv, "core", "cyd"); err != nil {
		t.Fatal(err)
	}
	tm, err := sealed.Restore(p.options(w.dir), p.saved)
	if err != nil || tm.Name() != "core" {
		t.Fatalf("restored before it was let in: %v", err)
	}
	for name, do := range map[string]func() error{
		"sealer":   func() error { _, err := tm.Sealer(); return err },
		"opened":   func() error { _, _, _, _, err := tm.Opened(); return err },
		"invite":   func() error { _, err := tm.Invite(ctx, team.InviteOptions{}, "", ""); return err },
		"accept":   func() error { _, err := tm.Accept(ctx, tm.Fingerprint()); return err },
		"remove":   func() error { return tm.Remove(ctx, uuid.New()) },
		"role":     func() error { return tm.SetRole(ctx, uuid.New(), team.Reader) },
		"rotate":   func() error { return tm.Rotate(ctx) },
		"recovery": func() error { _, err := tm.SetRecovery(ctx, 2, 3); return err },
		"mend":     func() error { _, err := tm.Mend(ctx); return err },
	} {
		if err := do(); !errors.Is(err, sealed.ErrNotYet) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.a.team.Accept(ctx, w.b.team.Fingerprint()); err == nil {
		t.Error("somebody who asks for nothing was taken in")
	}
	if err := w.a.team.Remove(ctx, uuid.New()); err == nil {
		t.Error("nobody was removed")
	}
	if err := w.b.team.Rotate(ctx); !errors.Is(err, team.ErrNotAllowed) {
		t.Errorf("an editor rotates: %v", err)
	}
	if _, err := w.a.team.Invite(ctx, team.InviteOptions{Role: 99}, "", ""); err == nil {
		t.Error("an invite into a role that is none")
	}
	for what, change := range map[string]func(*sealed.State){
		"device": func(s *sealed.State) { s.Device = []byte("x") },
		"anchor": func(s *sealed.State) { s.Anchor = []byte("x") },
		"chain":  func(s *sealed.State) { s.Entries = [][]byte{[]byte("x")} },
	} {
		s := w.b.saved
		change(&s)
		if _, err := sealed.Restore(w.b.options(w.dir), s); err == nil {
			t.Errorf("restored from a damaged %s", what)
		}
	}
	sealer, err := w.a.team.Sealer()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sealer.Seal("x", memsync.State{}, memsync.Payload{}); err == nil {
		t.Error("an id that is none was sealed")
	}
	if _, _, err := sealer.Open("x", nil, memsync.State{}); err == nil {
		t.Error("an id that is none was opened")
	}
	if _, _, err := sealer.Seal(memory.NewID(), memsync.State{}, memsync.Payload{Text: "\xff"}); err == nil || errors.Is(err, memsync.ErrRefused) {
		t.Errorf("text that is not UTF-8: %v", err)
	}
}
