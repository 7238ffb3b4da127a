package memory_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/scope"
)

const secret = "the staging password is hunter2"

func TestRememberScope(t *testing.T) {
	for name, tc := range map[string]struct {
		content    string
		asked      scope.Scope
		override   bool
		ask        string // "yes", "no" or "" for nobody to ask
		cloud      bool
		want       scope.Scope
		overridden bool
		warning    string
		action     string
		questions  int
	}{
		"left to the classifier":                  {content: "we use tabs", want: scope.Project, action: "remember"},
		"the same as the classifier":              {content: "we use tabs", asked: scope.Project, want: scope.Project, action: "remember"},
		"narrower, not sensitive":                 {content: "we use tabs", asked: scope.Private, want: scope.Private, overridden: true, action: "remember"},
		"wider, not sensitive":                    {content: "we use tabs", asked: scope.Global, cloud: true, want: scope.Global, overridden: true, warning: "the classifier suggests PROJECT", action: "remember"},
		"wider without a cloud":                   {content: "we use tabs", asked: scope.Shared, want: scope.Shared, overridden: true, warning: "no cloud is configured", action: "remember"},
		"sensitive, left to the classifier":       {content: secret, want: scope.Private, action: "remember"},
		"sensitive and PRIVATE":                   {content: secret, asked: scope.Private, want: scope.Private, action: "remember"},
		"sensitive without override":              {content: secret, asked: scope.Project, want: scope.Private, warning: "kept PRIVATE instead of PROJECT", action: "remember"},
		"sensitive, override, local":              {content: secret, asked: scope.Project, override: true, want: scope.Project, overridden: true, warning: "although it looks sensitive", action: "override"},
		"sensitive, override, cloud, nobody":      {content: secret, asked: scope.Shared, override: true, cloud: true, want: scope.Private, warning: "kept PRIVATE: it looks sensitive", action: "remember"},
		"sensitive, override, cloud, no":          {content: secret, asked: scope.Shared, override: true, ask: "no", cloud: true, want: scope.Private, warning: "kept PRIVATE", action: "remember", questions: 1},
		"sensitive, override, cloud, yes":         {content: secret, asked: scope.Shared, override: true, ask: "yes", cloud: true, want: scope.Shared, overridden: true, warning: "although it looks sensitive", action: "override", questions: 1},
		"sensitive, no override, nobody bothered": {content: secret, asked: scope.Shared, ask: "yes", cloud: true, want: scope.Private, warning: "kept PRIVATE", action: "remember"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *world, o *memory.Options) { o.CloudConfigured = tc.cloud })
			in, questions := memory.RememberInput{Content: tc.content, Scope: tc.asked, Override: tc.override}, 0
			if tc.ask != "" {
				in.Ask = answer(tc.ask == "yes", &questions)
			}
			res := w.keep(t, in)
			m := res.Memory
			if m.Scope != tc.want || m.Overridden != tc.overridden || questions != tc.questions {
				t.Errorf("scope %v, overridden %v, questions %d; want %v, %v, %d", m.Scope, m.Overridden, questions, tc.want, tc.overridden, tc.questions)
			}
			wantWarning(t, res.Warnings, tc.warning)
			a := w.lastAudit(t)
			if a.Action != tc.action || a.To != tc.want || a.Subject != m.ID || a.Reason == "" {
				t.Errorf("audit = %+v; want %s to %v", a, tc.action, tc.want)
			}
			if strings.Contains(strings.Join(append(res.Warnings, a.Reason), " "), "hunter2") {
				t.Error("a warning or the audit log repeats the secret")
			}
			if m.Sensitive != (tc.content == secret) || m.Sensitive != (len(m.Rules) > 0) {
				t.Errorf("sensitive %v, rules %v", m.Sensitive, m.Rules)
			}
		})
	}
}

func TestRememberFillsIn(t *testing.T) {
	w := newWorld(t, nil)
	occurred := time.Date(2025, 12, 24, 18, 0, 0, 123456789, time.FixedZone("", 3600))
	m := w.keep(t, memory.RememberInput{Content: "x", OccurredAt: occurred, ExpiresIn: time.Hour, Tags: []string{" a", "a", "", "b "}}).Memory
	if m.Project != "billing" || m.Author != "mia" || m.Client != "test" || m.Session != "s-1" || m.Trust != memory.TrustAgent || m.Kind != "note" || m.Version != 1 {
		t.Errorf("memory = %+v", m)
	}
	if !m.OccurredAt.Equal(occurred.Truncate(time.Millisecond)) || m.OccurredAt.Location() != time.UTC || !m.ExpiresAt.Equal(start.Add(time.Hour)) || !m.CreatedAt.Equal(start) {
		t.Errorf("times: occurred %v, expires %v, created %v", m.OccurredAt, m.ExpiresAt, m.CreatedAt)
	}
	if !m.At().Equal(m.OccurredAt) || !slices.Equal(m.Tags, []string{"a", "b"}) {
		t.Errorf("at %v, tags %v", m.At(), m.Tags)
	}
	other := w.keep(t, memory.RememberInput{Content: "y", Title: "T", Project: "web", Kind: "decision"}).Memory
	if other.Project != "web" || other.Kind != "decision" || !other.At().Equal(other.CreatedAt) || other.EmbeddingText() != "T\ny" || m.EmbeddingText() != "x" {
		t.Errorf("memory = %+v", other)
	}
	untrusted := mia
	untrusted.Trust = memory.TrustUntrusted
	res, err := w.Remember(t.Context(), untrusted, memory.RememberInput{Content: "z"})
	if err != nil || res.Memory.Trust != memory.TrustUntrusted {
		t.Errorf("trust = %v, %v", res.Memory.Trust, err)
	}
	if untyped := newWorld(t, func(_ *world, o *memory.Options) { o.Classifier = nameless{} }); untyped.keep(t, memory.RememberInput{Content: "x"}).Memory.Kind != "note" {
		t.Error("a memory without a kind is no note")
	}
}

