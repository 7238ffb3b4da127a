package sealed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	stdsync "sync"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/envelope"
	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
)

// Directory is the part of the cloud that carries a team's chain, keys and wishes to join. It is not trusted.
type Directory interface {
	Entries(ctx context.Context, from uint64) ([][]byte, error)
	Append(ctx context.Context, seq uint64, entry []byte, author uuid.UUID, wraps []memsync.Wrap) error
	Strike(ctx context.Context, from uint64, entries [][]byte) (int, error)
	Grant(ctx context.Context, author uuid.UUID, wraps []memsync.Wrap) error
	Wraps(ctx context.Context, device uuid.UUID, from uint64) ([][]byte, error)
	Ask(ctx context.Context, request []byte) error
	Joins(ctx context.Context) ([]memsync.Join, error)
	Invite(ctx context.Context, login, password string, until time.Time) error
	Admit(ctx context.Context, login string, device uuid.UUID, writes, manages bool) error
	Dismiss(ctx context.Context, device uuid.UUID) error
	SetRights(ctx context.Context, device uuid.UUID, writes, manages bool) error
}

// State is what a device keeps of its team, in storage of its own that is encrypted: Device holds private keys.
type State struct {
	Team    uuid.UUID `json:"team"`
	Name    string    `json:"name"` // what the people of this machine call the team
	Device  []byte    `json:"device"`
	Anchor  []byte    `json:"anchor"` // head that the chain must hold: from the invite, then the newest seen
	Entries [][]byte  `json:"entries,omitempty"`
	Request []byte    `json:"request,omitempty"` // wish to join, until the chain holds this device
	Confirm bool      `json:"confirm,omitempty"` // newcomers wait for a person to compare fingerprints
}

// Options says what a Team works with.
type Options struct {
	Directory Directory
	Save      func(context.Context, State, ...memory.Audit) error // durably, before it returns
	Logger    *slog.Logger                                        // nil means silence
	Now       func() time.Time                                    // nil means time.Now
}

// Team is this device's place in a team. It is safe for concurrent use.
type Team struct {
	opts   Options
	device *team.Device

	mu    stdsync.Mutex
	state State
	ring  *team.Ring // nil until the chain was loaded
	alarm string
}

// ErrNotYet reports a team that has not let this device in yet.
var ErrNotYet = errors.New("the team has not let this device in yet: the engine of whoever made the invite has to be online once; where they want to compare fingerprints first, they type: elderzan team accept FINGERPRINT")

// ErrRemoved reports that the team has removed this device.
var ErrRemoved = errors.New("the team has removed this device; ask for a new invite")

var errMend = errors.New("if a member put it there, an owner types: elderzan team mend")

// Found makes a team with this device as its first, and stores it.
func Found(ctx context.Context, o Options, device *team.Device, id uuid.UUID, name, founder string) (*Team, error) {
	ring, change, err := team.Create(device, team.CreateOptions{Name: founder, Team: id, Now: o.Now})
	if err != nil {
		return nil, err
	}
	t := newTeam(o, device, State{Team: id, Name: name, Device: device.Encode().Bytes(), Anchor: encoded(change.Head), Entries: [][]byte{change.Entry}})
	t.ring = ring
	if err := o.Directory.Append(ctx, 0, change.Entry, device.ID(), wrapsOf(change.Wraps)); err != nil {
		return nil, err
	}
	return t, t.save(ctx, t.audit("team-create", "founded the team "+name))
}

