package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// notes is the memory of a made-up team: one a line; "#" and words before it are its tags.
//
//go:embed notes.txt
var notes string

// asked is what agents of that team wanted to know.
var asked = []string{"when do we deploy?", "which database and why?", "how do we roll back a release?", "who is on call at night?", "what did the customer in Oslo ask for?"}

// shot is one picture of the dashboard.
type shot struct {
	name, path    string
	width, height int64
	dark, phone   bool
}

var shots = []shot{
	{name: "overview", path: "/", width: 1200, height: 860},
	{name: "memories-dark", path: "/memories", width: 1200, height: 860, dark: true},
	{name: "memory", path: "", width: 1200, height: 860},
	{name: "topics", path: "/topics", width: 1200, height: 900},
	{name: "phone-overview", path: "/", width: 390, height: 844, phone: true},
	{name: "phone-memories-dark", path: "/memories?q=deploy&by=meaning", width: 390, height: 844, phone: true, dark: true},
}

// photograph fills a memory as agents do, and takes pictures of its pages.
func photograph(ctx context.Context, h *home, out string) error {
	if err := fill(ctx, h); err != nil {
		return err
	}
	if _, err := h.do(ctx, "topics", "--refresh"); err != nil {
		return err
	}
	var found struct {
		Memories []struct{ ID string }
	}
	answer, err := h.do(ctx, "recall", "why PostgreSQL?", "--limit", "1", "--json")
	if err == nil {
		err = json.Unmarshal([]byte(answer), &found)
	}
	if err != nil || len(found.Memories) == 0 {
		return fmt.Errorf("nothing is recalled: %w", err)
	}
	address, leave, err := page(ctx, h)
	if err != nil {
		return err
	}
	defer leave()
	browser, leave, err := chromium(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := chromedp.Run(browser, chromedp.Navigate(address), chromedp.WaitVisible(".cards")); err != nil {
		return fmt.Errorf("open the dashboard: %w", err)
	}
	base := address[:strings.Index(address, "/enter")]
	for _, s := range shots {
		if s.path == "" {
			s.path = "/memories/" + found.Memories[0].ID
		}
		if err := s.take(browser, base, out); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// fill has two agents remember and ask, each over MCP as a client would.
func fill(ctx context.Context, h *home) error {
	var lines []string
	for l := range strings.Lines(notes) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	for i, name := range []string{"claude-code", "cursor"} {
		var mine []string
		for k, l := range lines {
			if (k%3 == 0) == (i == 1) {
				mine = append(mine, l)
			}
		}
		if err := agent(ctx, h, name, mine); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func agent(ctx context.Context, h *home, name string, lines []string) (err error) {
	serve := h.command(ctx, "elderzan", "serve")
	c := client.NewClient(transport.NewStdioWithOptions(serve.Path, h.env, serve.Args[1:], transport.WithCommandFunc(
		func(context.Context, string, []string, []string) (*exec.Cmd, error) { return serve, nil })))
	if err := c.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion, hello.Params.ClientInfo = mcp.LATEST_PROTOCOL_VERSION, mcp.Implementation{Name: name, Version: "1"}
	if _, err := c.Initialize(ctx, hello); err != nil {
		return err
	}
	call := func(tool string, args map[string]any) error {
		var req mcp.CallToolRequest
		req.Params.Name, req.Params.Arguments = tool, args
		res, err := c.CallTool(ctx, req)
		if err == nil && res.IsError {
			err = fmt.Errorf("%s says no: %v", tool, res.Content)
		}
		return err
	}
	for i, l := range lines {
		tags, text, _ := strings.Cut(l, "# ")
		if err := call("remember", map[string]any{"content": text, "tags": strings.Fields(tags), "wait": i == len(lines)-1}); err != nil {
			return err
		}
	}
	for _, q := range asked {
		if err := call("recall", map[string]any{"query": q}); err != nil {
			return err
		}
	}
	return nil
}

// page starts the dashboard and returns the address that lets a browser in.
func page(ctx context.Context, h *home) (address string, leave func(), err error) {
	cmd := h.command(ctx, "elderzan", "dashboard", "--no-browser")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	leave = func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
	text, err := bufio.NewReader(stdout).ReadString('\n')
	if text = strings.TrimSpace(text); err != nil || !strings.HasPrefix(text, "http://127.0.0.1:") {
		leave()
		return "", nil, fmt.Errorf("elderzan dashboard printed %q: %w", text, err)
	}
	return text, leave, nil
}

// chromium starts a browser without a window.
func chromium(ctx context.Context) (browser context.Context, leave func(), err error) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, errors.New("no Chromium; `make deps-test` installs it")
	}
	profile, err := os.MkdirTemp("", "pictures-browser-")
	if err != nil {
		return nil, nil, err
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(profile),
		chromedp.Flag("hide-scrollbars", true), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }))
	ctx, end := chromedp.NewExecAllocator(ctx, opts...)
	browser, endBrowser := chromedp.NewContext(ctx)
	return browser, func() {
		endBrowser()
		end()
		_ = os.RemoveAll(profile)
	}, nil
}

func (s shot) take(browser context.Context, base, out string) error {
	scheme := map[bool]string{false: "light", true: "dark"}[s.dark]
	scale := 1.0
	if s.phone {
		scale = 2
	}
	var picture []byte
	err := chromedp.Run(browser,
		emulation.SetDeviceMetricsOverride(s.width, s.height, scale, s.phone),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(base+s.path), chromedp.WaitReady("main"), chromedp.CaptureScreenshot(&picture))
	if err != nil {
		return err
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(out, s.name+".png"))
	if err != nil {
		return err
	}
	small := png.Encoder{CompressionLevel: png.BestCompression} // Chromium cares for speed
	return errors.Join(small.Encode(f, img), f.Close())
}
