package recalleval

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

//go:embed testdata/*.txt
var testdata embed.FS

// noteInterval is the time between two memories of one session in the notes.
const noteInterval = 4 * time.Minute

// LoadNotes returns the memories that agents leave beside dialogue: notes, decisions, how-tos, documents; and
// questions about them.
func LoadNotes() (*Set, error) {
	set := &Set{Name: "notes"}
	place := map[string]int{}
	var project, session string
	var at time.Time
	err := eachLine("testdata/notes.txt", func(line string) error {
		if head, ok := strings.CutPrefix(line, "@"); ok {
			fields := strings.Split(head, " ")
			if len(fields) != 3 {
				return fmt.Errorf("session %q", line)
			}
			t, err := time.Parse("2006-01-02T15:04", fields[2])
			project, session, at = fields[0], fields[1], t
			return err
		}
		f := split(line, 4)
		if f == nil || place[f[0]] != 0 {
			return fmt.Errorf("memory %q", line)
		}
		n := len(set.Memories)
		place[f[0]] = n + 1
		set.Memories = append(set.Memories, memory.Memory{
			ID: memory.ID(fmt.Sprintf("00000000-0000-7000-9000-%012x", n)), Kind: f[1], Title: f[2], Content: f[3],
			Scope: scope.Project, Project: project, Session: session, Trust: memory.TrustAgent, State: memory.Active,
			Version: 1, CreatedAt: at, UpdatedAt: at,
		})
		at = at.Add(noteInterval)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = eachLine("testdata/questions.txt", func(line string) error {
		f := split(line, 3)
		if f == nil {
			return fmt.Errorf("question %q", line)
		}
		q := Question{Text: f[0], Project: f[2], Category: "notes"}
		for id := range strings.FieldsSeq(f[1]) {
			if place[id] == 0 {
				return fmt.Errorf("question %q: no memory %s", f[0], id)
			}
			q.Relevant = append(q.Relevant, place[id]-1)
		}
		set.Questions = append(set.Questions, q)
		return nil
	})
	return set, err
}

// eachLine calls f with every line of a file that is neither empty nor a comment.
func eachLine(name string, f func(line string) error) error {
	raw, err := testdata.ReadFile(name)
	if err != nil {
		return err
	}
	for i, line := range strings.Split(string(raw), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	return nil
}

// split cuts a line into n trimmed fields; nil when there are not as many or the first is empty.
func split(line string, n int) []string {
	f := strings.SplitN(line, "|", n)
	if len(f) != n {
		return nil
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	if f[0] == "" || slices.Contains(f[n-1:], "") {
		return nil
	}
	return f
}
