package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/portable/foreign"
	"github.com/elderzan/elderzan/scope"
)

type importArgs struct {
	Memories []importMemory `json:"memories"`
	Where    []string       `json:"where"` // in the file, for the messages; one for each memory
	DryRun   bool           `json:"dry_run,omitempty"`
}

// importMemory is a memory whose scope may be left to the classifier.
type importMemory struct {
	memory.Memory
	Scope string `json:"scope,omitempty"` // "" when it is not decided
}

// decided returns the memory with its scope.
func (m importMemory) decided() (memory.Memory, error) {
	m.Memory.Scope = 0
	if m.Scope == "" {
		return m.Memory, nil
	}
	s, err := scope.Parse(m.Scope)
	m.Memory.Scope = s
	return m.Memory, err
}

// importTally is the report of an import, or of a part of it.
type importTally struct {
	From     string         `json:"from,omitempty"`
	DryRun   bool           `json:"dry_run,omitempty"` // nothing was stored: the counts are what would be
	Read     int            `json:"read"`
	Stored   int            `json:"stored"`
	Known    int            `json:"known"`
	Narrowed int            `json:"made_private"` // did not come as PRIVATE and look sensitive
	Failed   int            `json:"failed"`
	Skipped  map[string]int `json:"skipped,omitempty"` // left out, by why
	Scopes   map[string]int `json:"scopes,omitempty"`  // of what is stored
	Kinds    map[string]int `json:"kinds,omitempty"`
	Problems []string       `json:"problems,omitempty"`
}

// maxProblems is how many problems a report tells one by one.
const maxProblems = 50

func (t *importTally) add(o importTally) {
	t.Stored, t.Known, t.Narrowed, t.Failed = t.Stored+o.Stored, t.Known+o.Known, t.Narrowed+o.Narrowed, t.Failed+o.Failed
	t.Scopes, t.Kinds = sum(t.Scopes, o.Scopes), sum(t.Kinds, o.Kinds)
	for _, p := range o.Problems {
		switch n := len(t.Problems); {
		case n < maxProblems:
			t.Problems = append(t.Problems, p)
		case n == maxProblems:
			t.Problems = append(t.Problems, "and more")
		}
	}
}

func sum(a, b map[string]int) map[string]int {
	if a == nil && len(b) > 0 {
		a = map[string]int{}
	}
	for k, n := range b {
		a[k] += n
	}
	return a
}

// importPage stores memories one by one; a bad one is reported and the others go in.
func (a *admin) importPage(ctx context.Context, st *stack, in importArgs) (any, error) {
	tally := importTally{Scopes: map[string]int{}, Kinds: map[string]int{}}
	c := a.caller(ctx)
	do := st.service.Import
	if in.DryRun {
		do = st.service.PreviewImport
	}
	for i := range in.Memories {
		m, err := in.Memories[i].decided()
		if err != nil {
			return nil, err
		}
		one := c
		if c.RequestKey != "" {
			one.RequestKey = fmt.Sprintf("%s-%d", c.RequestKey, i)
		}
		r, err := do(ctx, one, m)
		var bad *memory.InputError
		switch {
		case errors.As(err, &bad):
			tally.Failed++
			where := fmt.Sprint(i + 1)
			if i < len(in.Where) {
				where = in.Where[i]
			}
			tally.Problems = append(tally.Problems, fmt.Sprintf("%s: %v", where, err))
		case err != nil:
			return nil, err
		case r.Known:
			tally.Known++
		default:
			tally.Stored++
			tally.Scopes[r.Scope.String()]++
			tally.Kinds[r.Kind]++
			if r.Narrowed {
				tally.Narrowed++
			}
		}
	}
	return tally, nil
}

// importBatch is how many memories go to the engine in one call.
const importBatch = 20

