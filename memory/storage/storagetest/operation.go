package storagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// Operation is a change whose atomicity is tested: it works on the store that Prepare makes, and with each crash or
// failure on the way it is done as a whole or not at all.
type Operation struct {
	Name    string
	Opens   bool                   // is about what opening does
	Fresh   bool                   // works on no folder at all instead of the prepared one
	Rotated bool                   // works on the prepared folder after a rotation of its keys
	Older   bool                   // works on the prepared folder as a build with other rules of analysis would have left it
	Damage  func(dir string) error // works on the prepared folder with this damage, which opening mends
	Warm    bool                   // works on the prepared folder as a build would have left it that kept archived vectors with the others
	Run     func(ctx context.Context, s *storage.Store) error
}

// The ids that operations work with; fixed, so that outcomes can be compared.
const (
	idOld      memory.ID = "01930000-0000-7000-8000-000000000001" // PROJECT, with a vector
	idShared   memory.ID = "01930000-0000-7000-8000-000000000002" // SHARED, with a vector
	idPrivate  memory.ID = "01930000-0000-7000-8000-000000000003" // PRIVATE, with a vector
	idWaiting  memory.ID = "01930000-0000-7000-8000-000000000004" // PROJECT, waits for its vector
	idNew      memory.ID = "01930000-0000-7000-8000-000000000005" // not stored by Prepare
	idImported memory.ID = "01930000-0000-7000-8000-000000000007" // not stored by Prepare
	idBare     memory.ID = "01930000-0000-7000-8000-000000000008" // not stored by Prepare
	idGone     memory.ID = "01930000-0000-7000-8000-000000000006" // SHARED, forgotten, with a vector
	idCold     memory.ID = "01930000-0000-7000-8000-000000000009" // PROJECT, archived, with a vector
	idHidden   memory.ID = "01930000-0000-7000-8000-00000000000a" // PRIVATE, archived, with a vector
)

var fixedIDs = []memory.ID{idOld, idShared, idPrivate, idWaiting, idNew, idGone, idImported, idBare, idCold, idHidden}

func at(id memory.ID, sc scope.Scope, content string) memory.Memory {
	m := Memory(content)
	m.ID, m.Scope, m.Team, m.Tags, m.Title = id, sc, "platform", []string{"marsh", sc.String()}, "On "+sc.String()
	return m
}

// Prepare fills the empty store that the operations start from.
func Prepare(ctx context.Context, s *storage.Store) error {
	gone := at(idGone, scope.Shared, "Nobody needs the marsh map any more.")
	gone.State, gone.ForgottenAt = memory.Forgotten, gone.UpdatedAt
	cold, hidden := at(idCold, scope.Project, "The marsh froze over long ago."), at(idHidden, scope.Private, "The frozen marsh is a secret.")
	cold.State, hidden.State = memory.Archived, memory.Archived
	for _, m := range []memory.Memory{
		gone, at(idOld, scope.Project, "The old heron stands in the marsh."), at(idShared, scope.Shared, "The team counts herons in the marsh."),
		at(idPrivate, scope.Private, "The private marsh is behind the mill."), at(idWaiting, scope.Project, "Nobody has embedded the marsh reeds."),
		cold, hidden,
	} {
		if err := put(ctx, s, memory.Put{Memory: m}); err != nil {
			return err
		}
	}
	return s.PutVectors(ctx, []memory.Vector{vectorOf(idOld, 1, 1), vectorOf(idShared, 1, 2), vectorOf(idPrivate, 1, 3), vectorOf(idGone, 1, 7), coldVector(idCold), coldVector(idHidden)})
}

// coldVector is a vector that the archive keeps as it is.
func coldVector(id memory.ID) memory.Vector {
	v := memory.Vector{ID: id, Version: 1, Space: "mini", Values: make([]float32, memory.Dim)}
	v.Values[id[len(id)-1]] = 1
	return v
}

func put(ctx context.Context, s *storage.Store, p memory.Put) error {
	p.Audit, p.RequestKey = Audit("remember"), "key-"+string(p.Memory.ID)
	st, err := s.Put(ctx, p)
	if err == nil && st.DuplicateOf != "" {
		err = fmt.Errorf("it is a duplicate of %s", st.DuplicateOf)
	}
	return err
}

func vectorOf(id memory.ID, version int, seed uint64) memory.Vector {
	return memory.Vector{ID: id, Version: version, Space: "mini", Values: UnitVector(seed), Tokens: RandomTokens(seed).Rows}
}

