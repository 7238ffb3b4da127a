package tokens_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/tokens"
)

func TestTableIsSound(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range tokens.Formats() {
		switch {
		case f.Name == "" || seen[f.Name] && !strings.HasPrefix(f.Name, "wireguard"):
			t.Errorf("%q: names must be there, and once", f.Name)
		case f.Literal == "" || f.Source == "":
			t.Errorf("%s: a literal and a source must be there", f.Name)
		}
		seen[f.Name] = true
		if _, err := regexp.Compile(f.Pattern); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if len(seen) < 250 {
		t.Errorf("%d formats, want at least 250", len(seen))
	}
}

// TestEveryFormatIsFound draws tokens of each format and looks for them alone and in the places where tokens stand.
func TestEveryFormatIsFound(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 3))
	places := []string{"%s", "token: %s", "KEY=\"%s\"", "use %s for it", "  - %s\n", "{\"t\": '%s'}", "トークンは %s です"}
	for _, f := range tokens.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			for range 20 {
				token, err := generate(rnd, f.Pattern)
				if err != nil {
					t.Fatal(err)
				}
				if token = complete(f.Name, token); f.Check != nil && !f.Check(token) || f.Sum != nil && !f.Sum(token) || token != strings.TrimSpace(token) {
					continue // a draw that the format's own check refuses
				}
				for _, place := range places {
					text := strings.Replace(place, "%s", token, 1)
					if !holds(tokens.Scan(text), f.Name, text) {
						t.Errorf("a token of %d characters is not found in %q", len(token), strings.Replace(place, "%s", "…", 1))
					}
				}
			}
		})
	}
}

// holds reports whether the format, or one that covers more of the text, was found, with spans inside the text.
func holds(ms []match.Match, name, text string) bool {
	for _, m := range ms {
		if m.Start < 0 || m.End > len(text) || m.Start >= m.End {
			return false
		}
		if m.Rule == name || m.End-m.Start > len(text)/2 || m.End-m.Start >= 20 {
			return true
		}
	}
	return false
}

func TestLookAlikesAreLetPass(t *testing.T) {
	for name, text := range map[string]string{
		"prefix inside a word":  "disk-" + strings.Repeat("a1b2", 12),
		"filler":                "sk-" + strings.Repeat("x", 48),
		"placeholder":           "ghp_" + "your_token_here_your_token_here_your",
		"documentation":         "AKIA" + "IOSFODNN7" + "EXAMPLE",
		"word with the prefix":  "pa-rallelization-of-the-computation-in-the-kernels",
		"a digest":              "sha256:" + strings.Repeat("9f8e", 16),
		"nothing but a literal": "sk-ant- and xoxb- and glpat- are prefixes",
		"a table of contents":   "re_use re_sult re_ader_with_a_long_name_of_words",
		"struck out":            "AK" + "Cp4" + strings.Repeat("X", 64),
		"named after its place": "sonar.login=sqp_sonarqube_token",
		"a key file's form":     `{"type": "service_account", "private_key_id": "KEY_ID", "private_key": "-----BEGIN ` + `PRIVATE KEY-----\nPRIVATE_KEY \n-----END ` + `PRIVATE KEY-----\n"}`,
		"a greeting":            "https://heron.org/images/250-xo" + "xo-party-1.jpg",
		"words in its place":    "xo" + "xe.xoxp-1-SlackAppConfigurationAccessTokenHere",
		"a name in code":        "&hf_" + "servingcellpriorityparameters_h_prio",
		"a place in a mask":     "sha256~XXXXXXXXXX_PUT_" + "YOUR_TOKEN_HERE_XXXXXXXXXX",
		"path":                  "/usr/lib/x86_64-linux-gnu/libQt5Core.so.5.15.8",
	} {
		t.Run(name, func(t *testing.T) {
			if ms := tokens.Scan(text); len(ms) > 0 {
				t.Errorf("found %s", ms[0].Rule)
			}
		})
	}
}

func TestTooManyTokensAreTooDense(t *testing.T) {
	text := strings.Repeat("-----BEGIN PRIVATE KEY----- ", 3000)
	ms := tokens.Scan(text)
	if len(ms) == 0 || ms[len(ms)-1].Rule != match.Dense {
		t.Errorf("%d matches and no %s: the budget did not end", len(ms), match.Dense)
	}
}

// FuzzScan checks that spans are valid and that no text breaks a format.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "sk-", "xoxb-1", "eyJ", "-----BEGIN PRIVATE KEY-----", "a.b-c_d/e:f|g$h", "ghp_" + strings.Repeat("a", 36)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		var ms []match.Match
		bound.Within(t, bound.Limit, false, func() { ms = tokens.Scan(text) })
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || m.Kind == "" || m.Confidence <= 0 || m.Confidence > 1 {
				t.Errorf("bad match %+v in %d bytes", m, len(text))
			}
		}
	})
}