func newImport(a *app) *cobra.Command {
	var from, project, scopeName string
	var dryRun bool
	var kinds []string
	for _, k := range foreign.Kinds() {
		kinds = append(kinds, string(k))
	}
	cmd := &cobra.Command{
		Use: "import PATH|-", Short: "Store memories from an export, or from another memory", GroupID: "memory", Args: cobra.ExactArgs(1),
		Long: "Reads what elderzan exports, and what other memories keep or export: a file, a folder or an archive. Each text is\n" +
			"classified as if it were new; what is known already is passed over, so that an import that was interrupted goes on\n" +
			"when it is started again, and a later export brings only what is new. Nothing is written to the other memory.\n\n" +
			"Formats: " + strings.Join(kinds, ", ") + ".",
		Example: "  elderzan import memories.jsonl\n  elderzan import ~/notes --from basic-memory --dry-run\n  elderzan import claude-export.zip --project personal",
		RunE: func(cmd *cobra.Command, args []string) error {
			in := importing{app: a, kind: foreign.Kind(from), path: args[0], project: project, dryRun: dryRun}
			if from != "" && !slices.Contains(kinds, from) {
				return hint(fmt.Errorf("import: unknown format %q", from), "use one of "+strings.Join(kinds, ", ")+", or leave --from out")
			}
			if scopeName != "" {
				s, err := scope.Parse(scopeName)
				if err != nil {
					return err
				}
				if s.Cloud() {
					return hint(errors.New("import: what is imported stays on this machine at first"), "import with --scope PROJECT and share what others should have: elderzan share ID")
				}
				in.scope = s
			}
			return in.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "format; found out by looking when not given")
	f.BoolVarP(&dryRun, "dry-run", "n", false, "tell what would be stored, and store nothing")
	f.StringVar(&project, "project", "", "project for memories that come without one")
	f.StringVar(&scopeName, "scope", "", "PROJECT or PRIVATE for memories that come without a scope; default: as classified")
	_ = cmd.RegisterFlagCompletionFunc("from", cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

// importing is one run of `elderzan import`.
type importing struct {
	*app
	kind    foreign.Kind
	path    string
	project string
	scope   scope.Scope
	dryRun  bool

	tally importTally
	batch importArgs
	bytes int
	seen  map[[sha256.Size]byte]bool // texts of this file, for a dry run
	bar   *bar
}

func (in *importing) run(ctx context.Context) error {
	if in.path != "-" && in.kind == "" {
		kind, err := foreign.Detect(ctx, in.path)
		var at *fs.PathError
		switch {
		case errors.As(err, &at):
			return hint(fmt.Errorf("import: %s: %w", at.Path, at.Err), "name a file, a folder or an archive that can be read; elderzan export > FILE makes one")
		case err != nil:
			return hint(fmt.Errorf("import: %s: %s", in.path, strings.TrimPrefix(err.Error(), "foreign: ")), "name the format with --from; for JSON Lines of elderzan: elderzan export > FILE")
		}
		in.kind = kind
	}
	if in.path == "-" && in.kind == "" {
		in.kind = foreign.Elderzan
	}
	s, err := in.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	in.tally = importTally{From: string(in.kind), DryRun: in.dryRun, Skipped: map[string]int{}}
	in.seen, in.bar = map[[sha256.Size]byte]bool{}, in.app.bar("importing")
	defer in.bar.end()
	var failed error
	take := func(e foreign.Entry, err error) bool {
		failed = in.take(ctx, s, e, err)
		return failed == nil
	}
	if in.path == "-" {
		if in.kind != foreign.Elderzan {
			return hint(fmt.Errorf("import: %s cannot be read from standard input", in.kind), "give the file or folder instead of -")
		}
		if err := foreign.ReadLines(ctx, in.in, take); failed == nil && err != nil {
			failed = err
		}
	} else {
		for e, err := range foreign.Read(ctx, in.kind, in.path) {
			if !take(e, err) {
				break
			}
		}
	}
	if failed == nil {
		failed = in.send(ctx, s)
	}
	if failed != nil {
		return hint(fmt.Errorf("import, after %d memories: %w", in.tally.Read, failed), "start it again: what is stored already is passed over")
	}
	in.bar.end()
	return in.report()
}

// take adds one entry to the batch.
func (in *importing) take(ctx context.Context, s caller, e foreign.Entry, err error) error {
	var bad *foreign.EntryError
	switch {
	case errors.As(err, &bad):
		in.tally.Read++
		in.tally.add(importTally{Failed: 1, Problems: []string{err.Error()}})
		return nil
	case err != nil:
		return err
	case e.Skipped != "":
		in.tally.Read++
		in.tally.Skipped[e.Skipped]++
		return nil
	}
	in.tally.Read++
	m := e.Memory
	if m.Project == "" {
		m.Project = in.project
	}
	if m.Scope == 0 && in.scope != 0 {
		m.Scope = in.scope
	}
	if in.dryRun {
		key := sha256.Sum256([]byte(m.Project + "\x00" + strings.Join(strings.Fields(m.Content), " ")))
		if in.seen[key] {
			in.tally.Known++
			return nil
		}
		in.seen[key] = true
	}
	if m.ID == "" { // so that a call again, after the engine died, finds what it has stored
		m.ID = memory.NewID()
	}
	wire := importMemory{Memory: m}
	if m.Scope != 0 {
		wire.Scope = m.Scope.String()
	}
	in.batch.Memories, in.batch.Where = append(in.batch.Memories, wire), append(in.batch.Where, e.Where)
	if in.bytes += len(m.Content); len(in.batch.Memories) == importBatch || in.bytes > memory.MaxContentBytes {
		return in.send(ctx, s)
	}
	return nil
}

func (in *importing) send(ctx context.Context, s caller) error {
	if len(in.batch.Memories) == 0 {
		return nil
	}
	in.batch.DryRun = in.dryRun
	var part importTally
	if err := s.Call(ctx, adminPrefix+"import", in.batch, &part); err != nil {
		return err
	}
	in.tally.add(part)
	in.batch, in.bytes = importArgs{}, 0
	in.bar.count(in.tally.Read)
	return nil
}

func (in *importing) report() error {
	t := &in.tally
	if in.json {
		if err := writeJSON(in.out, t); err != nil {
			return err
		}
	} else {
		in.print()
	}
	if t.Failed > 0 {
		return hint(fmt.Errorf("%d memories were not imported", t.Failed), "mend what is named above and import again: what is stored already is passed over")
	}
	return nil
}

func (in *importing) print() {
	t := &in.tally
	stored := "stored"
	if t.DryRun {
		stored = "would be stored"
	}
	fmt.Fprintf(in.out, "%d %s (%d made PRIVATE: they look sensitive), %d known already, %d failed\n", t.Stored, stored, t.Narrowed, t.Known, t.Failed)
	if t.From != string(foreign.Elderzan) && t.From != string(foreign.Markdown) {
		fmt.Fprintf(in.out, "  from:     %s, %d entries of %s\n", t.From, t.Read, filepath.Base(in.path))
		lists := [3]map[string]int{t.Scopes, t.Kinds, t.Skipped}
		for i, label := range [3]string{"scopes:", "kinds:", "left out:"} {
			if len(lists[i]) > 0 {
				fmt.Fprintf(in.out, "  %-9s %s\n", label, counted(lists[i]))
			}
		}
	}
	for _, p := range t.Problems {
		fmt.Fprintln(in.out, "  "+p)
	}
}

// counted lists what there is most of first.
func counted(counts map[string]int) string {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b string) int { return counts[b] - counts[a] })
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%d %s", counts[k], k))
	}
	return strings.Join(out, ", ")
}
