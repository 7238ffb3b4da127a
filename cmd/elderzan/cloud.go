package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/cmd/internal/metrics"
	"github.com/elderzan/elderzan/cmd/internal/trace"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/sealed"
)

// Where the catalogue, which is encrypted, keeps what this device needs of the cloud.
const (
	metaLink   = "cloud.link"   // cloudLink
	metaTeam   = "cloud.team"   // sealed.State
	metaPaused = "cloud.paused" // "1" while sync is paused
	metaMode   = "cloud.mode"   // "local-only", or nothing
)

// cloudLink is how this device reaches its cloud. It holds a password.
type cloudLink struct {
	URL    string    `json:"url"`
	CA     []byte    `json:"ca,omitempty"`
	Pins   []string  `json:"pins,omitempty"`
	Team   uuid.UUID `json:"team"`
	Device []byte    `json:"device,omitempty"` // made by cloud init, for the team that team create founds
	Next   string    `json:"next,omitempty"`   // password that is on its way to the database: which of the two counts is not known
	Own    bool      `json:"own,omitempty"`    // the password is not that of the invite any more
}

// cloud joins the store, the team and the database, and has the worker sync them. Without a cloud it does nothing.
type cloud struct {
	store  *storage.Store
	local  *cloudLocal
	config cloudConfig
	leave  func() bool   // whether the feature is on
	traces *trace.Tracer // nil for none
	counts *metrics.Metrics
	log    *slog.Logger
	ctx    context.Context // of the worker

	mu      sync.Mutex
	link    *cloudLink // nil for no cloud
	db      *postgres.DB
	team    *sealed.Team // nil for none
	worker  *memsync.Worker
	mode    string
	closed  bool
	trouble error // why the cloud is not used; nil where nothing is wrong

	address  atomic.Pointer[string] // of the database, with the password that counts
	renew    renewal                // of the worker's rounds
	nextCold time.Time              // of the worker's rounds
	expires  atomic.Int64           // end of the server's certificate in Unix seconds, 0 while not known; set while connecting
}

// openCloud syncs for as long as leave says so; it is asked again by reconsider.
func openCloud(ctx context.Context, c cloudConfig, l *cloudLocal, leave func() bool, traces *trace.Tracer, counts *metrics.Metrics, log *slog.Logger) (*cloud, error) {
	k := &cloud{store: l.store, local: l, config: c, leave: leave, traces: traces, counts: counts, log: log, ctx: context.WithoutCancel(ctx)}
	l.team = k.teamName
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.trouble = k.start(ctx); k.trouble != nil { // the memory is there without its cloud
		log.Error("the cloud is not used", "error", k.trouble)
	}
	return k, nil
}

// load reads what is on record.
func (k *cloud) load(ctx context.Context) error {
	mode, err := k.store.Meta(ctx, metaMode)
	if err != nil {
		return err
	}
	k.mode = string(mode)
	b, err := k.store.Meta(ctx, metaLink)
	if err != nil || len(b) == 0 {
		return err
	}
	k.link = &cloudLink{}
	if err := json.Unmarshal(b, k.link); err != nil {
		return fmt.Errorf("cloud: what is on record is damaged: %w", err)
	}
	return nil
}

// options says how to reach the database: as on record, and as the settings say where they do.
func (k *cloud) options() postgres.Options {
	url, o := k.link.URL, postgres.Options{CA: k.link.CA, Pins: k.link.Pins, OnExpiry: k.noteExpiry}
	if k.config.URL.Len() > 0 {
		url = string(k.config.URL.Bytes())
	}
	if k.config.CA != nil {
		o.CA = k.config.CA
	}
	if len(k.config.Pins) > 0 {
		o.Pins = k.config.Pins
	}
	k.address.Store(&url)
	o.URL = func() string { return *k.address.Load() }
	return o
}

func (k *cloud) noteExpiry(at time.Time) { k.expires.Store(at.Unix()) }

