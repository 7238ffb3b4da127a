package projectctx_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/projectctx"
)

func TestSigns(t *testing.T) {
	g := projectctx.New(projectctx.Options{})
	for text, want := range map[string]string{
		"the settings are in /etc/acme/app.toml":    "it names a path on a machine",
		"~/.acme/config.toml is read first":         "it names a path on a machine",
		`C:\Users\ann\project holds it`:             "it names a path on a machine",
		"look at internal/sync/outbox":              "it names a path in a repository",
		"outbox.go has the loop":                    "it names a source file",
		"see https://github.com/acme/tool for more": "it names a repository",
		"git@gitlab.com:acme/tool.git":              "it names a repository",
		"fixed in PROJ-881":                         "it names a ticket",
		"see #482 for the rest":                     "it names a ticket",
		"PR 12 is open":                             "it names a ticket",
		"work on feature/new-ranker":                "it names a branch",
		"db.internal is down":                       "it names an internal host",
		"192.168.3.7 answers":                       "it names a private address",
		"172.20.1.1 answers":                        "it names a private address",
		"open localhost:8080":                       "it names a local port",
		"this repo uses tabs":                       "it speaks of a project at hand",
		"このリポジトリの規約":                                "it speaks of a project at hand",
		"the database is big":                       "it speaks of something as if it were known",
		"we tested it":                              "it speaks for a group",
		"on the staging server":                     "it names an environment",
		"version 4 came out":                        "it names a version",
		"v4.1 came out":                             "it names a version",
		"parseRowFromFile returns early":            "it names things of a code base",
		"max_retry_count is five":                   "it names things of a code base",
		"BILLING_RETRY_LIMIT is five":               "it names settings",
		"commit e86db7cf72 broke it":                "it names a commit",
		strings.Repeat("a1", 20) + " broke it":      "it names a commit",
		"it failed yesterday":                       "it speaks of a time",
		"先週リリースした":                                  "it speaks of a time",
	} {
		t.Run(text, func(t *testing.T) {
			got := g.Guess(scope.Input{Content: text})
			if !slices.Contains(got.Signals, want) || got.Confidence <= 0 {
				t.Errorf("got %+v, want %q", got, want)
			}
		})
	}
}

func TestGeneralTextsShowNoProject(t *testing.T) {
	g := projectctx.New(projectctx.Options{})
	for _, text := range []string{"", "Prefer composition over inheritance.", "UTF-8 encodes a code point in one to four bytes.", "SHA-256 and RFC-2119 are standards.", "関数は小さく保つのが望ましい。", "a/b testing", "5/7 of it", "10.5 percent", "e.g. this"} {
		if got := g.Guess(scope.Input{Content: text}); got.Confidence > 0 || got.Name != "" || len(got.Signals) > 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestName(t *testing.T) {
	g := projectctx.New(projectctx.Options{Vocabulary: map[string][]string{"apollo": {"Saturn", "lm"}, "gemini": {"Titan", "agena"}}})
	for name, tc := range map[string]struct {
		in   scope.Input
		want string
	}{
		"the project it was written in": {scope.Input{Content: "ok", Project: "zond"}, "zond"},
		"its own words":                 {scope.Input{Content: "saturn is late"}, "apollo"},
		"the most words win":            {scope.Input{Content: "Titan and Agena beat Saturn"}, "gemini"},
		"a tie goes by name":            {scope.Input{Content: "Titan or Saturn"}, "apollo"},
		"words inside others":           {scope.Input{Content: "saturnine titanic"}, ""},
		"the project's own name":        {scope.Input{Content: "apollo is late"}, "apollo"},
		"words that are too short":      {scope.Input{Content: "the lm is late"}, ""},
		"the repository it names":       {scope.Input{Content: "see https://github.com/acme/soyuz.git"}, "soyuz"},
		"tags count":                    {scope.Input{Content: "ok", Tags: []string{"titan"}}, "gemini"},
		"titles count":                  {scope.Input{Title: "Titan", Content: "ok"}, "gemini"},
		"weak signs name nothing":       {scope.Input{Content: "the app, see"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := g.Guess(tc.in); got.Name != tc.want {
				t.Errorf("got %+v, want %q", got, tc.want)
			}
		})
	}
}

func TestNamingTheProjectOrItsFolderMakesSurer(t *testing.T) {
	g := projectctx.New(projectctx.Options{})
	plain := g.Guess(scope.Input{Content: "it is slow", Project: "zond", Root: "/src/zond"})
	for _, text := range []string{"Zond is slow", "/src/zond is slow", "in zond, it is slow", "zondy and zond"} {
		if got := g.Guess(scope.Input{Content: text, Project: "zond", Root: "/src/zond"}); got.Confidence <= plain.Confidence {
			t.Errorf("%q: %.2f, no more than %.2f", text, got.Confidence, plain.Confidence)
		}
	}
	if got := g.Guess(scope.Input{Content: "zondy", Project: "zond"}); got.Confidence > 0 {
		t.Errorf("a longer word: %+v", got)
	}
	if got := g.Guess(scope.Input{Content: "go", Project: "go"}); got.Confidence > 0 {
		t.Errorf("a name too short to tell: %+v", got)
	}
}

// FuzzGuess checks that no text breaks the guesser and that its confidence is a probability.
func FuzzGuess(f *testing.F) {
	for _, s := range []string{"", "/", "git@github.com:a/b", "A-1", "v1.", "~/x", `:\`, "このリポジトリ", "\xff_\xff"} {
		f.Add(s)
	}
	g := projectctx.New(projectctx.Options{Vocabulary: map[string][]string{"p": {"word"}}})
	f.Fuzz(func(t *testing.T, text string) {
		if got := g.Guess(scope.Input{Content: text, Project: "proj"}); got.Confidence < 0 || got.Confidence > 1 {
			t.Errorf("confidence %v", got.Confidence)
		}
	})
}
