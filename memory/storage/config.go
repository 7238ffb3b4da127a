package storage

import (
	"context"
	"errors"

	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

// Config returns a live setting of the column family for settings; nil for one that was never put.
func (s *Store) Config(ctx context.Context, key string) ([]byte, error) {
	if err := errors.Join(ctx.Err(), s.usable()); err != nil {
		return nil, err
	}
	b, err := s.kv.Get(kv.Config, []byte(key))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	return b, kvError("read a live setting", err)
}

// PutConfig keeps a live setting; it survives power loss when PutConfig returns.
func (s *Store) PutConfig(ctx context.Context, key string, value []byte) error {
	if err := errors.Join(ctx.Err(), s.usable()); err != nil {
		return err
	}
	b := kv.NewBatch()
	b.Put(kv.Config, []byte(key), value)
	return kvError("write a live setting", s.kv.Write(b, true))
}
