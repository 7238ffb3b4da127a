package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/clients"
)

// setupFlags are what `setup` can be told.
type setupFlags struct {
	all, dryRun, undo, project bool
	name                       string
	http                       string // "" means that clients start the program; "auto": the address that is served
}

// setupOutcome is what became of one client's file.
type setupOutcome struct {
	Client string `json:"client"`
	Title  string `json:"title"`
	File   string `json:"file"`
	State  string `json:"state"` // absent, found, connected; after a change: connected, disconnected, unchanged
	Copy   string `json:"copy,omitempty"`
	Diff   string `json:"diff,omitempty"`
	Next   string `json:"next,omitempty"`
}

func newSetup(a *app) *cobra.Command {
	var f setupFlags
	var names []string
	for _, c := range clients.All() {
		names = append(names, c.Name)
	}
	cmd := &cobra.Command{
		Use: "setup [client...]", Short: "Connect MCP clients: write elderzan into their configuration", GroupID: "server",
		Long: "Without a client, lists the clients that are known and which of them are connected.\n" +
			"With clients, shows the change to each one's configuration and makes it; a copy of the file as it was stays beside it.\n" +
			"Clients: " + strings.Join(names, ", ") + ".",
		Example:   "  elderzan setup\n  elderzan setup claude-code cursor\n  elderzan setup --all --dry-run\n  elderzan setup --undo vscode\n  elderzan setup --http claude-code",
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.setup(cmd.Context(), f, args)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.all, "all", false, "every client found on this machine")
	fl.BoolVarP(&f.dryRun, "dry-run", "n", false, "show the change and make none")
	fl.BoolVar(&f.undo, "undo", false, "take elderzan out again")
	fl.BoolVar(&f.project, "project", false, "the configuration of the project in this folder instead of the user's")
	fl.StringVar(&f.http, "http", "", "have clients reach the memory over HTTP, with a token of their own; --http=URL where it is not the address that is served")
	fl.Lookup("http").NoOptDefVal = httpServed
	fl.StringVar(&f.name, "name", "elderzan", "name of the server in the client")
	return cmd
}

func (a *app) setup(ctx context.Context, f setupFlags, args []string) error {
	place, err := a.clientPlace(f.project)
	if err != nil {
		return err
	}
	server, err := a.thisServer(f.name)
	if err != nil {
		return err
	}
	chosen, err := chooseClients(f, args, place)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		if f.all {
			return hint(errors.New("no client was found on this machine"), "name one: elderzan setup claude-code")
		}
		return a.listClients(place, server)
	}
	if f.http != "" && !f.undo {
		if chosen, err = a.remoteServer(ctx, f, chosen, &server); err != nil {
			return err
		}
	}
	var done []setupOutcome
	for _, c := range chosen {
		if f.http != "" {
			if server.Token, err = a.clientToken(ctx, c, f); err != nil {
				return errors.Join(a.showSetup(done, f), err)
			}
		}
		o, err := setUpClient(c, place, server, f)
		if err != nil {
			return errors.Join(a.showSetup(done, f), setupHint(err, server, f))
		}
		done = append(done, o)
	}
	return a.showSetup(done, f)
}

// chooseClients returns the clients that are meant; none when the list is asked for.
func chooseClients(f setupFlags, args []string, place clients.Place) ([]clients.Client, error) {
	if f.all && len(args) > 0 {
		return nil, hint(errors.New("--all and names of clients exclude each other"), "elderzan setup --all")
	}
	var out []clients.Client
	for _, name := range args {
		c, ok := clients.ByName(name)
		if !ok {
			return nil, hint(fmt.Errorf("no client %q is known", name), "elderzan setup lists them; others take: command elderzan, argument serve")
		}
		if f.project && !c.HasProjectFile() {
			return nil, hint(fmt.Errorf("%s has no configuration in projects", c.Title), "elderzan setup "+c.Name)
		}
		out = append(out, c)
	}
	for _, c := range clients.All() {
		if f.all && c.Present(place) && (!f.project || c.HasProjectFile()) {
			out = append(out, c)
		}
	}
	return out, nil
}

func (a *app) clientPlace(project bool) (clients.Place, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return clients.Place{}, hint(errors.New("no home folder, where clients keep their configuration"), "set HOME")
	}
	p := clients.Place{Home: home, OS: runtime.GOOS}
	if p.Config, err = os.UserConfigDir(); err != nil {
		return clients.Place{}, hint(fmt.Errorf("no folder for configuration: %w", err), "set XDG_CONFIG_HOME to a whole path")
	}
	if project {
		if p.Project, err = os.Getwd(); err != nil {
			return clients.Place{}, fmt.Errorf("this folder: %w", err)
		}
	}
	return p, nil
}

