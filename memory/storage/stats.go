package storage

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
	"github.com/elderzan/elderzan/scope"
)

// Stats implements memory.Reporter.
func (s *Store) Stats(ctx context.Context) (memory.Stats, error) {
	if err := s.usable(); err != nil {
		return memory.Stats{}, err
	}
	jobs, outbox, err := s.catalog.Queued(ctx)
	if err != nil {
		return memory.Stats{}, catalogError(err)
	}
	st := memory.Stats{
		ByScope: map[scope.Scope]int{}, ByState: map[memory.State]int{}, Pending: jobs, OutboxPending: outbox, IndexKind: s.vectors.kind().String(),
		SchemaVersion: catalog.SchemaVersion(), RecoveredTx: s.recovered, RecoveredSince: s.recoveredAt,
		Renewal: s.renewal.now(),
	}
	s.index.Each(func(sc scope.Scope, state memory.State, n int) {
		st.ByState[state] += n
		if state == memory.Active {
			st.ByScope[sc] += n
		}
	})
	for _, n := range s.spaces() {
		st.Vectors += n
	}
	if st.Bytes, err = folderBytes(s.opts.Dir); err != nil {
		return memory.Stats{}, fileError("measure the data folder", err)
	}
	st.OpenFindings, st.LastCheckedAt, err = s.lastCheck(ctx)
	return st, err
}

// Spaces implements memory.Reporter.
func (s *Store) Spaces() map[string]int {
	if s.usable() != nil {
		return map[string]int{}
	}
	return s.spaces()
}

// kind is that of the largest index.
func (v *vectorSet) kind() vector.Kind {
	kind, largest := vector.Flat, 0
	for _, x := range v.all() {
		if n := x.Len(); n > largest {
			kind, largest = x.Kind(), n
		}
	}
	return kind
}

// folderBytes adds up the files below dir. Files that come and go meanwhile are passed over.
func folderBytes(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				sum += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return sum, err
}
