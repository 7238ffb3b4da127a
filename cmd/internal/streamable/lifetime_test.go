package streamable

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

func TestCancelled(t *testing.T) {
	w := newWorld(t, nil)
	t.Run("by a notification", func(t *testing.T) {
		s := w.begin()
		answered := w.waiting(9, s)
		if res := w.do("POST", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}}`, s...); res.StatusCode != 202 {
			t.Errorf("cancelled: %d", res.StatusCode)
		}
		if why := await(t, "the end of the call", w.ended); why == "let go" {
			t.Error("the call was not cancelled")
		}
		if got := await(t, "the end of its stream", answered); got != "" {
			t.Errorf("a cancelled request is answered with %s", got)
		}
	})
	// 2026-07-28, Transports, "Cancellation": closing the stream of a request cancels it.
	t.Run("by closing the stream", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := w.send(ctx, "POST", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wait","arguments":{},`+meta+`}}`,
				mcp.HeaderProtocolVersion, "2026-07-28", mcp.HeaderMethod, "tools/call", mcp.HeaderName, "wait")
			failed <- err
		}()
		await(t, "the call", w.started)
		cancel()
		if err := await(t, "the client's end", failed); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if why := await(t, "the end of the call", w.ended); why == "let go" {
			t.Error("the call was not cancelled")
		}
	})
	t.Run("by the end of the session", func(t *testing.T) {
		s := w.begin()
		w.waiting(9, s)
		if res := w.do("POST", call(9, "echo", "twice"), s...); res.StatusCode != 400 {
			t.Errorf("the same id twice: %d", res.StatusCode)
		}
		if res := w.do("DELETE", "", s...); res.StatusCode != 204 {
			t.Errorf("delete: %d", res.StatusCode)
		}
		if why := await(t, "the end of the call", w.ended); why == "let go" {
			t.Error("the call was not cancelled")
		}
		await(t, "the session's end", w.gone)
		wants(t, "an ended session", w.do("POST", call(1, "echo", ""), s...), 404, "")
	})
}

func TestIdle(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(o *Options) {
		o.SessionIdle = time.Hour
		o.Now = func() time.Time { return now }
		o.MaxSessions = 2
	})
	s := w.begin()
	w.begin()
	wants(t, "one session too many", w.do("POST", initialize), 503, "sessions")
	wants(t, "a visit", w.modern(t.Context(), "tools/list", "", ""), 200, "echo")
	now = now.Add(59 * time.Minute)
	wants(t, "used", w.do("POST", call(1, "echo", "x"), s...), 200, "")
	now = now.Add(2 * time.Minute)
	w.http.sweepOnce()
	await(t, "the end of a session", w.gone)
	await(t, "the end of the visit", w.gone)
	wants(t, "the other session", w.do("POST", call(1, "echo", "here"), s...), 200, "here")
	w.begin()
}

func TestDraining(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin()
	answered := w.waiting(1, s)
	close(w.drain)
	close(w.gate)
	if got := await(t, "the answer", answered); !strings.Contains(got, "waited") {
		t.Errorf("got %s", got)
	}
	await(t, "the session's end", w.ended)
}

func TestTooMany(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.MaxRequests = 1 })
	go func() {
		if res, err := w.send(t.Context(), "POST", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wait",`+meta+`}}`,
			mcp.HeaderProtocolVersion, "2026-07-28", mcp.HeaderMethod, "tools/call", mcp.HeaderName, "wait"); err == nil {
			res.Body.Close()
		}
	}()
	await(t, "the call", w.started)
	wants(t, "one too many", w.do("POST", initialize), 503, "try again")
	close(w.gate)
	await(t, "the end of the call", w.ended)
}
