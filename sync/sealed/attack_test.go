package sealed_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/sealed"
	"github.com/elderzan/elderzan/sync/synctest"
)

// peer is one device with its folder.
type peer struct {
	team   *sealed.Team
	local  *synctest.Local
	saved  sealed.State
	audits []memory.Audit
	remote memsync.Remote
}

func (p *peer) options(d sealed.Directory) sealed.Options {
	return sealed.Options{Directory: d, Save: func(_ context.Context, s sealed.State, as ...memory.Audit) error {
		p.saved, p.audits = s, append(p.audits, as...)
		return nil
	}}
}

// sync does a round as the engine does.
func (p *peer) sync(t *testing.T) (memsync.Report, error) {
	t.Helper()
	if err := p.team.Refresh(t.Context()); err != nil {
		return memsync.Report{}, err
	}
	s, err := p.team.Sealer()
	if err != nil {
		return memsync.Report{}, err
	}
	return memsync.NewEngine(memsync.Shared(p.team.ID()), p.local, p.remote, s, memsync.Options{Device: p.team.Device().String(), Patience: -1}).Round(t.Context())
}

func (p *peer) must(t *testing.T) {
	t.Helper()
	if rep, err := p.sync(t); err != nil || rep.Held != 0 {
		t.Fatalf("sync: %+v, %v", rep, err)
	}
}

// world is a team of two and its server.
type world struct {
	dir    *synctest.Directory
	remote *synctest.Remote
	a, b   *peer
	place  memsync.Place
}

func device(t *testing.T) *team.Device {
	t.Helper()
	d, err := team.NewDevice(team.DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: &synctest.Directory{}, remote: synctest.NewRemote()}
	id := uuid.New()
	w.place = memsync.Shared(id)
	w.a = &peer{local: synctest.NewLocal(time.Now), remote: w.remote}
	var err error
	if w.a.team, err = sealed.Found(t.Context(), w.a.options(w.dir), device(t), id, "core", "ada"); err != nil {
		t.Fatal(err)
	}
	w.b = w.join(t, "ben")
	return w
}