func change(id memory.ID, edit func(*memory.Memory)) func(context.Context, *storage.Store) error {
	return func(ctx context.Context, s *storage.Store) error {
		_, err := s.Change(ctx, id, "key-1", func(m *memory.Memory) (memory.Audit, error) {
			edit(m)
			a := Audit("revise")
			a.Subject = id
			return a, nil
		})
		return err
	}
}

// edit changes a file.
func edit(path string, change func([]byte)) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	change(b)
	return os.WriteFile(path, b, 0o600)
}

// Operations lists the operations that every durable step is crossed with.
func Operations() []Operation {
	return []Operation{
		{Name: "open", Opens: true, Run: func(context.Context, *storage.Store) error { return nil }},
		{Name: "open-fresh", Opens: true, Fresh: true, Run: func(context.Context, *storage.Store) error { return nil }},
		{Name: "open-older", Opens: true, Older: true, Run: func(ctx context.Context, s *storage.Store) error { return s.WaitRenewed(ctx) }},
		{Name: "open-rotated", Opens: true, Rotated: true, Run: func(ctx context.Context, s *storage.Store) error { return s.WaitRenewed(ctx) }},
		{Name: "open-damaged", Opens: true, Run: func(context.Context, *storage.Store) error { return nil }, Damage: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "kv", "CURRENT"), []byte("nonsense"), 0o600)
		}},
		{Name: "open-salvaged", Opens: true, Run: func(context.Context, *storage.Store) error { return nil }, Damage: func(dir string) error {
			return edit(filepath.Join(dir, "catalog.db"), func(b []byte) { b[2000] ^= 1 })
		}},
		{Name: "open-warm", Opens: true, Warm: true, Run: func(ctx context.Context, s *storage.Store) error { return s.WaitRenewed(ctx) }},
		{Name: "put", Run: func(ctx context.Context, s *storage.Store) error {
			return put(ctx, s, memory.Put{Memory: at(idNew, scope.Shared, "A new heron came to the marsh.")})
		}},
		{Name: "put-private", Run: func(ctx context.Context, s *storage.Store) error {
			return put(ctx, s, memory.Put{Memory: at(idNew, scope.Private, "A secret heron came to the marsh.")})
		}},
		{Name: "supersede", Run: func(ctx context.Context, s *storage.Store) error {
			return put(ctx, s, memory.Put{Memory: at(idNew, scope.Project, "The heron left the marsh."), Supersede: idOld})
		}},
		{Name: "revise", Run: change(idOld, func(m *memory.Memory) { m.Content = "The old heron moved to the canal." })},
		{Name: "retag", Run: change(idShared, func(m *memory.Memory) { m.Tags = []string{"count"} })},
		{Name: "hide", Run: change(idShared, func(m *memory.Memory) { m.Scope = scope.Private })},
		{Name: "show", Run: change(idPrivate, func(m *memory.Memory) { m.Scope = scope.Global })},
		{Name: "forget", Run: change(idShared, func(m *memory.Memory) { m.State = memory.Forgotten })},
		{Name: "restore", Run: change(idGone, func(m *memory.Memory) { m.State, m.ForgottenAt = memory.Active, time.Time{} })},
		{Name: "archive", Run: change(idShared, func(m *memory.Memory) { m.State = memory.Archived })},
		{Name: "archive-private", Run: change(idPrivate, func(m *memory.Memory) { m.State = memory.Archived })},
		{Name: "unarchive", Run: change(idCold, func(m *memory.Memory) { m.State = memory.Active })},
		{Name: "unarchive-private", Run: change(idHidden, func(m *memory.Memory) { m.State = memory.Active })},
		{Name: "hide-archived", Run: change(idCold, func(m *memory.Memory) { m.Scope = scope.Private })},
		{Name: "revise-archived", Run: change(idHidden, func(m *memory.Memory) { m.Content = "The frozen marsh was a secret." })},
		{Name: "share", Run: change(idOld, func(m *memory.Memory) { m.Scope, m.Team = scope.Shared, "platform" })},
		{Name: "import", Run: func(ctx context.Context, s *storage.Store) error {
			_, err := s.PutBulk(ctx, []storage.Bulk{
				{Memory: at(idNew, scope.Shared, "A heron came from elsewhere."), Vectors: []memory.Vector{vectorOf("", 1, 21)}},
				{Memory: at(idImported, scope.Private, "A secret heron came from elsewhere."), Vectors: []memory.Vector{vectorOf("", 1, 22)}},
				{Memory: at(idBare, scope.Project, "Nobody has embedded what came from elsewhere.")},
			}, Audit("import"))
			return err
		}},
		{Name: "reembed", Run: func(ctx context.Context, s *storage.Store) error {
			var vs []memory.Vector
			for i, id := range []memory.ID{idOld, idShared, idPrivate, idWaiting, idCold, idHidden} {
				v := vectorOf(id, 1, uint64(31+i))
				v.Space = "next"
				vs = append(vs, v)
			}
			return s.PutVectors(ctx, vs)
		}},
		{Name: "vectors", Run: func(ctx context.Context, s *storage.Store) error {
			return s.PutVectors(ctx, []memory.Vector{vectorOf(idWaiting, 1, 4), vectorOf(idOld, 1, 11), vectorOf(idPrivate, 1, 13)})
		}},
		{Name: "purge", Run: func(ctx context.Context, s *storage.Store) error {
			return s.Purge(ctx, []memory.ID{idOld, idPrivate, idWaiting, idCold, idHidden}, "", Audit("purge"))
		}},
		{Name: "delay", Run: func(ctx context.Context, s *storage.Store) error {
			return s.FailJobs(ctx, []memory.ID{idWaiting}, Memory("").CreatedAt.AddDate(100, 0, 0))
		}},
		{Name: "flush", Run: func(ctx context.Context, s *storage.Store) error { return s.Flush(ctx) }},
		{Name: "note", Run: func(ctx context.Context, s *storage.Store) error { return s.Note(ctx, Audit("denied")) }},
	}
}