// start begins to sync where there is a team, a cloud and leave to; k.mu is held.
func (k *cloud) start(ctx context.Context) error {
	if k.link == nil || k.worker != nil || k.closed || !k.config.Enabled || k.mode == modeLocalOnly || !k.leave() {
		return nil
	}
	state, err := k.store.Meta(ctx, metaTeam)
	if err != nil || len(state) == 0 {
		return err
	}
	if err := k.connect(ctx); err != nil {
		return err
	}
	if k.team == nil {
		var s sealed.State
		if err := json.Unmarshal(state, &s); err != nil {
			return fmt.Errorf("cloud: what is on record of the team is damaged: %w", err)
		}
		if k.team, err = sealed.Restore(k.teamOptions(k.link.Team), s); err != nil {
			return err
		}
	}
	paused, err := k.store.Meta(ctx, metaPaused)
	if err != nil {
		return err
	}
	k.worker = memsync.StartWorker(k.ctx, memsync.WorkerOptions{
		Round: traced(k.traces, k.round), Watch: k.db.Remote(k.link.Team).Watch, Interval: k.config.Interval, Paused: len(paused) > 0, Logger: k.log,
		OnRound: func(_ memsync.Report, _ time.Duration, err error) {
			if !errors.Is(err, context.Canceled) { // cut short by us
				k.counts.Round(roundOutcome(err))
			}
		},
	})
	return nil
}

// connect opens the pool, which connects when it is used; k.mu is held.
func (k *cloud) connect(ctx context.Context) error {
	if k.db != nil {
		return nil
	}
	db, err := postgres.Open(ctx, k.options())
	if err != nil {
		return err
	}
	k.db = db
	return nil
}

// round exchanges everything once: the team, its memories, GLOBAL.
func (k *cloud) round(ctx context.Context) (memsync.Report, error) {
	k.mu.Lock()
	t, db := k.team, k.db
	k.mu.Unlock()
	var rep memsync.Report
	if err := t.Refresh(ctx); err != nil {
		k.otherPassword(err)
		return rep, err
	}
	if err := k.ownPassword(ctx, db.Remote(t.ID())); err != nil {
		return rep, err
	}
	sealer, err := t.Sealer()
	if err != nil {
		return rep, err
	}
	o := memsync.Options{Device: t.Device().String(), Hold: k.local.hold, Logger: k.log}
	remote := db.Remote(t.ID())
	shared := memsync.NewEngine(memsync.Shared(t.ID()), k.local, remote, sealer, o)
	if rep, err = shared.Round(ctx); err != nil {
		return rep, err
	}
	all, err := memsync.NewEngine(memsync.Global(), k.local, remote, memsync.Plain{}, o).Round(ctx)
	rep.Add(all)
	if err != nil {
		return rep, err
	}
	older, err := k.renew.step(ctx, t, shared)
	rep.Add(older)
	if err != nil {
		return rep, err
	}
	return rep, k.cool(ctx, t, remote)
}

// ownPassword gives this device's login another password than the invite's: whoever comes by a used code must not come in
// with it. The new one is on record before the database has it.
func (k *cloud) ownPassword(ctx context.Context, remote *postgres.Remote) error {
	k.mu.Lock()
	link := *k.link
	k.mu.Unlock()
	if link.Device != nil || link.Own || k.config.URL.Len() > 0 {
		return nil
	}
	if link.Next == "" {
		_, link.Next = postgres.NewLogin()
		if err := k.noteLink(ctx, link); err != nil {
			return err
		}
	}
	if err := remote.SetPassword(ctx, link.Next); err != nil {
		return err
	}
	address, err := withPassword(link.URL, link.Next)
	if err != nil {
		return err
	}
	link.URL, link.Next, link.Own = address, "", true
	return k.noteLink(ctx, link, memory.Audit{Action: "cloud-password", User: "sync", Client: "sync", Reason: "the password of the invite does not work any more"})
}

// noteLink makes link the one on record, for connections to come.
func (k *cloud) noteLink(ctx context.Context, link cloudLink, audit ...memory.Audit) error {
	b, err := json.Marshal(link)
	if err != nil {
		return fmt.Errorf("cloud: %w", err)
	}
	if err := k.store.SetMeta(ctx, map[string][]byte{metaLink: b}, audit...); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.link = &link
	k.address.Store(&link.URL)
	return nil
}

