package team

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// model is what a test expects of a team, kept without the package's own state.
type model struct {
	*server
	t       *rapid.T
	tb      testing.TB
	rings   []*Ring // of every device that ever was
	devices map[uuid.UUID]*modelDevice
	epoch   uint64
}

type modelDevice struct {
	member  uuid.UUID
	role    Role
	gone    bool
	lastKey uint64 // newest epoch whose key the device may have
	writes  map[uint64]bool
}

// owners counts the members who are owners.
func (m *model) owners() int {
	seen := map[uuid.UUID]bool{}
	for _, d := range m.devices {
		if !d.gone && d.role == Owner {
			seen[d.member] = true
		}
	}
	return len(seen)
}

// pick draws a device that is there.
func (m *model) pick(label string) *Ring {
	present := slices.DeleteFunc(slices.Clone(m.rings), func(r *Ring) bool { return m.devices[r.Device()].gone })
	return rapid.SampledFrom(present).Draw(m.t, label)
}

// try proposes op, which must pass if and only if allowed says so.
func (m *model) try(by *Ring, op Op, opts ProposeOptions, allowed bool) bool {
	m.sync(m.tb, by)
	opts.Now = clock
	c, err := by.Propose(op, opts)
	if (err == nil) != allowed {
		m.t.Fatalf("%v by %v: %v, should pass: %v", op.Kind(), m.devices[by.Device()].role, err, allowed)
	}
	if err != nil {
		return false
	}
	m.accept(m.tb, by, c)
	if c.Epoch != 0 {
		m.epoch = c.Epoch
	}
	return true
}

// settle notes who may have the newest key now, and who may write in the newest epoch.
func (m *model) settle() {
	for _, d := range m.devices {
		if !d.gone && d.role.Writes() {
			d.writes[m.epoch] = true
		}
		if !d.gone && d.role.Reads() {
			d.lastKey = m.epoch
		}
	}
}

func (m *model) join(own bool) {
	inviter := m.pick("inviter")
	m.sync(m.tb, inviter)
	by := m.devices[inviter.Device()]
	role := rapid.SampledFrom([]Role{Owner, Editor, Reader, Auditor}).Draw(m.t, "role")
	if own {
		role = by.role
	}
	i, err := inviter.Invite(InviteOptions{Role: role, Own: own, Now: clock})
	if err != nil {
		if own || by.role == Owner {
			m.t.Fatalf("invite: %v", err)
		}
		return
	}
	d := newDevice(m.tb, "x")
	var q JoinRequest
	if own {
		q, err = d.JoinAs(i, inviter.Chain())
	} else {
		q, err = d.Join(i, fmt.Sprint("member ", len(m.rings)))
	}
	if err != nil {
		m.t.Fatal(err)
	}
	op, err := inviter.Accept(q, AcceptOptions{Now: clock})
	if err != nil {
		m.t.Fatal(err)
	}
	fresh := by.role.Reads() && rapid.Bool().Draw(m.t, "new epoch")
	if m.try(inviter, op, ProposeOptions{NewEpoch: fresh}, true) {
		m.rings = append(m.rings, m.enter(m.tb, d, i))
		m.devices[d.ID()] = &modelDevice{member: q.Member.ID, role: role, writes: map[uint64]bool{}}
	}
}

func (m *model) remove() {
	by, victim := m.pick("by"), m.pick("victim")
	author, d := m.devices[by.Device()], m.devices[victim.Device()]
	op := Remove{Member: d.member}
	if rapid.Bool().Draw(m.t, "one device") {
		op.Device = victim.Device()
	}
	own := author.member == d.member
	allowed := author.role == Owner && !own || own && op.Device != uuid.Nil && op.Device != by.Device()
	hit := func(id uuid.UUID, x *modelDevice) bool {
		return x.member == d.member && (op.Device == uuid.Nil || op.Device == id)
	}
	if m.try(by, op, ProposeOptions{}, allowed) {
		for id, x := range m.devices {
			x.gone = x.gone || hit(id, x)
		}
	}
}

func (m *model) setRole() {
	by, subject := m.pick("by"), m.pick("subject")
	author, d := m.devices[by.Device()], m.devices[subject.Device()]
	role := rapid.SampledFrom([]Role{Owner, Editor, Reader, Auditor}).Draw(m.t, "role")
	allowed := author.role == Owner && role != d.role && (d.role != Owner || m.owners() > 1)
	member := d.member
	if author.member == member && role == Auditor {
		allowed = false // who gives up reading would know the key that follows
	}
	if m.try(by, SetRole{Member: member, Role: role}, ProposeOptions{}, allowed) {
		for _, x := range m.devices {
			if x.member == member && !x.gone {
				x.role = role
			}
		}
	}
}

// check compares the whole team with the model.
func (m *model) check() {
	olga := m.rings[0]
	if err := olga.Extend(m.entries); err != nil {
		m.t.Fatal(err)
	}
	for _, r := range m.rings {
		d := m.devices[r.Device()]
		if err := r.Extend(m.entries); err != nil {
			m.t.Fatal(err)
		}
		for _, w := range m.wraps { // all of them: what is not for the device must not open
			err := r.Learn(w)
			if (err == nil) != (w.Device == r.Device()) {
				m.t.Fatalf("wrap of epoch %d for %s on %s: %v", w.Epoch, w.Device, r.Device(), err)
			}
		}
		var want []uint64
		for e := d.lastKey + 1; e <= m.epoch; e++ {
			want = append(want, e)
		}
		if got := r.Missing(); !slices.Equal(got, want) {
			m.t.Fatalf("%v device lacks epochs %v, want %v", d.role, got, want)
		}
		for e := uint64(1); e <= m.epoch; e++ {
			_, still, err := olga.Writer(e, r.Device())
			if (err == nil) != d.writes[e] || err == nil && still != (!d.gone && d.role.Writes()) {
				m.t.Fatalf("%v device in epoch %d: writes %v, still %v (%v)", d.role, e, d.writes[e], still, err)
			}
		}
	}
	head := olga.Chain().Head()
	if m.owners() == 0 {
		m.t.Fatal("no owner is left")
	}
	whole, err := Load(head, m.entries)
	if err != nil {
		m.t.Fatal(err)
	}
	if step := olga.Chain(); !reflect.DeepEqual(whole, step) {
		m.t.Fatal("the chain loaded at once is another than the one taken in step by step")
	}
}

// TestProperty lets members do what comes to their minds: what is allowed passes and nothing else, and after every
// step each device has exactly the keys it should have.
func TestProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, olga := found(t, CreateOptions{})
		m := &model{server: s, t: rt, tb: t, rings: []*Ring{olga}, epoch: 1}
		m.devices = map[uuid.UUID]*modelDevice{olga.Device(): {member: member(t, olga), role: Owner, writes: map[uint64]bool{}}}
		m.settle()
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "act") {
			case 0, 1:
				m.join(false)
			case 2:
				m.join(true)
			case 3:
				m.remove()
			case 4:
				m.setRole()
			case 5:
				by := m.pick("by")
				m.try(by, Rotate{}, ProposeOptions{}, m.devices[by.Device()].role == Owner)
			}
			m.settle()
		}
		m.check()
	})
}
