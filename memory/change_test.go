package memory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/scope"
)

func TestShare(t *testing.T) {
	for name, tc := range map[string]struct {
		content  string
		to       scope.Scope
		team     string
		confirm  bool
		ask      string
		cloud    bool
		changed  bool
		refused  error
		leaves   bool
		warning  string
		action   string
		override bool
	}{
		"wider":                              {content: "we use tabs", to: scope.Shared, team: "core", cloud: true, changed: true, leaves: true, action: "share"},
		"wider without a cloud":              {content: "we use tabs", to: scope.Global, changed: true, warning: "no cloud is configured", action: "share"},
		"narrower":                           {content: "we use tabs", to: scope.Private, changed: true, action: "share"},
		"the same":                           {content: "we use tabs", to: scope.Project},
		"the same in another team":           {content: "we use tabs", to: scope.Project, team: "core", changed: true, action: "share"},
		"sensitive, unconfirmed":             {content: secret, to: scope.Shared, cloud: true, refused: memory.ErrConfirm},
		"sensitive, unconfirmed, local":      {content: secret, to: scope.Project, refused: memory.ErrConfirm},
		"sensitive, confirmed":               {content: secret, to: scope.Shared, confirm: true, cloud: true, changed: true, leaves: true, action: "override"},
		"sensitive, the person says yes":     {content: secret, to: scope.Shared, ask: "yes", cloud: true, changed: true, leaves: true, action: "override"},
		"sensitive, the person says no":      {content: secret, to: scope.Shared, ask: "no", cloud: true, refused: memory.ErrConfirm},
		"sensitive, asking does not succeed": {content: secret, to: scope.Shared, ask: "error", cloud: true, refused: errDown},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *world, o *memory.Options) { o.CloudConfigured = tc.cloud })
			m := w.keep(t, memory.RememberInput{Content: tc.content}).Memory
			in, n := memory.ShareInput{IDs: []memory.ID{m.ID}, Scope: tc.to, Team: tc.team, Confirm: tc.confirm}, 0
			switch tc.ask {
			case "yes", "no":
				in.Ask = answer(tc.ask == "yes", &n)
			case "error":
				in.Ask = func(context.Context, string, []string) (bool, error) { return true, errDown }
			}
			res, err := w.Share(t.Context(), mia, in)
			if err != nil {
				t.Fatal(err)
			}
			if (len(res.Changed) == 1) != tc.changed || !errors.Is(res.Refused[m.ID], tc.refused) || res.Leaves != tc.leaves {
				t.Errorf("Share = %+v", res)
			}
			wantWarning(t, res.Warnings, tc.warning)
			now, err := w.Get(t.Context(), mia, []memory.ID{m.ID})
			if err != nil {
				t.Fatal(err)
			}
			if !tc.changed {
				if now[0].Scope != m.Scope || now[0].Version != m.Version {
					t.Errorf("memory = %+v; want it as it was", now[0])
				}
				return
			}
			if now[0].Scope != tc.to || now[0].Team != tc.team || now[0].Version != m.Version+1 || !now[0].Overridden || res.From[m.ID] != m.Scope {
				t.Errorf("memory = %+v, from %v", now[0], res.From[m.ID])
			}
			if a := w.lastAudit(t); a.Action != tc.action || a.From != m.Scope || a.To != tc.to {
				t.Errorf("audit = %+v; want %s", a, tc.action)
			}
		})
	}
}

func TestShareRefuses(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(t, memory.RememberInput{Content: "x"}).Memory
	for name, tc := range map[string]struct {
		in    memory.ShareInput
		field string
	}{
		"no ids":       {memory.ShareInput{Scope: scope.Global}, "ids"},
		"too many ids": {memory.ShareInput{Scope: scope.Global, IDs: make([]memory.ID, memory.MaxBatch+1)}, "ids"},
		"no scope":     {memory.ShareInput{IDs: []memory.ID{m.ID}}, "scope"},
		"bad team":     {memory.ShareInput{IDs: []memory.ID{m.ID}, Scope: scope.Shared, Team: "\xff"}, "team"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Share(t.Context(), mia, tc.in)
			wantInput(t, err, tc.field)
		})
	}
	if _, err := w.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{m.ID, memory.NewID()}, Scope: scope.Global}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("an unknown id: %v; want ErrNotFound", err)
	}
}

