package tools

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
)

func request(tool string, args any) mcp.CallToolRequest {
	req := mcp.CallToolRequest{}
	req.Params.Name, req.Params.Arguments = tool, args
	return req
}

// calls are one valid call of every tool that reaches the store, and the operation it needs.
var calls = map[string]struct {
	args map[string]any
	op   string
}{
	"remember": {map[string]any{"content": "new"}, "Put"},
	"recall":   {map[string]any{"query": "kept"}, "Candidates"},
	"search":   {map[string]any{"text": "kept"}, "Search"},
	"share":    {map[string]any{"scope": "PRIVATE"}, "Get"},
	"revise":   {map[string]any{"title": "t"}, "Change"},
	"forget":   {map[string]any{}, "Change"},
	"status":   {nil, "Stats"},
}

func TestDomainErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		err     error
		want    string
		outcome string
		logged  bool
	}{
		"denied":         {fmt.Errorf("x: %w", memory.ErrDenied), "you may not do this here", "denied", false},
		"full":           {memory.ErrFull, "the disk is full and nothing was stored", "unavailable", true},
		"read-only":      {memory.ErrReadOnly, "cannot be written", "unavailable", true},
		"unavailable":    {fmt.Errorf("postgres://10.0.0.1: %w", memory.ErrUnavailable), "the memory is starting or shutting down; try again", "unavailable", true},
		"no embedder":    {memory.ErrNotEmbedding, "the embedder does not answer", "unavailable", true},
		"corrupt memory": {&memory.CorruptError{ID: "abc", Engine: "faiss", Err: errors.New("checksum")}, "the record of abc is damaged; run `elderzan doctor --repair`", "corrupt", true},
		"corrupt store":  {&memory.CorruptError{Engine: "sqlite", Err: errors.New("page")}, "the store is damaged; run `elderzan doctor --repair`", "corrupt", true},
		"not found":      {memory.ErrNotFound, "no such memory", "not_found", false},
		"confirm":        {&memory.ConfirmError{What: "this", How: "say so"}, "this needs confirmation", "input", false},
		"deadline":       {context.DeadlineExceeded, "took too long", "timeout", false},
		"cancelled":      {context.Canceled, "was cancelled", "canceled", false},
		"anything else":  {errors.New("dial tcp 10.0.0.1: refused"), "an internal error", "internal", true},
	} {
		t.Run(name, func(t *testing.T) {
			for tool, call := range calls {
				w := newWorld(t, nil)
				id := ok[rememberResult](w, "remember", map[string]any{"content": "kept"}).ID
				w.store.Fail = func(op string) error {
					if op == call.op {
						return tc.err
					}
					return nil
				}
				args := map[string]any{}
				for k, v := range call.args {
					args[k] = v
				}
				if tool == "share" || tool == "revise" || tool == "forget" {
					args["id"] = id
				}
				got := w.refused(tool, args)
				if !strings.HasPrefix(got, tool+": ") || !strings.Contains(got, tc.want) || strings.Contains(got, "10.0.0.1") {
					t.Errorf("%s says %q; want %q", tool, got, tc.want)
				}
				if last := w.calls[len(w.calls)-1]; last.Outcome != tc.outcome || last.Tool != tool {
					t.Errorf("%s counts as %+v; want %q", tool, last, tc.outcome)
				}
				if logged := w.log.Len() > 0; logged != tc.logged {
					t.Errorf("%s: logged %v: %s", tool, logged, &w.log)
				}
				if _, ref, has := strings.Cut(got, "(reference "); has != (tc.outcome == "internal" || tc.outcome == "corrupt") || has && !strings.Contains(w.log.String(), ref[:8]) {
					t.Errorf("%s says %q and logs %s; want the same reference in both", tool, got, &w.log)
				}
			}
		})
	}
}

