package tools

import (
	"context"
	"errors"
	"strings"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

type shareResult struct {
	Changed      []scopeChange `json:"changed"`
	Refused      []refusal     `json:"refused"`
	Leaves       bool          `json:"leaves_machine"`
	To           string        `json:"to"`
	NeedsConfirm bool          `json:"needs_confirmation"`
	Warnings     []string      `json:"warnings"`
}

type scopeChange struct {
	ID   memory.ID `json:"id"`
	From string    `json:"from"`
	To   string    `json:"to"`
}

type refusal struct {
	ID           memory.ID `json:"id"`
	Reason       string    `json:"reason"`
	NeedsConfirm bool      `json:"needs_confirmation"`
}

func (s *surface) share(ctx context.Context, c *call) (any, error) {
	a := c.args
	in := memory.ShareInput{IDs: a.idOrIDs(), Scope: a.scope("scope"), Team: a.word("team"), Confirm: a.flag("confirm"), Ask: c.ask}
	if len(in.IDs) == 0 {
		a.fail("id", "is missing", "give the id of the memory to share, or ids")
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	res, err := c.service.Share(ctx, c.caller, in)
	if err != nil {
		return nil, err
	}
	out := shareResult{Changed: []scopeChange{}, Refused: []refusal{}, Leaves: res.Leaves, Warnings: orEmpty(res.Warnings)}
	for i := range res.Changed {
		m := &res.Changed[i]
		out.Changed = append(out.Changed, scopeChange{ID: m.ID, From: res.From[m.ID].String(), To: m.Scope.String()})
	}
	for _, id := range in.IDs { // in the order asked for
		err, refused := res.Refused[id]
		if !refused {
			continue
		}
		why, _ := s.failed(ctx, c.tool, err) // each memory is a change of its own: the others stay changed
		r := refusal{ID: id, Reason: strings.TrimPrefix(resultText(why), c.tool+": "), NeedsConfirm: errors.Is(err, memory.ErrConfirm)}
		out.NeedsConfirm = out.NeedsConfirm || r.NeedsConfirm
		out.Refused = append(out.Refused, r)
	}
	out.To = audience(in.Scope, in.Team, res.Cloud)
	return out, nil
}

// audience says who can read memories of a scope.
func audience(to scope.Scope, team string, cloud bool) string {
	switch {
	case to == scope.Private:
		return "you alone, on this machine, sealed"
	case to == scope.Project:
		return "you, in this project, on this machine"
	case !cloud:
		return "nobody else until a cloud is configured and syncs"
	case to == scope.Shared && team != "":
		return "members of the team " + team + ", end-to-end encrypted"
	case to == scope.Shared:
		return "members of the memory's team, end-to-end encrypted"
	}
	return "everyone who uses the same cloud, in every project"
}
