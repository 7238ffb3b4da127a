package keyring

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The steps of writeDurably, in order; a test stops the process at each.
const (
	stepTemp   = "create temporary file"
	stepWrite  = "write temporary file"
	stepSync   = "sync temporary file"
	stepPlace  = "put file in place"
	stepFolder = "sync folder"
)

// placement gives the finished temporary file its name.
type placement func(temp, path string) error

// linkInto fails with os.ErrExist if path is taken: link is as exclusive as O_EXCL, and the file it names is whole,
// which one opened under its final name would not be after a crash.
func linkInto(temp, path string) error {
	err := os.Link(temp, path)
	if errors.Is(err, os.ErrNotExist) {
		// Whoever put its file in place first has removed ours as stale.
		if _, there := os.Lstat(path); there == nil {
			return os.ErrExist
		}
	}
	return err // the temporary name goes with the stale ones
}

func renameInto(temp, path string) error { return os.Rename(temp, path) }

// writeDurably puts b into the file path with mode 0600 so that after a crash it is there whole or not at all, and
// after a return without error for good. fail, which may be nil, is called before each step.
func writeDurably(path string, b []byte, place placement, fail func(step string) error) (err error) {
	step := func(name string) error {
		if fail == nil {
			return nil
		}
		return fail(name)
	}
	dir := filepath.Dir(path)
	if err := step(stepTemp); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+tempInfix+"*") // mode 0600, O_EXCL
	if err != nil {
		return err
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			_ = f.Close()
			if rm := os.Remove(temp); rm != nil && !errors.Is(rm, os.ErrNotExist) {
				err = errors.Join(err, rm)
			}
		}
	}()
	if err := step(stepWrite); err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := step(stepSync); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := step(stepPlace); err != nil {
		return err
	}
	if err := place(temp, path); err != nil {
		return err
	}
	if err := removeStale(path); err != nil {
		return err
	}
	if err := step(stepFolder); err != nil {
		return err
	}
	return syncDir(dir)
}

const tempInfix = ".tmp-"

// removeStale removes temporary files of path, our own and what a crash left between two steps: such a file may
// hold a key. It runs when path is in place, and so takes nothing away from another process that would win.
func removeStale(path string) error {
	stale, err := filepath.Glob(path + tempInfix + "*")
	if err != nil {
		return fmt.Errorf("look for stale files beside %s: %w", path, err)
	}
	for _, name := range stale {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
