package vector

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
)

// SaveFile writes a snapshot into the file path with mode 0600, atomically: after a crash the file is the old one or
// the new one, whole; after a return without error it is the new one. What a crash leaves beside it ends in
// ".tmp" and is replaced by the next SaveFile. Calls with the same path must come one after another.
func (x *Index) SaveFile(path string, s Snapshot) error {
	temp := path + ".tmp"
	if err := x.writeFile(temp, s); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	return syncDir(filepath.Dir(path))
}

func (x *Index) writeFile(path string, s Snapshot) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = x.WriteSnapshot(f, s)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// LoadFile returns the index in the snapshot at path. It returns an error wrapping os.ErrNotExist if there is none
// and a *CorruptError as ReadSnapshot does.
func LoadFile(path string, s Snapshot, opts Options) (*Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x, err := ReadSnapshot(bufio.NewReaderSize(f, 1<<16), s, opts)
	var bad *CorruptError
	if errors.As(err, &bad) {
		bad.File = path
	}
	return x, err
}

// ReadFileInfo reads the header of the snapshot at path, as ReadInfo does.
func ReadFileInfo(path string) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	return ReadInfo(f)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
