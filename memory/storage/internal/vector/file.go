package vector

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
)

// SaveFile writes a snapshot into the file path with mode 0600, atomically: after a crash the file is the old one or
// the new one, whole; after a return without error it is the new one. What a crash leaves beside it ends in
// ".tmp" and is replaced by the next SaveFile.
func (x *Index) SaveFile(path string, s Snapshot) (err error) {
	temp := path + ".tmp"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(temp))
		}
	}()
	if err := x.WriteSnapshot(f, s); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return errors.Join(f.Close(), syncDir(filepath.Dir(path)))
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
