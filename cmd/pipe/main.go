// Command pipe is the small half of `elderzan serve`: it copies MCP between its client and the engine, and nothing
// else, so that each connected IDE costs a few megabytes. The program carries it inside and becomes it (thin.go of
// cmd/elderzan); nobody starts it by hand.
//
// Arguments: DATA-FOLDER BUILD-ID ENGINE-PROGRAM, all resolved by the program that carries it.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/elderzan/elderzan/cmd/internal/attach"
)

// softLimit makes the collector work harder instead of letting buffers of long messages pile up.
const softLimit = 8 << 20

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "elderzan: this is a part of `elderzan serve`; start that")
		os.Exit(2)
	}
	debug.SetMemoryLimit(softLimit)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := attach.Run(ctx, attach.Options{
		Dir: os.Args[1], Build: os.Args[2], Exe: os.Args[3], Client: "mcp",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "elderzan:", err)
		os.Exit(1)
	}
}