// Describe writes down everything that can be seen of a store, so that two states can be compared.
func Describe(t testing.TB, s *storage.Store) string {
	t.Helper()
	return describe(t, s, nil)
}

// describe is Describe, or, with only, of what is about these memories.
func describe(t testing.TB, s *storage.Store, only []memory.ID) string {
	t.Helper()
	ctx := t.Context()
	var b strings.Builder
	line := func(what string, v any, err error) {
		j, jerr := json.Marshal(v)
		if err != nil || jerr != nil {
			t.Fatalf("describe %s: %v %v", what, err, jerr)
		}
		fmt.Fprintf(&b, "%s %s\n", what, j)
	}
	states := []memory.State{memory.Active, memory.Superseded, memory.Archived, memory.Forgotten}
	p, err := s.Search(ctx, memory.SearchQuery{Filter: memory.Filter{IDs: only, States: states}, Limit: memory.MaxLimit})
	slices.SortFunc(p.Memories, func(a, b memory.Memory) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for i := range p.Memories {
		m := p.Memories[i]
		line("memory", m, nil)
		f := memory.Filter{IDs: []memory.ID{m.ID}, States: states}
		for _, space := range []string{"mini", "next"} {
			set, err := s.Candidates(ctx, memory.CandidateQuery{Text: m.Content, Filter: f, Vectors: map[string][]float32{space: UnitVector(99)}})
			for _, c := range set.Candidates {
				line("found", fmt.Sprintf("words %v vector %v %.4f", c.Lexical > 0, c.HasVector, c.Dense), err)
			}
		}
		found, err := s.Search(ctx, memory.SearchQuery{Text: m.Content, Filter: memory.Filter{IDs: only, States: states, Tags: m.Tags}})
		line("exact", found.Total, err)
	}
	line("memories", p.Total, err)
	jobs, err := s.Jobs(ctx, 10_000)
	jobs = slices.DeleteFunc(jobs, func(j memory.Job) bool { return only != nil && !slices.Contains(only, j.ID) })
	line("jobs", jobs, err)
	if only == nil {
		st, err := s.Stats(ctx)
		line("outbox", st.OutboxPending, err)
		line("spaces", s.Spaces(), nil)
	}
	err = s.AuditLog(ctx, 0, func(e storage.AuditEntry) error {
		if e.Action == "mended" || e.Action == "salvage" {
			return nil // what opening has mended, and when
		}
		if only == nil {
			line("audit", fmt.Sprintf("%+v", e), nil)
		} else if slices.Contains(only, e.Subject) {
			line("audit", fmt.Sprintf("%+v", e.Audit), nil)
		}
		return nil
	})
	line("audit", "end", err)
	return b.String()
}
