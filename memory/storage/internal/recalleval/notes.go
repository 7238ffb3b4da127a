package recalleval

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/scope"
)

//go:embed testdata/*.txt
var testdata embed.FS

// noteInterval is the time between two memories of one session in the notes.
const noteInterval = 4 * time.Minute

// Languages are those in which there are sets of notes and questions besides English.
var Languages = []string{"ja", "zh", "ko", "de"}

// LoadNotes returns the memories that agents leave beside dialogue: notes, decisions, how-tos, documents of several
// projects; and questions about them, most of which avoid the words of the answer.
func LoadNotes() (*Set, error) {
	return loadFiles("notes", [][2]string{{"notes.txt", "questions.txt"}, {"notes-more.txt", "questions-more.txt"}})
}

// LoadLanguage returns notes and questions in one of Languages.
func LoadLanguage(code string) (*Set, error) {
	return loadFiles(code, [][2]string{{code + "-notes.txt", code + "-questions.txt"}})
}

// documentNotes are how many notes the documents of LoadDocuments hold, in turn.
var documentNotes = []int{4, 8, 16, 32}

// LoadDocuments returns what LoadNotes does with runs of a project's notes joined to documents of 500 bytes to 4 KB and more, each
// followed by half as many notes that stay apart. The questions are the same, and then those of AddKeywords; Category says
// "documents" where a document holds the answer, and "beside" where a note does.
func LoadDocuments() (*Set, error) {
	notes, err := LoadNotes()
	if err != nil {
		return nil, err
	}
	set := &Set{Name: "documents"}
	place, joined := make([]int, len(notes.Memories)), make([]bool, len(notes.Memories))
	add := func(m memory.Memory, of []int) {
		for _, i := range of {
			place[i], joined[i] = len(set.Memories), len(of) > 1
		}
		m.ID = memory.ID(fmt.Sprintf("00000000-0000-7000-9000-%012x", len(set.Memories)))
		set.Memories = append(set.Memories, m)
	}
	turn := 0
	for _, of := range notes.byProject() {
		for len(of) > 0 {
			n := min(documentNotes[turn%len(documentNotes)], len(of))
			turn++
			add(notes.document(of[:n]), of[:n])
			apart := min(n/2, len(of)-n)
			for _, i := range of[n : n+apart] {
				add(notes.Memories[i], []int{i})
			}
			of = of[n+apart:]
		}
	}
	for _, q := range notes.Questions {
		q.Category = "beside"
		var relevant []int
		for _, i := range q.Relevant {
			relevant = append(relevant, place[i])
			if joined[i] {
				q.Category = "documents"
			}
		}
		slices.Sort(relevant)
		q.Relevant = slices.Compact(relevant)
		set.Questions = append(set.Questions, q)
	}
	set.AddKeywords()
	return set, nil
}

// byProject are the indexes of the memories of each project, in the order of the files.
func (set *Set) byProject() (out [][]int) {
	at := map[string]int{}
	for i := range set.Memories {
		p := set.Memories[i].Project
		if _, ok := at[p]; !ok {
			at[p] = len(out)
			out = append(out, nil)
		}
		out[at[p]] = append(out[at[p]], i)
	}
	return out
}

// document is one memory with the texts of several.
func (set *Set) document(of []int) memory.Memory {
	m := set.Memories[of[0]]
	var parts []string
	for _, i := range of {
		if t := set.Memories[i].Title; t != "" {
			parts = append(parts, "# "+t)
		}
		parts = append(parts, set.Memories[i].Content)
	}
	m.Kind, m.Title, m.Content = "document", "", strings.Join(parts, "\n\n")
	return m
}

// keywordWords is how many words a question of AddKeywords has.
const keywordWords = 3

// AddKeywords adds to a set, for every other memory, a question that is nothing but its rarest words, as agents look for
// an identifier or a name: weights must serve these too, not only questions in other words than the answer's.
func (set *Set) AddKeywords() {
	count := map[string]int{}
	words := make([][]string, len(set.Memories))
	for i := range set.Memories {
		seen := map[string]bool{}
		for _, w := range analysis.Words(set.Memories[i].Content) {
			if seen[w.Term] || w.End-w.Start < 3 {
				continue
			}
			seen[w.Term] = true
			count[w.Term]++
			words[i] = append(words[i], set.Memories[i].Content[w.Start:w.End])
		}
	}
	for i := 0; i < len(words); i += 2 {
		rare := func(w string) int {
			n := 1 << 20
			for _, t := range analysis.Terms(w) {
				n = min(n, count[t])
			}
			return n
		}
		slices.SortStableFunc(words[i], func(a, b string) int { return rare(a) - rare(b) })
		q := Question{Text: strings.Join(words[i][:min(len(words[i]), keywordWords)], " "), Project: set.Memories[i].Project,
			Category: "keywords", Relevant: []int{i}}
		if q.Project == "" {
			q.Project = "-"
		}
		set.Questions = append(set.Questions, q)
	}
}

// loadFiles reads pairs of files, memories and questions about them.
func loadFiles(name string, files [][2]string) (*Set, error) {
	set := &Set{Name: name}
	place := map[string]int{}
	for _, f := range files {
		if err := set.addNotes("testdata/"+f[0], place); err != nil {
			return nil, err
		}
		if err := set.addQuestions("testdata/"+f[1], place); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// addNotes reads a file of memories and notes their places by name, counted from 1.
func (set *Set) addNotes(file string, place map[string]int) error {
	var project, session string
	var at time.Time
	return eachLine(file, func(line string) error {
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
}

// addQuestions reads a file of questions about memories that were read before.
func (set *Set) addQuestions(file string, place map[string]int) error {
	return eachLine(file, func(line string) error {
		f := split(line, 3)
		if f == nil {
			return fmt.Errorf("question %q", line)
		}
		q := Question{Text: f[0], Project: f[2], Category: set.Name}
		for id := range strings.FieldsSeq(f[1]) {
			if place[id] == 0 {
				return fmt.Errorf("question %q: no memory %s", f[0], id)
			}
			q.Relevant = append(q.Relevant, place[id]-1)
		}
		set.Questions = append(set.Questions, q)
		return nil
	})
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
