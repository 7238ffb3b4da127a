package scope_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/knowledge"
	"github.com/elderzan/elderzan/scope/projectctx"
	"github.com/elderzan/elderzan/scope/sensitive"
)

// labelled is one text of testdata/decisions.jsonl with the decision that a careful person would take.
type labelled struct {
	Text, Knowledge, Lang string
	Scope, Suggest        scope.Scope
}

func corpus(t testing.TB) []labelled {
	f, err := os.Open("testdata/decisions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []labelled
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		var l labelled
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatalf("line %d: %v", len(out)+1, err)
		}
		l.Text = strings.ReplaceAll(l.Text, "‖", "") // it breaks up what looks like a token, so that scanners let the file pass
		out = append(out, l)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func newClassifier() *scope.Classifier {
	return scope.NewClassifier(scope.Options{Sensitive: sensitive.New(sensitive.Options{}), Project: projectctx.New(projectctx.Options{}), Knowledge: knowledge.New()})
}

// matrix counts decisions by what was wanted and what came.
type matrix map[string]map[string]int

func (m matrix) add(want, got string) {
	if m[want] == nil {
		m[want] = make(map[string]int)
	}
	m[want][got]++
}

func (m matrix) String() string {
	var b strings.Builder
	for want, row := range m {
		fmt.Fprintf(&b, "\n  %-14s →", want)
		for got, n := range row {
			fmt.Fprintf(&b, " %s %d", got, n)
		}
	}
	return b.String()
}

// TestDecisions holds the Classifier to the labelled texts. What is sensitive must never get a cloud scope, and project
// knowledge hardly ever; a general text that stays in its project costs little.
func TestDecisions(t *testing.T) {
	texts := corpus(t)
	if len(texts) < 400 {
		t.Errorf("%d labelled texts, want at least 400", len(texts))
	}
	c := newClassifier()
	scopes, kinds := matrix{}, matrix{}
	right, named, rightKind, asked, rightSuggestion := 0, 0, 0, 0, 0
	for _, l := range texts {
		d, err := c.Classify(t.Context(), scope.Input{Content: l.Text})
		if err != nil {
			t.Fatal(err)
		}
		scopes.add(l.Scope.String()+" "+l.Lang, d.Scope.String())
		if d.Scope == l.Scope {
			right++
		} else {
			t.Logf("%s, want %s: %.100q (%s %.2f, project %.2f)", d.Scope, l.Scope, l.Text, d.Knowledge.Name, d.Knowledge.Confidence, d.Project.Confidence)
		}
		if l.Scope == scope.Private && d.Scope.Cloud() {
			t.Errorf("a sensitive text got %s: %q", d.Scope, l.Text)
		}
		if l.Knowledge != "" {
			named++
			kinds.add(l.Knowledge, d.Knowledge.Name)
			if d.Knowledge.Name == l.Knowledge {
				rightKind++
			} else if os.Getenv("ELDERZAN_SHOW_TEXT") != "" {
				t.Logf("kind %q, want %q: %.100q", d.Knowledge.Name, l.Knowledge, l.Text)
			}
		}
		if l.Suggest.Valid() {
			asked++
			if d.Suggest == l.Suggest {
				rightSuggestion++
			} else {
				t.Logf("suggests %s, want %s: %.100q", d.Suggest, l.Suggest, l.Text)
			}
		}
	}
	accuracy, kindAccuracy := float64(right)/float64(len(texts)), float64(rightKind)/float64(named)
	t.Logf("scopes: %d of %d right (%.1f %%)%s", right, len(texts), 100*accuracy, scopes)
	t.Logf("knowledge types: %d of %d right (%.1f %%)%s", rightKind, named, 100*kindAccuracy, kinds)
	t.Logf("suggestions: %d of %d right", rightSuggestion, asked)
	if accuracy < 0.95 {
		t.Errorf("%.1f %% of the scopes are right, want at least 95 %%", 100*accuracy)
	}
	if kindAccuracy < 0.8 {
		t.Errorf("%.1f %% of the knowledge types are right, want at least 80 %%", 100*kindAccuracy)
	}
	leaked := 0
	for want, row := range scopes {
		if strings.HasPrefix(want, "PROJECT") {
			leaked += row["GLOBAL"]
		}
	}
	if leaked > len(texts)/100 {
		t.Errorf("%d texts of a project got GLOBAL, want at most %d", leaked, len(texts)/100)
	}
}
