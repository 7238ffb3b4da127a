package scope

import (
	"context"
	"fmt"
)

// Options tune a Classifier. The zero value is safe rather than useful: without a detector nothing can be said to be
// free of secrets, so every text is PRIVATE.
type Options struct {
	Sensitive SensitiveDetector // finds secrets and personal data; nil makes every text PRIVATE
	Project   Guesser           // names the project context; nil means that only Input.Project speaks for one
	Knowledge Guesser           // names the knowledge type; nil means that nothing is ever GLOBAL

	Default   Scope   // for texts that are not sensitive and of which nothing else is sure; 0 means PROJECT
	Threshold float64 // findings at least this sure make a text PRIVATE, in (0, 1]; 0 means 0.5
	Global    float64 // generality from which a text becomes GLOBAL without asking, in (0, 1]; 0 means 0.55, above 1 means never

	Raiser Raiser // a model learnt from corrections; nil means none

	Policy func(in Input) *Policy // rules of the project that a text was written in; nil, or a nil result, means none
}

// Classifier joins detectors into a Decision. It is immutable and safe for concurrent use if its parts are.
type Classifier struct{ o Options }

// NewClassifier returns a Classifier. It costs nothing; the parts load on first use.
func NewClassifier(o Options) *Classifier {
	if !o.Default.Valid() {
		o.Default = Project
	}
	if o.Threshold <= 0 {
		o.Threshold = 0.5
	}
	if o.Global <= 0 {
		o.Global = 0.55
	}
	return &Classifier{o: o}
}

// Classify decides where in belongs. What might be sensitive is PRIVATE, whatever else speaks; the rest stays in its
// PROJECT unless it is general knowledge beyond doubt, which is GLOBAL. What a team could use, and what is probably
// general, stays in the PROJECT with a suggestion. It returns an error only if a detector does, or if ctx ended: then
// nothing is known about the text, and the caller must not store it in a cloud scope. The caller owns the result.
func (c *Classifier) Classify(ctx context.Context, in Input) (Decision, error) {
	if err := ctx.Err(); err != nil {
		return Decision{}, err
	}
	var d Decision
	if c.o.Sensitive == nil {
		return Decision{Scope: Private, Confidence: 0.5, Reasons: []string{"no detector of sensitive data is configured, so the text counts as sensitive"}}, nil
	}
	findings, err := c.o.Sensitive.Detect(ctx, in)
	if err != nil {
		return Decision{}, fmt.Errorf("detect sensitive data: %w", err)
	}
	d.Findings = findings
	if c.o.Knowledge != nil {
		d.Knowledge = c.o.Knowledge.Guess(in)
	}
	if c.o.Project != nil {
		d.Project = c.o.Project.Guess(in)
	} else if in.Project != "" {
		d.Project = Guess{Name: in.Project, Confidence: 0.5, Signals: []string{"it was written in this project"}}
	}
	if c.private(&d) {
		return d, nil
	}
	if c.raised(&d, in) {
		return d, nil
	}
	c.place(&d, in)
	return d, nil
}

// private makes d PRIVATE if a finding asks for it.
func (c *Classifier) private(d *Decision) bool {
	innocent := 1.0
	kinds := make(map[string]int)
	var order []string
	for _, f := range d.Findings {
		if f.Confidence < c.o.Threshold {
			continue
		}
		innocent *= 1 - f.Confidence
		if kinds[f.Kind]++; kinds[f.Kind] == 1 {
			order = append(order, f.Kind)
		}
	}
	if len(order) == 0 {
		return false
	}
	d.Scope, d.Sensitive = Private, true
	d.Confidence = calibrate(1-innocent, privateCurve)
	for _, k := range order {
		d.Reasons = append(d.Reasons, fmt.Sprintf("%s holds what looks like %s", places(d.Findings, k, c.o.Threshold), article(k)))
	}
	return true
}

// learnedRule is the rule of a finding that a model learnt from corrections made.
const learnedRule = "learned-from-corrections"