// nameless is a Classifier that knows no kinds.
type nameless struct{}

func (nameless) Classify(context.Context, scope.Input) (scope.Decision, error) {
	return scope.Decision{Scope: scope.Project}, nil
}

// doubtful is a Classifier that finds something sensitive and yet sees no need for PRIVATE.
type doubtful struct{}

func (doubtful) Classify(context.Context, scope.Input) (scope.Decision, error) {
	return scope.Decision{Scope: scope.Project, Sensitive: true, Findings: []scope.Finding{{Rule: "r"}}}, nil
}

func TestRememberPrivateOnRequest(t *testing.T) {
	w := newWorld(t, func(_ *world, o *memory.Options) { o.Classifier = doubtful{} })
	res := w.keep(t, memory.RememberInput{Content: "x", Scope: scope.Private})
	if res.Memory.Scope != scope.Private {
		t.Errorf("scope = %v; PRIVATE was asked for", res.Memory.Scope)
	}
	wantWarning(t, res.Warnings, "")
}

func TestRememberRefuses(t *testing.T) {
	many := make([]string, memory.MaxTags+1)
	for i := range many {
		many[i] = strings.Repeat("t", i+1)
	}
	for name, tc := range map[string]struct {
		in    memory.RememberInput
		field string
	}{
		"empty":             {memory.RememberInput{}, "content"},
		"blank":             {memory.RememberInput{Content: " \n\t"}, "content"},
		"too long":          {memory.RememberInput{Content: strings.Repeat("x", memory.MaxContentBytes+1)}, "content"},
		"not UTF-8":         {memory.RememberInput{Content: "a\xff"}, "content"},
		"NUL":               {memory.RememberInput{Content: "a\x00b"}, "content"},
		"title too long":    {memory.RememberInput{Content: "x", Title: strings.Repeat("x", memory.MaxTitleBytes+1)}, "title"},
		"kind too long":     {memory.RememberInput{Content: "x", Kind: strings.Repeat("x", memory.MaxNameBytes+1)}, "kind"},
		"project not UTF-8": {memory.RememberInput{Content: "x", Project: "\xff"}, "project"},
		"team with NUL":     {memory.RememberInput{Content: "x", Team: "\x00"}, "team"},
		"too many tags":     {memory.RememberInput{Content: "x", Tags: many}, "tags"},
		"tag too long":      {memory.RememberInput{Content: "x", Tags: []string{strings.Repeat("x", memory.MaxTagBytes+1)}}, "tags"},
		"expires in past":   {memory.RememberInput{Content: "x", ExpiresIn: -1}, "expires_in"},
		"importance high":   {memory.RememberInput{Content: "x", Importance: 1.1}, "importance"},
		"importance low":    {memory.RememberInput{Content: "x", Importance: -0.1}, "importance"},
		"importance NaN":    {memory.RememberInput{Content: "x", Importance: math.NaN()}, "importance"},
		"metadata too long": {memory.RememberInput{Content: "x", Metadata: map[string]any{"k": strings.Repeat("x", memory.MaxMetadataBytes)}}, "metadata"},
		"metadata no JSON":  {memory.RememberInput{Content: "x", Metadata: map[string]any{"k": func() {}}}, "metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			_, err := w.Remember(t.Context(), mia, tc.in)
			wantInput(t, err, tc.field)
			if st, _ := w.Status(t.Context(), mia); st.ByState[memory.Active] != 0 {
				t.Error("something was stored all the same")
			}
		})
	}
	w := newWorld(t, nil)
	w.keep(t, memory.RememberInput{Content: strings.Repeat("x", memory.MaxContentBytes), Metadata: map[string]any{"k": "v"}, Importance: 1})
}

func TestRememberTwice(t *testing.T) {
	w := newWorld(t, nil)
	first := w.keep(t, memory.RememberInput{Content: "x"})
	if again := w.keep(t, memory.RememberInput{Content: "x"}); again.DuplicateOf != first.Memory.ID || again.Memory.ID != first.Memory.ID {
		t.Errorf("duplicate of %q; want %q", again.DuplicateOf, first.Memory.ID)
	}
	repeated := mia
	repeated.RequestKey = "k"
	var ids []memory.ID
	for range 2 {
		res, err := w.Remember(t.Context(), repeated, memory.RememberInput{Content: "y"})
		if err != nil || res.DuplicateOf != "" {
			t.Fatalf("Remember = %+v, %v", res, err)
		}
		ids = append(ids, res.Memory.ID)
	}
	if ids[0] != ids[1] {
		t.Errorf("a repeated request stored two memories: %v", ids)
	}
}

