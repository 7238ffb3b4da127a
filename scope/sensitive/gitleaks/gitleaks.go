// Package gitleaks runs the rules of gitleaks over a text, as a library. It cuts the text into windows around the rules'
// keywords first, so that prose costs next to nothing and a hostile text has a bounded cost.
package gitleaks

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/rs/zerolog"
	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/logging"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// The window around a keyword, in bytes, and the cost a scan may have in bytes times rules.
const (
	before    = 160
	after     = 480
	longest   = 8 << 10 // a window grows to the end of its last word, at most to this
	widest    = 2 << 10 // a merged window is closed at this length and the next begins
	maxEffort = 1 << 17

	shortValue = 8 // a word that could be a secret is at least so long if it holds a digit
	longValue  = 20
	enough     = 24 // findings after which the rest of a text is not scanned: each costs some 100 µs
)

// generic is the one rule that is left out: it asks for any identifier with "key", "token" or the like and any value, runs on
// most texts, and costs more than all others together. The layers saying and entropy do its work with more context.
const generic = "generic-api-key"

// Scanner holds the rules but for generic. The zero value is ready: the rules load on first use (about 60 ms). Safe for concurrent use.
type Scanner struct {
	once     sync.Once
	err      error
	detector *detect.Detector
	words    *keyword.Set
	rules    [][]matcher // word → patterns of the rules that it wakes
	always   []matcher   // patterns of the rules that need no word
}

// matcher is the pattern of a rule.
type matcher interface{ MatchString(text string) bool }

// Scan returns what the rules find in text. It stops early, without an error, when ctx ends: the caller checks ctx.
func (s *Scanner) Scan(ctx context.Context, text string) ([]match.Match, error) {
	return s.Look(ctx, text, makeup.Of(text))
}

// Look is Scan of a text of which it is known what it is made of.
func (s *Scanner) Look(ctx context.Context, text string, made makeup.Makeup) ([]match.Match, error) {
	s.once.Do(func() { s.err = s.load(config.DefaultConfig) })
	if s.err != nil {
		return nil, s.err
	}
	if made.Longest < longValue && (made.Longest < shortValue || made.Digits == 0) { // no word that valueEnds would list
		return nil, nil
	}
	windows, dense := s.windows(text)
	var out []match.Match
	for _, w := range windows {
		if ctx.Err() != nil || len(out) >= enough {
			return out, nil
		}
		out = append(out, s.window(ctx, text, w)...)
	}
	if dense {
		out = append(out, match.TooDense(len(text)))
	}
	return out, nil
}

func (s *Scanner) load(rules string) error {
	logging.Logger = zerolog.Nop() // gitleaks would log matched text
	v := viper.New()
	v.SetConfigType("toml")
	if err := v.ReadConfig(strings.NewReader(rules)); err != nil {
		return fmt.Errorf("read gitleaks rules: %w", err)
	}
	var raw config.ViperConfig
	if err := v.Unmarshal(&raw); err != nil {
		return fmt.Errorf("decode gitleaks rules: %w", err)
	}
	cfg, err := raw.Translate()
	if err != nil {
		return fmt.Errorf("compile gitleaks rules: %w", err)
	}
	delete(cfg.Rules, generic)
	woken := make(map[string][]matcher)
	for id, r := range cfg.Rules {
		if r.Path != nil && r.Regex != nil {
			r.Path = nil // a memory has no file name; the content still counts
			cfg.Rules[id] = r
		}
		if r.Regex == nil { // it is about names of files
			continue
		}
		for _, k := range r.Keywords {
			woken[strings.ToLower(k)] = append(woken[strings.ToLower(k)], r.Regex)
		}
		if len(r.Keywords) == 0 {
			s.always = append(s.always, r.Regex)
		}
	}
	words := make([]string, 0, len(woken))
	for w := range woken {
		words = append(words, w)
	}
	sort.Strings(words)
	for _, w := range words {
		s.rules = append(s.rules, woken[w])
	}
	s.words = keyword.New(words)
	s.detector = detect.NewDetector(cfg)
	s.detector.IgnoreGitleaksAllow = true // a comment in a text must not switch detection off
	return nil
}

type window struct{ start, end int }