func (w *world) join(t *testing.T, name string) *peer {
	t.Helper()
	inv, err := w.a.team.Invite(t.Context(), team.InviteOptions{}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{local: synctest.NewLocal(time.Now), remote: w.remote}
	if p.team, err = sealed.Join(t.Context(), p.options(w.dir), device(t), inv, "core", name); err != nil {
		t.Fatal(err)
	}
	if err := p.team.Refresh(t.Context()); !errors.Is(err, sealed.ErrNotYet) {
		t.Fatalf("before it is let in: %v", err)
	}
	w.a.must(t)
	p.must(t)
	return p
}

func (p *peer) put(text string) memory.ID {
	m := memory.Memory{ID: memory.NewID(), Content: text, Scope: scope.Shared, State: memory.Active}
	p.local.Put(m, false)
	return m.ID
}

func (p *peer) change(id memory.ID, text string) {
	m, _, _ := p.local.Get(id)
	m.Content = text
	p.local.Put(m, false)
}

// TestRecordAttacks has the server tamper with records on their way to ben, and looks whether he notices, notes it,
// uses nothing of it, and goes on when the server is honest again.
func TestRecordAttacks(t *testing.T) {
	rows := func(w *world) map[memory.ID][]byte {
		out := map[memory.ID][]byte{}
		w.remote.Tamper(w.place, func(r *memsync.Record) { out[r.ID] = slices.Clone(r.Body) })
		return out
	}
	// The state before an attack: two rows at version 2, of which old holds version 1; ben has seen both.
	for name, tc := range map[string]struct {
		attack func(t *testing.T, w *world, old, now map[memory.ID][]byte, r *memsync.Record)
		want   string
	}{
		"rows exchanged": {func(_ *testing.T, _ *world, _, now map[memory.ID][]byte, r *memsync.Record) {
			for id, b := range now {
				if id != r.ID {
					r.Body = b
				}
			}
		}, "another row"},
		"old version replayed": {func(_ *testing.T, _ *world, old, _ map[memory.ID][]byte, r *memsync.Record) { r.Body = old[r.ID] }, "replays the past"},
		"old version as a new one": {func(_ *testing.T, _ *world, old, _ map[memory.ID][]byte, r *memsync.Record) {
			r.Body = slices.Clone(old[r.ID])
			r.Body[46] = 9
			r.Version = 9
		}, "two histories"},
		"another team":  {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[7] ^= 1 }, "another team"},
		"epoch raised":  {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[54] = 9 }, "withholds entries"},
		"suite lowered": {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[5] = 1 }, "weaker cipher suite"},
		"scope changed": {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[6] = 4 }, "scope"},
		"author forged": {func(_ *testing.T, w *world, _, _ map[memory.ID][]byte, r *memsync.Record) {
			id := w.b.team.Device()
			copy(r.Body[55:], id[:])
		}, "signature"},
		"author unknown": {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[60] ^= 1 }, "author"},
		"history cut":    {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[71] ^= 1 }, "signature"},
		"time moved":     {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[106] ^= 1 }, "signature"},
		"key replaced":   {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[140] ^= 1 }, "signature"},
		"text altered":   {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) { r.Body[200] ^= 1 }, "signature"},
		"signature cut": {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) {
			r.Body = r.Body[:len(r.Body)-1]
		}, "record"},
		"rubbish": {func(_ *testing.T, _ *world, _, _ map[memory.ID][]byte, r *memsync.Record) {
			r.Body = bytes.Repeat([]byte("x"), 300)
		}, "record"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			one, two := w.a.put("one"), w.a.put("two")
			w.a.must(t)
			old := rows(w)
			w.b.must(t)
			w.a.change(one, "one again")
			w.a.change(two, "two again")
			w.a.must(t)
			w.b.must(t)
			w.a.change(one, "one at last")
			w.a.must(t)
			now := rows(w)
			w.remote.Tamper(w.place, func(r *memsync.Record) { tc.attack(t, w, old, now, r) })
			rep, err := w.b.sync(t)
			if err != nil || rep.Held == 0 {
				t.Fatalf("not noticed: %+v, %v", rep, err)
			}
			for id, text := range map[memory.ID]string{one: "one again", two: "two again"} {
				if m, _, _ := w.b.local.Get(id); m.Content != text {
					t.Errorf("the memory says %q", m.Content)
				}
			}
			held, err := w.b.local.Held(t.Context(), w.place, 10)
			if err != nil || len(held) == 0 {
				t.Fatalf("held: %v, %v", held, err)
			}
			words := ""
			byID, err := w.b.local.Rows(t.Context(), w.place, held)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range byID {
				words += r.Held
			}
			if !strings.Contains(words, tc.want) {
				t.Errorf("told as %q, want %q in it", words, tc.want)
			}
			audited := 0
			for _, a := range w.b.local.Audits {
				if a.Action == "sync-refused" {
					audited++
				}
			}
			if audited == 0 && !strings.Contains(words, "cannot be opened yet") {
				t.Error("not audited")
			}
			if _, err := w.b.sync(t); err != nil {
				t.Error(err)
			}
			w.remote.Tamper(w.place, func(r *memsync.Record) { r.Body = now[r.ID] })
			w.b.must(t)
			if m, _, _ := w.b.local.Get(one); m.Content != "one at last" {
				t.Errorf("after the attack the memory says %q", m.Content)
			}
		})
	}
}

// TestEveryHeaderByte flips each byte of a record's header.
func TestEveryHeaderByte(t *testing.T) {
	w := newWorld(t)
	id := w.a.put("text")
	w.a.must(t)
	var good []byte
	w.remote.Tamper(w.place, func(r *memsync.Record) { good = slices.Clone(r.Body) })
	for i := range 183 {
		w.remote.Tamper(w.place, func(r *memsync.Record) {
			r.Body = slices.Clone(good)
			r.Body[i] ^= 1 << (i % 8)
		})
		if rep, err := w.b.sync(t); err != nil || rep.Held == 0 {
			t.Fatalf("byte %d: %+v, %v", i, rep, err)
		}
		if _, _, ok := w.b.local.Get(id); ok {
			t.Fatalf("byte %d: the memory came through", i)
		}
	}
}

