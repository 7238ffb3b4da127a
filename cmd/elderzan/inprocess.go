package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/session"
	"github.com/elderzan/elderzan/memory/storage"
)

// openInProcess opens the store in this process; it fails clearly when an engine has it.
func (a *app) openInProcess(ctx context.Context, dir string) (*holder, func() error, error) {
	h := newHolder(dir, a.err)
	h.mend = a.mend
	closer, err := h.open(ctx)
	if errors.Is(err, storage.ErrLocked) {
		return nil, nil, hint(err, "end the engine first: elderzan stop --data "+dir)
	}
	if err != nil {
		return nil, nil, err
	}
	return h, func() error { return closer(context.WithoutCancel(ctx)) }, nil
}

func (a *app) serveInProcess(ctx context.Context, dir string) (err error) {
	h, closeStore, err := a.openInProcess(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	cwd, _ := os.Getwd() // a removed folder is no project
	name, root, remote := attach.Project(cwd)
	host := session.NewHost(session.Options{Server: h.server(), Handle: h.handle, ProjectOf: attach.Project, Logger: h.log})
	h.watch.Store(&watch{any: host.Subscribed, tell: host.ResourceUpdated})
	return host.Serve(ctx, session.Conn{
		Session: rand.Text(), Client: "mcp", User: userName(), UID: os.Getuid(), PID: os.Getppid(), CWD: cwd,
		Project: name, Root: root, Remote: remote, Build: h.build,
	}, session.Lines(link.NewReader(a.in, link.MaxMessage)), writeCloser{a.out}, nil)
}

// writeCloser leaves standard output open: the session ends with its input.
type writeCloser struct{ io.Writer }

func (writeCloser) Close() error { return nil }

// session connects a command to the memory: to the engine, which it starts if none runs, or to a store of its own.
func (a *app) session(ctx context.Context) (caller, error) {
	dir, err := dataFolder(a.data)
	if err != nil {
		return nil, err
	}
	if _, err := loadConfig(dir); err != nil {
		return nil, err
	}
	if !a.inProcess {
		return attach.Dial(ctx, attach.ClientOptions{
			Options: attach.Options{Dir: dir, Build: buildID(), Client: adminClient}, Version: version, Ask: a.asker(),
		})
	}
	h, closeStore, err := a.openInProcess(ctx, dir)
	if err != nil {
		return nil, err
	}
	c, err := client.NewInProcessClient(h.server())
	if err != nil {
		return nil, errors.Join(err, closeStore())
	}
	var req mcp.InitializeRequest
	req.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	req.Params.ClientInfo = mcp.Implementation{Name: adminClient, Version: version}
	if _, err := c.Initialize(ctx, req); err != nil {
		return nil, errors.Join(err, closeStore())
	}
	return &localCaller{c: c, closeStore: closeStore}, nil
}

// localCaller calls the tools of a server in this process.
type localCaller struct {
	c          *client.Client
	closeStore func() error
}

func (l *localCaller) Call(ctx context.Context, tool string, args, out any) error {
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, args
	res, err := l.c.CallTool(ctx, req)
	if err != nil {
		return fmt.Errorf("%s: %w", tool, err)
	}
	if res.IsError {
		for _, c := range res.Content {
			if t, ok := mcp.AsTextContent(c); ok {
				return errors.New(t.Text)
			}
		}
		return fmt.Errorf("%s failed", tool)
	}
	b, err := json.Marshal(res.StructuredContent)
	if err != nil {
		return fmt.Errorf("%s: read result: %w", tool, err)
	}
	return json.Unmarshal(b, out)
}

func (l *localCaller) Close() error { return errors.Join(l.c.Close(), l.closeStore()) }
