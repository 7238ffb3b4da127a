package attach

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options say which engine to attach to and as whom. Only Dir has no default.
type Options struct {
	Dir    string // data folder
	Build  string // this program's build id, as link.BuildID makes it
	Client string // what started this client, until the MCP client tells its name; "" means unknown
	CWD    string // folder the client works in; "" means the process's own

	Exe        string   // program to start as the engine; "" means this program
	EngineArgs []string // its arguments; nil means "engine", "--data", Dir
	EngineEnv  []string // added to the process's environment for the engine

	Stdin  io.Reader // nil means os.Stdin
	Stdout io.Writer // nil means os.Stdout
	Logger *slog.Logger

	StartTimeout time.Duration // for an engine to answer, its predecessor's leave included; 0 means 15 s
	DrainTimeout time.Duration // for unanswered requests once Stdin has ended; 0 means 10 s
}

func (o *Options) defaults() error {
	if o.Dir == "" {
		return errors.New("attach: no data folder given")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("find data folder: %w", err)
	}
	o.Dir = dir
	if o.CWD == "" {
		o.CWD, _ = os.Getwd() // a removed folder is no project
	}
	if o.Exe == "" {
		if o.Exe, err = executable(); err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
	}
	if o.EngineArgs == nil {
		o.EngineArgs = []string{"engine", "--data", o.Dir}
	}
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 15 * time.Second
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 10 * time.Second
	}
	return nil
}

// executable is this program's file, or the one that has taken its place since.
func executable() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(exe); err == nil {
		return exe, nil
	}
	if path, ok := strings.CutSuffix(exe, " (deleted)"); ok {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "/proc/self/exe", nil
}

// newEpoch names this client for good.
func newEpoch() string { return rand.Text() }
