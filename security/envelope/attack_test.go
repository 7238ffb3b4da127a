package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security/envelope"
	"github.com/elderzan/elderzan/security/team"
)

var (
	_ envelope.Roster = (*team.Ring)(nil)
	_ envelope.Signer = (*team.Ring)(nil)
)

// cloud is a server that keeps a team's chain, wraps and records, and does with them whatever a test makes it do.
type cloud struct {
	t       *testing.T
	entries [][]byte
	wraps   []team.Wrap
	owner   *team.Ring
}

// person is a device with what it remembers.
type person struct {
	ring *team.Ring
	env  *envelope.Envelope
}

func device(t *testing.T, label string) *team.Device {
	t.Helper()
	d, err := team.NewDevice(team.DeviceOptions{Label: label})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func personOf(ring *team.Ring) person {
	return person{ring: ring, env: envelope.New(ring, ring, envelope.Options{})}
}

func newCloud(t *testing.T, opts team.CreateOptions) (*cloud, person) {
	t.Helper()
	opts.Name = "Olga"
	ring, change, err := team.Create(device(t, "laptop"), opts)
	if err != nil {
		t.Fatal(err)
	}
	return &cloud{t: t, entries: [][]byte{change.Entry}, wraps: change.Wraps, owner: ring}, personOf(ring)
}

// change lets the owner change the team, and keeps the change.
func (c *cloud) change(op team.Op) team.Change {
	c.t.Helper()
	change, err := c.owner.Propose(op, team.ProposeOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.owner.Apply(change); err != nil {
		c.t.Fatal(err)
	}
	c.entries, c.wraps = append(c.entries, change.Entry), append(c.wraps, change.Wraps...)
	return change
}

// admit takes in a newcomer.
func (c *cloud) admit(name string, role team.Role) person {
	c.t.Helper()
	d := device(c.t, name)
	invite, err := c.owner.Invite(team.InviteOptions{Role: role})
	if err != nil {
		c.t.Fatal(err)
	}
	request, err := d.Join(invite, name)
	if err != nil {
		c.t.Fatal(err)
	}
	op, err := c.owner.Accept(request, team.AcceptOptions{Fingerprint: request.Device.Fingerprint().String()})
	if err != nil {
		c.t.Fatal(err)
	}
	c.change(op)
	chain, err := team.Load(invite.Anchor(), c.entries)
	if err != nil {
		c.t.Fatal(err)
	}
	p := personOf(team.NewRing(d, chain))
	c.sync(p)
	return p
}

func (c *cloud) sync(people ...person) {
	c.t.Helper()
	for _, p := range people {
		if err := p.ring.Extend(c.entries); err != nil {
			c.t.Fatal(err)
		}
		for _, w := range c.wraps {
			if w.Device == p.ring.Device() {
				if err := p.ring.Learn(w); err != nil {
					c.t.Fatal(err)
				}
			}
		}
	}
}

func memberOf(t *testing.T, p person) uuid.UUID {
	t.Helper()
	d, err := p.ring.Chain().Device(p.ring.Device())
	if err != nil {
		t.Fatal(err)
	}
	return d.Member.ID
}

func (p person) seal(t *testing.T, row uuid.UUID, seen envelope.State, text string) ([]byte, envelope.State) {
	t.Helper()
	record, next, err := p.env.Seal(row, seen, envelope.Content{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return record, next
}

// refused checks that a record does not open, with an error that tells what happened.
func (p person) refused(t *testing.T, record []byte, row uuid.UUID, seen envelope.State, want error) {
	t.Helper()
	got, err := p.env.Open(record, row, seen)
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
	if err != nil && (got.Content.Text != "" || got.State != envelope.State{}) {
		t.Errorf("the refused record came out as %+v", got)
	}
}

func newRow(t *testing.T) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestServerSwaps(t *testing.T) {
	c, olga := newCloud(t, team.CreateOptions{})
	_, other := newCloud(t, team.CreateOptions{})
	row1, row2 := newRow(t), newRow(t)
	one, _ := olga.seal(t, row1, envelope.State{}, "one")
	two, _ := olga.seal(t, row2, envelope.State{}, "two")
	foreign, _ := other.seal(t, row1, envelope.State{}, "foreign")

	t.Run("rows", func(t *testing.T) { olga.refused(t, two, row1, envelope.State{}, envelope.ErrRow) })
	t.Run("teams", func(t *testing.T) { olga.refused(t, foreign, row1, envelope.State{}, envelope.ErrTeam) })
	t.Run("row in the header", func(t *testing.T) {
		forged := bytes.Clone(two)
		copy(forged[23:], row1[:])
		olga.refused(t, forged, row1, envelope.State{}, envelope.ErrSignature)
	})
	t.Run("team in the header", func(t *testing.T) {
		forged := bytes.Clone(foreign)
		id := olga.ring.Team()
		copy(forged[7:], id[:])
		olga.refused(t, forged, row1, envelope.State{}, envelope.ErrAuthor)
	})
	t.Run("epochs", func(t *testing.T) {
		c.change(team.Rotate{})
		forged := bytes.Clone(one)
		forged[54] = 2
		olga.refused(t, forged, row1, envelope.State{}, envelope.ErrSignature)
	})
	t.Run("text", func(t *testing.T) {
		forged := append(bytes.Clone(one[:183]), two[183:]...)
		olga.refused(t, forged, row1, envelope.State{}, envelope.ErrSignature)
	})
	t.Run("wrapped key", func(t *testing.T) {
		forged := bytes.Clone(one)
		copy(forged[107:179], two[107:179])
		olga.refused(t, forged, row1, envelope.State{}, envelope.ErrSignature)
	})
}

func TestServerReplays(t *testing.T) {
	c, olga := newCloud(t, team.CreateOptions{})
	ed := c.admit("Ed", team.Editor)
	row := newRow(t)
	v1, s1 := olga.seal(t, row, envelope.State{}, "version 1")
	v2, s2 := olga.seal(t, row, s1, "version 2")
	_, s3 := olga.seal(t, row, s2, "version 3")
	t.Run("an older version", func(t *testing.T) { olga.refused(t, v1, row, s2, envelope.ErrRollback) })
	t.Run("a much older version", func(t *testing.T) { olga.refused(t, v2, row, s3, envelope.ErrRollback) })
	t.Run("one version twice", func(t *testing.T) {
		fork, _ := ed.seal(t, row, s1, "another version 2")
		olga.refused(t, fork, row, s2, envelope.ErrFork)
	})
	t.Run("a version on another one", func(t *testing.T) {
		_, fork := ed.seal(t, row, s1, "another version 2")
		v3, _ := ed.seal(t, row, fork, "version 3 on it")
		olga.refused(t, v3, row, s2, envelope.ErrHistory)
	})
	t.Run("the row anew", func(t *testing.T) {
		again, _ := ed.seal(t, row, envelope.State{}, "version 1 again")
		olga.refused(t, again, row, s2, envelope.ErrRollback)
	})
}

// TestServerForges lets the server, alone or with a member, make records.
func TestServerForges(t *testing.T) {
	c, olga := newCloud(t, team.CreateOptions{})
	ed, rita := c.admit("Ed", team.Editor), c.admit("Rita", team.Reader)
	row := newRow(t)
	record, _ := ed.seal(t, row, envelope.State{}, "by Ed")
	resign := func(record []byte, author uuid.UUID, sign func([]byte) []byte) []byte {
		forged := bytes.Clone(record)
		copy(forged[55:], author[:])
		return envelope.Resign(forged, sign)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	own := func(b []byte) []byte { return ed25519.Sign(private, b) }
	t.Run("in Ed's name", func(t *testing.T) {
		olga.refused(t, resign(record, ed.ring.Device(), own), row, envelope.State{}, envelope.ErrSignature)
	})
	t.Run("in a stranger's name", func(t *testing.T) {
		olga.refused(t, resign(record, newRow(t), own), row, envelope.State{}, envelope.ErrAuthor)
	})
	t.Run("a reader writes", func(t *testing.T) {
		if _, _, err := rita.env.Seal(row, envelope.State{}, envelope.Content{}); !errors.Is(err, envelope.ErrAuthor) || !errors.Is(err, team.ErrNotAllowed) {
			t.Errorf("got error %v", err)
		}
		forged := resign(record, rita.ring.Device(), rita.ring.Sign)
		olga.refused(t, forged, row, envelope.State{}, envelope.ErrAuthor)
	})
	t.Run("an owner signs what Ed sealed", func(t *testing.T) {
		forged := resign(record, olga.ring.Device(), olga.ring.Sign)
		olga.refused(t, forged, row, envelope.State{}, envelope.ErrDecrypt)
	})
	t.Run("Ed signs nonsense", func(t *testing.T) {
		forged := bytes.Clone(record)
		forged[190] ^= 1
		olga.refused(t, envelope.Resign(forged, ed.ring.Sign), row, envelope.State{}, envelope.ErrDecrypt)
	})
}

// TestRemovedMember lets a removed member work with the server.
func TestRemovedMember(t *testing.T) {
	c, olga := newCloud(t, team.CreateOptions{})
	ed, rita := c.admit("Ed", team.Editor), c.admit("Rita", team.Reader)
	row, fresh := newRow(t), newRow(t)
	_, s1 := ed.seal(t, row, envelope.State{}, "while a member")
	backdated, _ := ed.seal(t, row, s1, "sealed in epoch 1, delivered later")
	unseen, _ := ed.seal(t, fresh, envelope.State{}, "never delivered before")
	c.change(team.Remove{Member: memberOf(t, ed)})
	v2, s2 := olga.seal(t, row, s1, "after the removal")
	c.sync(rita)

	t.Run("the member reads on", func(t *testing.T) {
		if err := ed.ring.Extend(c.entries); err != nil {
			t.Fatal(err)
		}
		ed.refused(t, v2, row, s1, envelope.ErrKey)
	})
	t.Run("another's wrap", func(t *testing.T) {
		for _, w := range c.wraps {
			if w.Epoch == 2 {
				if err := ed.ring.Learn(w); !errors.Is(err, team.ErrWrap) {
					t.Errorf("got error %v, want %v", err, team.ErrWrap)
				}
			}
		}
	})
	t.Run("the member's wrap to another", func(t *testing.T) {
		for _, w := range c.wraps {
			if w.Device == ed.ring.Device() {
				if err := rita.ring.Learn(w); !errors.Is(err, team.ErrWrap) {
					t.Errorf("got error %v, want %v", err, team.ErrWrap)
				}
			}
		}
	})
	t.Run("the member writes on", func(t *testing.T) {
		if _, _, err := ed.env.Seal(row, s2, envelope.Content{}); !errors.Is(err, envelope.ErrAuthor) {
			t.Errorf("got error %v", err)
		}
		forged := bytes.Clone(v2)
		id := ed.ring.Device()
		copy(forged[55:], id[:])
		rita.refused(t, envelope.Resign(forged, ed.ring.Sign), row, s1, envelope.ErrAuthor)
	})
	t.Run("a version from before, after one from later", func(t *testing.T) {
		rita.refused(t, backdated, row, s2, envelope.ErrFork)
		s := s2
		s.Version, s.Hash = 1, s1.Hash
		rita.refused(t, backdated, row, s, envelope.ErrEpochBack)
	})
	t.Run("a row from before that nobody saw", func(t *testing.T) {
		got, err := rita.env.Open(unseen, fresh, envelope.State{})
		if err != nil || !got.Late {
			t.Errorf("got Late %v, %v; it should be marked", got.Late, err)
		}
		current, err := rita.env.Open(v2, row, s1)
		if err != nil || current.Late {
			t.Errorf("got Late %v, %v for the owner's record", current.Late, err)
		}
	})
}

// TestChainAttacks drops, forks and withholds the chain.
func TestChainAttacks(t *testing.T) {
	c, olga := newCloud(t, team.CreateOptions{})
	rita := c.admit("Rita", team.Reader)
	before := rita.ring.Chain().Head()
	base, err := team.Load(before, c.entries)
	if err != nil {
		t.Fatal(err)
	}
	left := personOf(team.NewRing(device(t, "spare"), base)) // a device that is shown nothing new
	row := newRow(t)
	c.change(team.Rotate{})
	c.change(team.Rotate{})
	record, _ := olga.seal(t, row, envelope.State{}, "in epoch 3")

	t.Run("withheld", func(t *testing.T) {
		left.refused(t, record, row, envelope.State{}, envelope.ErrEpoch)
	})
	t.Run("shortened", func(t *testing.T) {
		_, err := team.Load(olga.ring.Chain().Head(), c.entries[:2])
		if !errors.Is(err, team.ErrTruncated) {
			t.Errorf("got error %v", err)
		}
	})
	t.Run("with a hole", func(t *testing.T) {
		_, err := base.Extend(c.entries[3:])
		if !errors.Is(err, team.ErrGap) {
			t.Errorf("got error %v", err)
		}
	})
	t.Run("forked", func(t *testing.T) {
		fork := team.NewRing(device(t, "x"), base)
		if err := fork.Extend(c.entries); err != nil {
			t.Fatal(err)
		}
		_, other := newCloud(t, team.CreateOptions{Team: c.owner.Team()})
		change, err := other.ring.Propose(team.Rotate{}, team.ProposeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := fork.Extend([][]byte{change.Entry}); !errors.Is(err, team.ErrForked) {
			t.Errorf("got error %v", err)
		}
	})
}

// TestDowngrade lowers the suite of a record and of a wrapped key.
func TestDowngrade(t *testing.T) {
	c, olga := newCloud(t, team.CreateOptions{Policy: team.Policy{MinSuite: team.SuiteX25519}})
	c.change(team.SetPolicy{Policy: team.Policy{MinSuite: team.SuiteHybrid}})
	row := newRow(t)
	record, _ := olga.seal(t, row, envelope.State{}, "text")
	for suite, want := range map[byte]error{0: envelope.ErrSuite, 1: envelope.ErrDowngrade, 2: envelope.ErrDowngrade, 4: envelope.ErrSuite, 255: envelope.ErrSuite} {
		forged := bytes.Clone(record)
		forged[5] = suite
		olga.refused(t, envelope.Resign(forged, olga.ring.Sign), row, envelope.State{}, want)
	}
	if _, err := c.owner.Propose(team.SetPolicy{Policy: team.Policy{MinSuite: team.SuiteX25519}}, team.ProposeOptions{}); !errors.Is(err, team.ErrDowngrade) {
		t.Errorf("lowering the minimum: %v", err)
	}
}

// TestEveryByte flips each bit of each byte of a record: none of it passes, and the error names what was touched.
func TestEveryByte(t *testing.T) {
	c, olga := newCloud(t, team.CreateOptions{})
	c.change(team.Rotate{})
	row := newRow(t)
	_, seen := olga.seal(t, row, envelope.State{}, "version 1")
	record, _ := olga.seal(t, row, seen, "version 2")
	if _, err := olga.env.Open(record, row, seen); err != nil {
		t.Fatal(err)
	}
	anyOf := func(errs ...error) []error { return errs }
	for _, part := range []struct {
		name     string
		from, to int
		want     []error
	}{
		{"magic", 0, 4, anyOf(envelope.ErrFormat)},
		{"format", 4, 5, anyOf(envelope.ErrVersion)},
		{"suite", 5, 6, anyOf(envelope.ErrSuite, envelope.ErrDowngrade)},
		{"scope", 6, 7, anyOf(envelope.ErrScope)},
		{"team", 7, 23, anyOf(envelope.ErrTeam)},
		{"row", 23, 39, anyOf(envelope.ErrRow)},
		{"version", 39, 47, anyOf(envelope.ErrSignature, envelope.ErrFormat)},
		{"epoch", 47, 55, anyOf(envelope.ErrEpoch, envelope.ErrSignature)},
		{"author", 55, 71, anyOf(envelope.ErrAuthor)},
		{"hash before", 71, 103, anyOf(envelope.ErrSignature)},
		{"hour", 103, 107, anyOf(envelope.ErrSignature)},
		{"salt", 107, 131, anyOf(envelope.ErrSignature)},
		{"data key", 131, 179, anyOf(envelope.ErrSignature)},
		{"length", 179, 183, anyOf(envelope.ErrFormat)},
		{"text", 183, len(record) - 64, anyOf(envelope.ErrSignature)},
		{"signature", len(record) - 64, len(record), anyOf(envelope.ErrSignature)},
	} {
		t.Run(part.name, func(t *testing.T) {
			for at := part.from; at < part.to; at++ {
				for bit := range 8 {
					forged := bytes.Clone(record)
					forged[at] ^= 1 << bit
					_, err := olga.env.Open(forged, row, seen)
					found := false
					for _, want := range part.want {
						found = found || errors.Is(err, want)
					}
					if !found {
						t.Fatalf("byte %d, bit %d: got error %v, want one of %v", at, bit, err, part.want)
					}
				}
			}
		})
	}
	for n := range record {
		olga.refused(t, record[:n], row, seen, envelope.ErrFormat)
	}
	olga.refused(t, append(bytes.Clone(record), 0), row, seen, envelope.ErrFormat)
	olga.refused(t, append(bytes.Clone(record), make([]byte, 1<<20)...), row, seen, envelope.ErrTooLarge)
}

// TestErrorsDiffer keeps the errors apart: each says in words of its own what happened.
func TestErrorsDiffer(t *testing.T) {
	texts := map[string]bool{}
	for _, err := range []error{
		envelope.ErrFormat, envelope.ErrVersion, envelope.ErrTooLarge, envelope.ErrTeam, envelope.ErrRow, envelope.ErrScope, envelope.ErrSuite,
		envelope.ErrDowngrade, envelope.ErrEpoch, envelope.ErrAuthor, envelope.ErrSignature, envelope.ErrRollback, envelope.ErrFork,
		envelope.ErrHistory, envelope.ErrEpochBack, envelope.ErrKey, envelope.ErrDecrypt, envelope.ErrContent,
	} {
		if texts[err.Error()] || len(err.Error()) < 40 {
			t.Errorf("%q stands for two errors, or says too little", err)
		}
		texts[err.Error()] = true
	}
}