// windows returns the parts of text worth scanning and whether there are too many of them.
func (s *Scanner) windows(text string) ([]window, bool) {
	var out []window
	effort, dense := 0, false
	woken, fresh := 0, map[int]bool{}
	values := valueEnds(text)
	next := 0
	s.words.Each(text, func(h keyword.Hit) bool {
		// The nearest value at or after the window's start; values are in order, and so are hits.
		for next < len(values) && values[next] < h.Start-before {
			next++
		}
		if next == len(values) {
			return false
		}
		if values[next] > h.End+after {
			return true
		}
		w := grow(text, h)
		if n := len(out); n > 0 && w.start <= out[n-1].end && w.end-out[n-1].start <= widest {
			if !fresh[h.Word] {
				fresh[h.Word] = true
				woken += len(s.rules[h.Word])
			}
			effort += max(0, w.end-out[n-1].end) * woken
			out[n-1].end = max(out[n-1].end, w.end)
		} else {
			clear(fresh)
			fresh[h.Word] = true
			woken = len(s.rules[h.Word])
			effort += (w.end - w.start) * woken
			out = append(out, w)
		}
		if effort > maxEffort {
			dense = true
			return false
		}
		return true
	})
	return out, dense
}

// grow makes a window about a hit and widens it to whole words; a private key runs to its end marker.
func grow(text string, h keyword.Hit) window {
	w := window{max(0, h.Start-before), min(len(text), h.End+after)}
	for limit := max(0, w.start-before); w.start > limit && text[w.start-1] > ' '; {
		w.start--
	}
	limit := min(len(text), h.End+longest)
	if strings.HasPrefix(text[h.Start:], "-----") {
		if end := strings.Index(text[h.End:limit], "-----END"); end >= 0 {
			w.end = max(w.end, min(len(text), h.End+end+64))
		}
	}
	for w.end < limit && text[w.end] > ' ' {
		w.end++
	}
	return w
}

// valueEnds lists the ends of the words that could be a secret: eight bytes or more with a digit in them, or twenty
// without one. Every rule needs such a word.
func valueEnds(text string) []int {
	var out []int
	start, digits := 0, 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] > ' ' && text[i] < 0x80 {
			if text[i] >= '0' && text[i] <= '9' {
				digits++
			}
			continue
		}
		if n := i - start; n >= longValue || n >= shortValue && digits > 0 {
			out = append(out, i)
		}
		start, digits = i+1, 0
	}
	return out
}

func (s *Scanner) window(ctx context.Context, text string, w window) []match.Match {
	part := text[w.start:w.end]
	if !s.matches(part) {
		return nil
	}
	return s.detect(ctx, part, w)
}

// detect has gitleaks look at a window, whose text is part.
func (s *Scanner) detect(ctx context.Context, part string, w window) []match.Match {
	var out []match.Match
	for _, f := range s.detector.DetectContext(ctx, detect.Fragment{Raw: part}) { //nolint:staticcheck // v8 takes nothing else with a context
		at := strings.Index(part, f.Match)
		if at < 0 {
			at = 0
		}
		start, end := at, min(len(part), at+max(1, len(f.Match)))
		if in := strings.Index(part[start:end], f.Secret); in >= 0 && f.Secret != "" {
			start += in
			end = start + len(f.Secret)
		}
		if instead(f.RuleID, part[start:end]) {
			continue
		}
		out = append(out, match.Match{Rule: f.RuleID, Kind: kind(f.RuleID), Start: w.start + start, End: w.start + end, Confidence: 0.95})
	}
	return out
}

// instead reports whether s is what stands in the place of a secret: curl -H 'X-Api-Key: YOUR_API_KEY', a variable of the shell, a mask, code that
// takes the first line of a key away, txtPassword.Name = "txtPassword".
func instead(rule, s string) bool {
	s = strings.Trim(s, `"'`)
	switch {
	case strings.HasPrefix(rule, "curl-"):
		return value.Placeholder(s) || strings.HasPrefix(s, "${") && strings.HasSuffix(s, "}")
	case rule == "hashicorp-tf-password":
		return value.ShapeOf(s).Digit == 0 && strings.Contains(s, "Password") && value.Identifier(s)
	case strings.Contains(rule, "private-key"):
		return strings.Contains(s, "replace(") || strings.Contains(s, "replaceAll(") || strings.Contains(s, "-----\n${") || strings.Contains(s, "-----\n{{")
	}
	return len(s) < 200 && value.Struck(s)
}

// matches reports whether the pattern of a rule that is woken by part matches in it. gitleaks asks the same, but of each of its
// rules, and makes ready for a finding first; nearly always there is none.
func (s *Scanner) matches(part string) bool {
	for _, m := range s.always {
		if m.MatchString(part) {
			return true
		}
	}
	var seen []int
	found := false
	s.words.Each(strings.ToLower(part), func(h keyword.Hit) bool {
		if slices.Contains(seen, h.Word) {
			return true
		}
		seen = append(seen, h.Word)
		for _, m := range s.rules[h.Word] {
			if m.MatchString(part) {
				found = true
				return false
			}
		}
		return true
	})
	return found
}

func kind(rule string) string {
	if strings.Contains(rule, "private-key") || strings.Contains(rule, "age-secret") {
		return match.Key
	}
	return match.Credential
}
