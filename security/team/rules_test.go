package team

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// crew is a team with a member of each role, and a second owner.
type crew struct {
	*server
	olga, omar, ed, rita, aude *Ring
}

func newCrew(t testing.TB) *crew {
	t.Helper()
	c := &crew{}
	c.server, c.olga = found(t, CreateOptions{Policy: Policy{MinSuite: SuiteX25519}})
	c.omar = c.admit(t, c.olga, "Omar", Owner, ProposeOptions{})
	c.ed = c.admit(t, c.olga, "Ed", Editor, ProposeOptions{})
	c.rita = c.admit(t, c.olga, "Rita", Reader, ProposeOptions{})
	c.aude = c.admit(t, c.olga, "Aude", Auditor, ProposeOptions{})
	c.sync(t, c.olga, c.omar, c.ed, c.rita, c.aude)
	return c
}

// by returns the ring of a role.
func (c *crew) by(r Role) *Ring {
	return map[Role]*Ring{Owner: c.olga, Editor: c.ed, Reader: c.rita, Auditor: c.aude}[r]
}

// TestWhoMayAppendWhat lets every role try everything.
func TestWhoMayAppendWhat(t *testing.T) {
	c := newCrew(t)
	ed, rita, omar := member(t, c.ed), member(t, c.rita), member(t, c.omar)
	own := func(r *Ring) Op { op, _ := c.askFurther(t, r, newDevice(t, "another")); return op }
	stranger := func(role Role) func(*Ring) Op {
		return func(r *Ring) Op {
			i, err := c.olga.Invite(InviteOptions{Role: role, Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			q, err := newDevice(t, "new").Join(i, "New")
			if err != nil {
				t.Fatal(err)
			}
			op, err := c.olga.Accept(q, AcceptOptions{Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			return op
		}
	}
	always := func(op Op) func(*Ring) Op { return func(*Ring) Op { return op } }
	for _, tc := range []struct {
		name    string
		op      func(*Ring) Op
		allowed []Role
	}{
		{"add an owner", stranger(Owner), []Role{Owner}},
		{"add a reader", stranger(Reader), []Role{Owner}},
		{"add an own device", own, []Role{Owner, Editor, Reader, Auditor}},
		{"remove another", always(Remove{Member: omar}), []Role{Owner}},
		{"remove another's device", always(Remove{Member: omar, Device: c.omar.Device()}), []Role{Owner}},
		{"remove oneself", func(r *Ring) Op { return Remove{Member: member(t, r)} }, nil},
		{"remove the own device", func(r *Ring) Op { return Remove{Member: member(t, r), Device: r.Device()} }, nil},
		{"raise another", always(SetRole{Member: rita, Role: Editor}), []Role{Owner}},
		{"lower another", always(SetRole{Member: ed, Role: Reader}), []Role{Owner}},
		{"raise oneself", func(r *Ring) Op { return SetRole{Member: member(t, r), Role: Owner} }, nil},
		{"rotate", always(Rotate{}), []Role{Owner}},
		{"change the policy", always(SetPolicy{Policy{MinSuite: SuiteHybrid}}), []Role{Owner}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, role := range []Role{Owner, Editor, Reader, Auditor} {
				r := c.by(role)
				_, err := r.Propose(tc.op(r), ProposeOptions{Now: clock})
				allowed := false
				for _, a := range tc.allowed {
					allowed = allowed || a == role
				}
				switch {
				case allowed && err != nil:
					t.Errorf("%v: %v", role, err)
				case !allowed && err == nil:
					t.Errorf("%v: it passed", role)
				case !allowed && !errors.Is(err, ErrNotAllowed) && !errors.Is(err, ErrMember):
					t.Errorf("%v: got error %v", role, err)
				}
			}
		})
	}
}

// TestOwnDevices lets members who are no owners remove a device of theirs.
func TestOwnDevices(t *testing.T) {
	c := newCrew(t)
	phone := c.further(t, c.ed, newDevice(t, "phone"))
	change := c.propose(t, c.ed, Remove{Member: member(t, c.ed), Device: phone.Device()}, ProposeOptions{})
	if change.Epoch != 2 {
		t.Errorf("epoch %d, want 2", change.Epoch)
	}
	if err := phone.Extend(c.entries); err != nil {
		t.Fatal(err)
	}
	wantMissing(t, "the removed phone", phone, 2)
	tablet := c.further(t, c.aude, newDevice(t, "tablet"))
	change = c.propose(t, c.aude, Remove{Member: member(t, c.aude), Device: tablet.Device()}, ProposeOptions{})
	if change.Epoch != 0 || len(change.Wraps) != 0 {
		t.Errorf("removing an auditor's device opened epoch %d", change.Epoch)
	}
}

// sign makes an entry that follows on a chain, with whatever a test wants in it.
func sign(d *Device, c *Chain, op Op, change func(*Entry)) []byte {
	head := c.Head()
	e := Entry{Team: head.Team, Seq: head.Seq + 1, Prev: head.Hash, Author: d.ID(), Time: clock(), Op: op}
	if c.state.opens(op) {
		e.Epoch, e.Commit = c.Epoch()+1, Hash{1}
	}
	if change != nil {
		change(&e)
	}
	e.Signature = d.Sign(e.signed().b)
	return e.Encode()
}

// TestRules breaks one rule of the chain at a time, as an owner who does not keep to Propose could.
func TestRules(t *testing.T) {
	c := newCrew(t)
	chain, owner := c.olga.Chain(), c.olga.device
	ed, rita, aude := member(t, c.ed), member(t, c.rita), member(t, c.aude)
	newcomer, _ := c.askFurther(t, c.olga, newDevice(t, "new"))
	with := func(change func(*Add)) Add {
		op := newcomer
		op.Device, op.Proof = newcomer.Device.clone(), slices.Clone(newcomer.Proof)
		change(&op)
		return op
	}
	resigned := func(d *Device, change func(*Add)) Add {
		op := with(change)
		op.Proof = d.Sign(proofMessage(chain.Team(), chain.Genesis(), op.Member, &op.Device, op.Invite))
		return op
	}
	weak := newDevice(t, "weak", SuiteX25519)
	twin := newDevice(t, "twin")
	for name, tc := range map[string]struct {
		op     Op
		change func(*Entry)
		want   error
	}{
		"another team":                {op: Rotate{}, change: func(e *Entry) { e.Team[0] ^= 1 }, want: ErrTeam},
		"a gap":                       {op: Rotate{}, change: func(e *Entry) { e.Seq++ }, want: ErrGap},
		"another past":                {op: Rotate{}, change: func(e *Entry) { e.Prev[0] ^= 1 }, want: ErrForked},
		"an entry anew":               {op: Rotate{}, change: func(e *Entry) { e.Seq = 1 }, want: ErrForked},
		"a stranger":                  {op: Rotate{}, change: func(e *Entry) { e.Author[0] ^= 1 }, want: ErrAuthor},
		"in another's name":           {op: Rotate{}, change: func(e *Entry) { e.Author = c.omar.Device() }, want: ErrSignature},
		"genesis again":               {op: Genesis{Founder: Member{ID: ed, Name: "x", Role: Owner}, Device: owner.Public(), Policy: Policy{MinSuite: SuiteHybrid}}, want: ErrGap},
		"rotation without an epoch":   {op: Rotate{}, change: func(e *Entry) { e.Epoch, e.Commit = 0, Hash{} }, want: ErrEpoch},
		"an epoch left out":           {op: Rotate{}, change: func(e *Entry) { e.Epoch++ }, want: ErrEpoch},
		"an epoch again":              {op: Rotate{}, change: func(e *Entry) { e.Epoch-- }, want: ErrEpoch},
		"an epoch without a key":      {op: Rotate{}, change: func(e *Entry) { e.Commit = Hash{} }, want: ErrFormat},
		"a key without an epoch":      {op: SetRole{Member: rita, Role: Editor}, change: func(e *Entry) { e.Commit = Hash{1} }, want: ErrFormat},
		"removal without an epoch":    {op: Remove{Member: ed}, change: func(e *Entry) { e.Epoch, e.Commit = 0, Hash{} }, want: ErrEpoch},
		"lowered without an epoch":    {op: SetRole{Member: ed, Role: Reader}, change: func(e *Entry) { e.Epoch, e.Commit = 0, Hash{} }, want: ErrEpoch},
		"an owner turns auditor":      {op: SetRole{Member: member(t, c.olga), Role: Auditor}, want: ErrNotAllowed},
		"reader to auditor likewise":  {op: SetRole{Member: rita, Role: Auditor}, change: func(e *Entry) { e.Epoch, e.Commit = 0, Hash{} }, want: ErrEpoch},
		"stronger without an epoch":   {op: SetPolicy{Policy{MinSuite: SuiteHybrid}}, change: func(e *Entry) { e.Epoch, e.Commit = 0, Hash{} }, want: ErrEpoch},
		"weaker":                      {op: SetPolicy{Policy{MinSuite: SuiteRSA}}, want: ErrDowngrade},
		"an unknown suite":            {op: SetPolicy{Policy{MinSuite: 9}}, want: ErrSuite},
		"no suite":                    {op: SetPolicy{Policy{MinSuite: 0}}, want: ErrSuite},
		"an unknown member removed":   {op: Remove{Member: uuid.UUID{1}}, want: ErrMember},
		"an unknown device removed":   {op: Remove{Member: ed, Device: uuid.UUID{1}}, want: ErrDevice},
		"another's device removed":    {op: Remove{Member: ed, Device: c.rita.Device()}, want: ErrDevice},
		"an unknown member's role":    {op: SetRole{Member: uuid.UUID{1}, Role: Reader}, want: ErrMember},
		"the same role":               {op: SetRole{Member: aude, Role: Auditor}, want: ErrMember},
		"no role":                     {op: SetRole{Member: aude, Role: 9}, want: ErrMember},
		"the same device":             {op: with(func(o *Add) { o.Device = owner.Public(); o.Member.ID = uuid.UUID{1}; o.Member.Name = "x" }), want: ErrDevice},
		"a device with other keys":    {op: with(func(o *Add) { o.Device.ID = c.rita.Device() }), want: ErrKeyChanged},
		"a signing key again":         {op: with(func(o *Add) { o.Device.Signing = c.rita.device.public.Signing }), want: ErrKeyReused},
		"without the device's wish":   {op: with(func(o *Add) { o.Proof[0] ^= 1 }), want: ErrSignature},
		"another name than wished":    {op: with(func(o *Add) { o.Member.Name = "Olga's twin" }), want: ErrSignature},
		"a member with another name":  {op: resigned(twin, func(o *Add) { o.Device = twin.Public(); o.Member.Name = "Olaf" }), want: ErrMember},
		"a member with another role":  {op: resigned(twin, func(o *Add) { o.Device = twin.Public(); o.Member.Role = Reader }), want: ErrMember},
		"without an invite":           {op: resigned(twin, func(o *Add) { o.Device = twin.Public(); o.Invite = InviteID{} }), want: ErrInvite},
		"a member without a name":     {op: resigned(twin, func(o *Add) { o.Device = twin.Public(); o.Member.Name = ""; o.Member.ID = uuid.UUID{1} }), want: ErrFormat},
		"a member without a role":     {op: resigned(twin, func(o *Add) { o.Device = twin.Public(); o.Member.Role = 7; o.Member.ID = uuid.UUID{1} }), want: ErrFormat},
		"an add with an epoch beyond": {op: newcomer, change: func(e *Entry) { e.Epoch, e.Commit = 9, Hash{1} }, want: ErrEpoch},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := chain.Extend([][]byte{sign(owner, chain, tc.op, tc.change)})
			wantErr(t, err, tc.want)
		})
	}
	t.Run("nothing broken", func(t *testing.T) {
		for _, op := range []Op{newcomer, Rotate{}, Remove{Member: ed}, SetRole{Member: rita, Role: Owner}, SetPolicy{Policy{MinSuite: SuiteX25519}}} {
			if _, err := chain.Extend([][]byte{sign(owner, chain, op, nil)}); err != nil {
				t.Errorf("%v: %v", op.Kind(), err)
			}
		}
	})
	t.Run("an auditor opens an epoch", func(t *testing.T) {
		op, _ := c.askFurther(t, c.aude, newDevice(t, "x"))
		raw := sign(c.aude.device, chain, op, func(e *Entry) { e.Epoch, e.Commit = 2, Hash{1} })
		_, err := chain.Extend([][]byte{raw})
		wantErr(t, err, ErrNotAllowed)
	})
	t.Run("a device too weak", func(t *testing.T) {
		s, olga := found(t, CreateOptions{})
		i, err := olga.Invite(InviteOptions{Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		q, err := weak.Join(i, "Weak")
		if err != nil {
			t.Fatal(err)
		}
		op, err := olga.Accept(q, AcceptOptions{Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		_, err = olga.Propose(op, ProposeOptions{})
		wantErr(t, err, ErrSuiteMissing)
		// An auditor's keys are never used, and must suffice on becoming a reader.
		aude := s.admitDevice(t, olga, newDevice(t, "weak too", SuiteX25519), "Aude", Auditor, ProposeOptions{})
		_, err = olga.Propose(SetRole{Member: member(t, aude), Role: Reader}, ProposeOptions{})
		wantErr(t, err, ErrSuiteMissing)
	})
	t.Run("a policy too strong", func(t *testing.T) {
		s, olga := found(t, CreateOptions{Policy: Policy{MinSuite: SuiteX25519}})
		s.admitDevice(t, olga, weak, "Weak", Reader, ProposeOptions{})
		_, err := olga.Propose(SetPolicy{Policy{MinSuite: SuiteHybrid}}, ProposeOptions{})
		wantErr(t, err, ErrSuiteMissing)
	})
}

func TestLastOwner(t *testing.T) {
	s, olga := found(t, CreateOptions{})
	omar := s.admit(t, olga, "Omar", Owner, ProposeOptions{})
	s.propose(t, omar, SetRole{Member: member(t, olga), Role: Auditor}, ProposeOptions{})
	s.sync(t, olga, omar)
	for _, op := range []Op{SetRole{Member: member(t, omar), Role: Editor}} {
		_, err := omar.Propose(op, ProposeOptions{})
		wantErr(t, err, ErrLastOwner)
	}
	phone := s.further(t, omar, newDevice(t, "phone"))
	s.propose(t, phone, Remove{Member: member(t, omar), Device: omar.Device()}, ProposeOptions{})
	_, err := phone.Propose(Remove{Member: member(t, phone), Device: phone.Device()}, ProposeOptions{})
	wantErr(t, err, ErrNotAllowed)
	// A chain of somebody who does not keep to Propose.
	chain := phone.Chain()
	raw := sign(phone.device, chain, SetRole{Member: member(t, phone), Role: Reader}, nil)
	_, err = chain.Extend([][]byte{raw})
	wantErr(t, err, ErrLastOwner)
}

// TestNeverBack lets who was removed try to come back.
func TestNeverBack(t *testing.T) {
	c := newCrew(t)
	gone, id := c.ed.device, member(t, c.ed)
	c.propose(t, c.olga, Remove{Member: id}, ProposeOptions{})
	i, err := c.olga.Invite(InviteOptions{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	q, err := gone.Join(i, "Ed")
	if err != nil {
		t.Fatal(err)
	}
	op, err := c.olga.Accept(q, AcceptOptions{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.olga.Propose(op, ProposeOptions{})
	wantErr(t, err, ErrDevice)

	fresh := newDevice(t, "fresh")
	q, err = fresh.request(i, Member{ID: id, Name: "Ed", Role: Editor}) // under the old member id
	if err != nil {
		t.Fatal(err)
	}
	if op, err = c.olga.Accept(q, AcceptOptions{Now: clock}); err != nil {
		t.Fatal(err)
	}
	_, err = c.olga.Propose(op, ProposeOptions{})
	wantErr(t, err, ErrMember)
	if _, err := c.olga.Chain().Member(id); !errors.Is(err, ErrMember) {
		t.Errorf("the removed member is there: %v", err)
	}
	wantErr(t, c.olga.Chain().CheckDevice(gone.Public()), ErrAuthor)
	_, err = c.olga.Grant(gone.ID())
	wantErr(t, err, ErrAuthor)
	if again := c.admitDevice(t, c.olga, fresh, "Ed", Editor, ProposeOptions{}); len(again.Missing()) != 0 {
		t.Errorf("as a new member Ed lacks %v", again.Missing())
	}
}

func TestLimits(t *testing.T) {
	s, olga := found(t, CreateOptions{})
	for n := range maxDevices - 1 {
		s.further(t, olga, newDevice(t, fmt.Sprint(n)))
	}
	op, _ := s.askFurther(t, olga, newDevice(t, "one more"))
	_, err := olga.Propose(op, ProposeOptions{})
	wantErr(t, err, ErrLimit)

	full := olga.Chain().state.clone()
	for n := range maxMembers {
		full.members[uuid.UUID{1, byte(n), byte(n >> 8)}] = &memberState{gone: true}
	}
	crowded := &Chain{hashes: olga.Chain().hashes, state: full}
	i, err := olga.Invite(InviteOptions{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	q, err := newDevice(t, "x").Join(i, "X")
	if err != nil {
		t.Fatal(err)
	}
	if op, err = olga.Accept(q, AcceptOptions{Now: clock}); err != nil {
		t.Fatal(err)
	}
	_, err = crowded.Extend([][]byte{sign(olga.device, crowded, op, nil)})
	wantErr(t, err, ErrLimit)

	for name, label := range map[string]string{"long": strings.Repeat("x", 129), "control": "a\nb", "not UTF-8": "\xff", "direction": "a\u202eb"} {
		if _, err := NewDevice(DeviceOptions{Label: label}); !errors.Is(err, ErrFormat) {
			t.Errorf("label %s: got error %v", name, err)
		}
		if _, _, err := Create(newDevice(t, ""), CreateOptions{Name: label}); !errors.Is(err, ErrLimit) && !errors.Is(err, ErrFormat) {
			t.Errorf("name %s: got error %v", name, err)
		}
	}
}

// TestWriter asks who could write when.
func TestWriter(t *testing.T) {
	c := newCrew(t)
	ed, rita, omar := member(t, c.ed), member(t, c.rita), member(t, c.omar)
	c.propose(t, c.olga, SetRole{Member: rita, Role: Editor}, ProposeOptions{}) // in epoch 1
	c.propose(t, c.olga, SetRole{Member: rita, Role: Reader}, ProposeOptions{}) // opens 2
	c.propose(t, c.olga, Remove{Member: ed}, ProposeOptions{})                  // opens 3
	c.propose(t, c.olga, SetRole{Member: omar, Role: Editor}, ProposeOptions{}) // still writes
	late := c.admit(t, c.olga, "Late", Editor, ProposeOptions{})
	chain := c.olga.Chain()
	if chain.Epoch() != 3 {
		t.Fatalf("epoch %d", chain.Epoch())
	}
	for _, tc := range []struct {
		name   string
		device uuid.UUID
		want   [3]error // by epoch from 1
		still  bool
	}{
		{"owner", c.olga.Device(), [3]error{}, true},
		{"reader who wrote for a while", c.rita.Device(), [3]error{nil, ErrNotAllowed, ErrNotAllowed}, false},
		{"removed editor", c.ed.Device(), [3]error{nil, nil, ErrAuthor}, false},
		{"owner turned editor", c.omar.Device(), [3]error{}, true},
		{"auditor", c.aude.Device(), [3]error{ErrNotAllowed, ErrNotAllowed, ErrNotAllowed}, false},
		{"newcomer", late.Device(), [3]error{ErrAuthor, ErrAuthor, nil}, true},
		{"stranger", uuid.UUID{9}, [3]error{ErrAuthor, ErrAuthor, ErrAuthor}, false},
	} {
		for n, want := range tc.want {
			key, still, err := chain.Writer(uint64(n+1), tc.device)
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%s in epoch %d: got error %v, want %v", tc.name, n+1, err, want)
			}
			if err == nil && (still != tc.still || !key.Equal(chain.state.devices[tc.device].public.Signing)) {
				t.Errorf("%s in epoch %d: still %v, want %v", tc.name, n+1, still, tc.still)
			}
		}
	}
	for _, epoch := range []uint64{0, 4, 1 << 63} {
		_, _, err := chain.Writer(epoch, c.olga.Device())
		wantErr(t, err, ErrEpoch)
		_, err = chain.Suite(epoch)
		wantErr(t, err, ErrEpoch)
		_, err = c.olga.Key(epoch)
		wantErr(t, err, ErrEpoch)
	}
}

// TestPromotion gives an auditor the team's keys on becoming a reader, and takes none away on the way up.
func TestPromotion(t *testing.T) {
	c := newCrew(t)
	c.propose(t, c.olga, Rotate{}, ProposeOptions{})
	change := c.propose(t, c.olga, SetRole{Member: member(t, c.aude), Role: Reader}, ProposeOptions{})
	if change.Epoch != 0 || len(change.Wraps) != 2 {
		t.Errorf("promotion opened epoch %d and made %d wraps", change.Epoch, len(change.Wraps))
	}
	c.sync(t, c.aude)
	wantMissing(t, "the auditor turned reader", c.aude)
	_, err := c.olga.Grant(c.aude.Device())
	if err != nil {
		t.Error(err)
	}
}

// TestHistory compares what newcomers are given.
func TestHistory(t *testing.T) {
	s, olga := found(t, CreateOptions{})
	s.propose(t, olga, Rotate{}, ProposeOptions{})
	for _, tc := range []struct {
		name string
		opts ProposeOptions
		want []uint64
	}{
		{"all", ProposeOptions{}, nil},
		{"all and a new epoch", ProposeOptions{NewEpoch: true}, nil},
		{"the current one alone", ProposeOptions{WithoutHistory: true}, []uint64{1, 2}},
		{"nothing of before", ProposeOptions{WithoutHistory: true, NewEpoch: true}, []uint64{1, 2, 3}},
	} {
		r := s.admit(t, olga, tc.name, Reader, tc.opts)
		wantMissing(t, tc.name, r, tc.want...)
		if _, err := r.Key(r.Epoch()); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	// A member who lacks keys hands on what is there.
	s2, owner := found(t, CreateOptions{})
	second := s2.admit(t, owner, "Second", Owner, ProposeOptions{WithoutHistory: true, NewEpoch: true})
	third := s2.admit(t, second, "Third", Reader, ProposeOptions{})
	wantMissing(t, "third", third, 1)
	second.Wipe()
	wantMissing(t, "wiped", second, 1, 2)
	fourth, err := second.Propose(Rotate{}, ProposeOptions{})
	if err != nil || len(fourth.Wraps) != 3 {
		t.Errorf("rotation without old keys: %d wraps, %v", len(fourth.Wraps), err)
	}
}
