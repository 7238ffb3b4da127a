package access

import (
	"errors"
	"testing"
)

func TestAllows(t *testing.T) {
	grants := []Grant{
		{"bo", Project, "atlas", Reader}, {"cy", Team, "platform", Editor}, {"di", Everything, "", Auditor}, {"ed", Tool, "remember", Editor},
		{"client:helper", Project, "atlas", Reader}, {"client:free", Everything, "", Editor},
	}
	p := Policy{Owner: "al", Grants: grants}
	about := func(user, client, action, project, team string) Request {
		return Request{User: user, Client: client, Action: action, About: true, Project: project, Team: team}
	}
	for name, tc := range map[string]struct {
		r    Request
		want bool
	}{
		"the owner reads":                        {about("al", "cli", "recall", "x", ""), true},
		"the owner changes keys":                 {Request{User: "al", Client: "cli", Action: "keys"}, true},
		"a stranger reads":                       {about("xx", "cli", "recall", "atlas", ""), false},
		"nobody reads":                           {about("", "cli", "recall", "atlas", ""), false},
		"a reader reads its project":             {about("bo", "cli", "recall", "atlas", ""), true},
		"a reader reads another":                 {about("bo", "cli", "recall", "other", ""), false},
		"a reader may ask":                       {Request{User: "bo", Client: "cli", Action: "recall"}, true},
		"a reader writes":                        {about("bo", "cli", "revise", "atlas", ""), false},
		"a reader reads the log":                 {Request{User: "bo", Client: "cli", Action: "audit"}, false},
		"an editor writes to its team":           {about("cy", "cli", "revise", "x", "platform"), true},
		"an editor writes to another team":       {about("cy", "cli", "revise", "x", "other"), false},
		"an editor grants":                       {Request{User: "cy", Client: "cli", Action: "access"}, false},
		"an auditor reads the log":               {Request{User: "di", Client: "cli", Action: "audit"}, true},
		"an auditor reads":                       {about("di", "cli", "recall", "atlas", ""), false},
		"one tool":                               {about("ed", "cli", "remember", "x", ""), true},
		"another tool":                           {about("ed", "cli", "forget", "x", ""), false},
		"a held program reads its project":       {about("al", "helper", "recall", "atlas", ""), true},
		"a held program reads another":           {about("al", "helper", "recall", "other", ""), false},
		"a held program writes":                  {about("al", "helper", "remember", "atlas", ""), false},
		"a program gives its user nothing":       {about("xx", "free", "remember", "atlas", ""), false},
		"an unknown action is the owner's alone": {about("cy", "cli", "explode", "x", "platform"), false},
	} {
		if got := p.Allows(tc.r); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
		if p.Unlimited(tc.r) && !p.Allows(tc.r) {
			t.Errorf("%s: unlimited and not allowed", name)
		}
	}
	if (Policy{}).Allows(Request{Action: "status"}) {
		t.Error("the zero policy allows something")
	}
}

func TestGrants(t *testing.T) {
	good := Grant{"bo", Project, "atlas", Reader}
	for name, g := range map[string]Grant{
		"nobody": {"", Project, "a", Reader}, "no program": {"client:", Project, "a", Reader}, "no role": {"bo", Project, "a", "king"},
		"no kind": {"bo", "planet", "a", Reader}, "no object": {"bo", Project, "", Reader}, "all of something": {"bo", Everything, "a", Reader},
	} {
		if err := g.Check(); !errors.Is(err, ErrGrant) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	list := Add(Add(nil, good), Grant{"bo", Project, "atlas", Editor})
	if len(list) != 1 || list[0].Role != Editor {
		t.Errorf("a second grant for the same object: %v", list)
	}
	if list = Remove(list, good); len(list) != 0 {
		t.Errorf("removed: %v", list)
	}
}
