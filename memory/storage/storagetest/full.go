package storagetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	out, killed := run(t, operationFull, filepath.Join(t.TempDir(), "data"), "", 0, death{})
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
	if err := errors.Join(s.WaitRenewed(ctx), limitFiles(16)); err != nil {
		return err
	}
	if findings, err := s.Check(ctx); err != nil || len(findings) > 0 {
		return fmt.Errorf("check on a full disk: %v, %w", findings, err)
	}
	if err := s.RotateKeys(ctx, Audit("key-rotate")); !errors.Is(err, memory.ErrFull) {
		return fmt.Errorf("rotate keys on a full disk: %w; want ErrFull", err)
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
	say(sayDone)
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

// operationReadOnly has a child open a folder that it may not write; see ReadOnly.
const operationReadOnly = "read-only"

// ReadOnly wants memory.ErrReadOnly from a folder that may not be written, and from one that may not be made.
func ReadOnly(t *testing.T) {
	// Not t.TempDir: a child that gives up root must be able to reach it.
	parent, err := os.MkdirTemp("", "elderzan-read-only-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(parent)
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	out, killed := run(t, operationReadOnly, filepath.Join(parent, "data"), "", 0, death{})
	if killed || !slices.Contains(out, sayDone) {
		t.Errorf("the child came to %q (killed: %v); want %q", out, killed, sayDone)
	}
}

// openReadOnly is the child's part. Root may write anything, and so becomes somebody else first.
func openReadOnly(ctx context.Context, dir string) error {
	const nobody = 65534
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(os.Chown(dir, nobody, nobody), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	s, err := storage.Open(ctx, storage.Options{Dir: dir})
	if err != nil {
		return err
	}
	if err := errors.Join(put(ctx, s, memory.Put{Memory: Memory("before")}), s.Close(), os.Chmod(dir, 0o500)); err != nil {
		return err
	}
	if err := wantReadOnly(ctx, filepath.Join(dir, "below")); err != nil {
		return err
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chmod(path, 0o400)
	})
	if err != nil {
		return err
	}
	if err := wantReadOnly(ctx, dir); err != nil {
		return err
	}
	say(sayDone)
	return nil
}

func wantReadOnly(ctx context.Context, dir string) error {
	s, err := storage.Open(ctx, storage.Options{Dir: dir})
	if err == nil {
		return fmt.Errorf("a folder that cannot be written opens: %w", s.Close())
	}
	if !errors.Is(err, memory.ErrReadOnly) {
		return fmt.Errorf("%w; want ErrReadOnly", err)
	}
	return nil
}
