package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// Log is the engine's log file, which makes way for a new one when it is full; one old file is kept. Safe for
// concurrent use.
type Log struct {
	path string
	max  int64

	mu     sync.Mutex
	f      *os.File
	size   int64
	stderr bool
}

// OpenLog opens the log of the data folder dir for appending. max is its size in bytes at which it is put aside; 0 means
// 4 MiB. With stderr, the process's standard error goes to it, too, so that a crash leaves its trace there.
func OpenLog(dir string, max int64, stderr bool) (*Log, error) {
	if max == 0 {
		max = 4 << 20
	}
	l := &Log{path: filepath.Join(dir, link.LogName), max: max, stderr: stderr}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// open opens the file; l.mu is held or l is new.
func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return fmt.Errorf("open log: %w", err)
	}
	if l.stderr {
		if err := unix.Dup3(int(f.Fd()), 2, 0); err != nil {
			f.Close()
			return fmt.Errorf("send standard error to the log: %w", err)
		}
	}
	if l.f != nil {
		l.f.Close()
	}
	l.f, l.size = f, info.Size()
	return nil
}

// Write appends p. When the log cannot be put aside it goes on growing rather than lose what is said.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(p)) > l.max {
		if err := os.Rename(l.path, l.path+".1"); err == nil {
			if err := l.open(); err != nil {
				return 0, err
			}
		}
	}
	n, err := l.f.Write(p)
	l.size += int64(n)
	return n, err
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}
