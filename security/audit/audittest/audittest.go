// Package audittest has what tests of the audit log need: the suite that every audit.Storage passes, a Storage in
// memory, and one that tampers with what another returns.
package audittest

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/elderzan/elderzan/security/audit"
)

// Memory is a Storage that keeps a log in memory. The zero value is an empty log. It is safe for concurrent use.
type Memory struct {
	mu         sync.RWMutex
	entries    [][]byte
	tiles      map[audit.TileID][]byte
	checkpoint []byte
}

var _ audit.Storage = (*Memory)(nil)

// Checkpoint implements audit.Storage.
func (m *Memory) Checkpoint(context.Context) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return bytes.Clone(m.checkpoint), nil
}

// Entries implements audit.Storage.
func (m *Memory) Entries(_ context.Context, first, end int64, fn func(n int64, entry []byte) error) error {
	m.mu.RLock()
	entries := m.entries
	m.mu.RUnlock()
	for n := first; n < min(end, int64(len(entries))); n++ {
		if err := fn(n, entries[n]); err != nil {
			return err
		}
	}
	return nil
}

// Tile implements audit.Storage.
func (m *Memory) Tile(_ context.Context, id audit.TileID) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	data, ok := m.tiles[id]
	if !ok {
		return nil, fmt.Errorf("%w: tile %d of level %d", audit.ErrNotFound, id.Index, id.Level)
	}
	return bytes.Clone(data), nil
}

// Commit implements audit.Storage.
func (m *Memory) Commit(_ context.Context, b audit.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(b.Entries) > 0 && b.First != int64(len(m.entries)) {
		return fmt.Errorf("%w: there are %d entries", audit.ErrConflict, len(m.entries))
	}
	for _, e := range b.Entries {
		m.entries = append(m.entries, bytes.Clone(e))
	}
	if m.tiles == nil {
		m.tiles = map[audit.TileID][]byte{}
	}
	for _, t := range b.Tiles {
		m.tiles[t.TileID] = bytes.Clone(t.Data)
	}
	m.checkpoint = bytes.Clone(b.Checkpoint)
	return nil
}

// Tampered is a Storage that shows another one with changes, as somebody with access to its file could make them. A
// nil function changes nothing.
type Tampered struct {
	audit.Storage
	// AlterEntry returns what stands in entry n's place; nil for nothing.
	AlterEntry func(n int64, entry []byte) []byte
	// AlterTile returns what stands in the tile's place; nil for nothing.
	AlterTile func(id audit.TileID, data []byte) []byte
	// AlterCheckpoint returns what stands in the checkpoint's place; nil for nothing.
	AlterCheckpoint func(signed []byte) []byte
}

// Checkpoint implements audit.Storage.
func (s *Tampered) Checkpoint(ctx context.Context) ([]byte, error) {
	c, err := s.Storage.Checkpoint(ctx)
	if err == nil && s.AlterCheckpoint != nil {
		c = s.AlterCheckpoint(c)
	}
	return c, err
}

// Entries implements audit.Storage.
func (s *Tampered) Entries(ctx context.Context, first, end int64, fn func(n int64, entry []byte) error) error {
	return s.Storage.Entries(ctx, first, end, func(n int64, entry []byte) error {
		if s.AlterEntry != nil {
			if entry = s.AlterEntry(n, bytes.Clone(entry)); entry == nil {
				return nil
			}
		}
		return fn(n, entry)
	})
}

// Tile implements audit.Storage.
func (s *Tampered) Tile(ctx context.Context, id audit.TileID) ([]byte, error) {
	data, err := s.Storage.Tile(ctx, id)
	if err == nil && s.AlterTile != nil {
		if data = s.AlterTile(id, data); data == nil {
			return nil, audit.ErrNotFound
		}
	}
	return data, err
}
