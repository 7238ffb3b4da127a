package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/team"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/sealed"
)

func (k *cloud) teamOptions(id uuid.UUID) sealed.Options {
	return sealed.Options{Directory: k.db.Remote(id), Logger: k.log, Save: k.saveTeam}
}

func (k *cloud) saveTeam(ctx context.Context, s sealed.State, audit ...memory.Audit) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("cloud: %w", err)
	}
	return k.store.SetMeta(ctx, map[string][]byte{metaTeam: b}, audit...)
}

func (k *cloud) teamName() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.team == nil {
		return ""
	}
	return k.team.Name()
}

func newDevice() (*team.Device, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "device"
	}
	return team.NewDevice(team.DeviceOptions{Label: host})
}

// create founds the team that cloud init made room for.
func (k *cloud) create(ctx context.Context, name, founder string) (*sealed.Team, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.team != nil:
		return nil, hint(fmt.Errorf("this data folder belongs to the team %s already", k.team.Name()), "elderzan team members")
	case k.link == nil || k.link.Device == nil:
		return nil, hint(errors.New("there is no cloud yet"), "elderzan cloud init --admin-url postgres://…, or join a team: elderzan team join CODE")
	}
	device, err := parseDevice(k.link.Device)
	if err != nil {
		return nil, err
	}
	if err := k.connect(ctx); err != nil {
		return nil, err
	}
	if k.team, err = sealed.Found(ctx, k.teamOptions(k.link.Team), device, k.link.Team, name, founder); err != nil {
		k.team = nil
		return nil, err
	}
	return k.team, k.start(ctx)
}

// ticket is what an invite hands over: how to reach the cloud, and the team's invite. It is secret.
type ticket struct {
	URL    string   `json:"u"`
	CA     []byte   `json:"c,omitempty"`
	Pins   []string `json:"p,omitempty"`
	Name   string   `json:"n"`
	Invite string   `json:"i"`
}

// invite makes a ticket. confirm says whether newcomers wait until fingerprints were compared, nil for as before; the last
// result whether they do.
func (k *cloud) invite(ctx context.Context, o team.InviteOptions, confirm *bool) (ticket, time.Time, bool, error) {
	t, link, err := k.joined()
	if err != nil {
		return ticket{}, time.Time{}, false, err
	}
	if confirm != nil {
		if err := t.SetConfirm(ctx, *confirm); err != nil {
			return ticket{}, time.Time{}, false, err
		}
	}
	if err := t.Refresh(ctx); err != nil {
		return ticket{}, time.Time{}, false, err
	}
	login, password := postgres.NewLogin()
	inv, err := t.Invite(ctx, o, login, password)
	if err != nil {
		return ticket{}, time.Time{}, false, err
	}
	out := ticket{CA: link.CA, Pins: link.Pins, Name: t.Name(), Invite: inv.Code()}
	out.URL, err = withLogin(link.URL, login, password)
	return out, inv.Expires, t.Confirms(), err
}

// join asks with a ticket to be taken in.
func (k *cloud) join(ctx context.Context, tk ticket, name, who string) (*sealed.Team, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.team != nil || k.link != nil {
		return nil, hint(errors.New("this data folder has a cloud already"), "join from another data folder: --data DIR")
	}
	inv, err := team.ParseInvite(tk.Invite)
	if err != nil {
		return nil, err
	}
	device, err := newDevice()
	if err != nil {
		return nil, err
	}
	link := &cloudLink{URL: tk.URL, CA: tk.CA, Pins: tk.Pins, Team: inv.Team}
	k.link = link
	undo := func() {
		if k.db != nil {
			k.db.Close()
		}
		k.link, k.db, k.team = nil, nil, nil
	}
	if err := k.connect(ctx); err != nil {
		undo()
		return nil, err
	}
	if name == "" {
		name = tk.Name
	}
	if k.team, err = sealed.Join(ctx, k.teamOptions(inv.Team), device, inv, name, who); err != nil {
		undo()
		return nil, errors.Join(err, k.store.SetMeta(ctx, map[string][]byte{metaTeam: {}}))
	}
	b, err := json.Marshal(link)
	if err != nil {
		return nil, fmt.Errorf("cloud: %w", err)
	}
	if err := k.store.SetMeta(ctx, map[string][]byte{metaLink: b}); err != nil {
		return nil, err
	}
	return k.team, k.start(ctx)
}

// joined returns the team, or what to do to have one.
func (k *cloud) joined() (*sealed.Team, *cloudLink, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.team == nil && k.link != nil && k.mode == modeLocalOnly:
		return nil, nil, hint(errors.New("everything is local now"), "elderzan mode hybrid")
	case k.team == nil && k.link != nil && !k.config.Enabled:
		return nil, nil, hint(errors.New("the setting hybrid_mode_enabled is off"), "set hybrid_mode_enabled = true in config.toml")
	case k.team == nil:
		return nil, nil, hint(errors.New("this data folder belongs to no team"), "elderzan team create NAME, or: elderzan team join CODE")
	}
	return k.team, k.link, nil
}

func parseDevice(encoded []byte) (*team.Device, error) {
	return team.ParseDevice(security.NewSecret(append([]byte(nil), encoded...)))
}
