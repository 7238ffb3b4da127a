// Package sealedtest makes teams for tests.
package sealedtest

import (
	"strconv"
	"testing"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security/team"
)

// Rings returns the places of n devices, each of a member of its own, in a new team: the first is the founder's. suite is
// the one they all use; 0 means the default ones.
func Rings(tb testing.TB, id uuid.UUID, n int, suite team.Suite) []*team.Ring {
	tb.Helper()
	var device team.DeviceOptions
	create := team.CreateOptions{Name: "founder", Team: id}
	if suite != 0 {
		device.Suites, create.Policy.MinSuite = []team.Suite{suite}, suite
	}
	founder, err := team.NewDevice(device)
	if err != nil {
		tb.Fatal(err)
	}
	ring, _, err := team.Create(founder, create)
	if err != nil {
		tb.Fatal(err)
	}
	rings := []*team.Ring{ring}
	for len(rings) < n {
		d, err := team.NewDevice(device)
		if err != nil {
			tb.Fatal(err)
		}
		rings = append(rings, admit(tb, rings, d))
	}
	return rings
}

// admit has the first of rings take d in, and tells the others.
func admit(tb testing.TB, rings []*team.Ring, d *team.Device) *team.Ring {
	tb.Helper()
	inv, err := rings[0].Invite(team.InviteOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	req, err := d.Join(inv, "member "+strconv.Itoa(len(rings)))
	if err != nil {
		tb.Fatal(err)
	}
	add, err := rings[0].Accept(req, team.AcceptOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	change, err := rings[0].Propose(add, team.ProposeOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range rings {
		if err := r.Extend([][]byte{change.Entry}); err != nil {
			tb.Fatal(err)
		}
	}
	fresh := team.NewRing(d, rings[0].Chain())
	for _, w := range change.Wraps {
		if w.Device != d.ID() {
			continue
		}
		if err := fresh.Learn(w); err != nil {
			tb.Fatal(err)
		}
	}
	return fresh
}
