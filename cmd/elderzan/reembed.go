package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/openai"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
)

// embedModel is a model as the store keeps a note of it: enough to ask it for the vectors of questions, and no secret.
type embedModel struct {
	Provider string `json:"provider"`
	BaseURL  string `json:"base_url,omitempty"`
	Model    string `json:"model,omitempty"`
	Shorten  bool   `json:"shorten,omitempty"`
}

func (m embedModel) String() string {
	if m.Provider == "builtin" {
		return "the built-in model"
	}
	return m.Model + " at " + m.BaseURL
}

func modelOf(c embeddingConfig) embedModel {
	if c.Provider == "builtin" {
		return embedModel{Provider: c.Provider}
	}
	return embedModel{Provider: c.Provider, BaseURL: c.BaseURL, Model: c.Model, Shorten: c.Shorten}
}

// embedPlan is which models the stored vectors are of.
type embedPlan struct {
	Target  embedModel    `json:"target"`
	Spaces  memory.Spaces `json:"spaces"`
	Formers []embedModel  `json:"formers,omitempty"` // until everything is embedded anew
	Tokens  string        `json:"tokens,omitempty"`  // the local space, once all that was stored in it before has tokens
	Began   time.Time     `json:"began,omitzero"`
}

func readPlan(ctx context.Context, s interface {
	EmbeddingModels(context.Context) ([]byte, error)
}) (p embedPlan, known bool, err error) {
	b, err := s.EmbeddingModels(ctx)
	if err != nil || len(b) == 0 {
		return p, false, err
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return embedPlan{}, false, nil //nolint:nilerr // then everything counts as embedded by an unknown model
	}
	return p, true, nil
}

// planFor notes that c's model is the one to use, and that those before it still answer.
func (s *stack) planFor(ctx context.Context, c embeddingConfig) (embedPlan, error) {
	p, known, err := readPlan(ctx, s.store)
	if err != nil {
		return p, err
	}
	want := modelOf(c)
	if known && p.Target == want {
		return p, nil
	}
	if known {
		p.Formers = append(slices.DeleteFunc(p.Formers, func(m embedModel) bool { return m == want || m == p.Target }), p.Target)
	}
	p.Target, p.Began = want, time.Now().UTC()
	return p, nil
}

func (s *stack) savePlan(ctx context.Context, p embedPlan, note memory.Audit) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.store.SetEmbeddingModels(ctx, b, note)
}

// reembed begins to embed anew what is of another model, if anything is.
func (s *stack) reembed(ctx context.Context, p embedPlan, log *slog.Logger) error {
	want, ok := s.embeds.spaces()
	if !ok {
		return nil // without a model nothing is embedded; the plan waits
	}
	if p.Spaces == want && len(p.Formers) == 0 {
		return nil
	}
	was := p.Spaces
	p.Spaces = want
	note := memory.Audit{User: "elderzan", Client: "engine"}
	if was != (memory.Spaces{}) {
		note.Action, note.Reason = "reembed", "to "+p.Target.String()
	}
	if err := s.savePlan(ctx, p, note); err != nil {
		return err
	}
	s.plan.Store(&p)
	s.reembedder = memory.StartReembedder(context.WithoutCancel(ctx), s.store, s.embeds, want, memory.ReembedderOptions{
		Busy: s.indexer.Busy, Logger: log, Done: func() error {
			err := s.replan(ctx, func(p *embedPlan) { p.Formers, p.Began = nil, time.Time{} })
			if err != nil {
				return err
			}
			return s.embeds.dropFormers()
		},
	})
	return nil
}

// replan changes the plan and keeps it.
func (s *stack) replan(ctx context.Context, edit func(*embedPlan)) error {
	s.planning.Lock()
	defer s.planning.Unlock()
	p := *s.plan.Load()
	edit(&p)
	if err := s.savePlan(context.WithoutCancel(ctx), p, memory.Audit{}); err != nil {
		return err
	}
	s.plan.Store(&p)
	return nil
}

// tokenless is the store as what is left to be embedded for the tokens alone, of memories that older versions have stored.
type tokenless struct{ *storage.Store }

func (t tokenless) Outdated(ctx context.Context, want memory.Spaces, after int64, n int) ([]memory.Job, int64, error) {
	jobs, next, err := t.WithoutTokens(ctx, want.Local, after, n)
	for i := range jobs {
		jobs[i].LocalOnly = true // whatever else has their vectors, tokens are the built-in model's
	}
	return jobs, next, err
}

func (tokenless) DropOtherSpaces(context.Context, memory.Spaces, int) (int, error) { return 0, nil }

