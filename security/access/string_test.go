package access

import "testing"

func TestGrantString(t *testing.T) {
	for want, g := range map[string]Grant{
		"ann is owner of everything":          {Subject: "ann", Role: Owner, Kind: Everything},
		"bob is reader of the project garden": {Subject: "bob", Role: Reader, Kind: Project, Object: "garden"},
	} {
		if got := g.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
