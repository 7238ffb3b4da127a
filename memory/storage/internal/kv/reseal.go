package kv

import (
	"context"
	"errors"
	"slices"

	"github.com/elderzan/elderzan/security"
)

// SetKeys makes the database seal with keys from now on, after a rotation. They must still open the older generations
// until Reseal is through. It fails, and changes nothing, for sealers of the wrong class.
func (d *DB) SetKeys(keys Keys) error {
	if err := keys.check(); err != nil {
		return err
	}
	d.keys.Store(&keys)
	return nil
}

// resealStep is how many values Reseal rewrites at a time; writes wait for one step, a few milliseconds.
const resealStep = 64

// Reseal seals every value anew that is sealed under an older generation than the current one, and returns how many
// there were. Reads and writes go on meanwhile. When it returns without an error the values are on disk and the older
// generations may be retired. Ended by ctx, an error or a crash it can be run again. Values that do not open are left
// as they are; the error then joins a *CorruptError for each.
func (d *DB) Reseal(ctx context.Context) (int, error) {
	n := 0
	var bad []error
	for _, f := range families {
		keys, err := d.olderKeys(ctx, f)
		if err != nil {
			return n, err
		}
		for step := range slices.Chunk(keys, resealStep) {
			if err := ctx.Err(); err != nil {
				return n, err
			}
			done, damaged, err := d.resealKeys(f, step)
			if err != nil {
				return n, err
			}
			n, bad = n+done, append(bad, damaged...)
		}
	}
	if err := d.Sync(); err != nil {
		return n, err
	}
	return n, errors.Join(bad...)
}

// olderKeys lists the keys of f whose values are sealed under an older generation.
func (d *DB) olderKeys(ctx context.Context, f Family) ([][]byte, error) {
	var keys [][]byte
	err := d.scanRaw(f, nil, nil, func(key, sealed []byte) error {
		if d.keys.Load().older(sealed) {
			keys = append(keys, slices.Clone(key))
		}
		return ctx.Err()
	})
	return keys, err
}

func (d *DB) resealKeys(f Family, keys [][]byte) (done int, bad []error, err error) {
	end, err := d.begin(OpWrite)
	if err != nil {
		return 0, nil, err
	}
	defer end()
	d.writing.Lock()
	defer d.writing.Unlock()
	b := NewBatch()
	for _, key := range keys {
		pinned, err := d.db.GetPinnedCF(d.read, d.handle(f), key)
		if err != nil {
			return 0, nil, translate("reseal", err)
		}
		sealed := slices.Clone(pinned.Data())
		pinned.Destroy()
		if !d.keys.Load().older(sealed) {
			continue // deleted or written anew since the scan
		}
		value, class, err := d.keys.Load().open(f, key, sealed)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		b.PutClass(f, key, value, class)
	}
	if b.Len() == 0 {
		return 0, bad, nil
	}
	return b.Len(), bad, d.write(b, d.lazy)
}

// older reports whether sealed says that it is sealed under an older generation than the current one of its class.
func (k Keys) older(sealed []byte) bool {
	h, err := security.ParseHeader(sealed)
	return err == nil && h.Generation < k.of(h.Class).Generation()
}
