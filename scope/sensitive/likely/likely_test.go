package likely_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/likely"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

func TestScan(t *testing.T) {
	for text, want := range map[string]string{
		"so the staging box root pw got reset, it's now Tr4ktor-Blau":   "Tr4ktor-Blau",
		"try marta / gummibaer7 when the login form shows up":           "gummibaer7",
		"パスは全部小文字でtanukisobaだよ":                                         "tanukisoba",
		"the token is rotated every 90 days by the platform team":       "",
		"password: \"{{ vault_db_password }}\"":                         "",
		"The login page takes six seconds on mobile since release 3.2.": "",
		"public_key = \"9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit\"":  "",
		"パスワードは12文字以上にしてください。":                                          "",
		"": "",
	} {
		got := ""
		for _, m := range likely.Scan(text) {
			got = text[m.Start:m.End]
			if m.Confidence < 0.5 || m.Confidence > 1 || m.Rule == "" || m.Kind == "" {
				t.Errorf("%q: match %+v", text, m)
			}
		}
		if got != want {
			t.Errorf("Scan(%q) found %q, want %q", text, got, want)
		}
	}
}

// TestReach finds a sentence wherever it stands.
func TestReach(t *testing.T) {
	const said = "log in as ops with gr1zzlyPeak"
	if len(likely.Scan(said)) == 0 {
		t.Fatal("the sentence itself is not found")
	}
	for _, around := range []string{"Deploys go out on Tuesday. ", "会議は10時から。", strings.Repeat("The cache has a TTL. ", 50)} {
		if len(likely.Scan(around+said+". "+around)) == 0 {
			t.Errorf("not found in the middle of %.30q", around)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{"log in as ops with gr1zzlyPeak", "パスワードは「さくら」です", "password='a\x00b'", "pin: four seven one nine", "\xff\xfe=\xfd", "{{}}<<>>$$ pw"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		var ms []match.Match
		bound.Within(t, bound.Limit, false, func() { ms = likely.Scan(text) })
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End {
				t.Fatalf("match %+v outside of %d bytes", m, len(text))
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[m.Start:m.End]) {
				t.Errorf("a match cuts a character: %q", text[m.Start:m.End])
			}
		}
	})
}

// TestUnknownLanguage: what is rare in every word is a language, not a list of secrets.
func TestUnknownLanguage(t *testing.T) {
	for name, text := range map[string]string{
		"Welsh":           "A oes rhaid ei wneud nawr, neu a all aros nes bod mwy yn hysbys?",
		"a colour":        "右上から左下の固定バーに移動する。色は#2F6F4F、コントラスト比5.9で基準内。",
		"names of things": "the orchestra moved from Ghostscript and mosquitto to grafana and influxdb",
	} {
		if found := likely.Scan(text); len(found) > 0 {
			t.Errorf("%s: found %d words in %q", name, len(found), text)
		}
	}
}
