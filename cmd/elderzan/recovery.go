package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/sealed"
)

// registerRecovery adds the tools behind team recovery: a key in shares on paper, for the day on which every device of
// the team is lost.
func (a *admin) registerRecovery(s *server.MCPServer) {
	addAdmin(a, s, "recovery_create", "Make a recovery key", a.recoveryCreate)
	addAdmin(a, s, "recovery_show", "Is there a recovery key", a.recoveryShow)
	addAdmin(a, s, "recovery_check", "Check a share", a.recoveryCheck)
	addAdmin(a, s, "recovery_drop", "End the recovery key", a.recoveryDrop)
	addAdmin(a, s, "recovery_restore", "Read a lost team into a new one, page by page", a.recoveryRestore)
}

type recoveryArgs struct {
	Need   int `json:"need"`
	Shares int `json:"shares"`
}

type recoveryResult struct {
	Team        string   `json:"team_id"`
	Name        string   `json:"team"`
	Fingerprint string   `json:"team_fingerprint"`
	ID          string   `json:"recovery_id"` // "" for none
	Need        int      `json:"need"`
	Shares      int      `json:"shares"`
	Codes       []string `json:"codes,omitempty"`
}

// ownRing returns the team of this folder with its chain.
func ownRing(st *stack) (*sealed.Team, *team.Ring, error) {
	t, _, err := st.cloud.joined()
	if err != nil {
		return nil, nil, err
	}
	r, err := t.Ring()
	return t, r, err
}

func (a *admin) recoveryCreate(ctx context.Context, st *stack, in recoveryArgs) (any, error) {
	t, _, err := ownRing(st)
	if err != nil {
		return nil, err
	}
	shares, err := t.SetRecovery(ctx, in.Need, in.Shares)
	if err != nil {
		return nil, ownersAlone(err)
	}
	out, err := recoveryOf(st)
	for _, s := range shares {
		out.Codes = append(out.Codes, s.Code())
	}
	return out, err
}

func ownersAlone(err error) error {
	if errors.Is(err, team.ErrNotAllowed) {
		return hint(errors.New("only an owner of the team makes or ends its recovery key"), "elderzan team members")
	}
	return err
}

func recoveryOf(st *stack) (recoveryResult, error) {
	t, r, err := ownRing(st)
	if err != nil {
		return recoveryResult{}, err
	}
	c := r.Chain()
	out := recoveryResult{Team: t.ID().String(), Name: t.Name(), Fingerprint: c.Fingerprint().String()}
	if id := c.Policy().Recovery; id != nil {
		out.ID, out.Need, out.Shares = id.ID.String(), id.Need, id.Shares
	}
	return out, nil
}

func (a *admin) recoveryShow(_ context.Context, st *stack, _ struct{}) (any, error) {
	return recoveryOf(st)
}

type shareArgs struct {
	Codes []string `json:"codes"`
}

type shareResult struct {
	Index int `json:"share"`
	Need  int `json:"need"`
}

func (a *admin) recoveryCheck(_ context.Context, st *stack, in shareArgs) (any, error) {
	_, r, err := ownRing(st)
	if err != nil {
		return nil, err
	}
	id := r.Chain().Policy().Recovery
	if id == nil {
		return nil, hint(sealed.ErrNoRecovery, "elderzan team recovery create")
	}
	shares, err := parseShares(in.Codes)
	if err != nil {
		return nil, err
	}
	var out []shareResult
	for _, s := range shares {
		if err := id.CheckShare(s); err != nil {
			return nil, err
		}
		out = append(out, shareResult{s.Index, id.Need})
	}
	return out, nil
}