// otherPassword has the next connection try the password that this one did not, where it is not known which one counts.
func (k *cloud) otherPassword(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !errors.Is(err, memsync.ErrRefused) || k.link == nil || k.link.Next == "" || k.config.URL.Len() > 0 {
		return
	}
	address := k.link.URL
	if *k.address.Load() == address {
		if address, err = withPassword(address, k.link.Next); err != nil {
			return
		}
	}
	k.address.Store(&address)
}

// nudge says that something changed; it never waits.
func (k *cloud) nudge() {
	if w := k.running(); w != nil {
		w.Nudge()
	}
}

func (k *cloud) running() *memsync.Worker {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.worker
}

// ready reports whether shared memories have anywhere to go.
func (k *cloud) ready() bool { return k.running() != nil }

func (k *cloud) close() error {
	k.mu.Lock()
	k.closed = true
	w, db := k.worker, k.db
	k.worker = nil
	k.mu.Unlock()
	var err error
	if w != nil {
		err = w.Close()
	}
	if db != nil {
		db.Close()
	}
	return err
}

const modeLocalOnly = "local-only"

// reconsider begins or ends to sync, as the feature is on or off.
func (k *cloud) reconsider(ctx context.Context) error {
	k.mu.Lock()
	if k.leave() {
		defer k.mu.Unlock()
		return k.start(ctx)
	}
	w := k.worker
	k.worker = nil
	k.mu.Unlock()
	if w == nil {
		return nil
	}
	return w.Close()
}