// Join asks with an invite to be taken in; Refresh finds out whether it was.
func Join(ctx context.Context, o Options, device *team.Device, inv team.Invite, name, who string) (*Team, error) {
	anchor := inv.Anchor()
	t := newTeam(o, device, State{Team: inv.Team, Name: name, Device: device.Encode().Bytes(), Anchor: encoded(anchor)})
	var req team.JoinRequest
	var err error
	if inv.Role == 0 {
		var chain *team.Chain
		raw, rerr := o.Directory.Entries(ctx, 0)
		if rerr != nil {
			return nil, rerr
		}
		if chain, err = team.Load(anchor, raw); err != nil {
			return nil, err
		}
		req, err = device.JoinAs(inv, chain)
	} else {
		req, err = device.Join(inv, who)
	}
	if err != nil {
		return nil, err
	}
	t.state.Request = req.Encode()
	if err := t.save(ctx, t.audit("team-join", "asked to join the team "+name)); err != nil {
		return nil, err
	}
	return t, o.Directory.Ask(ctx, t.state.Request)
}

// Restore returns the team of a State that was saved.
func Restore(o Options, s State) (*Team, error) {
	device, err := team.ParseDevice(security.NewSecret(s.Device))
	if err != nil {
		return nil, err
	}
	t := newTeam(o, device, s)
	if len(s.Entries) == 0 {
		return t, nil
	}
	anchor, err := team.ParseHead(s.Anchor)
	if err != nil {
		return nil, err
	}
	chain, err := team.Load(anchor, s.Entries)
	if err != nil {
		return nil, err
	}
	t.ring = team.NewRing(device, chain)
	return t, nil
}

func newTeam(o Options, device *team.Device, s State) *Team {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Team{opts: o, device: device, state: s}
}

func encoded(h team.Head) []byte { return h.Encode() }

func wrapsOf(ws []team.Wrap) []memsync.Wrap {
	out := make([]memsync.Wrap, len(ws))
	for i := range ws {
		out[i] = memsync.Wrap{Device: ws[i].Device, Epoch: ws[i].Epoch, Body: ws[i].Encode()}
	}
	return out
}

// save stores the state; t.mu is held or t is not shared yet.
func (t *Team) save(ctx context.Context, audit ...memory.Audit) error {
	return t.opts.Save(ctx, t.state, audit...)
}

func (t *Team) audit(action, reason string) memory.Audit {
	return memory.Audit{At: t.opts.Now().UTC(), Action: action, User: "sync", Client: "sync", Reason: reason}
}

// ID returns the team's id, Name what it is called here, and Device this device's id.
func (t *Team) ID() uuid.UUID { return t.state.Team }

// Name returns what the team is called here.
func (t *Team) Name() string { return t.state.Name }

// Device returns this device's id.
func (t *Team) Device() uuid.UUID { return t.device.ID() }

// Fingerprint returns this device's, for its owner to read out.
func (t *Team) Fingerprint() string {
	p := t.device.Public()
	return p.Fingerprint().String()
}

// Ring returns the team's chain and keys, or ErrNotYet.
func (t *Team) Ring() (*team.Ring, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return nil, ErrNotYet
	}
	return t.ring, nil
}

// Alarm returns what the cloud was last caught at; "" for nothing.
func (t *Team) Alarm() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.alarm
}

// Sealer returns the encryption of the team's records, or ErrNotYet.
func (t *Team) Sealer() (*Sealer, error) {
	r, err := t.Ring()
	if err != nil {
		return nil, err
	}
	return NewSealer(envelope.New(r, r, envelope.Options{Now: t.opts.Now})), nil
}

// Opened tells of the current epoch: its number, whether this device opened it, when whoever did says that it was, and
// whether this device may write in it. It returns ErrNotYet where there is no chain yet.
func (t *Team) Opened() (epoch uint64, own bool, at time.Time, writes bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return 0, false, time.Time{}, false, ErrNotYet
	}
	epoch = t.ring.Epoch()
	_, writes, werr := t.ring.Writer(epoch, t.device.ID())
	for i := len(t.state.Entries) - 1; i >= 0; i-- {
		e, err := team.ParseEntry(t.state.Entries[i])
		if err != nil {
			return 0, false, time.Time{}, false, err
		}
		if e.Epoch == epoch {
			own, at = e.Author == t.device.ID(), e.Time
			break
		}
	}
	return epoch, own, at, writes && werr == nil, nil
}

