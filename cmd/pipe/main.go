// Command pipe is the small half of `elderzan serve`: it copies MCP between its client and the engine, and nothing
// else, so that each connected IDE costs a few megabytes. The program carries it inside and becomes it
// (cmd/internal/early); nobody starts it by hand.
//
// Arguments: DATA-FOLDER VERSION ENGINE-PROGRAM; an empty folder is the usual one.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/link"
)

// softLimit makes the collector work harder instead of letting buffers of long messages pile up.
const softLimit = 8 << 20

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "elderzan: this is a part of `elderzan serve`; start that")
		os.Exit(2)
	}
	debug.SetMemoryLimit(softLimit)
	runtime.GOMAXPROCS(1) // copying wants no second thread, and waking one for each message costs more than the copying

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := serve(ctx, os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, "elderzan:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, folder, version, exe string) error {
	dir, err := link.DataFolder(folder)
	if err != nil {
		return fmt.Errorf("%w\n  name a folder: --data DIR", err)
	}
	return attach.Run(ctx, attach.Options{
		Dir: dir, Build: link.BuildID(version, exe), Exe: exe, Client: "mcp",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
}
