package gitleaks_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/gitleaks"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

// Tokens in the form of their vendors, drawn for this test and put together at run time.
var (
	github = "gh" + "p_" + "Wsk1CdSXAoZmhFkrrQxeJ6mXJlSwP90IfVRh"
	slack  = "xox" + "b-482910573648-7382910465738-" + "CxquLcLzbt8ki8a4sZJsshFB"
)

func TestScan(t *testing.T) {
	var s gitleaks.Scanner
	key := "-----BEGIN RSA PRIVATE " + "KEY-----\n" + strings.Repeat("MIIEowIBAAKCAQEAy8Dbv8prpJ\n", 40) + "-----END RSA PRIVATE " + "KEY-----"
	for name, tc := range map[string]struct{ text, rule, value string }{
		"token":            {"remember " + github + " for later", "github-pat", github},
		"token, long text": {strings.Repeat("plain words here. ", 3000) + slack + strings.Repeat(" more words", 3000), "slack-bot-token", slack},
		"private key":      {"here:\n" + key + "\nend", "private-key", key},
		"allow comment":    {github + " #gitleaks:" + "allow", "github-pat", github},
		"settings without a file name": {`<add key="ClearTextPassword" value="` + "Velvet-Rope-17" + `" />`,
			"nuget-config-password", "Velvet-Rope-17"},
	} {
		t.Run(name, func(t *testing.T) {
			ms, err := s.Scan(t.Context(), tc.text)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range ms {
				if m.Rule == tc.rule {
					if got := tc.text[m.Start:m.End]; got != tc.value {
						t.Errorf("the span holds %d bytes, want %d", len(got), len(tc.value))
					}
					return
				}
			}
			t.Errorf("found %v, want %s", ms, tc.rule)
		})
	}
}

func TestProseWakesNothing(t *testing.T) {
	var s gitleaks.Scanner
	for _, text := range []string{"", "the token is validated by the gateway", "private key talk", strings.Repeat("api key secret token ", 500)} {
		if ms, err := s.Scan(t.Context(), text); err != nil || len(ms) > 0 {
			t.Errorf("%v, %v", ms, err)
		}
	}
}

// TestAHeadersPlaceholderIsNone: curl's rules take any word of a header; the same header with a value is found.
func TestAHeadersPlaceholderIsNone(t *testing.T) {
	var s gitleaks.Scanner
	for key, want := range map[string]bool{"YOUR_API_KEY": false, "f3b1c9d2a7e4" + "8056aa19": true} {
		ms, err := s.Scan(t.Context(), "curl -H 'X-Api-Key: "+key+"' https://api.acme.dev/v2/items")
		if err != nil || len(ms) > 0 != want {
			t.Errorf("%s: %v, %v, want found %t", key, ms, err, want)
		}
	}
}

// TestWhatStandsInsteadIsNone: variables of a shell, masks and names of fields are what gitleaks' patterns take as well.
func TestWhatStandsInsteadIsNone(t *testing.T) {
	var s gitleaks.Scanner
	for text, want := range map[string]bool{
		`curl -u "${USER:-${DEFAULT_USER}}:${APIKEY:-${DEFAULT_APIKEY}}" https://api.acme.dev`:                                                  false,
		`curl -u "svc:f3b1c9d2a7e4` + `8056aa19" https://api.acme.dev`:                                                                          true,
		"https://hooks.slack.com/services/T00000000/B00000000/" + "XXXXXXXXXXXXXXXXXXXXXXXX":                                                    false,
		"https://hooks.slack.com/services/T0A1B2C3D/B0E1F2G3H/" + "kq8ZpW3mXn5vR7tY2uBc4dEf":                                                    true,
		`key.replace("-----BEGIN ` + `PRIVATE KEY-----", "").replace(System.lineSeparator(), "").replace("-----END ` + `PRIVATE KEY-----", "")`: false,
		"key=-----BEGIN " + "PRIVATE KEY-----\n${KEY_OF_THE_ENVIRONMENT_THAT_IS_SET_ELSEWHERE_AND_LONG_ENOUGH}\n-----END " + "PRIVATE KEY-----": false,
		"ARTIFACTORY_API_KEY = 'AK" + "Cp4XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'":                                false,
		`this.txtCfmPassword.Name = "txtCfmPassword";`:                                                                                          false,
		`administrator_login_password = "Th1sIsN0t` + `Funny"`:                                                                                  true,
	} {
		ms, err := s.Scan(t.Context(), text)
		if err != nil || len(ms) > 0 != want {
			t.Errorf("%s: %v, %v, want found %t", text, ms, err, want)
		}
	}
}

func TestTooManyKeywordsAreTooDense(t *testing.T) {
	var s gitleaks.Scanner
	text := strings.Repeat("adafruit adobe airtable algolia asana beamer bitbucket codecov coinbase confluent x1y2z3w4 ", 700)
	ms, err := s.Scan(t.Context(), text)
	if err != nil || len(ms) == 0 || ms[len(ms)-1].Rule != match.Dense {
		t.Errorf("%d matches, %v: want %s", len(ms), err, match.Dense)
	}
}

func TestManyFindingsEndTheScan(t *testing.T) {
	var s gitleaks.Scanner
	ms, err := s.Scan(t.Context(), strings.Repeat(strings.Repeat("word ", 200)+github+"\n", 60))
	if err != nil || len(ms) < 24 || len(ms) >= 60 {
		t.Errorf("%d findings, %v: want 24 and a few", len(ms), err)
	}
}

func TestCancelled(t *testing.T) {
	var s gitleaks.Scanner
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if ms, err := s.Scan(ctx, "x "+github); err != nil || len(ms) > 0 {
		t.Errorf("%v, %v", ms, err)
	}
}

func TestConcurrentFirstUse(t *testing.T) {
	var s gitleaks.Scanner
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if ms, err := s.Scan(t.Context(), "x "+github); err != nil || len(ms) != 1 {
				t.Errorf("%v, %v", ms, err)
			}
		})
	}
	wg.Wait()
}

// FuzzScan checks that spans are valid and that no text breaks a rule.
func FuzzScan(f *testing.F) {
	var s gitleaks.Scanner
	for _, text := range []string{"", github, "-----BEGIN PRIVATE KEY-----\n1\n", "curl -u a:b1 http://x", "kind: Secret\ndata:\n a: YWJjZGVmZ2g=\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ms, err := s.Scan(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || m.Kind == "" {
				t.Errorf("bad match %+v in %d bytes", m, len(text))
			}
		}
	})
}
