package synctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
)

// Config is one simulation.
type Config struct {
	Seed    uint64
	Devices int // 0 draws 3 to 20
	Steps   int // 0 means 60 for each device
	// Sealers returns the encryption of each device; nil means memsync.Plain, and no look for plaintext.
	Sealers func(devices int) []memsync.Sealer
}

// Result is what a simulation did.
type Result struct {
	Devices, Edits, Deletions, Conflicts, Resolved, Lost, Doubled, Delayed, Crashes, Resealed int
	Asked, Needless                                                                           int // texts that wait at the end; of them, those that were replaced knowingly
}

// errNet is what a device sees of trouble.
var errNet = fmt.Errorf("%w: simulated", memsync.ErrOffline)

// errCrash ends a round in the middle of it.
var errCrash = errors.New("simulated crash")

type device struct {
	name   string
	local  *Local
	engine *memsync.Engine
	skew   time.Duration
	cut    bool
	crash  int // calls until the device crashes; 0 for never
}

type sim struct {
	rng     *rand.Rand
	clock   time.Time
	place   memsync.Place
	remote  *Remote
	devices []*device
	delayed []func() // pushes under way
	parents map[string][]string
	of      map[string]memory.ID // the memory a text is of
	deleted map[memory.ID]bool   // memories that somebody took out: their texts may be gone
	ids     []memory.ID
	trouble bool
	res     Result
}

// Run plays one seed. The error says what is wrong with the end.
func Run(ctx context.Context, c Config) (Result, error) {
	s := &sim{
		rng: rand.New(rand.NewPCG(c.Seed, 1)), clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), place: memsync.Shared([16]byte{1}),
		remote: NewRemote(), parents: map[string][]string{}, of: map[string]memory.ID{}, deleted: map[memory.ID]bool{}, trouble: true,
	}
	n := c.Devices
	if n == 0 {
		n = 3 + s.rng.IntN(18)
	}
	s.res.Devices = n
	sealers := make([]memsync.Sealer, n)
	for i := range sealers {
		sealers[i] = memsync.Plain{}
	}
	if c.Sealers != nil {
		sealers = c.Sealers(n)
	}
	for i := range n {
		d := &device{name: fmt.Sprintf("d%02d", i)}
		d.local = NewLocal(func() time.Time { return s.clock.Add(d.skew) })
		d.engine = memsync.NewEngine(s.place, &crashing{d.local, d}, &network{s, d}, sealers[i], memsync.Options{
			Device: d.name, Batch: 1 + s.rng.IntN(8), Patience: -1, Now: func() time.Time { return s.clock.Add(d.skew) },
		})
		s.devices = append(s.devices, d)
	}
	steps := c.Steps
	if steps == 0 {
		steps = 60 * n
	}
	for range steps {
		if err := s.step(ctx); err != nil {
			return s.res, err
		}
	}
	if err := s.settle(ctx); err != nil {
		return s.res, err
	}
	return s.res, s.check(c.Sealers != nil)
}

func (s *sim) step(ctx context.Context) error {
	s.clock = s.clock.Add(time.Duration(s.rng.IntN(5000)) * time.Millisecond)
	d := s.devices[s.rng.IntN(len(s.devices))]
	switch p := s.rng.IntN(100); {
	case p < 35:
		s.edit(d)
	case p < 38:
		s.withdraw(d)
	case p < 43:
		s.resolve(d)
	case p < 46:
		d.skew = []time.Duration{0, -10 * 365 * 24 * time.Hour, 10 * 365 * 24 * time.Hour, time.Minute, -time.Hour}[s.rng.IntN(5)]
	case p < 50:
		d.cut = !d.cut
	case p < 54 && len(s.delayed) > 0:
		i := s.rng.IntN(len(s.delayed)) // any of them: they overtake each other
		s.delayed[i]()
		s.delayed = slices.Delete(s.delayed, i, i+1)
	case p < 57:
		return s.reseal(ctx, d)
	case p < 61:
		d.crash = 1 + s.rng.IntN(6)
		fallthrough
	default:
		return s.round(ctx, d)
	}
	return nil
}

