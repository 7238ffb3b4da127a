package kv

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/linxGnu/grocksdb"

	"github.com/elderzan/elderzan/security"
)

// Get returns the value at key in f. It returns ErrNotFound if there is none and a *CorruptError for one that does
// not authenticate.
func (d *DB) Get(f Family, key []byte) ([]byte, error) {
	value, _, err := d.GetClass(f, key)
	return value, err
}

// GetClass is Get and also says which key class sealed the value, so that moving it can keep the class.
func (d *DB) GetClass(f Family, key []byte) ([]byte, security.Class, error) {
	end, err := d.begin(OpGet)
	if err != nil {
		return nil, 0, err
	}
	defer end()
	pinned, err := d.db.GetPinnedCF(d.read, d.handle(f), key)
	if err != nil {
		return nil, 0, translate("get", err)
	}
	defer pinned.Destroy()
	if !pinned.Exists() {
		return nil, 0, ErrNotFound
	}
	return d.keys.Load().open(f, key, pinned.Data())
}

// Has reports whether f has a value at key, without opening it.
func (d *DB) Has(f Family, key []byte) (bool, error) {
	end, err := d.begin(OpGet)
	if err != nil {
		return false, err
	}
	defer end()
	pinned, err := d.db.GetPinnedCF(d.read, d.handle(f), key)
	if err != nil {
		return false, translate("get", err)
	}
	defer pinned.Destroy()
	return pinned.Exists(), nil
}

// MultiGet returns the values at keys in f, in order; nil where there is none. Values that do not authenticate are nil
// too, and the error then joins a *CorruptError for each: the other values are good all the same.
func (d *DB) MultiGet(f Family, keys [][]byte) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	end, err := d.begin(OpGet)
	if err != nil {
		return nil, err
	}
	defer end()
	slices, err := d.db.MultiGetCF(d.read, d.handle(f), keys...)
	if err != nil {
		return nil, translate("get", err)
	}
	defer slices.Destroy()
	out := make([][]byte, len(keys))
	var bad []error
	for i, s := range slices {
		if !s.Exists() {
			continue
		}
		value, _, err := d.keys.Load().open(f, keys[i], s.Data())
		if err != nil {
			bad = append(bad, err)
			continue
		}
		out[i] = value
	}
	return out, errors.Join(bad...)
}

// Scan calls fn for each key of f that starts with prefix, in rising order of bytes, as of the moment it was called.
// fn owns neither slice past its return. Scan ends at fn's first error, which it returns unless it is ErrStop, and at
// a value that does not authenticate with a *CorruptError; Check goes on past those.
func (d *DB) Scan(f Family, prefix []byte, fn func(key, value []byte) error) error {
	return d.scanRaw(f, prefix, nil, func(key, sealed []byte) error {
		value, _, err := d.keys.Load().open(f, key, sealed)
		if err != nil {
			return err
		}
		return fn(key, value)
	})
}

// ScanAfter is Scan for the keys that come after the key after, for reading in pages; nil means from the first.
func (d *DB) ScanAfter(f Family, prefix, after []byte, fn func(key, value []byte) error) error {
	return d.scanRaw(f, prefix, after, func(key, sealed []byte) error {
		value, _, err := d.keys.Load().open(f, key, sealed)
		if err != nil {
			return err
		}
		return fn(key, value)
	})
}

// ScanKeys is Scan without the values, and so without opening them.
func (d *DB) ScanKeys(f Family, prefix []byte, fn func(key []byte) error) error {
	return d.scanRaw(f, prefix, nil, func(key, _ []byte) error { return fn(key) })
}

func (d *DB) scanRaw(f Family, prefix, after []byte, fn func(key, sealed []byte) error) error {
	end, err := d.begin(OpScan)
	if err != nil {
		return err
	}
	defer end()
	it := d.db.NewIteratorCF(d.scan, d.handle(f))
	defer it.Close()
	if bytes.Compare(after, prefix) >= 0 && after != nil {
		it.Seek(append(slices.Clone(after), 0))
	} else {
		it.Seek(prefix)
	}
	for ; it.ValidForPrefix(prefix); it.Next() {
		if err := visit(it, fn); err != nil {
			if errors.Is(err, ErrStop) {
				return nil
			}
			return err
		}
	}
	return translate("scan", it.Err())
}

func visit(it *grocksdb.Iterator, fn func(key, sealed []byte) error) error {
	key, value := it.Key(), it.Value()
	defer key.Free()
	defer value.Free()
	return fn(key.Data(), value.Data())
}

// Checked counts what Check saw.
type Checked struct {
	Values  int
	Corrupt int
	Older   int // values sealed under an older key generation than the current one
}

// Check opens every value of every family and calls report for each that does not authenticate; an error of report
// ends it, and so does the end of ctx. Damage that RocksDB itself finds in its files is the error, wrapping ErrCorrupt.
func (d *DB) Check(ctx context.Context, report func(*CorruptError) error) (Checked, error) {
	var c Checked
	for _, f := range families {
		err := d.scanRaw(f, nil, nil, func(key, sealed []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			c.Values++
			if d.keys.Load().older(sealed) {
				c.Older++
			}
			var bad *CorruptError
			if _, _, err := d.keys.Load().open(f, key, sealed); errors.As(err, &bad) {
				c.Corrupt++
				return report(bad)
			}
			return nil
		})
		if err != nil {
			return c, err
		}
	}
	return c, nil
}
