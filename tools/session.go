package tools

import (
	"context"
	"errors"
	"slices"

	"github.com/elderzan/elderzan/memory"
)

// session is a client connection as it is shown.
type session struct {
	ID        string   `json:"id"`
	Client    string   `json:"client"`
	User      string   `json:"user,omitempty"`
	Project   string   `json:"project"`
	Status    string   `json:"status"`
	StartedAt string   `json:"started_at"`
	LastAt    string   `json:"last_at"`
	EndedAt   string   `json:"ended_at,omitempty"`
	Stored    int      `json:"stored"`
	Recalls   int      `json:"recalls"`
	Score     *float64 `json:"score,omitempty"`
}

type sessionResult struct {
	session
	Memories []hit     `json:"memories"` // stored in it, in order
	Recalled []useOf   `json:"recalled"` // what came back most often first
	Drafts   []draft   `json:"drafts"`   // open in its project
	Similar  []session `json:"similar"`
	Total    int       `json:"total"`
}

// useOf is a memory that came back in a session.
type useOf struct {
	preview
	Count int `json:"count"`
}

func shownSession(s *memory.Session) session {
	out := session{
		ID: s.ID, Client: s.Client, User: s.User, Project: s.Project, Status: "closed", StartedAt: stamp(s.StartedAt), LastAt: stamp(s.LastAt),
		EndedAt: stamp(s.EndedAt), Stored: s.Memories, Recalls: s.Recalls,
	}
	if s.Open {
		out.Status = "open"
	}
	return out
}

func (s *surface) readSession(ctx context.Context, c *call, id string) (any, error) {
	r, err := c.service.Session(ctx, c.caller, id)
	if errors.Is(err, memory.ErrNoSessions) {
		return s.listResource(ctx, c, memory.SearchQuery{Filter: memory.Filter{Sessions: []string{id}}, Sort: memory.SortOldest}, "session")
	}
	if err != nil {
		return nil, err
	}
	return ShowSession(r), nil
}

// ShowSessions is a list of sessions as a client sees it.
func ShowSessions(list []memory.Session) any {
	out := []session{}
	for i := range list {
		out = append(out, shownSession(&list[i]))
	}
	return struct {
		Sessions []session `json:"sessions"`
	}{out}
}

// ShowMatches is a list of similar sessions as a client sees it.
func ShowMatches(list []memory.SessionMatch) any {
	return struct {
		Sessions []session `json:"sessions"`
	}{shownMatches(list)}
}

func shownMatches(list []memory.SessionMatch) []session {
	out := []session{}
	for i := range list {
		one := shownSession(&list[i].Session)
		score := round(list[i].Cosine)
		one.Score = &score
		out = append(out, one)
	}
	return out
}

// ShowSession is a session with all that is needed to take it up again, as a client sees it.
func ShowSession(r memory.SessionReport) any {
	out := sessionResult{
		session: shownSession(&r.Session), Memories: []hit{}, Recalled: []useOf{}, Drafts: shownAll(r.Drafts), Similar: shownMatches(r.Similar), Total: r.Memories,
	}
	slices.Reverse(r.Remembered)
	for i := range r.Remembered {
		h := brief(&r.Remembered[i])
		h.Content, h.Cut = clip(h.Content, relatedBytes)
		out.Memories = append(out.Memories, h)
	}
	for _, p := range previews(r.Recalled) {
		out.Recalled = append(out.Recalled, useOf{preview: p, Count: r.Counts[p.ID]})
	}
	return out
}

func (s *surface) readDraft(ctx context.Context, c *call, key string) (any, error) {
	d, err := c.service.Draft(ctx, c.caller, key)
	if err != nil {
		return nil, err
	}
	return shown(d), nil
}

// auditLimit is how many entries of the audit log its resource shows.
const auditLimit = 50

type auditResult struct {
	Head    int64        `json:"head"` // number of the newest entry
	Entries []auditEntry `json:"entries"`
}

type auditEntry struct {
	Seq     int64     `json:"seq"`
	At      string    `json:"at"`
	Action  string    `json:"action"`
	Subject memory.ID `json:"subject,omitempty"`
	User    string    `json:"user,omitempty"`
	Client  string    `json:"client,omitempty"`
	Session string    `json:"session,omitempty"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to,omitempty"`
	Rules   []string  `json:"rules,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

func (s *surface) readAudit(ctx context.Context, c *call, _ string) (any, error) {
	entries, err := c.service.AuditTail(ctx, c.caller, auditLimit)
	if err != nil {
		return nil, err
	}
	out := auditResult{Entries: []auditEntry{}}
	for _, e := range entries {
		out.Head = max(out.Head, e.Seq)
		shown := auditEntry{
			Seq: e.Seq, At: stamp(e.At), Action: e.Action, Subject: e.Subject, User: e.User, Client: e.Client, Session: e.Session, Rules: e.Rules, Reason: e.Reason,
		}
		if e.From.Valid() {
			shown.From = e.From.String()
		}
		if e.To.Valid() {
			shown.To = e.To.String()
		}
		out.Entries = append(out.Entries, shown)
	}
	return out, nil
}