// One memory that cannot be shared does not keep the others from it, and a call that is stopped says so.
func TestShareOneOfMany(t *testing.T) {
	w := newWorld(t, nil)
	a := w.keep(t, memory.RememberInput{Content: "a"}).Memory
	b := w.keep(t, memory.RememberInput{Content: secret}).Memory
	res, err := w.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{a.ID, b.ID}, Scope: scope.Global})
	if err != nil || len(res.Changed) != 1 || len(res.Refused) != 1 {
		t.Fatalf("Share = %+v, %v", res, err)
	}
	var c *memory.ConfirmError
	if !errors.As(res.Refused[b.ID], &c) || !strings.Contains(c.What, string(b.ID)) || !slices.Equal(c.Why, []string{"password-is"}) {
		t.Errorf("refused = %v", res.Refused[b.ID])
	}
	ctx, cancel := context.WithCancel(t.Context())
	ask := func(context.Context, string, []string) (bool, error) { cancel(); return false, ctx.Err() }
	if _, err := w.Share(ctx, mia, memory.ShareInput{IDs: []memory.ID{b.ID}, Scope: scope.Global, Ask: ask}); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped Share = %v; want context.Canceled", err)
	}
}

func TestShareTrouble(t *testing.T) {
	classifier := memorytest.Classifier{}
	for name, tc := range map[string]struct {
		configure func(*world, *memory.Options)
		want      error
	}{
		"denied": {func(_ *world, o *memory.Options) { o.Authorizer = deny{"share"} }, memory.ErrDenied},
		"store":  {func(w *world, _ *memory.Options) { w.store.Fail = failing("Change") }, errDown},
		"classifier": {func(_ *world, o *memory.Options) {
			n := 0
			classifier.Fail = func() error {
				if n++; n > 1 {
					return errDown
				}
				return nil
			}
			o.Classifier = classifier
		}, errDown},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.configure)
			m := w.keep(t, memory.RememberInput{Content: "x"}).Memory
			res, err := w.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{m.ID}, Scope: scope.Global})
			if err != nil || !errors.Is(res.Refused[m.ID], tc.want) {
				t.Errorf("Share = %+v, %v; want refused with %v", res, err, tc.want)
			}
		})
	}
}

// racing changes a memory under the service's feet, between its reading and its writing.
type racing struct {
	*memorytest.Store
	id *memory.ID
}

func (r racing) Get(ctx context.Context, ids []memory.ID) ([]memory.Memory, error) {
	ms, err := r.Store.Get(ctx, ids)
	if err == nil && *r.id != "" {
		_, err = r.Store.Change(ctx, *r.id, "", func(m *memory.Memory) (memory.Audit, error) { m.Pinned = !m.Pinned; return memory.Audit{}, nil })
	}
	return ms, err
}

func TestChangedMeanwhile(t *testing.T) {
	var id memory.ID
	w := newWorld(t, func(w *world, o *memory.Options) { o.Store = racing{w.store, &id} })
	id = w.keep(t, memory.RememberInput{Content: "x"}).Memory.ID
	res, err := w.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{id}, Scope: scope.Global})
	if err != nil {
		t.Fatal(err)
	}
	wantInput(t, res.Refused[id], "id")
	title := "t"
	_, err = w.Revise(t.Context(), mia, memory.ReviseInput{ID: id, Title: &title})
	wantInput(t, err, "id")
}

func TestRepeatedRequests(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(t, memory.RememberInput{Content: "x"}).Memory
	c := mia
	c.RequestKey = "k1"
	title := "t"
	first, err := w.Revise(t.Context(), c, memory.ReviseInput{ID: m.ID, Title: &title})
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Revise(t.Context(), c, memory.ReviseInput{ID: m.ID, Title: &title})
	if err != nil || again.Memory.Version != first.Memory.Version {
		t.Errorf("the same request again: version %d, %v; want %d", again.Memory.Version, err, first.Memory.Version)
	}
}

func ptr[T any](v T) *T { return &v }