// Refresh reads what is new of the team: entries, keys, and who asks to join with an invite of this device. It returns
// ErrNotYet or ErrRemoved where this device is no member, and an error of package team for a cloud that was caught at
// showing another history.
func (t *Team) Refresh(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.extend(ctx); err != nil {
		return t.caught(ctx, err)
	}
	info, err := t.ring.Chain().Device(t.device.ID())
	switch {
	case err != nil && t.state.Request != nil:
		return ErrNotYet
	case err != nil:
		return err
	case info.Removed:
		t.ring.Wipe()
		return ErrRemoved
	}
	if t.state.Request != nil {
		t.state.Request = nil
		if err := t.save(ctx, t.audit("team-joined", "the team "+t.state.Name+" let this device in")); err != nil {
			return err
		}
	}
	if err := t.learn(ctx); err != nil {
		return t.caught(ctx, err)
	}
	if err := t.admit(ctx); err != nil {
		return err
	}
	t.alarm = ""
	return nil
}

// caught notes what the cloud was caught at, once.
func (t *Team) caught(ctx context.Context, err error) error {
	if errors.Is(err, memsync.ErrOffline) || errors.Is(err, memsync.ErrRefused) || ctx.Err() != nil || errors.Is(err, ErrNotYet) {
		return err
	}
	if text := err.Error(); text != t.alarm {
		t.alarm = text
		t.opts.Logger.Error("the cloud shows a false team", "error", err)
		if serr := t.save(ctx, t.audit("sync-alarm", text)); serr != nil {
			return errors.Join(err, serr)
		}
	}
	return err
}

// extend reads new entries. The newest one known is asked for again, so that a chain cut short or rewritten shows.
func (t *Team) extend(ctx context.Context) error {
	known := len(t.state.Entries)
	raw, err := t.opts.Directory.Entries(ctx, uint64(max(known-1, 0)))
	if err != nil {
		return err
	}
	if t.ring == nil {
		anchor, err := team.ParseHead(t.state.Anchor)
		if err != nil {
			return err
		}
		chain, err := team.Load(anchor, raw)
		if err != nil {
			return err
		}
		t.state.Entries, t.state.Anchor = raw, encoded(chain.Head())
		if err := t.save(ctx); err != nil {
			return err
		}
		t.ring = team.NewRing(t.device, chain)
		return nil
	}
	if len(raw) == 0 {
		return fmt.Errorf("%w: it has none after number %d", team.ErrTruncated, known-2)
	}
	next, err := t.ring.Chain().Extend(raw)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errMend)
	}
	if got := int(next.Head().Seq) + 1 - known; got != len(raw)-1 {
		return fmt.Errorf("%w: %d entries for %d places; %w", team.ErrGap, len(raw)-1, got, errMend)
	}
	if len(raw) == 1 {
		return nil
	}
	state := t.state
	state.Entries, state.Anchor = append(append([][]byte(nil), t.state.Entries...), raw[1:]...), encoded(next.Head())
	if err := t.opts.Save(ctx, state, t.audit("team-changed", fmt.Sprintf("%d new entries of the membership chain, now %d, epoch %d", len(raw)-1, len(state.Entries), next.Epoch()))); err != nil {
		return err
	}
	t.state = state
	return t.ring.Extend(raw)
}

// Mend takes out of the cloud what somebody put behind the team's chain that does not go on with it, such as a member by
// hand: nobody could change the team before it is gone. It returns how many entries went, and an error wrapping
// team.ErrTruncated for a cloud that does not show the chain as it is known here, which only its administrator can mend.
func (t *Team) Mend(ctx context.Context) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return 0, ErrNotYet
	}
	known := len(t.state.Entries)
	raw, err := t.opts.Directory.Entries(ctx, uint64(known-1))
	if err != nil {
		return 0, err
	}
	if len(raw) == 0 || !bytes.Equal(raw[0], t.state.Entries[known-1]) {
		return 0, fmt.Errorf("%w: its newest known entry is not there", team.ErrTruncated)
	}
	chain, good := t.ring.Chain(), 1
	for ; good < len(raw); good++ {
		next, err := chain.Extend(raw[good : good+1])
		if err != nil || next.Head().Seq != chain.Head().Seq+1 {
			break
		}
		chain = next
	}
	if good == len(raw) {
		return 0, nil
	}
	n, err := t.opts.Directory.Strike(ctx, chain.Head().Seq+1, raw[good:])
	if err != nil {
		return 0, err
	}
	return n, t.save(ctx, t.audit("team-mend", fmt.Sprintf("took %d entries out that did not go on with the membership chain", n)))
}

