// Command pictures makes the pictures of the README anew: pages of the dashboard in a headless Chromium, and a recording
// of a first session in a terminal. All of it is a real run of the program on a memory of its own, in a temporary home.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	exe := flag.String("elderzan", "bin/elderzan", "the program to show")
	out := flag.String("out", "cmd/elderzan/guides/pictures", "folder for the pictures")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *exe, *out); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, exe, out string) (err error) {
	exe, err = filepath.Abs(exe)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, picture := range []func(context.Context, *home, string) error{record, photograph} {
		h, err := newHome(exe)
		if err != nil {
			return err
		}
		err = picture(ctx, h, out)
		if err := errors.Join(err, h.close()); err != nil {
			return err
		}
	}
	return nil
}

// home is a person's home folder with a project in it, and the program on the PATH.
type home struct {
	dir, project string
	env          []string
}

// newHome makes a home at a place whose name reads well in a picture.
func newHome(exe string) (*home, error) {
	base, err := os.MkdirTemp("", "pictures-")
	if err != nil {
		return nil, err
	}
	h := &home{dir: filepath.Join(base, "mia"), project: filepath.Join(base, "mia", "harbour")}
	if err := os.MkdirAll(filepath.Join(h.project, ".git"), 0o755); err != nil {
		return nil, err
	}
	bin := filepath.Join(h.dir, ".local", "bin")
	if err := install(exe, bin); err != nil {
		return nil, err
	}
	model, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(exe), "model"))
	if err != nil {
		return nil, fmt.Errorf("the model's weights are not beside the program: %w", err)
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "ELDERZAN_") && !strings.HasPrefix(name, "XDG_") && name != "HOME" && name != "PATH" && name != "NO_COLOR" && name != "COLUMNS" {
			h.env = append(h.env, v)
		}
	}
	h.env = append(h.env, "HOME="+h.dir, "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "TERM=xterm-256color", "ELDERZAN_MODEL_DIR="+model)
	return h, nil
}

// install copies the program to where a person has it: setup writes its place into the clients' configuration.
func install(exe, bin string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	from, err := os.Open(exe)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(bin, "elderzan"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

func (h *home) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = h.project, h.env
	for _, v := range h.env { // as a shell would look for it
		if list, ok := strings.CutPrefix(v, "PATH="); ok && args[0] == "elderzan" {
			cmd.Path, cmd.Err = filepath.Join(filepath.SplitList(list)[0], "elderzan"), nil
		}
	}
	return cmd
}

// do runs a command of the program and returns what it prints.
func (h *home) do(ctx context.Context, args ...string) (string, error) {
	b, err := h.command(ctx, append([]string{"elderzan"}, args...)...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("elderzan %s: %w", strings.Join(args, " "), err)
	}
	return string(b), nil
}

func (h *home) close() error {
	_, err := h.do(context.Background(), "stop")
	return errors.Join(err, os.RemoveAll(filepath.Dir(h.dir)))
}
