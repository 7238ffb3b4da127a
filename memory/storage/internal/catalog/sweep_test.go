package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// held is a database with something in each of its tables, whose writer does nothing by itself.
type held struct {
	*DB
	f     *faults
	now   time.Time
	rows  []*Record // settled, settled and PRIVATE, waiting, waiting and archived, waiting and superseded by the first
	place CloudPlace
	refs  []VectorRef
}

func hold(t *testing.T) *held {
	t.Helper()
	h := &held{f: &faults{}, now: time.UnixMilli(1_800_000_000_000).UTC(), place: CloudPlace{Key: []byte("team"), Scope: scope.Shared, Teams: []string{"", "core"}}}
	o := options(t)
	o.Head, o.wrap = t.TempDir()+"/head", h.f.wrap
	h.f.spared = housework
	h.DB = open(t, o)
	h.writer.whole.Add(1) // words wait until they are asked for
	if err := h.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// housework reports whether a statement is one that an idle writer runs by itself.
func housework(query string) bool { return strings.Contains(query, "wal_checkpoint") }

func (h *held) fill(ctx context.Context) error {
	for i, text := range []string{"heron", "egret", "swan", "crane", "stork"} {
		r := record(text)
		words := &Words{Title: "t", Content: text, Tags: []string{"bird", text}}
		switch i {
		case 1:
			r.Memory.Scope, r.Memory.ExpiresAt, words = scope.Private, h.now, nil
		case 3:
			r.Memory.State, r.Memory.ForgottenAt = memory.Forgotten, h.now
		case 4:
			r.Memory.State, r.Memory.SupersededBy = memory.Superseded, h.rows[0].Memory.ID
		}
		if err := h.Write(ctx, func(tx *Tx) error {
			if text != "crane" {
				tx.TouchSession(&r.Memory)
			}
			return errors.Join(tx.Insert(r, words), tx.PutJob(r.Row), tx.Audit(memory.Audit{Action: "remember", At: h.now, Subject: r.Memory.ID, Rules: []string{"a"}}))
		}); err != nil {
			return err
		}
		h.rows = append(h.rows, r)
		if i == 1 {
			if err := h.SettleWords(ctx); err != nil {
				return err
			}
		}
	}
	return h.Write(ctx, h.hang)
}

// hang hangs something of every kind on the memories.
func (h *held) hang(tx *Tx) error {
	a, b, c := h.rows[0], h.rows[1], h.rows[2]
	h.refs = []VectorRef{{Row: a.Row, Space: "mini", Version: 1, Class: security.ClassStore, Sum: []byte("s")}, {Row: b.Row, Space: "mini", Version: 1, Sum: []byte("s")}}
	_, err := tx.PutSession(&memory.Session{ID: "asked", Client: "c", User: "u", Open: true, StartedAt: h.now, LastAt: h.now, Recalls: 2})
	errs := []error{err}
	for i, id := range []memory.ID{a.Memory.ID, b.Memory.ID, c.Memory.ID} {
		errs = append(errs, tx.Emit(Event{At: h.now, Op: Create, Memory: id, Version: 1, Scope: scope.Shared, Team: "core", Source: "here"}),
			tx.PutCloudRow(h.place, id, CloudRow{Version: 1, Epoch: 1, Base: []byte("base"), Pending: [][]byte{[]byte("sealed"), nil, nil}[i], Others: [][]byte{nil, []byte("o"), nil}[i], Held: []string{"", "no key", ""}[i]}))
	}
	return errors.Join(append(errs,
		tx.PutVectors(h.refs), tx.PutLinks([]Link{{A: a.Row, B: b.Row, Kind: Near, Weight: 0.9, At: h.now}, {A: c.Row, B: a.Row, Kind: Together, Weight: 1, At: h.now}, {A: a.Row, B: a.Row}}),
		tx.CloudDone(h.place, c.Memory.ID, 3), tx.DropJob(c.Row), tx.PutRequest("s-1", a.Memory.ID, false, h.now), tx.SetMeta("name", []byte("value")), tx.NoteTrace(77), tx.SetMeta(metaTrace+"none", []byte{}),
		tx.LogTx([]byte("tx-1"), h.now), tx.PutPermission(Permission{"u", "project", "p", "owner"}, h.now), tx.PutMeasured(Measured{60, 120, []byte("m")}),
		tx.AddUses(map[memory.ID]Use{a.Memory.ID: {Count: 2, Last: h.now}}, nil), tx.Touch(a.Row, TouchedMemory), tx.Touch(a.Row, TouchedVectors))...)
}

// state is all that the catalogue holds: its tables as they are on record, and what its writer keeps in RAM.
func (h *held) state(t *testing.T) (out map[string]string) {
	t.Helper()
	err := h.Exclusive(t.Context(), func() (err error) { out, err = h.look(t.Context()); return err })
	if err != nil || len(out) < 20 {
		t.Fatalf("the state of %d tables: %v", len(out), err)
	}
	return out
}

// look is state on the writer's goroutine.
func (h *held) look(ctx context.Context) (map[string]string, error) {
	w := h.writer
	out := map[string]string{"RAM": fmt.Sprint(slices.Sorted(maps.Keys(w.late)), w.hashes, w.chain, w.head.Load(), h.Settled(), w.deletions.Load())}
	return out, h.Snapshot(ctx, func(v *View) error {
		tables, err := texts(v, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'goose%' AND sql NOT LIKE '%fts5%' ORDER BY name`)
		for _, name := range tables {
			var rows []string
			if rows, err = texts(v, `SELECT * FROM `+name); err != nil {
				return err
			}
			slices.Sort(rows)
			out[name] = strings.Join(rows, "\n")
		}
		return err
	})
}

// texts returns the rows of a query as texts.
func texts(v *View, query string) (out []string, err error) {
	rows, err := v.query(context.Background(), "dump", query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return nil, err
		}
		var line []string
		for _, v := range values {
			line = append(line, fmt.Sprintf("%s", *v.(*any)))
		}
		out = append(out, strings.Join(line, "|"))
	}
	return out, rows.Err()
}

// differences names what of two states is not the same.
func differences(a, b map[string]string) (out []string) {
	for name := range a {
		if a[name] != b[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// reads is everything that can be read.
func (h *held) reads(ctx context.Context) map[string]func(v *View) (any, error) {
	a, b, c := h.rows[0], h.rows[1], h.rows[2]
	ids, rows := []memory.ID{a.Memory.ID, b.Memory.ID, c.Memory.ID}, []int64{a.Row, b.Row}
	counted := func(n int, err error) (any, error) { return n, err }
	records := func(list func(fn func(*Record) error) error) (any, error) {
		var out []string
		return &out, list(func(r *Record) error { out = append(out, fmt.Sprint(*r)); return nil })
	}
	numbers := func(list func(fn func(int64) error) error) (any, error) {
		var out []int64
		return &out, list(func(row int64) error { out = append(out, row); return nil })
	}
	entries := func(list func(fn func(AuditEntry) error) error) (any, error) {
		var out []AuditEntry
		return &out, list(func(e AuditEntry) error { out = append(out, e); return nil })
	}
	key := func(uint32) (security.Secret, error) { return h.opts.AuditKey, nil }
	return map[string]func(v *View) (any, error){
		"AuditLog": func(v *View) (any, error) {
			return entries(func(fn func(AuditEntry) error) error { return v.AuditLog(ctx, 2, key, fn) })
		},
		"AuditRange": func(v *View) (any, error) {
			return entries(func(fn func(AuditEntry) error) error { return v.AuditRange(ctx, 2, 3, fn) })
		},
		"AuditOf": func(v *View) (any, error) {
			return numbers(func(fn func(int64) error) error {
				return v.AuditOf(ctx, "remember", 1, func(seq int64, _ time.Time, _ memory.ID) error { return fn(seq) })
			})
		},
		"LastAudit":       func(v *View) (any, error) { return v.LastAudit(ctx) },
		"CloudChanged":    func(v *View) (any, error) { return v.CloudChanged(ctx, h.place, 9) },
		"CloudPending":    func(v *View) (any, error) { return v.CloudPending(ctx, h.place, 9) },
		"CloudHeld":       func(v *View) (any, error) { return v.CloudHeld(ctx, h.place, 9) },
		"CloudConflicts":  func(v *View) (any, error) { return v.CloudConflicts(ctx, 9) },
		"CloudOlder":      func(v *View) (any, error) { return v.CloudOlder(ctx, h.place, 2, "", 9) },
		"CloudOlderCount": func(v *View) (any, error) { return counted(v.CloudOlderCount(ctx, h.place, 2)) },
		"CloudRows":       func(v *View) (any, error) { return v.CloudRows(ctx, h.place, ids) },
		"CloudWaitingOf":  func(v *View) (any, error) { return v.CloudWaitingOf(ctx, h.place, ids) },
		"HasJobs":         func(v *View) (any, error) { return v.HasJobs(ctx, rows) },
		"Expired":         func(v *View) (any, error) { return v.Expired(ctx, h.now, 9) },
		"Forgotten":       func(v *View) (any, error) { return v.Forgotten(ctx, h.now.Add(1e9), 9) },
		"Unused":          func(v *View) (any, error) { return v.Unused(ctx, h.now, 1, 99, 9) },
		"CountVectors":    func(v *View) (any, error) { return counted(v.CountVectors(ctx)) },
		"Permissions":     func(v *View) (any, error) { return v.Permissions(ctx) },
		"Hashes": func(v *View) (any, error) {
			return numbers(func(fn func(int64) error) error {
				return v.Hashes(ctx, func(row int64, _ bool) error { return fn(row) })
			})
		},
		"History":      func(v *View) (any, error) { return v.History(ctx, 60, 0) },
		"Used":         func(v *View) (any, error) { return counted(v.Used(ctx)) },
		"LinksOf":      func(v *View) (any, error) { return v.LinksOf(ctx, a.Row, 9) },
		"VectorsAfter": func(v *View) (any, error) { return v.VectorsAfter(ctx, 0, 9) },
		"Traces":       func(v *View) (any, error) { return v.Traces(ctx) },
		"Pending":      func(v *View) (any, error) { return v.Pending(ctx, 9) },
		"Events":       func(v *View) (any, error) { return v.Events(ctx, 1, 9) },
		"LastEvents": func(v *View) (any, error) {
			var out []Event
			return &out, v.LastEvents(ctx, func(e Event) error { out = append(out, e); return nil })
		},
		"ByIDs":  func(v *View) (any, error) { return v.ByIDs(ctx, ids) },
		"ByRows": func(v *View) (any, error) { return v.ByRows(ctx, rows) },
		"RowsOf": func(v *View) (any, error) { return v.RowsOf(ctx, ids) },
		"Whole": func(v *View) (any, error) {
			return records(func(fn func(*Record) error) error { return v.Whole(ctx, fn) })
		},
		"WholeByRows": func(v *View) (any, error) { return v.WholeByRows(ctx, rows) },
		"Jobs":        func(v *View) (any, error) { return v.Jobs(ctx, 9, h.now) },
		"RowsAfter":   func(v *View) (any, error) { return v.RowsAfter(ctx, 1, 9) },
		"AllRows":     func(v *View) (any, error) { return v.AllRows(ctx) },
		"Meta":        func(v *View) (any, error) { return v.Meta(ctx, "name") },
		"Count":       func(v *View) (any, error) { return v.Count(ctx) },
		"Outdated":    func(v *View) (any, error) { return v.Outdated(ctx, "other", "other", 0, 9) },
		"CountOutdated": func(v *View) (any, error) {
			left, total, err := v.CountOutdated(ctx, "other", "other")
			return []int{left, total}, err
		},
		"OtherSpaces": func(v *View) (any, error) { return v.OtherSpaces(ctx, "other", "other", 9) },
		"Match":       func(v *View) (any, error) { return v.Match(ctx, Query{Words: []string{"heron"}}) },
		"List": func(*View) (any, error) {
			page, total, err := h.List(ctx, Query{Filter: memory.Filter{Tags: []string{"bird"}}}, memory.SortNewest, nil, 5)
			return []any{page, total}, err
		},
		"Sessions":      func(v *View) (any, error) { return v.Sessions(ctx, memory.SessionFilter{Limit: 9}) },
		"Session":       func(v *View) (any, error) { s, ok, err := v.Session(ctx, "asked"); return []any{s, ok}, err },
		"SessionsByNum": func(v *View) (any, error) { return v.SessionsByNum(ctx, []int64{1, 2}) },
		"Marks":         func(v *View) (any, error) { seq, row, err := v.Marks(ctx); return []int64{seq, row}, err },
		"Touched":       func(v *View) (any, error) { return v.Touched(ctx, 0, TouchedVectors) },
		"TermsAfter": func(v *View) (any, error) {
			return records(func(fn func(*Record) error) error { return v.TermsAfter(ctx, 1, fn) })
		},
		"TermsByRows": func(v *View) (any, error) {
			return records(func(fn func(*Record) error) error { return v.TermsByRows(ctx, rows, fn) })
		},
		"Decided":       func(v *View) (any, error) { return v.Decided(ctx) },
		"LastVector":    func(v *View) (any, error) { return v.LastVector(ctx) },
		"VectorsByRows": func(v *View) (any, error) { return v.VectorsByRows(ctx, rows) },
		"Vectors": func(v *View) (any, error) {
			return numbers(func(fn func(int64) error) error { return v.Vectors(ctx, func(r VectorRef) error { return fn(r.Seq) }) })
		},
		"Integrity": func(v *View) (any, error) { damage, err := v.Integrity(ctx); return len(damage), err },
		"FullTextRows": func(v *View) (any, error) {
			return numbers(func(fn func(int64) error) error { return v.FullTextRows(ctx, fn) })
		},
		"JobRows": func(v *View) (any, error) {
			return numbers(func(fn func(int64) error) error { return v.JobRows(ctx, fn) })
		},
		"FullText": func(v *View) (any, error) {
			return numbers(func(fn func(int64) error) error {
				return v.FullText(ctx, func(row int64, _, _ string) error { return fn(row) })
			})
		},
		"Tags": func(v *View) (any, error) {
			return numbers(func(fn func(int64) error) error {
				return v.Tags(ctx, func(row int64, _ string) error { return fn(row) })
			})
		},
		"Settled": func(v *View) (any, error) { return v.Settled(ctx) },
	}
}

// TestReadsFail fails the n-th call of SQLite, for every n until a read comes through without, in each way in which it can:
// the read says so, and the next one gives what there is.
func TestReadsFail(t *testing.T) {
	h := hold(t)
	all := h.reads(t.Context())
	empty := []string{"Integrity"} // has nothing to tell
	for _, name := range slices.Sorted(maps.Keys(all)) {
		read := func() (got any, err error) {
			err = h.Snapshot(t.Context(), func(v *View) error { got, err = all[name](v); return err })
			return got, err
		}
		want, err := read()
		value := reflect.Indirect(reflect.ValueOf(want))
		if err != nil || value.IsZero() != slices.Contains(empty, name) || value.Kind() == reflect.Slice && value.Len() == 0 {
			t.Errorf("%s = %v, %v; want something", name, want, err)
			continue
		}
		for _, kind := range []fault{refused, damaged} {
			for n := 1; ; n++ {
				h.f.arm(kind, n)
				got, err := read()
				hit := h.f.lift()
				if hit == "" {
					if err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("%s = %v, %v after failures; want %v", name, got, err, want)
					}
					if n < 2 {
						t.Errorf("%s: nothing was %s", name, kind)
					}
					break
				}
				wantTold(t, name, hit, &h.opts, kind, err)
			}
		}
	}
}

// write is a change of one kind. Those of a list follow each other.
type write struct {
	name string
	do   func(tx *Tx) error
}

func (h *held) writes() []write {
	a, b, c, d, e := h.rows[0], h.rows[1], h.rows[2], h.rows[3], h.rows[4]
	id := a.Memory.ID
	fresh := record("fresh")
	again := *a
	again.Hash = []byte("changed")
	moved := *c
	moved.Hash = []byte("moved")
	permission := Permission{"new", "project", "q", "reader"}
	return []write{
		{"Insert", func(tx *Tx) error {
			tx.TouchSession(&fresh.Memory)
			return tx.Insert(fresh, &Words{Content: "w", Tags: []string{"x"}})
		}},
		{"Update", func(tx *Tx) error { return tx.Update(&again, &Words{Content: "changed", Tags: []string{"y"}}, false) }},
		{"Update what waits", func(tx *Tx) error { return tx.Update(&moved, &Words{Content: "moved"}, false) }},
		{"hide", func(tx *Tx) error { return tx.Update(a, nil, false) }},
		{"UpdateAttributes", func(tx *Tx) error { return tx.UpdateAttributes(&again) }},
		{"read and note", func(tx *Tx) error { return h.lookAround(tx) }},
		{"PutRequest", func(tx *Tx) error { return tx.PutRequest("s-2", id, true, h.now) }},
		{"PutJob", func(tx *Tx) error { return tx.PutJob(c.Row) }},
		{"DelayJob", func(tx *Tx) error { return tx.DelayJob(c.Memory.ID, h.now) }},
		{"DropJob", func(tx *Tx) error { return tx.DropJob(c.Row) }},
		{"AddUses", func(tx *Tx) error { return tx.AddUses(map[memory.ID]Use{id: {Count: 1, Last: h.now}}, nil) }},
		{"Audit", func(tx *Tx) error { return tx.Audit(memory.Audit{Action: "share", At: h.now}) }},
		{"Emit", func(tx *Tx) error {
			return tx.Emit(Event{At: h.now, Op: Update, Memory: id, Version: 2, Scope: scope.Shared, Team: "core"})
		}},
		{"PutCloudRow", func(tx *Tx) error { return tx.PutCloudRow(h.place, id, CloudRow{Version: 7}) }},
		{"ClearCloudOthers", func(tx *Tx) error { return tx.ClearCloudOthers(b.Memory.ID) }},
		{"CloudDone", func(tx *Tx) error {
			seq, err := tx.CloudWaiting(h.place, id)
			if err != nil {
				return err
			}
			return tx.CloudDone(h.place, id, seq)
		}},
		{"CloudArrived", func(tx *Tx) error { return tx.CloudArrived(b.Memory.ID, 0) }},
		{"PutPermission", func(tx *Tx) error { return tx.PutPermission(permission, h.now) }},
		{"DropPermission", func(tx *Tx) error { _, err := tx.DropPermission(permission); return err }},
		{"MendHash", func(tx *Tx) error { return errors.Join(tx.SetMeta("mended", []byte{}), tx.MendHash(a.Row)) }},
		{"PutMeasured", func(tx *Tx) error { return tx.PutMeasured(Measured{60, 180, []byte("n")}) }},
		{"DropMeasured", func(tx *Tx) error { return tx.DropMeasured(60, 180) }},
		{"PutLinks", func(tx *Tx) error { return tx.PutLinks([]Link{{A: a.Row, B: d.Row, Kind: Near, Weight: 1, At: h.now}}) }},
		{"DropTraces", func(tx *Tx) error { return tx.DropTraces([]int64{77}) }},
		{"PutSession", func(tx *Tx) error {
			_, err := tx.PutSession(&memory.Session{ID: "new", Open: true, LastAt: h.now})
			return err
		}},
		{"CloseSessions", func(tx *Tx) error { return tx.CloseSessions(h.now.Add(1e9)) }},
		{"TrimTouched", func(tx *Tx) error { return tx.TrimTouched(2) }},
		{"PutVectors", func(tx *Tx) error { return tx.PutVectors([]VectorRef{{Row: d.Row, Space: "mini", Sum: []byte("s")}}) }},
		{"DropVector", func(tx *Tx) error { return tx.DropVector(d.Row, "mini") }},
		{"DropVectors", func(tx *Tx) error { return tx.DropVectors(a.Row) }},
		{"LogTx", func(tx *Tx) error { return tx.LogTx([]byte("tx-2"), h.now) }},
		{"ForgetTx", func(tx *Tx) error { return tx.ForgetTx([][]byte{[]byte("tx-1"), []byte("tx-2")}) }},
		{"Delete", func(tx *Tx) error { return tx.Delete(a.Row, false) }},
		{"Delete what waits", func(tx *Tx) error { return tx.Delete(c.Row, false) }},
		{"DropWords", func(tx *Tx) error { return tx.DropWords(e.Row) }},
		{"PutWords", func(tx *Tx) error {
			return errors.Join(tx.SetMeta("put", []byte{}), tx.PutWords(e.Row, &Words{Content: "w"}))
		}},
		{"ClearFullText", func(tx *Tx) error { return tx.ClearFullText() }},
	}
}

// lookAround reads all that a request can read, and notes that it did.
func (h *held) lookAround(tx *Tx) error {
	a, c, e := h.rows[0], h.rows[2], h.rows[4]
	n := 0
	for _, step := range []func() (bool, error){
		func() (bool, error) { r, ok, err := tx.ByID(a.Memory.ID); return ok && r.Row == a.Row, err },
		func() (bool, error) { r, ok, err := tx.ByRow(c.Row); return ok && r.Row == c.Row, err },
		func() (bool, error) { _, ok, err := tx.ByRow(99); return !ok, err },
		func() (bool, error) {
			id, dup, ok, err := tx.Request("s-1")
			return ok && !dup && id == a.Memory.ID, err
		},
		func() (bool, error) {
			id, row, ok, err := tx.ActiveByHash([]byte("moved"))
			return ok && row == c.Row && id == c.Memory.ID, err
		},
		func() (bool, error) {
			_, row, ok, err := tx.ActiveByHash([]byte("changed"))
			return ok && row == a.Row, err
		},
		func() (bool, error) {
			id, ok, err := tx.GaveWay([]byte("stork"), a.Memory.ID)
			return ok && id == e.Memory.ID, err
		},
		func() (bool, error) { _, ok, err := tx.GaveWay([]byte("heron"), a.Memory.ID); return !ok, err },
		func() (bool, error) { data, ok, err := tx.Measured(60, 120); return ok && string(data) == "m", err },
		func() (bool, error) { refs, err := tx.VectorsOf(a.Row); return len(refs) == 1, err },
		func() (bool, error) { e, ok, err := tx.LastEvent(a.Memory.ID); return ok && e.Op == Create, err },
		func() (bool, error) { seq, err := tx.LastSeq(); return seq == 3, err },
		func() (bool, error) { seq, err := tx.CloudWaiting(h.place, c.Memory.ID); return seq == 0, err },
		func() (bool, error) { err := tx.EachTerms(func(*Record) error { n++; return nil }); return n == 6, err },
	} {
		if ok, err := step(); err != nil || !ok {
			return errors.Join(err, tx.SetMeta("looked", []byte("wrong")))
		}
	}
	return tx.SetMeta("looked", []byte("around"))
}

// TestWritesFail does to each change what TestReadsFail does to reads: whatever fails, the catalogue is as it was before, on
// record and in RAM, and the same change goes through afterwards.
func TestWritesFail(t *testing.T) {
	for _, kind := range []fault{refused, gaveUp, dropped, damaged} {
		t.Run(string(kind), func(t *testing.T) {
			h := hold(t)
			for _, w := range h.writes() {
				before := h.state(t)
				for n := 1; ; n++ {
					ran, applied, undone := 0, 0, 0
					h.f.arm(kind, n)
					err := h.Write(t.Context(), func(tx *Tx) error {
						ran++
						tx.After(func() { applied++ })
						tx.OnUndo(func() { undone++ })
						return w.do(tx)
					})
					hit := h.f.lift()
					after := h.state(t)
					changed := differences(before, after)
					if hit == "" {
						if err != nil || len(changed) == 0 || applied != 1 || undone != 0 {
							t.Errorf("%s after failures: %v; changed %v, done %d times, undone %d times", w.name, err, changed, applied, undone)
						}
						break
					}
					wantTold(t, w.name, hit, &h.opts, kind, err)
					if len(changed) > 0 || applied != 0 || undone != ran {
						t.Errorf("%s, %s: %s\nchanged %v, done %d times, undone %d times", w.name, kind, hit, changed, applied, undone)
					}
				}
			}
			if got, err := h.Meta(t.Context(), "looked"); err != nil || string(got) != "around" {
				t.Errorf("requests read what is not there: %q, %v", got, err)
			}
			if damage, err := h.Integrity(t.Context()); err != nil || len(damage) > 0 {
				t.Errorf("left behind: %v, %v", damage, err)
			}
		})
	}
}