// TestChainAttacks has the server show false histories of the team.
func TestChainAttacks(t *testing.T) {
	for name, tc := range map[string]struct {
		attack func(t *testing.T, w *world)
		want   error
	}{
		"entries withheld": {func(_ *testing.T, w *world) { w.dir.Chain = w.dir.Chain[:1] }, team.ErrTruncated},
		"nothing shown":    {func(_ *testing.T, w *world) { w.dir.Chain = nil }, team.ErrTruncated},
		"another history": {func(t *testing.T, w *world) {
			o := newWorld(t)
			w.dir.Chain = append(w.dir.Chain[:1:1], o.dir.Chain[1])
		}, nil},
		"another team": {func(t *testing.T, w *world) { w.dir.Chain = newWorld(t).dir.Chain }, nil},
		"entry altered": {func(_ *testing.T, w *world) {
			e := slices.Clone(w.dir.Chain[len(w.dir.Chain)-1])
			e[len(e)/2] ^= 1
			w.dir.Chain = append(w.dir.Chain[:len(w.dir.Chain)-1:len(w.dir.Chain)-1], e)
		}, nil},
		"rubbish appended": {func(_ *testing.T, w *world) { w.dir.Chain = append(w.dir.Chain, []byte("rubbish")) }, team.ErrFormat},
		"entry doubled":    {func(_ *testing.T, w *world) { w.dir.Chain = append(w.dir.Chain, w.dir.Chain[len(w.dir.Chain)-1]) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			saved := len(w.b.saved.Entries)
			tc.attack(t, w)
			_, err := w.b.sync(t)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Fatalf("sync: %v, want %v or another error", err, tc.want)
			}
			if w.b.team.Alarm() == "" || len(w.b.saved.Entries) != saved {
				t.Errorf("alarm %q, %d entries kept", w.b.team.Alarm(), len(w.b.saved.Entries))
			}
			if last := w.b.audits[len(w.b.audits)-1]; last.Action != "sync-alarm" || last.Reason == "" {
				t.Errorf("audit: %+v", last)
			}
			n := len(w.b.audits)
			if _, err := w.b.sync(t); err == nil || len(w.b.audits) != n {
				t.Errorf("a second time: %v, %d entries more", err, len(w.b.audits)-n)
			}
			if _, err := sealed.Restore(w.b.options(w.dir), w.b.saved); err != nil {
				t.Errorf("after a restart: %v", err)
			}
		})
	}
}

// TestMend has a member put rubbish behind the chain by hand: nothing goes on until an owner takes it out.
func TestMend(t *testing.T) {
	for name, rubbish := range map[string]func(w *world) [][]byte{
		"rubbish":    func(*world) [][]byte { return [][]byte{[]byte("rubbish")} },
		"much of it": func(*world) [][]byte { return [][]byte{[]byte("rubbish"), []byte("rubbish"), {}} },
		"a copy":     func(w *world) [][]byte { return [][]byte{w.dir.Chain[1]} },
		"the newest": func(w *world) [][]byte { return [][]byte{w.dir.Chain[len(w.dir.Chain)-1]} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			good := len(w.dir.Chain)
			w.dir.Chain = append(w.dir.Chain, rubbish(w)...)
			for who, p := range map[string]*peer{"ada": w.a, "ben": w.b} {
				if _, err := p.sync(t); err == nil || !strings.Contains(err.Error(), "elderzan team mend") {
					t.Errorf("%s: %v, want what to do", who, err)
				}
			}
			want := len(w.dir.Chain) - good
			if n, err := w.a.team.Mend(t.Context()); err != nil || n != want || len(w.dir.Chain) != good {
				t.Errorf("mend: %d of %d, %v; %d entries are left, want %d", n, want, err, len(w.dir.Chain), good)
			}
			if n, err := w.a.team.Mend(t.Context()); err != nil || n != 0 {
				t.Errorf("again: %d, %v", n, err)
			}
			w.join(t, "cyd")
			w.b.must(t)
		})
	}
	// What a member added since this device last looked stays.
	w := newWorld(t)
	w.join(t, "cyd")
	good := len(w.dir.Chain)
	w.dir.Chain = append(w.dir.Chain, []byte("rubbish"))
	if n, err := w.b.team.Mend(t.Context()); err != nil || n != 1 || len(w.dir.Chain) != good {
		t.Errorf("behind what is new: %d, %v; %d entries are left, want %d", n, err, len(w.dir.Chain), good)
	}
	w = newWorld(t)
	w.dir.Chain = w.dir.Chain[:1]
	if _, err := w.a.team.Mend(t.Context()); !errors.Is(err, team.ErrTruncated) {
		t.Errorf("a chain cut short: %v", err)
	}
}

