package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

var (
	// ErrLocked reports a data folder that another process, or this one, has open.
	ErrLocked = errors.New("storage: the data folder is in use by another elderzan; stop that one, or name another folder with --data")
	// ErrClosed reports a call after Close. It wraps memory.ErrUnavailable.
	ErrClosed = fmt.Errorf("%w: it is closed", memory.ErrUnavailable)
	// ErrNewer reports a data folder that a newer build has written.
	ErrNewer = catalog.ErrNewer
)

// kvError gives an error of RocksDB its meaning for the caller and names the step that was under way.
func kvError(step string, err error) error {
	if err == nil {
		return nil
	}
	var damaged *memory.CorruptError
	switch text := err.Error(); {
	case errors.As(err, &damaged):
		return err
	case errors.Is(err, kv.ErrLocked):
		return fmt.Errorf("%w (rocksdb)", ErrLocked)
	case errors.Is(err, kv.ErrNewer):
		return fmt.Errorf("%w (rocksdb)", ErrNewer)
	case errors.Is(err, kv.ErrClosed):
		return ErrClosed
	case errors.Is(err, kv.ErrCorrupt), errors.Is(err, kv.ErrMissing):
		return &memory.CorruptError{Engine: "rocksdb", Err: fmt.Errorf("%s: %w", step, err)}
	case isFull(err, text):
		return fmt.Errorf("%w: rocksdb: %s; free some space and repeat the call", memory.ErrFull, step)
	case isReadOnly(err, text):
		return fmt.Errorf("%w: rocksdb: %s; make the folder writable or choose another with --data", memory.ErrReadOnly, step)
	}
	return fmt.Errorf("rocksdb: %s: %w", step, err)
}

// fileError does the same for files of our own.
func fileError(step string, err error) error {
	switch {
	case err == nil:
		return nil
	case isFull(err, ""):
		return fmt.Errorf("%w: %s; free some space and repeat the call", memory.ErrFull, step)
	case isReadOnly(err, ""):
		return fmt.Errorf("%w: %s; make the folder writable or choose another with --data", memory.ErrReadOnly, step)
	}
	return fmt.Errorf("storage: %s: %w", step, err)
}

// RocksDB hands on strerror's text and no number.
func isFull(err error, text string) bool {
	for _, no := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, no) || strings.Contains(strings.ToLower(text), strings.ToLower(no.Error())) {
			return true
		}
	}
	return false
}

func isReadOnly(err error, text string) bool {
	for _, no := range []syscall.Errno{syscall.EACCES, syscall.EROFS, syscall.EPERM} {
		if errors.Is(err, no) || strings.Contains(strings.ToLower(text), strings.ToLower(no.Error())) {
			return true
		}
	}
	return errors.Is(err, fs.ErrPermission)
}

// catalogError turns the catalogue's errors into the store's.
func catalogError(err error) error {
	switch {
	case errors.Is(err, catalog.ErrClosed):
		return ErrClosed
	case errors.Is(err, catalog.ErrExists):
		return &memory.InputError{Field: "id", Problem: "is that of another memory", Hint: "leave it out, or revise that memory"}
	}
	return err
}
