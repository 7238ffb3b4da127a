package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/elderzan/elderzan/memory"
)

var (
	// ErrNoRepository reports a folder that holds no backups.
	ErrNoRepository = errors.New("backup: no backups are kept in this folder")
	// ErrNoBackup reports a backup that is not in the repository.
	ErrNoBackup = errors.New("backup: no such backup")
	// ErrLocked reports a repository that another process, or another call, is changing or reading.
	ErrLocked = errors.New("backup: another backup, restore or prune is at work on this folder; try again when it has ended")
	// ErrOtherKey reports a repository of another master key.
	ErrOtherKey = errors.New("backup: the folder holds backups made under another master key; name the key they were made with, or another folder")
	// ErrNewer reports a repository or a manifest that a newer build has written.
	ErrNewer = errors.New("backup: written by a newer version of elderzan; install that version or a later one")
	// ErrNotEmpty reports a folder to restore to that holds something.
	ErrNotEmpty = errors.New("backup: the folder to restore to is not empty")
	// ErrFormat reports bytes that are no manifest.
	ErrFormat = errors.New("backup: not a manifest")
)

// DamageError says that a file of the repository is damaged or missing. It wraps what was seen.
type DamageError struct {
	Backup string // id; "" where the file is of no one backup
	File   string // of the store that it is a part of; "" for the repository's own
	Path   string // in the repository
	Advice string
	Err    error
}

// Error names the file and what to do.
func (e *DamageError) Error() string {
	part := ""
	if e.File != "" {
		part = " (part of " + e.File + ")"
	}
	if e.Backup != "" {
		part += " of backup " + e.Backup
	}
	return fmt.Sprintf("backup: %s%s: %v; %s", e.Path, part, e.Err, e.Advice)
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

var (
	errMissing = errors.New("it is missing")
	errAltered = errors.New("its content is not what was written")
)

// fileError gives an error of the file system its meaning and names the step that was under way.
func fileError(step, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, memory.ErrFull), errors.Is(err, memory.ErrReadOnly), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, new(*DamageError)):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w: %s %s; free some space there and repeat, what is written already is used again", memory.ErrFull, step, path)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %s %s; make it writable or name another folder", memory.ErrReadOnly, step, path)
	}
	return &diskError{step, path, err}
}

// diskError is trouble with the file system that is no damage of what is kept: another backup would meet it too.
type diskError struct {
	step, path string
	err        error
}

func (e *diskError) Error() string {
	return fmt.Sprintf("backup: %s %s: %v; see to the disk and repeat", e.step, e.path, e.err)
}

func (e *diskError) Unwrap() error { return e.err }