// raised makes d PRIVATE if what was learnt from corrections asks for it.
func (c *Classifier) raised(d *Decision, in Input) bool {
	if c.o.Raiser == nil {
		return false
	}
	raise, confidence, reason := c.o.Raiser.Raise(in, *d)
	if !raise {
		return false
	}
	Raise(d, len(in.Content), confidence, reason)
	return true
}

// Raise makes d PRIVATE because what was learnt from corrections asks for it, as sure as confidence and for the reason, of a text of
// so many bytes.
func Raise(d *Decision, bytes int, confidence float64, reason string) {
	d.Scope, d.Sensitive, d.Confidence = Private, true, calibrate(confidence, privateCurve)
	d.Findings = append(d.Findings, Finding{Rule: learnedRule, Kind: "personal", Field: FieldContent, End: bytes, Confidence: confidence, Preview: "[the whole text]"})
	d.Reasons = append(d.Reasons, reason)
}

// place decides about a text that is not sensitive.
func (c *Classifier) place(d *Decision, in Input) {
	s := readSigns(in)
	g := s.generality(d.Knowledge, d.Project)
	fallback := c.o.Default
	if p := c.policy(in); p != nil && p.Default().Valid() {
		fallback = p.Default()
	}
	switch {
	case g >= c.o.Global:
		d.Scope = Global
		d.Confidence = calibrate(g, globalCurve)
		d.Reasons = append(d.Reasons, "it reads as general knowledge ("+d.Knowledge.Name+") without a sign of a person or a project")
	default:
		d.Scope = fallback
		d.Confidence = calibrate(d.Project.Confidence, projectCurve)
		switch {
		case d.Project.Confidence >= 0.5:
			d.Reasons = append(d.Reasons, "it is about a project")
		case s.person >= 0.5:
			d.Reasons = append(d.Reasons, "it is about a person's work, without sensitive data")
		default:
			d.Reasons = append(d.Reasons, "nothing says that it is sensitive or of use elsewhere, so it gets the default scope")
		}
		if s.team >= 0.5 && !fallback.Cloud() {
			d.Suggest = Shared
			d.Reasons = append(d.Reasons, "it speaks to a team, which could share it")
		} else if g >= c.o.Global*0.6 && !fallback.Cloud() {
			d.Suggest = Global
			d.Confidence = min(d.Confidence, doubtful)
			d.Reasons = append(d.Reasons, "it may be general knowledge of use to other projects")
		}
	}
	d.Reasons = append(d.Reasons, d.Project.Signals...)
	d.Reasons = append(d.Reasons, d.Knowledge.Signals...)
}

func (c *Classifier) policy(in Input) *Policy {
	if c.o.Policy == nil {
		return nil
	}
	return c.o.Policy(in)
}

// places names the fields that findings of a kind lie in.
func places(fs []Finding, kind string, threshold float64) string {
	out := ""
	seen := make(map[Field]bool)
	for _, f := range fs {
		if f.Kind != kind || f.Confidence < threshold || seen[f.Field] {
			continue
		}
		seen[f.Field] = true
		if out != "" {
			out += " and "
		}
		out += "the " + string(f.Field)
	}
	return out
}

// article writes a kind with its article.
func article(kind string) string {
	switch kind {
	case "personal", "financial", "health":
		return kind + " data"
	}
	return "a " + kind
}

// A curve maps raw confidence to the share of right decisions, at 0, 0.25, 0.5, 0.75 and 1. The values were fitted on
// labelled texts and lowered where the rules had seen those texts before: they are a cautious estimate for new ones.
type curve [5]float64

var (
	privateCurve = curve{0.5, 0.5, 0.7, 0.9, 0.995}
	globalCurve  = curve{0.5, 0.5, 0.7, 0.9, 0.98}
	projectCurve = curve{0.84, 0.88, 0.93, 0.96, 0.97} // without any sign the default scope is right that often
)

// doubtful is the confidence of a decision that comes with a suggestion of GLOBAL.
const doubtful = 0.75

func calibrate(raw float64, c curve) float64 {
	x := min(1, max(0, raw)) * 4
	i := min(3, int(x))
	f := x - float64(i)
	return c[i]*(1-f) + c[i+1]*f
}
