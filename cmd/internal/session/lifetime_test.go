package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{})
		p := f.connect(t, Conn{})
		begin := time.Now()
		p.call(`1`, "block", `{}`)
		if m := p.want(`1`); !strings.Contains(string(m.Result), `"isError":true`) || !strings.Contains(string(m.Result), "longer than 1m0s") {
			t.Errorf("a call that took too long: %s", m.line)
		}
		if got := time.Since(begin); got != time.Minute {
			t.Errorf("answered after %v, want 1m", got)
		}
		begin = time.Now()
		p.call(`2`, "wait", `{}`) // does not heed its context
		p.wantText(`2`, "longer than 1m0s")
		if got := time.Since(begin); got != time.Minute+stuckGrace {
			t.Errorf("answered after %v", got)
		}
		close(f.gate)
		synctest.Wait()
		p.call(`3`, "echo", `{"text":"x"}`) // the late result was dropped
		p.wantText(`3`, "x")
		p.ok(p.leave())
	})
}

func TestDeadlineOfARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{TimeoutOf: func(method string, params json.RawMessage) time.Duration {
			if method == "tools/call" && string(link.Member(params, "name")) == `"block"` {
				return time.Hour
			}
			return 0
		}})
		p := f.connect(t, Conn{})
		begin := time.Now()
		p.call(`1`, "block", `{}`)
		p.wantText(`1`, "longer than 1h0m0s")
		if got := time.Since(begin); got != time.Hour {
			t.Errorf("answered after %v, want 1h", got)
		}
		begin = time.Now()
		p.call(`2`, "wait", `{}`)
		p.wantText(`2`, "longer than 1m0s")
		if got := time.Since(begin); got != time.Minute+stuckGrace {
			t.Errorf("another call was answered after %v", got)
		}
		close(f.gate)
		p.ok(p.leave())
	})
}

func TestReady(t *testing.T) {
	open := make(chan error)
	f := newFixture(Options{Ready: func(ctx context.Context) error {
		select {
		case err := <-open:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	p := f.connect(t, Conn{})
	p.initialize(`{}`)
	p.call(`1`, "echo", `{"text":"late"}`)
	p.send(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`)
	p.want(`2`)
	open <- nil
	p.wantText(`1`, "late")
	p.call(`3`, "echo", `{}`)
	open <- errors.New("the store is broken")
	if m := p.want(`3`); !strings.Contains(string(m.Result), `"isError":true`) || !strings.Contains(string(m.Result), "the store is broken") {
		t.Errorf("tool call without a store: %s", m.line)
	}
	p.send(`{"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"uri":"x://r"}}`)
	open <- errors.New("the store is broken")
	if m := p.want(`4`); m.Error == nil || m.Error.Message != "the store is broken" {
		t.Errorf("resource without a store: %s", m.line)
	}
	p.ok(p.leave())
}

func TestReadyTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{Ready: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		p := f.connect(t, Conn{})
		p.call(`1`, "echo", `{}`)
		p.wantText(`1`, "longer than 1m0s")
		p.ok(p.leave())
	})
}

func TestClientThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{})
		p := f.connect(t, Conn{})
		p.call(`1`, "wait", `{}`)
		<-f.started
		go func() {
			time.Sleep(5 * time.Second)
			close(f.gate)
		}()
		p.in.Close()
		p.wantText(`1`, "waited") // what runs is finished, and answered to whoever still reads
		p.ok(<-p.done)

		p = f.connect(t, Conn{})
		p.call(`1`, "block", `{}`)
		<-f.started
		begin := time.Now()
		p.ok(p.leave())
		if got := time.Since(begin); got != 10*time.Second {
			t.Errorf("a call was left %v after its client had gone", got)
		}
		if err := <-f.ended; !errors.Is(err, errLeft) {
			t.Errorf("its context ended with %v", err)
		}
	})
}

func TestClientThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{})
		p := f.connect(t, Conn{})
		go func() {
			for i := range 200 { // more than fits anywhere
				p.n++
				_, _ = p.in.Write(link.AppendFrame(nil, p.n, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"ping"}`, i)))
			}
		}()
		synctest.Wait()
		close(p.drain)
		p.stop()
		p.ok(<-p.done)
	})
}

func TestClientThatBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{})
		p := f.connect(t, Conn{})
		p.call(`1`, "block", `{}`)
		<-f.started
		p.outR.Close()
		p.call(`2`, "echo", `{}`) // its answer finds nobody
		p.ok(<-p.done)
		<-f.ended
	})
}

func TestEngineThatIsKilledOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{})
		p := f.connect(t, Conn{})
		p.call(`1`, "wait", `{}`) // heeds nothing
		<-f.started
		p.stop()
		p.ok(<-p.done)
		if !strings.Contains(f.log.String(), "still running") {
			t.Error("nothing in the log")
		}
		close(f.gate)
	})
}

func TestManySessions(t *testing.T) {
	f := newFixture(Options{})
	var wg sync.WaitGroup
	var answers atomic.Int64
	for range 50 {
		p := f.connect(t, Conn{})
		wg.Go(func() {
			p.initialize(`{}`)
			for i := range 20 {
				p.call(fmt.Sprint(i), "echo", fmt.Sprintf(`{"text":"t%d"}`, i))
				p.wantText(fmt.Sprint(i), fmt.Sprintf("t%d", i))
				answers.Add(1)
			}
			p.ok(p.leave())
		})
	}
	wg.Wait()
	if answers.Load() != 1000 {
		t.Errorf("%d answers", answers.Load())
	}
	if f.h.Running() != 0 || len(f.h.live) != 0 {
		t.Errorf("%d requests and %d sessions are left", f.h.Running(), len(f.h.live))
	}
}

func TestReadError(t *testing.T) {
	f := newFixture(Options{})
	outR, outW := io.Pipe()
	go func() { _, _ = io.Copy(io.Discard, outR) }()
	err := f.h.Serve(t.Context(), Conn{Session: "s"}, func() (uint64, []byte, error) { return 0, nil, os.ErrPermission }, outW, nil)
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("Serve = %v", err)
	}
}
