package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// asked receives a request of the engine's.
func (p *peer) asked(method string) message {
	p.t.Helper()
	m := p.recv()
	if m.Method != method || !strings.HasPrefix(string(m.ID), `"elderzan-EPOCH-`) {
		p.t.Fatalf("got %s, want a request %s with the engine's epoch in its id", m.line, method)
	}
	return m
}

func (p *peer) answer(m message, result string) {
	p.t.Helper()
	p.send(`{"jsonrpc":"2.0","id":` + string(m.ID) + `,` + result + `}`)
}

func TestElicitation(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	p.initialize(`{"elicitation":{}}`)
	for result, want := range map[string]string{
		`"result":{"action":"accept","content":{}}`:      "accept",
		`"result":{"action":"decline"}`:                  "decline",
		`"error":{"code":-32601,"message":"cannot ask"}`: "cannot ask",
		`"result":"what"`:                                "cannot unmarshal",
	} {
		p.call(`1`, "confirm", `{}`)
		m := p.asked("elicitation/create")
		p.answer(m, result)
		p.answer(m, result) // once more: dropped
		if got := p.want(`1`); !strings.Contains(got.line, want) {
			t.Errorf("%s: %s, want %q", result, got.line, want)
		}
	}
	p.call(`2`, "confirm", `{}`)
	m := p.asked("elicitation/create")
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}`)
	if c := p.recv(); c.Method != "notifications/cancelled" || !strings.Contains(string(c.Params), string(m.ID)) {
		t.Errorf("a question nobody waits for any more is not withdrawn: %s", c.line)
	}
	p.call(`3`, "confirm", `{}`)
	p.asked("elicitation/create")
	p.in.Close() // the client leaves with the question open
	if got := p.want(`3`); got.Error == nil || !strings.Contains(got.Error.Message, "client has gone") {
		t.Errorf("question to a client that left: %s", got.line)
	}
	p.ok(<-p.done)
}

func TestClientThatCannotBeAsked(t *testing.T) {
	f := newFixture(Options{})
	f.s.AddTool(mcp.NewTool("all"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s := server.ClientSessionFromContext(ctx).(*Session)
		_, e1 := s.RequestElicitation(ctx, mcp.ElicitationRequest{})
		_, e2 := s.ListRoots(ctx, mcp.ListRootsRequest{})
		_, e3 := s.RequestSampling(ctx, mcp.CreateMessageRequest{})
		return mcp.NewToolResultText(fmt.Sprint(e1 != nil, e2 != nil, e3 != nil)), nil
	})
	p := f.connect(t, Conn{})
	p.initialize(`{}`)
	p.call(`1`, "all", `{}`)
	p.wantText(`1`, "true true true")
	p.ok(p.leave())
}

func TestSamplingRootsAndPing(t *testing.T) {
	f := newFixture(Options{})
	f.s.AddTool(mcp.NewTool("sample"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s := server.ClientSessionFromContext(ctx).(*Session)
		if err := s.Ping(ctx); err != nil {
			return nil, err
		}
		roots, err := s.ListRoots(ctx, mcp.ListRootsRequest{})
		if err != nil {
			return nil, err
		}
		res, err := f.s.RequestSampling(ctx, mcp.CreateMessageRequest{})
		if err != nil {
			return nil, err
		}
		text, _ := mcp.AsTextContent(res.Content)
		return mcp.NewToolResultText(roots.Roots[0].URI + " " + text.Text), nil
	})
	p := f.connect(t, Conn{})
	p.initialize(`{"roots":{},"sampling":{}}`)
	for result, want := range map[string]string{
		`{"role":"assistant","model":"m","content":{"type":"text","text":"hello"}}`: "file:///x hello",
		`{"role":"assistant","model":"m","content":{"type":"smell"}}`:               "read the client's completion",
		`5`: "cannot unmarshal",
	} {
		p.call(`1`, "sample", `{}`)
		p.answer(p.asked("ping"), `"result":{}`)
		p.answer(p.asked("roots/list"), `"result":{"roots":[{"uri":"file:///x"}]}`)
		p.answer(p.asked("sampling/createMessage"), `"result":`+result)
		if m := p.want(`1`); !strings.Contains(m.line, want) {
			t.Errorf("%s: %s", result, m.line)
		}
	}
	p.ok(p.leave())
}

func TestQuestionsHoldUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{MaxConcurrent: 2})
		p := f.connect(t, Conn{})
		p.initialize(`{"elicitation":{}}`)
		var open []message
		for i := range 10 {
			p.call(fmt.Sprint(i), "confirm", `{}`)
			open = append(open, p.asked("elicitation/create"))
		}
		p.call(`"e"`, "echo", `{"text":"x"}`)
		p.wantText(`"e"`, "x")
		time.Sleep(5 * time.Minute) // far past the deadline of a request: people take their time
		for _, m := range open {
			p.answer(m, `"result":{"action":"accept"}`)
			if got := p.recv(); !strings.Contains(got.line, "accept") {
				t.Errorf("answer after a long while: %s", got.line)
			}
		}
		p.call(`"w"`, "confirm", `{}`)
		begin := time.Now()
		p.asked("elicitation/create")
		if c := p.recv(); c.Method != "notifications/cancelled" || time.Since(begin) != 10*time.Minute {
			t.Errorf("after %v: %s", time.Since(begin), c.line)
		}
		if m := p.want(`"w"`); m.Error == nil {
			t.Errorf("a question never answered: %s", m.line)
		}
		if len(p.slotsOf(f)) != 0 {
			t.Error("slots were lost")
		}
		p.ok(p.leave())
	})
}

// slotsOf returns what is taken of the only session's slots, when everything rests.
func (p *peer) slotsOf(f *fixture) []struct{} {
	synctest.Wait()
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	for s := range f.h.live {
		return make([]struct{}, len(s.slots)+len(s.queue))
	}
	return nil
}

func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{Timeout: 10 * time.Second, MaxConcurrent: 1})
		f.s.AddTool(mcp.NewTool("twice"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			s := server.ClientSessionFromContext(ctx).(*Session)
			errs := make(chan error, 2)
			for range 2 { // two questions at once
				go func() { errs <- s.Ping(ctx) }()
			}
			if err := errors.Join(<-errs, <-errs); err != nil {
				return nil, err
			}
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		p := f.connect(t, Conn{})
		p.call(`1`, "twice", `{}`)
		a, b := p.asked("ping"), p.asked("ping")
		time.Sleep(time.Hour / 10)
		p.answer(a, `"result":{}`)
		time.Sleep(time.Minute)
		p.answer(b, `"result":{}`)
		begin := time.Now()
		p.wantText(`1`, "longer than 10s")
		if got := time.Since(begin); got != 10*time.Second {
			t.Errorf("deadline %v after the answers", got)
		}
		if n := len(p.slotsOf(f)); n != 0 {
			t.Errorf("%d slots were lost", n)
		}
		p.ok(p.leave())
	})
}

func TestResourceSubscription(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	p.initialize(`{}`)
	p.send(`{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"x://r"}}`)
	p.want(`1`)
	p.send(`{"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"x://r"}}`)
	p.want(`2`)
	f.h.ResourceUpdated("x://other")
	f.h.ResourceUpdated("x://r")
	if m := p.recv(); m.Method != "notifications/resources/updated" || strings.Contains(m.line, "subscriptionId") {
		t.Errorf("got %s", m.line)
	}
	p.send(`{"jsonrpc":"2.0","id":3,"method":"resources/unsubscribe","params":{"uri":"x://r"}}`)
	p.want(`3`)
	f.h.ResourceUpdated("x://r")
	f.s.AddTool(mcp.NewTool("new"), nil)
	if m := p.recv(); m.Method != "notifications/tools/list_changed" {
		t.Errorf("got %s", m.line)
	}
	p.send(`{"jsonrpc":"2.0","id":4,"method":"logging/setLevel","params":{"level":"debug"}}`)
	p.want(`4`)
	for s := range f.h.live {
		if s.GetLogLevel() != mcp.LoggingLevelDebug || s.ProtocolVersion() != "2025-11-25" || len(s.SubscribedResources()) != 0 {
			t.Errorf("level %s, version %s, subscriptions %v", s.GetLogLevel(), s.ProtocolVersion(), s.SubscribedResources())
		}
	}
	p.ok(p.leave())
}