func TestRevise(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(t, memory.RememberInput{Content: "x", Tags: []string{"a"}, ExpiresIn: time.Hour}).Memory
	w.now = start.Add(time.Minute)
	occurred := time.Date(2020, 1, 1, 0, 0, 0, 999, time.FixedZone("", -3600))
	res, err := w.Revise(t.Context(), mia, memory.ReviseInput{
		ID: m.ID, Content: ptr("y"), Title: ptr("t"), Kind: ptr("decision"), Tags: ptr([]string{" b", "b"}), Project: ptr("web"),
		Metadata: ptr(map[string]any{"k": "v"}), OccurredAt: &occurred, ExpiresIn: ptr(2 * time.Hour), Importance: ptr(0.5), Pinned: ptr(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	g := res.Memory
	if g.Content != "y" || g.Title != "t" || g.Kind != "decision" || !slices.Equal(g.Tags, []string{"b"}) || g.Project != "web" || g.Metadata["k"] != "v" ||
		!g.OccurredAt.Equal(occurred.Truncate(time.Millisecond)) || !g.ExpiresAt.Equal(w.now.Add(2*time.Hour)) || g.Importance != 0.5 || !g.Pinned || g.Version != 2 || !g.UpdatedAt.Equal(w.now) {
		t.Errorf("Revise = %+v", g)
	}
	if a := w.lastAudit(t); a.Action != "revise" || a.Subject != m.ID {
		t.Errorf("audit = %+v", a)
	}
	res, err = w.Revise(t.Context(), mia, memory.ReviseInput{ID: m.ID, ExpiresIn: ptr(time.Duration(0))})
	if err != nil || !res.Memory.ExpiresAt.IsZero() || res.Memory.Content != "y" || res.Memory.Title != "t" || res.Memory.Version != 3 {
		t.Errorf("taking the expiry away: %+v, %v", res.Memory, err)
	}
}

func TestReviseScope(t *testing.T) {
	other := "write to mia@example.com"
	for name, tc := range map[string]struct {
		before  string
		confirm bool // share it as SHARED although it is sensitive
		after   string
		want    scope.Scope
		warning string
	}{
		"harmless stays where it is":             {"we use tabs", true, "we use spaces", scope.Shared, ""},
		"becomes sensitive":                      {"we use tabs", true, secret, scope.Private, "moved from SHARED to PRIVATE"},
		"stays PRIVATE when it becomes harmless": {secret, false, "we use tabs", scope.Private, ""},
		"confirmed and the same kind of finding": {secret, true, secret + "2", scope.Shared, ""},
		"confirmed and another kind of finding":  {secret, true, other, scope.Private, "moved from SHARED to PRIVATE"},
		"confirmed and one kind more":            {secret, true, secret + ", " + other, scope.Private, "moved from SHARED to PRIVATE"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *world, o *memory.Options) { o.CloudConfigured = true })
			m := w.keep(t, memory.RememberInput{Content: tc.before}).Memory
			if tc.confirm {
				if res, err := w.Share(t.Context(), mia, memory.ShareInput{IDs: []memory.ID{m.ID}, Scope: scope.Shared, Confirm: true}); err != nil || len(res.Changed) != 1 {
					t.Fatal(res, err)
				}
			}
			res, err := w.Revise(t.Context(), mia, memory.ReviseInput{ID: m.ID, Content: &tc.after})
			if err != nil || res.Memory.Scope != tc.want || res.Memory.Sensitive != res.Decision.Sensitive {
				t.Errorf("Revise = %v (sensitive %v), %v; want %v", res.Memory.Scope, res.Memory.Sensitive, err, tc.want)
			}
			wantWarning(t, res.Warnings, tc.warning)
		})
	}
}

func TestReviseRefuses(t *testing.T) {
	w := newWorld(t, nil)
	id := w.keep(t, memory.RememberInput{Content: "x"}).Memory.ID
	for name, tc := range map[string]struct {
		in    memory.ReviseInput
		field string
	}{
		"empty content":   {memory.ReviseInput{Content: ptr(" ")}, "content"},
		"title too long":  {memory.ReviseInput{Title: ptr(strings.Repeat("x", memory.MaxTitleBytes+1))}, "title"},
		"tags too long":   {memory.ReviseInput{Tags: ptr([]string{strings.Repeat("x", memory.MaxTagBytes+1)})}, "tags"},
		"expires in past": {memory.ReviseInput{ExpiresIn: ptr(-time.Second)}, "expires_in"},
		"importance":      {memory.ReviseInput{Importance: ptr(2.0)}, "importance"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.in.ID = id
			_, err := w.Revise(t.Context(), mia, tc.in)
			wantInput(t, err, tc.field)
		})
	}
	if _, err := w.Revise(t.Context(), mia, memory.ReviseInput{ID: memory.NewID()}); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("an unknown id: %v; want ErrNotFound", err)
	}
	denied := newWorld(t, func(_ *world, o *memory.Options) { o.Authorizer = deny{"revise"} })
	id = denied.keep(t, memory.RememberInput{Content: "x"}).Memory.ID
	if _, err := denied.Revise(t.Context(), mia, memory.ReviseInput{ID: id}); !errors.Is(err, memory.ErrDenied) {
		t.Errorf("denied: %v; want ErrDenied", err)
	}
	if a := denied.lastAudit(t); a.Action != "denied" || a.Subject != id {
		t.Errorf("audit = %+v", a)
	}
	calls := 0
	down := newWorld(t, func(_ *world, o *memory.Options) {
		o.Classifier = memorytest.Classifier{Fail: func() error {
			if calls++; calls > 1 {
				return errDown
			}
			return nil
		}}
	})
	id = down.keep(t, memory.RememberInput{Content: "x"}).Memory.ID
	if _, err := down.Revise(t.Context(), mia, memory.ReviseInput{ID: id, Content: ptr(secret)}); !errors.Is(err, errDown) {
		t.Errorf("classifier down: %v; a text must not be stored unclassified", err)
	}
}
