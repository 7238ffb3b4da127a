package analysis

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// hostile texts are built to make careless analysers slow.
var hostile = map[string]string{
	"one word":               "a",
	"hyphens":                "a-",
	"camel case":             "aB",
	"dots between digits":    "1.",
	"thousands":              ",111",
	"apostrophes":            "n't",
	"slashes":                "a/b_c.",
	"katakana":               "ア",
	"katakana unknown words": "ゔァヴョ",
	"hiragana":               "の",
	"kanji":                  "東京都",
	"kanji with kana":        "あ東",
	"rare kanji":             "あ龘",
	"Hangul":                 "학",
	"combining marks":        "あ\u0301",
	"Thai marks":             "ก\u0e48",
	"expanding":              "ﷺ",
	"zero width":             "a\u200b",
	"invalid":                "\xe3\x81",
	"long vowels":            "あー",
}

func TestHostileTextTakesLinearTime(t *testing.T) {
	const size = 64 << 10
	Terms("かな") // the dictionary is not what is measured
	for name, unit := range hostile {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(unit, size/len(unit))
			began := time.Now()
			terms := Terms(text)
			took := time.Since(began)
			t.Logf("%d terms in %v", len(terms), took)
			if took > time.Minute { // ordinary text takes some 10 ms; the square of the length takes many minutes
				t.Errorf("%d bytes took %v", size, took)
			}
			checkProperties(t, text[:min(len(text), 3000)])
		})
	}
}

// The word lists are code and the dictionary waits for Japanese text: a process that imports the package and never
// calls it must not pay for it.
func TestNothingHappensAtStart(t *testing.T) {
	if os.Getenv("ANALYSIS_START_PROBE") != "" {
		Terms("English text, русский текст, 中文 and 한국어")
		if morph != nil {
			t.Error("the Japanese dictionary was read for text without kana")
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestNothingHappensAtStart$")
	cmd.Env = append(os.Environ(), "ANALYSIS_START_PROBE=1", "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("probe: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		pkg, rest, _ := strings.Cut(strings.TrimPrefix(line, "init "), " ")
		if !strings.HasPrefix(pkg, "github.com/") {
			continue
		}
		var at, clock float64 // milliseconds
		if _, err := fmt.Sscanf(rest, "@%g ms, %g ms clock", &at, &clock); err != nil {
			t.Fatalf("trace line %q: %v", line, err)
		}
		t.Logf("%s: %v ms", pkg, clock)
		if clock > 1 {
			t.Errorf("%s works %v ms at start", pkg, clock)
		}
	}
}

func BenchmarkTermsEnglish(b *testing.B) {
	text := strings.Repeat("The deployment of the payment service failed because parseUserID returned 42 at noon. ", 12)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Terms(text)
	}
}

func BenchmarkTermsJapanese(b *testing.B) {
	text := strings.Repeat("東京都の議事録はサーバーに保存しました。データベースの移行手順書を読んでください。", 8)
	b.SetBytes(int64(len(text)))
	Terms(text)
	b.ResetTimer()
	for b.Loop() {
		Terms(text)
	}
}
