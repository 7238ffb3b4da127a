package scope

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// PolicyOptions are the rules of one project as its settings hold them. The zero value changes nothing.
type PolicyOptions struct {
	Cues     []string     // words after which this project says secrets, such as "launch phrase"
	Patterns []PolicyRule // formats of this project's own secrets
	Default  Scope        // for texts that are not sensitive; 0 means the Classifier's
	Allow    []string     // AllowDigest of values that are no secrets, in hexadecimal
	AllowKey []byte       // key of those digests; needed if Allow is not empty
}

// PolicyRule is a format of a secret.
type PolicyRule struct {
	Name    string // rule id, shown in findings
	Kind    string // kind of finding; "" means "credential"
	Pattern string // RE2; matched in any part of a text
}

// Policy is a compiled PolicyOptions. It is immutable and safe for concurrent use; a nil Policy has no rules.
type Policy struct {
	o     PolicyOptions
	res   []*regexp.Regexp
	allow map[string]bool
}

// maxPolicyPattern bounds a pattern's length in bytes: its cost grows with it.
const maxPolicyPattern = 1024

// NewPolicy compiles o. It returns an error that names the rule or digest at fault.
func NewPolicy(o PolicyOptions) (*Policy, error) {
	p := &Policy{o: o, allow: make(map[string]bool)}
	for i, r := range o.Patterns {
		if r.Name == "" || len(r.Pattern) > maxPolicyPattern {
			return nil, fmt.Errorf("scope: policy pattern %d: give it a name and at most %d bytes", i+1, maxPolicyPattern)
		}
		re, err := regexp.Compile(r.Pattern)
		if err != nil {
			return nil, fmt.Errorf("scope: policy pattern %q: %w", r.Name, err)
		}
		if re.MatchString("") {
			return nil, fmt.Errorf("scope: policy pattern %q matches the empty text; make it name what it looks for", r.Name)
		}
		p.res = append(p.res, re)
	}
	if o.Default != 0 && !o.Default.Valid() {
		return nil, fmt.Errorf("scope: policy default: %w", ErrUnknown)
	}
	if len(o.Allow) > 0 && len(o.AllowKey) < 16 {
		return nil, fmt.Errorf("scope: policy: an allow-list needs a key of at least 16 bytes")
	}
	for i, a := range o.Allow {
		if b, err := hex.DecodeString(a); err != nil || len(b) != sha256.Size {
			return nil, fmt.Errorf("scope: policy: allowed digest %d is not %d bytes in hexadecimal", i+1, sha256.Size)
		}
		p.allow[strings.ToLower(a)] = true
	}
	return p, nil
}

// AllowDigest returns what PolicyOptions.Allow holds for a value: a keyed hash, so that the list gives nothing away.
func AllowDigest(key []byte, value string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil))
}

// Allowed reports whether value is on the allow-list.
func (p *Policy) Allowed(value string) bool {
	return p != nil && len(p.allow) > 0 && p.allow[AllowDigest(p.o.AllowKey, value)]
}

// Default returns the scope of texts that are not sensitive, or 0.
func (p *Policy) Default() Scope {
	if p == nil {
		return 0
	}
	return p.o.Default
}

// Cues returns the words after which this project says secrets. The caller must not change the slice.
func (p *Policy) Cues() []string {
	if p == nil {
		return nil
	}
	return p.o.Cues
}

// EachMatch calls visit for what the project's own patterns match in text, at most 100 times a pattern.
func (p *Policy) EachMatch(text string, visit func(rule, kind string, start, end int)) {
	if p == nil {
		return
	}
	for i, re := range p.res {
		kind := p.o.Patterns[i].Kind
		if kind == "" {
			kind = "credential"
		}
		for _, m := range re.FindAllStringIndex(text, 100) {
			if m[1] > m[0] {
				visit(p.o.Patterns[i].Name, kind, m[0], m[1])
			}
		}
	}
}
