package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
)

// registerCloud adds the tools behind the commands cloud, team, sync, conflicts and mode.
func (a *admin) registerCloud(s *server.MCPServer) {
	addAdmin(a, s, "cloud_init", "Set a cloud up", a.cloudInit)
	addAdmin(a, s, "cloud_update", "Bring the cloud's schema up to date", a.cloudUpdate)
	addAdmin(a, s, "cloud_pins", "The server's pins", a.cloudPins)
	addAdmin(a, s, "cloud_usage", "What the team keeps in the cloud", a.cloudUsage)
	addAdmin(a, s, "cloud_cool", "Move old GLOBAL into cold storage", a.cloudCool)
	addAdmin(a, s, "cloud_warm", "Bring GLOBAL back from cold storage", a.cloudWarm)
	addAdmin(a, s, "team_create", "Found a team", a.teamCreate)
	addAdmin(a, s, "team_invite", "Invite into the team", a.teamInvite)
	addAdmin(a, s, "team_join", "Join a team", a.teamJoin)
	addAdmin(a, s, "team_accept", "Take in who asks to join", a.teamAccept)
	addAdmin(a, s, "team_members", "List the team", a.teamMembers)
	addAdmin(a, s, "team_remove", "Take a member out", a.teamRemove)
	addAdmin(a, s, "team_role", "Change a member's role", a.teamRole)
	addAdmin(a, s, "team_rotate", "Open a new epoch", a.teamRotate)
	addAdmin(a, s, "team_mend", "Take rubbish out of the membership chain", a.teamMend)
	a.registerRecovery(s)
	addAdmin(a, s, "sync_now", "Sync once", a.syncNow)
	addAdmin(a, s, "sync_status", "How sync is", a.syncStatus)
	addAdmin(a, s, "sync_pause", "Pause or resume sync", a.syncPause)
	addAdmin(a, s, "mode", "All local, or hybrid", a.setMode)
	addAdmin(a, s, "conflicts_list", "Memories changed by two at once", a.conflictsList)
	addAdmin(a, s, "conflicts_resolve", "Decide a conflict", a.conflictsResolve)
}

type cloudInitArgs struct {
	AdminURL string `json:"admin_url"`
	CA       string `json:"ca"`
	NoPins   bool   `json:"no_pins"`
}

type cloudInitResult struct {
	Team string   `json:"team_id"`
	Pins []string `json:"pins"`
	Next string   `json:"next"`
}

func (a *admin) cloudInit(ctx context.Context, st *stack, in cloudInitArgs) (any, error) {
	if err := checkAdminURL(in.AdminURL, "cloud init"); err != nil {
		return nil, err
	}
	link, err := st.cloud.init(ctx, in.AdminURL, pemOf(in.CA), !in.NoPins)
	if err != nil {
		return nil, err
	}
	return cloudInitResult{Team: link.Team.String(), Pins: link.Pins, Next: "elderzan team create NAME"}, nil
}

// checkAdminURL checks the --admin-url of a command.
func checkAdminURL(address, command string) error {
	if err := postgres.CheckURL(address); err != nil {
		return hint(errors.New(strings.ReplaceAll(strings.TrimPrefix(err.Error(), "postgres: "), "cloud_database_url", "--admin-url")), "elderzan "+command+" --help")
	}
	return nil
}

// pemOf returns certificates as Options want them, nil for none.
func pemOf(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}

func (a *admin) cloudUpdate(ctx context.Context, st *stack, in cloudInitArgs) (any, error) {
	if err := checkAdminURL(in.AdminURL, "cloud update"); err != nil {
		return nil, err
	}
	return struct{}{}, st.cloud.update(ctx, in.AdminURL, in.CA)
}

type pinsArgs struct {
	Renew bool `json:"renew"`
}

type pinsResult struct {
	Server []string `json:"server"`
	Set    []string `json:"set"`
}

func (a *admin) cloudPins(ctx context.Context, st *stack, in pinsArgs) (any, error) {
	return st.cloud.pins(ctx, in.Renew)
}

type nameArgs struct {
	Name string `json:"name"`
	As   string `json:"as"`
}

type teamResult struct {
	ID          string `json:"team_id"`
	Name        string `json:"team"`
	Device      string `json:"device"`
	Fingerprint string `json:"device_fingerprint"`
	Waiting     bool   `json:"waiting,omitempty"`
}

func orUser(name string) string {
	if name == "" {
		return userName()
	}
	return name
}

func (a *admin) teamCreate(ctx context.Context, st *stack, in nameArgs) (any, error) {
	t, err := st.cloud.create(ctx, in.Name, orUser(in.As))
	if err != nil {
		return nil, err
	}
	return teamResult{ID: t.ID().String(), Name: t.Name(), Device: t.Device().String(), Fingerprint: t.Fingerprint()}, nil
}

type inviteArgs struct {
	Role    string `json:"role"`
	Own     bool   `json:"own"`
	Hours   int    `json:"hours"`
	Confirm *bool  `json:"confirm"`
}

type inviteResult struct {
	Code    string `json:"code"`
	Expires string `json:"expires"`
	Confirm bool   `json:"needs_accept"`
}

