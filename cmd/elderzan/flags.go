package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/isolated"
	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/dashboard"
	"github.com/elderzan/elderzan/cmd/internal/rollout"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// The features that memory does not know of.
const (
	featureLearnt = "classify.learnt"
	featureHybrid = "sync.hybrid"
)

// features are all that can be rolled out.
var features = []rollout.Feature{
	{Name: featureLearnt, Default: true, Help: "the model learnt from corrections may raise sensitivity"},
	{Name: memory.FeaturePart, Default: true, Help: "of a long memory recall returns the part that answers"},
	{Name: memory.FeatureFaint, Default: true, Help: "recall leaves out what has next to nothing to do with the question"},
	{Name: memory.FeatureMerge, Default: true, Help: "of near-duplicates recall returns one that stands for all"},
	{Name: memory.FeatureOppose, Default: true, Help: "what says something else of the same is shown side by side"},
	{Name: featureHybrid, Default: true, Help: "SHARED and GLOBAL memories go to the cloud; off keeps all here, without loss"},
}

// flags asks the rules through OpenFeature, and has them watched.
type flags struct {
	book   *rollout.Book
	api    *openfeature.EvaluationAPI
	client *openfeature.Client
	log    *slog.Logger
	cloud  atomic.Pointer[cloud]
	cancel context.CancelFunc
	ended  chan struct{}
}

// judgeEvery is how often rollouts are judged, and their steps taken.
const judgeEvery = 15 * time.Second

func openFlags(ctx context.Context, st *stack, log *slog.Logger) (*flags, error) {
	f := &flags{log: log, ended: make(chan struct{})}
	var err error
	f.book, err = rollout.Open(ctx, rollout.Options{Features: features, Store: st.store, Changed: func(ctx context.Context, name, by, reason string) {
		log.Info("flag changed", "feature", name, "by", by)
		if err := st.store.Note(ctx, memory.Audit{Action: "flag", User: by, Client: adminClient, Reason: strings.TrimSpace(name + " " + reason)}); err != nil {
			log.Error("the change of a flag is not in the audit log", "error", err)
		}
		f.reconsider(ctx)
	}})
	if err != nil {
		return nil, hint(err, "elderzan doctor --repair")
	}
	f.api = isolated.NewAPI()
	if err := f.api.SetProviderAndWait(ctx, rollout.NewProvider(f.book)); err != nil {
		return nil, fmt.Errorf("flags: %w", err)
	}
	f.client = f.api.NewClient()
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	go f.judge(life)
	return f, nil
}

// judge takes bad rollouts back, and lets steps that have come take effect on what runs by itself.
func (f *flags) judge(ctx context.Context) {
	defer close(f.ended)
	tick := time.NewTicker(judgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		done, err := f.book.Judge(ctx)
		if err != nil && ctx.Err() == nil {
			f.log.Error("a rollout could not be taken back", "error", err)
		}
		for _, name := range done {
			f.log.Warn("a rollout was taken back by itself", "feature", name)
		}
		f.reconsider(ctx)
	}
}

func (f *flags) watch(k *cloud) { f.cloud.Store(k) }

// reconsider has the cloud follow its feature.
func (f *flags) reconsider(ctx context.Context) {
	if k := f.cloud.Load(); k != nil {
		if err := k.reconsider(ctx); err != nil && ctx.Err() == nil {
			f.log.Warn("the cloud does not follow its flag yet", "error", err)
		}
	}
}

// on reports whether a feature is on for a caller.
func (f *flags) on(c memory.Caller, name string) bool {
	user := c.User
	if user == "" {
		user = userName()
	}
	return f.client.Boolean(context.Background(), name, true, openfeature.NewEvaluationContext(user, map[string]any{"client": c.Client}))
}

// hybrid reports whether this machine's user syncs.
func (f *flags) hybrid() bool { return f.on(memory.Caller{}, featureHybrid) }

// raiser is the learnt model while its feature is on for this machine's user.
func (f *flags) raiser(r scope.Raiser) scope.Raiser { return switchedRaiser{r, f} }

type switchedRaiser struct {
	scope.Raiser
	flags *flags
}

func (s switchedRaiser) Raise(in scope.Input, d scope.Decision) (bool, float64, string) {
	raise, confidence, reason := s.Raiser.Raise(in, d)
	if !raise || !s.flags.on(memory.Caller{}, featureLearnt) { // the model says no nearly always, and costs less to ask
		return false, 0, ""
	}
	return raise, confidence, reason
}

// second is the look of the learnt model at vectors, while its feature is on.
func (f *flags) second(s memory.Second) memory.Second { return switchedSecond{s, f} }

type switchedSecond struct {
	memory.Second
	flags *flags
}

