// Command elderzan is the memory server and the command line for the same memory.
//
// With a pipe on standard input it speaks MCP there; with a terminal it shows help and what is stored.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/elderzan/elderzan/cmd/internal/early"
)

var version = early.Version

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	out := &output{file: os.Stdout}
	err := newRoot(&app{in: os.Stdin, out: out, err: os.Stderr}).ExecuteContext(ctx)
	stop()
	if err == nil {
		err = out.failed
	}
	if err != nil {
		tellError(os.Stderr, err)
		os.Exit(1)
	}
}

// tellError prints an error and, where it carries one, the next command to type.
func tellError(w *os.File, err error) {
	fmt.Fprintln(w, "elderzan:", err)
	var h *hintError
	if errors.As(err, &h) {
		fmt.Fprintln(w, "  "+h.hint)
	}
}

// output is standard output; it keeps the first error of writing, which is one of every command, so that none has to
// look at what each of its lines has come to.
type output struct {
	file   *os.File
	failed error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if err == nil {
		return n, nil
	}
	err = fmt.Errorf("the output could not be written: %w", err)
	if o.failed == nil {
		o.failed = err
	}
	return n, err
}

// Fd lets who prints see whether this is a terminal.
func (o *output) Fd() uintptr { return o.file.Fd() }
