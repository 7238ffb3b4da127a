package scope_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
)

// stub is a detector and guesser that answers what a test tells it to.
type stub struct {
	findings []scope.Finding
	err      error
	guess    scope.Guess
}

func (s stub) Detect(context.Context, scope.Input) ([]scope.Finding, error) { return s.findings, s.err }
func (s stub) Guess(scope.Input) scope.Guess                                { return s.guess }

func classify(t *testing.T, o scope.Options, in scope.Input) scope.Decision {
	t.Helper()
	d, err := scope.NewClassifier(o).Classify(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Scope.Valid() || d.Confidence <= 0 || d.Confidence > 1 || len(d.Reasons) == 0 {
		t.Fatalf("decision %+v", d)
	}
	return d
}

func TestRulesOfDecision(t *testing.T) {
	finding := func(kind string, conf float64, f scope.Field) scope.Finding {
		return scope.Finding{Rule: "r-" + kind, Kind: kind, Field: f, Start: 0, End: 1, Confidence: conf}
	}
	practice := stub{guess: scope.Guess{Name: "best-practice", Confidence: 0.95}}
	unsure := stub{guess: scope.Guess{Name: "best-practice", Confidence: 0.5}}
	project := stub{guess: scope.Guess{Name: "apollo", Confidence: 0.9}}
	for name, tc := range map[string]struct {
		o    scope.Options
		text string
		want scope.Scope
		hint scope.Scope
	}{
		"no detector":                    {scope.Options{Knowledge: practice}, "Prefer small functions.", scope.Private, 0},
		"a finding":                      {scope.Options{Sensitive: stub{findings: []scope.Finding{finding("credential", 0.9, scope.FieldContent)}}, Knowledge: practice}, "x", scope.Private, 0},
		"a finding below the threshold":  {scope.Options{Sensitive: stub{findings: []scope.Finding{finding("credential", 0.4, scope.FieldContent)}}}, "x", scope.Project, 0},
		"a lower threshold":              {scope.Options{Sensitive: stub{findings: []scope.Finding{finding("credential", 0.4, scope.FieldContent)}}, Threshold: 0.3}, "x", scope.Private, 0},
		"general knowledge":              {scope.Options{Sensitive: stub{}, Knowledge: practice}, "Prefer small functions.", scope.Global, 0},
		"general knowledge, in doubt":    {scope.Options{Sensitive: stub{}, Knowledge: unsure}, "Prefer small functions.", scope.Project, scope.Global},
		"general, but of a person":       {scope.Options{Sensitive: stub{}, Knowledge: practice}, "I prefer my own small functions.", scope.Project, 0},
		"general, but of a project":      {scope.Options{Sensitive: stub{}, Knowledge: practice, Project: project}, "Prefer small functions.", scope.Project, 0},
		"never global":                   {scope.Options{Sensitive: stub{}, Knowledge: practice, Global: 2}, "Prefer small functions.", scope.Project, 0},
		"for a team":                     {scope.Options{Sensitive: stub{}}, "The whole team meets at ten, everyone comes.", scope.Project, scope.Shared},
		"nothing known":                  {scope.Options{Sensitive: stub{}}, "ok", scope.Project, 0},
		"another default":                {scope.Options{Sensitive: stub{}, Default: scope.Shared}, "The whole team meets at ten.", scope.Shared, 0},
		"default private":                {scope.Options{Sensitive: stub{}, Default: scope.Private}, "ok", scope.Private, 0},
		"a finding beats a wide default": {scope.Options{Sensitive: stub{findings: []scope.Finding{finding("key", 0.9, scope.FieldTag)}}, Default: scope.Global}, "ok", scope.Private, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := classify(t, tc.o, scope.Input{Content: tc.text})
			if d.Scope != tc.want || d.Suggest != tc.hint {
				t.Errorf("%s with suggestion %s, want %s with %s (%v)", d.Scope, d.Suggest, tc.want, tc.hint, d.Reasons)
			}
			if d.Sensitive != (d.Scope == scope.Private && len(d.Findings) > 0) {
				t.Errorf("sensitive is %v", d.Sensitive)
			}
		})
	}
}

func TestReasonsSayWhereAndWhatButNotTheText(t *testing.T) {
	found := []scope.Finding{
		{Rule: "a", Kind: "credential", Field: scope.FieldTitle, Confidence: 0.9}, {Rule: "b", Kind: "credential", Field: scope.FieldContent, Confidence: 0.8},
		{Rule: "b", Kind: "credential", Field: scope.FieldContent, Confidence: 0.8}, {Rule: "c", Kind: "health", Field: scope.FieldContent, Confidence: 0.9}, {Rule: "d", Kind: "key", Field: scope.FieldTag, Confidence: 0.1},
	}
	d := classify(t, scope.Options{Sensitive: stub{findings: found}}, scope.Input{Content: "hunter2"})
	want := []string{"the title and the content holds what looks like a credential", "the content holds what looks like health data"}
	if !slices.Equal(d.Reasons, want) {
		t.Errorf("got %q, want %q", d.Reasons, want)
	}
	if strings.Contains(strings.Join(d.Reasons, " "), "hunter2") {
		t.Error("a reason repeats the text")
	}
}

func TestMoreEvidenceMeansMoreConfidence(t *testing.T) {
	one := []scope.Finding{{Rule: "a", Kind: "credential", Field: scope.FieldContent, Confidence: 0.6}}
	two := append(slices.Clone(one), scope.Finding{Rule: "b", Kind: "personal", Field: scope.FieldContent, Confidence: 0.6})
	a := classify(t, scope.Options{Sensitive: stub{findings: one}}, scope.Input{Content: "x"})
	b := classify(t, scope.Options{Sensitive: stub{findings: two}}, scope.Input{Content: "x"})
	if b.Confidence <= a.Confidence {
		t.Errorf("%.2f with one finding, %.2f with two", a.Confidence, b.Confidence)
	}
}