// A panic is a result like any other failure; its value, which may be a memory's text, stays out of answer and log.
func TestPanics(t *testing.T) {
	for name, tc := range map[string]struct {
		value any
		want  string
	}{
		"a text":        {"the password is hunter2", "panic: string"},
		"an error":      {errors.New("hunter2"), "panic: *errors.errorString"},
		"a nil pointer": {nil, "nil pointer dereference"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.store.Fail = func(string) error {
				if tc.value == nil {
					var s *memorytest.Store
					s.Fail = nil
				}
				panic(tc.value)
			}
			if got := w.refused("search", nil); !strings.Contains(got, "an internal error") || strings.Contains(got, "hunter2") {
				t.Errorf("search says %q", got)
			}
			if log := w.log.String(); !strings.Contains(log, tc.want) || strings.Contains(log, "hunter2") || !strings.Contains(log, "stack=") {
				t.Errorf("log = %s; want %q and a stack", log, tc.want)
			}
			if _, err := w.read("elderzan://status"); err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the status resource = %v", err)
			}
			if got := w.complete("ref/prompt", "recall-before-task", "project", ""); len(got) != 0 {
				t.Errorf("completion = %v", got)
			}
		})
	}
}

func TestDeadlines(t *testing.T) {
	for name, tc := range map[string]struct {
		args map[string]any
		tool string
		want time.Duration
	}{
		"any tool":     {nil, "search", DefaultTimeout},
		"fast":         {map[string]any{"query": "x", "mode": "fast"}, "recall", 5 * time.Second},
		"balanced":     {map[string]any{"query": "x"}, "recall", 15 * time.Second},
		"accurate":     {map[string]any{"query": "x", "mode": "accurate"}, "recall", DefaultTimeout},
		"an odd mode":  {map[string]any{"query": "x", "mode": 7}, "recall", 15 * time.Second},
		"unknown mode": {map[string]any{"query": "x", "mode": "quick"}, "recall", DefaultTimeout},
		"status":       {nil, "status", statusWait},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(w *world) {
					w.opts.Service = func(ctx context.Context) (*memory.Service, error) {
						<-ctx.Done()
						return nil, ctx.Err()
					}
				})
				start := time.Now()
				res := w.call(tc.tool, tc.args)
				if took := time.Since(start); took != tc.want {
					t.Errorf("%s ended after %v; want %v", tc.tool, took, tc.want)
				}
				said := "took too long"
				if tc.tool == "status" {
					said = "not open yet"
				}
				if text := resultText(res); !strings.Contains(text, said) {
					t.Errorf("%s says %s", tc.tool, text)
				}
				w.client.Close()
			})
		})
	}
}

// Before the memory is open the lists are there, calls say why they fail, and status answers.
func TestNotOpen(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.opts.Service = func(context.Context) (*memory.Service, error) {
			return nil, fmt.Errorf("%w: the key is not there", memory.ErrUnavailable)
		}
		w.opts.Status = func(context.Context) StatusInfo { return StatusInfo{PID: 42, Alerts: []string{"replica is stale"}} }
	})
	if got := w.refused("recall", map[string]any{"query": "x"}); !strings.Contains(got, "not open: the key is not there") {
		t.Errorf("recall says %q", got)
	}
	st := ok[statusResult](w, "status", nil)
	if st.Ready || st.PID != 42 || len(st.Alerts) != 2 || !strings.Contains(st.Alerts[0], "the key is not there") || st.Memories["PRIVATE"] != 0 {
		t.Errorf("status = %+v", st)
	}
	if text, err := w.read("elderzan://status"); err != nil || !strings.Contains(text, `"ready":false`) {
		t.Errorf("the status resource = %s, %v", text, err)
	}
	if _, err := w.read("elderzan://memory/" + string(memory.NewID())); err == nil || !strings.Contains(err.Error(), "the key is not there") {
		t.Errorf("a memory resource = %v", err)
	}
	if got := w.complete("ref/prompt", "recall-before-task", "project", ""); len(got) != 0 {
		t.Errorf("completion = %v", got)
	}
	tools, err := w.client.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil || len(tools.Tools) != 9 {
		t.Errorf("tools/list = %v, %v", tools, err)
	}
}

func TestNewServerNeedsAService(t *testing.T) {
	if _, err := NewServer(Options{}); err == nil {
		t.Error("NewServer without a service succeeds")
	}
	s, err := NewServer(Options{Service: func(context.Context) (*memory.Service, error) { return nil, memory.ErrUnavailable }})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, server: s}
	res := w.connect(mcp.ProtocolVersion20251125)
	if res.ServerInfo.Name != "elderzan" || res.ServerInfo.Version != "dev" {
		t.Errorf("server = %+v", res.ServerInfo)
	}
	if st := ok[statusResult](w, "status", nil); st.Ready || st.Version != "dev" || st.Sync.State != "off" {
		t.Errorf("status = %+v", st)
	}
}
