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

// Salvage makes in the folder to, which it replaces, a database of what can be read of the one in dir, which does not open and
// stays as it is. Values may be missing from it and older ones be back: the caller compares it with the record. It takes hardly
// any room, as table files are shared. With an error nothing is left in to.
func Salvage(dir, to string, opts Options) (err error) {
	if opts, err = opts.withDefaults(); err != nil {
		return err
	}
	opts.MustExist, opts.Fail = true, nil
	for _, mend := range []func(to string, opts Options) error{pointAtManifest, repair} {
		if err = share(dir, to); err == nil {
			err = mend(to, opts)
		}
		if err == nil {
			err = readThrough(to, opts)
		}
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("kv: salvage: %w", errors.Join(err, os.RemoveAll(to)))
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

// readThrough opens the database, passing over what is damaged in its log, reads the keys of all families but the vectors', and
// closes it, whole.
func readThrough(dir string, opts Options) error {
	d := &DB{dir: dir, opts: opts}
	d.keys.Store(&opts.Keys)
	if err := d.open(dir, opts, grocksdb.SkipAnyCorruptedRecordsRecovery); err != nil {
		return err
	}
	defer d.free()
	read := grocksdb.NewDefaultReadOptions()
	defer read.Destroy()
	read.SetVerifyChecksums(true)
	for i, f := range families {
		if f == Vectors {
			continue
		}
		it := d.db.NewIteratorCF(read, d.families[i])
		for it.SeekToFirst(); it.Valid(); it.Next() {
		}
		err := it.Err()
		it.Close()
		if err != nil {
			return translate("read", err)
		}
	}
	return translate("sync", d.db.FlushWAL(true))
}
