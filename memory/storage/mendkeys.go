package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// mendKeys makes a lost or damaged keys.json anew: the master key is the right one if it opens the database, and the database tells
// which generation it is. Keys of older generations are lost with the file.
func (s *Store) mendKeys(ctx context.Context, why error) error {
	temp, err := os.MkdirTemp(s.opts.Dir, "keys-")
	if err != nil {
		return fileError("make a folder", err)
	}
	defer os.RemoveAll(temp)
	source := s.opts.KeySource
	if source == nil {
		source = keyring.NewFileSource(s.opts.Dir)
	}
	if err := keyring.Rebuild(ctx, keyring.Options{Dir: temp, Source: source}, 1); err != nil {
		return err
	}
	ring, err := keyring.Open(ctx, keyring.Options{Dir: temp, Source: source})
	if err != nil {
		return err
	}
	defer ring.Close()
	key, err := ring.Key(keyring.SQLite)
	if err != nil {
		return err
	}
	generation, err := s.generationOnRecord(ctx, key)
	if err != nil {
		return fmt.Errorf("%w: it does not open the database, so keys.json cannot be made anew from it; nothing was changed; restore keys.json from a backup", errors.Join(keyring.ErrWrongKey, err))
	}
	if err := s.setAside(keyring.CheckFileName, why); err != nil {
		return err
	}
	return keyring.Rebuild(ctx, keyring.Options{Dir: s.opts.Dir, Source: source}, generation)
}

func (s *Store) generationOnRecord(ctx context.Context, key security.Secret) (uint32, error) {
	if _, err := os.Stat(s.path(catalogFile)); errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	db, err := catalog.Open(ctx, catalog.Options{Path: s.path(catalogFile), Key: key, AuditKey: key, Words: s.recordWords})
	if err != nil {
		return 0, err
	}
	done, err := db.Meta(ctx, metaRenewed)
	under, uerr := db.Meta(ctx, metaRenewing) // newer where a renewal is under way
	if err := errors.Join(err, uerr, db.Close()); err != nil {
		return 0, err
	}
	generation := uint64(1)
	if len(done) > 0 {
		if generation, err = strconv.ParseUint(string(done), 10, 32); err != nil {
			return 0, err
		}
	}
	var now renewed
	if len(under) > 0 && json.Unmarshal(under, &now) == nil {
		generation = max(generation, uint64(now.Generation))
	}
	return uint32(generation), nil
}
