package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/knowledge"
	"github.com/elderzan/elderzan/scope/learn"
	"github.com/elderzan/elderzan/scope/projectctx"
	"github.com/elderzan/elderzan/scope/sensitive"
)

// learnDir, in the data folder, holds corrections as features, and the models learnt from them.
const learnDir = "learn"

// scoping is what decides scopes: the detectors, the projects' policies, and what was learnt from corrections.
type scoping struct {
	fallback scope.Scope
	rules    *policies
	detector *sensitive.Detector
	learnt   *learn.Store
	embed    learn.Embed // by the model on this machine; nil before learnFrom

	mu      sync.Mutex
	vectors map[string]meant // of the texts of the regression corpus, which are embedded once
}

// meant is a text's vector.
type meant struct {
	vector []float32
	space  string
}

// learnFrom has corrections kept with their vectors, which e makes on this machine.
func (s *scoping) learnFrom(e memory.Embedder) {
	s.embed = func(ctx context.Context, text string) ([]float32, string, error) {
		rows, space, err := e.Documents(ctx, []string{text}, true)
		if err != nil || len(rows) != 1 {
			return nil, "", errors.Join(err, errNoVector)
		}
		return rows[0].Vector, space, nil
	}
	s.learnt.UseVectors(s.embed)
}

var errNoVector = errors.New("no vector was made")

// meant returns the vector of a text that is asked about again and again.
func (s *scoping) meant(ctx context.Context, text string) (meant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.vectors[text]; ok {
		return m, nil
	}
	if s.embed == nil {
		return meant{}, errNoVector
	}
	v, space, err := s.embed(ctx, text)
	if err != nil {
		return meant{}, err
	}
	if s.vectors == nil {
		s.vectors = map[string]meant{}
	}
	s.vectors[text] = meant{v, space}
	return s.vectors[text], nil
}

// openScoping reads what was learnt; where that is damaged, it says so and goes on without.
func openScoping(c config, log *slog.Logger) (*scoping, error) {
	s := &scoping{fallback: c.DefaultScope, rules: newPolicies(c.Data, log)}
	s.detector = sensitive.New(sensitive.Options{Policy: s.rules.of})
	var err error
	s.learnt, err = learn.Open(filepath.Join(c.Data, learnDir))
	if s.learnt == nil {
		return nil, err
	}
	if err != nil {
		log.Warn("the model learnt from corrections cannot be read; the detectors alone decide", "error", err)
	}
	return s, nil
}

// classifier joins the parts with a model, which may be nil.
func (s *scoping) classifier(model scope.Raiser) *scope.Classifier {
	return scope.NewClassifier(scope.Options{
		Sensitive: s.detector, Policy: s.rules.of, Raiser: model, Project: projectctx.New(projectctx.Options{}), Knowledge: knowledge.New(),
		Default: s.fallback,
	})
}

// trial lets the classifier of the program judge with a model that is not live.
type trial struct {
	scoping *scoping
	model   *learn.Model
	ctx     context.Context // of the check that it is made for
	failed  error           // a vector could not be made
}

func (t *trial) Raise(in scope.Input, d scope.Decision) (bool, float64, string) {
	if t.model.Space == "" {
		return t.scoping.learnt.Judge(t.model, in, d)
	}
	m, err := t.scoping.meant(t.ctx, learn.TextOf(in))
	if err == nil && m.space != t.model.Space {
		err = fmt.Errorf("the model was trained with vectors of %s, and texts are embedded by %s now; train it anew", t.model.Space, m.space)
	}
	if err != nil {
		t.failed = err
		return false, 0, ""
	}
	return t.scoping.learnt.JudgeVector(t.model, in, d, m.vector)
}

// regression judges a model together with the detectors on the regression corpus.
func (s *scoping) regression(ctx context.Context) learn.Regression {
	return func(m *learn.Model) (missed int, raised float64, err error) {
		try := &trial{scoping: s, model: m, ctx: ctx}
		before, after := s.classifier(nil), s.classifier(try)
		talk, up := 0, 0
		for _, t := range sensitive.Regression() {
			in := scope.Input{Content: t.Text}
			was, err := before.Classify(ctx, in)
			if err != nil {
				return 0, 0, err
			}
			is, err := after.Classify(ctx, in)
			if err != nil {
				return 0, 0, err
			}
			switch {
			case was.Scope == scope.Private && is.Scope != scope.Private:
				missed++
			case !t.Sensitive:
				talk++
				if is.Scope == scope.Private && was.Scope != scope.Private {
					up++
				}
			}
		}
		if try.failed != nil {
			return 0, 0, try.failed
		}
		return missed, float64(up) / float64(max(1, talk)), nil
	}
}

