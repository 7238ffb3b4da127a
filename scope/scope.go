// Package scope says how far a memory may travel. It holds the four scopes and what each allows, and the
// Classifier that joins the detectors of its child packages into one Decision: scope, confidence and reasons.
//
// It imports nothing else of this project, so that every package can speak of scopes.
package scope

import (
	"errors"
	"fmt"
	"strings"
)

// Scope says how far a memory may travel. The zero value is no scope: it means "not decided" in a request
// and is invalid in a stored memory. Larger values travel further.
type Scope uint8

// The scopes, from the narrowest to the widest.
const (
	Private Scope = iota + 1 // local, sensitive, sealed under a key of its own
	Project                  // local, part of one project
	Shared                   // a team's, end-to-end encrypted in the cloud
	Global                   // in the cloud, useful to every project
)

// ErrUnknown reports a name that is none of the four scopes.
var ErrUnknown = errors.New("scope: unknown scope")

var names = [...]string{Private: "PRIVATE", Project: "PROJECT", Shared: "SHARED", Global: "GLOBAL"}

// All lists the scopes from the narrowest to the widest. The caller owns the slice.
func All() []Scope { return []Scope{Private, Project, Shared, Global} }

// Parse reads a scope's name in any case. It returns an error wrapping ErrUnknown, which lists the names, otherwise.
func Parse(name string) (Scope, error) {
	for s, n := range names {
		if n != "" && strings.EqualFold(n, strings.TrimSpace(name)) {
			return Scope(s), nil
		}
	}
	return 0, fmt.Errorf("%w; use PRIVATE, PROJECT, SHARED or GLOBAL", ErrUnknown)
}

// String returns the scope's name, or "UNDECIDED" for the zero value.
func (s Scope) String() string {
	if s.Valid() {
		return names[s]
	}
	return "UNDECIDED"
}

// Valid reports whether s is one of the four scopes.
func (s Scope) Valid() bool { return s >= Private && s <= Global }

// Cloud reports whether memories of this scope may leave the machine.
func (s Scope) Cloud() bool { return s == Shared || s == Global }

// Sealed reports whether memories of this scope are kept under the key for private memories.
func (s Scope) Sealed() bool { return s == Private }

// WiderThan reports whether s travels further than t.
func (s Scope) WiderThan(t Scope) bool { return s > t }

// MarshalText writes the name; it fails for anything but the four scopes.
func (s Scope) MarshalText() ([]byte, error) {
	if !s.Valid() {
		return nil, ErrUnknown
	}
	return []byte(names[s]), nil
}

// UnmarshalText is Parse for decoders.
func (s *Scope) UnmarshalText(b []byte) error {
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*s = v
	return nil
}
