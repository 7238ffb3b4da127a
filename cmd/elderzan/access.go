package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security/access"
)

// authorizer asks the policy of the data folder. It keeps the grants in memory; admin.access renews them.
type authorizer struct {
	policy atomic.Pointer[access.Policy]
}

var (
	_ memory.Authorizer = (*authorizer)(nil)
	_ memory.Limiter    = (*authorizer)(nil)
)

func newAuthorizer(ctx context.Context, s *storage.Store) (*authorizer, error) {
	a := &authorizer{}
	return a, a.load(ctx, s)
}

func (a *authorizer) load(ctx context.Context, s *storage.Store) error {
	grants, err := s.Grants(ctx)
	if err != nil {
		return err
	}
	a.policy.Store(&access.Policy{Owner: userName(), Grants: grants})
	return nil
}

func request(c memory.Caller, action string, m *memory.Memory) access.Request {
	r := access.Request{User: c.User, Client: c.Client, Action: action}
	if m != nil {
		r.About, r.Project, r.Team = true, m.Project, m.Team
	}
	return r
}

// Authorize implements memory.Authorizer.
func (a *authorizer) Authorize(_ context.Context, c memory.Caller, action string, m *memory.Memory) error {
	if a.policy.Load().Allows(request(c, action, m)) {
		return nil
	}
	return fmt.Errorf("%w: %s, through %s, may not %s here; the owner of the memory can allow it: elderzan access grant", memory.ErrDenied, orDash(c.User), orDash(c.Client), action)
}

// Limits implements memory.Limiter.
func (a *authorizer) Limits(c memory.Caller, action string) func(*memory.Memory) bool {
	p := a.policy.Load()
	if p.Unlimited(request(c, action, nil)) {
		return nil
	}
	return func(m *memory.Memory) bool { return p.Allows(request(c, action, m)) }
}

type accessArgs struct {
	Action string       `json:"action"` // list, grant or revoke
	Grant  access.Grant `json:"grant"`
}

type accessResult struct {
	Owner  string         `json:"owner"`
	Grants []access.Grant `json:"grants"`
}

func (a *admin) access(ctx context.Context, st *stack, in accessArgs) (any, error) {
	c := a.caller(ctx)
	if err := st.service.Authorize(ctx, c, "access"); err != nil {
		return nil, err
	}
	note := memory.Audit{User: c.User, Client: c.Client, Session: c.Session}
	var err error
	switch in.Action {
	case "grant":
		err = st.store.Grant(ctx, in.Grant, note)
	case "revoke":
		var had bool
		if had, err = st.store.Revoke(ctx, in.Grant, note); err == nil && !had {
			err = hint(errors.New("there is no such grant"), "see which there are: elderzan access list")
		}
	}
	if errors.Is(err, access.ErrGrant) {
		err = hint(err, "elderzan access grant --help")
	}
	if err == nil {
		err = st.authorizer.load(ctx, st.store)
	}
	if err != nil {
		return nil, err
	}
	p := st.authorizer.policy.Load()
	return accessResult{Owner: p.Owner, Grants: append([]access.Grant{}, p.Grants...)}, nil
}

func newAccess(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "access", Short: "Say who may do what: roles for users and programs", GroupID: "server", Args: unknownCommand,
		Long: "The owner of the data folder may do everything. Others, and programs, have what they are granted: reader, editor, auditor or\n" +
			"owner, of everything, a project, a team or a tool. A program (client:NAME) with grants of its own is held to them,\n" +
			"whoever uses it; it never gets more than its user has. What is refused is in the audit log.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAccessList(a), newAccessChange(a, "grant"), newAccessChange(a, "revoke"))
	return cmd
}

func newAccessList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the grants", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.callAccess(cmd.Context(), accessArgs{Action: "list"})
		},
	}
}

func (a *app) callAccess(ctx context.Context, in accessArgs) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var raw json.RawMessage
	if err := s.Call(ctx, adminPrefix+"access", in, &raw); err != nil {
		return err
	}
	return a.print(raw, func(w io.Writer, raw json.RawMessage) error {
		var r accessResult
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		fmt.Fprintf(w, "%s is owner of everything\n", r.Owner)
		for _, g := range r.Grants {
			fmt.Fprintln(w, g)
		}
		return nil
	})
}

func newAccessChange(a *app, action string) *cobra.Command {
	var project, team, tool string
	use, short, args := "grant WHO ROLE", "Give a user, or a program, a role: owner, editor, reader or auditor", 2
	if action == "revoke" {
		use, short, args = "revoke WHO", "Take a grant back", 1
	}
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(args),
		Example: "  elderzan access grant client:cursor reader --project atlas\n  elderzan access revoke client:cursor --project atlas",
		RunE: func(cmd *cobra.Command, words []string) error {
			g := access.Grant{Subject: words[0], Kind: access.Everything}
			if len(words) > 1 {
				g.Role = access.Role(words[1])
			}
			for kind, object := range map[string]string{access.Project: project, access.Team: team, access.Tool: tool} {
				if object == "" {
					continue
				}
				if g.Object != "" {
					return hint(errors.New("a grant is for one thing"), "give one of --project, --team and --tool")
				}
				g.Kind, g.Object = kind, object
			}
			if g.Subject == access.ClientPrefix+adminClient && action == "grant" {
				return hint(errors.New("the command line cannot be held to less than its user"), "grant to another program, or to a user")
			}
			return a.callAccess(cmd.Context(), accessArgs{Action: action, Grant: g})
		},
	}
	cmd.Flags().StringVar(&project, "project", "", "for the memories of this project")
	cmd.Flags().StringVar(&team, "team", "", "for those of this team")
	cmd.Flags().StringVar(&tool, "tool", "", "for this tool, such as recall")
	return cmd
}
