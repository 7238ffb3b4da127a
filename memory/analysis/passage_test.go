package analysis

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPassage(t *testing.T) {
	filler := strings.Repeat("Nothing of note happened on that day. ", 60)
	for name, tc := range map[string]struct {
		text, question string
		bytes          int
		want           string // beginning of the part
	}{
		"fits":              {"short text", "text", 100, "short"},
		"at the beginning":  {"The port is 5433. " + filler, "which port", 200, "The port"},
		"in the middle":     {filler + "The staging database listens on port 5433. " + filler, "port of the staging database", 200, "The staging"},
		"at the end":        {filler + "Backups run at night.", "when do the backups run", 100, "Backups"},
		"different words":   {filler + "port port port. " + filler + "The database port. " + filler, "database port", 80, "The database port"},
		"no word":           {filler, "zebra", 100, "Nothing"},
		"Japanese":          {strings.Repeat("特に何もなかった。", 50) + "受付は火曜日に開く。" + strings.Repeat("特に何もなかった。", 50), "受付はいつ開く", 120, "受付は火曜日"},
		"no sentence":       {strings.Repeat("x ", 500) + "needle " + strings.Repeat("x ", 500), "needle", 40, "needle"},
		"nothing to return": {"a text", "text", 0, "a text"},
	} {
		t.Run(name, func(t *testing.T) {
			from := Passage(tc.text, tc.question, tc.bytes)
			if !strings.HasPrefix(tc.text[from:], tc.want) || !utf8.ValidString(tc.text[from:]) {
				t.Errorf("begins with %.40q; want %q", tc.text[from:], tc.want)
			}
		})
	}
}