func (a *admin) teamInvite(ctx context.Context, st *stack, in inviteArgs) (any, error) {
	o := team.InviteOptions{Own: in.Own, Life: time.Duration(in.Hours) * time.Hour}
	if in.Role != "" {
		var err error
		if o.Role, err = team.ParseRole(in.Role); err != nil {
			return nil, err
		}
	}
	tk, until, confirm, err := st.cloud.invite(ctx, o, in.Confirm)
	if err != nil {
		return nil, err
	}
	code, err := tk.code()
	return inviteResult{Code: code, Expires: until.Format(time.RFC3339), Confirm: confirm}, err
}

type joinArgs struct {
	Code string `json:"code"`
	Name string `json:"name"`
	As   string `json:"as"`
}

func (a *admin) teamJoin(ctx context.Context, st *stack, in joinArgs) (any, error) {
	tk, err := parseTicket(in.Code)
	if err != nil {
		return nil, err
	}
	t, err := st.cloud.join(ctx, tk, in.Name, orUser(in.As))
	if err != nil {
		return nil, err
	}
	_, err = t.Ring()
	return teamResult{ID: t.ID().String(), Name: t.Name(), Device: t.Device().String(), Fingerprint: t.Fingerprint(), Waiting: err != nil}, nil
}

type acceptArgs struct {
	Fingerprint string `json:"fingerprint"`
}

type memberResult struct {
	Member string `json:"member"`
}

func (a *admin) teamAccept(ctx context.Context, st *stack, in acceptArgs) (any, error) {
	t, _, err := st.cloud.joined()
	if err != nil {
		return nil, err
	}
	name, err := t.Accept(ctx, in.Fingerprint)
	return memberResult{name}, err
}

type membersResult struct {
	Team        string         `json:"team"`
	Epoch       uint64         `json:"epoch"`
	Fingerprint string         `json:"team_fingerprint"`
	Device      string         `json:"device"`
	Own         string         `json:"device_fingerprint"`
	Members     []memberInfo   `json:"members"`
	Asking      []askingMember `json:"asking"`
}

type memberInfo struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Role    string   `json:"role"`
	Devices []string `json:"devices"`
}

type askingMember struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
	Mine        bool   `json:"invited_here"`
}

func (a *admin) teamMembers(ctx context.Context, st *stack, _ struct{}) (any, error) {
	t, _, err := st.cloud.joined()
	if err != nil {
		return nil, err
	}
	out := membersResult{Team: t.Name(), Device: t.Device().String(), Own: t.Fingerprint(), Members: []memberInfo{}, Asking: []askingMember{}}
	r, err := t.Ring()
	if err != nil {
		return out, nil //nolint:nilerr // not let in yet: the device's fingerprint is what there is to show
	}
	c := r.Chain()
	out.Epoch, out.Fingerprint = c.Epoch(), c.Fingerprint().String()
	for _, m := range c.Members() {
		info := memberInfo{ID: m.ID.String(), Name: m.Name, Role: m.Role.String()}
		for _, d := range c.Devices(m.ID) {
			info.Devices = append(info.Devices, fmt.Sprintf("%s (%s)", d.Public.Label, d.Public.Fingerprint()))
		}
		out.Members = append(out.Members, info)
	}
	asking, err := t.Waiting(ctx)
	if err == nil {
		for _, w := range asking {
			out.Asking = append(out.Asking, askingMember{w.Name, w.Fingerprint, w.Mine})
		}
	}
	return out, nil
}

type memberArgs struct {
	Member string `json:"member"`
	Role   string `json:"role"`
}

