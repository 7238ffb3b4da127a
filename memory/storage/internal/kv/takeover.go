package kv

import (
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"

	"github.com/linxGnu/grocksdb"
)

// rewrite puts in the place of the family f one that holds what can be read of it, and returns how many values that are. Where
// there is none, the family is left as it is.
func (d *DB) rewrite(f Family) (taken int, err error) {
	if f == Default { // RocksDB does not drop it; nothing is kept there
		return 0, nil
	}
	i := f.index()
	path := filepath.Join(d.dir, string(f)+".taken")
	if taken, err = d.take(f, path); err != nil || taken == 0 {
		return 0, errors.Join(err, removeIfThere(path))
	}
	if err := d.db.DropColumnFamily(d.families[i]); err != nil {
		return 0, translate("drop "+string(f), err)
	}
	d.families[i].Destroy()
	if d.families[i], err = d.db.CreateColumnFamily(d.native.family[i], string(f)); err != nil {
		return 0, translate("make "+string(f), err)
	}
	opts := grocksdb.NewDefaultIngestExternalFileOptions()
	defer opts.Destroy()
	opts.SetMoveFiles(true)
	if err := d.db.IngestExternalFileCF(d.families[i], []string{path}, opts); err != nil {
		return 0, translate("fill "+string(f), err)
	}
	return taken, removeIfThere(path)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// take writes what can be read of f to a new table file, sealed as it is. Without a value no file is whole.
func (d *DB) take(f Family, path string) (taken int, err error) {
	env := grocksdb.NewDefaultEnvOptions()
	defer env.Destroy()
	w := grocksdb.NewSSTFileWriter(env, d.native.family[f.index()])
	defer w.Destroy()
	if err := w.Open(path); err != nil {
		return 0, translate("take over", err)
	}
	err = d.readable(f, func(key, sealed []byte) error {
		taken++
		return translate("take over", w.Put(key, sealed))
	})
	if err == nil && taken > 0 {
		err = translate("take over", w.Finish())
	}
	return taken, err
}

// readable calls fn for each key of f that can be read, in rising order, and leaps over blocks that cannot. What stands between
// two damaged blocks may be passed over with them.
func (d *DB) readable(f Family, fn func(key, sealed []byte) error) error {
	from, last := []byte{}, []byte(nil)
	for from != nil {
		err := d.scanFrom(f, from, func(key, sealed []byte) error {
			last = append(last[:0], key...)
			return fn(key, sealed)
		})
		if !errors.Is(err, ErrCorrupt) {
			return err
		}
		if from, err = d.leap(f, last); err != nil {
			return err
		}
	}
	return nil
}

// scanFrom calls fn for each key of f from the first that is not before from.
func (d *DB) scanFrom(f Family, from []byte, fn func(key, sealed []byte) error) error {
	it := d.db.NewIteratorCF(d.scan, d.handle(f))
	defer it.Close()
	for it.Seek(from); it.Valid(); it.Next() {
		if err := visit(it, fn); err != nil {
			return err
		}
	}
	return translate("scan", it.Err())
}

// leapWidth is how many bytes of a key leap tells apart at least: more than those of a row, a session or a random name.
const leapWidth = 32

// leap returns where to go on reading f, whose keys cannot be read behind last; nil where there is nothing that can. Nobody tells at
// which keys a block begins and ends, so keys are taken for numbers: one far enough behind is looked for in steps that double,
// and between the last two of them the nearest.
func (d *DB) leap(f Family, last []byte) ([]byte, error) {
	width := max(leapWidth, len(last)+8)
	from := new(big.Int).SetBytes(append(slices.Clone(last), make([]byte, width-len(last))...))
	end := new(big.Int).Lsh(big.NewInt(1), uint(8*width))
	near, far := from, from
	for step := big.NewInt(1); ; step.Lsh(step, 1) {
		if far = new(big.Int).Add(from, step); far.Cmp(end) >= 0 {
			return nil, nil
		}
		if ok, err := d.reads(f, far.FillBytes(make([]byte, width))); ok || err != nil {
			if err != nil {
				return nil, err
			}
			break
		}
		near = far
	}
	for {
		mid := new(big.Int).Add(near, far)
		if mid.Rsh(mid, 1); mid.Cmp(near) == 0 {
			return far.FillBytes(make([]byte, width)), nil
		}
		ok, err := d.reads(f, mid.FillBytes(make([]byte, width)))
		switch {
		case err != nil:
			return nil, err
		case ok:
			far = mid
		default:
			near = mid
		}
	}
}

// reads reports whether f can be read from a key on. An iterator that has met damage may stay at it, hence a new one.
func (d *DB) reads(f Family, from []byte) (bool, error) {
	it := d.db.NewIteratorCF(d.scan, d.handle(f))
	defer it.Close()
	it.Seek(from)
	err := translate("scan", it.Err())
	if errors.Is(err, ErrCorrupt) {
		return false, nil
	}
	return err == nil, err
}
