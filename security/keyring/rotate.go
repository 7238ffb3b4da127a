package keyring

import (
	"context"
	"fmt"
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
		e, err := k.carry(e, generation, newest)
		if err != nil {
			return fmt.Errorf("rotate: wrap generation %d: %w", e.Generation, err)
		}
		if len(e.Wrapped)+len(e.Kept) > 0 { // else the orphan of a rotation that a crash cut short
			table.Keys = append(table.Keys, e)
		}
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

// carry returns e sealed under the present master key and under newest, the one of a generation to come.
func (k *Keyring) carry(e checkEntry, generation uint32, newest security.Secret) (checkEntry, error) {
	e = e.onlyUnder(k.current)
	if master, ok := k.masters[e.Generation]; ok {
		return e, e.wrap(master, generation, newest)
	}
	for p, key := range k.kept[e.Generation] {
		if err := e.keep(p, key, generation, newest); err != nil {
			return e, err
		}
	}
	return e, nil
}

// Retire drops every master key older than the current one, and keeps of each only the keys for the purposes in keep,
// such as those that past entries of a log are verified with. The caller must have sealed all other data anew: what is
// still sealed under an older generation is lost.
func (k *Keyring) Retire(_ context.Context, keep ...Purpose) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.masters) == 0 {
		return ErrClosed
	}
	table := checkTable{Format: checkFormat}
	kept := map[uint32]map[Purpose]security.Secret{}
	for _, e := range k.table.Keys {
		if e.Generation > k.current {
			continue // the orphan of a rotation that a crash cut short
		}
		if e.Generation < k.current {
			e = e.onlyUnder(k.current)
			e.Wrapped = nil
			kept[e.Generation] = map[Purpose]security.Secret{}
			for _, p := range keep {
				key, err := k.derive(p, e.Generation)
				if err != nil {
					continue // not kept when this generation was retired
				}
				if err := e.keep(p, key, k.current, k.masters[k.current]); err != nil {
					return fmt.Errorf("retire older keys: %w", err)
				}
				kept[e.Generation][p] = key
			}
			if len(e.Kept) == 0 {
				continue
			}
		}
		table.Keys = append(table.Keys, e)
	}
	if err := table.write(k.path, renameInto, nil); err != nil {
		return fmt.Errorf("retire older keys: %w", err)
	}
	k.table, k.kept = table, kept
	for generation, master := range k.masters {
		if generation != k.current {
			master.Wipe()
			delete(k.masters, generation)
		}
	}
	return nil
}

// GenerationsFor lists the generations of which the keyring has the key for a purpose, rising: Generations and those
// that were retired with that key kept. The caller owns the slice.
func (k *Keyring) GenerationsFor(p Purpose) []uint32 {
	out := k.Generations()
	k.mu.RLock()
	defer k.mu.RUnlock()
	for g, keys := range k.kept {
		if _, ok := keys[p]; ok {
			out = append(out, g)
		}
	}
	slices.Sort(out)
	return out
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
