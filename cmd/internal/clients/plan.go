package clients

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aymanbagabas/go-udiff"
	"github.com/google/renameio/v2"
)

// backupSuffix ends the name of the copy that keeps a file as it was before the server was put in.
const backupSuffix = ".before-elderzan"

// Change is what would be done to one client's file.
type Change struct {
	Client Client
	File   string // where links lead to
	Backup string // the copy that Apply keeps or, when undoing, brings back; "" where there is none

	before, after []byte
	existed       bool // before is what stood in a file
	remove        bool // the file did not exist before the server was put in
	undo          bool
	perm          fs.FileMode
	narrow        bool // perm is less than the file has
}

// FileError says that a client's file could not be read, understood or written. Nothing was changed.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// Plan works out what puts the server into the client's file, without changing anything.
func (c Client) Plan(p Place, s Server) (Change, error) {
	ch, err := c.read(p)
	if err != nil {
		return Change{}, err
	}
	if s.Token != "" {
		ch.perm, ch.narrow = ch.perm&0o700, true // nobody else is to read the token
	}
	f := c.format(s)
	if ch.after, err = f.put(ch.before); err != nil {
		return Change{}, &FileError{ch.File, err}
	}
	without, err := f.drop(ch.before)
	if err != nil {
		return Change{}, &FileError{ch.File, err}
	}
	if ch.existed && !ch.Empty() && bytes.Equal(without, ch.before) { // a copy that has the server would not undo it
		ch.Backup = ch.File + backupSuffix
	}
	return ch, nil
}

// PlanUndo works out what takes the server out again: the copy comes back if the file is as we left it.
func (c Client) PlanUndo(p Place, s Server) (Change, error) {
	ch, err := c.read(p)
	if err != nil {
		return Change{}, err
	}
	ch.undo = true
	f := c.format(s)
	if ch.after, err = f.drop(ch.before); err != nil {
		return Change{}, &FileError{ch.File, err}
	}
	if ch.Empty() {
		return ch, nil
	}
	switch copied, err := os.ReadFile(ch.File + backupSuffix); {
	case err == nil:
		ch.Backup = ch.File + backupSuffix
		if onlyServer(f, copied, ch.after) {
			ch.after = copied
		}
	case !errors.Is(err, fs.ErrNotExist):
		return Change{}, &FileError{ch.File + backupSuffix, err}
	default:
		if onlyServer(f, nil, ch.after) {
			ch.remove, ch.after = true, nil
		}
	}
	return ch, nil
}

// onlyServer reports whether without, a file that the server was taken out of, is what was there before the server was put
// in: nothing else has changed since, whatever became of the server's own entry.
func onlyServer(f format, before, without []byte) bool {
	with, err := f.put(before)
	if err != nil {
		return false
	}
	again, err := f.drop(with)
	return err == nil && bytes.Equal(again, without)
}

// Installed reports whether the client's file names the server, under whatever command.
func (c Client) Installed(p Place, s Server) (bool, error) {
	ch, err := c.PlanUndo(p, s)
	return err == nil && !ch.Empty(), err
}

// Present reports whether the client seems to be on this machine: its file or the folder for it is there.
func (c Client) Present(p Place) bool {
	file := c.File(p)
	if _, err := os.Stat(file); err == nil {
		return true
	}
	dir := filepath.Dir(file)
	if dir == p.Home || dir == p.Project {
		return false
	}
	_, err := os.Stat(dir)
	return err == nil
}

func (c Client) read(p Place) (Change, error) {
	ch := Change{Client: c, File: c.File(p), perm: 0o600}
	if to, err := filepath.EvalSymlinks(ch.File); err == nil {
		ch.File = to // dotfiles are often links: the file behind is changed, the link stays
	}
	b, err := os.ReadFile(ch.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ch, nil
	case err != nil:
		return Change{}, &FileError{ch.File, err}
	}
	ch.before, ch.existed = b, true
	if st, err := os.Stat(ch.File); err == nil {
		ch.perm = st.Mode().Perm()
	}
	return ch, nil
}

// Empty reports whether there is nothing to do.
func (ch Change) Empty() bool { return bytes.Equal(ch.before, ch.after) }

// Removes reports whether the file itself goes: it was made for the server alone.
func (ch Change) Removes() bool { return ch.remove }

// Diff shows the change as a unified diff; "" when there is none.
func (ch Change) Diff() string {
	return udiff.Unified(ch.File, ch.File, string(ch.before), string(ch.after))
}

// Apply carries the change out. It fails, and changes nothing, if the file is no longer what was planned for.
func (ch Change) Apply() error {
	if ch.Empty() {
		return nil
	}
	if err := ch.apply(); err != nil {
		return &FileError{ch.File, err}
	}
	return nil
}

func (ch Change) apply() error {
	now, err := os.ReadFile(ch.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !bytes.Equal(now, ch.before) {
		return errors.New("was changed by another program just now")
	}
	if ch.remove {
		return os.Remove(ch.File)
	}
	if err := os.MkdirAll(filepath.Dir(ch.File), 0o755); err != nil {
		return err
	}
	if ch.Backup != "" && !ch.undo {
		if err := renameio.WriteFile(ch.Backup, ch.before, ch.perm, renameio.IgnoreUmask()); err != nil {
			return fmt.Errorf("keep a copy: %w", err)
		}
	}
	if ch.narrow { // before the token is in it
		if err := os.Chmod(ch.File, ch.perm); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := renameio.WriteFile(ch.File, ch.after, ch.perm, renameio.IgnoreUmask()); err != nil {
		return err
	}
	if ch.Backup != "" && ch.undo {
		return os.Remove(ch.Backup)
	}
	return nil
}