// A client that does not read is told of each resource once when it does, however often they changed, and nobody waits
// for it. Whether anybody has subscribed is known without looking at the sessions.
func TestUpdatesOfASlowClient(t *testing.T) {
	f := newFixture(Options{})
	p, other := f.connect(t, Conn{}), f.connect(t, Conn{})
	p.initialize(`{}`)
	other.initialize(`{}`)
	if f.h.Subscribed() {
		t.Error("subscribed before anybody was")
	}
	uris := []string{"x://a", "x://b"}
	for i, uri := range uris {
		p.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"resources/subscribe","params":{"uri":%q}}`, i, uri))
		p.want(fmt.Sprint(i))
		other.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"resources/subscribe","params":{"uri":%q}}`, i, uri))
		other.want(fmt.Sprint(i))
	}
	for range 2 * noteQueue { // more than would fit into any queue
		for _, uri := range uris {
			f.h.ResourceUpdated(uri)
		}
	}
	told := map[string]int{}
	p.send(`{"jsonrpc":"2.0","id":9,"method":"ping"}`)
	for m := p.recv(); string(m.ID) != "9"; m = p.recv() {
		told[string(link.Member(m.Params, "uri"))]++
	}
	if a, b := told[`"x://a"`], told[`"x://b"`]; a == 0 || b == 0 || a+b > 6 {
		t.Errorf("told %v; want each, and of none more than a few times", told)
	}
	p.ok(p.leave())
	if !f.h.Subscribed() {
		t.Error("one of two is still subscribed")
	}
	other.ok(other.leave())
	if f.h.Subscribed() {
		t.Error("subscribed although everybody has left")
	}
}

