package storage

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/security"
)

var _ memory.Store = (*Store)(nil)

// Store is an open hybrid store. It is safe for concurrent use.
type Store struct {
	opts     Options
	lock     *os.File
	catalog  *catalog.DB
	kv       *kv.DB
	index    *inverted.Index
	vectors  *vectorSet
	cold     coldSet
	txns     *manager
	keeper   *keeper
	scrubber *scrubber
	features features
	drafts   drafts
	uses     uses
	recent   *recent[*recentMemory]
	tokens   *recent[recentTokens]
	snaps    snapshots
	saving   sync.Mutex // one snapshot of the indexes at a time

	words      atomic.Int64   // memories changed in the inverted index since it was saved
	savedWords *inverted.Mark // what the snapshot of the words holds; nil where there is none

	source      string // of events
	generation  uint32 // of the keys below
	private     *security.Sealer
	hashKey     security.Secret
	patrol      *patrol
	renewal     *renewal
	checkpoints *auditKeys

	olderHashKeys    []security.Secret // that memories may still be hashed under while renewal is under way
	sqliteGeneration uint32            // of the key that the database is under
	cursorKey        security.Secret
	auditKey         func(generation uint32) (security.Secret, error)

	recovered   int
	recoveredAt time.Time

	mendMu   sync.Mutex
	mended   []Mended
	salvaged *Salvaged // see Store.Salvaged

	closing sync.Once
	closed  atomic.Bool
	result  error
}

// usable returns ErrClosed after Close.
func (s *Store) usable() error {
	if s.closed.Load() {
		return ErrClosed
	}
	return nil
}

// write runs fn in the writer's transaction.
func (s *Store) write(ctx context.Context, fn func(*catalog.Tx) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	return catalogError(s.catalog.Write(ctx, fn))
}
