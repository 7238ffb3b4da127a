package keyring

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/elderzan/elderzan/security"
)

// Rotate makes a new master key, which seals from then on; the older ones, sealed under it in keys.json, still open
// what they sealed. The engines then seal their data anew with sealers asked for afterwards, and Retire ends it.
//
// keys.json is written first, with the older keys sealed under both the present and the new master key, and the
// source takes the new key second. A crash between the two leaves an entry whose key nobody has and nothing is
// sealed under; Open passes over it, and the next Rotate drops it.
func (k *Keyring) Rotate(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.masters) == 0 {
		return ErrClosed
	}
	if k.current == math.MaxUint32 {
		return fmt.Errorf("rotate: generation %d is the last one", k.current)
	}
	generation := k.current + 1
	newest := security.RandomSecret(MasterKeySize)
	table := checkTable{Format: checkFormat}
	for _, e := range k.table.Keys {
		master, ok := k.masters[e.Generation]
		if !ok {
			continue // the orphan of a rotation that a crash cut short
		}
		e.Wrapped = maps.Clone(e.Wrapped)
		maps.DeleteFunc(e.Wrapped, func(under uint32, _ []byte) bool { return under != k.current })
		if err := e.wrap(master, generation, newest); err != nil {
			return fmt.Errorf("rotate: wrap generation %d: %w", e.Generation, err)
		}
		table.Keys = append(table.Keys, e)
	}
	table.Keys = append(table.Keys, newCheckEntry(generation, newest))
	if err := table.write(k.path, renameInto, nil); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	if err := k.source.Replace(ctx, newest); err != nil {
		return fmt.Errorf("rotate: keep the new master key in %s: %w", k.source, err)
	}
	k.table, k.current = table, generation
	k.masters[generation] = newest
	return nil
}

// Retire drops every generation older than the current one. The caller must have sealed all data anew: what is still
// sealed under an older generation is lost.
func (k *Keyring) Retire(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.masters) == 0 {
		return ErrClosed
	}
	table := k.table
	table.Keys = slices.DeleteFunc(slices.Clone(table.Keys), func(e checkEntry) bool { return e.Generation != k.current })
	if err := table.write(k.path, renameInto, nil); err != nil {
		return fmt.Errorf("retire older keys: %w", err)
	}
	k.table = table
	for generation, master := range k.masters {
		if generation != k.current {
			master.Wipe()
			delete(k.masters, generation)
		}
	}
	return nil
}

// Generations lists the generations that the keyring can open, rising. The caller owns the slice.
func (k *Keyring) Generations() []uint32 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	out := make([]uint32, 0, len(k.masters))
	for g := range k.masters {
		out = append(out, g)
	}
	slices.Sort(out)
	return out
}
