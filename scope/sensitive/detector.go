// Package sensitive finds what must not leave the machine: passwords, tokens and keys, personal, financial and health
// data. It is the union of layers, each a package of its own below this one, over the text as written and over its
// normalised and decoded views. Findings say where and what, and never repeat the secret.
//
// COVERAGE.md says what is found, what is not, and how well that was measured.
package sensitive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive/entropy"
	"github.com/elderzan/elderzan/scope/sensitive/gitleaks"
	"github.com/elderzan/elderzan/scope/sensitive/likely"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/matters"
	"github.com/elderzan/elderzan/scope/sensitive/normalize"
	"github.com/elderzan/elderzan/scope/sensitive/personal"
	"github.com/elderzan/elderzan/scope/sensitive/saying"
	"github.com/elderzan/elderzan/scope/sensitive/tokens"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// ErrFault reports that a rule of the detector broke on a text. Nothing is known about the text then.
var ErrFault = errors.New("sensitive: a rule broke on this text")

// Options tune a Detector. The zero value works.
type Options struct {
	MinConfidence float64 // findings below it are dropped, in [0, 1]; 0 means 0.5

	Policy func(in scope.Input) *scope.Policy // rules of the project that a text was written in; nil, or a nil result, means none
}

// Detector is a scope.SensitiveDetector. It loads its rules on first use and is safe for concurrent use.
type Detector struct {
	options  Options
	layers   []layer
	rules    gitleaks.Scanner
	lexicons sync.Map // *scope.Policy → *saying.Lexicon
}

var _ scope.SensitiveDetector = (*Detector)(nil)

// New returns a Detector. It costs nothing: the rules load on the first call of Detect.
func New(o Options) *Detector {
	if o.MinConfidence == 0 {
		o.MinConfidence = 0.5
	}
	return &Detector{options: o, layers: []layer{tokens.Look, said(saying.Look), guessed(entropy.Look), outside(personal.Look), whatever(matters.Scan), guessed(whatever(likely.Scan))}}
}

// layer finds in a text what is of its kind, knowing what the text is made of.
type layer func(text string, made makeup.Makeup) []match.Match

// whatever is the layer of a scan that does not ask what a text is made of.
func whatever(scan func(text string) []match.Match) layer {
	return func(text string, _ makeup.Makeup) []match.Match { return scan(text) }
}

// guessed is look without what anyone may see: a layer that goes by looks and words takes the name of a resource for a secret.
// What a vendor's format or a person's data gives away needs no such judgement.
func guessed(look layer) layer {
	return func(text string, made makeup.Makeup) []match.Match {
		return unless(text, look(text, made), func(m match.Match) bool { return value.Public(text, m.Start, m.End) })
	}
}

// unless is ms without those that are something else. Where so many would have to be judged that no text holds them that was not made
// for the purpose, the text counts as sensitive.
func unless(text string, ms []match.Match, other func(m match.Match) bool) []match.Match {
	dense := false
	if most := 2*match.Enough + len(text)/128; len(ms) > most {
		ms, dense = ms[:most], true
	}
	ms = slices.DeleteFunc(ms, func(m match.Match) bool { return m.Rule != match.Dense && other(m) })
	if dense {
		ms = append(ms, match.TooDense(len(text)))
	}
	return ms
}

// outside is look without numbers that lie within a digest, whose letters look like the names of some and whose digits like them all, and
// without the checksums of files, which are as long as some keys.
func outside(look layer) layer {
	return func(text string, made makeup.Makeup) []match.Match {
		return slices.DeleteFunc(look(text, made), func(m match.Match) bool {
			return strings.HasSuffix(m.Rule, "-number") && value.InDigest(text, m.Start, m.End) || m.Kind == match.Key && value.Checksum(text, m.Start, m.End)
		})
	}
}

// said is guessed for the grammar of saying secrets. What it finds by a word's looks alone it is little sure of, and gives up where
// the word's place says otherwise.
func said(look layer) layer {
	const little = 0.65
	return func(text string, made makeup.Makeup) []match.Match {
		return unless(text, guessed(look)(text, made), func(m match.Match) bool {
			return m.Confidence <= little && value.Otherwise(text, m.Start, m.End) >= value.Strong
		})
	}
}

// Load loads the rules that a first Detect would load otherwise: some 80 ms of processor time. A server calls it in the
// background after it has answered its first client. It may be called at any time, and more than once.
func (d *Detector) Load(ctx context.Context) error {
	_, err := d.Detect(ctx, scope.Input{Content: "load: token = a1b2c3d4e5f6g7h8i9 パスワード +1 202-555-0100"})
	return err
}

