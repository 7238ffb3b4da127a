package scope_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/scope"
)

func TestParseAndString(t *testing.T) {
	for _, s := range scope.All() {
		for _, spelling := range []string{s.String(), " " + s.String() + "\n", string([]byte(s.String())[:1]) + s.String()[1:]} {
			if got, err := scope.Parse(spelling); err != nil || got != s {
				t.Errorf("Parse(%q) = %v, %v", spelling, got, err)
			}
		}
	}
	for _, bad := range []string{"", "UNDECIDED", "public", "PRIVATE PROJECT"} {
		if _, err := scope.Parse(bad); !errors.Is(err, scope.ErrUnknown) {
			t.Errorf("Parse(%q): %v, want ErrUnknown", bad, err)
		}
	}
	if got := scope.Scope(0).String(); got != "UNDECIDED" {
		t.Errorf("the zero value is %q", got)
	}
}

func TestWhatScopesAllow(t *testing.T) {
	for s, want := range map[scope.Scope]struct{ cloud, sealed bool }{
		scope.Private: {false, true}, scope.Project: {false, false}, scope.Shared: {true, false}, scope.Global: {true, false}, 0: {false, false},
	} {
		if s.Cloud() != want.cloud || s.Sealed() != want.sealed {
			t.Errorf("%s: cloud %v, sealed %v", s, s.Cloud(), s.Sealed())
		}
	}
	all := scope.All()
	for i := 1; i < len(all); i++ {
		if !all[i].WiderThan(all[i-1]) || all[i-1].WiderThan(all[i]) {
			t.Errorf("%s is not wider than %s", all[i], all[i-1])
		}
	}
}

func TestScopeAsText(t *testing.T) {
	b, err := json.Marshal(map[string]scope.Scope{"s": scope.Shared})
	if err != nil || string(b) != `{"s":"SHARED"}` {
		t.Errorf("%s, %v", b, err)
	}
	var m map[string]scope.Scope
	if err := json.Unmarshal([]byte(`{"s":"global"}`), &m); err != nil || m["s"] != scope.Global {
		t.Errorf("%v, %v", m, err)
	}
	if err := json.Unmarshal([]byte(`{"s":"everyone"}`), &m); !errors.Is(err, scope.ErrUnknown) {
		t.Errorf("%v, want ErrUnknown", err)
	}
	if _, err := scope.Scope(0).MarshalText(); !errors.Is(err, scope.ErrUnknown) {
		t.Errorf("%v, want ErrUnknown", err)
	}
}

func TestRulesAreListedOnce(t *testing.T) {
	d := scope.Decision{Findings: []scope.Finding{{Rule: "b"}, {Rule: "a"}, {Rule: "b"}}}
	if got := d.Rules(); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("got %v", got)
	}
}

// FuzzParse checks that whatever parses is one of the four, and reads back from its name.
func FuzzParse(f *testing.F) {
	f.Add("PRIVATE")
	f.Add("global ")
	f.Fuzz(func(t *testing.T, name string) {
		s, err := scope.Parse(name)
		if err != nil {
			return
		}
		if again, err := scope.Parse(s.String()); !s.Valid() || err != nil || again != s {
			t.Errorf("Parse(%q) = %v", name, s)
		}
	})
}