// setMode turns everything local, or back, at once and without loss: what waits goes on waiting.
func (k *cloud) setMode(ctx context.Context, mode string) error {
	a := memory.Audit{Action: "cloud-mode", User: userName(), Client: adminClient, Reason: mode}
	value := ""
	if mode == modeLocalOnly {
		value = mode
	}
	if err := k.store.SetMeta(ctx, map[string][]byte{metaMode: []byte(value)}, a); err != nil {
		return err
	}
	k.mu.Lock()
	k.mode = value
	w := k.worker
	if value != "" {
		k.worker = nil
	}
	k.mu.Unlock()
	if value != "" {
		if w != nil {
			return w.Close()
		}
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.start(ctx)
}

// init sets a database up and makes this device's login for a new team.
func (k *cloud) init(ctx context.Context, admin string, ca []byte, pin bool) (cloudLink, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.link != nil {
		return cloudLink{}, hint(errors.New("this data folder has a cloud already"), "elderzan sync status")
	}
	o := postgres.Options{URL: func() string { return admin }, CA: ca, Admin: true}
	if err := postgres.Init(ctx, o); err != nil {
		return cloudLink{}, err
	}
	link := cloudLink{CA: ca}
	var err error
	if pin {
		if link.Pins, err = postgres.ServerPins(ctx, o); err != nil {
			return cloudLink{}, err
		}
		if len(link.Pins) < 2 {
			link.Pins = nil // a certificate that vouches for itself has no backup
		}
	}
	device, err := newDevice()
	if err != nil {
		return cloudLink{}, err
	}
	link.Team, link.Device = uuid.Must(uuid.NewV7()), device.Encode().Bytes()
	login, password := postgres.NewLogin()
	if link.URL, err = withLogin(admin, login, password); err != nil {
		return cloudLink{}, err
	}
	if err := postgres.Found(ctx, o, link.Team, device.ID(), login, password); err != nil {
		return cloudLink{}, err
	}
	return link, k.saveLink(ctx, &link, "cloud-init")
}

// update brings the schema of a database that was set up before up to date.
func (k *cloud) update(ctx context.Context, admin, ca string) error {
	o := postgres.Options{URL: func() string { return admin }, CA: []byte(ca), Admin: true}
	if ca == "" {
		k.mu.Lock()
		o.CA = k.config.CA
		if o.CA == nil && k.link != nil {
			o.CA = k.link.CA
		}
		k.mu.Unlock()
	}
	if err := postgres.Init(ctx, o); err != nil {
		return err
	}
	k.nudge()
	return nil
}

// saveLink makes link the one on record; k.mu is held.
func (k *cloud) saveLink(ctx context.Context, link *cloudLink, action string) error {
	b, err := json.Marshal(link)
	if err != nil {
		return fmt.Errorf("cloud: %w", err)
	}
	a := memory.Audit{Action: action, User: userName(), Client: adminClient, Reason: "team " + link.Team.String()}
	if err := k.store.SetMeta(ctx, map[string][]byte{metaLink: b}, a); err != nil {
		return err
	}
	k.link = link
	if k.db != nil {
		k.db.Close()
		k.db = nil
	}
	return nil
}

// syncer returns the worker, or why there is none.
func (k *cloud) syncer() (*memsync.Worker, error) {
	if w := k.running(); w != nil {
		return w, nil
	}
	if _, _, err := k.joined(); err != nil {
		return nil, err
	}
	return nil, hint(errors.New("everything is local now"), "elderzan mode hybrid")
}

// state is what status shows.
func (k *cloud) state() (state string, at time.Time) {
	k.mu.Lock()
	w, link, mode, enabled := k.worker, k.link, k.mode, k.config.Enabled
	k.mu.Unlock()
	switch {
	case link == nil:
		return "off", time.Time{}
	case mode == modeLocalOnly:
		return modeLocalOnly, time.Time{}
	case !enabled, !k.leave():
		return "disabled", time.Time{}
	case w == nil:
		return "no team", time.Time{}
	}
	s := w.Status()
	if errors.Is(s.Error, sealed.ErrNotYet) && s.State == memsync.StateFailing {
		return "not let in yet", s.SyncedAt
	}
	return string(s.State), s.SyncedAt
}

// certificateWarning is how long before its end a certificate is warned of.
const certificateWarning = 30 * 24 * time.Hour

// alerts are what status tells of the cloud, in words.
// reach reports whether there is a cloud, and whether it cannot be reached.
func (k *cloud) reach() (cloud, offline bool) {
	k.mu.Lock()
	w := k.worker
	k.mu.Unlock()
	return w != nil, w != nil && w.Status().State == memsync.StateOffline
}

func roundOutcome(err error) string {
	switch {
	case err == nil:
		return metrics.RoundOK
	case errors.Is(err, memsync.ErrOffline):
		return metrics.RoundOffline
	}
	return metrics.RoundFailed
}

func (k *cloud) alerts(ctx context.Context) []string {
	k.mu.Lock()
	w, t, trouble := k.worker, k.team, k.trouble
	k.mu.Unlock()
	expires := time.Unix(k.expires.Load(), 0)
	var out []string
	if trouble != nil {
		out = append(out, "the cloud is not used: "+trouble.Error())
	}
	if t != nil && t.Alarm() != "" {
		out = append(out, "cloud: "+t.Alarm())
	}
	if left := time.Until(expires); expires.Unix() != 0 && left < certificateWarning {
		out = append(out, fmt.Sprintf("cloud: the server's certificate ends in %d days, on %s", int(left.Hours()/24), expires.Format(time.DateOnly)))
	}
	if w == nil {
		return out
	}
	if s := w.Status(); s.Error != nil && s.State == memsync.StateFailing {
		if text := "sync: " + s.Error.Error(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	if ids, err := k.store.CloudConflicts(ctx, 100); err == nil && len(ids) > 0 {
		out = append(out, fmt.Sprintf("%d memories were changed by two people at once, such as %s; decide with revise and resolves, or: elderzan conflicts list", len(ids), ids[0]))
	}
	if ids, err := k.store.CloudHeld(ctx, k.local.place(memsync.Shared(t.ID())), 100); err == nil && len(ids) > 0 {
		out = append(out, fmt.Sprintf("%d records from the cloud were refused or wait for a key; see: elderzan sync status", len(ids)))
	}
	return out
}

// withPassword puts a password in place of the one in a database's address.
func withPassword(address, password string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("cloud: the address of the database cannot be read")
	}
	return withLogin(address, u.User.Username(), password)
}

// withLogin puts a login in place of the one in a database's address.
func withLogin(address, login, password string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("cloud: the address of the database cannot be read")
	}
	u.User = url.UserPassword(login, password)
	return u.String(), nil
}
