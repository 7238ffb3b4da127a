package dialogue

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		text     string
		metadata map[string]any
		want     Turn
	}{
		"name":                      {"Anna: I moved to Lyon", nil, Turn{Speaker: "Anna", Body: "I moved to Lyon"}},
		"id and date":               {"zq0000123x [1:56 pm on 8 May, 2023] Caroline: Hey Mel!", nil, Turn{"Caroline", "zq0000123x [1:56 pm on 8 May, 2023]", "Hey Mel!"}},
		"date alone":                {"[2023-05-08 13:56] Mel: hi", nil, Turn{"Mel", "[2023-05-08 13:56]", "hi"}},
		"two brackets and a dash":   {"(8 May) [chat] - Mel: hi", nil, Turn{"Mel", "(8 May) [chat] -", "hi"}},
		"full name":                 {"Jean-Luc O’Brien: engage", nil, Turn{Speaker: "Jean-Luc O’Brien", Body: "engage"}},
		"title with a dot":          {"Dr. Wu: it heals", nil, Turn{Speaker: "Dr. Wu", Body: "it heals"}},
		"numbered":                  {"Speaker 2: yes", nil, Turn{Speaker: "Speaker 2", Body: "yes"}},
		"bold":                      {"**Anna:** I moved", nil, Turn{Speaker: "Anna", Body: "I moved"}},
		"role":                      {"user: what next?", nil, Turn{Speaker: "user", Body: "what next?"}},
		"name with a remark":        {"Anna (laughing): no", nil, Turn{Speaker: "Anna", Body: "no"}},
		"Japanese":                  {"田中：来週引っ越します", nil, Turn{Speaker: "田中", Body: "来週引っ越します"}},
		"Japanese in brackets":      {"【5月8日】花子: はい", nil, Turn{"花子", "【5月8日】", "はい"}},
		"speaker in the metadata":   {"I moved to Lyon", map[string]any{"speaker": "Anna"}, Turn{Speaker: "Anna", Body: "I moved to Lyon"}},
		"role in the metadata":      {"I moved", map[string]any{"role": " user "}, Turn{Speaker: "user", Body: "I moved"}},
		"metadata of another type":  {"I moved", map[string]any{"speaker": 7}, Turn{Body: "I moved"}},
		"text before metadata":      {"Anna: hi", map[string]any{"role": "user"}, Turn{Speaker: "Anna", Body: "hi"}},
		"note":                      {"We chose Postgres for the ledger", nil, Turn{}},
		"decision":                  {"Decision: use Postgres", nil, Turn{}},
		"label of two words":        {"Next steps: ship it", nil, Turn{}},
		"label that ends a heading": {"Release Notes: 1.2", nil, Turn{}},
		"acronym":                   {"TODO: ship it", nil, Turn{}},
		"lower case":                {"deploy script: run make", nil, Turn{}},
		"sentence":                  {"When the build breaks, do this: rerun", nil, Turn{}},
		"address":                   {"https://example.com is down", nil, Turn{}},
		"time":                      {"Lunch at 12:30", nil, Turn{}},
		"namespace":                 {"Foo::bar is slow", nil, Turn{}},
		"path with a line":          {"Main.go:12 panics", nil, Turn{}},
		"Japanese label":            {"決定: Postgresを使う", nil, Turn{}},
		"Japanese compound label":   {"会議の議題：予算", nil, Turn{}},
		"Japanese sentence":         {"これは長い説明の文章です：続き", nil, Turn{}},
		"colon on the second line":  {"Shopping\nMilk: two", nil, Turn{}},
		"bracket that stays open":   {"[draft Anna: hi", nil, Turn{}},
		"long head":                 {strings.Repeat("[abcdefgh] ", 12) + "Anna: hi", nil, Turn{}},
		"only a number":             {"42 Anna", nil, Turn{}},
		"symbols in the name":       {"A&B: both", nil, Turn{}},
		"four words":                {"Anna Bea Cleo Dora: hi", nil, Turn{}},
		"empty":                     {"", nil, Turn{}},
		"colon first":               {": hi", nil, Turn{}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.want.Speaker == "" {
				tc.want.Body = tc.text
			}
			if got := Parse(tc.text, tc.metadata); got != tc.want {
				t.Errorf("Parse(%q) = %q; want %q", tc.text, got, tc.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"Anna: hi", "id1 [x] (y) Bo: z", "【】：", "\xff:\xff", "[", "**:**", "1 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Parse(text, nil)
		if got.Speaker == "" && (got.Body != text || got.Head != "") {
			t.Fatalf("no turn, yet %q", got)
		}
		if !strings.HasSuffix(text, got.Body) || !strings.Contains(text, got.Head) {
			t.Fatalf("parts %q are not of the text", got)
		}
		if len(got.Speaker) > maxName || len(got.Head) > maxHead {
			t.Fatalf("too long: %q", got)
		}
	})
}
