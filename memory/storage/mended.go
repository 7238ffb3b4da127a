package storage

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// Mended is damage that was met on opening and mended there.
type Mended struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`   // the file or folder
	Detail string    `json:"detail"` // what was wrong and what was done; never a text
}

const (
	metaMended   = "mended" // the newest of them
	mendedKept   = 20
	actionMended = "mended" // in the audit log
)

// mendedAtStart notes that damage was mended. What is noted while the store opens is written down once it is open.
func (s *Store) mendedAtStart(what, detail string) {
	s.mendMu.Lock()
	defer s.mendMu.Unlock()
	if !slices.ContainsFunc(s.mended, func(m Mended) bool { return m.What == what && m.Detail == detail }) { // a second try meets it again
		s.mended = append(s.mended, Mended{At: s.opts.Now().UTC(), What: what, Detail: detail})
	}
}

// Mended lists what was mended when this store, or one of the same folder before it, was opened; the newest last. The caller owns
// the slice.
func (s *Store) Mended() []Mended {
	s.mendMu.Lock()
	defer s.mendMu.Unlock()
	return slices.Clone(s.mended)
}

// writeMended puts what was noted with what is on record, and into the audit log. That it cannot, such as on a full disk, is no reason not
// to open.
func (s *Store) writeMended(ctx context.Context) error {
	b, err := s.catalog.Meta(ctx, metaMended)
	if err != nil {
		return err
	}
	var before []Mended
	if len(b) > 0 && json.Unmarshal(b, &before) != nil {
		before = nil
	}
	s.mendMu.Lock()
	now := s.mended
	all := append(before, now...)
	s.mended = slices.Clone(all[max(0, len(all)-mendedKept):])
	kept := s.mended
	s.mendMu.Unlock()
	if len(now) == 0 {
		return nil
	}
	if b, err = json.Marshal(kept); err != nil {
		return err
	}
	err = s.catalog.Write(ctx, func(tx *catalog.Tx) error {
		for _, m := range now {
			a := memory.Audit{At: m.At, Action: actionMended, User: "elderzan", Client: "start", Reason: m.What + ": " + m.Detail}
			if err := tx.Audit(a); err != nil {
				return err
			}
		}
		return tx.SetMeta(metaMended, b)
	})
	if err != nil {
		s.opts.Logger.Warn("what was mended is not noted", "error", err)
	}
	return nil
}

// removeSnapshots drops what is saved of the indexes: they are made from the record.
func (s *Store) removeSnapshots() error {
	names, err := filepath.Glob(filepath.Join(s.path(vectorsDir), "*"))
	for _, name := range names {
		if err == nil {
			err = removeIfThere(name)
		}
	}
	return fileError("remove the saved indexes", err)
}
