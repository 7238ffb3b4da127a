package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// makePrivate makes the folder dir, or takes an older one away from other users. RocksDB would make it, and every file
// in it, as wide as the process's mask allows.
func makePrivate(dir string, mustExist bool) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) && !mustExist {
		err = os.Mkdir(dir, 0o700)
		if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) { // RocksDB says it better when a parent is missing
			return nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist): // RocksDB would say so too, and leave a folder with its own log
		return fmt.Errorf("kv: open %s: %w", dir, ErrMissing)
	case err != nil:
		return fmt.Errorf("make folder %s: %w", dir, err)
	case info.Mode().Perm()&0o077 == 0:
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("make folder %s private: %w", dir, err)
	}
	return nil
}
