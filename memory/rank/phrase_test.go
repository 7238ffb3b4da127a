package rank

import (
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
)

func TestPhrases(t *testing.T) {
	for name, tc := range map[string]struct {
		question, text string
		want           float64
	}{
		"as asked":               {"which adoption agencies did she research?", "she was researching adoption agencies", .5},
		"another form":           {"where are staging databases restored?", "To restore the staging database, stop the workers.", .5},
		"the other way round":    {"adoption agency", "an agency for adoption", 0},
		"too far apart":          {"rate limit", "the rate is what we agreed on; a limit", 0},
		"a word between":         {"rate limit for partners", "rate and burst limit of partners", 1},
		"one word has no pairs":  {"database?", "database", 0},
		"no words":               {"?", "database", 0},
		"in capitals":            {"gateway timeout", "GATEWAY TIMEOUT", 1},
		"possessive":             {"Anna's dog", "I saw Anna’s dog and Anna's dog", 1},
		"scripts without spaces": {"東京の天気", "東京の天気", 0},
	} {
		t.Run(name, func(t *testing.T) {
			q := readQuestion(tc.question, time.Time{})
			if got := traitsOf(&memory.Memory{Content: tc.text}, &q).phrases; got != tc.want {
				t.Errorf("%q in %q: %v; want %v (stems %q, pairs %v)", tc.question, tc.text, got, tc.want, q.stems, q.pairs)
			}
		})
	}
}

func FuzzPhrases(f *testing.F) {
	f.Add("rate limit of partners", "rate\xff limit's ’ 東京 partners")
	f.Fuzz(func(t *testing.T, question, text string) {
		q := readQuestion(question, time.Time{})
		if len(q.stems) > maxStems || len(q.pairs) >= max(len(q.stems), 1) {
			t.Fatalf("%d stems, %d pairs", len(q.stems), len(q.pairs))
		}
		if s := traitsOf(&memory.Memory{Content: text}, &q).phrases; s < 0 || s > 1 {
			t.Errorf("share %v", s)
		}
	})
}
