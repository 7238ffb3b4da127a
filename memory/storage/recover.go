package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

// recover settles the transactions that were under way when the store was last closed or killed: an intent whose id
// SQLite knows is finished, any other is undone. Doing it twice, or dying in between, does no harm.
func (s *Store) recover(ctx context.Context) error {
	decided, err := s.catalog.Decided(ctx)
	if err != nil {
		return err
	}
	known := make(map[txID]bool, len(decided))
	for _, id := range decided {
		known[txID(append(make([]byte, len(txID{})), id...)[len(id):])] = true
	}
	intents, strays, err := s.readIntents()
	if err != nil {
		return err
	}
	for _, in := range intents {
		if known[in.id] {
			s.step(StepRecoverFinish)
			err = s.finishIntent(in)
		} else {
			s.step(StepRecoverUndo)
			b := kv.NewBatch()
			in.drop(b)
			err = kvError("undo a transaction", s.kv.Write(b, false))
		}
		if err != nil {
			return err
		}
		s.recovered++
	}
	if err := s.dropStrays(strays); err != nil {
		return err
	}
	if s.recovered > 0 {
		s.recoveredAt = s.opts.Now()
		s.opts.Logger.Info("transactions settled", "count", s.recovered)
	}
	return s.forgetDecided(ctx, decided)
}

// forgetDecided drops the decisions once RocksDB is sure to need none of them.
func (s *Store) forgetDecided(ctx context.Context, decided [][]byte) error {
	if len(decided) == 0 {
		return nil
	}
	if err := s.kv.Sync(); err != nil {
		return kvError("sync", err)
	}
	s.step(StepRecovered)
	return s.catalog.Write(ctx, func(tx *catalog.Tx) error { return tx.ForgetTx(decided) })
}

// readIntents reads the intents in the order of their preparation, and the keys of values that no intent owns.
func (s *Store) readIntents() (intents []*intent, strays [][]byte, err error) {
	owned := map[string]bool{}
	var keys [][]byte
	err = s.kv.ScanKeys(kv.Intents, nil, func(key []byte) error {
		keys = append(keys, slices.Clone(key))
		return nil
	})
	if err != nil {
		return nil, nil, kvError("read intents", err)
	}
	for _, key := range keys {
		if len(key) != len(txID{}) {
			continue
		}
		b, err := s.kv.Get(kv.Intents, key)
		if err != nil {
			return nil, nil, kvError("read intent", err)
		}
		in, err := decodeIntent(txID(key), b)
		if err != nil {
			return nil, nil, &memory.CorruptError{Engine: "rocksdb", Err: fmt.Errorf("intent %x: %w", key, err)}
		}
		intents = append(intents, in)
		for n := range in.ops {
			owned[string(in.valueKey(n))] = true
		}
	}
	for _, key := range keys {
		if len(key) != len(txID{}) && !owned[string(key)] {
			strays = append(strays, key)
		}
	}
	slices.SortFunc(intents, func(a, b *intent) int { return bytes.Compare(a.id[:], b.id[:]) })
	return intents, strays, nil
}

// finishIntent moves the values of a decided intent in place. One that is lost to damage is a vector that is missing, once somebody
// has asked for repair: then the checker has it embedded anew.
func (s *Store) finishIntent(in *intent) error {
	const step = "finish a transaction"
	for n := range in.ops {
		op := &in.ops[n]
		if op.class == 0 {
			continue
		}
		value, err := s.kv.Get(kv.Intents, in.valueKey(n))
		switch {
		case errors.Is(err, kv.ErrNotFound) && s.opts.Mend:
			s.opts.Logger.Warn("a vector that was decided on is lost and will be made anew")
			op.class = 0 // what is there is an older one
		case errors.Is(err, kv.ErrNotFound):
			return &memory.CorruptError{Engine: "rocksdb", Err: fmt.Errorf("%s: intent %x: a value is missing", step, in.id)}
		case err != nil:
			return kvError(step, err)
		}
		op.value = value
	}
	b := kv.NewBatch()
	in.finish(b)
	return kvError(step, s.kv.Write(b, false))
}

func (s *Store) dropStrays(keys [][]byte) error {
	b := kv.NewBatch()
	for _, key := range keys {
		b.Delete(kv.Intents, key)
	}
	return kvError("drop stray values", s.kv.Write(b, false))
}
