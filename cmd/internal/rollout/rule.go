package rollout

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Feature is something that can be rolled out. Those that exist are known when the program is built.
type Feature struct {
	Name    string `json:"name"`
	Default bool   `json:"default"` // without a rule
	Help    string `json:"help"`
}

// State is what a rule says.
type State string

// The states of a feature.
const (
	ByDefault State = "default"
	On        State = "on"
	Off       State = "off" // the kill switch
	Rolling   State = "rollout"
)

// Step sets the share of all users from a time on.
type Step struct {
	At      time.Time `json:"at"`
	Percent float64   `json:"percent"`
}

// Rule says for whom a feature is on. The zero value leaves it to its default.
type Rule struct {
	State  State    `json:"state"`
	Groups []string `json:"groups,omitempty"` // have it whatever the share
	Steps  []Step   `json:"steps,omitempty"`  // in order of time
}

// Percent is the share of all users at a time.
func (r *Rule) Percent(at time.Time) float64 {
	p := 0.0
	for _, s := range r.Steps {
		if !s.At.After(at) {
			p = s.Percent
		}
	}
	return p
}

// check refuses what makes no sense.
func (r *Rule) check(groups map[string][]string) error {
	switch r.State {
	case ByDefault, On, Off:
		if len(r.Groups)+len(r.Steps) > 0 {
			return fmt.Errorf("%s is for all: groups and shares belong to a rollout", r.State)
		}
		return nil
	case Rolling:
	default:
		return fmt.Errorf("unknown state %q", r.State)
	}
	for _, g := range r.Groups {
		if _, ok := groups[g]; !ok {
			return fmt.Errorf("no group is called %q", g)
		}
	}
	for i, s := range r.Steps {
		if !(s.Percent >= 0 && s.Percent <= 100) {
			return fmt.Errorf("%g is no share: give a number from 0 to 100", s.Percent)
		}
		if i > 0 && s.At.Before(r.Steps[i-1].At) {
			return fmt.Errorf("step %d comes before the one ahead of it", i+1)
		}
	}
	if len(r.Groups)+len(r.Steps) == 0 {
		return fmt.Errorf("a rollout needs a share or a group")
	}
	return nil
}

// User is whose evaluation it is. Members of groups are named by Name, or by "@" and Client.
type User struct {
	Name   string
	Client string
}

// Why is the reason of an evaluation, in OpenFeature's words.
type Why string

// The reasons.
const (
	WhyDefault  Why = "DEFAULT"
	WhyStatic   Why = "STATIC"
	WhyDisabled Why = "DISABLED"
	WhyGroup    Why = "TARGETING_MATCH"
	WhySplit    Why = "SPLIT"
)

// Evaluation is the answer for one user.
type Evaluation struct {
	Feature string    `json:"feature"`
	User    string    `json:"user"`
	On      bool      `json:"on"`
	Why     Why       `json:"reason"`
	Group   string    `json:"group,omitempty"`  // with WhyGroup
	Bucket  float64   `json:"bucket,omitempty"` // in [0, 100), with WhySplit
	Percent float64   `json:"percent,omitempty"`
	At      time.Time `json:"at"`
}

// Treated reports whether the user has the feature because of its rollout.
func (e Evaluation) Treated() bool { return e.On && (e.Why == WhyGroup || e.Why == WhySplit) }

// evaluate depends on its arguments alone.
func evaluate(f Feature, r Rule, groups map[string][]string, u User, at time.Time) Evaluation {
	e := Evaluation{Feature: f.Name, User: u.Name, At: at}
	switch r.State {
	case On:
		e.On, e.Why = true, WhyStatic
	case Off:
		e.Why = WhyDisabled
	case Rolling:
		for _, g := range r.Groups {
			if slices.Contains(groups[g], u.Name) || u.Client != "" && slices.Contains(groups[g], "@"+u.Client) {
				e.On, e.Why, e.Group = true, WhyGroup, g
				return e
			}
		}
		e.Why, e.Bucket, e.Percent = WhySplit, Bucket(f.Name, u.Name), r.Percent(at)
		e.On = e.Bucket < e.Percent
	default:
		e.On, e.Why = f.Default, WhyDefault
	}
	return e
}

// Bucket places a user in [0, 100) for a feature, in hundredths: the same for ever and on every machine.
func Bucket(feature, user string) float64 {
	sum := sha256.Sum256([]byte(feature + "\x00" + user))
	return float64(binary.BigEndian.Uint64(sum[:8])%10000) / 100
}

// Describe puts a rule into words.
func (r *Rule) Describe(at time.Time) string {
	if r.State != Rolling {
		return string(r.State)
	}
	out := fmt.Sprintf("%g %% of users", r.Percent(at))
	if len(r.Groups) > 0 {
		out += " and " + strings.Join(r.Groups, ", ")
	}
	for _, s := range r.Steps {
		if s.At.After(at) {
			out += fmt.Sprintf("; %g %% from %s", s.Percent, s.At.Local().Format("2006-01-02 15:04"))
		}
	}
	return out
}

// Canary are the steps of a canary rollout: 10, 50 and 100 %, each after a time.
func Canary(from time.Time, every time.Duration) []Step {
	return []Step{{from, 10}, {from.Add(every), 50}, {from.Add(2 * every), 100}}
}
