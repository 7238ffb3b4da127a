package kv

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNotFound reports a key without a value.
	ErrNotFound = errors.New("kv: not found")
	// ErrLocked reports a database that is open already, in this process or another.
	ErrLocked = errors.New("kv: database is in use")
	// ErrMissing reports that Options.MustExist found no database.
	ErrMissing = errors.New("kv: database is missing")
	// ErrNewer reports a database with a family that this build does not know.
	ErrNewer = errors.New("kv: database was written by a newer build")
	// ErrCorrupt is what every *CorruptError and every damage that RocksDB reports wraps.
	ErrCorrupt = errors.New("kv: damaged data")
	// ErrClosed reports a use after Close.
	ErrClosed = errors.New("kv: closed")
	// ErrBusy is Heal's answer while operations are under way.
	ErrBusy = errors.New("kv: operations are under way")
	// ErrStop ends a scan without an error when the function given to Scan returns it.
	ErrStop = errors.New("kv: stop")
)

// errBroken reports a write after one that RocksDB failed.
var errBroken = errors.New("kv: a write failed before; none is taken until the database is opened anew")

// CorruptError says that the value at Key in Family is not what was written there. The checker mends it from the
// record. errors.Is(err, ErrCorrupt) holds.
type CorruptError struct {
	Family Family
	Key    []byte // a copy; the caller may keep it
	Err    error
}

// Error names the family and the key's digits; it never holds anything of the value.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("kv: damaged value at %s/%x: %v", e.Family, e.Key, e.Err)
}

// Unwrap gives ErrCorrupt and the cause.
func (e *CorruptError) Unwrap() []error { return []error{ErrCorrupt, e.Err} }

// translate turns RocksDB's messages into errors that callers can tell apart.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}
	msg := err.Error()
	switch {
	case strings.HasPrefix(msg, "IO error: While lock file"), strings.HasPrefix(msg, "IO error: lock hold by current process"),
		strings.Contains(msg, "/LOCK: "):
		return fmt.Errorf("kv: %s: %w by another process; stop the other elderzan that uses this folder, or name another with --data", op, ErrLocked)
	case strings.HasPrefix(msg, "Corruption:"),
		strings.HasPrefix(msg, "failed to get ") && strings.Contains(msg, `" failed: Corruption: `),     // of several at once
		strings.HasPrefix(op, "open ") && strings.HasPrefix(msg, "IO error: No such file or directory"): // CURRENT or MANIFEST names what is not there
		return fmt.Errorf("kv: %s: %w: %w", op, ErrCorrupt, err)
	case strings.HasPrefix(msg, "Invalid argument:") && strings.Contains(msg, "does not exist (create_if_missing is false)"):
		return fmt.Errorf("kv: %s: %w", op, ErrMissing)
	case strings.HasPrefix(msg, "Invalid argument: Column families not opened"):
		return fmt.Errorf("kv: %s: %w: %w; use that build, or restore a backup made before it ran", op, ErrNewer, err)
	}
	return fmt.Errorf("kv: %s: %w", op, err)
}
