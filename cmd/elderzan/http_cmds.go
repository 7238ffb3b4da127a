package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/streamable"
	"github.com/elderzan/elderzan/memory"
)

type httpArgs struct {
	Action string        `json:"action"` // status, listen, leave, token or revoke
	Listen string        `json:"listen,omitempty"`
	Name   string        `json:"name,omitempty"`
	User   string        `json:"user,omitempty"`
	Keep   time.Duration `json:"keep,omitempty"`
}

type httpResult struct {
	URLs   []string    `json:"urls"`
	Token  string      `json:"token,omitempty"` // of a new one; shown this once
	Tokens []httpToken `json:"tokens"`
}

type httpToken struct {
	Name    string     `json:"name"`
	User    string     `json:"user"`
	Created time.Time  `json:"created_at"`
	Expires *time.Time `json:"expires_at,omitempty"`
}

// http answers the commands about MCP over HTTP. Making and ending tokens goes into the audit log.
func (a *admin) http(ctx context.Context, st *stack, in httpArgs) (any, error) {
	c := a.caller(ctx)
	var out httpResult
	note := memory.Audit{User: c.User, Client: c.Client, Session: c.Session}
	var err error
	switch in.Action {
	case "listen":
		var conf config
		if conf, err = loadConfig(a.door.h.dir); err != nil {
			return nil, err
		}
		if err := conf.HTTP.check(in.Listen); err != nil {
			return nil, hint(fmt.Errorf("%s is not %w", in.Listen, err), "elderzan serve --http 127.0.0.1:7420")
		}
		_, err = a.door.listen(conf.HTTP, in.Listen, httpLease)
	case "leave":
		a.door.leave(in.Listen)
	case "token":
		if in.User == "" {
			in.User = c.User
		}
		if out.Token, err = a.door.tokens.Make(in.Name, in.User, in.Keep); err == nil {
			note.Action, note.Reason = "http token", "made the HTTP token "+in.Name+" for "+in.User
			err = st.store.Note(ctx, note)
		}
	case "revoke":
		if err = a.door.tokens.Revoke(in.Name); err == nil {
			note.Action, note.Reason = "http token", "revoked the HTTP token "+in.Name
			err = st.store.Note(ctx, note)
		}
	}
	switch {
	case errors.Is(err, streamable.ErrNoToken):
		err = hint(fmt.Errorf("there is no token %q", in.Name), "see which there are: elderzan http list")
	case errors.Is(err, streamable.ErrTokenName):
		err = hint(errors.New("the name of a token is 1 to 64 letters, digits, dots, dashes or underscores"), "elderzan http token laptop")
	}
	if err != nil {
		return nil, err
	}
	list, err := a.door.tokens.List()
	if err != nil {
		return nil, err
	}
	out.URLs, out.Tokens = a.door.urls(), []httpToken{}
	for _, t := range list {
		one := httpToken{Name: t.Name, User: t.User, Created: t.Created}
		if !t.Expires.IsZero() {
			one.Expires = &t.Expires
		}
		out.Tokens = append(out.Tokens, one)
	}
	return out, nil
}

func (a *app) callHTTP(ctx context.Context, in httpArgs) (out httpResult, err error) {
	s, err := a.session(ctx)
	if err != nil {
		return out, err
	}
	defer s.Close()
	return out, s.Call(ctx, adminPrefix+"http", in, &out)
}

func newHTTP(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "http", Short: "Tokens for MCP over HTTP, and where it is served", GroupID: "server", Args: unknownCommand,
		Long: "MCP clients that take a URL reach the memory over HTTP. `elderzan serve --http 127.0.0.1:7420` serves it while it runs;\n" +
			"the setting http_listen has the engine serve it for good. Each client sends a token, which `elderzan http token NAME`\n" +
			"makes and shows once; only its hash is kept. Other machines need TLS 1.3: http_tls_cert, http_tls_key, and\n" +
			"http_client_ca for clients with certificates.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newHTTPToken(a), newHTTPList(a), newHTTPRevoke(a))
	return cmd
}

