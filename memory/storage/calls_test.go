package storage

import (
	"context"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/access"
)

// call is something that a store is asked. Its name begins with that of the method; behind a comma it says how.
type call struct {
	name   string
	reads  bool                         // changes nothing that state tells of
	partly bool                         // is made of several changes, each of which counts
	spoils bool                         // is given something to mend, which stays where it fails
	again  bool                         // looks at a vector that cannot be read by what the index has of it
	ready  func(t *testing.T, w *swept) // makes what it needs, before each attempt; may be nil
	run    func(context.Context, *swept) error
}

// err1 and err2 leave out what a call returns beside its error.
func err1[T any](_ T, err error) error         { return err }
func err2[T, U any](_ T, _ U, err error) error { return err }

// newest makes w.id a new memory of a scope, with a vector; w.text is its text, w.seq its event that waits for the cloud.
func newest(sc scope.Scope) func(*testing.T, *swept) {
	return func(t *testing.T, w *swept) {
		m := w.memory(sc)
		if _, err := w.Put(t.Context(), memory.Put{Memory: m}); err != nil {
			t.Fatal(err)
		}
		w.id, w.text = m.ID, m.Content
		w.embed(t, w.id, "mini", w.n%200)
		w.seq = w.cloudView(t, w.id).Seq
	}
}

// edited is a Change of w.id.
func edited(edit func(*memory.Memory)) func(context.Context, *swept) error {
	return func(ctx context.Context, w *swept) error {
		return err1(w.Change(ctx, w.id, "key-"+w.word(), func(m *memory.Memory) (memory.Audit, error) {
			edit(m)
			return memory.Audit{Action: "revise"}, nil
		}))
	}
}

// asked has words of all memories, and their vectors and tokens.
func asked(mode memory.Mode) memory.CandidateQuery {
	return memory.CandidateQuery{
		Text: "heron", Mode: mode, Limit: 5, Vectors: map[string][]float32{"mini": unit(1)},
		Tokens: map[string]memory.Tokens{"mini": {Rows: tokenRows(1)}},
	}
}

// forget has the store read from its engines again what it keeps of them.
func forget(_ *testing.T, w *swept) {
	w.recent, w.tokens = newRecent[*recentMemory](recentBytes, recentOverhead), newRecent[recentTokens](recentTokenBytes, recentTokenOverhead)
	w.drafts.names = nil
	_ = w.features.close()
}

// callLists are all calls; those of a list are made of one store.
var callLists = [][]call{readingCalls, writingCalls, cloudCalls, keepingCalls}

var spacesWanted = memory.Spaces{Open: "next", Local: "next"}

