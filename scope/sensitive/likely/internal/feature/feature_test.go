package feature_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/likely/internal/feature"
)

func TestShapes(t *testing.T) {
	for s, want := range map[string]feature.Shape{
		"server": feature.Word, "otterpopsy": feature.Low, "Kupferdax": feature.Cap, "KUPFERDAX": feature.Upper, "fooBarbaz": feature.Mixed, "wp-badgerino": feature.Joined, "My_Hoarsse": feature.JoinedUp,
		"zommer2019": feature.LowDigit, "Welkomm01": feature.CapDigit, "123": feature.Digits3, "4711": feature.Digits4, "471100": feature.Digits6, "47110815": feature.Digits8, "471108151": feature.DigitsN,
		"Cisxo#9": feature.Strong, "9f8e7d6c5b4a39281706": feature.Hex, "3-7-2-9": feature.Numbers, "q": feature.Letter, "peacock": feature.Plain, "Peacock": feature.PlainCap,
		"カピバラ": feature.Kana, "鼬鼠": feature.Han, "unfathomlessness": feature.Talk, "aL1dvnyzv0ZzyA0xIfl4c7xU": feature.Drawn,
	} {
		toks := feature.Tokens(s, nil)
		if len(toks) != 1 || toks[0].Shape != want {
			t.Errorf("%q: %+v, want shape %d", s, toks, want)
		}
	}
}

func TestCues(t *testing.T) {
	for s, want := range map[string]bool{"password": true, "dbpassword": true, "db_password": true, "WiFi.begin": true, "ログイン": true, "compass": false, "orange": false, "password_hash": true} {
		if toks := feature.Tokens(s, nil); len(toks) == 0 || (toks[0].Cue > 0) != want {
			t.Errorf("%q: %+v, want a cue: %v", s, toks, want)
		}
	}
	if !feature.Compound("authtoken") || feature.Compound("token") || feature.Compound("orange") {
		t.Error("Compound disagrees with its words")
	}
}

// TestTokensAndCandidates go over all corpora: tokens lie in order and cover everything but space, and every feature lies in the table.
func TestTokensAndCandidates(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var buf []feature.Token
	candidates := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			text := strings.NewReplacer(`\n`, "\n", "‖", "").Replace(line)
			buf = feature.Tokens(text, buf[:0])
			at := 0
			for _, tok := range buf {
				if tok.Start < at || tok.End <= tok.Start || tok.End > len(text) || strings.Trim(text[at:tok.Start], " \t\r\n") != "" {
					t.Fatalf("token %+v behind %d in %q", tok, at, text)
				}
				at = tok.End
			}
			feature.Each(text, buf, func(c feature.Candidate) {
				candidates++
				for _, x := range c.Features {
					if x >= feature.Buckets {
						t.Fatalf("feature %d of %q", x, text)
					}
				}
			})
		}
	}
	if candidates < 3000 {
		t.Errorf("%d candidates in all corpora", candidates)
	}
}

func TestEveryday(t *testing.T) {
	words := feature.Everyday()
	if len(words) < 10000 {
		t.Fatalf("%d words", len(words))
	}
	for _, w := range words[:50] {
		if toks := feature.Tokens(w, nil); toks[0].Shape != feature.Plain || toks[0].Known {
			t.Errorf("%q: %+v", w, toks[0])
		}
	}
}
