package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof is a list of hashes that ties an entry, or an older checkpoint, to a newer checkpoint.
type Proof []tlog.Hash

// maxProof is the longest proof there is: two hashes for each bit of a size.
const maxProof = 128

// Encode returns the hashes one after the other.
func (p Proof) Encode() []byte { return tileData(p) }

// ParseProof reads what Encode wrote. It returns an error wrapping ErrProof for anything else.
func ParseProof(b []byte) (Proof, error) {
	if len(b)%HashSize != 0 || len(b) > maxProof*HashSize {
		return nil, fmt.Errorf("%w: %d bytes are no list of hashes", ErrProof, len(b))
	}
	return tileHashes(b), nil
}

// ProveInclusion returns the proof that entry n is in the log as it was when it had size entries; size 0 means now. It
// returns an error wrapping ErrProof if n or size are beyond the log, and a *Fault if a tile is missing.
func (l *Log) ProveInclusion(ctx context.Context, n, size int64) (Proof, error) {
	e, _ := l.snapshot()
	if size == 0 {
		size = e.size
	}
	if n < 0 || n >= size || size > e.size {
		return nil, fmt.Errorf("%w: entry %d of %d, in a log of %d", ErrProof, n, size, e.size)
	}
	p, err := tlog.ProveRecord(size, n, l.reader(ctx, &e))
	return Proof(p), err
}

// ProveConsistency returns the proof that the log, when it had size entries, contained what it held when it had old
// entries; size 0 means now. old is 1 or more. The errors are those of ProveInclusion.
func (l *Log) ProveConsistency(ctx context.Context, old, size int64) (Proof, error) {
	e, _ := l.snapshot()
	if size == 0 {
		size = e.size
	}
	if old < 1 || old > size || size > e.size {
		return nil, fmt.Errorf("%w: from %d to %d, in a log of %d", ErrProof, old, size, e.size)
	}
	p, err := tlog.ProveTree(size, old, l.reader(ctx, &e))
	return Proof(p), err
}

// VerifyInclusion checks that entry is number n of the log that c vouches for. It returns an error wrapping ErrProof
// if the proof does not show it.
func VerifyInclusion(c Checkpoint, n int64, entry []byte, p Proof) error {
	if n < 0 || n >= c.Size {
		return fmt.Errorf("%w: entry %d of %d", ErrProof, n, c.Size)
	}
	if err := tlog.CheckRecord(tlog.RecordProof(p), c.Size, c.Root, n, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("%w: entry %d is not in the log of the checkpoint, or is another one", ErrProof, n)
	}
	return nil
}

// VerifyConsistency checks that the log of newer contains all that older vouches for, in its place. It returns an
// error wrapping ErrRewritten if the proof does not show it.
func VerifyConsistency(older, newer Checkpoint, p Proof) error {
	if older.Origin != newer.Origin || older.Size > newer.Size {
		return fmt.Errorf("%w: one log of %d entries cannot become one of %d", ErrRewritten, older.Size, newer.Size)
	}
	if older.Size == 0 { // everything contains nothing
		return nil
	}
	if err := tlog.CheckTree(tlog.TreeProof(p), newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return fmt.Errorf("%w: from %d to %d entries", ErrRewritten, older.Size, newer.Size)
	}
	return nil
}
