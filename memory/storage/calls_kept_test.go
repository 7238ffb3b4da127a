package storage

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// arrive is a CloudWrite of one item.
func (w *swept) arrive(ctx context.Context, it CloudItem) error {
	return w.CloudWrite(ctx, sharedPlace, CloudBatch{Items: []CloudItem{it}})
}

var cloudCalls = []call{
	{name: "Meta", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.Meta(ctx, "cloud.x")) }},
	{name: "SetMeta", run: func(ctx context.Context, w *swept) error {
		return w.SetMeta(ctx, map[string][]byte{"cloud.x": {1}}, memory.Audit{Action: "cloud"})
	}},
	{name: "CloudChanged", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.CloudChanged(ctx, sharedPlace, 5)) }},
	{name: "CloudPending", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.CloudPending(ctx, sharedPlace, 5)) }},
	{name: "CloudHeld", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.CloudHeld(ctx, sharedPlace, 5)) }},
	{name: "CloudConflicts", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.CloudConflicts(ctx, 5)) }},
	{name: "CloudOlder", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.CloudOlder(ctx, sharedPlace, 2, "", 5)) }},
	{name: "CloudOlderCount", reads: true, run: func(ctx context.Context, w *swept) error { return err1(w.CloudOlderCount(ctx, sharedPlace, 2)) }},
	{name: "CloudRows", reads: true, ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		return err1(w.CloudRows(ctx, sharedPlace, []memory.ID{w.id}))
	}},
	{name: "CloudWrite, of a new one", run: func(ctx context.Context, w *swept) error {
		m := w.memory(scope.Shared)
		return w.arrive(ctx, CloudItem{ID: m.ID, Apply: &m, Vector: &memory.Vector{Space: "mini", Values: unit(8)}, Audit: []memory.Audit{{Action: "cloud"}}})
	}},
	{name: "CloudWrite, of a new one without a vector", run: func(ctx context.Context, w *swept) error {
		m := w.memory(scope.Shared)
		return w.arrive(ctx, CloudItem{ID: m.ID, Apply: &m})
	}},
	{name: "CloudWrite, of a text that is here", ready: newest(scope.Project), run: func(ctx context.Context, w *swept) error {
		m := w.memory(scope.Shared)
		m.Content = w.text
		return w.arrive(ctx, CloudItem{ID: m.ID, Apply: &m})
	}},
	{name: "CloudWrite, of a text that stands in the cloud", ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		m := w.memory(scope.Shared)
		m.ID = "f" + m.ID[1:]
		m.Content = w.text
		return w.arrive(ctx, CloudItem{ID: m.ID, Apply: &m})
	}},
	{name: "CloudWrite, of another text", ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		m := w.memory(scope.Shared)
		m.ID = w.id
		return w.arrive(ctx, CloudItem{ID: w.id, Apply: &m, WantVersion: 1, WantSeq: w.seq, Vector: &memory.Vector{ID: w.id, Space: "mini", Values: unit(9)}})
	}},
	{name: "CloudWrite, that takes one away", ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		return w.arrive(ctx, CloudItem{ID: w.id, Gone: true, WantVersion: 1, WantSeq: w.seq})
	}},
	{name: "CloudWrite, that leaves one here", ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		return w.arrive(ctx, CloudItem{ID: w.id, Gone: true, Keep: true, WantVersion: 1, WantSeq: w.seq})
	}},
	{name: "CloudWrite, that lets others stand again", ready: func(t *testing.T, w *swept) {
		newest(scope.Project)(t, w)
		m := w.memory(scope.Shared)
		m.Content = w.text
		if err := w.arrive(t.Context(), CloudItem{ID: m.ID, Apply: &m}); err != nil {
			t.Fatal(err)
		}
		w.id = m.ID
	}, run: func(ctx context.Context, w *swept) error {
		return w.arrive(ctx, CloudItem{ID: w.id, Gone: true, WantVersion: 1, WantSeq: w.seq})
	}},
	{name: "ResolveCloud", ready: newest(scope.Shared), run: func(ctx context.Context, w *swept) error {
		return err1(w.ResolveCloud(ctx, w.id, "", func(m *memory.Memory) (memory.Audit, error) {
			m.Title = "settled"
			return memory.Audit{Action: "resolve"}, nil
		}))
	}},
}

// halfThought is a draft of a project's that is good for a day.
func halfThought(key string) memory.Draft {
	return memory.Draft{Key: key, Project: "atlas", Content: "half a thought", CreatedAt: noon, UpdatedAt: noon, ExpiresAt: time.Now().AddDate(0, 0, 1)}
}

// withDraft has the workspace read again, with a draft in it.
func withDraft(t *testing.T, w *swept) {
	if err := w.PutDraft(t.Context(), halfThought("plan")); err != nil {
		t.Fatal(err)
	}
	forget(t, w)
}

// withSession has a session with a memory that was stored in it and one that came back, and its index filled again.
func withSession(t *testing.T, w *swept) {
	newest(scope.Project)(t, w)
	w.saveSessions(t, update("one", 1, 1, true, w.ms[scope.Shared].ID))
	forget(t, w)
}

