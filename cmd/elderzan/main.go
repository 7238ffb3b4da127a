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
	err := newRoot(&app{in: os.Stdin, out: os.Stdout, err: os.Stderr}).ExecuteContext(ctx)
	stop()
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