var readingCalls = []call{
	{name: "AuditLog", reads: true, run: func(ctx context.Context, w *swept) error {
		return w.AuditLog(ctx, 0, func(AuditEntry) error { return nil })
	}},
	{name: "AuditTail", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.AuditTail(ctx, 3)) }},
	{name: "VerifyAudit", reads: true, ready: func(t *testing.T, w *swept) {
		if _, err := w.CheckpointAudit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}, run: func(ctx context.Context, w *swept) error { return err1(w.VerifyAudit(ctx, nil)) }},
	{name: "Check", reads: true, again: true, run: func(ctx context.Context, w *swept) error { return err1(w.Check(ctx)) }},
	{name: "Config", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.Config(ctx, "tool/on")) }},
	{name: "Cost", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.Cost(ctx)) }},
	{name: "Due", reads: true, run: func(ctx context.Context, w *swept) error {
		return err2(w.Due(ctx, time.Now(), time.Now(), 5))
	}},
	{name: "Unused", reads: true, ready: func(t *testing.T, w *swept) {
		w.CountUse([]memory.ID{w.id}, noon)
		execMeta(t, w, metaDays, []byte("not a list"))
	}, run: func(ctx context.Context, w *swept) error { return err1(w.Unused(ctx, noon, noon, 5)) }},
	{name: "Unused, known for long", reads: true, ready: func(t *testing.T, w *swept) {
		w.CountUse([]memory.ID{w.id}, noon)
		execMeta(t, w, metaDays, []byte(`[{"at":"2026-02-01T00:00:00Z","row":3}]`))
	}, run: func(ctx context.Context, w *swept) error { return err1(w.Unused(ctx, noon.AddDate(0, 1, 0), noon, 5)) }},
	{name: "Get", reads: true, run: func(ctx context.Context, w *swept) error {
		return err1(w.Get(ctx, []memory.ID{w.ms[scope.Private].ID}))
	}},
	{name: "Candidates", reads: true, ready: forget, run: func(ctx context.Context, w *swept) error {
		return err1(w.Candidates(ctx, asked(memory.Accurate)))
	}},
	{name: "Candidates, in fast mode", reads: true, ready: forget, run: func(ctx context.Context, w *swept) error {
		q := asked(memory.Fast)
		q.Limit = 1
		return err1(w.Candidates(ctx, q))
	}},
	{name: "Candidates, of some", reads: true, ready: forget, run: func(ctx context.Context, w *swept) error {
		q := asked(memory.Balanced)
		q.Filter.IDs = []memory.ID{w.ms[scope.Shared].ID}
		return err1(w.Candidates(ctx, q))
	}},
	{name: "Twin", reads: true, run: func(ctx context.Context, w *swept) error { return err2(w.Twin(ctx, w.ms[scope.Project])) }},
	{name: "Search", reads: true, run: func(ctx context.Context, w *swept) error {
		return err1(w.Search(ctx, memory.SearchQuery{Text: "heron", Limit: 2}))
	}},
	{name: "Search, by another order", reads: true, run: func(ctx context.Context, w *swept) error {
		return err1(w.Search(ctx, memory.SearchQuery{Text: "heron", Sort: memory.SortUpdated, Limit: 2}))
	}},
	{name: "Search, all", reads: true, run: func(ctx context.Context, w *swept) error {
		return err1(w.Search(ctx, memory.SearchQuery{Sort: memory.SortOldest, Limit: 2}))
	}},
	{name: "Grants", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.Grants(ctx)) }},
	{name: "History", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.History(ctx, time.Hour, noon)) }},
	{name: "Used", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.Used(ctx)) }},
	{name: "Jobs", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.Jobs(ctx, 5)) }},
	{name: "Stats", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.Stats(ctx)) }},
	{name: "KeyStatus", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.KeyStatus(ctx)) }},
	{name: "Unlinked", reads: true, run: func(ctx context.Context, w *swept) error { return err2(w.Unlinked(ctx, 5)) }},
	{name: "Near", reads: true, run: func(ctx context.Context, w *swept) error {
		return err1(w.Near(ctx, w.ms[scope.Shared].ID, memory.Filter{IDs: []memory.ID{w.ms[scope.Project].ID}}, 3))
	}},
	{name: "Linked", reads: true, ready: func(t *testing.T, w *swept) {
		if err := w.Link(t.Context(), []memory.Pair{{A: w.ms[scope.Project].ID, B: w.ms[scope.Shared].ID, Kind: memory.PairTogether, Weight: 1}}, 0); err != nil {
			t.Fatal(err)
		}
	}, run: func(ctx context.Context, w *swept) error { return err1(w.Linked(ctx, w.ms[scope.Shared].ID, 3)) }},
	{name: "Outdated", reads: true, run: func(ctx context.Context, w *swept) error { return err2(w.Outdated(ctx, spacesWanted, 0, 3)) }},
	{name: "WithoutTokens", reads: true, run: func(ctx context.Context, w *swept) error { return err2(w.WithoutTokens(ctx, "bare", 0, 3)) },
		ready: func(t *testing.T, w *swept) {
			v := memory.Vector{ID: w.ms[scope.Global].ID, Version: 1, Space: "bare", Values: unit(3)}
			if err := w.PutVectors(t.Context(), []memory.Vector{v}); err != nil {
				t.Fatal(err)
			}
		}},
	{name: "CountOutdated", reads: true, run: func(ctx context.Context, w *swept) error { return err2(w.CountOutdated(ctx, spacesWanted)) }},
	{name: "EmbeddingModels", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.EmbeddingModels(ctx)) }},
	{name: "Clusters", reads: true, run: func(ctx context.Context, w *swept) error {
		return err1(w.Clusters(ctx, 10, func(string, [][]float32) [][]float32 { return [][]float32{unit(0), unit(1)} }))
	}},
	{name: "LoadTopics", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.LoadTopics(ctx)) }},
	{name: "Settle", reads: true, run: func(ctx context.Context, w *swept) error { return w.Settle(ctx) }},
}

