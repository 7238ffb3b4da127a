package knowledge_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/knowledge"
)

func TestGuess(t *testing.T) {
	g := knowledge.New()
	for _, tc := range []struct{ want, text string }{
		{knowledge.BestPractice, "Always set a timeout on outgoing requests."},
		{knowledge.BestPractice, "例外を握りつぶすべきではない。"},
		{knowledge.Decision, "We decided to keep the queue in PostgreSQL."},
		{knowledge.Decision, "キューはPostgreSQLに置くことにした。"},
		{knowledge.Convention, "The naming convention for branches is feature/x."},
		{knowledge.Convention, "ブランチ名の命名規則を決める規約。"},
		{knowledge.HowTo, "To deploy, run make deploy and then check the logs."},
		{knowledge.HowTo, "デプロイするには手順に従いコマンドを実行する。"},
		{knowledge.Preference, "I prefer dark themes."},
		{knowledge.Preference, "返答は日本語でお願いします。"},
		{knowledge.Event, "The release is scheduled for next Tuesday."},
		{knowledge.Event, "昨日リリースしました。"},
		{knowledge.Lesson, "The root cause was a race; the fix was a lock."},
		{knowledge.Lesson, "原因は共有フォルダだった。"},
		{knowledge.Task, "TODO: follow up on the export."},
		{knowledge.Task, "移行がまだ未対応。やること。"},
		{knowledge.Reference, "RFC 7231 is documented; see https://example.org."},
		{knowledge.Reference, "冪等とは、何度行っても同じ結果になることである。"},
		{knowledge.Person, "Ann is responsible for billing and works at the office."},
		{knowledge.Person, "田中さんは課金の担当です。"},
		{knowledge.ProjectFact, "The service runs on port 8443 and is deployed on web-3."},
		{knowledge.ProjectFact, "本番環境のデータベースは東京で動いている。"},
		{"", "ok"},
		{"", ""},
	} {
		t.Run(tc.text, func(t *testing.T) {
			got := g.Guess(scope.Input{Content: tc.text})
			if got.Name != tc.want || (got.Confidence > 0) != (tc.want != "") || got.Confidence > 1 {
				t.Errorf("got %+v, want %q", got, tc.want)
			}
		})
	}
}

func TestTitleCounts(t *testing.T) {
	if got := knowledge.New().Guess(scope.Input{Title: "Decision", Content: "Postgres"}); got.Name != knowledge.Decision {
		t.Errorf("got %+v", got)
	}
}

func TestSignalIsASentence(t *testing.T) {
	for text, want := range map[string]string{
		"The release is scheduled for next Tuesday.":                  "it is worded like an event",
		"The service runs on port 8443 and is deployed on web-3.":     "it is worded like a project fact",
		"Always set a timeout on outgoing requests, as best practice": "it is worded like a best practice",
	} {
		if got := knowledge.New().Guess(scope.Input{Content: text}).Signals; len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestOnlyTheFirstPagesAreRead(t *testing.T) {
	if got := knowledge.New().Guess(scope.Input{Content: strings.Repeat("x ", 20<<10) + "we decided"}); got.Name != "" {
		t.Errorf("got %+v", got)
	}
}

// FuzzGuess checks that no text breaks the guesser and that its confidence is a probability.
func FuzzGuess(f *testing.F) {
	f.Add("always never should")
	f.Add("に決めた")
	f.Fuzz(func(t *testing.T, text string) {
		if got := knowledge.New().Guess(scope.Input{Content: text}); got.Confidence < 0 || got.Confidence > 1 || (got.Name == "") != (got.Confidence == 0) {
			t.Errorf("got %+v", got)
		}
	})
}
