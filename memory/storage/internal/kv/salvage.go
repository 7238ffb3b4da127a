package kv

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linxGnu/grocksdb"
)

// unfinished is what the name of a folder that Salvage is still at ends with.
const unfinished = ".part"

// Salvage makes in the folder to, which it replaces, a database of what can be read of the one in dir, which nobody has open and
// which stays as it is. Blocks that cannot be read are passed over, so that values may be missing, and older ones may be back: the
// caller compares it with the record. It takes little room where little is damaged, as whole table files are shared. The folder to
// appears when it is complete, and not at all with an error. The families returned had damage in their table files.
func Salvage(dir, to string, opts Options) (damaged []Family, err error) {
	if opts, err = opts.withDefaults(); err != nil {
		return nil, err
	}
	opts.MustExist, opts.Fail = true, nil
	part := to + unfinished
	if damaged, err = salvage(dir, part, opts); err == nil {
		if err = os.RemoveAll(to); err == nil {
			err = os.Rename(part, to)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("kv: salvage: %w", errors.Join(err, os.RemoveAll(part)))
	}
	return damaged, nil
}

// salvage tries what loses least first: to open the database as it is, then under its newest manifest, then what RocksDB itself
// calls repair, which leaves out each table file with damage as a whole.
func salvage(dir, to string, opts Options) (damaged []Family, err error) {
	for _, mend := range []func(to string, opts Options) error{nil, pointAtManifest, repair} {
		if err = share(dir, to); err == nil && mend != nil {
			err = mend(to, opts)
		}
		if err != nil {
			continue
		}
		var hopeless bool
		damaged, hopeless, err = takeOver(to, opts)
		if err == nil && hopeless { // the families that can be read are whole by now
			if err = repair(to, opts); err == nil {
				_, _, err = takeOver(to, opts)
			}
		}
		if err == nil {
			return damaged, os.RemoveAll(filepath.Join(to, "lost")) // what repair left out stands in dir
		}
	}
	return nil, err
}

// share makes to a copy of dir. Table files are links: they never change.
func share(dir, to string) error {
	if err := errors.Join(os.RemoveAll(to), os.Mkdir(to, 0o700)); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		from, into := filepath.Join(dir, e.Name()), filepath.Join(to, e.Name())
		switch {
		case !e.Type().IsRegular() || e.Name() == "LOCK":
		case filepath.Ext(e.Name()) == ".sst":
			err = os.Link(from, into)
		default:
			err = copyFile(from, into)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// pointAtManifest has CURRENT name the newest manifest, which is all that it holds.
func pointAtManifest(dir string, _ Options) error {
	names, err := filepath.Glob(filepath.Join(dir, "MANIFEST-*"))
	if err != nil || len(names) == 0 {
		return errors.Join(err, fs.ErrNotExist)
	}
	slices.SortFunc(names, func(a, b string) int { // a number may have grown longer
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	return os.WriteFile(filepath.Join(dir, "CURRENT"), []byte(filepath.Base(names[len(names)-1])+"\n"), 0o600)
}

// repair makes a manifest anew from what the table files and logs say of themselves.
func repair(dir string, opts Options) error {
	n := newNative(opts)
	defer n.destroy()
	return translate("repair", grocksdb.RepairDb(dir, n.db))
}

// takeOver opens the database, passing over what is damaged in its log, writes each family with damage anew from what can be read
// of it, and closes it. hopeless tells that of one nothing could be read: a table file that does not open hides the others.
func takeOver(dir string, opts Options) (damaged []Family, hopeless bool, err error) {
	d := &DB{dir: dir, opts: opts}
	d.keys.Store(&opts.Keys)
	if err := d.open(dir, opts, grocksdb.SkipAnyCorruptedRecordsRecovery); err != nil {
		return nil, false, err
	}
	defer d.free()
	d.scan = scanOptions()
	defer d.scan.Destroy()
	for _, f := range families {
		err := d.scanRaw(f, nil, nil, func(_, _ []byte) error { return nil })
		if errors.Is(err, ErrCorrupt) {
			var taken int
			taken, err = d.rewrite(f)
			damaged, hopeless = append(damaged, f), hopeless || taken == 0
		}
		if err != nil {
			return nil, false, err
		}
	}
	return damaged, hopeless, translate("sync", d.db.FlushWAL(true))
}
