package catalog

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// expect returns an error unless got is want.
func expect(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: got %+v; want %+v", what, got, want)
	}
	return nil
}

// scenario uses everything that the catalogue offers once and checks what comes back.
func scenario(ctx context.Context, d *DB) error {
	a, b := record("alpha"), record("beta")
	b.Memory.Scope, b.Memory.Sensitive, b.Memory.Pinned, b.Memory.Overridden = scope.Private, true, true, true
	b.Memory.OccurredAt, b.Memory.ExpiresAt, b.Memory.Supersedes = b.Memory.CreatedAt.AddDate(0, 0, -1), b.Memory.CreatedAt.AddDate(1, 0, 0), a.Memory.ID
	now := time.UnixMilli(1_800_000_000_000).UTC()
	for _, step := range []func() error{
		func() error { return store(ctx, d, a, b, now) },
		func() error { return d.SettleWords(ctx) },
		func() error { return lookUp(ctx, d, a, b, now) },
		func() error { return list(ctx, d, a, b) },
		func() error { return verify(ctx, d, a, b) },
		func() error { return alter(ctx, d, a, b) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func store(ctx context.Context, d *DB, a, b *Record, now time.Time) error {
	return d.Write(ctx, func(tx *Tx) error {
		for _, m := range []*memory.Memory{&a.Memory, &b.Memory, {}} {
			tx.TouchSession(m)
		}
		return errors.Join(
			tx.Insert(a, &Words{Title: "title", Content: "alpha words", Labels: "red green", Tags: []string{"red", "green"}}), tx.Insert(b, nil),
			tx.PutJob(a.Row), tx.PutJob(b.Row), tx.DropJob(b.Row), tx.DelayJob(a.Memory.ID, now.Add(time.Hour)), tx.DelayJob("nobody", now),
			tx.PutRequest("key", a.Memory.ID, true, now), tx.PutRequest("", a.Memory.ID, true, now),
			tx.SetMeta("name", []byte("value")), tx.Audit(memory.Audit{Action: "remember", At: now, Subject: a.Memory.ID}),
			tx.Emit(Event{At: now, Op: Create, Memory: a.Memory.ID, Version: 1, Scope: scope.Global, Source: "here"}),
			tx.PutVectors([]VectorRef{{Row: a.Row, Space: "mini", Version: 1, Class: security.ClassStore, Sum: []byte("sum")}}), tx.PutVectors(nil),
			tx.LogTx([]byte("tx-1"), now), tx.LogTx([]byte("tx-2"), now),
			tx.AddUses(map[memory.ID]Use{a.Memory.ID: {Count: 2, Last: now}, "nobody": {Count: 1}, memory.NewID(): {Count: 1}}, nil),
		)
	})
}

func lookUp(ctx context.Context, d *DB, a, b *Record, now time.Time) error {
	byID, err1 := d.ByIDs(ctx, []memory.ID{a.Memory.ID, "nobody", memory.NewID()})
	byRow, err2 := d.ByRows(ctx, []int64{b.Row, 99})
	rows, err3 := d.RowsOf(ctx, []memory.ID{a.Memory.ID, b.Memory.ID, memory.NewID()})
	early, err4 := d.Jobs(ctx, 5, now)
	due, err5 := d.Jobs(ctx, 5, now.Add(2*time.Hour))
	value, err6 := d.Meta(ctx, "name")
	none, err7 := d.Meta(ctx, "no name")
	count, err8 := d.Count(ctx)
	decided, err9 := d.Decided(ctx)
	last, err10 := d.LastVector(ctx)
	refs, err11 := d.VectorsByRows(ctx, []int64{a.Row, b.Row})
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11); err != nil {
		return err
	}
	if len(byID) != 1 || len(byRow) != 1 || len(refs) != 1 || len(due) != 1 {
		return fmt.Errorf("found %d, %d, %d, %d; want one each", len(byID), len(byRow), len(refs), len(due))
	}
	return errors.Join(
		expect("memory by id", byID[0].Memory, a.Memory), expect("uses", byID[0].Uses, 2), expect("last used", byID[0].LastUsed, now),
		expect("memory by row", byRow[0].Memory, b.Memory), expect("body", string(byRow[0].Body), "beta"),
		expect("rows", rows, map[memory.ID]int64{a.Memory.ID: a.Row, b.Memory.ID: b.Row}),
		expect("jobs", len(early), 0), expect("due job", due[0].Row, a.Row), expect("meta", string(value), "value"), expect("no meta", value == nil || none != nil, false),
		expect("counts", count, Counts{ByScope: map[scope.Scope]int{scope.Project: 1, scope.Private: 1}, ByState: map[memory.State]int{memory.Active: 2}, Jobs: 1, Outbox: 1}),
		expect("decided", decided, [][]byte{[]byte("tx-1"), []byte("tx-2")}), expect("last vector", last, int64(1)), expect("vector", refs[0].Class, security.ClassStore),
	)
}

func list(ctx context.Context, d *DB, a, b *Record) error {
	f := memory.Filter{
		IDs: []memory.ID{a.Memory.ID, b.Memory.ID}, Scopes: []scope.Scope{scope.Project, scope.Private}, Projects: []string{"p"}, Kinds: []string{"note"},
		Sessions: []string{"s"}, Tags: []string{"red"}, States: []memory.State{memory.Active}, Since: b.Memory.OccurredAt, Until: a.Memory.CreatedAt.Add(time.Nanosecond),
	}
	q := Query{Filter: f, Words: []string{"alpha", "title"}, Else: []int64{b.Row}}
	var errs []error
	for sort, want := range map[memory.Sort][]int64{
		memory.SortNewest: {a.Row, b.Row}, memory.SortOldest: {b.Row, a.Row}, memory.SortUpdated: {b.Row, a.Row},
	} {
		page, total, err := d.List(ctx, q, sort, nil, 1)
		if err != nil || len(page) != 1 {
			return errors.Join(err, expect("page", len(page), 1))
		}
		rest, _, err := d.List(ctx, q, sort, &page[0], 5)
		if err != nil || len(rest) != 1 {
			return errors.Join(err, expect("rest", len(rest), 1))
		}
		errs = append(errs, expect("total", total, 2), expect(string(sort), []int64{page[0].Row, rest[0].Row}, want))
	}
	all, err := d.Match(ctx, q)
	return errors.Join(append(errs, err, expect("match", len(all), 2))...)
}

func verify(ctx context.Context, d *DB, a, b *Record) error {
	var rows, jobs, fts []int64
	var tags, terms []string
	var events []Event
	collect := func(dst *[]int64) func(int64) error {
		return func(row int64) error { *dst = append(*dst, row); return nil }
	}
	err := d.Snapshot(ctx, func(v *View) error {
		lines, err := v.Integrity(ctx)
		return errors.Join(err, expect("integrity", lines, []string(nil)),
			v.Whole(ctx, func(r *Record) error {
				rows = append(rows, r.Row)
				return errors.Join(expect("intact", r.Intact(), true), expect("terms", string(r.Lex), "lex"))
			}),
			v.Vectors(ctx, func(ref VectorRef) error { return expect("vector", ref.Row, a.Row) }),
			v.FullText(ctx, func(_ int64, column, term string) error { terms = append(terms, column+" "+term); return nil }),
			v.FullTextRows(ctx, collect(&fts)), v.JobRows(ctx, collect(&jobs)),
			v.Tags(ctx, func(_ int64, tag string) error { tags = append(tags, tag); return nil }),
			v.LastEvents(ctx, func(e Event) error { events = append(events, e); return nil }),
		)
	})
	stop := errors.New("stop")
	fail1 := func(int64) error { return stop }
	for name, err := range map[string]error{
		"Whole":   d.Whole(ctx, func(*Record) error { return stop }),
		"Vectors": d.Vectors(ctx, func(VectorRef) error { return stop }), "FullTextRows": d.FullTextRows(ctx, fail1),
		"FullText": d.FullText(ctx, func(int64, string, string) error { return stop }), "LastEvents": d.LastEvents(ctx, func(Event) error { return stop }),
		"Tags": d.Tags(ctx, func(int64, string) error { return stop }),
	} {
		if !errors.Is(err, stop) {
			return fmt.Errorf("%s: %w; want fn's error", name, err)
		}
	}
	return errors.Join(err, expect("rows", rows, []int64{a.Row, b.Row}), expect("job rows", jobs, []int64{a.Row}), expect("fts rows", fts, []int64{a.Row}),
		expect("tags", tags, []string{"green", "red"}), expect("events", len(events), 1),
		expect("terms", terms, []string{"content alpha", "tags green", "tags red", "title title", "content words"}))
}

func alter(ctx context.Context, d *DB, a, b *Record) error {
	return d.Write(ctx, func(tx *Tx) error {
		got, ok, err := tx.ByID(a.Memory.ID)
		if err := errors.Join(err, expect("found", ok, true)); err != nil {
			return err
		}
		_, absent, err1 := tx.ByID(memory.NewID())
		_, malformed, err2 := tx.ByID("nobody")
		id, row, twin, err3 := tx.ActiveByHash([]byte("alpha"))
		_, _, none, err4 := tx.ActiveByHash([]byte("none"))
		seen, duplicate, known, err5 := tx.Request("key")
		_, _, unknown, err6 := tx.Request("")
		ev, told, err7 := tx.LastEvent(a.Memory.ID)
		_, untold, err8 := tx.LastEvent("nobody")
		refs, err9 := tx.VectorsOf(a.Row)
		n := 0
		err10 := tx.EachTerms(func(*Record) error { n++; return nil })
		if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10,
			expect("absent", []bool{absent, malformed, none, unknown, untold}, make([]bool, 5)), expect("present", []bool{twin, known, duplicate, told}, []bool{true, true, true, true}),
			expect("ids", []memory.ID{id, seen, ev.Memory}, []memory.ID{a.Memory.ID, a.Memory.ID, a.Memory.ID}), expect("row", row, a.Row),
			expect("vectors", len(refs), 1), expect("each", n, 2)); err != nil {
			return err
		}
		got.Memory.Version, got.Memory.State = 2, memory.Archived
		return errors.Join(
			tx.UpdateAttributes(&got), tx.Update(&got, &Words{Content: "new"}, false), tx.DropVectors(a.Row), tx.ForgetTx([][]byte{[]byte("tx-1")}),
			tx.ClearFullText(), tx.PutWords(a.Row, &Words{Content: "again", Tags: []string{"blue"}}), tx.DropWords(a.Row), tx.Delete(b.Row, true), tx.Delete(a.Row, false))
	})
}

func TestScenario(t *testing.T) {
	if err := scenario(t.Context(), open(t, options(t))); err != nil {
		t.Error(err)
	}
}

// TestScenarioFails fails the n-th call of the engine, for every n until a run comes through without: the failure must
// reach the caller.
func TestScenarioFails(t *testing.T) {
	injected := errors.New("injected")
	for n := 1; ; n++ {
		left, failed := n, ""
		o := options(t)
		o.Fail = func(op string) error {
			switch op { // the writer's own business, which no caller hears of
			case "merge", "checkpoint", "expire requests":
				return nil
			}
			if left--; left == 0 {
				failed = op
				return injected
			}
			return nil
		}
		d, err := Open(t.Context(), withFolder(t, o))
		if err == nil {
			err = scenario(t.Context(), d)
			if cerr := d.Close(); cerr != nil {
				t.Errorf("%d. call (%s): Close: %v", n, failed, cerr)
			}
		}
		switch {
		case failed == "" && err == nil:
			if n < 80 {
				t.Errorf("only %d calls were failed", n-1)
			}
			return
		case failed == "rollback" || failed == "release" && err == nil:
		case err == nil && slices.Contains([]string{"settle words", "insert fts", "insert tag"}, failed): // an idle writer came first
		case !errors.Is(err, injected):
			t.Errorf("%d. call (%s): %v; want the injected failure", n, failed, err)
		}
		if n > 1000 {
			t.Fatal("no run comes to an end")
		}
	}
}

func withFolder(t *testing.T, o Options) Options {
	t.Helper()
	o.Path = t.TempDir() + "/c.db"
	return o
}
