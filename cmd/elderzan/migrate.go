package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/migrate"
)

// ownGraph is our side of a migration: the engine.
type ownGraph struct{ s caller }

func (o ownGraph) Call(ctx context.Context, tool string, args json.RawMessage) (json.RawMessage, error) {
	var out graphAnswer
	err := o.s.Call(ctx, adminPrefix+"graph", graphCall{Tool: tool, Args: args}, &out)
	return out.Result, err
}

func newMigrate(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Move over from the official server-memory while its clients go on working", GroupID: "memory",
		Long: "Four phases, each of which can be taken back:\n\n" +
			"  wrap        clients start `elderzan migrate serve`, which passes everything on to the other server\n" +
			"  dual-write  changes go to both; each read is answered there and compared with what is here\n" +
			"  read        elderzan answers, the other server where elderzan cannot\n" +
			"  retired     the other server is not started any more; its tools are answered from here\n\n" +
			"For a memory that is not served, or that needs no move: elderzan import.",
		Example: "  elderzan migrate start --env MEMORY_FILE_PATH=$HOME/memory.jsonl -- npx -y @modelcontextprotocol/server-memory\n  elderzan migrate status\n  elderzan migrate advance",
	}
	cmd.AddCommand(a.migrateStart(), a.migrateServe(), a.migrateStatus(), a.migrateAdvance(), a.migrateBack())
	return cmd
}

func (a *app) migration() (migrate.File, string, error) {
	dir, err := dataFolder(a.data)
	return migrate.StateFile(dir), dir, err
}

// noMigration says what to do where none is under way.
func noMigration(err error) error {
	if errors.Is(err, migrate.ErrNone) {
		return hint(errors.New("no migration is under way"), "begin one: elderzan migrate start -- COMMAND OF THE OTHER SERVER")
	}
	return err
}

// startTime bounds the start of the other server, which a package manager may have to fetch first.
const startTime = 3 * time.Minute

func (a *app) migrateStart() *cobra.Command {
	var env []string
	cmd := &cobra.Command{
		Use: "start [--env NAME=VALUE] -- COMMAND [ARG…]", Short: "Begin: try the other server, and wrap it", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, dir, err := a.migration()
			if err != nil {
				return err
			}
			if st, err := file.Load(); err == nil {
				return hint(fmt.Errorf("a migration is under way, in the phase %s", st.Phase), "go on with it: elderzan migrate advance; or take it back: elderzan migrate back")
			} else if !errors.Is(err, migrate.ErrNone) {
				return err
			}
			st := migrate.State{Command: args, Env: map[string]string{}, Phase: migrate.Wrap, Started: time.Now().UTC(), Since: time.Now().UTC()}
			for _, pair := range env {
				key, value, ok := strings.Cut(pair, "=")
				if !ok {
					return hint(fmt.Errorf("%s is no NAME=VALUE", pair), "for example --env MEMORY_FILE_PATH=$HOME/memory.jsonl")
				}
				st.Env[key] = value
			}
			var tools int
			if st.Hello, st.Tools, tools, err = tryPeer(cmd.Context(), st); err != nil {
				return err
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			if err := file.Save(st); err != nil {
				return err
			}
			exe, err := os.Executable()
			if err != nil {
				exe = "elderzan"
			}
			fmt.Fprintf(a.out, "%s answers with %d tools and is wrapped. In the client's configuration, put in the place of its command:\n\n  %s migrate serve --data %s\n\nThen: elderzan migrate advance\n", filepath.Base(args[0]), tools, exe, dir)
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&env, "env", nil, "NAME=VALUE for the other server, as in the client's configuration; may be given several times")
	return cmd
}

// tryPeer starts the other server once and asks what it offers.
func tryPeer(ctx context.Context, st migrate.State) (hello, tools json.RawMessage, n int, err error) {
	err = withPeer(ctx, st, func(_ *migrate.Peer, h, t json.RawMessage) error {
		hello, tools = h, t
		var list struct {
			Tools []struct {
				Name string `json:"name"`
			} `json:"tools"`
		}
		if err := json.Unmarshal(t, &list); err != nil {
			return errors.New("its list of tools cannot be read")
		}
		known := 0
		for _, tool := range list.Tools {
			if migrate.Reads(tool.Name) || migrate.Writes(tool.Name) {
				known++
			}
		}
		if n = len(list.Tools); known < 9 {
			return hint(errors.New("it is not the official server-memory: its tools for a knowledge graph are missing"), "bring what it has stored over once: elderzan import")
		}
		return nil
	})
	return hello, tools, n, err
}

// withPeer starts the other server beside those of the clients, shakes hands, and ends it after do.
func withPeer(ctx context.Context, st migrate.State, do func(p *migrate.Peer, hello, tools json.RawMessage) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	var said bytes.Buffer
	p, err := migrate.StartPeer(st, func([]byte) {}, &said)
	if err != nil {
		return hint(fmt.Errorf("the other server: %w", err), "give its command as the client's configuration has it, after --")
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	hello, tools, err := p.Initialize(ctx, version)
	if err != nil {
		return hint(fmt.Errorf("the other server: %w", err), "try its command by itself: "+strings.Join(st.Command, " "))
	}
	return do(p, hello, tools)
}

func (a *app) migrateServe() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Speak MCP in the place of the other server; clients start it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, _, err := a.migration()
			if err != nil {
				return err
			}
			s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			log := slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
			return noMigration(migrate.Run(cmd.Context(), migrate.Options{
				File: file, Ours: ownGraph{s}, In: a.in, Out: a.out, Version: version, Stderr: a.err, Logger: log,
			}))
		},
	}
}

