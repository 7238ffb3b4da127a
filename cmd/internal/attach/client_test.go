package attach_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/link"
)

func dial(t *testing.T, dir string, o attach.ClientOptions) *attach.Client {
	t.Helper()
	o.Dir, o.EngineEnv = dir, []string{envRole + "=engine", envDir + "=" + dir}
	c, err := attach.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestClient(t *testing.T) {
	dir := dataDir(t)
	begin := time.Now()
	c := dial(t, dir, attach.ClientOptions{})
	t.Logf("dial with no engine running: %v", time.Since(begin).Round(100*time.Microsecond))
	begin = time.Now()
	dial(t, dir, attach.ClientOptions{}).Close()
	t.Logf("dial and close with one: %v", time.Since(begin).Round(10*time.Microsecond))

	var who struct{ Client, Project string }
	if err := c.Call(t.Context(), "whoami", nil, &who); err != nil || who.Client != "elderzan-cli" || who.Project == "" {
		t.Errorf("whoami = %+v, %v", who, err)
	}
	var echo struct {
		Text string
		PID  int
	}
	if err := c.Call(t.Context(), "echo", map[string]any{"text": "a\nb"}, &echo); err != nil || echo.Text != "a\nb" || echo.PID != pid(dir) {
		t.Errorf("echo = %+v, %v", echo, err)
	}
	if err := c.Call(t.Context(), "echo", nil, nil); err != nil {
		t.Errorf("echo into nothing: %v", err)
	}
	var number int
	if err := c.Call(t.Context(), "once", map[string]any{"mark": "42"}, &number); err != nil || number != 42 {
		t.Errorf("a text that is JSON = %d, %v", number, err)
	}
	if err := c.Call(t.Context(), "once", map[string]any{"mark": "x"}, &number); err == nil {
		t.Error("a text that is no JSON was taken")
	}
	if err := c.Request(t.Context(), "tools/list", nil, &number); err == nil {
		t.Error("a list passed for a number")
	}
	var callErr *attach.CallError
	if err := c.Call(t.Context(), "nope", nil, nil); !errors.As(err, &callErr) || callErr.Code != -32602 || err.Error() == "" {
		t.Errorf("unknown tool: %v", err)
	}
	if err := c.Call(t.Context(), "echo", func() {}, nil); err == nil {
		t.Error("arguments that are no JSON were taken")
	}
	var steps []attach.Progress
	if err := c.CallProgress(t.Context(), "steps", map[string]any{}, nil, func(p attach.Progress) { steps = append(steps, p) }); err != nil {
		t.Error(err)
	}
	if len(steps) != 5 || steps[4].Progress != 5 || steps[4].Total != 5 {
		t.Errorf("progress %+v", steps)
	}
	c.Close()
	if err := c.Call(t.Context(), "echo", nil, nil); !errors.Is(err, attach.ErrClosed) {
		t.Errorf("call after close: %v", err)
	}
}

func TestClientErrors(t *testing.T) {
	dir := dataDir(t)
	if err := os.WriteFile(filepath.Join(dir, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := dial(t, dir, attach.ClientOptions{})
	var toolErr *attach.ToolError
	if err := c.Call(t.Context(), "echo", nil, nil); !errors.As(err, &toolErr) || toolErr.Tool != "echo" || !strings.Contains(err.Error(), "the store is broken") {
		t.Errorf("call without a store: %v", err)
	}
	if _, err := attach.Dial(t.Context(), attach.ClientOptions{}); err == nil {
		t.Error("Dial without a folder")
	}
	file := filepath.Join(dir, "broken", "x")
	if _, err := attach.Dial(t.Context(), attach.ClientOptions{Options: attach.Options{Dir: file}}); err == nil {
		t.Error("Dial below a file")
	}
}

func TestClientCancels(t *testing.T) {
	dir := dataDir(t)
	c := dial(t, dir, attach.ClientOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Call(ctx, "block", nil, nil) }()
	await(t, "call", func() bool { return len(lines(t, filepath.Join(dir, "calls"))) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call: %v", err)
	}
	await(t, "its end", func() bool { return len(lines(t, filepath.Join(dir, "calls"))) == 2 })
	begin := time.Now()
	c.Close()
	if took := time.Since(begin); took > exitGuard {
		t.Errorf("close took %v", took)
	}
}

func TestClientIsAsked(t *testing.T) {
	dir := dataDir(t)
	action := "accept"
	c := dial(t, dir, attach.ClientOptions{Ask: func(_ context.Context, q attach.Question) (attach.Reply, error) {
		if q.Message != "Sure?" || !json.Valid(q.Schema) {
			t.Errorf("question %+v", q)
		}
		if action == "" {
			return attach.Reply{}, errors.New("no terminal")
		}
		return attach.Reply{Action: action, Content: map[string]any{"n": 1}}, nil
	}})
	call := func() (string, error) {
		var res struct{ Content []struct{ Text string } }
		err := c.Request(t.Context(), "tools/call", map[string]any{"name": "confirm"}, &res)
		if err != nil {
			return "", err
		}
		return res.Content[0].Text, nil
	}
	if got, err := call(); err != nil || got != "accept map[n:1]" {
		t.Errorf("accepted: %q, %v", got, err)
	}
	action = ""
	if _, err := call(); err == nil || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("not asked: %v", err)
	}
	deaf := dial(t, dir, attach.ClientOptions{})
	if err := deaf.Call(t.Context(), "confirm", nil, nil); err == nil || !strings.Contains(err.Error(), "cannot ask") {
		t.Errorf("client that cannot ask: %v", err)
	}
}

func TestClientBesideOthers(t *testing.T) {
	dir := dataDir(t)
	ide := startPipe(t, dir)
	ide.initialize(nil)
	c := dial(t, dir, attach.ClientOptions{})
	if err := os.WriteFile(filepath.Join(dir, "hold"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := c.Call(t.Context(), "once", map[string]any{"mark": "1"}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	await(t, "effects", func() bool { return len(lines(t, filepath.Join(dir, "effects"))) == 8 })
	if err := syscall.Kill(pid(dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "hold"))
	wg.Wait()
	if n := len(lines(t, filepath.Join(dir, "effects"))); n != 8 {
		t.Errorf("%d effects, want 8", n)
	}
	ide.call("echo", nil)
	ide.close()
}

// BenchmarkCall compares a call through the pipe with one on the engine's socket itself.
func BenchmarkCall(b *testing.B) {
	dir := dataDir(b)
	c := startPipe(b, dir)
	c.initialize(nil)
	b.Run("pipe", func(b *testing.B) {
		for b.Loop() {
			c.call("echo", map[string]any{"text": "x"})
		}
	})
	b.Run("socket", func(b *testing.B) {
		s, err := net.Dial("unix", link.SocketPath(dir))
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		r := bufio.NewReader(s)
		if _, err := s.Write(link.EncodeHello(link.Hello{Epoch: "benchmark"})); err != nil {
			b.Fatal(err)
		}
		if _, err := r.ReadSlice('\n'); err != nil {
			b.Fatal(err)
		}
		var frame []byte
		for n := uint64(1); b.Loop(); n++ {
			frame = link.AppendFrame(frame[:0], n, []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`))
			if _, err := s.Write(frame); err != nil {
				b.Fatal(err)
			}
			if line, err := r.ReadBytes('\n'); err != nil || json.Unmarshal(line, new(answer)) != nil {
				b.Fatal(err)
			}
		}
	})
	c.close()
}
