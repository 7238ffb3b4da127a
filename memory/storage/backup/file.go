package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// disk is the file system as this package uses it. Each call asks fail first, where it is set; see Options.
type disk struct {
	fail func(op, path string) error
}

func (r *Repository) disk() disk { return disk{r.o.Fail} }

func (d disk) ask(op, path string) error {
	if d.fail == nil {
		return nil
	}
	return d.fail(op, path)
}

func (d disk) exists(path string) (bool, error) {
	_, err := d.lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (d disk) lstat(path string) (fs.FileInfo, error) {
	if err := d.ask("lstat", path); err != nil {
		return nil, err
	}
	return os.Lstat(path)
}

func (d disk) stat(path string) (fs.FileInfo, error) {
	if err := d.ask("stat", path); err != nil {
		return nil, err
	}
	return os.Stat(path)
}

func (d disk) readFile(path string) ([]byte, error) {
	if err := d.ask("read", path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (d disk) readDir(path string) ([]fs.DirEntry, error) {
	if err := d.ask("list", path); err != nil {
		return nil, err
	}
	return os.ReadDir(path)
}

func (d disk) openFile(path string, flags int) (*os.File, error) {
	if err := d.ask("open", path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, flags, 0o600)
}

func (d disk) write(f *os.File, b []byte) error {
	if err := d.ask("write", f.Name()); err != nil {
		return err
	}
	_, err := f.Write(b)
	return err
}

func (d disk) mkdirAll(path string) error {
	if err := d.ask("mkdir", path); err != nil {
		return err
	}
	return os.MkdirAll(path, 0o700)
}

func (d disk) mkdirTemp(parent, pattern string) (string, error) {
	if err := d.ask("mkdir", filepath.Join(parent, pattern)); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, pattern)
}

func (d disk) rename(from, to string) error {
	if err := d.ask("rename", to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// place renames a folder to one that may be there if it is empty, which os.Rename refuses.
func (d disk) place(from, to string) error {
	if err := d.ask("rename", to); err != nil {
		return err
	}
	return unix.Rename(from, to)
}

func (d disk) remove(path string) error {
	if err := d.ask("remove", path); err != nil {
		return err
	}
	return os.Remove(path)
}

func (d disk) removeAll(path string) error {
	if err := d.ask("remove", path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

func (d disk) syncDir(dir string) error {
	if err := d.ask("sync", dir); err != nil {
		return err
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeSynced writes a new file with mode 0600 and syncs it.
func (d disk) writeSynced(path string, b []byte) error {
	f, err := d.openFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY)
	if err != nil {
		return err
	}
	return errors.Join(d.write(f, b), f.Sync(), f.Close())
}

// replace puts b in place of the file path, so that after a crash the old or the new one is there as a whole.
func (d disk) replace(path, temp string, b []byte) error {
	if err := d.writeSynced(temp, b); err != nil {
		return err
	}
	if err := d.rename(temp, path); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}
