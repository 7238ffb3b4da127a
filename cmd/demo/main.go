// Command demo shows the memory at work on real input: it starts `elderzan serve`, speaks MCP to it over a pipe as
// any agent would, remembers the doc comments of Go's standard library and a handful of agent's notes, asks
// questions, and prints what was stored where, what came back, and how fast.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // `| head` must not leave an engine and its folder behind
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.exe, "elderzan", "bin/elderzan", "the program to show")
	flag.StringVar(&o.data, "data", "", "data folder to fill and keep; empty: a temporary one, removed at the end")
	flag.IntVar(&o.paragraphs, "paragraphs", 4000, "how many paragraphs of documentation to remember")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct {
	exe        string
	data       string
	paragraphs int
}

func run(ctx context.Context, o options) error {
	exe, err := filepath.Abs(o.exe)
	if err != nil {
		return err
	}
	if o.data == "" {
		if o.data, err = os.MkdirTemp("", "elderzan-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.data)
	}
	start := time.Now()
	s, err := connect(ctx, exe, o.data)
	if err != nil {
		return err
	}
	defer s.close(context.WithoutCancel(ctx))
	p := newPrinter(os.Stdout)
	p.title("elderzan, through a real MCP client over a real pipe")
	p.line("%s %s answered the handshake after %d ms; data folder %s", s.name, s.version, time.Since(start).Milliseconds(), o.data)
	steps := []func(context.Context, *session, *printer, options) error{
		showTools, rememberNotes, rememberCorpus, askQuestions, searchExactly, classifyTexts, shareOne, showStatus,
	}
	for _, step := range steps {
		if err := step(ctx, s, p, o); err != nil {
			return err
		}
	}
	showConnect(p, exe)
	return nil
}