const modern = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

func (p *peer) listen(id, filter string) message {
	p.t.Helper()
	p.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"subscriptions/listen","params":{"notifications":` + filter + `,` + modern + `}}`)
	m := p.recv()
	if m.Method != "notifications/subscriptions/acknowledged" || p.stream(m) != id {
		p.t.Fatalf("acknowledgement of %s: %s", id, m.line)
	}
	return m
}

// stream returns the id of the stream that m belongs to.
func (p *peer) stream(m message) string {
	var v struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	if err := json.Unmarshal(m.Params, &v); err != nil {
		p.t.Fatal(err)
	}
	return string(v.Meta["io.modelcontextprotocol/subscriptionId"])
}

func TestListenStreams(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	p.send(`{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{` + modern + `}}`)
	p.want(`0`)
	f.s.AddTool(mcp.NewTool("unasked"), nil) // nobody listens: nothing may come
	p.listen(`1`, `{"toolsListChanged":true,"resourceSubscriptions":["x://r"]}`)
	p.listen(`"two"`, `{"resourceSubscriptions":["x://r","x://s"],"resourcesListChanged":true,"promptsListChanged":true}`)

	f.h.ResourceUpdated("x://r")
	got := map[string]bool{p.stream(p.recv()): true, p.stream(p.recv()): true}
	if !got[`1`] || !got[`"two"`] {
		t.Errorf("update went to %v", got)
	}
	for want, change := range map[string]func(){
		"tools":     func() { f.s.AddTool(mcp.NewTool("new"), nil) },
		"prompts":   func() { f.s.AddPrompt(mcp.NewPrompt("new"), nil) },
		"resources": func() { f.s.AddResource(mcp.NewResource("x://new", "n"), nil) },
	} {
		change()
		stream := `"two"`
		if want == "tools" {
			stream = `1`
		}
		if m := p.recv(); m.Method != "notifications/"+want+"/list_changed" || p.stream(m) != stream {
			t.Errorf("%s: %s", want, m.line)
		}
	}
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	p.await(f, func(s *Session) bool { return len(s.streams) == 1 })
	f.h.ResourceUpdated("x://r") // the other stream still holds it
	if m := p.recv(); p.stream(m) != `"two"` {
		t.Errorf("after one stream ended: %s", m.line)
	}
	p.listen(`3`, `{"toolsListChanged":true}`)
	close(p.drain) // streams end without an answer: the client's pipe opens them again at the next engine
	if line, err := p.out.ReadString('\n'); err == nil {
		t.Errorf("got %s", line)
	}
	p.ok(<-p.done)
}

// await waits until cond holds for the only session.
func (p *peer) await(f *fixture, cond func(*Session) bool) {
	p.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		f.h.mu.Lock()
		for s := range f.h.live {
			s.mu.Lock()
			ok := cond(s)
			s.mu.Unlock()
			if ok {
				f.h.mu.Unlock()
				return
			}
		}
		f.h.mu.Unlock()
		if time.Now().After(end) {
			p.t.Fatal("waited in vain")
		}
		<-time.After(time.Millisecond)
	}
}

func TestTooManyStreams(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	for i := range maxListens {
		p.listen(fmt.Sprint(i), `{"toolsListChanged":true}`)
	}
	p.send(`{"jsonrpc":"2.0","id":99,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + modern + `}}`)
	if m := p.want(`99`); m.Error == nil || m.Error.Code != mcp.INVALID_REQUEST {
		t.Errorf("one stream too many: %s", m.line)
	}
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}}`)
	p.await(f, func(s *Session) bool { return s.listens == maxListens-1 })
	p.listen(`100`, `{"toolsListChanged":true}`)
	p.ok(p.leave())
}

func TestAcknowledgementThatIsNone(t *testing.T) {
	f := newFixture(Options{})
	p := f.connect(t, Conn{})
	p.initialize(`{}`)
	for s := range f.h.live {
		if err := f.s.SendNotificationToSpecificClient(s.id, "notifications/subscriptions/acknowledged", map[string]any{"x": 1}); err != nil {
			t.Error(err)
		}
		if err := f.s.SendNotificationToSpecificClient(s.id, "notifications/x", map[string]any{"x": func() {}}); err != nil {
			t.Error(err)
		}
	}
	p.recv()
	p.call(`1`, "echo", `{"text":"x"}`) // the other one is no JSON and is dropped
	p.wantText(`1`, "x")
	p.ok(p.leave())
}

func projectOf(dir string) (name, root, remote string) {
	if !strings.HasPrefix(dir, "/src/") {
		return "", "", ""
	}
	return strings.TrimPrefix(dir, "/src/"), dir, "h/o/n"
}

func TestRoots(t *testing.T) {
	f := newFixture(Options{ProjectOf: projectOf})
	p := f.connect(t, Conn{})
	p.initialize(`{"roots":{"listChanged":true}}`)
	p.call(`1`, "conn", `{}`) // waits for the roots
	p.answer(p.asked("roots/list"), `"result":{"roots":[{"uri":"http://x/"},{"uri":"%"},{"uri":"file:///home"},{"uri":"file:///src/app%20one"}]}`)
	p.wantText(`1`, `"Project":"app one"`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}`)
	p.answer(p.asked("roots/list"), `"result":{"roots":[{"uri":"file:///src/two"}]}`)
	p.await(f, func(s *Session) bool {
		return s.conn.Project == "two" && s.conn.Root == "/src/two" && s.conn.Remote == "h/o/n"
	})
	p.ok(p.leave())

	p = f.connect(t, Conn{Project: "own"})
	p.initialize(`{"roots":{}}`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}`)
	p.call(`1`, "conn", `{}`)
	p.wantText(`1`, `"Project":"own"`) // and is not asked
	p.ok(p.leave())
}

func TestRootsNotNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(Options{ProjectOf: projectOf})
		p := f.connect(t, Conn{})
		p.initialize(`{"roots":{}}`)
		p.asked("roots/list")
		begin := time.Now()
		p.call(`1`, "echo", `{"text":"x"}`)
		p.wantText(`1`, "x")
		if got := time.Since(begin); got != rootsPatience {
			t.Errorf("a call waited %v for roots", got)
		}
		if m := p.recv(); m.Method != "notifications/cancelled" || time.Since(begin) != rootsTimeout {
			t.Errorf("after %v: %s", time.Since(begin), m.line)
		}
		p.call(`2`, "echo", `{"text":"y"}`)
		begin = time.Now()
		p.wantText(`2`, "y")
		if got := time.Since(begin); got != 0 {
			t.Errorf("a call waited %v for roots that will not come", got)
		}
		p.call(`3`, "block", `{}`)
		p.ok(p.leave())
	})
}
