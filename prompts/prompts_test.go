package prompts

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	for name, tc := range map[string]struct {
		prompt string
		args   map[string]string
		want   []string
		not    []string
		err    error
	}{
		"task and project":       {"recall-before-task", map[string]string{"task": "change the retry policy", "project": "billing"}, []string{"> change the retry policy", `project "billing"`}, nil, nil},
		"optional left out":      {"recall-before-task", map[string]string{"task": "x"}, []string{"> x"}, []string{"project"}, nil},
		"required missing":       {"recall-before-task", nil, nil, nil, ErrArgument},
		"required blank":         {"explain-classification", map[string]string{"id": "  "}, nil, nil, ErrArgument},
		"unknown argument":       {"weekly-memory-review", map[string]string{"weeks": "2"}, nil, nil, ErrArgument},
		"too long":               {"recall-before-task", map[string]string{"task": strings.Repeat("x", MaxArgumentBytes+1)}, nil, nil, ErrArgument},
		"not UTF-8":              {"recall-before-task", map[string]string{"task": "\xff"}, nil, nil, ErrArgument},
		"unknown prompt":         {"dance", nil, nil, nil, ErrUnknown},
		"template in a value":    {"recall-before-task", map[string]string{"task": "{{.project}} {{template}}"}, []string{"{{.project}} {{template}}"}, nil, nil},
		"conflicts by topic":     {"review-conflicts", map[string]string{"topic": "retries", "tag": "ops"}, []string{`about "retries"`, `tags ["ops"]`, "`recall`"}, nil, nil},
		"conflicts of the new":   {"review-conflicts", nil, []string{`sort "newest"`}, []string{"about \"\""}, nil},
		"days default":           {"weekly-memory-review", nil, []string{"last 7 days"}, nil, nil},
		"days given":             {"weekly-memory-review", map[string]string{"days": "30"}, []string{"last 30 days", "30 days before"}, nil, nil},
		"classification of team": {"explain-classification", map[string]string{"id": "abc", "team": "core"}, []string{`ids ["abc"]`, `team "core"`}, nil, nil},
		"save with focus":        {"save-what-matters-at-the-end", map[string]string{"focus": "decisions"}, []string{"above all: decisions"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Render(tc.prompt, tc.args)
			if !errors.Is(err, tc.err) {
				t.Fatalf("Render(%s) = %v; want %v", tc.prompt, err, tc.err)
			}
			for _, w := range tc.want {
				if !strings.Contains(got, w) {
					t.Errorf("Render(%s) lacks %q:\n%s", tc.prompt, w, got)
				}
			}
			for _, w := range tc.not {
				if strings.Contains(got, w) {
					t.Errorf("Render(%s) holds %q:\n%s", tc.prompt, w, got)
				}
			}
		})
	}
}

// Every prompt renders with nothing but what it requires, leaves no template behind, and every file is offered.
func TestEveryTextIsOffered(t *testing.T) {
	offered := map[string]bool{"text/instructions.md": true}
	for _, p := range All() {
		offered["text/"+p.Name+".md"] = true
		args := map[string]string{}
		for _, a := range p.Arguments {
			if a.Description == "" {
				t.Errorf("%s: argument %s has no description", p.Name, a.Name)
			}
			if a.Required {
				args[a.Name] = "value"
			}
		}
		got, err := Render(p.Name, args)
		if err != nil {
			t.Errorf("Render(%s): %v", p.Name, err)
		}
		if strings.Contains(got, "{{") || strings.Contains(got, "<no value>") || p.Title == "" || p.Description == "" {
			t.Errorf("%s is not complete:\n%s", p.Name, got)
		}
	}
	files, err := fs.Glob(texts, "text/*.md")
	if err != nil || len(files) != len(offered) {
		t.Errorf("files = %v, %v; want %d", files, err, len(offered))
	}
	for _, f := range files {
		if !offered[f] {
			t.Errorf("%s is offered by no prompt", f)
		}
	}
}

func TestAllIsACopy(t *testing.T) {
	All()[0].Name = "changed"
	if got := All()[0].Name; got != "recall-before-task" {
		t.Errorf("All()[0].Name = %q after a caller changed its copy", got)
	}
}

// Instructions are read at the start of every session, so each byte of them is paid for again and again.
func TestInstructionsAreShort(t *testing.T) {
	got := Instructions()
	if len(got) > 2000 {
		t.Errorf("Instructions are %d bytes; want at most 2000", len(got))
	}
	for _, tool := range []string{"`recall`", "`search`", "`remember`", "`revise`", "`forget`", "`share`"} {
		if !strings.Contains(got, tool) {
			t.Errorf("Instructions do not say when to use %s", tool)
		}
	}
}