// execMeta stores a value of the catalogue behind the store's back.
func execMeta(t *testing.T, w *swept, key string, value []byte) {
	t.Helper()
	if err := w.catalog.Write(t.Context(), func(tx *catalog.Tx) error { return tx.SetMeta(key, value) }); err != nil {
		t.Fatal(err)
	}
}

var writingCalls = []call{
	{name: "Put", run: func(ctx context.Context, w *swept) error {
		m := w.memory(scope.Shared)
		return err1(w.Put(ctx, memory.Put{Memory: m, RequestKey: string(m.ID)}))
	}},
	{name: "Put, private", run: func(ctx context.Context, w *swept) error {
		return err1(w.Put(ctx, memory.Put{Memory: w.memory(scope.Private)}))
	}},
	{name: "Put, in another's place", ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		return err1(w.Put(ctx, memory.Put{Memory: w.memory(scope.Project), Supersede: w.id}))
	}},
	{name: "Put, known", run: func(ctx context.Context, w *swept) error {
		m := w.ms[scope.Project]
		m.ID = memory.NewID()
		return err1(w.Put(ctx, memory.Put{Memory: m, RequestKey: string(m.ID)}))
	}},
	{name: "Put, known and in another's place", ready: newest(scope.Global), run: func(ctx context.Context, w *swept) error {
		m := w.ms[scope.Project]
		m.ID = memory.NewID()
		return err1(w.Put(ctx, memory.Put{Memory: m, Supersede: w.id}))
	}},
	{name: "Put, repeated", reads: true, ready: func(t *testing.T, w *swept) {
		if _, err := w.Put(t.Context(), memory.Put{Memory: w.ms[scope.Project], RequestKey: "known"}); err != nil {
			t.Fatal(err)
		}
	}, run: func(ctx context.Context, w *swept) error {
		return err1(w.Put(ctx, memory.Put{Memory: w.ms[scope.Project], RequestKey: "known"}))
	}},
	{name: "PutBulk", run: func(ctx context.Context, w *swept) error {
		return err1(w.PutBulk(ctx, []Bulk{
			{Memory: w.memory(scope.Shared), Vectors: []memory.Vector{{Version: 1, Space: "mini", Values: unit(5), Tokens: tokenRows(5)}}},
			{Memory: w.memory(scope.Private)},
		}, memory.Audit{Action: "import"}))
	}},
	{name: "Change, of the text", ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		word := w.word()
		return edited(func(m *memory.Memory) { m.Content = "The heron has left for " + word })(ctx, w)
	}},
	{name: "Change, of tags", ready: newest(scope.Shared), run: edited(func(m *memory.Memory) { m.Tags = []string{"count"} })},
	{name: "Change, to private", ready: newest(scope.Shared), run: edited(func(m *memory.Memory) { m.Scope = scope.Private })},
	{name: "Change, to global", ready: newest(scope.Private), run: edited(func(m *memory.Memory) { m.Scope = scope.Global })},
	{name: "Change, to the archive", ready: newest(scope.Project), run: edited(func(m *memory.Memory) { m.State = memory.Archived })},
	{name: "Change, from the archive", ready: func(t *testing.T, w *swept) {
		newest(scope.Project)(t, w)
		if err := edited(func(m *memory.Memory) { m.State = memory.Archived })(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}, run: edited(func(m *memory.Memory) { m.State = memory.Active })},
	{name: "Change, with a damaged vector", spoils: true, ready: func(t *testing.T, w *swept) {
		newest(scope.Shared)(t, w)
		rows, err := w.catalog.RowsOf(t.Context(), []memory.ID{w.id})
		if err != nil {
			t.Fatal(err)
		}
		kvPut(t, w.kv, kv.Vectors, vectorKey(rows[w.id], "mini"), storedBytes(unit(90), nil, warmWidth), security.ClassStore)
	}, run: edited(func(m *memory.Memory) { m.Scope = scope.Private })},
	{name: "Purge", ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		return w.Purge(ctx, []memory.ID{w.id}, "purge-"+string(w.id), memory.Audit{Action: ActionPurge})
	}},
	{name: "PurgeForgotten", ready: func(t *testing.T, w *swept) {
		newest(scope.Shared)(t, w)
		if err := edited(func(m *memory.Memory) { m.State, m.ForgottenAt = memory.Forgotten, noon })(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}, run: func(ctx context.Context, w *swept) error {
		return err1(w.PurgeForgotten(ctx, []memory.ID{w.id}, noon.Add(time.Hour), memory.Audit{Action: ActionPurge}))
	}},
	{name: "Note", run: func(ctx context.Context, w *swept) error { return w.Note(ctx, memory.Audit{Action: "denied"}) }},
	{name: "CheckpointAudit", reads: true, ready: func(t *testing.T, w *swept) {
		if err := w.Note(t.Context(), memory.Audit{Action: "denied", Rules: []string{"a rule"}}); err != nil {
			t.Fatal(err)
		}
	}, run: func(ctx context.Context, w *swept) error { return err1(w.CheckpointAudit(ctx)) }},
	{name: "PutVectors", ready: func(t *testing.T, w *swept) { w.id = w.fresh(t, scope.Project) }, run: func(ctx context.Context, w *swept) error {
		return w.PutVectors(ctx, []memory.Vector{{ID: w.id, Version: 1, Space: "mini", Values: unit(7), Tokens: tokenRows(7)}})
	}},
	{name: "FailJobs", reads: true, ready: func(t *testing.T, w *swept) { w.id = w.fresh(t, scope.Project) }, run: func(ctx context.Context, w *swept) error {
		return w.FailJobs(ctx, []memory.ID{w.id}, noon)
	}},
	{name: "DropOtherSpaces", partly: true, ready: func(t *testing.T, w *swept) {
		w.id = w.fresh(t, scope.Project)
		w.embed(t, w.id, "mini", 1)
		w.embed(t, w.id, "next", 1)
	}, run: func(ctx context.Context, w *swept) error {
		return err1(w.DropOtherSpaces(ctx, memory.Spaces{Open: "mini", Local: "mini"}, 3))
	}},
	{name: "SetEmbeddingModels", run: func(ctx context.Context, w *swept) error {
		return w.SetEmbeddingModels(ctx, []byte("{}"), memory.Audit{Action: "models"})
	}},
	{name: "Grant", run: func(ctx context.Context, w *swept) error {
		return w.Grant(ctx, access.Grant{Subject: "ada", Kind: access.Project, Object: "atlas", Role: access.Reader}, memory.Audit{})
	}},
	{name: "Revoke", ready: func(t *testing.T, w *swept) {
		if err := w.Grant(t.Context(), access.Grant{Subject: "ada", Kind: access.Project, Object: "atlas", Role: access.Reader}, memory.Audit{}); err != nil {
			t.Fatal(err)
		}
	}, run: func(ctx context.Context, w *swept) error {
		return err1(w.Revoke(ctx, access.Grant{Subject: "ada", Kind: access.Project, Object: "atlas"}, memory.Audit{}))
	}},
	{name: "Link", run: func(ctx context.Context, w *swept) error {
		return w.Link(ctx, []memory.Pair{{A: w.ms[scope.Project].ID, B: w.ms[scope.Shared].ID, Kind: memory.PairNear, Weight: .9}}, 1)
	}},
	{name: "AddHistory", run: func(ctx context.Context, w *swept) error {
		return w.AddHistory(ctx, noon, func([]byte) ([]byte, error) { return []byte("{}"), nil })
	}},
}