func (s switchedSecond) Looks() string {
	space := s.Second.Looks()
	if space == "" || !s.flags.on(memory.Caller{}, featureLearnt) {
		return ""
	}
	return space
}

func (f *flags) close() error {
	f.cancel()
	<-f.ended
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return f.api.Shutdown(ctx)
}

// flagBoard shows the flags on the dashboard.
type flagBoard struct{ w *webPage }

func (b flagBoard) List() []dashboard.Flag {
	st := b.w.h.stack.Load()
	if st == nil {
		return nil
	}
	var out []dashboard.Flag
	list, _ := st.flags.book.List()
	for _, f := range list {
		out = append(out, dashboard.Flag{Name: f.Name, Says: f.Says, Help: f.Help, State: string(f.Rule.State)})
	}
	return out
}

func (b flagBoard) Set(ctx context.Context, name, state string) error {
	st, err := b.w.h.current(ctx)
	if err != nil {
		return err
	}
	if err := st.service.Authorize(ctx, b.w.caller(), "flags"); err != nil {
		return err
	}
	return st.flags.book.Set(ctx, name, rollout.Rule{State: rollout.State(state)}, b.w.caller().User, "dashboard")
}

type flagsArgs struct {
	Do       string        `json:"do"` // "list", "set", "rollback", "group", "explain"
	Feature  string        `json:"feature,omitempty"`
	Rule     rollout.Rule  `json:"rule,omitzero"`
	Every    time.Duration `json:"every,omitempty"` // canary steps, from now
	Group    string        `json:"group,omitempty"`
	Members  []string      `json:"members,omitempty"`
	Reason   string        `json:"reason,omitempty"`
	User     string        `json:"user,omitempty"`
	Client   string        `json:"client,omitempty"`
	At       time.Time     `json:"at,omitzero"`
	Percents []float64     `json:"percents,omitempty"` // shares, from now, each after Every
}

type flagsResult struct {
	Features   []rollout.Listed    `json:"features"`
	Groups     map[string][]string `json:"groups"`
	Evaluation *rollout.Evaluation `json:"evaluation,omitempty"`
}

func (a *admin) flags(ctx context.Context, st *stack, in flagsArgs) (any, error) {
	book, by := st.flags.book, a.caller(ctx).User
	var out flagsResult
	var err error
	switch in.Do {
	case "set":
		for i, p := range in.Percents {
			in.Rule.Steps = append(in.Rule.Steps, rollout.Step{At: time.Now().UTC().Add(time.Duration(i) * in.Every), Percent: p})
		}
		err = book.Set(ctx, in.Feature, in.Rule, by, in.Reason)
	case "rollback":
		err = book.Rollback(ctx, in.Feature, in.Group, by, in.Reason)
	case "group":
		err = book.SetGroup(ctx, in.Group, in.Members, by)
	case "explain":
		var e rollout.Evaluation
		e, err = book.Explain(in.Feature, rollout.User{Name: in.User, Client: in.Client}, in.At)
		out.Evaluation = &e
	}
	if errors.Is(err, rollout.ErrUnknown) {
		err = hint(err, "elderzan flags list shows the features")
	}
	if err != nil {
		return nil, err
	}
	out.Features, out.Groups = book.List()
	return out, nil
}

// callFlags asks the engine and shows what it answers.
func (a *app) callFlags(ctx context.Context, in flagsArgs) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var out flagsResult
	if err := s.Call(ctx, adminPrefix+"flags", in, &out); err != nil {
		return err
	}
	if a.json {
		return writeJSON(a.out, out)
	}
	if e := out.Evaluation; e != nil {
		state := map[bool]string{true: "on", false: "off"}[e.On]
		fmt.Fprintf(a.out, "%s is %s for %s at %s: %s", e.Feature, state, e.User, e.At.Local().Format(time.DateTime), e.Why)
		switch e.Why {
		case rollout.WhyGroup:
			fmt.Fprintf(a.out, ", a member of %s", e.Group)
		case rollout.WhySplit:
			fmt.Fprintf(a.out, ", bucket %.2f of a share of %g %%", e.Bucket, e.Percent)
		}
		fmt.Fprintln(a.out)
		return nil
	}
	t := newTable(a.out)
	for _, f := range out.Features {
		if in.Feature == "" || f.Name == in.Feature {
			t.row(f.Name, f.Says, f.Help)
		}
	}
	if in.Feature == "" {
		for _, g := range slices.Sorted(maps.Keys(out.Groups)) {
			t.row("group "+g, orDash(strings.Join(out.Groups[g], ", ")))
		}
	}
	return t.flush()
}

