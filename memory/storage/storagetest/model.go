package storagetest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// operationModel has a child do what it is told on its standard input; see Model.
const operationModel = "model"

// envFaults has a child's engines fail one call in so many; 0 and "" none.
const envFaults = "ELDERZAN_CRASH_FAULTS"

// command is a change to one memory, as the parent tells the child. Commands under way are about different memories.
type command struct {
	N     int
	Op    string
	ID    memory.ID
	Key   string // of the request
	Text  string
	Scope scope.Scope
	At    int // version that a vector is made for
}

// The answers of a child: "answer N", and the class of the error where there was one.
const (
	sayAnswer     = "answer "
	classNotFound = "not-found"
	classInjected = "injected"
)

// states are all of them: the model looks at everything.
var allStates = []memory.State{memory.Active, memory.Superseded, memory.Archived, memory.Forgotten}

// stateOps are the operations that change a memory's state alone.
var stateOps = map[string]memory.State{"archive": memory.Archived, "forget": memory.Forgotten, "restore": memory.Active}

// run does what c says.
func (c *command) run(ctx context.Context, s *storage.Store) error {
	edit := func(fn func(*memory.Memory)) error {
		_, err := s.Change(ctx, c.ID, c.Key, func(m *memory.Memory) (memory.Audit, error) {
			fn(m)
			return Audit(c.Op), nil
		})
		return err
	}
	if state, ok := stateOps[c.Op]; ok {
		return edit(func(m *memory.Memory) { m.State = state })
	}
	switch c.Op {
	case "put":
		_, err := s.Put(ctx, memory.Put{Memory: c.memory(), RequestKey: c.Key, Audit: Audit("remember")})
		return err
	case "import":
		_, err := s.PutBulk(ctx, []storage.Bulk{{Memory: c.memory(), Vectors: []memory.Vector{vectorOf("", 1, uint64(c.N))}}}, Audit("import"))
		return err
	case "revise":
		return edit(func(m *memory.Memory) { m.Content = c.Text })
	case "retag":
		return edit(func(m *memory.Memory) { m.Tags = []string{c.Text} })
	case "share":
		return edit(func(m *memory.Memory) { m.Scope = c.Scope })
	case "purge":
		return s.Purge(ctx, []memory.ID{c.ID}, "", Audit("purge"))
	case "embed":
		return s.PutVectors(ctx, []memory.Vector{vectorOf(c.ID, c.At, uint64(c.N))})
	case "reembed":
		next := vectorOf(c.ID, c.At, uint64(c.N))
		next.Space = "next"
		return s.PutVectors(ctx, []memory.Vector{vectorOf(c.ID, c.At, uint64(c.N)), next})
	case "flush":
		return s.Flush(ctx)
	case "check":
		findings, err := s.Check(ctx)
		if faults, _ := strconv.Atoi(os.Getenv(envFaults)); faults > 0 { // FAISS may be behind until the next start, and says so
			findings = slices.DeleteFunc(findings, func(f storage.Finding) bool { return f.Kind == storage.KindVectorIndex })
		}
		if err == nil && len(findings) > 0 {
			err = fmt.Errorf("the checker finds %v", findings)
		}
		return err
	}
	return fmt.Errorf("no command is called %q", c.Op)
}

func (c *command) memory() memory.Memory {
	m := Memory(c.Text)
	m.ID, m.Scope, m.Team, m.Tags = c.ID, c.Scope, "platform", []string{"first"}
	return m
}

// obey runs the commands that come in, each beside the others, until there are no more.
func obey(ctx context.Context, s *storage.Store) error {
	var running sync.WaitGroup
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var c command
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			return err
		}
		running.Go(func() { say(fmt.Sprint(sayAnswer, c.N, " ", classOf(c.run(ctx, s)))) })
	}
	running.Wait()
	if err := s.Close(); err != nil && !errors.Is(err, ErrInjected) {
		return err
	}
	return in.Err()
}

// classOf names what went wrong; an error that the model does not expect is told in full.
func classOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, memory.ErrNotFound):
		return classNotFound
	case errors.Is(err, ErrInjected):
		return classInjected
	}
	return strings.ReplaceAll(err.Error(), "\n", " ")
}

