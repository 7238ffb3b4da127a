package metrics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Rounds of sync are few, a dozen an hour, so they are judged over a longer time than calls: one that failed is no alert.
const (
	roundSpan    = 6 * time.Hour
	enoughRounds = 20
)

// shares counts over a span of time how many of some things were bad. Safe for concurrent use.
type shares struct {
	now  func() time.Time
	span time.Duration

	mu    sync.Mutex
	slots [windowSlots]struct {
		at       int64 // number of the slot since 1970
		all, bad int
	}
}

func (s *shares) number() int64 { return s.now().UnixNano() / int64(s.span/windowSlots) }

func (s *shares) add(bad bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.number()
	slot := &s.slots[n%windowSlots]
	if slot.at != n {
		slot.at, slot.all, slot.bad = n, 0, 0
	}
	slot.all++
	if bad {
		slot.bad++
	}
}

func (s *shares) sum() (all, bad int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := s.number() - windowSlots
	for _, slot := range s.slots {
		if slot.at > oldest {
			all, bad = all+slot.all, bad+slot.bad
		}
	}
	return all, bad
}

// How a round of sync ended.
const (
	RoundOK      = "ok"
	RoundOffline = "offline" // the cloud could not be reached
	RoundFailed  = "failed"
)

// Round counts one round of sync; m may be nil.
func (m *Metrics) Round(outcome string) {
	if m == nil {
		return
	}
	m.roundsTotal.WithLabelValues(outcome).Inc()
	m.rounds.add(outcome != RoundOK)
	m.reached.add(outcome == RoundOffline)
}

// What counts as a security incident.
const (
	IncidentDenied = "denied" // a call without the right to it
	IncidentToken  = "token"  // a request over HTTP without a valid token or certificate
)

// Incident counts a security incident.
func (m *Metrics) Incident(kind string) {
	m.incidentsTotal.WithLabelValues(kind).Inc()
	m.incidents.add(true)
}

// Classifier counts what c decides; m may be nil.
func (m *Metrics) Classifier(c memory.Classifier) memory.Classifier {
	if m == nil {
		return c
	}
	return classifier{c, m}
}

type classifier struct {
	inner memory.Classifier
	m     *Metrics
}

func (c classifier) Classify(ctx context.Context, in scope.Input) (scope.Decision, error) {
	began := time.Now()
	d, err := c.inner.Classify(ctx, in)
	if err == nil {
		c.m.classified.WithLabelValues(d.Scope.String(), fmt.Sprint(d.Sensitive)).Inc()
		c.m.classifying.Observe(time.Since(began).Seconds())
	}
	return d, err
}

// State is how far an Objective is met.
type State string

// The states of an Objective.
const (
	Unknown State = "not enough to judge by"
	Met     State = "met"
	Missed  State = "target missed"
	Alarm   State = "alert"
)

// Objective is one of the promises of the service and how it is kept.
type Objective struct {
	Name, Target, Alert string
	Now                 string // "" while State is Unknown
	State               State
	warning             string // of the alert
}

// promise is what an Objective is judged by. The rules for Prometheus state the same figures; a test holds them to these.
type promise struct {
	name                string
	warnRule, alertRule string        // in rules.yml; "" for none
	target, alert       float64       // seconds, a share, or a number
	enough              int           // fewer are too few to judge by; rules over calls judge by any number
	span                time.Duration // that is looked at
}

var (
	answersPromise   = promise{"19 of 20 answers within", "ElderzanSlow", "ElderzanVerySlow", SlowTarget.Seconds(), SlowAlert.Seconds(), EnoughCalls, windowSpan}
	errorsPromise    = promise{"calls that failed inside", "ElderzanSomeErrors", "ElderzanErrors", ErrorsTarget, ErrorsAlert, EnoughCalls, windowSpan}
	roundsPromise    = promise{"rounds of sync that failed", "ElderzanSyncFailsTarget", "ElderzanSyncFails", .01, .05, enoughRounds, roundSpan}
	reachedPromise   = promise{"rounds without the cloud", "ElderzanCloudAwayTarget", "ElderzanCloudAway", .001, .01, enoughRounds, roundSpan}
	fallbackPromise  = promise{"calls answered without the cloud", "ElderzanWithoutCloudTarget", "ElderzanWithoutCloud", .05, .20, EnoughCalls, windowSpan}
	incidentsPromise = promise{"security incidents in five minutes", "", "ElderzanSecurityIncident", 0, 0, 0, windowSpan}

	promises = []promise{answersPromise, errorsPromise, roundsPromise, reachedPromise, fallbackPromise, incidentsPromise}
)

// Objectives returns the promises, always the same ones in the same order.
func (m *Metrics) Objectives() []Objective {
	r := m.window.recent()
	slow := Objective{Name: answersPromise.name, Target: millis(SlowTarget), Alert: millis(SlowAlert), State: Unknown}
	if r.Calls >= EnoughCalls {
		slow.Now, slow.State = "≤ "+r.P95.String(), judge(float64(r.P95), float64(SlowTarget), float64(SlowAlert))
		slow.warning = fmt.Sprintf("answers are slow: one in twenty of the last %d took more than %v (target %v)", r.Calls, SlowAlert, SlowTarget)
	}
	rounds, failed := m.rounds.sum()
	_, offline := m.reached.sum()
	calls, alone := m.fallback.sum()
	_, incidents := m.incidents.sum()
	out := []Objective{
		slow,
		most(errorsPromise, r.Calls, r.Failing, "%.1f %% of the last %d calls failed inside (target %.1f %%); see DIR/engine.log"),
		most(roundsPromise, rounds, failed, "%.1f %% of the last %d rounds of sync failed (target %.1f %%): elderzan sync status"),
		most(reachedPromise, rounds, offline, "the cloud could not be reached in %.1f %% of the last %d rounds of sync (target %.1f %%); changes wait here"),
		most(fallbackPromise, calls, alone, "%.1f %% of the last %d calls were answered without the cloud (target %.1f %%)"),
		{Name: incidentsPromise.name, Target: "0", Alert: "> 0", Now: fmt.Sprint(incidents), State: Met},
	}
	if last := &out[len(out)-1]; incidents > 0 {
		last.State = Alarm
		last.warning = fmt.Sprintf("%d security incidents in the last five minutes, such as calls without the right to them: elderzan audit show", incidents)
	}
	return out
}

func millis(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// most is an objective of at most a share of bad ones among all.
func most(p promise, all, bad int, warning string) Objective {
	o := Objective{Name: p.name, Target: fmt.Sprintf("< %.3g %%", 100*p.target), Alert: fmt.Sprintf("> %.3g %%", 100*p.alert), State: Unknown}
	if all < p.enough {
		return o
	}
	share := float64(bad) / float64(all)
	o.Now, o.State = fmt.Sprintf("%.1f %% of %d", 100*share, all), judge(share, p.target, p.alert)
	o.warning = fmt.Sprintf(warning, 100*share, all, 100*p.target)
	return o
}

func judge(is, target, alert float64) State {
	switch {
	case is > alert:
		return Alarm
	case is > target:
		return Missed
	}
	return Met
}

// Alerts says, in words, what of the last minutes is not as promised; none when too few calls were made to judge.
func (m *Metrics) Alerts() (out []string) {
	for _, o := range m.Objectives() {
		if o.State == Alarm {
			out = append(out, o.warning)
		}
	}
	return out
}
