package catalog

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"
)

// TestHouseworkFails has the n-th call of SQLite fail within each piece of the writer's housework, for every n until it comes
// through: nothing that is on record changes, requests go on, each commit of theirs is synced, and the work is done later.
func TestHouseworkFails(t *testing.T) {
	for _, kind := range []fault{refused, gaveUp, dropped, damaged} {
		t.Run(string(kind), func(t *testing.T) {
			h := hold(t)
			for _, work := range h.housework() {
				for n := 1; ; n++ {
					hit, err := h.tryHousework(t, work, kind, n)
					if hit == "" {
						break
					}
					wantTold(t, work.name, hit, &h.opts, kind, err)
					h.wantSynced(t, work.name+", "+hit)
				}
			}
			if damage, err := h.Integrity(t.Context()); err != nil || len(damage) > 0 {
				t.Errorf("left behind: %v, %v", damage, err)
			}
		})
	}
}

// chore is a piece of the writer's housework; begin brings about that there is something to do.
type chore struct {
	name  string
	begin func(w *writer) error
	do    func(w *writer) error
	done  func() bool
}

func (h *held) housework() []chore {
	tidy := func(w *writer) error { _, err := w.tidyStep(); return err }
	w := h.writer
	return []chore{
		{"settle", nil, tidy, func() bool { return h.Settled() == h.rows[4].Row && len(w.late) == 0 && !w.unsettled }},
		{"look for more", func(w *writer) error { w.unsettled = true; return nil }, tidy, func() bool { return !w.unsettled }},
		{"merge", func(w *writer) error { w.merging = true; return nil }, tidy, func() bool { return true }},
		{"purge", func(w *writer) error { w.merging = false; w.deletions.Store(1); return nil }, tidy, func() bool { return w.deletions.Load() == 0 }},
		{"expire", func(w *writer) error {
			w.merging, w.purging, w.expired, w.requests = false, false, nil, time.Time{}
			_, err := w.conn.ExecContext(w.base, `INSERT OR REPLACE INTO requests (key, memory, duplicate, at) VALUES (x'01', x'02', 0, 3)`)
			return err
		}, tidy, func() bool {
			var n int
			return w.conn.QueryRowContext(w.base, `SELECT count(*) FROM requests WHERE key = x'01'`).Scan(&n) == nil && n == 0
		}},
		{"pack the audit log", func(w *writer) error {
			w.expired, w.requests, w.unsound, w.db.opts.AuditBlock = nil, time.Now(), false, 1
			return nil
		}, func(w *writer) error {
			err := w.packStep()
			w.db.opts.AuditBlock = 1 << 20
			return err
		}, func() bool {
			var n int
			return w.conn.QueryRowContext(w.base, `SELECT count(*) FROM audit_packed`).Scan(&n) == nil && n > 0
		}},
		{"checkpoint", nil, func(w *writer) error { return w.checkpoint(0) }, h.folded},
		{"cut the log", func(w *writer) error {
			w.merging, w.purging, w.expired, w.requests = false, false, nil, time.Now()
			_, err := w.conn.ExecContext(w.base, `UPDATE meta SET value = zeroblob(2000000) WHERE key = 'long'; INSERT OR IGNORE INTO meta (key, value) VALUES ('long', zeroblob(2000000))`)
			return err
		}, tidy, func() bool {
			info, err := os.Stat(h.opts.Path + LogSuffix)
			return err == nil && info.Size() == 0
		}},
		{"truncate", nil, func(w *writer) error { _, err := w.truncate(); return err }, func() bool {
			info, err := os.Stat(h.opts.Path + LogSuffix)
			return err == nil && info.Size() == 0
		}},
	}
}

// folded reports whether all of the log is in the database file.
func (h *held) folded() bool {
	var busy, logged, folded int64
	err := h.writer.conn.QueryRowContext(h.writer.base, `PRAGMA wal_checkpoint(NOOP)`).Scan(&busy, &logged, &folded)
	return err == nil && logged == folded
}

// tryHousework does a chore on the writer's goroutine, with nothing else under way.
func (h *held) tryHousework(t *testing.T, work chore, kind fault, n int) (hit string, failure error) {
	t.Helper()
	before := map[string]string{}
	err := h.Exclusive(t.Context(), func() error {
		h.writer.active = time.Time{}
		h.writer.whole.Store(0)
		defer h.writer.whole.Store(1)
		if work.begin != nil {
			if err := work.begin(h.writer); err != nil {
				return err
			}
		}
		var err error
		if before, err = h.look(t.Context()); err != nil {
			return err
		}
		h.f.spared = nil
		h.f.arm(kind, n)
		failure = work.do(h.writer)
		hit = h.f.lift()
		h.f.spared = housework
		h.writer.endLeft()
		if done := work.done(); hit == "" && (failure != nil || !done) {
			t.Errorf("%s after failures: %v; done: %v", work.name, failure, done)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if changed := differences(before, h.state(t)); hit != "" && slices.ContainsFunc(changed, func(table string) bool {
		return table == "memories" || table == "texts" || table == "audit" && !slices.Contains(changed, "audit_packed") // where its entries are then
	}) {
		t.Errorf("%s, %s: %s\nchanged %v", work.name, kind, hit, changed)
	}
	return hit, failure
}

// wantSynced wants a request to go through whose commit is synced.
func (h *held) wantSynced(t *testing.T, after string) {
	t.Helper()
	level := 0
	err := h.Write(t.Context(), func(tx *Tx) error {
		return errors.Join(tx.SetMeta("k", []byte("v")), h.writer.conn.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&level))
	})
	if err != nil || level != 2 {
		t.Errorf("a write after %s: %v, at level %d of syncing; want 2, which is full", after, err, level)
	}
}
