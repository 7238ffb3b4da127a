package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/metrics"
)

// Store keeps the rules; *storage.Store is one, on its column family for settings.
type Store interface {
	// Config returns nil for a key that was never put.
	Config(ctx context.Context, key string) ([]byte, error)
	PutConfig(ctx context.Context, key string, value []byte) error
}

const storeKey = "flags"

// Change is one entry of a feature's history.
type Change struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"`
	Before Rule      `json:"before"`
}

// maxHistory is how many changes of a feature are kept.
const maxHistory = 20

// rules is what is stored.
type rules struct {
	Rules   map[string]Rule     `json:"rules"`
	Groups  map[string][]string `json:"groups"`
	History map[string][]Change `json:"history"`
}

// The groups that are always there; others can be made.
var standardGroups = []string{"alpha", "beta"}

// Options of a Book.
type Options struct {
	Features []Feature
	Store    Store
	Now      func() time.Time // nil means time.Now
	// Changed is told after every change, by whom and why, for the audit log; nil means nobody is.
	Changed func(ctx context.Context, feature, by, reason string)
}

// Book holds the rules in force. Safe for concurrent use.
type Book struct {
	o        Options
	features map[string]Feature

	mu      sync.RWMutex
	rules   rules
	watches map[string]*watch // of the features that are rolling out
	alerts  map[string]string // of those that were rolled back by themselves
}

// watch compares who has a feature with who has not.
type watch struct {
	treated, others *metrics.Group
}

// ErrUnknown says that no feature has that name.
var ErrUnknown = errors.New("rollout: no such feature")

// Open reads the rules.
func Open(ctx context.Context, o Options) (*Book, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Book{o: o, features: map[string]Feature{}, watches: map[string]*watch{}, alerts: map[string]string{}}
	for _, f := range o.Features {
		b.features[f.Name] = f
	}
	raw, err := o.Store.Config(ctx, storeKey)
	if err != nil {
		return nil, fmt.Errorf("read flags: %w", err)
	}
	if raw != nil {
		if err := json.Unmarshal(raw, &b.rules); err != nil {
			return nil, fmt.Errorf("read flags: what is stored is damaged: %w", err)
		}
	}
	b.rules = b.rules.clone()
	for _, g := range standardGroups {
		if b.rules.Groups[g] == nil {
			b.rules.Groups[g] = []string{}
		}
	}
	b.watchRolling()
	return b, nil
}

func (r rules) clone() rules {
	out := rules{Rules: map[string]Rule{}, Groups: map[string][]string{}, History: map[string][]Change{}}
	maps.Copy(out.Rules, r.Rules)
	for g, m := range r.Groups {
		out.Groups[g] = slices.Clone(m)
	}
	for f, h := range r.History {
		out.History[f] = slices.Clone(h)
	}
	return out
}

