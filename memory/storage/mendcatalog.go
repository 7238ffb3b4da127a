package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/security/keyring"
)

// Salvaged says what could be taken over of a damaged database.
type Salvaged = catalog.Salvaged

// SalvageError says that the database is damaged, and that what can be read of it is less than it held. It wraps a *memory.CorruptError.
type SalvageError struct {
	Found Salvaged // what would be taken over
	Err   error    // the damage
}

// Error names what would be lost, and both ways out.
func (e *SalvageError) Error() string {
	return fmt.Sprintf("sqlite is damaged: %s; of it %s; nothing was changed; bring a backup back: `elderzan restore --replace`, or give up the rest: `elderzan doctor --repair --salvage`",
		damageOf(e.Err), e.Found.String())
}

// Unwrap gives the damage.
func (e *SalvageError) Unwrap() error { return e.Err }

// mendCatalog has the database, which was opened with the result err, be whole: what can be read of one that is damaged takes its place.
// Where more than derived data is lost that needs Options.Salvage. One that opens is read through, since what it does not read
// then may keep the store closed later.
func (s *Store) mendCatalog(ctx context.Context, ring *keyring.Keyring, o catalog.Options, err error) error {
	if err == nil {
		err = s.readCatalog(ctx)
	}
	if err == nil || !catalog.IsDamage(err) {
		return err
	}
	if s.catalog != nil {
		if cerr := s.catalog.Close(); cerr != nil {
			s.opts.Logger.Warn("the database, which is damaged, does not close", "error", cerr)
		}
		s.catalog = nil
	}
	if _, serr := os.Stat(s.path(catalogFile)); serr != nil { // there is nothing to read
		return err
	}
	found, serr := s.salvageCatalog(ctx, ring, o)
	switch {
	case errors.Is(serr, catalog.ErrNoPage):
		return &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("%s; %w: it is the database of another folder, or its beginning is lost, and nothing can be taken over; nothing was changed", damageOf(err), serr)}
	case serr != nil:
		return serr
	case !found.Whole() && !s.opts.Salvage:
		return errors.Join(&SalvageError{Found: found, Err: err}, catalog.DropSalvaged(s.path(catalogFile)))
	}
	s.step(StepSQLiteSalvaged)
	s.opts.Logger.Error("the database was damaged; what can be read of it takes its place", "salvaged", found.String(), "lost", found.Lost)
	if err := s.placeSalvaged(err); err != nil {
		return err
	}
	s.mendedAtStart(catalogFile, "salvaged: "+found.String())
	s.salvaged = &found
	return s.openUnderAny(ctx, ring, o)
}

// readCatalog reads everything in the database and returns what is damaged.
func (s *Store) readCatalog(ctx context.Context) error {
	damaged := func(detail string) error {
		return &memory.CorruptError{Engine: "sqlite", Err: errors.New(detail)}
	}
	bad := 0
	for page := int64(1); page > 0; {
		some, next, err := s.catalog.CheckPages(ctx, page, patrolPages)
		if err != nil {
			return err
		}
		bad, page = bad+len(some), next
	}
	if bad > 0 {
		return damaged(fmt.Sprintf("%d pages do not authenticate", bad))
	}
	lines, err := s.catalog.Integrity(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(lines, ofRecord); i >= 0 {
		return damaged(lines[i])
	}
	return nil
}

// salvageCatalog tries the keys of every generation, the newest first, as openUnderAny does.
func (s *Store) salvageCatalog(ctx context.Context, ring *keyring.Keyring, o catalog.Options) (found Salvaged, err error) {
	generations := ring.Generations()
	slices.Reverse(generations)
	for _, g := range generations {
		if o.Key, err = ring.KeyAt(keyring.SQLite, g); err != nil {
			return found, err
		}
		if found, err = catalog.Salvage(ctx, o, s.opts.Now()); !errors.Is(err, catalog.ErrNoPage) {
			return found, err
		}
	}
	return found, err
}

// placeSalvaged moves the damaged database out of the way and the salvaged one in its place. Where that was begun by a process that
// died, why is nil.
func (s *Store) placeSalvaged(why error) error {
	aside := s.aside(catalogFile)
	if why != nil {
		if err := s.setAside(catalogFile, why); err != nil {
			return err
		}
	}
	s.step(StepSQLiteAside)
	// The log is the damaged one's: with the other it would be taken for that one's.
	for _, suffix := range []string{catalog.LogSuffix, "-shm"} {
		if err := os.Rename(s.path(catalogFile)+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError("set the log of the database aside", err)
		}
	}
	if err := s.removeSnapshots(); err != nil {
		return err
	}
	if err := errors.Join(syncFolder(s.opts.Dir), os.Rename(s.path(catalogFile)+catalog.SalvageSuffix, s.path(catalogFile)), syncFolder(s.opts.Dir)); err != nil {
		return fileError("put what is left of the database in place", err)
	}
	s.step(StepSQLitePlaced)
	return nil
}

// finishSalvage goes on where a process died that had moved a damaged database away: what it salvaged was complete.
func (s *Store) finishSalvage() error {
	_, there := os.Lstat(s.path(catalogFile))
	_, ready := os.Lstat(s.path(catalogFile) + catalog.SalvageSuffix)
	if !errors.Is(there, fs.ErrNotExist) || ready != nil {
		return nil
	}
	s.opts.Logger.Warn("a salvage of the database is finished that was interrupted")
	return s.placeSalvaged(nil)
}

// tellStrays notes how many vectors RocksDB holds of memories that were lost with the database.
func (s *Store) tellStrays(ctx context.Context) error {
	if s.salvaged == nil {
		return nil
	}
	rows, err := s.catalog.AllRows(ctx)
	if err != nil {
		return err
	}
	strays := 0
	err = s.kv.ScanKeys(kv.Vectors, nil, func(key []byte) error {
		if row, _, ok := parseVectorKey(key); ok {
			if _, there := slices.BinarySearch(rows, row); !there {
				strays++
			}
		}
		return ctx.Err()
	})
	if err == nil && strays > 0 {
		s.mendedAtStart(kvDir, fmt.Sprintf("%d vectors are there of memories that were lost; repair removes them", strays))
	}
	return kvError("read vectors", err)
}

// Salvaged returns what was taken over of a damaged database when this store was opened; nil where none was.
func (s *Store) Salvaged() *Salvaged { return s.salvaged }
