package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// mendKeys makes a lost keys.json anew: the master key is the right one if it opens the database, and the database tells
// which generation it is. Keys of older generations are lost with the file.
func (s *Store) mendKeys(ctx context.Context) error {
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
	if err := keyring.Rebuild(ctx, keyring.Options{Dir: s.opts.Dir, Source: source}, generation); err != nil {
		return err
	}
	s.opts.Logger.Warn("keys.json was missing and is made anew", "generation", generation)
	return nil
}

func (s *Store) generationOnRecord(ctx context.Context, key security.Secret) (uint32, error) {
	if _, err := os.Stat(s.path(catalogFile)); errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	db, err := catalog.Open(ctx, catalog.Options{Path: s.path(catalogFile), Key: key, AuditKey: key, Words: s.recordWords})
	if err != nil {
		return 0, err
	}
	b, err := db.Meta(ctx, metaRenewed)
	if err := errors.Join(err, db.Close()); err != nil {
		return 0, err
	}
	if len(b) == 0 {
		return 1, nil
	}
	n, err := strconv.ParseUint(string(b), 10, 32)
	return uint32(n), err
}