func TestProjectIsTakenFromTheInputWithoutAGuesser(t *testing.T) {
	if d := classify(t, scope.Options{Sensitive: stub{}}, scope.Input{Content: "ok", Project: "apollo"}); d.Project.Name != "apollo" {
		t.Errorf("got %+v", d.Project)
	}
}

func TestErrorsAreHandedOn(t *testing.T) {
	fault := errors.New("broken")
	if _, err := scope.NewClassifier(scope.Options{Sensitive: stub{err: fault}}).Classify(t.Context(), scope.Input{Content: "x"}); !errors.Is(err, fault) {
		t.Errorf("%v, want the detector's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scope.NewClassifier(scope.Options{Sensitive: stub{}}).Classify(ctx, scope.Input{Content: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

func TestPolicyDefault(t *testing.T) {
	p, err := scope.NewPolicy(scope.PolicyOptions{Default: scope.Shared})
	if err != nil {
		t.Fatal(err)
	}
	o := scope.Options{Sensitive: stub{}, Policy: func(in scope.Input) *scope.Policy {
		if in.Project == "apollo" {
			return p
		}
		return nil
	}}
	if d := classify(t, o, scope.Input{Content: "ok", Project: "apollo"}); d.Scope != scope.Shared {
		t.Errorf("%s, want the project's default", d.Scope)
	}
	if d := classify(t, o, scope.Input{Content: "ok", Project: "gemini"}); d.Scope != scope.Project {
		t.Errorf("%s, want PROJECT", d.Scope)
	}
}

func TestPolicyIsChecked(t *testing.T) {
	key := []byte("0123456789abcdef")
	for name, o := range map[string]scope.PolicyOptions{
		"pattern without a name":   {Patterns: []scope.PolicyRule{{Pattern: "x"}}},
		"pattern that is too long": {Patterns: []scope.PolicyRule{{Name: "n", Pattern: strings.Repeat("x", 2000)}}},
		"broken pattern":           {Patterns: []scope.PolicyRule{{Name: "n", Pattern: "("}}},
		"pattern of nothing":       {Patterns: []scope.PolicyRule{{Name: "n", Pattern: "x*"}}},
		"unknown default":          {Default: 9},
		"allow-list without key":   {Allow: []string{scope.AllowDigest(key, "x")}},
		"broken digest":            {Allow: []string{"xyz"}, AllowKey: key},
		"short digest":             {Allow: []string{"abcd"}, AllowKey: key},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := scope.NewPolicy(o); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestPolicyMatches(t *testing.T) {
	key := []byte("0123456789abcdef")
	p, err := scope.NewPolicy(scope.PolicyOptions{Cues: []string{"launch phrase"}, Patterns: []scope.PolicyRule{{Name: "badge", Pattern: `BADGE-\d+`}, {Name: "desk", Kind: "personal", Pattern: `desk \d+`}},
		Allow: []string{strings.ToUpper(scope.AllowDigest(key, "ok"))}, AllowKey: key})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	p.EachMatch("BADGE-12 at desk 7", func(rule, kind string, start, end int) { got = append(got, rule+"/"+kind) })
	if !slices.Equal(got, []string{"badge/credential", "desk/personal"}) {
		t.Errorf("got %v", got)
	}
	if !p.Allowed("ok") || p.Allowed("no") || !slices.Equal(p.Cues(), []string{"launch phrase"}) {
		t.Error("the policy disagrees with its options")
	}
	var none *scope.Policy
	none.EachMatch("BADGE-12", func(string, string, int, int) { t.Error("a nil policy matched") })
	if none.Allowed("ok") || none.Cues() != nil || none.Default() != 0 {
		t.Error("a nil policy has rules")
	}
}

// raiser is a model that calls every text sensitive, or none, and counts what it is asked.
type raiser struct {
	raise bool
	asked *int
}

func (r raiser) Raise(scope.Input, scope.Decision) (bool, float64, string) {
	*r.asked++
	return r.raise, 0.8, "corrections of such texts were made before"
}

// TestRaiser: what was learnt makes a text PRIVATE that no detector minds, says why, and can lower nothing.
func TestRaiser(t *testing.T) {
	credential := stub{findings: []scope.Finding{{Rule: "r", Kind: "credential", Field: scope.FieldContent, End: 1, Confidence: 0.9}}}
	for name, tc := range map[string]struct {
		detector stub
		raise    bool
		asked    int
		want     scope.Scope
	}{
		"it speaks":                  {stub{}, true, 1, scope.Private},
		"it is silent":               {stub{}, false, 1, scope.Project},
		"a detector has spoken":      {credential, false, 0, scope.Private},
		"a detector has spoken, too": {credential, true, 0, scope.Private},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			d := classify(t, scope.Options{Sensitive: tc.detector, Raiser: raiser{tc.raise, &asked}}, scope.Input{Content: "a text of ours"})
			if asked != tc.asked || d.Scope != tc.want || d.Sensitive != (tc.want == scope.Private) {
				t.Errorf("asked %d times, decided %+v", asked, d)
			}
			if raised := slices.Contains(d.Rules(), "learned-from-corrections"); raised != (tc.raise && tc.asked == 1) || raised != slices.Contains(d.Reasons, "corrections of such texts were made before") {
				t.Errorf("rules %v, reasons %q", d.Rules(), d.Reasons)
			}
		})
	}
}
