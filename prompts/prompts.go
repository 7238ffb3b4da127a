// Package prompts holds the texts that the server offers to agents: the instructions it introduces itself with, and
// the prompts a person can pick in a client. They are Markdown files embedded in the binary; each prompt is a
// text/template over its arguments.
//
// It knows no protocol: package tools offers what it finds here over MCP.
package prompts

import (
	"embed"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"unicode/utf8"
)

//go:embed text/*.md
var texts embed.FS

// MaxArgumentBytes is the longest value an argument may have.
const MaxArgumentBytes = 4 << 10

// Errors of Render that a caller can test for with errors.Is.
var (
	ErrUnknown  = errors.New("prompts: no such prompt")
	ErrArgument = errors.New("prompts: wrong argument")
)

// Argument is one blank of a prompt that the person fills in.
type Argument struct {
	Name        string
	Description string
	Required    bool
}

// Prompt is one prompt on offer.
type Prompt struct {
	Name        string
	Title       string
	Description string
	Arguments   []Argument
}

var project = Argument{Name: "project", Description: "Project to look in; leave empty for the one you are working in"}

var all = []Prompt{
	{
		Name: "recall-before-task", Title: "Recall before a task",
		Description: "Gather what is already known before starting a task: decisions, conventions, pitfalls, preferences.",
		Arguments:   []Argument{{Name: "task", Description: "What you are about to do, in a sentence", Required: true}, project},
	},
	{
		Name: "save-what-matters-at-the-end", Title: "Save what matters at the end",
		Description: "Look back over the session and remember the few things that a later session will need.",
		Arguments:   []Argument{{Name: "focus", Description: "What to pay most attention to, such as decisions or open questions"}, project},
	},
	{
		Name: "review-conflicts", Title: "Review conflicts",
		Description: "Find memories that contradict or repeat one another, and settle them with the person.",
		Arguments:   []Argument{{Name: "topic", Description: "Topic to check; leave empty for the newest memories"}, {Name: "tag", Description: "Only memories with this tag"}, project},
	},
	{
		Name: "explain-classification", Title: "Explain a classification",
		Description: "Explain why a memory has its scope and, if it is wrong, put it right.",
		Arguments:   []Argument{{Name: "id", Description: "Id of the memory", Required: true}, {Name: "team", Description: "Team that it may be meant for"}},
	},
	{
		Name: "weekly-memory-review", Title: "Weekly memory review",
		Description: "Go through what was remembered lately: keep, correct, share, forget.",
		Arguments:   []Argument{project, {Name: "days", Description: "How many days to look back; 7 if empty"}},
	},
}

// parsed holds the templates by prompt name. A file that does not parse is a mistake in the binary.
var parsed = func() map[string]*template.Template {
	m := make(map[string]*template.Template, len(all))
	for _, p := range all {
		m[p.Name] = template.Must(template.New(p.Name).Option("missingkey=error").Parse(read(p.Name)))
	}
	return m
}()

func read(name string) string {
	b, err := texts.ReadFile("text/" + name + ".md")
	if err != nil {
		panic(err) // the file is embedded; a missing one is a mistake in the binary
	}
	return strings.TrimSpace(string(b))
}

// All lists the prompts in the order to offer them in. The caller owns the slice, not the arguments in it.
func All() []Prompt { return append([]Prompt(nil), all...) }

// Instructions is how the server introduces itself to an agent: short, and about when to use what.
func Instructions() string { return read("instructions") }

// Render fills in the prompt called name. It returns an error wrapping ErrUnknown for a name that is not on offer,
// and one wrapping ErrArgument, which says what is wrong, for an argument that is missing, unknown or too long.
func Render(name string, args map[string]string) (string, error) {
	t, ok := parsed[name]
	if !ok {
		return "", fmt.Errorf("%w: use one of %s", ErrUnknown, strings.Join(names(), ", "))
	}
	data, err := fill(name, args)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := t.Execute(&out, data); err != nil {
		return "", fmt.Errorf("prompt %s: %w", name, err)
	}
	return strings.TrimSpace(out.String()), nil
}

// fill gives every argument of the prompt a value, and checks those that came.
func fill(name string, args map[string]string) (map[string]string, error) {
	var p Prompt
	for _, q := range all {
		if q.Name == name {
			p = q
		}
	}
	data := make(map[string]string, len(p.Arguments))
	for _, a := range p.Arguments {
		v := strings.TrimSpace(args[a.Name])
		switch {
		case v == "" && a.Required:
			return nil, fmt.Errorf("%w: %s is missing", ErrArgument, a.Name)
		case len(v) > MaxArgumentBytes:
			return nil, fmt.Errorf("%w: %s is %d bytes; the limit is %d", ErrArgument, a.Name, len(v), MaxArgumentBytes)
		case !utf8.ValidString(v):
			return nil, fmt.Errorf("%w: %s is not valid UTF-8", ErrArgument, a.Name)
		}
		data[a.Name] = v
	}
	for given := range args {
		if _, ok := data[given]; !ok {
			return nil, fmt.Errorf("%w: %s takes no argument of that name", ErrArgument, name)
		}
	}
	return data, nil
}

func names() []string {
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = p.Name
	}
	return out
}