func (s *sim) round(ctx context.Context, d *device) error {
	rep, err := d.engine.Round(ctx)
	s.res.Conflicts += rep.Conflicts
	d.crash = 0
	if errors.Is(err, errCrash) {
		s.res.Crashes++
	}
	if err != nil && !errors.Is(err, memsync.ErrOffline) && !errors.Is(err, errCrash) {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	if rep.Held > 0 {
		return fmt.Errorf("%s: a good record was refused: %v", d.name, d.local.Audits[len(d.local.Audits)-1].Reason)
	}
	return nil
}

// reseal has a device seal rows anew, as if a new epoch had come.
func (s *sim) reseal(ctx context.Context, d *device) error {
	rep, _, err := d.engine.Reseal(ctx, math.MaxUint64>>1, "", 1+s.rng.IntN(4))
	s.res.Resealed += rep.Resealed
	if err != nil && !errors.Is(err, memsync.ErrOffline) && !errors.Is(err, errCrash) {
		return fmt.Errorf("%s: reseal: %w", d.name, err)
	}
	return nil
}

// edit makes a memory, or changes one that the device sees.
func (s *sim) edit(d *device) {
	s.res.Edits++
	token := fmt.Sprintf("token-%d-%s", s.res.Edits, d.name)
	if len(s.ids) < 2+s.rng.IntN(6) {
		id := memory.ID(fmt.Sprintf("00000000-0000-7000-8000-%012d", len(s.ids)+1))
		s.ids = append(s.ids, id)
		s.parents[token], s.of[token] = nil, id
		d.local.Put(memory.Memory{ID: id, Content: token, Scope: scope.Shared, State: memory.Active, CreatedAt: s.clock}, false)
		return
	}
	m, _, ok := d.local.Get(s.ids[s.rng.IntN(len(s.ids))])
	if !ok || m.Scope != scope.Shared || m.State != memory.Active {
		return
	}
	if s.rng.IntN(5) == 0 {
		m.Tags = append(slices.Clone(m.Tags), fmt.Sprintf("tag%d", s.rng.IntN(5)))
		slices.Sort(m.Tags)
		m.Tags = slices.Compact(m.Tags)
	} else {
		s.parents[token], s.of[token] = []string{m.Content}, m.ID
		m.Content = token
	}
	d.local.Put(m, false)
}

func (s *sim) withdraw(d *device) {
	if len(s.ids) == 0 {
		return
	}
	id := s.ids[s.rng.IntN(len(s.ids))]
	if m, _, ok := d.local.Get(id); ok && m.Scope == scope.Shared && m.State == memory.Active {
		s.res.Deletions++
		s.deleted[id] = true
		m.State = memory.Forgotten
		d.local.Put(m, false)
	}
}

func (s *sim) resolve(d *device) {
	for _, id := range d.local.IDs() {
		m, others, _ := d.local.Get(id)
		if len(others) == 0 || m.Scope != scope.Shared || m.State != memory.Active {
			continue
		}
		s.res.Resolved++
		token := fmt.Sprintf("resolved-%d-%s", s.res.Resolved, d.name)
		s.parents[token], s.of[token] = []string{m.Content}, id
		for _, v := range others {
			s.parents[token] = append(s.parents[token], v.Text)
		}
		m.Content = token
		d.local.Put(m, true)
		return
	}
}

// settle ends all trouble and lets everybody sync until nothing happens any more.
func (s *sim) settle(ctx context.Context) error {
	for _, f := range s.delayed {
		f()
	}
	s.delayed, s.trouble = nil, false
	for range 4 * len(s.devices) {
		quiet := true
		for _, d := range s.devices {
			d.cut, d.crash = false, 0
			before := d.local.Waiting()
			rep, err := d.engine.Round(ctx)
			if err != nil || rep.Held > 0 {
				return fmt.Errorf("%s: at the end: %w (%+v)", d.name, err, rep)
			}
			quiet = quiet && before == 0 && rep.Pulled == 0 && rep.Pushed == 0
		}
		if quiet {
			return nil
		}
	}
	return errors.New("the devices do not come to rest")
}

func (s *sim) check(sealed bool) error {
	first := s.devices[0]
	for _, id := range s.ids {
		m, others, ok := first.local.Get(id)
		for _, d := range s.devices[1:] {
			n, alsoOthers, alsoOK := d.local.Get(id)
			gone, alsoGone := !ok || m.State == memory.Forgotten || m.Scope != scope.Shared, !alsoOK || n.State == memory.Forgotten || n.Scope != scope.Shared
			if gone != alsoGone || !gone && (m.Content != n.Content || !slices.Equal(m.Tags, n.Tags) || !slices.Equal(others, alsoOthers)) {
				return fmt.Errorf("%s and %s differ about %s: %q %v %v, %q %v %v", first.name, d.name, id, m.Content, m.Tags, others, n.Content, n.Tags, alsoOthers)
			}
		}
	}
	if err := s.checkLost(); err != nil {
		return err
	}
	s.countAsked()
	if sealed && bytes.Contains(s.remote.Bytes(), []byte("token-")) {
		return errors.New("plaintext on the server")
	}
	return nil
}

// checkLost looks for texts that neither stand, nor wait beside one that does, nor were seen by who replaced them.
func (s *sim) checkLost() error {
	reached := map[string]bool{}
	var reach func(string)
	reach = func(token string) {
		if token == "" || reached[token] {
			return
		}
		reached[token] = true
		for _, p := range s.parents[token] {
			reach(p)
		}
	}
	for _, d := range s.devices {
		for _, id := range s.ids {
			m, others, ok := d.local.Get(id)
			if ok {
				reach(m.Content)
			}
			for _, v := range others {
				reach(v.Text)
			}
		}
	}
	var lost []string
	for token := range s.parents {
		if !reached[token] && !s.deleted[s.of[token]] {
			lost = append(lost, token)
		}
	}
	if len(lost) > 0 {
		return fmt.Errorf("lost: %s", strings.Join(lost, ", "))
	}
	return nil
}

// countAsked counts the texts that wait for a decision although who wrote the one that stands had seen them. Where
// several devices merge at the same time some such questions cannot be told from needed ones.
func (s *sim) countAsked() {
	for _, id := range s.ids {
		m, others, _ := s.devices[0].local.Get(id)
		s.res.Asked += len(others)
		for token := m.Content; len(s.parents[token]) == 1; {
			token = s.parents[token][0]
			for _, v := range others {
				if v.Text == token {
					s.res.Needless++
				}
			}
		}
	}
}

// network is the way from a device to the cloud.
type network struct {
	s *sim
	d *device
}

func (n *network) down() bool {
	return n.d.cut || n.s.trouble && n.s.rng.IntN(8) == 0
}

// Push implements memsync.Remote.
func (n *network) Push(ctx context.Context, p memsync.Place, records []memsync.Record) ([]memsync.Outcome, error) {
	if n.down() {
		n.s.res.Lost++
		return nil, errNet
	}
	if n.s.trouble {
		switch n.s.rng.IntN(10) {
		case 0: // the answer is lost
			n.s.res.Lost++
			_, _ = n.s.remote.Push(ctx, p, records)
			return nil, errNet
		case 1: // it arrives twice
			n.s.res.Doubled++
			_, _ = n.s.remote.Push(ctx, p, records)
		case 2: // it arrives when nobody waits for it any more
			n.s.res.Delayed++
			late := slices.Clone(records)
			n.s.delayed = append(n.s.delayed, func() { _, _ = n.s.remote.Push(context.WithoutCancel(ctx), p, late) })
			return nil, errNet
		}
	}
	return n.s.remote.Push(ctx, p, records)
}

// Pull implements memsync.Remote.
func (n *network) Pull(ctx context.Context, p memsync.Place, cursor string, limit int) (memsync.Page, error) {
	if n.down() {
		n.s.res.Lost++
		return memsync.Page{}, errNet
	}
	return n.s.remote.Pull(ctx, p, cursor, limit)
}

// Fetch implements memsync.Remote.
func (n *network) Fetch(ctx context.Context, p memsync.Place, ids []memory.ID) ([]memsync.Record, error) {
	if n.down() {
		n.s.res.Lost++
		return nil, errNet
	}
	return n.s.remote.Fetch(ctx, p, ids)
}

// Watch implements memsync.Remote.
func (n *network) Watch(ctx context.Context, changed func()) error {
	return n.s.remote.Watch(ctx, changed)
}

// crashing is a data folder whose process dies before one of its transactions.
type crashing struct {
	*Local
	d *device
}

// Write implements memsync.Local.
func (c *crashing) Write(ctx context.Context, p memsync.Place, b memsync.Batch) error {
	if c.d.crash > 0 {
		if c.d.crash--; c.d.crash == 0 {
			return errCrash
		}
	}
	return c.Local.Write(ctx, p, b)
}