type migrateReport struct {
	Phase   migrate.Phase       `json:"phase"`
	Since   time.Time           `json:"since"`
	Started time.Time           `json:"started"`
	Command []string            `json:"command"`
	Counts  migrate.Counts      `json:"counts"`
	Done    *migrate.Reconciled `json:"reconciled,omitempty"`
}

func (a *app) showMigration(st migrate.State, done *migrate.Reconciled) error {
	if a.json {
		return writeJSON(a.out, migrateReport{st.Phase, st.Since, st.Started, st.Command, st.Counts, done})
	}
	if done != nil {
		fmt.Fprintf(a.out, "brought over: %d added, %d removed; the two now agree in everything\n", done.Added, done.Removed)
	}
	fmt.Fprintf(a.out, "phase %s since %s, wrapping %s\n", st.Phase, st.Since.Local().Format(time.DateTime), strings.Join(st.Command, " "))
	c := st.Counts
	switch st.Phase {
	case migrate.Wrap:
		fmt.Fprintln(a.out, "next: elderzan migrate advance copies what is there and begins to write to both")
	case migrate.Dual:
		fmt.Fprintf(a.out, "%d changes, %d of them missed here; %d reads compared: %d the same, %d different\n", c.Writes, c.Missed, c.Same+c.Differ, c.Same, c.Differ)
		fmt.Fprintln(a.out, "next: elderzan migrate advance has elderzan answer")
	case migrate.Read:
		fmt.Fprintf(a.out, "%d changes, %d of them missed here; %d reads, %d answered by the other server\n", c.Writes, c.Missed, c.Reads, c.Fallbacks)
		fmt.Fprintln(a.out, "next: elderzan migrate advance stops the other server")
	case migrate.Retired:
		fmt.Fprintln(a.out, "the other server is not used any more; its clients can be moved to elderzan's own tools: elderzan setup")
	}
	return nil
}

func (a *app) migrateStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the phase, and how the two compare", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			file, _, err := a.migration()
			if err != nil {
				return err
			}
			st, err := file.Load()
			if err != nil {
				return noMigration(err)
			}
			return a.showMigration(st, nil)
		},
	}
}

func (a *app) migrateAdvance() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "advance", Short: "Go to the next phase, after the two were made to agree", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.moveMigration(cmd.Context(), migrate.Phase.Next, force, "the migration is complete: the other server is retired")
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "go on although reads were different in this phase")
	return cmd
}

func (a *app) migrateBack() *cobra.Command {
	return &cobra.Command{
		Use: "back", Short: "Go back a phase; before the first, end the migration", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, _, err := a.migration()
			if err != nil {
				return err
			}
			st, err := file.Load()
			if err != nil {
				return noMigration(err)
			}
			if st.Phase == migrate.Wrap {
				if err := file.Remove(); err != nil {
					return err
				}
				fmt.Fprintln(a.out, "the migration is ended; put the other server's own command back into the client's configuration")
				return nil
			}
			return a.moveMigration(cmd.Context(), migrate.Phase.Back, true, "")
		},
	}
}

// moveMigration takes a step. Forward, what the other server holds is brought here first; back from the last phase, what
// was changed here since is brought there.
func (a *app) moveMigration(ctx context.Context, step func(migrate.Phase) (migrate.Phase, bool), force bool, atEnd string) error {
	file, _, err := a.migration()
	if err != nil {
		return err
	}
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var after migrate.State
	var done *migrate.Reconciled
	err = file.Update(func(st *migrate.State) error {
		next, ok := step(st.Phase)
		if !ok {
			return errors.New(atEnd)
		}
		if st.Counts.Differ > 0 && !force {
			return hint(fmt.Errorf("%d of %d reads were different since %s", st.Counts.Differ, st.Counts.Reads, st.Since.Local().Format(time.DateTime)), "see the client's log for which; go on all the same: elderzan migrate advance --force")
		}
		back := next == migrate.Read && st.Phase == migrate.Retired
		if forward := comesAfter(st.Phase, next); forward || back {
			err := withPeer(ctx, *st, func(p *migrate.Peer, _, _ json.RawMessage) error {
				var from, to migrate.Server = p, ownGraph{s}
				if back {
					from, to = to, from
				}
				r, err := migrate.Reconcile(ctx, from, to)
				if err == nil && r.Left > 0 {
					err = hint(fmt.Errorf("%d facts still differ after the copy", r.Left), "texts beyond 64 KiB are divided here and always differ; otherwise try again")
				}
				done = &r
				return err
			})
			if err != nil {
				return err
			}
		}
		st.Phase, st.Since, st.Counts = next, time.Now().UTC(), migrate.Counts{}
		after = *st
		return nil
	})
	if err != nil {
		return noMigration(err)
	}
	return a.showMigration(after, done)
}

// comesAfter reports whether next comes after now.
func comesAfter(now, next migrate.Phase) bool {
	n, ok := now.Next()
	return ok && n == next
}