func parseShares(codes []string) ([]team.Share, error) {
	var out []team.Share
	for i, code := range codes {
		s, err := team.ParseShare(code)
		if err != nil {
			return nil, fmt.Errorf("share %d: %w", i+1, err)
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, hint(errors.New("no share"), "one code a line on standard input, as on the sheets that `elderzan team recovery create` printed")
	}
	return out, nil
}

func (a *admin) recoveryDrop(ctx context.Context, st *stack, _ struct{}) (any, error) {
	t, _, err := ownRing(st)
	if err != nil {
		return nil, err
	}
	if err := t.DropRecovery(ctx); err != nil {
		return nil, ownersAlone(err)
	}
	st.cloud.nudge()
	return struct{}{}, nil
}

type restoreTeamArgs struct {
	Team        string   `json:"team"`
	Fingerprint string   `json:"fingerprint"`
	Codes       []string `json:"codes"`
	AdminURL    string   `json:"admin_url"`
	CA          string   `json:"ca"`
	NoPins      bool     `json:"no_pins"`
	Name        string   `json:"name"`
	As          string   `json:"as"`
	Cursor      string   `json:"cursor"`
}

type restoreTeamResult struct {
	Team    string   `json:"team_id"` // the new one
	Name    string   `json:"team"`
	Members []string `json:"members"` // of the lost one: to be invited anew
	Read    int      `json:"read"`
	Stored  int      `json:"stored"`
	Known   int      `json:"known"`
	Private int      `json:"made_private"` // they look sensitive
	Deleted int      `json:"deleted"`
	Refused int      `json:"refused"` // did not open, or are no memories
	Missing []uint64 `json:"missing_epochs"`
	Next    string   `json:"next,omitempty"`
}

// recoveryPage is how many rows one call restores.
const recoveryPage = 200

// recoveryRestore reads a page of a lost team and stores its memories in a new team of this folder's. What is stored
// already is passed over, so that it may be run again.
func (a *admin) recoveryRestore(ctx context.Context, st *stack, in restoreTeamArgs) (any, error) {
	lost, err := uuid.Parse(in.Team)
	if err != nil {
		return nil, hint(errors.New("that is no team's id"), "it stands on the sheet that `elderzan team recovery create` printed")
	}
	shares, err := parseShares(in.Codes)
	if err != nil {
		return nil, err
	}
	if err := checkAdminURL(in.AdminURL, "team recovery restore"); err != nil {
		return nil, err
	}
	o := postgres.Options{URL: func() string { return in.AdminURL }, CA: pemOf(in.CA), Admin: true}
	login, password, end, err := postgres.Reader(ctx, o, lost)
	if err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := end(ctx); err != nil {
			st.log.Warn("the login of a recovery ends by itself in an hour", "error", err)
		}
	}()
	address, err := withLogin(in.AdminURL, login, password)
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, postgres.Options{URL: func() string { return address }, CA: o.CA})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	remote := db.Remote(lost)
	rec, err := sealed.Recover(ctx, remote, in.Fingerprint, shares)
	if err != nil {
		return nil, err
	}
	out := restoreTeamResult{Missing: rec.Team.Missing(), Members: []string{}}
	for _, m := range rec.Team.Chain().Members() {
		out.Members = append(out.Members, m.Name)
	}
	own, err := st.cloud.successor(ctx, lost, &in, o.CA)
	if err != nil {
		return nil, err
	}
	out.Team, out.Name = own.ID().String(), own.Name()
	page, err := remote.Pull(ctx, memsync.Shared(lost), in.Cursor, recoveryPage)
	if err != nil {
		return nil, err
	}
	if page.More {
		out.Next = page.Cursor
	}
	return out, a.restoreRows(ctx, st, memsync.Shared(lost), rec, page.Records, &out)
}

func (a *admin) restoreRows(ctx context.Context, st *stack, p memsync.Place, rec *sealed.Recovered, records []memsync.Record, out *restoreTeamResult) error {
	c := a.caller(ctx)
	key := c.RequestKey
	for _, r := range records {
		out.Read++
		m, deleted, err := memsync.Read(p, rec, r)
		switch {
		case err != nil:
			st.log.Warn("a record of the lost team cannot be used", "id", r.ID, "error", err)
			out.Refused++
			continue
		case deleted:
			out.Deleted++
			continue
		}
		if key != "" {
			c.RequestKey = key + "-" + string(r.ID)
		}
		res, err := st.service.Import(ctx, c, m)
		var bad *memory.InputError
		switch {
		case errors.As(err, &bad):
			out.Refused++
		case err != nil:
			return err
		case res.Known:
			out.Known++
		default:
			out.Stored++
			if res.Narrowed {
				out.Private++
			}
		}
	}
	return nil
}

// successor returns this folder's team, which takes over what a lost one shared; it is founded where there is none. The
// use of the recovery key is put on record first.
func (k *cloud) successor(ctx context.Context, lost uuid.UUID, in *restoreTeamArgs, ca []byte) (*sealed.Team, error) {
	if in.Cursor == "" {
		a := memory.Audit{At: time.Now().UTC(), Action: "team-recover", User: userName(), Client: adminClient,
			Reason: "the recovery key of team " + lost.String() + " was put together and used"}
		if err := k.store.SetMeta(ctx, nil, a); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	t, link := k.team, k.link
	k.mu.Unlock()
	switch {
	case t != nil && t.ID() == lost:
		return nil, hint(errors.New("this device is in that team: nothing is lost"), "elderzan sync now")
	case t != nil:
		return t, nil
	case link == nil:
		if _, err := k.init(ctx, in.AdminURL, ca, !in.NoPins); err != nil {
			return nil, err
		}
	}
	name := in.Name
	if name == "" {
		name = "recovered"
	}
	return k.create(ctx, name, orUser(in.As))
}