// failing returns engines of which one call in n fails, by chance.
func failing(n int) func(engine, op string) error {
	if n == 0 {
		return nil
	}
	return func(engine, op string) error {
		if op == "open" || rand.IntN(n) > 0 {
			return nil
		}
		return fmt.Errorf("%w in %s %s", ErrInjected, engine, op)
	}
}

// shape is what the model knows of one memory; the zero value is that of none.
type shape struct {
	ID      memory.ID
	Content string
	Tags    []string
	Scope   scope.Scope
	State   memory.State
	Version int
	Text    int // version that brought the text
	Mini    held
	Next    held // in the second embedding space
	Job     bool
	Found   bool // by the word that is its own
	done    int  // number of the command without an answer that is known to be done
}

// held says what a memory has in one embedding space.
type held struct{ Vector, Tokens bool }

// embedded is what a memory in a state has once it is embedded: the archive keeps no tokens.
func embedded(state memory.State) held { return held{true, state != memory.Archived} }

// after returns the shape that c leaves.
func (s shape) after(c *command) shape {
	if c.Op == "flush" || c.Op == "check" {
		return s
	}
	if c.Op == "put" || c.Op == "import" {
		made := shape{
			ID: c.ID, Content: c.Text, Tags: []string{"first"}, Scope: c.Scope, State: memory.Active, Version: 1, Text: 1,
			Job: c.Op == "put", Found: true,
		}
		if c.Op == "import" {
			made.Mini = embedded(made.State)
		}
		return made
	}
	if c.Op == "purge" || s.ID == "" {
		return shape{}
	}
	if c.Op == "embed" || c.Op == "reembed" {
		s.Mini, s.Job = embedded(s.State), false
		if c.Op == "reembed" {
			s.Next = embedded(s.State)
		}
		return s
	}
	s.Version++
	switch c.Op {
	case "revise":
		s.Content, s.Text, s.Mini, s.Next, s.Job = c.Text, s.Version, held{}, held{}, true
	case "retag":
		s.Tags = []string{c.Text}
	case "share":
		s.Scope = c.Scope
	default:
		left := s.State == memory.Archived && stateOps[c.Op] != memory.Archived
		s.State, s.Job = stateOps[c.Op], s.Job || left // full vectors, and tokens, come from the text alone
		if s.State == memory.Archived {
			s.Mini.Tokens, s.Next.Tokens = false, false
		}
	}
	return s
}

// look reads what the store has of the memory that should be like want.
func look(ctx context.Context, s *storage.Store, want shape, jobs map[memory.ID]bool) (shape, error) {
	ms, err := s.Get(ctx, []memory.ID{want.ID})
	if errors.Is(err, memory.ErrNotFound) {
		return shape{}, nil
	}
	if err != nil {
		return shape{}, err
	}
	m := ms[0]
	got := shape{
		ID: m.ID, Content: m.Content, Tags: m.Tags, Scope: m.Scope, State: m.State, Version: m.Version, Text: want.Text, Job: jobs[m.ID],
	}
	for space, has := range map[string]*held{"mini": &got.Mini, "next": &got.Next} {
		set, err := s.Candidates(ctx, memory.CandidateQuery{
			Text: "a b c", Vectors: map[string][]float32{space: UnitVector(1)}, Tokens: map[string]memory.Tokens{space: RandomTokens(1)},
			Filter: memory.Filter{IDs: []memory.ID{m.ID}, States: allStates}, Mode: memory.Accurate,
		})
		if err != nil {
			return shape{}, err
		}
		if len(set.Candidates) == 1 {
			*has = held{set.Candidates[0].HasVector, set.Candidates[0].HasTokens}
		}
	}
	page, err := s.Search(ctx, memory.SearchQuery{Text: ownWord(m.Content), Filter: memory.Filter{States: allStates}})
	got.Found = page.Total == 1 && len(page.Memories) == 1 && page.Memories[0].ID == m.ID
	return got, err
}

// ownWord is the word of a text that no other has.
func ownWord(text string) string { return text[strings.LastIndexByte(text, ' ')+1:] }

func (s shape) equal(o shape) bool {
	s.Text, o.Text, s.done, o.done = 0, 0, 0, 0 // not to be seen from outside
	if !slices.Equal(s.Tags, o.Tags) {
		return false
	}
	s.Tags, o.Tags = nil, nil
	return reflect.DeepEqual(s, o)
}