// thisServer is the program that runs, as clients are to start it: with its whole path, since programs started from a
// desktop have another PATH, and with the data folder where one was chosen.
func (a *app) thisServer(name string) (clients.Server, error) {
	self, err := os.Executable()
	if err != nil {
		return clients.Server{}, fmt.Errorf("path of this program: %w", err)
	}
	if onPath, err := exec.LookPath("elderzan"); err == nil {
		// A link on the PATH outlives an upgrade.
		if same, err := filepath.EvalSymlinks(onPath); err == nil && same == self {
			if self, err = filepath.Abs(onPath); err != nil {
				return clients.Server{}, err
			}
		}
	}
	s := clients.Server{Name: name, Command: self, Args: []string{"serve"}}
	if a.data != "" || os.Getenv("ELDERZAN_DATA") != "" {
		dir, err := dataFolder(a.data)
		if err != nil {
			return clients.Server{}, err
		}
		s.Args = append(s.Args, "--data", dir)
	}
	return s, nil
}

func setUpClient(c clients.Client, p clients.Place, s clients.Server, f setupFlags) (setupOutcome, error) {
	plan := c.Plan
	if f.undo {
		plan = c.PlanUndo
	}
	ch, err := plan(p, s)
	if err != nil {
		return setupOutcome{}, err
	}
	o := setupOutcome{Client: c.Name, Title: c.Title, File: ch.File, State: "unchanged", Copy: ch.Backup, Diff: hideTokens(ch.Diff())}
	if ch.Empty() {
		return o, nil
	}
	o.State, o.Next = "connected", c.Next
	if f.undo {
		o.State, o.Next = "disconnected", "start "+c.Title+" anew"
	}
	if f.dryRun {
		return o, nil
	}
	return o, ch.Apply()
}

// setupHint tells how to go on by hand where a file could not be changed.
func setupHint(err error, s clients.Server, f setupFlags) error {
	var bad *clients.FileError
	if !errors.As(err, &bad) {
		return err
	}
	if f.undo {
		return hint(fmt.Errorf("nothing was changed: %w", err), fmt.Sprintf("take %q out of the servers in that file yourself", s.Name))
	}
	return hint(fmt.Errorf("nothing was changed: %w", err),
		fmt.Sprintf("mend the file and try again, or add the server yourself: command %s, arguments %s", s.Command, strings.Join(s.Args, " ")))
}

// listClients shows every client that is known and whether it is connected.
func (a *app) listClients(p clients.Place, s clients.Server) error {
	var out []setupOutcome
	for _, c := range clients.All() {
		o := setupOutcome{Client: c.Name, Title: c.Title, File: c.File(p), State: "absent"}
		if c.Present(p) {
			o.State = "found"
		}
		if in, err := c.Installed(p, s); err != nil {
			o.State = "unreadable"
		} else if in {
			o.State = "connected"
		}
		out = append(out, o)
	}
	if a.json {
		return a.setupJSON(out)
	}
	t := newTable(a.out, "name", "client", "state", "configuration")
	t.colour = func(column int, cell string) string {
		return map[string]string{"connected": green, "found": yellow, "unreadable": red, "absent": faint}[cell]
	}
	for _, o := range out {
		t.row(o.Client, o.Title, o.State, atHome(p, o.File))
	}
	if err := t.flush(); err != nil {
		return err
	}
	next := "connect one: elderzan setup claude-code"
	if i := slices.IndexFunc(out, func(o setupOutcome) bool { return o.State == "found" }); i >= 0 {
		next = "connect one: elderzan setup " + out[i].Client + "; all that were found: elderzan setup --all"
	}
	_, err := fmt.Fprintln(a.out, "\n"+next)
	return err
}

// atHome writes a path below the home folder as shells do.
func atHome(p clients.Place, path string) string {
	if below, ok := strings.CutPrefix(path, p.Home+string(filepath.Separator)); ok {
		return filepath.Join("~", below)
	}
	return path
}

func (a *app) setupJSON(out []setupOutcome) error {
	raw, err := json.Marshal(map[string]any{"clients": out})
	if err != nil {
		return err
	}
	return showJSON(a.out, raw)
}

func (a *app) showSetup(done []setupOutcome, f setupFlags) error {
	if a.json {
		return a.setupJSON(done)
	}
	for _, o := range done {
		switch {
		case o.State == "unchanged":
			fmt.Fprintf(a.out, "%s: nothing to do in %s\n", o.Title, o.File)
			continue
		case f.dryRun:
			fmt.Fprintf(a.out, "%s: would be %s\n%s", o.Title, o.State, o.Diff)
			continue
		}
		fmt.Fprintf(a.out, "%s: %s\n%s", o.Title, o.State, o.Diff)
		if o.Copy != "" && !f.undo {
			fmt.Fprintf(a.out, "  the file as it was: %s\n", o.Copy)
		}
		fmt.Fprintf(a.out, "  then: %s\n", o.Next)
	}
	return nil
}