// retoken has the tokens made that are missing, if that was not done.
func (s *stack) retoken(ctx context.Context, log *slog.Logger) {
	want, ok := s.embeds.spaces()
	if !ok || s.plan.Load().Tokens == want.Local {
		return
	}
	s.retokener = memory.StartReembedder(context.WithoutCancel(ctx), tokenless{s.store}, s.embeds, want, memory.ReembedderOptions{
		Busy: s.indexer.Busy, Logger: log, Done: func() error {
			return s.replan(ctx, func(p *embedPlan) { p.Tokens = want.Local })
		},
	})
}

// formers opens the models that stored vectors are of, beside the ones in use. One that cannot be asked is left out.
func (e *embeddings) formers(c embeddingConfig, models []embedModel, used map[string]bool, log *slog.Logger) []embedding.Former {
	var out []embedding.Former
	for _, m := range models {
		if m.Provider != "openai" {
			continue // the built-in one always answers
		}
		key := c.FormerAPIKey
		if m.BaseURL == c.BaseURL && key.IsZero() {
			key = c.APIKey
		}
		r, err := openai.New(openai.Options{Model: m.Model, BaseURL: m.BaseURL, Timeout: c.Timeout, Shorten: m.Shorten, Key: func() string { return string(key.Bytes()) }})
		if err != nil || used[r.Space()] {
			continue
		}
		used[r.Space()] = true
		served, err := e.serve(r)
		if err != nil {
			log.Warn("vectors of a former model do not answer until they are embedded anew", "model", m.Model, "error", err)
			continue
		}
		out = append(out, embedding.Former{Embedder: served, Remote: true})
	}
	return out
}

// reembedArgs and reembedStatus are what the command and the engine say to each other.
type reembedArgs struct{}

type reembedStatus struct {
	Target  embedModel   `json:"target"`
	Formers []embedModel `json:"formers"`
	Spaces  []string     `json:"spaces"` // that questions are embedded in
	Done    int          `json:"done"`
	Waiting int          `json:"waiting,omitempty"` // new or changed, and not embedded by any model yet
	Total   int          `json:"total"`
	Running bool         `json:"running"`
	Err     string       `json:"error,omitempty"`
}

func (a *admin) reembed(ctx context.Context, st *stack, _ reembedArgs) (any, error) {
	out := reembedStatus{Formers: []embedModel{}, Spaces: []string{}}
	p := st.plan.Load()
	if p == nil {
		return out, nil
	}
	out.Target = p.Target
	out.Formers = append(out.Formers, p.Formers...)
	want, ok := st.embeds.spaces()
	if !ok {
		return out, nil
	}
	out.Spaces = st.embeds.router.Load().Spaces()
	left, total, err := st.store.CountOutdated(ctx, want)
	if err != nil {
		return nil, err
	}
	stats, err := st.store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	out.Waiting = stats.Pending
	out.Done, out.Total = max(total-left-out.Waiting, 0), total
	if st.reembedder != nil {
		ended, failed := st.reembedder.Status()
		out.Running = !ended
		if failed != nil {
			out.Err = failed.Error()
		}
	}
	return out, nil
}

func newReembed(a *app) *cobra.Command {
	var c embeddingConfig
	var status, cancel, wait bool
	cmd := &cobra.Command{
		Use: "reembed [--provider builtin|openai]", Short: "Change the embedding model, and embed everything anew in the background", GroupID: "server", Args: cobra.NoArgs,
		Long: "reembed sets embedding.provider, base_url and model, and has every memory embedded by the new model in the background.\n" +
			"Meanwhile questions are embedded by both, and memories of either answer. It goes on after a crash; --cancel goes back to\n" +
			"the model before. A model whose vectors do not have 768 dimensions is refused before anything is changed.",
		Example: "  elderzan reembed --provider openai --base-url http://localhost:11434/v1 --model nomic-embed-text",
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case status:
				return a.showReembed(cmd.Context(), wait)
			case cancel:
				return a.cancelReembed(cmd.Context(), wait)
			case c.Provider == "":
				return hint(errors.New("no provider is named"), "elderzan reembed --provider openai --base-url URL --model NAME; or see: elderzan reembed --status")
			}
			return a.startReembed(cmd.Context(), c, wait)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Provider, "provider", "", "builtin or openai (any OpenAI-compatible server)")
	f.StringVar(&c.BaseURL, "base-url", "", "address of the server (default the setting)")
	f.StringVar(&c.Model, "model", "", "model of the server (default the setting)")
	f.BoolVar(&c.Shorten, "shorten", false, "cut longer vectors to 768 dimensions, for models trained for that")
	f.BoolVar(&status, "status", false, "only say how far it has come")
	f.BoolVar(&cancel, "cancel", false, "go back to the model before")
	f.BoolVar(&wait, "wait", false, "return only when everything is embedded")
	return cmd
}

