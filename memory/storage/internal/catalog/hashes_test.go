package catalog

import (
	"errors"
	"testing"

	"github.com/elderzan/elderzan/memory"
)

// twin returns the row of the active memory with a hash, 0 for none.
func twin(t *testing.T, d *DB, hash string) (row int64) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *Tx) error {
		id, found, ok, err := tx.ActiveByHash([]byte(hash))
		if ok == (id == "") || ok == (found == 0) {
			t.Errorf("found %v: %q in row %d", ok, id, found)
		}
		row = found
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// TestHashes looks for a memory by its hash while the hash waits, when it is in the table, and after a start that finds
// it waiting.
func TestHashes(t *testing.T) {
	for name, settle := range map[string]func(t *testing.T, d *DB){
		"waiting": func(*testing.T, *DB) {},
		"settled": func(t *testing.T, d *DB) {
			if err := d.SettleWords(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"read again": func(t *testing.T, d *DB) {
			err := d.Exclusive(t.Context(), func() error { // what a start finds after a crash before anything was settled
				w := d.writer
				w.late, w.hashes = map[int64]*Words{}, lateHashes{}
				if err := w.exec("unsettle", `UPDATE counters SET n = 0 WHERE name = 'words'; DELETE FROM hashes`); err != nil {
					return err
				}
				return w.readSettled()
			})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, options(t))
			first := insert(t, d, "12345678 first", nil)
			second := insert(t, d, "12345678 second", nil)
			settle(t, d)
			if twin(t, d, "12345678 first") != first.Row || twin(t, d, "12345678 second") != second.Row || twin(t, d, "12345678 third") != 0 {
				t.Error("texts are not told apart by all of their hashes")
			}
			second.Hash, first.Memory.State = []byte("another"), memory.Forgotten
			refused := errors.New("refused")
			change := func(end error) error {
				return d.Write(t.Context(), func(tx *Tx) error {
					return errors.Join(tx.UpdateAttributes(second), tx.UpdateAttributes(first), end)
				})
			}
			if err := change(refused); !errors.Is(err, refused) {
				t.Fatal(err)
			}
			if twin(t, d, "12345678 first") != first.Row || twin(t, d, "12345678 second") != second.Row || twin(t, d, "another") != 0 {
				t.Error("what was undone is not as it was")
			}
			if err := change(nil); err != nil {
				t.Fatal(err)
			}
			if twin(t, d, "12345678 first") != 0 || twin(t, d, "12345678 second") != 0 || twin(t, d, "another") != second.Row {
				t.Error("what was changed is not found as it is")
			}
			err := d.Write(t.Context(), func(tx *Tx) error { return errors.Join(tx.Delete(second.Row, true), tx.Delete(first.Row, true)) })
			if err != nil || twin(t, d, "another") != 0 {
				t.Errorf("what was deleted is found: %v", err)
			}
			if err := d.SettleWords(t.Context()); err != nil {
				t.Fatal(err)
			}
			err = d.Hashes(t.Context(), func(row int64, _ bool) error {
				t.Errorf("a hash of row %d is left", row)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// An archived memory is not known by its text, whatever hash an older version left it with; once it is back, it is.
func TestHashesOfTheArchive(t *testing.T) {
	d := open(t, options(t))
	r := record("12345678 one")
	r.Memory.State = memory.Archived
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Insert(r, nil) }); err != nil {
		t.Fatal(err)
	}
	insert(t, d, "another", &Words{Content: "another"})
	if err := d.SettleWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := func() (n int) {
		t.Helper()
		if err := d.Hashes(t.Context(), func(row int64, fits bool) error {
			if row == r.Row && fits {
				n++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, tc := range []struct {
		state memory.State
		hash  string
		want  int
	}{
		{memory.Active, "12345678 one", 1}, {memory.Archived, "12345678 one", 0}, {memory.Archived, "", 0}, {memory.Superseded, "12345678 two", 1}, {memory.Active, "12345678 two", 1},
	} {
		r.Memory.State, r.Hash = tc.state, []byte(tc.hash)
		if err := d.Write(t.Context(), func(tx *Tx) error { return tx.UpdateAttributes(r) }); err != nil {
			t.Fatal(err)
		}
		if n := held(); n != tc.want || (twin(t, d, tc.hash) == r.Row) != (tc.state == memory.Active) {
			t.Errorf("%s, %q: %d hashes; want %d", tc.state, tc.hash, n, tc.want)
		}
	}
}

// TestHashesOfABatchThatFails undoes requests that built on each other: nothing may be left of them.
func TestHashesOfABatchThatFails(t *testing.T) {
	d := open(t, options(t))
	kept := insert(t, d, "kept", nil)
	err := d.Exclusive(t.Context(), func() error { // the writer's goroutine, with nothing under way
		added := record("added")
		batch := []*request{
			{run: func(tx *Tx) error { return tx.Insert(added, nil) }},
			{run: func(tx *Tx) error { return errors.Join(tx.Delete(added.Row, true), tx.Delete(kept.Row, true)) }},
			{run: func(*Tx) error { return memory.ErrFull }}, // which ends the transaction
		}
		if d.writer.attempt(batch) {
			t.Error("the transaction was not given up")
		}
		if left := d.writer.hashes; len(left.rows) != 1 || len(left.prefix) != 1 || left.prefix[kept.Row] != "kept" {
			t.Errorf("left: %v", left)
		}
		return nil
	})
	if err != nil || twin(t, d, "kept") != kept.Row {
		t.Errorf("what was there is not found: %v", err)
	}
}
