package main

import (
	"context"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/elderzan/elderzan/cmd/internal/attach"
)

// bar is a progress bar on standard error, drawn where that is a terminal.
type bar struct {
	label string
	w     io.Writer // nil draws nothing

	mu    sync.Mutex
	shown *progressbar.ProgressBar
}

func (a *app) bar(label string) *bar {
	b := &bar{label: label}
	if f, ok := a.err.(*os.File); ok && !a.json && term.IsTerminal(int(f.Fd())) {
		b.w = f
	}
	return b
}

// set says how many bytes of how many are done.
func (b *bar) set(done, total int64) {
	if b.w == nil || total <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shown == nil {
		b.shown = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription(b.label),
			progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(50*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = b.shown.Set64(min(done, total)) // a bar that cannot be drawn is no reason to stop
}

// count says how many entries are done, of a number that is not known.
func (b *bar) count(done int) {
	if b.w == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shown == nil {
		b.shown = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription(b.label),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(50*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = b.shown.Set64(int64(done)) // as in set
}

func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shown != nil {
		_ = b.shown.Finish() // as above
		b.shown = nil
	}
}

// callProgress calls a tool and draws what it tells of its progress, where the connection brings that.
func callProgress(ctx context.Context, s caller, tool string, args, out any, b *bar) error {
	c, ok := s.(*attach.Client)
	if !ok {
		return s.Call(ctx, tool, args, out)
	}
	return c.CallProgress(ctx, tool, args, out, func(p attach.Progress) { b.set(int64(p.Progress), int64(p.Total)) })
}

type progressKey struct{}

// progressEvery is the least time between two notifications of one call.
const progressEvery = 100 * time.Millisecond

// withProgress lets what runs under the context tell the client of req how far it has come, where that asked for it.
func withProgress(ctx context.Context, s *server.MCPServer, req mcp.CallToolRequest) context.Context {
	if req.Params.Meta == nil || req.Params.Meta.ProgressToken == nil {
		return ctx
	}
	var mu sync.Mutex
	var last time.Time
	return context.WithValue(ctx, progressKey{}, func(done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) < progressEvery && done < total {
			return
		}
		last = time.Now()
		_ = s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{ // a client that has gone needs none
			"progressToken": req.Params.Meta.ProgressToken, "progress": done, "total": total,
		})
	})
}

// progressOf returns what withProgress put there, or nil.
func progressOf(ctx context.Context) func(done, total int64) {
	f, _ := ctx.Value(progressKey{}).(func(done, total int64))
	return f
}