func (a *app) startReembed(ctx context.Context, want embeddingConfig, wait bool) error {
	dir, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	c, err := loadConfig(dir)
	if err != nil {
		return err
	}
	next := c.Embedding
	next.Provider, next.Shorten = want.Provider, want.Shorten
	if want.BaseURL != "" {
		next.BaseURL = want.BaseURL
	}
	if want.Model != "" {
		next.Model = want.Model
	}
	if err := probeModel(ctx, next); err != nil {
		return err
	}
	if err := a.useModel(ctx, dir, modelOf(next)); err != nil {
		return err
	}
	return a.showReembed(ctx, wait)
}

// probeModel refuses a provider that does not answer or whose vectors do not fit, before anything is changed.
func probeModel(ctx context.Context, c embeddingConfig) error {
	switch c.Provider {
	case "builtin":
		return nil
	case "openai":
	default:
		return hint(fmt.Errorf("provider %q is unknown", c.Provider), "use builtin or openai")
	}
	r, err := newRemote(c)
	if err != nil {
		return hint(fmt.Errorf("embedding provider: %w", err), "elderzan reembed --help")
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	err = r.Probe(ctx)
	if errors.Is(err, embedding.ErrDimension) {
		return hint(fmt.Errorf("nothing was changed: %w", err), "name another model: --model; or one trained to be cut: --shorten")
	}
	if err != nil {
		return hint(fmt.Errorf("nothing was changed: the provider does not answer: %w", err), "check --base-url, --model and ELDERZAN_EMBEDDING_API_KEY")
	}
	return nil
}

// useModel changes the settings and has the engine start anew with them.
func (a *app) useModel(ctx context.Context, dir string, m embedModel) error {
	values := map[string]string{"embedding.provider": m.Provider}
	if m.Provider == "openai" {
		values["embedding.base_url"], values["embedding.model"] = m.BaseURL, m.Model
		values["embedding.shorten"] = fmt.Sprint(m.Shorten)
	}
	if err := setSettings(dir, values); err != nil {
		return err
	}
	return a.reopen(ctx)
}

func (a *app) cancelReembed(ctx context.Context, wait bool) error {
	_, st, err := a.callReembed(ctx)
	if err != nil {
		return err
	}
	if len(st.Formers) == 0 {
		return hint(errors.New("nothing is being embedded anew"), "elderzan reembed --status")
	}
	dir, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	if err := a.useModel(ctx, dir, st.Formers[len(st.Formers)-1]); err != nil {
		return err
	}
	return a.showReembed(ctx, wait)
}

func (a *app) callReembed(ctx context.Context) (json.RawMessage, reembedStatus, error) {
	var raw json.RawMessage
	var st reembedStatus
	s, err := a.session(ctx)
	if err != nil {
		return nil, st, err
	}
	defer s.Close()
	if err := s.Call(ctx, adminPrefix+"reembed", reembedArgs{}, &raw); err != nil {
		return nil, st, err
	}
	return raw, st, json.Unmarshal(raw, &st)
}

func (a *app) showReembed(ctx context.Context, wait bool) error {
	b := a.bar("embed")
	for {
		raw, st, err := a.callReembed(ctx)
		if err != nil {
			return err
		}
		if !wait || !st.Running {
			b.end()
			return a.print(raw, showReembedStatus)
		}
		b.set(int64(st.Done), int64(st.Total))
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func showReembedStatus(w io.Writer, raw json.RawMessage) error {
	var st reembedStatus
	if err := json.Unmarshal(raw, &st); err != nil {
		return err
	}
	if !st.Running {
		fmt.Fprintf(w, "%d of %d memories are embedded by %s\n", st.Done, st.Total, st.Target)
		if st.Waiting > 0 {
			fmt.Fprintf(w, "%d wait for it; whether it answers: elderzan status\n", st.Waiting)
		}
		return nil
	}
	fmt.Fprintf(w, "embedding anew by %s: %d of %d\n", st.Target, st.Done, st.Total)
	for _, m := range st.Formers {
		fmt.Fprintf(w, "meanwhile %s answers too; back to it: elderzan reembed --cancel\n", m)
	}
	if st.Err != "" {
		fmt.Fprintf(w, "the last attempt failed and is repeated: %s\n", st.Err)
	}
	return nil
}
