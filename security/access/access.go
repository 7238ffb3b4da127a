package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Role is a set of rights.
type Role string

// The roles.
const (
	Owner   Role = "owner"   // everything, keys and grants among it
	Editor  Role = "editor"  // read, write, forget, share
	Reader  Role = "reader"  // read
	Auditor Role = "auditor" // the audit log and the status, no memories
)

// Roles lists every role, each once. The caller owns the slice.
func Roles() []Role { return []Role{Owner, Editor, Reader, Auditor} }

// Right is what an action needs.
type Right string

// The rights.
const (
	Read   Right = "read"
	Write  Right = "write"
	Status Right = "status"
	Audit  Right = "audit"
	Manage Right = "manage"
)

// rights lists what each role may do.
var rights = map[Role][]Right{
	Owner:   {Read, Write, Status, Audit, Manage},
	Editor:  {Read, Write, Status},
	Reader:  {Read, Status},
	Auditor: {Status, Audit},
}

// actions lists what each action of the memory and its commands needs. What is not listed needs Manage.
var actions = map[string]Right{
	"recall": Read, "search": Read, "classify": Status, "status": Status,
	"remember": Write, "revise": Write, "forget": Write, "share": Write,
	"audit": Audit,
}

// RightFor returns what an action needs.
func RightFor(action string) Right {
	if r, ok := actions[action]; ok {
		return r
	}
	return Manage
}

// Kinds of what a grant is about.
const (
	Everything = "all"
	Project    = "project"
	Team       = "team"
	Tool       = "tool"
)

// Grant gives a role to somebody for something.
type Grant struct {
	Subject string `json:"subject"`          // a user of the operating system, or "client:" and the name of a program
	Kind    string `json:"kind"`             // all, project, team or tool
	Object  string `json:"object,omitempty"` // name of the project, team or tool; "" for all
	Role    Role   `json:"role"`
}

// ErrGrant reports a grant that makes no sense.
var ErrGrant = errors.New("access: not a grant")

// ClientPrefix begins the subjects that are programs.
const ClientPrefix = "client:"

// maxName bounds names, in bytes.
const maxName = 200

// Check returns an error wrapping ErrGrant that says what is wrong with g.
func (g Grant) Check() error {
	switch name := strings.TrimPrefix(g.Subject, ClientPrefix); {
	case name == "" || len(g.Subject) > maxName || strings.ContainsAny(g.Subject, "\n\r\x00"):
		return fmt.Errorf("%w: it names nobody; use a user name, or client: and the name of a program", ErrGrant)
	case !slices.Contains(Roles(), g.Role):
		return fmt.Errorf("%w: the role %q is unknown; use owner, editor, reader or auditor", ErrGrant, g.Role)
	case !slices.Contains([]string{Everything, Project, Team, Tool}, g.Kind):
		return fmt.Errorf("%w: %q is unknown; use all, project, team or tool", ErrGrant, g.Kind)
	case (g.Kind == Everything) != (g.Object == "") || len(g.Object) > maxName:
		return fmt.Errorf("%w: it names no %s", ErrGrant, g.Kind)
	}
	return nil
}

// String says it in words.
func (g Grant) String() string {
	if g.Kind == Everything {
		return fmt.Sprintf("%s is %s of everything", g.Subject, g.Role)
	}
	return fmt.Sprintf("%s is %s of the %s %s", g.Subject, g.Role, g.Kind, g.Object)
}

// Request is what somebody wants to do.
type Request struct {
	User   string // of the operating system
	Client string // name of the program, as it gives it
	Action string
	// Project and Team are those of the memory in question, where About is set.
	About   bool
	Project string
	Team    string
}

// Policy is the grants of a data folder. The zero value lets nobody do anything.
type Policy struct {
	Owner  string // the user whose data folder it is: may do everything
	Grants []Grant
}

// mine returns the grants of the request's user, or nil and all for the owner, and those that name its program.
func (p Policy) mine(r Request) (user []Grant, all bool, client []Grant) {
	for _, g := range p.Grants {
		switch {
		case g.Subject == ClientPrefix+r.Client:
			client = append(client, g)
		case g.Subject == r.User:
			user = append(user, g)
		}
	}
	return user, r.User == p.Owner && p.Owner != "", client
}

// Allows reports whether the request is allowed: by the user's grants, and, where the program has grants of its own, by
// those as well. A program can so be held to less than its user may, and never gets more.
func (p Policy) Allows(r Request) bool {
	user, all, client := p.mine(r)
	return (all || covers(user, r)) && (len(client) == 0 || covers(client, r))
}

func covers(grants []Grant, r Request) bool {
	need := RightFor(r.Action)
	return slices.ContainsFunc(grants, func(g Grant) bool {
		if !slices.Contains(rights[g.Role], need) {
			return false
		}
		switch g.Kind {
		case Everything:
			return true
		case Tool:
			return g.Object == r.Action
		case Project: // whether it is about one of the project shows with each memory
			return need != Manage && need != Audit && (!r.About || g.Object == r.Project)
		case Team:
			return need != Manage && need != Audit && (!r.About || g.Object == r.Team)
		}
		return false
	})
}

// Unlimited reports whether the request's subject may do the action with every memory, so that none needs a look.
func (p Policy) Unlimited(r Request) bool {
	user, all, client := p.mine(r)
	whole := func(grants []Grant) bool {
		return slices.ContainsFunc(grants, func(g Grant) bool {
			return slices.Contains(rights[g.Role], RightFor(r.Action)) && (g.Kind == Everything || g.Kind == Tool && g.Object == r.Action)
		})
	}
	return (all || whole(user)) && (len(client) == 0 || whole(client))
}

// Add returns the grants with g, in place of one of the same subject and object.
func Add(grants []Grant, g Grant) []Grant {
	return append(Remove(grants, g), g)
}

// Remove returns the grants without that of g's subject for g's object.
func Remove(grants []Grant, g Grant) []Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(h Grant) bool { return h.Subject == g.Subject && h.Kind == g.Kind && h.Object == g.Object })
}
