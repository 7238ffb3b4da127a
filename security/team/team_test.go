package team

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// clock is the time of every test.
func clock() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// server is what the cloud keeps of one team.
type server struct {
	entries [][]byte
	wraps   []Wrap
}

// accept stores a change, as the server does in one transaction, and applies it to the ring that made it.
func (s *server) accept(t testing.TB, r *Ring, c Change) {
	t.Helper()
	if r.Chain().Head() != c.Head { // a founder's ring has it already
		if err := r.Apply(c); err != nil {
			t.Fatalf("apply: %v", err)
		}
	}
	s.entries = append(s.entries, c.Entry)
	s.wraps = append(s.wraps, c.Wraps...)
}

// sync brings a ring up to date with all that the server has.
func (s *server) sync(t testing.TB, rings ...*Ring) {
	t.Helper()
	for _, r := range rings {
		if err := r.Extend(s.entries); err != nil {
			t.Fatalf("extend: %v", err)
		}
		for _, w := range s.wraps {
			if w.Device != r.Device() {
				continue
			}
			if err := r.Learn(w); err != nil {
				t.Fatalf("learn epoch %d: %v", w.Epoch, err)
			}
		}
	}
}

func (s *server) propose(t testing.TB, r *Ring, op Op, opts ProposeOptions) Change {
	t.Helper()
	opts.Now = clock
	s.sync(t, r)
	c, err := r.Propose(op, opts)
	if err != nil {
		t.Fatalf("propose %v: %v", op.Kind(), err)
	}
	s.accept(t, r, c)
	return c
}

func newDevice(t testing.TB, label string, suites ...Suite) *Device {
	t.Helper()
	d, err := NewDevice(DeviceOptions{Label: label, Suites: suites})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func found(t testing.TB, opts CreateOptions) (*server, *Ring) {
	t.Helper()
	opts.Now = clock
	if opts.Name == "" {
		opts.Name = "Olga"
	}
	ring, c, err := Create(newDevice(t, "olga's laptop"), opts)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{}
	s.accept(t, ring, c)
	return s, ring
}

// enter loads the chain by an invite, as a device does at first contact.
func (s *server) enter(t testing.TB, d *Device, i Invite) *Ring {
	t.Helper()
	chain, err := Load(i.Anchor(), s.entries)
	if err != nil {
		t.Fatal(err)
	}
	return NewRing(d, chain)
}

// admit takes in a newcomer by invite.
func (s *server) admit(t testing.TB, owner *Ring, name string, role Role, opts ProposeOptions) *Ring {
	t.Helper()
	return s.admitDevice(t, owner, newDevice(t, name+"'s laptop"), name, role, opts)
}

func (s *server) admitDevice(t testing.TB, owner *Ring, d *Device, name string, role Role, opts ProposeOptions) *Ring {
	t.Helper()
	i, err := owner.Invite(InviteOptions{Role: role, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	q, err := d.Join(i, name)
	if err != nil {
		t.Fatal(err)
	}
	ring := s.enter(t, d, i)
	op, err := owner.Accept(q, AcceptOptions{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	s.propose(t, owner, op, opts)
	s.sync(t, ring)
	return ring
}

// further takes in another device of a member.
func (s *server) further(t testing.TB, r *Ring, d *Device) *Ring {
	t.Helper()
	op, i := s.askFurther(t, r, d)
	s.propose(t, r, op, ProposeOptions{})
	ring := s.enter(t, d, i)
	s.sync(t, ring)
	return ring
}

func (s *server) askFurther(t testing.TB, r *Ring, d *Device) (Add, Invite) {
	t.Helper()
	s.sync(t, r)
	i, err := r.Invite(InviteOptions{Own: true, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	q, err := d.JoinAs(i, r.Chain())
	if err != nil {
		t.Fatal(err)
	}
	op, err := r.Accept(q, AcceptOptions{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return op, i
}

func member(t testing.TB, r *Ring) uuid.UUID {
	t.Helper()
	d, err := r.Chain().Device(r.Device())
	if err != nil {
		t.Fatal(err)
	}
	return d.Member.ID
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func wantMissing(t testing.TB, who string, r *Ring, want ...uint64) {
	t.Helper()
	if got := r.Missing(); !slices.Equal(got, want) {
		t.Errorf("%s lacks the keys of epochs %v, want %v", who, got, want)
	}
}

// TestLife follows a team from its founding: everybody has the keys they should have, and nobody another.
func TestLife(t *testing.T) {
	s, olga := found(t, CreateOptions{})
	wantMissing(t, "founder", olga)
	ed := s.admit(t, olga, "Ed", Editor, ProposeOptions{})
	wantMissing(t, "editor", ed)
	rita := s.admit(t, olga, "Rita", Reader, ProposeOptions{WithoutHistory: true, NewEpoch: true})
	wantMissing(t, "reader without history", rita, 1)
	aude := s.admit(t, olga, "Aude", Auditor, ProposeOptions{})
	wantMissing(t, "auditor", aude, 1, 2)
	phone := s.further(t, ed, newDevice(t, "ed's phone"))
	wantMissing(t, "editor's phone", phone)

	s.sync(t, olga, ed)
	gone := member(t, ed)
	s.propose(t, olga, Remove{Member: gone}, ProposeOptions{})
	s.sync(t, rita, aude)
	wantMissing(t, "reader after the removal", rita, 1)
	if err := ed.Extend(s.entries); err != nil {
		t.Fatal(err)
	}
	wantMissing(t, "removed editor", ed, 3)
	if _, err := ed.Propose(Rotate{}, ProposeOptions{}); !errors.Is(err, ErrAuthor) {
		t.Errorf("removed editor proposes: got %v, want %v", err, ErrAuthor)
	}

	wraps, err := olga.Grant(rita.Device())
	if err != nil || len(wraps) != 3 {
		t.Fatalf("grant: %d wraps, %v", len(wraps), err)
	}
	s.wraps = append(s.wraps, wraps...)
	s.sync(t, rita)
	wantMissing(t, "reader after the grant", rita)
	for epoch := uint64(1); epoch <= 3; epoch++ {
		a, errA := olga.Key(epoch)
		b, errB := rita.Key(epoch)
		if errA != nil || errB != nil || !a.Equal(b) {
			t.Errorf("epoch %d: the keys differ (%v, %v)", epoch, errA, errB)
		}
	}
	var names []string
	for _, m := range olga.Chain().Members() {
		names = append(names, m.Name)
	}
	if want := []string{"Olga", "Rita", "Aude"}; !slices.Equal(names, want) {
		t.Errorf("members %v, want %v", names, want)
	}
}
