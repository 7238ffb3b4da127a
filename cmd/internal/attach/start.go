package attach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/slack"
)

// maxLog is the size in bytes at which the engine's log makes way for a new one; one old log is kept.
const maxLog = 4 << 20

// connect returns a connection to the engine of o.Dir, starting one if none runs. It gives up after o.StartTimeout.
func connect(ctx context.Context, o *Options, h link.Hello) (*connection, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, folderError(fmt.Errorf("make data folder: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, o.StartTimeout)
	defer cancel()
	s := starter{o: o}
	defer s.done()
	begun := time.Now()
	for wait := time.Millisecond; ; wait = nextWait(wait, time.Since(begun)) {
		c, err := dial(ctx, o.Dir, h)
		switch {
		case err == nil:
			return c, nil
		case over(ctx):
			return nil, s.tooLate(ctx)
		case !errors.Is(err, ErrNoEngine):
			return nil, err
		}
		if err := s.step(); err != nil {
			return nil, folderError(err)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, s.tooLate(ctx)
		}
	}
}

// nextWait is how long to wait between two looks for the engine: next to nothing while one that comes up as usual may
// be there any moment, as its client waits as well.
func nextWait(last, since time.Duration) time.Duration {
	most := 25 * time.Millisecond
	if since < 500*time.Millisecond {
		most = 2 * time.Millisecond
	}
	return min(last*3/2, most)
}

// folderError says of an error about the data folder what to do, where that is known.
func folderError(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the data folder cannot be written: %w; make it writable, or choose another with --data", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk is full: %w; free some space", err)
	}
	return err
}

// starter starts an engine when there is none and nobody else starts one.
type starter struct {
	o       *Options
	release func()     // gives back the right to start
	exited  chan error // the engine's end; nil before it was started
	log     string
	logSize int64 // of the log before the start
	ended   time.Time
}

// step looks at how things stand and starts an engine if that is called for. Its error is final.
func (s *starter) step() error {
	if s.exited != nil {
		select {
		case err := <-s.exited:
			s.exited, s.ended = nil, time.Now()
			if err != nil && !link.Held(s.o.Dir) {
				return s.explain(err)
			}
			// It found another engine in its place, or came and went; look again.
		default:
			return nil
		}
	}
	if time.Since(s.ended) < 100*time.Millisecond || link.Held(s.o.Dir) {
		return nil // an engine is coming or going
	}
	if s.release == nil {
		if s.release = link.TryStart(s.o.Dir); s.release == nil {
			return nil
		}
	}
	return s.start()
}

func (s *starter) done() {
	if s.release != nil {
		s.release()
	}
}

// start starts an engine that outlives this process and holds nothing of its client's: no terminal, no folder, no pipe.
func (s *starter) start() error {
	s.log = filepath.Join(s.o.Dir, link.LogName)
	log, err := openLog(s.log)
	if err != nil {
		return err
	}
	defer log.Close()
	if info, err := log.Stat(); err == nil {
		s.logSize = info.Size()
	}
	cmd := exec.Command(s.o.Exe, s.o.EngineArgs...)
	cmd.Stderr = log
	cmd.Dir = s.o.Dir
	cmd.Env = os.Environ()
	if os.Getenv("GOGC") == "" { // while the engine comes up everything stays; it sets its collector by itself then
		cmd.Env = append(cmd.Env, "GOGC=off")
	}
	cmd.Env = append(cmd.Env, s.o.EngineEnv...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	restore := slack.Widen()
	err = cmd.Start()
	restore()
	if err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	s.exited = make(chan error, 1)
	exited := s.exited
	go func() { exited <- cmd.Wait() }()
	s.o.Logger.Debug("engine started", "pid", cmd.Process.Pid)
	return nil
}

// openLog opens the engine's log for appending, after a full one has been put aside.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("put the engine's log aside: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the engine's log: %w", err)
	}
	return f, nil
}

// explain makes the error for an engine that ended instead of serving.
func (s *starter) explain(err error) error {
	line := lastLine(s.log, s.logSize)
	switch {
	case strings.Contains(line, syscall.ENOSPC.Error()), line == "" && full(s.o.Dir):
		return fmt.Errorf("the engine could not start: the disk that holds %s is full; free some space, then try again", s.o.Dir)
	case line != "":
		return fmt.Errorf("the engine could not start: %s (log: %s)", line, s.log)
	}
	return fmt.Errorf("the engine could not start: %w (log: %s)", err, s.log)
}

// full reports whether the disk of dir has no room even for a log's line: an engine there cannot say why it ends.
func full(dir string) bool {
	var st syscall.Statfs_t
	return syscall.Statfs(dir, &st) == nil && st.Bavail == 0
}

// over reports whether ctx is done or its deadline has passed: a dial that heeds the deadline may come back with an
// error of its own before ctx has noticed.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

func (s *starter) tooLate(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	var hint string
	if pid := link.ReadPID(s.o.Dir); pid > 0 && link.Held(s.o.Dir) {
		hint = fmt.Sprintf("; process %d holds the data folder", pid)
	} else if line := lastLine(filepath.Join(s.o.Dir, link.LogName), s.logSize); line != "" {
		hint = "; its log ends with: " + line
	}
	return fmt.Errorf("no engine answered within %s%s", s.o.StartTimeout, hint)
}

// lastLine returns the last line with text in the file after offset, short and printable, or "".
func lastLine(path string, offset int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	if offset > info.Size() {
		offset = 0 // a new log
	}
	b := make([]byte, min(info.Size()-offset, 8<<10))
	n, err := f.ReadAt(b, info.Size()-int64(len(b)))
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(b[:n]), []byte("\n"))
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(lines[len(lines)-1]), ""))
	if len(line) > 400 {
		line = strings.ToValidUTF8(line[:400], "") + " …"
	}
	return line
}