// learn fetches the keys of epochs that this device lacks. Of several wraps of one key one good one is enough.
func (t *Team) learn(ctx context.Context) error {
	missing := t.ring.Missing()
	if len(missing) == 0 {
		return nil
	}
	raw, err := t.opts.Directory.Wraps(ctx, t.device.ID(), missing[0])
	if err != nil {
		return err
	}
	var bad error
	for _, b := range raw {
		w, err := team.ParseWrap(b)
		if err == nil {
			err = t.ring.Learn(w)
		}
		if err != nil {
			bad = err
		}
	}
	still := t.ring.Missing()
	if bad != nil && len(still) == len(missing) {
		return bad
	}
	return nil
}

// admit takes in who asks with an invite of this device. Requests made with another member's invite are theirs.
func (t *Team) admit(ctx context.Context) error {
	if t.state.Confirm {
		return nil
	}
	joins, err := t.opts.Directory.Joins(ctx)
	if err != nil {
		return err
	}
	for _, j := range joins {
		q, err := team.ParseJoinRequest(j.Request)
		if err != nil || q.Inviter != t.device.ID() {
			continue
		}
		if err := t.accept(ctx, j.Login, q, ""); err != nil {
			if errors.Is(err, memsync.ErrOffline) || ctx.Err() != nil {
				return err // the wish is as good as before
			}
			t.opts.Logger.Warn("a wish to join was refused", "error", err)
			if text := "a wish to join was refused: " + err.Error(); text != t.alarm {
				t.alarm = text
				if err := t.save(ctx, t.audit("team-refused", text)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// accept takes one in; t.mu is held.
func (t *Team) accept(ctx context.Context, login string, q team.JoinRequest, fingerprint string) error {
	if _, err := t.ring.Chain().Device(q.Device.ID); err != nil { // else a crash came between the entry and the login
		add, err := t.ring.Accept(q, team.AcceptOptions{Fingerprint: fingerprint, Now: t.opts.Now})
		if err != nil {
			return err
		}
		if err := t.propose(ctx, add, "team-add", fmt.Sprintf("%s joined as %s with device %s", add.Member.Name, add.Member.Role, q.Device.ID)); err != nil {
			return err
		}
	}
	info, err := t.ring.Chain().Device(q.Device.ID)
	if err != nil {
		return err
	}
	role := info.Member.Role
	return t.opts.Directory.Admit(ctx, login, q.Device.ID, role.Writes(), role.Manages())
}

// maxRaces bounds how often a change is proposed anew because another member's came first.
const maxRaces = 5

// propose has op become an entry of the chain; t.mu is held.
func (t *Team) propose(ctx context.Context, op team.Op, action, what string) error {
	for range maxRaces {
		c, err := t.ring.Propose(op, team.ProposeOptions{Now: t.opts.Now})
		if err != nil {
			return err
		}
		err = t.opts.Directory.Append(ctx, c.Head.Seq, c.Entry, t.device.ID(), wrapsOf(c.Wraps))
		if errors.Is(err, memsync.ErrTaken) {
			if err := t.extend(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		state := t.state
		state.Entries, state.Anchor = append(append([][]byte(nil), t.state.Entries...), c.Entry), encoded(c.Head)
		if err := t.opts.Save(ctx, state, t.audit(action, what)); err != nil {
			return err
		}
		t.state = state
		return t.ring.Apply(c)
	}
	return memsync.ErrTaken
}

// Invite makes an invite and a login for it.
func (t *Team) Invite(ctx context.Context, o team.InviteOptions, login, password string) (team.Invite, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return team.Invite{}, ErrNotYet
	}
	o.Now = t.opts.Now
	inv, err := t.ring.Invite(o)
	if err != nil {
		return team.Invite{}, err
	}
	if err := t.opts.Directory.Invite(ctx, login, password, inv.Expires); err != nil {
		return team.Invite{}, err
	}
	return inv, t.save(ctx, t.audit("team-invite", fmt.Sprintf("invited a device as %s until %s", inv.Role, inv.Expires.Format(time.DateTime))))
}

// Waiting is a wish to join that waits for a person.
type Waiting struct {
	Name        string
	Device      uuid.UUID
	Fingerprint string
	Mine        bool // made with an invite of this device: Accept can take it in
}

// Waiting lists the wishes to join.
func (t *Team) Waiting(ctx context.Context) ([]Waiting, error) {
	joins, err := t.opts.Directory.Joins(ctx)
	if err != nil {
		return nil, err
	}
	var out []Waiting
	for _, j := range joins {
		q, err := team.ParseJoinRequest(j.Request)
		if err != nil {
			continue
		}
		out = append(out, Waiting{Name: q.Member.Name, Device: q.Device.ID, Fingerprint: q.Device.Fingerprint().String(), Mine: q.Inviter == t.device.ID()})
	}
	return out, nil
}

// Accept takes in the device with that fingerprint, as its owner read it out.
func (t *Team) Accept(ctx context.Context, fingerprint string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return "", ErrNotYet
	}
	joins, err := t.opts.Directory.Joins(ctx)
	if err != nil {
		return "", err
	}
	for _, j := range joins {
		q, err := team.ParseJoinRequest(j.Request)
		if err != nil || q.Device.Fingerprint().Matches(fingerprint) != nil {
			continue
		}
		return q.Member.Name, t.accept(ctx, j.Login, q, fingerprint)
	}
	return "", errors.New("nobody with that fingerprint asks to join; have the person run: elderzan team members")
}

// Confirms reports whether newcomers wait for Accept.
func (t *Team) Confirms() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.Confirm
}

// SetConfirm has newcomers wait for Accept, or not.
func (t *Team) SetConfirm(ctx context.Context, on bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Confirm = on
	return t.save(ctx)
}

// Remove takes out a member with all devices: from the chain, which opens a new epoch, and from the database.
func (t *Team) Remove(ctx context.Context, member uuid.UUID) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return ErrNotYet
	}
	m, err := t.ring.Chain().Member(member)
	if err != nil {
		return err
	}
	devices := t.ring.Chain().Devices(member)
	if err := t.propose(ctx, team.Remove{Member: member}, "team-remove", "removed "+m.Name+" and opened a new epoch"); err != nil {
		return err
	}
	for _, d := range devices {
		if err := t.opts.Directory.Dismiss(ctx, d.Public.ID); err != nil {
			return fmt.Errorf("%s is out of the team; their login of the database could not be ended: %w", m.Name, err)
		}
	}
	return nil
}

// SetRole gives a member another role.
func (t *Team) SetRole(ctx context.Context, member uuid.UUID, role team.Role) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return ErrNotYet
	}
	if err := t.propose(ctx, team.SetRole{Member: member, Role: role}, "team-role", fmt.Sprintf("%s is %s now", member, role)); err != nil {
		return err
	}
	for _, d := range t.ring.Chain().Devices(member) {
		if err := t.opts.Directory.SetRights(ctx, d.Public.ID, role.Writes(), role.Manages()); err != nil {
			return err
		}
	}
	return nil
}

// Rotate opens a new epoch.
func (t *Team) Rotate(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return ErrNotYet
	}
	return t.propose(ctx, team.Rotate{}, "team-rotate", "opened a new epoch")
}
