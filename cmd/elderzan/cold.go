package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/sync/postgres"
	"github.com/elderzan/elderzan/sync/sealed"
)

// coldEvery is how often the worker looks whether the team keeps more of GLOBAL than it should.
const coldEvery = 24 * time.Hour

// cool moves what is old and too much into cold storage, once a day. Only the goroutine that does rounds calls it.
func (k *cloud) cool(ctx context.Context, t *sealed.Team, remote *postgres.Remote) error {
	now := time.Now()
	if k.config.Cold == 0 || now.Before(k.nextCold) {
		return nil
	}
	if _, _, _, writes, err := t.Opened(); err != nil || !writes {
		return err
	}
	k.nextCold = now.Add(coldEvery)
	rows, bytes, err := remote.Cool(ctx, k.config.ColdAge, k.config.Cold)
	if rows > 0 {
		err = firstError(k.noteCold(ctx, "cloud-cool", "sync", rows, bytes), err)
	}
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *cloud) noteCold(ctx context.Context, action, client string, rows, bytes int64) error {
	what := fmt.Sprintf("%d memories of GLOBAL", rows)
	if bytes > 0 {
		what += ", " + humanize.Bytes(uint64(bytes))
	}
	return k.store.SetMeta(ctx, nil, memory.Audit{At: time.Now().UTC(), Action: action, User: userName(), Client: client, Reason: what})
}

// joinedRemote is the team's part of the database, for a person's command.
func (k *cloud) joinedRemote() (*postgres.Remote, error) {
	t, _, err := k.joined()
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.db.Remote(t.ID()), nil
}

type usageArgs struct {
	AdminURL string `json:"admin_url"`
	CA       string `json:"ca"`
}

type usageResult struct {
	Usage []postgres.Usage `json:"usage"`
	Limit int64            `json:"cold_limit"`
	Age   string           `json:"cold_age"`
}

// cloudUsage counts what the team keeps, or with the administrator's address what every team does.
func (a *admin) cloudUsage(ctx context.Context, st *stack, in usageArgs) (any, error) {
	out := usageResult{Limit: st.cloud.config.Cold, Age: st.cloud.config.ColdAge.String()}
	var err error
	if in.AdminURL != "" {
		o := postgres.Options{URL: func() string { return in.AdminURL }, Admin: true}
		if in.CA != "" {
			o.CA = []byte(in.CA)
		}
		out.Usage, err = postgres.UsageOfAll(ctx, o)
		return out, err
	}
	remote, err := st.cloud.joinedRemote()
	if err != nil {
		return nil, err
	}
	out.Usage, err = remote.Usage(ctx)
	return out, err
}

type coolArgs struct {
	Older string `json:"older"`
	Keep  string `json:"keep"`
}

type coldResult struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

func (a *admin) cloudCool(ctx context.Context, st *stack, in coolArgs) (any, error) {
	age, keep := st.cloud.config.ColdAge, uint64(st.cloud.config.Cold)
	var err error
	if in.Older != "" {
		if age, err = time.ParseDuration(in.Older); err != nil || age < 0 {
			return nil, hint(fmt.Errorf("--older %q is no span", in.Older), "elderzan cloud cool --older 8760h")
		}
	}
	if in.Keep != "" {
		if keep, err = humanize.ParseBytes(in.Keep); err != nil || keep > 1<<60 {
			return nil, hint(fmt.Errorf("--keep %q is no size", in.Keep), "elderzan cloud cool --keep 10GB")
		}
	}
	remote, err := st.cloud.joinedRemote()
	if err != nil {
		return nil, err
	}
	var out coldResult
	if out.Rows, out.Bytes, err = remote.Cool(ctx, age, int64(keep)); err != nil {
		return nil, err
	}
	return out, st.cloud.noteCold(ctx, "cloud-cool", adminClient, out.Rows, out.Bytes)
}

type warmArgs struct {
	IDs []memory.ID `json:"ids"`
}

func (a *admin) cloudWarm(ctx context.Context, st *stack, in warmArgs) (any, error) {
	remote, err := st.cloud.joinedRemote()
	if err != nil {
		return nil, err
	}
	n, err := remote.Warm(ctx, in.IDs)
	if err != nil {
		return nil, err
	}
	return coldResult{Rows: n}, st.cloud.noteCold(ctx, "cloud-warm", adminClient, n, 0)
}

// coldCommands are usage, cool and warm of the command cloud.
func coldCommands(a *app) []*cobra.Command {
	usage := sub(a, "usage", "What the team keeps in the cloud, by scope; with --admin-url what every team does", "cloud_usage", cobra.NoArgs, func(cmd *cobra.Command, _ []string) (map[string]any, error) {
		if !cmd.Flags().Changed("admin-url") {
			return map[string]any{}, nil
		}
		return adminArgs(cmd)
	}, say(func(w io.Writer, r usageResult) {
		for _, u := range r.Usage {
			fmt.Fprintf(w, "%s  %-11s %8d rows %12d bytes\n", u.Team, u.Scope, u.Rows, u.Bytes)
		}
		if r.Limit > 0 {
			fmt.Fprintf(w, "GLOBAL beyond %s and unchanged for %s goes to cold storage; elderzan cloud warm brings it back\n", humanize.Bytes(uint64(r.Limit)), r.Age)
		}
	}))
	usage.Flags().String("admin-url", "", "address of the database with a role that sees all teams, to count them all")
	usage.Flags().String("ca", "", "PEM file of the authority that vouches for the server (default: the system's)")
	cool := sub(a, "cool", "Move old GLOBAL memories of the team into cold storage now", "cloud_cool", cobra.NoArgs, func(cmd *cobra.Command, _ []string) (map[string]any, error) {
		return given(cmd, "older", "keep"), nil
	}, say(func(w io.Writer, r coldResult) {
		fmt.Fprintf(w, "%d memories, %s, are in cold storage; machines that had them keep them\n", r.Rows, humanize.Bytes(uint64(r.Bytes)))
	}))
	cool.Flags().String("older", "", "not changed for so long (default: the setting cloud_cold_age)")
	cool.Flags().String("keep", "", "as long as the rest is larger than this (default: the setting cloud_cold_limit)")
	warm := sub(a, "warm [ID…]", "Bring memories back from cold storage, those named or all", "cloud_warm", cobra.ArbitraryArgs, func(_ *cobra.Command, words []string) (map[string]any, error) {
		return map[string]any{"ids": words}, nil
	}, say(func(w io.Writer, r coldResult) { fmt.Fprintf(w, "%d memories are back\n", r.Rows) }))
	return []*cobra.Command{usage, cool, warm}
}
