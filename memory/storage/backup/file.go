package backup

import (
	"errors"
	"os"
	"path/filepath"
)

// writeSynced writes a new file with mode 0600 and syncs it.
func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// replace puts b in place of the file path, so that after a crash the old or the new one is there as a whole.
func replace(path, temp string, b []byte) error {
	if err := writeSynced(temp, b); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
