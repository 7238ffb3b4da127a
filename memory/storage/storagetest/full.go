package storagetest

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
)

// operationFull has a child run out of space; see FullDisk.
const operationFull = "full"

// FullDisk runs a process that may write no file beyond a few pages, and wants memory.ErrFull of each write, every
// read to work, nothing half done, and everything to work again, in the same process, once there is room.
func FullDisk(t *testing.T) {
	out, killed := run(t, t.Context(), operationFull, filepath.Join(t.TempDir(), "data"), "", 0)
	if killed || !slices.Contains(out, sayDone) {
		t.Errorf("the child came to %q (killed: %v); want %q", out, killed, sayDone)
	}
}

// fillUp is the child's part. A limit on the size of files stands in for a full disk: it needs no rights, and hits the
// engines in the same place.
func fillUp(ctx context.Context, s *storage.Store) error {
	signal.Ignore(syscall.SIGXFSZ)
	first := Memory("there before the disk was full")
	if err := put(ctx, s, memory.Put{Memory: first}); err != nil {
		return err
	}
	if err := errors.Join(s.Flush(ctx), limitFiles(16<<10)); err != nil {
		return err
	}
	refused, err := refusedPut(ctx, s)
	if err != nil {
		return err
	}
	if err := refusedVectors(ctx, s, first); err != nil {
		return err
	}
	if _, err := s.Get(ctx, []memory.ID{first.ID}); err != nil {
		return fmt.Errorf("read on a full disk: %w", err)
	}
	if _, err := s.Get(ctx, []memory.ID{refused.ID}); !errors.Is(err, memory.ErrNotFound) {
		return fmt.Errorf("a refused memory is there: %w", err)
	}
	if err := limitFiles(unix.RLIM_INFINITY); err != nil {
		return err
	}
	if err := put(ctx, s, memory.Put{Memory: refused}); err != nil {
		return fmt.Errorf("put with room again: %w", err)
	}
	if err := s.PutVectors(ctx, []memory.Vector{vectorOf(first.ID, 1, 5), vectorOf(refused.ID, 1, 6)}); err != nil {
		return fmt.Errorf("vectors with room again: %w", err)
	}
	findings, err := s.Check(ctx)
	if err != nil || len(findings) > 0 {
		return fmt.Errorf("check with room again: %v, %w", findings, err)
	}
	fmt.Println(sayDone)
	return s.Close()
}

// limitFiles sets how large any file that this process writes may become.
func limitFiles(size uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = min(size, limit.Max)
	return unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)
}

func refusedPut(ctx context.Context, s *storage.Store) (memory.Memory, error) {
	for i := range 1000 {
		m := Memory(fmt.Sprintf("no room for heron %d", i))
		err := put(ctx, s, memory.Put{Memory: m})
		if errors.Is(err, memory.ErrFull) {
			return m, nil
		}
		if err != nil {
			return m, fmt.Errorf("put on a full disk: %w; want ErrFull", err)
		}
	}
	return memory.Memory{}, errors.New("the disk never was full")
}

func refusedVectors(ctx context.Context, s *storage.Store, m memory.Memory) error {
	for i := range 1000 {
		err := s.PutVectors(ctx, []memory.Vector{vectorOf(m.ID, 1, uint64(i))})
		if errors.Is(err, memory.ErrFull) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("vectors on a full disk: %w; want ErrFull", err)
		}
	}
	return errors.New("the disk never was full for vectors")
}