func TestRememberSupersedes(t *testing.T) {
	w := newWorld(t, nil)
	old := w.keep(t, memory.RememberInput{Content: "we use tabs"}).Memory
	w.keep(t, memory.RememberInput{Content: "we use spaces", Supersedes: old.ID})
	ms, err := w.Get(t.Context(), mia, []memory.ID{old.ID})
	if err != nil || ms[0].State != memory.Superseded {
		t.Errorf("old = %+v, %v", ms, err)
	}
	if _, err := w.Remember(t.Context(), mia, memory.RememberInput{Content: "z", Supersedes: memory.NewID()}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("superseding nothing: %v; want ErrNotFound", err)
	}
	denied := newWorld(t, func(w *world, o *memory.Options) { o.Authorizer = deny{"revise"} })
	old = denied.keep(t, memory.RememberInput{Content: "we use tabs"}).Memory
	if _, err := denied.Remember(t.Context(), mia, memory.RememberInput{Content: "y", Supersedes: old.ID}); !errors.Is(err, memory.ErrDenied) {
		t.Errorf("superseding without the right to revise: %v; want ErrDenied", err)
	}
	if _, err := denied.Remember(t.Context(), mia, memory.RememberInput{Content: "y", Supersedes: memory.NewID()}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("superseding nothing: %v; want ErrNotFound", err)
	}
}

func TestRememberTrouble(t *testing.T) {
	t.Run("classifier", func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *memory.Options) {
			o.Classifier = memorytest.Classifier{Fail: func() error { return errDown }}
		})
		if _, err := w.Remember(t.Context(), mia, memory.RememberInput{Content: "x"}); !errors.Is(err, errDown) {
			t.Errorf("Remember = %v; an unclassified text must not be stored", err)
		}
	})
	t.Run("store", func(t *testing.T) {
		w := newWorld(t, func(w *world, _ *memory.Options) { w.store.Fail = failing("Put") })
		if _, err := w.Remember(t.Context(), mia, memory.RememberInput{Content: "x"}); !errors.Is(err, errDown) {
			t.Errorf("Remember = %v", err)
		}
	})
	t.Run("asking", func(t *testing.T) {
		w := newWorld(t, nil)
		in := memory.RememberInput{Content: secret, Scope: scope.Global, Override: true, Ask: func(context.Context, string, []string) (bool, error) { return true, errDown }}
		if _, err := w.Remember(t.Context(), mia, in); !errors.Is(err, errDown) || len(w.store.Audits()) != 0 {
			t.Errorf("Remember = %v, %d audits", err, len(w.store.Audits()))
		}
	})
	t.Run("denied", func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *memory.Options) { o.Authorizer = deny{"remember"} })
		if _, err := w.Remember(t.Context(), mia, memory.RememberInput{Content: "x"}); !errors.Is(err, memory.ErrDenied) {
			t.Errorf("Remember = %v; want ErrDenied", err)
		}
		if a := w.lastAudit(t); a.Action != "denied" || a.Reason != "remember" || a.User != "mia" {
			t.Errorf("audit = %+v", a)
		}
	})
	t.Run("denied and not audited", func(t *testing.T) {
		w := newWorld(t, func(w *world, o *memory.Options) { o.Authorizer, w.store.Fail = deny{"remember"}, failing("Note") })
		if _, err := w.Remember(t.Context(), mia, memory.RememberInput{Content: "x"}); !errors.Is(err, memory.ErrDenied) || !errors.Is(err, errDown) {
			t.Errorf("Remember = %v; want both", err)
		}
	})
	t.Run("authorizer broken", func(t *testing.T) {
		w := newWorld(t, func(_ *world, o *memory.Options) { o.Authorizer = broken{errDown} })
		if _, err := w.Remember(t.Context(), mia, memory.RememberInput{Content: "x"}); !errors.Is(err, errDown) {
			t.Errorf("Remember = %v", err)
		}
	})
}

func TestNewServiceNeedsItsParts(t *testing.T) {
	full := memory.Options{Store: &memorytest.Store{}, Embedder: &memorytest.Embedder{}, Classifier: memorytest.Classifier{}, Ranker: memorytest.Ranker{}}
	if _, err := memory.NewService(full); err != nil {
		t.Errorf("NewService = %v", err)
	}
	for name, without := range map[string]func(*memory.Options){
		"store": func(o *memory.Options) { o.Store = nil }, "embedder": func(o *memory.Options) { o.Embedder = nil },
		"classifier": func(o *memory.Options) { o.Classifier = nil }, "ranker": func(o *memory.Options) { o.Ranker = nil },
	} {
		o := full
		without(&o)
		if _, err := memory.NewService(o); err == nil {
			t.Errorf("NewService without a %s succeeds", name)
		}
	}
}
