package audit

import (
	"errors"
	"fmt"
)

// What Verify and the proofs find. All but ErrTile mean that somebody, or a fault of the disk, changed the log.
var (
	// ErrAltered reports an entry that is not the one that was logged.
	ErrAltered = errors.New("audit: an entry was altered")
	// ErrMoved reports an entry that stands where another one was logged.
	ErrMoved = errors.New("audit: an entry stands in another's place")
	// ErrMissing reports an entry that is gone, with later ones there.
	ErrMissing = errors.New("audit: an entry was removed")
	// ErrTruncated reports a log that is shorter than a checkpoint says.
	ErrTruncated = errors.New("audit: the log was cut off at its end")
	// ErrRewritten reports a log that does not contain a checkpoint that was kept elsewhere.
	ErrRewritten = errors.New("audit: the log was rewritten: it does not contain a checkpoint that was kept elsewhere")
	// ErrUnsigned reports an entry after those that the newest checkpoint vouches for: it was not logged but put there.
	ErrUnsigned = errors.New("audit: an entry was put after the signed end of the log")
	// ErrTile reports damaged hashes over sound entries. Rebuild mends it; nothing is lost.
	ErrTile = errors.New("audit: stored hashes are damaged while the entries are sound; rebuild them")
	// ErrCheckpoint reports a checkpoint that is malformed, of another log, or not signed by a known key.
	ErrCheckpoint = errors.New("audit: the checkpoint is not one of this log, or its signature does not verify")
	// ErrProof reports a proof that does not prove what it should.
	ErrProof = errors.New("audit: the proof does not hold")
)

// What else can go wrong.
var (
	// ErrNotFound is what a Storage returns for a tile that it does not have.
	ErrNotFound = errors.New("audit: not found")
	// ErrConflict reports that somebody else appended to the log meanwhile. Open it anew.
	ErrConflict = errors.New("audit: the log has grown meanwhile; open it again")
	// ErrEntry reports an entry that cannot be logged or read: too large or malformed.
	ErrEntry = errors.New("audit: malformed entry")
	// ErrReadOnly reports an append to a log that was opened without a signer.
	ErrReadOnly = errors.New("audit: the log was opened without a signing key")
)

// Fault is something wrong with the log, at the entries First to Last, numbered from 0. It wraps one of the errors
// above.
type Fault struct {
	First, Last int64
	Err         error
}

// Error names the entries.
func (f *Fault) Error() string {
	if f.First == f.Last {
		return fmt.Sprintf("%v: entry %d", f.Err, f.First)
	}
	return fmt.Sprintf("%v: among entries %d to %d", f.Err, f.First, f.Last)
}

// Unwrap returns Err.
func (f *Fault) Unwrap() error { return f.Err }