// copied reads every file of a snapshot and what it says.
func copied(ctx context.Context, w *swept, o SnapshotOptions) error {
	return w.SnapshotTo(ctx, o, func(ctx context.Context, p *Snapshot) error {
		for i := range p.Files {
			f, err := p.Files[i].Open()
			if err != nil {
				return err
			}
			n, err := io.Copy(io.Discard, f)
			if err = errors.Join(err, f.Close()); err != nil {
				return err
			}
			if n != p.Files[i].Size {
				return errors.New("a file of the snapshot is not as long as it says")
			}
		}
		p.Kept()
		return err1(p.Purges(ctx, 0))
	})
}

var keepingCalls = []call{
	{name: "Repair", partly: true, spoils: true, again: true, ready: spoiled, run: func(ctx context.Context, w *swept) error { return err2(w.Repair(ctx)) }},
	{name: "PutConfig", run: func(ctx context.Context, w *swept) error { return w.PutConfig(ctx, "tool/on", []byte{1}) }},
	{name: "PutDraft", ready: withDraft, run: func(ctx context.Context, w *swept) error { return w.PutDraft(ctx, halfThought("plan")) }},
	{name: "Draft", reads: true, ready: withDraft, run: func(ctx context.Context, w *swept) error { return err1(w.Draft(ctx, "atlas", "plan")) }},
	{name: "Drafts", reads: true, ready: withDraft, run: func(ctx context.Context, w *swept) error { return err1(w.Drafts(ctx, "atlas")) }},
	{name: "DropDraft", ready: withDraft, run: func(ctx context.Context, w *swept) error { return w.DropDraft(ctx, "atlas", "plan") }},
	{name: "DropExpiredDrafts", ready: withDraft, run: func(ctx context.Context, w *swept) error {
		return err1(w.DropExpiredDrafts(ctx, time.Now().AddDate(0, 0, 2)))
	}},
	{name: "Flush", reads: true, ready: func(t *testing.T, w *swept) {
		newest(scope.Project)(t, w)
		w.CountUse([]memory.ID{w.ms[scope.Project].ID}, noon)
	}, run: func(ctx context.Context, w *swept) error { return w.Flush(ctx) }},
	{name: "SaveSessions", reads: true, ready: newest(scope.Project), run: func(ctx context.Context, w *swept) error {
		return w.SaveSessions(ctx, []memory.SessionUpdate{update("one", 1, 1, true, w.id), update("two", 2, 0, true)})
	}},
	{name: "CloseSessions", reads: true, run: func(ctx context.Context, w *swept) error { return w.CloseSessions(ctx, noon) }},
	{name: "Sessions", reads: true, ready: withSession, run: func(ctx context.Context, w *swept) error {
		return err1(w.Sessions(ctx, memory.SessionFilter{Project: "atlas", Limit: 5}))
	}},
	{name: "Session", reads: true, ready: withSession, run: func(ctx context.Context, w *swept) error { return err2(w.Session(ctx, "one")) }},
	{name: "SessionVectors", reads: true, ready: withSession, run: func(ctx context.Context, w *swept) error { return err1(w.SessionVectors(ctx, "one")) }},
	{name: "SimilarSessions", reads: true, ready: withSession, run: func(ctx context.Context, w *swept) error {
		return err1(w.SimilarSessions(ctx, map[string][]float32{"mini": unit(1)}, 3))
	}},
	{name: "SaveTopics", run: func(ctx context.Context, w *swept) error { return w.SaveTopics(ctx, []byte("map")) }},
	{name: "SnapshotTo", reads: true, run: func(ctx context.Context, w *swept) error { return copied(ctx, w, SnapshotOptions{Indexes: true}) }},
	{name: "SnapshotTo, followed", reads: true, ready: newest(scope.Project), run: func(ctx context.Context, w *swept) error {
		return copied(ctx, w, SnapshotOptions{Follow: true})
	}},
	{name: "Scrub", reads: true, ready: func(t *testing.T, w *swept) {
		if rows, err := w.catalog.Traces(t.Context()); err != nil || len(rows) > 0 {
			return // of the attempt before
		}
		newest(scope.Project)(t, w)
		if err := w.Purge(t.Context(), []memory.ID{w.id}, "", memory.Audit{Action: ActionPurge}); err != nil {
			t.Fatal(err)
		}
	}, run: func(ctx context.Context, w *swept) error { return w.Scrub(ctx) }},
}

// spoiled has much to be repaired, always of the same memories, so that it does not become more to be looked at.
func spoiled(t *testing.T, w *swept) {
	id, row := w.ms[scope.Project].ID, w.row(t, scope.Project)
	w.embed(t, id, "mini", 4)
	w.index.Remove(row)
	mustRemove(t, w.rig, row)
	kvPut(t, w.kv, kv.Vectors, vectorKey(999_999, "mini"), nil, security.ClassStore)
	w.kvVector(t, scope.Shared, unit(90), security.ClassStore)
	w.putWords(t, row, "other")
	w.inTx(t, func(tx *catalog.Tx) error {
		return tx.Emit(catalog.Event{Op: catalog.Create, Memory: id, Version: 1, Scope: scope.Global})
	})
}