func newFlags(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "flags", Short: "Turn features on and off, for some or for all", GroupID: "server",
		Long: "Features are on or off for all, or rolled out: to groups of users, and to a share of all users that may grow in\n" +
			"steps. Changes take effect at once. A rollout whose users' calls become slow or fail is taken back by itself.",
		Example: "  elderzan flags list\n  elderzan flags set recall.merge-duplicates off\n  elderzan flags group alpha mia @cursor\n" +
			"  elderzan flags rollout recall.answering-part --groups alpha --canary --every 24h\n  elderzan flags rollback recall.answering-part",
	}
	names := cobra.FixedCompletions(featureNames(), cobra.ShellCompDirectiveNoFileComp)
	list := &cobra.Command{Use: "list", Short: "Show the features, for whom they are on, and the groups", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.callFlags(cmd.Context(), flagsArgs{Do: "list"}) }}
	set := &cobra.Command{Use: "set FEATURE on|off|default", Short: "Turn a feature on or off for all, at once", Args: cobra.ExactArgs(2), ValidArgsFunction: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"on", "off", "default"}, args[1]) {
				return hint(fmt.Errorf("%q is neither on, off nor default", args[1]), "for some users: elderzan flags rollout "+args[0]+" --percent 10")
			}
			return a.callFlags(cmd.Context(), flagsArgs{Do: "set", Feature: args[0], Rule: rollout.Rule{State: rollout.State(args[1])}})
		}}
	cmd.AddCommand(list, set, a.flagsRollout(names), a.flagsRollback(names), a.flagsGroup(), a.flagsExplain(names))
	return cmd
}

func featureNames() (out []string) {
	for _, f := range features {
		out = append(out, f.Name)
	}
	return out
}

func (a *app) flagsRollout(names cobra.CompletionFunc) *cobra.Command {
	var groups []string
	var percents []float64
	var canary bool
	var every time.Duration
	cmd := &cobra.Command{
		Use: "rollout FEATURE", Short: "Turn a feature on for groups, and for a share of users that may grow", Args: cobra.ExactArgs(1), ValidArgsFunction: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			if canary {
				percents = []float64{10, 50, 100}
			}
			if len(percents) > 1 && every < time.Minute {
				return hint(errors.New("--every is less than a minute"), "for example --every 24h")
			}
			return a.callFlags(cmd.Context(), flagsArgs{Do: "set", Feature: args[0], Rule: rollout.Rule{State: rollout.Rolling, Groups: groups}, Percents: percents, Every: every})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&groups, "groups", nil, "groups that have it at once, such as alpha,beta")
	f.Float64SliceVar(&percents, "percent", nil, "`share` of users; several are steps, each after --every")
	f.BoolVar(&canary, "canary", false, "the steps 10, 50 and 100 %")
	f.DurationVar(&every, "every", 24*time.Hour, "time between steps")
	cmd.MarkFlagsMutuallyExclusive("percent", "canary")
	return cmd
}

func (a *app) flagsRollback(names cobra.CompletionFunc) *cobra.Command {
	var group, reason string
	cmd := &cobra.Command{
		Use: "rollback FEATURE", Short: "Put back what was before the rollout, for all or for a group", Args: cobra.ExactArgs(1), ValidArgsFunction: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.callFlags(cmd.Context(), flagsArgs{Do: "rollback", Feature: args[0], Group: group, Reason: reason})
		},
	}
	cmd.Flags().StringVar(&group, "group", "", "take it from this group alone; canary is the share of all users")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit log")
	return cmd
}

func (a *app) flagsGroup() *cobra.Command {
	return &cobra.Command{
		Use: "group NAME [USER|@CLIENT…]", Short: "Say who is in a group; nobody empties it", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.callFlags(cmd.Context(), flagsArgs{Do: "group", Group: args[0], Members: args[1:]})
		},
	}
}

func (a *app) flagsExplain(names cobra.CompletionFunc) *cobra.Command {
	var user, client, at string
	cmd := &cobra.Command{
		Use: "explain FEATURE", Short: "Say why a feature is on or off for a user", Args: cobra.ExactArgs(1), ValidArgsFunction: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			in := flagsArgs{Do: "explain", Feature: args[0], User: user, Client: client}
			if at != "" {
				t, err := time.Parse(time.RFC3339, at)
				if err != nil {
					return hint(fmt.Errorf("--at %s is no time", at), "for example --at 2026-03-01T12:00:00Z")
				}
				in.At = t
			}
			return a.callFlags(cmd.Context(), in)
		},
	}
	cmd.Flags().StringVar(&user, "user", userName(), "whose evaluation")
	cmd.Flags().StringVar(&client, "client", "", "through which MCP client")
	cmd.Flags().StringVar(&at, "at", "", "time of the evaluation (RFC 3339); default now")
	return cmd
}