// memberOf finds a member by id or by name.
func memberOf(r *team.Ring, what string) (team.Member, error) {
	var found []team.Member
	for _, m := range r.Chain().Members() {
		if m.ID.String() == what || m.Name == what {
			found = append(found, m)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return team.Member{}, hint(errors.New("the team has no such member"), "elderzan team members")
	}
	return team.Member{}, hint(errors.New("several members have that name"), "give the id: elderzan team members")
}

func (a *admin) teamRemove(ctx context.Context, st *stack, in memberArgs) (any, error) {
	t, _, err := st.cloud.joined()
	if err != nil {
		return nil, err
	}
	r, err := t.Ring()
	if err != nil {
		return nil, err
	}
	m, err := memberOf(r, in.Member)
	if err != nil {
		return nil, err
	}
	if err := t.Remove(ctx, m.ID); err != nil {
		return nil, err
	}
	st.cloud.nudge()
	return memberResult{m.Name}, nil
}

func (a *admin) teamRole(ctx context.Context, st *stack, in memberArgs) (any, error) {
	t, _, err := st.cloud.joined()
	if err != nil {
		return nil, err
	}
	r, err := t.Ring()
	if err != nil {
		return nil, err
	}
	m, err := memberOf(r, in.Member)
	if err != nil {
		return nil, err
	}
	role, err := team.ParseRole(in.Role)
	if err != nil {
		return nil, err
	}
	return memberResult{m.Name}, t.SetRole(ctx, m.ID, role)
}

func (a *admin) teamRotate(ctx context.Context, st *stack, _ struct{}) (any, error) {
	t, _, err := st.cloud.joined()
	if err != nil {
		return nil, err
	}
	return struct{}{}, t.Rotate(ctx)
}

type mendResult struct {
	Entries int `json:"entries"`
}

func (a *admin) teamMend(ctx context.Context, st *stack, _ struct{}) (any, error) {
	t, _, err := st.cloud.joined()
	if err != nil {
		return nil, err
	}
	n, err := t.Mend(ctx)
	if err == nil {
		st.cloud.nudge()
	}
	return mendResult{n}, err
}

type syncReport struct {
	Pushed    int   `json:"pushed"`
	Pulled    int   `json:"pulled"`
	Conflicts int   `json:"conflicts"`
	Held      int   `json:"held"`
	Refused   int   `json:"refused"`
	BytesOut  int64 `json:"bytes_out"`
	BytesIn   int64 `json:"bytes_in"`
	Resealed  int   `json:"resealed"`
}

func reportOf(r memsync.Report) syncReport {
	return syncReport{r.Pushed, r.Pulled, r.Conflicts, r.Held, r.Refused, r.BytesOut, r.BytesIn, r.Resealed}
}

func (a *admin) syncNow(ctx context.Context, st *stack, _ struct{}) (any, error) {
	w, err := st.cloud.syncer()
	if err != nil {
		return nil, err
	}
	rep, err := w.Now(ctx)
	return reportOf(rep), err
}

type syncStatusResult struct {
	State     string     `json:"state"`
	Team      string     `json:"team,omitempty"`
	Pending   int        `json:"pending"`
	SyncedAt  string     `json:"synced_at,omitempty"`
	NextTry   string     `json:"next_try,omitempty"`
	Error     string     `json:"error,omitempty"`
	Rounds    int64      `json:"rounds"`
	Failed    int64      `json:"failed"`
	Total     syncReport `json:"total"`
	Conflicts int        `json:"conflicts"`
	Older     int        `json:"older"` // rows under keys of older epochs, which are sealed anew little by little
	Held      []heldRow  `json:"held"`
}

type heldRow struct {
	ID  memory.ID `json:"id"`
	Why string    `json:"why"`
}

func (a *admin) syncStatus(ctx context.Context, st *stack, _ struct{}) (any, error) {
	return st.cloud.status(ctx)
}

type pauseArgs struct {
	Pause bool `json:"pause"`
}

func (a *admin) syncPause(ctx context.Context, st *stack, in pauseArgs) (any, error) {
	if err := st.cloud.pause(ctx, in.Pause); err != nil {
		return nil, err
	}
	return st.cloud.status(ctx)
}

type modeArgs struct {
	Mode string `json:"mode"`
}

func (a *admin) setMode(ctx context.Context, st *stack, in modeArgs) (any, error) {
	if err := st.cloud.setMode(ctx, in.Mode); err != nil {
		return nil, err
	}
	return st.cloud.status(ctx)
}

type conflictsResult struct {
	Conflicts []conflict `json:"conflicts"`
}

type conflict struct {
	ID     memory.ID `json:"id"`
	Scope  string    `json:"scope"`
	Title  string    `json:"title,omitempty"`
	Text   string    `json:"text"`
	Others []other   `json:"others"`
}

type other struct {
	Text   string `json:"text"`
	Title  string `json:"title,omitempty"`
	Base   string `json:"base,omitempty"`
	Author string `json:"author,omitempty"`
	At     string `json:"at"`
}

func (a *admin) conflictsList(ctx context.Context, st *stack, in idArgs) (any, error) {
	list, err := st.cloud.conflicts(ctx, in.ID)
	return conflictsResult{list}, err
}

type idArgs struct {
	ID memory.ID `json:"id"`
}

type resolveArgs struct {
	ID      memory.ID `json:"id"`
	Keep    string    `json:"keep"` // "current", or the number of another text, from 1
	Content string    `json:"content"`
}

func (a *admin) conflictsResolve(ctx context.Context, st *stack, in resolveArgs) (any, error) {
	m, err := st.resolve(ctx, a.caller(ctx), in)
	if err != nil {
		return nil, err
	}
	return conflict{ID: m.ID, Scope: m.Scope.String(), Title: m.Title, Text: m.Content, Others: []other{}}, nil
}

// ticketPrefix begins a code that team invite prints.
const ticketPrefix = "EZTEAM1."

func (t *ticket) code() (string, error) {
	b, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("invite: %w", err)
	}
	return ticketPrefix + packCode(b), nil
}

func parseTicket(code string) (ticket, error) {
	var t ticket
	bad := hint(errors.New("the code was mistyped or cut"), "copy the whole of what `elderzan team invite` printed")
	rest, ok := strings.CutPrefix(strings.Join(strings.Fields(code), ""), ticketPrefix)
	if !ok {
		return t, bad
	}
	b, err := unpackCode(rest)
	if err != nil || json.Unmarshal(b, &t) != nil {
		return t, bad
	}
	if err := postgres.CheckURL(t.URL); err != nil {
		return t, bad
	}
	return t, nil
}
