package team

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
)

// TestChainSays reads what a chain says of its people.
func TestChainSays(t *testing.T) {
	c := newCrew(t)
	c.further(t, c.ed, newDevice(t, "ed's phone"))
	c.propose(t, c.olga, Remove{Member: member(t, c.rita)}, ProposeOptions{})
	chain := c.olga.Chain()
	id := member(t, c.ed)
	if m, err := chain.Member(id); err != nil || m != (Member{ID: id, Name: "Ed", Role: Editor}) {
		t.Errorf("member %+v, %v", m, err)
	}
	devices := chain.Devices(id)
	if len(devices) != 2 || devices[0].Public.Label != "Ed's laptop" || devices[1].Public.Label != "ed's phone" || devices[0].Member.ID != id {
		t.Errorf("devices %+v", devices)
	}
	devices[0].Public.Signing[0] ^= 1
	if err := chain.CheckDevice(c.ed.device.Public()); err != nil {
		t.Errorf("the caller of Devices changed the chain: %v", err)
	}
	gone, err := chain.Device(c.rita.Device())
	if err != nil || !gone.Removed || gone.Member.Name != "Rita" || len(chain.Devices(gone.Member.ID)) != 0 {
		t.Errorf("removed device %+v, %v", gone, err)
	}
	if _, err := chain.Device(uuid.UUID{1}); !errors.Is(err, ErrDevice) {
		t.Errorf("a stranger: %v", err)
	}
	last, err := ParseEntry(c.entries[len(c.entries)-1])
	if err != nil || last.Hash() != chain.Head().Hash || last.Op.Kind() != KindRemove {
		t.Errorf("the last entry is %v, %v", last.Op, err)
	}
	if p := chain.Policy(); p.MinSuite != SuiteX25519 || p.Recovery != nil {
		t.Errorf("policy %+v", p)
	}
	if chain.Fingerprint().String() == "" || chain.Head().IsZero() || !(Head{}).IsZero() {
		t.Error("fingerprint or head")
	}
	if c.olga.Team() != chain.Team() {
		t.Error("the ring's team is another")
	}
}

// large makes a team of n members besides the founder.
func large(b *testing.B, n int) (*server, *Ring) {
	s, olga := found(b, CreateOptions{})
	for i := range n {
		s.admit(b, olga, fmt.Sprint("member ", i), Editor, ProposeOptions{})
	}
	s.sync(b, olga)
	return s, olga
}

func BenchmarkLoad(b *testing.B) {
	s, olga := large(b, 50)
	head := olga.Chain().Head()
	for b.Loop() {
		if _, err := Load(head, s.entries); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(s.entries)), "µs/entry")
}

// BenchmarkRemove makes the entry and the 50 wraps of a removal.
func BenchmarkRemove(b *testing.B) {
	_, olga := large(b, 50)
	op := Remove{Member: olga.Chain().Members()[7].ID}
	for b.Loop() {
		if _, err := olga.Propose(op, ProposeOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLearn(b *testing.B) {
	s, olga := large(b, 1)
	for b.Loop() {
		olga.Wipe()
		if err := olga.Learn(s.wraps[0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	_, olga := large(b, 50)
	for b.Loop() {
		if _, _, err := olga.Writer(1, olga.Device()); err != nil {
			b.Fatal(err)
		}
	}
}
