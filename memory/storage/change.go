package storage

import (
	"bytes"
	"context"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// Change implements memory.Writer. edit runs on the writer's goroutine while other writers wait: it must be short and
// must not call the store's writing methods. It is called again, with the memory read anew, when an engine had to give
// up the transaction that it ran in. Id, version and time of creation stay as they are whatever edit does. A change
// that would make the text that of another active memory of the project is an *memory.InputError.
func (s *Store) Change(ctx context.Context, id memory.ID, requestKey string, edit memory.Edit) (memory.Memory, error) {
	return s.change(ctx, id, requestKey, edit, nil)
}

// change also runs with, where it is not nil, in the transaction.
func (s *Store) change(ctx context.Context, id memory.ID, requestKey string, edit memory.Edit, with func(*catalog.Tx) error) (memory.Memory, error) {
	var out memory.Memory
	err := s.write(ctx, func(tx *catalog.Tx) error {
		done, _, ok, err := tx.Request(requestKey)
		if err != nil {
			return err
		}
		if ok {
			out, err = s.current(tx, done)
			return err
		}
		r, ok, err := tx.ByID(id)
		switch {
		case err != nil:
			return err
		case !ok:
			return &memory.NotFoundError{IDs: []memory.ID{id}}
		}
		before, err := s.open(&r)
		if err != nil {
			return err
		}
		if out, err = s.open(&r); err != nil { // a copy that shares nothing with before
			return err
		}
		audit, err := edit(&out)
		if err != nil {
			return err
		}
		if err := s.revise(tx, &r, &before, &out); err != nil {
			return err
		}
		if with != nil {
			if err := with(tx); err != nil {
				return err
			}
		}
		if audit.Subject == "" {
			audit.Subject = id
		}
		s.stamp(&audit)
		if err := tx.Audit(audit); err != nil {
			return err
		}
		return tx.PutRequest(requestKey, id, false, s.opts.Now())
	})
	if err != nil {
		return memory.Memory{}, err
	}
	return out, nil
}

// revise stores after, as the next version, in place of before, which is the memory of r, and does all that follows
// from the difference: words, job, vectors, events, indexes.
func (s *Store) revise(tx *catalog.Tx, r *catalog.Record, before, after *memory.Memory) error {
	after.ID, after.CreatedAt, after.Version = before.ID, before.CreatedAt, before.Version+1
	if !after.Scope.Valid() {
		return &memory.InputError{Field: "scope", Problem: "is not decided", Hint: "use PRIVATE, PROJECT, SHARED or GLOBAL"}
	}
	s.normalize(after)
	textVersion := r.TextVersion
	newText := before.EmbeddingText() != after.EmbeddingText()
	if newText {
		textVersion = after.Version
	}
	known, err := s.knownLex(r, before, after)
	if err != nil {
		return err
	}
	d, err := s.draft(after, textVersion, known)
	if err != nil {
		return err
	}
	d.record.Row = r.Row
	if err := s.refuseTwin(tx, &d.record, after.Content); err != nil {
		return err
	}
	if known != nil && before.Scope.Sealed() == after.Scope.Sealed() && inFullText(before) == inFullText(after) {
		err = tx.UpdateAttributes(&d.record)
	} else {
		err = tx.Update(&d.record, d.words, inFullText(before))
	}
	if err != nil {
		return err
	}
	if err := s.changed(tx, before, after); err != nil {
		return err
	}
	if before.State != after.State {
		if err := tx.TellNear(r.Row); err != nil {
			return err
		}
	}
	doc := d.doc(r.Row)
	tx.After(func() { s.putWords(doc) })
	var t txn
	switch {
	case newText:
		if err := s.dropVectors(tx, &t, r.Row); err != nil {
			return err
		}
		if err := tx.PutJob(r.Row); err != nil {
			return err
		}
	case vectorClass(before) != vectorClass(after) || (before.State == memory.Archived) != (after.State == memory.Archived):
		if err := s.moveVectors(tx, &t, r.Row, after); err != nil {
			return err
		}
	}
	return s.txns.prepare(tx, &t)
}

// knownLex returns the terms of r if they are those of after too.
func (s *Store) knownLex(r *catalog.Record, before, after *memory.Memory) (*lex, error) {
	was, err := encodeBody(before)
	if err != nil {
		return nil, err
	}
	is, err := encodeBody(after)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(was, is) {
		return nil, nil
	}
	l, err := s.openLex(r)
	return &l, err
}

// refuseTwin returns an error if another active memory holds the text of r.
func (s *Store) refuseTwin(tx *catalog.Tx, r *catalog.Record, content string) error {
	if r.Memory.State != memory.Active {
		return nil
	}
	id, row, ok, err := s.twin(tx, r, content)
	if err != nil || !ok || row == r.Row {
		return err
	}
	return &memory.InputError{Field: "content", Problem: "would be that of memory " + string(id) + ", which is active in the same project",
		Hint: "forget one of the two, or let one supersede the other"}
}

// Purge implements memory.Writer: it removes the memories from every engine, as one transaction, with an audit entry
// for each. What the same request has purged before counts as done. With a *memory.NotFoundError nothing has changed.
func (s *Store) Purge(ctx context.Context, ids []memory.ID, requestKey string, audit memory.Audit) error {
	_, err := s.purgeThose(ctx, ids, requestKey, audit, nil)
	return err
}

// PurgeForgotten implements memory.Ager: what was restored since it was found stays.
func (s *Store) PurgeForgotten(ctx context.Context, ids []memory.ID, before time.Time, audit memory.Audit) (int, error) {
	return s.purgeThose(ctx, ids, "", audit, func(m *memory.Memory) bool {
		return m.State == memory.Forgotten && m.ForgottenAt.Before(before)
	})
}

// purgeThose is Purge. With due, memories that it refuses, and those that are not there, are passed over.
func (s *Store) purgeThose(ctx context.Context, ids []memory.ID, requestKey string, audit memory.Audit, due func(*memory.Memory) bool) (purged int, err error) {
	ids = distinct(ids)
	err = s.write(ctx, func(tx *catalog.Tx) error {
		var t txn
		var missing []memory.ID
		purged = 0
		for _, id := range ids {
			r, ok, err := tx.ByID(id)
			if err != nil {
				return err
			}
			if due != nil && (!ok || !due(&r.Memory)) {
				continue
			}
			if !ok {
				_, _, done, err := tx.Request(memory.RequestKeyOf(requestKey, id))
				if err != nil {
					return err
				}
				if !done {
					missing = append(missing, id)
				}
				continue
			}
			if err := s.purge(tx, &t, &r, audit); err != nil {
				return err
			}
			if err := tx.PutRequest(memory.RequestKeyOf(requestKey, id), id, false, s.opts.Now()); err != nil {
				return err
			}
			purged++
		}
		if len(missing) > 0 {
			return &memory.NotFoundError{IDs: missing}
		}
		return s.txns.prepare(tx, &t)
	})
	if err != nil {
		return 0, err
	}
	return purged, nil
}

func (s *Store) purge(tx *catalog.Tx, t *txn, r *catalog.Record, audit memory.Audit) error {
	if err := s.changed(tx, &r.Memory, nil); err != nil {
		return err
	}
	if err := tx.TellNear(r.Row); err != nil {
		return err
	}
	audit.Subject = r.Memory.ID
	if audit.From == 0 {
		audit.From = r.Memory.Scope
	}
	s.stamp(&audit)
	if err := tx.Audit(audit); err != nil {
		return err
	}
	if err := s.dropVectors(tx, t, r.Row); err != nil {
		return err
	}
	row := r.Row
	tx.After(func() { s.dropWords(row); s.scrubber.wake() })
	if err := tx.NoteTrace(row); err != nil {
		return err
	}
	return tx.Delete(row, r.Memory.Scope.Sealed())
}

// Note implements memory.Writer.
func (s *Store) Note(ctx context.Context, audit memory.Audit) error {
	s.stamp(&audit)
	return s.write(ctx, func(tx *catalog.Tx) error { return tx.Audit(audit) })
}

func distinct(ids []memory.ID) []memory.ID {
	seen := make(map[memory.ID]bool, len(ids))
	out := make([]memory.ID, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