// Explain evaluates a feature for a user at a time; the zero time is now. A name that is no feature is off.
func (b *Book) Explain(feature string, u User, at time.Time) (Evaluation, error) {
	if at.IsZero() {
		at = b.o.Now()
	}
	f, ok := b.features[feature]
	if !ok {
		return Evaluation{}, ErrUnknown
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return evaluate(f, b.rules.Rules[feature], b.rules.Groups, u, at), nil
}

// Listed is a feature with its rule, for people.
type Listed struct {
	Feature
	Rule    Rule     `json:"rule"`
	Says    string   `json:"says"`
	History []Change `json:"history,omitempty"`
}

// List returns the features in their order, and the groups.
func (b *Book) List() ([]Listed, map[string][]string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []Listed
	for _, f := range b.o.Features {
		r := b.rules.Rules[f.Name]
		if r.State == "" {
			r.State = ByDefault
		}
		says := r.Describe(b.o.Now())
		if r.State == ByDefault {
			says = map[bool]string{true: "on", false: "off"}[f.Default] + " by default"
		}
		out = append(out, Listed{f, r, says, slices.Clone(b.rules.History[f.Name])})
	}
	return out, b.rules.clone().Groups
}

// Set gives a feature a rule; it is in force when Set returns.
func (b *Book) Set(ctx context.Context, feature string, r Rule, by, reason string) error {
	return b.change(ctx, feature, by, reason, func(all *rules) (Rule, error) { return r, r.check(all.Groups) })
}

// Rollback puts the rule back that was in force before the rollout; with a group, it only takes the feature from that
// group, "canary" standing for the share of all users.
func (b *Book) Rollback(ctx context.Context, feature, group, by, reason string) error {
	return b.change(ctx, feature, by, reason, func(all *rules) (Rule, error) {
		now := all.Rules[feature]
		if now.State != Rolling {
			return now, fmt.Errorf("%s is not being rolled out", feature)
		}
		if group == "" {
			return before(all.History[feature]), nil
		}
		r := Rule{State: Rolling, Groups: slices.Clone(now.Groups), Steps: slices.Clone(now.Steps)}
		switch at := slices.Index(r.Groups, group); {
		case group == "canary":
			r.Steps = nil
		case at < 0:
			return now, fmt.Errorf("%s is not rolled out to %q", feature, group)
		default:
			r.Groups = slices.Delete(r.Groups, at, at+1)
		}
		if len(r.Groups)+len(r.Steps) == 0 {
			return before(all.History[feature]), nil
		}
		return r, nil
	})
}

// before is the newest rule of a history that was no rollout.
func before(h []Change) Rule {
	for _, c := range slices.Backward(h) {
		if c.Before.State != Rolling {
			r := c.Before
			if r.State == "" {
				r.State = ByDefault
			}
			return r
		}
	}
	return Rule{State: Off}
}

func (b *Book) change(ctx context.Context, feature, by, reason string, rule func(*rules) (Rule, error)) error {
	if _, ok := b.features[feature]; !ok {
		return fmt.Errorf("%w: %q", ErrUnknown, feature)
	}
	err := b.update(ctx, func(all *rules) error {
		r, err := rule(all)
		if err != nil {
			return err
		}
		h := append(all.History[feature], Change{At: b.o.Now().UTC(), By: by, Reason: reason, Before: all.Rules[feature]})
		all.History[feature] = h[max(0, len(h)-maxHistory):]
		all.Rules[feature] = r
		return nil
	})
	if err == nil && b.o.Changed != nil {
		b.o.Changed(ctx, feature, by, reason)
	}
	return err
}

// SetGroup names the members of a group: users, or "@" and a client. No members and no standard name: the group goes.
func (b *Book) SetGroup(ctx context.Context, group string, members []string, by string) error {
	if group == "" || group == "canary" {
		return fmt.Errorf("%q cannot be the name of a group", group)
	}
	err := b.update(ctx, func(all *rules) error {
		members = slices.Clone(members)
		slices.Sort(members)
		all.Groups[group] = slices.Compact(members)
		if len(members) > 0 || slices.Contains(standardGroups, group) {
			return nil
		}
		for f, r := range all.Rules {
			if slices.Contains(r.Groups, group) {
				return fmt.Errorf("%s is rolled out to %q: roll it back first", f, group)
			}
		}
		delete(all.Groups, group)
		return nil
	})
	if err == nil && b.o.Changed != nil {
		b.o.Changed(ctx, "group "+group, by, "members")
	}
	return err
}

// update writes through: what is in force is what is stored.
func (b *Book) update(ctx context.Context, change func(*rules) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := b.rules.clone()
	if err := change(&next); err != nil {
		return err
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := b.o.Store.PutConfig(ctx, storeKey, raw); err != nil {
		return fmt.Errorf("store flags: %w", err)
	}
	b.rules = next
	b.watchRolling()
	return nil
}

// watchRolling begins to watch what has begun to roll out, and ends it for the rest; b.mu is held.
func (b *Book) watchRolling() {
	for name := range b.features {
		switch rolling := b.rules.Rules[name].State == Rolling; {
		case rolling && b.watches[name] == nil:
			b.watches[name] = &watch{metrics.NewGroup(b.o.Now), metrics.NewGroup(b.o.Now)}
			delete(b.alerts, name)
		case !rolling:
			delete(b.watches, name)
		}
	}
}

// Called counts a finished call of a user for the features that are rolling out.
func (b *Book) Called(u User, outcome string, took time.Duration) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for name, w := range b.watches {
		if evaluate(b.features[name], b.rules.Rules[name], b.rules.Groups, u, b.o.Now()).Treated() {
			w.treated.Called(outcome, took)
		} else {
			w.others.Called(outcome, took)
		}
	}
}

// Judge rolls back what makes calls slower or fail more than promised, unless the calls without it are as bad. It returns
// the features that it has rolled back.
func (b *Book) Judge(ctx context.Context) ([]string, error) {
	b.mu.RLock()
	bad := map[string]string{}
	for name, w := range b.watches {
		if alerts := w.treated.Alerts(); len(alerts) > 0 && len(w.others.Alerts()) == 0 {
			bad[name] = alerts[0]
		}
	}
	b.mu.RUnlock()
	var done []string
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if err := b.Rollback(ctx, name, "", "elderzan", bad[name]); err != nil {
			return done, err
		}
		b.mu.Lock()
		b.alerts[name] = fmt.Sprintf("the rollout of %s was taken back: %s", name, bad[name])
		b.mu.Unlock()
		done = append(done, name)
	}
	return done, nil
}

// Alerts tells of what was rolled back by itself since it was last rolled out.
func (b *Book) Alerts() (out []string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, name := range slices.Sorted(maps.Keys(b.alerts)) {
		out = append(out, b.alerts[name])
	}
	return out
}
