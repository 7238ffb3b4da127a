package rollout

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/isolated"
)

// shelf is a Store in memory.
type shelf struct {
	value []byte
	fail  error
}

func (s *shelf) Config(context.Context, string) ([]byte, error) { return s.value, s.fail }
func (s *shelf) PutConfig(_ context.Context, _ string, value []byte) error {
	if s.fail == nil {
		s.value = value
	}
	return s.fail
}

var features = []Feature{{Name: "old", Default: true}, {Name: "new"}}

func open(t *testing.T, s *shelf, clock *time.Time) *Book {
	t.Helper()
	b, err := Open(t.Context(), Options{Features: features, Store: s, Now: func() time.Time { return *clock }})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func set(t *testing.T, b *Book, feature string, r Rule) {
	t.Helper()
	if err := b.Set(t.Context(), feature, r, "mia", ""); err != nil {
		t.Fatal(err)
	}
}

func on(t *testing.T, b *Book, feature string, u User, at time.Time) Evaluation {
	t.Helper()
	e, err := b.Explain(feature, u, at)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestTenThousandUsers takes 10,000 users through a canary: shares are met, nobody loses the feature while the share grows,
// buckets are even, features fall on different users, and a restart changes nothing.
func TestTenThousandUsers(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock, s := start, &shelf{}
	b := open(t, s, &clock)
	set(t, b, "new", Rule{State: Rolling, Steps: Canary(start, 24*time.Hour)})
	const users = 10000
	name := func(i int) User { return User{Name: fmt.Sprintf("user-%d", i)} }
	had := map[int]bool{}
	for day, want := range []float64{10, 50, 100} {
		at := start.Add(time.Duration(day) * 24 * time.Hour)
		n, again := 0, open(t, s, &clock)
		for i := range users {
			e := on(t, b, "new", name(i), at)
			if e.On {
				n++
			} else if had[i] {
				t.Fatalf("%s lost the feature at %g %%", name(i).Name, want)
			}
			had[i] = e.On
			if e != on(t, again, "new", name(i), at) {
				t.Fatalf("%s is evaluated otherwise after a restart", name(i).Name)
			}
		}
		if share := 100 * float64(n) / users; math.Abs(share-want) > 1 {
			t.Errorf("day %d: %g %% have it; want %g", day, share, want)
		}
	}
	buckets, both := [10]int{}, 0
	for i := range users {
		buckets[int(Bucket("new", name(i).Name)/10)]++
		if Bucket("new", name(i).Name) < 10 && Bucket("old", name(i).Name) < 10 {
			both++
		}
	}
	for i, n := range buckets { // 1,000 are expected; five standard deviations
		if math.Abs(float64(n)-1000) > 150 {
			t.Errorf("bucket %d holds %d of %d users", i, n, users)
		}
	}
	if math.Abs(float64(both)-100) > 50 {
		t.Errorf("%d users are in the first tenth of both features; want about 100", both)
	}
	if got := Bucket("new", "user-1"); got != 4.69 {
		t.Errorf("user-1 is in bucket %v: buckets must stay what they were", got)
	}
}

func TestRules(t *testing.T) {
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &shelf{}
	b := open(t, s, &clock)
	mia, cursor := User{Name: "mia", Client: "claude"}, User{Name: "tom", Client: "cursor"}
	want := func(what string, feature string, u User, state bool, why Why) {
		t.Helper()
		if e := on(t, b, feature, u, clock); e.On != state || e.Why != why {
			t.Errorf("%s: %+v; want %v, %s", what, e, state, why)
		}
	}
	want("without a rule", "old", mia, true, WhyDefault)
	want("without a rule", "new", mia, false, WhyDefault)
	set(t, b, "old", Rule{State: Off})
	want("killed", "old", mia, false, WhyDisabled)
	set(t, b, "new", Rule{State: On})
	want("on", "new", mia, true, WhyStatic)
	set(t, b, "new", Rule{State: ByDefault})
	if err := b.SetGroup(t.Context(), "alpha", []string{"mia", "@cursor", "mia"}, "mia"); err != nil {
		t.Fatal(err)
	}
	set(t, b, "new", Rule{State: Rolling, Groups: []string{"alpha"}})
	set(t, b, "new", Rule{State: Rolling, Groups: []string{"alpha"}, Steps: []Step{{clock, 0}}})
	want("a member", "new", mia, true, WhyGroup)
	want("a client", "new", cursor, true, WhyGroup)
	want("nobody", "new", User{Name: "kim"}, false, WhySplit)
	b = open(t, s, &clock)
	want("after a restart", "new", mia, true, WhyGroup)
	if err := b.Rollback(t.Context(), "new", "canary", "mia", "too early"); err != nil {
		t.Fatal(err)
	}
	want("a member still", "new", mia, true, WhyGroup)
	if err := b.Rollback(t.Context(), "new", "alpha", "mia", ""); err != nil { // the last one: as before the rollout
		t.Fatal(err)
	}
	want("rolled back", "new", mia, false, WhyDefault)
	list, groups := b.List()
	if len(list) != 2 || len(list[1].History) != 6 || list[1].Says != "off by default" || list[0].Says != "off" || len(groups["alpha"]) != 2 || groups["beta"] == nil {
		t.Errorf("List = %+v, %v", list, groups)
	}
	for what, err := range map[string]error{
		"an unknown feature": b.Set(t.Context(), "none", Rule{State: On}, "", ""),
		"an unknown group":   b.Set(t.Context(), "new", Rule{State: Rolling, Groups: []string{"none"}}, "", ""),
		"a share of 200":     b.Set(t.Context(), "new", Rule{State: Rolling, Steps: []Step{{clock, 200}}}, "", ""),
		"steps backwards":    b.Set(t.Context(), "new", Rule{State: Rolling, Steps: []Step{{clock, 10}, {clock.Add(-time.Hour), 20}}}, "", ""),
		"nothing to roll":    b.Set(t.Context(), "new", Rule{State: Rolling}, "", ""),
		"on with a share":    b.Set(t.Context(), "new", Rule{State: On, Steps: []Step{{clock, 10}}}, "", ""),
		"no rollout":         b.Rollback(t.Context(), "new", "", "", ""),
		"a group's name":     b.SetGroup(t.Context(), "canary", nil, ""),
	} {
		if err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	s.fail = errors.New("full")
	if err := b.Set(t.Context(), "new", Rule{State: On}, "", ""); !errors.Is(err, s.fail) {
		t.Errorf("a store that fails: %v", err)
	}
	want("what is not stored is not in force", "new", mia, false, WhyDefault)
}

// TestAutomaticRollback has a feature make the calls of its users slow.
func TestAutomaticRollback(t *testing.T) {
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var told []string
	s := &shelf{}
	b, err := Open(t.Context(), Options{Features: features, Store: s, Now: func() time.Time { return clock }, Changed: func(_ context.Context, f, by, reason string) { told = append(told, f+" "+by+" "+reason) }})
	if err != nil {
		t.Fatal(err)
	}
	set(t, b, "old", Rule{State: Rolling, Steps: []Step{{clock, 50}}})
	set(t, b, "new", Rule{State: Rolling, Steps: []Step{{clock, 50}}})
	calls := func(slow func(u User) bool) {
		for i := range 400 {
			u, took := User{Name: fmt.Sprint("user-", i)}, 5*time.Millisecond
			if slow(u) {
				took = time.Second
			}
			b.Called(u, "ok", took)
		}
	}
	calls(func(User) bool { return true }) // slow for all: no doing of the feature
	if got, err := b.Judge(t.Context()); err != nil || got != nil {
		t.Errorf("Judge = %v, %v; want nothing taken back", got, err)
	}
	clock = clock.Add(time.Hour)
	calls(func(User) bool { return false })
	if got, err := b.Judge(t.Context()); err != nil || got != nil {
		t.Errorf("Judge = %v, %v; want nothing taken back", got, err)
	}
	clock = clock.Add(time.Hour)
	calls(func(u User) bool { return on(t, b, "new", u, clock).On })
	got, err := b.Judge(t.Context())
	if err != nil || len(got) != 1 || got[0] != "new" {
		t.Fatalf("Judge = %v, %v; want new taken back", got, err)
	}
	if e := on(t, b, "new", User{Name: "user-1"}, clock); e.On || e.Why != WhyDefault {
		t.Errorf("after it: %+v", e)
	}
	if a := b.Alerts(); len(a) != 1 || !strings.Contains(a[0], "new was taken back: answers are slow") || !strings.Contains(strings.Join(told, "\n"), "new elderzan answers are slow") {
		t.Errorf("alerts = %q, told %q", a, told)
	}
	set(t, b, "new", Rule{State: Rolling, Steps: []Step{{clock, 50}}}) // once more: the alert is over
	if a := b.Alerts(); a != nil {
		t.Errorf("alerts = %q", a)
	}
}

// The provider answers through OpenFeature's own client.
func TestProvider(t *testing.T) {
	clock := time.Now()
	b := open(t, &shelf{}, &clock)
	api := isolated.NewAPI()
	if err := api.SetProviderAndWait(t.Context(), NewProvider(b)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c := api.NewClient()
	set(t, b, "new", Rule{State: Rolling, Steps: []Step{{clock, 30}}})
	for i := range 200 {
		u := fmt.Sprint("user-", i)
		d, err := c.BooleanValueDetails(t.Context(), "new", false, openfeature.NewEvaluationContext(u, nil))
		want := on(t, b, "new", User{Name: u}, clock)
		if err != nil || d.Value != want.On || string(d.Reason) != string(want.Why) {
			t.Fatalf("%s: %+v, %v; want %+v", u, d, err, want)
		}
	}
	if v, err := c.BooleanValue(t.Context(), "none", true, openfeature.NewEvaluationContext("u", nil)); err == nil || !v {
		t.Errorf("an unknown flag = %v, %v; want the default and an error", v, err)
	}
	if v, err := c.StringValue(t.Context(), "new", "x", openfeature.NewEvaluationContext("u", nil)); err == nil || v != "x" {
		t.Errorf("as a string = %q, %v; want the default and an error", v, err)
	}
}