func newHTTPToken(a *app) *cobra.Command {
	in := httpArgs{Action: "token"}
	cmd := &cobra.Command{
		Use: "token NAME", Short: "Make a token, or a new one in place of the one with that name, and show it once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			got, err := a.callHTTP(cmd.Context(), in)
			if err != nil {
				return err
			}
			if a.json {
				return writeJSON(a.out, got)
			}
			return showToken(a.out, in.Name, got)
		},
	}
	cmd.Flags().DurationVar(&in.Keep, "keep", 0, "how long a token of this name from before goes on being valid, such as 1h")
	cmd.Flags().StringVar(&in.User, "user", "", "on whose behalf it acts; what that user may do: elderzan access (default: you)")
	return cmd
}

func showToken(w io.Writer, name string, got httpResult) error {
	url := "http://127.0.0.1:7420" + streamable.Path
	note := "serve it:  elderzan serve --http 127.0.0.1:7420\n"
	if len(got.URLs) > 0 {
		url, note = got.URLs[0], ""
	}
	_, err := fmt.Fprintf(w, "%s\n\nIt is not shown again. Connect a client, for example:\n\n"+
		"  claude mcp add --transport http elderzan %s --header \"Authorization: Bearer %s\"\n\n%snew token: elderzan http token %s; end it: elderzan http revoke %s\n",
		got.Token, url, got.Token, note, name, name)
	return err
}

func newHTTPList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the tokens and the addresses", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			got, err := a.callHTTP(cmd.Context(), httpArgs{Action: "status"})
			if err != nil {
				return err
			}
			if a.json {
				return writeJSON(a.out, got)
			}
			for _, u := range got.URLs {
				fmt.Fprintln(a.out, "serving", u)
			}
			if len(got.URLs) == 0 {
				fmt.Fprintln(a.out, "not served; elderzan serve --http 127.0.0.1:7420")
			}
			if len(got.Tokens) == 0 {
				_, err := fmt.Fprintln(a.out, "no tokens; elderzan http token NAME makes one")
				return err
			}
			t := newTable(a.out, "token", "user", "made", "valid until")
			for _, k := range got.Tokens {
				until := "it is revoked"
				if k.Expires != nil {
					until = k.Expires.Local().Format("2006-01-02 15:04")
				}
				t.row(k.Name, k.User, k.Created.Local().Format("2006-01-02 15:04"), until)
			}
			return t.flush()
		},
	}
}

func newHTTPRevoke(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "revoke NAME", Short: "End every token of a name at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			got, err := a.callHTTP(cmd.Context(), httpArgs{Action: "revoke", Name: args[0]})
			if err != nil {
				return err
			}
			if a.json {
				return writeJSON(a.out, got)
			}
			_, err = fmt.Fprintf(a.out, "the token %s does not work any more\n", args[0])
			return err
		},
	}
}

// httpRenewal is how often a command tells the engine that it is still there; the engine may be another one by then.
const httpRenewal = 5 * time.Second

// serveHTTP has the engine serve an address for as long as this command runs.
func (a *app) serveHTTP(ctx context.Context, address string) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	in := httpArgs{Action: "listen", Listen: address}
	var got httpResult
	if err := s.Call(ctx, adminPrefix+"http", in, &got); err != nil {
		return err
	}
	if a.json {
		err = writeJSON(a.out, got)
	} else {
		err = showServed(a.out, got)
	}
	if err != nil {
		return err
	}
	renew := time.NewTicker(httpRenewal)
	defer renew.Stop()
	for {
		select {
		case <-renew.C:
			before := got.URLs
			got = httpResult{}
			switch err := s.Call(ctx, adminPrefix+"http", in, &got); {
			case err != nil && ctx.Err() == nil:
				fmt.Fprintln(a.err, "elderzan: serving over HTTP was interrupted and is tried again:", err)
			case err == nil && !slices.Equal(before, got.URLs): // another engine has taken over, at a free port
				fmt.Fprintln(a.err, "elderzan: MCP is now at", strings.Join(got.URLs, ", "))
			}
		case <-ctx.Done():
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), httpRenewal)
			defer cancel()
			in.Action = "leave"
			return s.Call(bye, adminPrefix+"http", in, &got)
		}
	}
}

func showServed(w io.Writer, got httpResult) error {
	for _, u := range got.URLs {
		fmt.Fprintln(w, "MCP at", u)
	}
	next := "Clients send a token: elderzan http token NAME makes one."
	if n := len(got.Tokens); n > 0 {
		next = fmt.Sprintf("Tokens: %d (elderzan http list).", n)
	}
	_, err := fmt.Fprintln(w, next, "Ctrl-C ends it.")
	return err
}