// Detect returns what is sensitive in any part of in, in the order content, title, tags, metadata by key, then by offset.
// It returns ctx's error when ctx ends first.
func (d *Detector) Detect(ctx context.Context, in scope.Input) ([]scope.Finding, error) {
	var policy *scope.Policy
	if d.options.Policy != nil {
		policy = d.options.Policy(in)
	}
	var out []scope.Finding
	for _, f := range fields(in) {
		found, err := d.text(ctx, f.field, f.text, policy)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

type field struct {
	field scope.Field
	text  string
}

// fields lists the parts of an input. A metadata value is scanned with its key before it, so that {"password": "x"}
// reads like an assignment.
func fields(in scope.Input) []field {
	out := []field{{scope.FieldContent, in.Content}, {scope.FieldTitle, in.Title}}
	for _, t := range in.Tags {
		out = append(out, field{scope.FieldTag, t})
	}
	keys := make([]string, 0, len(in.Metadata))
	for k := range in.Metadata {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		out = append(out, field{scope.FieldMetadata + "." + scope.Field(k), metadataText(k, in.Metadata[k])})
	}
	return out
}

// metadataText writes one metadata entry as the detectors read it. Offsets of findings in metadata point into this text:
// the key as JSON, ": " and the value as JSON.
func metadataText(key string, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		b = fmt.Append(nil, v)
	}
	return strconv.Quote(key) + ": " + string(b)
}

func (d *Detector) text(ctx context.Context, f scope.Field, text string, policy *scope.Policy) ([]scope.Finding, error) {
	if len(text) < 3 {
		return nil, ctx.Err()
	}
	var found []match.Match
	for i, v := range normalize.Views(text) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i > 0 && len(found) >= match.Enough {
			break
		}
		enough := 2 * match.Enough
		if i > 0 { // all that is found in an encoded piece is told of as the piece
			enough = match.Enough / 8
		}
		ms, err := d.view(ctx, v.Text, v.Made, enough)
		if err != nil {
			return nil, err
		}
		ms = d.own(v.Text, policy, ms)
		for _, m := range ms {
			m.Start, m.End = v.Original(m.Start, m.End)
			if i > 0 {
				m.Confidence *= 0.95
			}
			found = append(found, m)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return d.findings(f, text, match.Merge(found), policy), nil
}

// own adds what the project's own words and patterns find.
func (d *Detector) own(text string, policy *scope.Policy, ms []match.Match) []match.Match {
	if policy == nil {
		return ms
	}
	policy.EachMatch(text, func(rule, kind string, start, end int) {
		ms = append(ms, match.Match{Rule: rule, Kind: kind, Start: start, End: end, Confidence: 0.95})
	})
	if len(policy.Cues()) == 0 {
		return ms
	}
	lexicon, ok := d.lexicons.Load(policy)
	if !ok {
		lexicon, _ = d.lexicons.LoadOrStore(policy, saying.NewLexicon(policy.Cues()))
	}
	return append(ms, lexicon.(*saying.Lexicon).Scan(text)...)
}

// view runs the layers over one view until they have found enough. A layer that panics is a defect, but must neither end the process nor let the
// text pass: it becomes an error, which names the fault and not the text.
func (d *Detector) view(ctx context.Context, text string, made makeup.Makeup, enough int) (ms []match.Match, err error) {
	defer func() {
		if p := recover(); p != nil {
			ms, err = nil, fmt.Errorf("%w: %T", ErrFault, p)
		}
	}()
	for _, look := range d.layers {
		if ms = append(ms, look(text, made)...); len(ms) >= enough {
			return ms, ctx.Err()
		}
	}
	more, err := d.rules.Look(ctx, text, made)
	return append(ms, more...), err
}

func (d *Detector) findings(f scope.Field, text string, ms []match.Match, policy *scope.Policy) []scope.Finding {
	var out []scope.Finding
	for _, m := range ms {
		if m.Confidence < d.options.MinConfidence || m.Start < 0 || m.End > len(text) || m.Start >= m.End || policy.Allowed(text[m.Start:m.End]) {
			continue
		}
		out = append(out, scope.Finding{Rule: m.Rule, Kind: m.Kind, Field: f, Start: m.Start, End: m.End,
			Confidence: m.Confidence, Preview: match.Preview(m.Kind, text[m.Start:m.End])})
	}
	return out
}