type modelArgs struct {
	Action  string `json:"action"` // list, train, deploy, rollback
	Version int    `json:"version"`
}

// model serves classify model.
func (a *admin) model(ctx context.Context, st *stack, in modelArgs) (any, error) {
	var (
		v   learn.Version
		err error
	)
	learnt, check := st.scoping.learnt, st.scoping.regression(ctx)
	switch in.Action {
	case "train":
		v, err = learnt.Train(time.Now(), check)
	case "deploy":
		v, err = learnt.Deploy(in.Version, check)
	case "rollback":
		v, err = learnt.Rollback()
	default:
		all, err := learnt.Versions()
		return map[string]any{"models": all}, err
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"models": []learn.Version{v}}, nil
}

func newModel(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "model", Short: "Learn from your corrections of scope what else is sensitive", Args: cobra.NoArgs,
		Long: "Whenever you make PRIVATE what no detector minds, or let go what one does, the correction is kept: as numbers, never as text.\n" +
			"A model trained on them can only make a text more sensitive. It goes live by deploy, if it is right about more than 95 % of\n" +
			"held-out corrections and neither lets out a secret nor raises more than 1 % of the harmless texts it is checked with. Where enough\n" +
			"of them have a vector, a second model judges by what a text means as well, once it is embedded; while that is live, nothing leaves\n" +
			"the machine before it has looked.",
	}
	for _, c := range []struct{ use, action, short string }{
		{"list", "list", "List the models, which is live, and how good each is"},
		{"train", "train", "Train a model on the corrections so far; it does not go live by that"},
		{"deploy [VERSION]", "deploy", "Let a model, else the newest, go live"},
		{"rollback", "rollback", "Bring back the model that was live before, or none"},
	} {
		sub := &cobra.Command{Use: c.use, Short: c.short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, args []string) error {
			in := modelArgs{Action: c.action}
			if len(args) > 0 {
				n, err := strconv.Atoi(args[0])
				if err != nil || n < 1 {
					return hint(fmt.Errorf("%q is no version", args[0]), "elderzan classify model list")
				}
				in.Version = n
			}
			return a.runModel(cmd.Context(), in)
		}}
		if c.action == "deploy" {
			sub.Args = cobra.MaximumNArgs(1)
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

func (a *app) runModel(ctx context.Context, in modelArgs) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var raw json.RawMessage
	if err := s.Call(ctx, adminPrefix+"model", in, &raw); err != nil {
		return err
	}
	return a.print(raw, showModels)
}

func showModels(w io.Writer, raw json.RawMessage) error {
	var res struct {
		Models []learn.Version `json:"models"`
	}
	if err := json.Unmarshal(raw, &res); err != nil {
		return err
	}
	if len(res.Models) == 0 || len(res.Models) == 1 && res.Models[0].Number == 0 {
		_, err := fmt.Fprintln(w, "no model; detectors alone decide")
		return err
	}
	t := newTable(w, "model", "trained", "corrections", "right", "cross-validated", "state")
	for _, m := range res.Models {
		state := "may go live"
		switch {
		case m.Live:
			state = "live"
		case !m.Report.Fit:
			state = "may not go live: " + m.Report.Why
		}
		t.row(strconv.Itoa(m.Number), m.Trained.Local().Format(time.DateTime), strconv.Itoa(m.Report.Examples),
			fmt.Sprintf("%.1f %% of %d held out", 100*m.Report.Accuracy, m.Report.HeldOut), fmt.Sprintf("%.1f %%", 100*m.Report.CrossVal), state)
		if r := m.Second; r != nil {
			state := "looks again when the vector is there"
			if !r.Report.Fit {
				state = "may not look again: " + r.Report.Why
			}
			t.row("", "  with vectors", strconv.Itoa(r.Report.Examples), fmt.Sprintf("%.1f %% of %d held out", 100*r.Report.Accuracy, r.Report.HeldOut), fmt.Sprintf("%.1f %%", 100*r.Report.CrossVal), state)
		}
	}
	return t.flush()
}
