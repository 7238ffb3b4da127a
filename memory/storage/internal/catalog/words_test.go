package catalog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// inFullText lists the rows that the full-text table finds by word.
func inFullText(t *testing.T, d *DB, word string) []int64 {
	t.Helper()
	found, _, err := d.List(t.Context(), Query{Words: []string{word}}, memory.SortOldest, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	var rows []int64
	for _, o := range found {
		rows = append(rows, o.Row)
	}
	return rows
}

// TestLateWords changes memories whose words wait: what is settled is what they became.
func TestLateWords(t *testing.T) {
	d := open(t, options(t))
	early := insert(t, d, "early", &Words{Content: "heron", Tags: []string{"bird"}})
	if err := d.SettleWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := map[string]*Record{}
	for _, name := range []string{"kept", "changed", "purged", "hidden", "shown", "dropped"} {
		r := record(name)
		words := &Words{Content: "heron " + name, Tags: []string{"bird"}}
		if name == "shown" {
			r.Memory.Scope, words = scope.Private, nil
		}
		if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Insert(r, words) }); err != nil {
			t.Fatal(err)
		}
		rows[name] = r
	}
	if got := inFullText(t, d, "heron"); len(got) != 1 || d.Settled() != early.Row {
		t.Errorf("rows %v are in full text, settled up to %d; want only %d", got, d.Settled(), early.Row)
	}
	undone := errors.New("undone")
	err := d.Write(t.Context(), func(tx *Tx) error {
		return errors.Join(tx.Update(rows["kept"], &Words{Content: "swan"}, false), undone)
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), func(tx *Tx) error {
		hidden, shown := rows["hidden"], rows["shown"]
		hidden.Memory.Scope, shown.Memory.Scope = scope.Private, scope.Project
		return errors.Join(
			tx.Update(rows["changed"], &Words{Content: "crane"}, false), tx.Delete(rows["purged"].Row, false), tx.Update(hidden, nil, false),
			tx.Update(shown, &Words{Content: "heron"}, true), tx.PutWords(rows["kept"].Row, &Words{Content: "heron again"}), tx.DropWords(rows["dropped"].Row))
	})
	if err := errors.Join(err, d.SettleWords(t.Context())); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint([]int64{early.Row, rows["kept"].Row, rows["shown"].Row})
	if got := inFullText(t, d, "heron"); fmt.Sprint(got) != want {
		t.Errorf("rows %v hold the word; want %s", got, want)
	}
	if got := inFullText(t, d, "crane"); len(got) != 1 || got[0] != rows["changed"].Row {
		t.Errorf("rows %v hold the new word; want %d", got, rows["changed"].Row)
	}
	if len(d.writer.late) != 0 {
		t.Errorf("%d rows still wait", len(d.writer.late))
	}
}

// TestLateWordsAfterOpening opens a database in which words wait: they are made anew from the record.
func TestLateWordsAfterOpening(t *testing.T) {
	o := options(t)
	o.Words = func(r *Record) (*Words, error) {
		if strings.Contains(string(r.Body), "damaged") {
			return nil, errors.New("damaged")
		}
		return &Words{Content: string(r.Body), Tags: []string{"t"}}, nil
	}
	o.Fail = func(op string) error {
		if op == "settle words" {
			return errors.New("killed before they were settled")
		}
		return nil
	}
	d := open(t, o)
	for i := range settleSize + 10 {
		insert(t, d, fmt.Sprint("n", i), &Words{Content: fmt.Sprint("n", i)})
	}
	insert(t, d, "damaged", &Words{Content: "damaged"})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	o.Fail = nil
	d = open(t, o)
	if d.Settled() != 0 {
		t.Errorf("settled up to %d before anything was", d.Settled())
	}
	if err := d.SettleWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]int{"n0": 1, fmt.Sprint("n", settleSize+9): 1, "damaged": 0} {
		if got := inFullText(t, d, word); len(got) != want {
			t.Errorf("%q is found in %v; want %d rows", word, got, want)
		}
	}
	settled := int64(0)
	err := d.Snapshot(t.Context(), func(v *View) (err error) { settled, err = v.Settled(t.Context()); return err })
	if err != nil || settled != d.Settled() || settled != settleSize+11 {
		t.Errorf("settled up to %d on record, %d in RAM, %v; want %d", settled, d.Settled(), err, settleSize+11)
	}
}

// TestRequestHash wants keys of one session side by side, and no two keys taken for one another.
func TestRequestHash(t *testing.T) {
	keys := []string{"s-1", "s-2", "s-10", "s-01", "s-", "s", "t-1", "s-18446744073709551615", "s-18446744073709551616", "s--1", "1"}
	seen := map[string]string{}
	for _, k := range keys {
		h := string(requestHash(k))
		if other, ok := seen[h]; ok {
			t.Errorf("%q and %q have one hash", k, other)
		}
		seen[h] = k
	}
	one, two, ten := string(requestHash("s-1")), string(requestHash("s-2")), string(requestHash("s-10"))
	if one >= two || two >= ten || one[:SumSize] != ten[:SumSize] {
		t.Error("the requests of a session do not follow each other")
	}
}

// While the whole index is merged, words wait, and are settled afterwards.
func TestWordsWaitForMerge(t *testing.T) {
	d := open(t, options(t))
	d.writer.whole.Add(1)
	for i := range lateWords + 10 {
		insert(t, d, fmt.Sprint(i), &Words{Content: "w"})
	}
	if n := d.Settled(); n != 0 {
		t.Errorf("%d rows were settled meanwhile", n)
	}
	d.writer.whole.Add(-1)
	insert(t, d, "one more", &Words{Content: "w"})
	if err := d.Exclusive(t.Context(), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n := d.Settled(); n < lateWords {
		t.Errorf("%d rows were settled afterwards; want all", n)
	}
}

// However many segments there are, they become few again while requests keep coming.
func TestManySegments(t *testing.T) {
	const many = 400
	d := open(t, options(t))
	segments := func() (n int) {
		t.Helper()
		err := d.Exclusive(t.Context(), func() error {
			n = d.writer.segmentCount()
			var truth int
			err := d.writer.conn.QueryRowContext(t.Context(), `SELECT count(DISTINCT segid) FROM fts_idx`).Scan(&truth)
			if n != truth {
				t.Errorf("counted %d segments; there are %d", n, truth)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range many {
		err := d.Write(t.Context(), func(tx *Tx) error { return tx.PutWords(int64(i)-many, &Words{Content: fmt.Sprint("w", i%7, " v", i)}) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := segments(); n != many {
		t.Fatalf("%d segments; want %d", n, many)
	}
	for i := range 4 * mergeAfter {
		insert(t, d, fmt.Sprint(i), &Words{Content: "w"})
		if err := d.SettleWords(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := segments(); n > 2*mergeAfter {
		t.Errorf("%d segments are left", n)
	}
}
