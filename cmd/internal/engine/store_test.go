package engine

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

func TestStoreRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		opens := 0
		fail := broken
		s := newStore(func(context.Context) (Closer, error) {
			opens++
			time.Sleep(time.Second)
			return func(context.Context) error { return nil }, fail
		}, slog.New(slog.DiscardHandler))
		s.start(t.Context())
		if ready, err := s.state(); ready || err != nil {
			t.Errorf("state while opening = %v, %v", ready, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := s.ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call that does not wait: %v", err)
		}
		for range 5 { // calls that come together share an attempt, and those that come soon after it its result
			if err := s.ready(t.Context()); !errors.Is(err, broken) {
				t.Errorf("ready = %v", err)
			}
		}
		if opens != 1 {
			t.Errorf("%d attempts, want 1", opens)
		}
		time.Sleep(retryAfter)
		if err := s.ready(t.Context()); !errors.Is(err, broken) || opens != 2 {
			t.Errorf("ready = %v after %d attempts", err, opens)
		}
		fail = nil
		time.Sleep(retryAfter)
		if err := s.ready(t.Context()); err != nil || opens != 3 {
			t.Errorf("ready = %v after %d attempts", err, opens)
		}
		if ready, err := s.state(); !ready || err != nil {
			t.Errorf("state = %v, %v", ready, err)
		}
		if err := s.close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStoreClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := errors.New("wrong")
		for name, tc := range map[string]struct {
			open OpenFunc
			want error
		}{
			"not opened":    {func(context.Context) (Closer, error) { return nil, wrong }, nil},
			"panicked":      {func(context.Context) (Closer, error) { panic("xyzzy") }, nil},
			"does not end":  {func(ctx context.Context) (Closer, error) { <-ctx.Done(); return nil, nil }, context.DeadlineExceeded},
			"fails":         {func(context.Context) (Closer, error) { return func(context.Context) error { return wrong }, nil }, wrong},
			"nothing to do": {func(context.Context) (Closer, error) { return nil, nil }, nil},
		} {
			s := newStore(tc.open, slog.New(slog.DiscardHandler))
			life, end := context.WithCancel(t.Context())
			s.start(life)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := s.close(ctx); !errors.Is(err, tc.want) {
				t.Errorf("%s: close = %v, want %v", name, err, tc.want)
			}
			if _, err := s.state(); err != nil && strings.Contains(err.Error(), "xyzzy") {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
			end()
		}
	})
}

func TestLog(t *testing.T) {
	dir := t.TempDir()
	l, err := OpenLog(dir, 100, false)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, link.LogName)
	for range 25 {
		if _, err := l.Write([]byte("a line of ten bytes, or so\n")); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	for _, p := range []string{path, path + ".1"} {
		info, err := os.Stat(p)
		if err != nil || info.Size() > 100 || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(p), info, err)
		}
	}
	l, err = OpenLog(dir, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write([]byte("appended\n")); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if b, _ := os.ReadFile(path); strings.Count(string(b), "\n") < 2 {
		t.Errorf("log was not appended to: %q", b)
	}
	if _, err := OpenLog(filepath.Join(dir, "none"), 0, false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenLog without a folder: %v", err)
	}
}