// TestRemovedMember takes ben out: what is written afterwards he cannot read, nor can he write, whatever the server does.
func TestRemovedMember(t *testing.T) {
	w := newWorld(t)
	c := w.join(t, "cyd")
	ring, err := w.a.team.Ring()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ring.Chain().Members() {
		if m.Name == "ben" {
			if err := w.a.team.Remove(t.Context(), m.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	id := w.a.put("for those who stayed")
	w.a.must(t)
	// The server hands ben the wraps of the others as if they were his.
	for _, k := range slices.Clone(w.dir.Keys) {
		k.Device = w.b.team.Device()
		w.dir.Keys = append(w.dir.Keys, k)
	}
	if _, err := w.b.sync(t); !errors.Is(err, sealed.ErrRemoved) {
		t.Errorf("ben: %v", err)
	}
	if _, _, ok := w.b.local.Get(id); ok {
		t.Error("ben reads on")
	}
	c.must(t)
	if m, _, ok := c.local.Get(id); !ok || m.Content != "for those who stayed" {
		t.Errorf("cyd: %v %q", ok, m.Content)
	}
}

// TestReader makes ben a reader: what he shares stays with him, and all else goes on.
func TestReader(t *testing.T) {
	w := newWorld(t)
	ring, err := w.a.team.Ring()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ring.Chain().Members() {
		if m.Name == "ben" {
			if err := w.a.team.SetRole(t.Context(), m.ID, team.Reader); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.b.put("from a reader")
	id := w.a.put("for readers")
	w.a.must(t)
	if rep, err := w.b.sync(t); err != nil || rep.Refused != 1 || w.b.local.Waiting() != 0 {
		t.Errorf("ben: %+v, %v, %d waiting", rep, err, w.b.local.Waiting())
	}
	if _, _, ok := w.b.local.Get(id); !ok {
		t.Error("a reader does not read")
	}
}

// TestSubstitutedKey has the server hand out another key of the epoch, and a good one beside it.
func TestSubstitutedKey(t *testing.T) {
	w, o := newWorld(t), newWorld(t)
	fresh := w.join(t, "cyd")
	restored, err := sealed.Restore(fresh.options(w.dir), fresh.saved) // after a restart the keys are asked for again
	if err != nil {
		t.Fatal(err)
	}
	fresh.team = restored
	good := w.dir.Keys
	w.dir.Keys = nil
	for _, k := range o.dir.Keys {
		k.Device = fresh.team.Device()
		w.dir.Keys = append(w.dir.Keys, k)
	}
	if _, err := fresh.sync(t); err == nil || fresh.team.Alarm() == "" {
		t.Errorf("another team's keys: %v", err)
	}
	w.dir.Keys = append(w.dir.Keys, good...)
	fresh.must(t)
}

// TestForgedJoin has the server make wishes to join of its own.
func TestForgedJoin(t *testing.T) {
	w, o := newWorld(t), newWorld(t)
	inv, err := o.a.team.Invite(t.Context(), team.InviteOptions{}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	req, err := device(t).Join(inv, "mallory")
	if err != nil {
		t.Fatal(err)
	}
	ring, err := w.a.team.Ring()
	if err != nil {
		t.Fatal(err)
	}
	req.Team, req.Genesis, req.Inviter = w.a.team.ID(), ring.Chain().Genesis(), w.a.team.Device()
	if err := w.dir.Ask(t.Context(), req.Encode()); err != nil {
		t.Fatal(err)
	}
	before := len(w.dir.Chain)
	if _, err := w.a.sync(t); err != nil {
		t.Fatal(err)
	}
	if len(w.dir.Chain) != before {
		t.Error("mallory is in the team")
	}
	if !strings.Contains(w.a.team.Alarm(), "refused") && !slices.ContainsFunc(w.a.audits, func(a memory.Audit) bool { return a.Action == "team-refused" }) {
		t.Error("nobody was told")
	}
}
