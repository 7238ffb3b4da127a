package migrate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Options of a Proxy; every field but Logger is required.
type Options struct {
	File    File
	Ours    Server // elderzan
	In      io.Reader
	Out     io.Writer
	Version string
	Stderr  io.Writer // of the other server
	Logger  *slog.Logger
}

// callTime bounds one call of a tool on one side.
const callTime = time.Minute

// Run speaks MCP to the client of In and Out until In or ctx ends; a read of In that is under way then is left behind, for
// the end of the process. Tool calls are carried out one after the other; the phase is
// looked up before each, so that a step forward or back takes effect at once.
func Run(ctx context.Context, o Options) error {
	st, err := o.File.Load()
	if err != nil {
		return err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &proxy{o: o, queue: make(chan request, 64), done: make(chan struct{})}
	if st.Phase != Retired {
		if err := p.start(st); err != nil {
			return err
		}
	}
	heard := make(chan error, 1)
	go func() {
		heard <- p.listen(ctx)
		close(p.queue)
	}()
	go p.work(ctx)
	<-p.done
	select {
	case err = <-heard:
	default: // ctx has ended
	}
	p.mu.Lock()
	peer := p.peer
	p.mu.Unlock()
	if peer != nil {
		err = errors.Join(err, peer.Close())
	}
	return err
}

type request struct {
	id   json.RawMessage
	tool string
	args json.RawMessage
	line []byte
}

type proxy struct {
	o     Options
	queue chan request
	done  chan struct{}

	mu    sync.Mutex
	peer  *Peer  // nil while the other server does not run
	hello []byte // the client's initialize, to start the other server again after a step back

	wmu sync.Mutex
}

// start starts the other server for this client.
func (p *proxy) start(st State) error {
	peer, err := StartPeer(st, p.write, p.o.Stderr)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.peer = peer
	p.mu.Unlock()
	return nil
}

func (p *proxy) write(line []byte) {
	p.wmu.Lock()
	defer p.wmu.Unlock()
	_, _ = p.o.Out.Write(append(line[:len(line):len(line)], '\n')) // a client that has gone ends its input, too
}

// listen reads the client's messages: tool calls are queued, the rest goes to the other server or is answered here.
func (p *proxy) listen(ctx context.Context) error {
	sc := bufio.NewScanner(p.o.In)
	sc.Buffer(make([]byte, 0, 64<<10), maxLine)
	for sc.Scan() {
		line := bytes.TrimSpace(append([]byte(nil), sc.Bytes()...))
		if len(line) == 0 {
			continue
		}
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Name      string          `json:"name"`
				Arguments json.RawMessage `json:"arguments"`
			} `json:"params"`
		}
		if err := json.Unmarshal(line, &m); err == nil && m.Method == "tools/call" && len(m.ID) > 0 && (Reads(m.Params.Name) || Writes(m.Params.Name)) {
			select {
			case p.queue <- request{m.ID, m.Params.Name, m.Params.Arguments, line}:
			case <-ctx.Done():
				return nil
			}
			continue
		}
		p.mu.Lock()
		peer := p.peer
		if m.Method == "initialize" {
			p.hello = line
		}
		p.mu.Unlock()
		if peer == nil || peer.Send(line) != nil {
			p.answerAlone(m.ID, m.Method)
		}
	}
	return sc.Err()
}

// answerAlone answers for a server that is retired, from what it last said.
func (p *proxy) answerAlone(id json.RawMessage, method string) {
	if len(id) == 0 {
		return
	}
	st, err := p.o.File.Load()
	result := json.RawMessage(nil)
	switch {
	case err != nil:
	case method == "initialize":
		result = st.Hello
	case method == "tools/list":
		result = st.Tools
	case method == "ping":
		result = json.RawMessage(`{}`)
	}
	if result == nil {
		p.reply(id, nil, &rpcError{-32601, "the wrapped server is retired; elderzan answers its tools alone"})
		return
	}
	p.reply(id, result, nil)
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (p *proxy) reply(id, result json.RawMessage, failed *rpcError) {
	out := map[string]any{"jsonrpc": "2.0", "id": id}
	if failed != nil {
		out["error"] = failed
	} else {
		out["result"] = result
	}
	b, err := json.Marshal(out)
	if err != nil {
		return // both are JSON already
	}
	p.write(b)
}

func (p *proxy) work(ctx context.Context) {
	defer close(p.done)
	for {
		select {
		case r, more := <-p.queue:
			if !more {
				return
			}
			p.handle(ctx, r)
		case <-ctx.Done():
			return
		}
	}
}

func (p *proxy) handle(ctx context.Context, r request) {
	st, err := p.o.File.Load()
	if err != nil { // taken back to the beginning: the client still has its server
		st.Phase = Wrap
	}
	switch {
	case st.Phase == Retired:
		result, err := p.ours(ctx, r)
		p.answerOurs(r, result, err)
	case st.Phase == Read && Reads(r.tool):
		p.read(ctx, r)
	default:
		p.passOn(ctx, r, st.Phase)
	}
}

// passOn has the other server answer; in Dual and Read a change is made here as well, and a read compared.
func (p *proxy) passOn(ctx context.Context, r request, phase Phase) {
	answer, err := p.theirs(ctx, r)
	if err != nil {
		p.reply(r.id, nil, &rpcError{-32603, "the wrapped server does not answer; start the client again, or go on without it: elderzan migrate advance"})
		return
	}
	theirs, failed := structuredOf(answer)
	if phase == Wrap {
		p.write(answer)
		return
	}
	if Writes(r.tool) {
		missed := 0
		if failed == nil { // before the answer: what the client was told is made is in both
			if _, err := p.ours(ctx, r); err != nil {
				missed = 1
				p.o.Logger.Warn("elderzan missed a change; `elderzan migrate advance` brings it", "tool", r.tool, "error", err)
			}
		}
		p.write(answer)
		p.count(func(c *Counts) { c.Writes, c.Missed = c.Writes+1, c.Missed+missed })
		return
	}
	p.write(answer)
	same := failed != nil
	if ours, err := p.ours(ctx, r); err == nil && failed == nil {
		var a, b Graph
		if json.Unmarshal(theirs, &a) == nil && json.Unmarshal(ours, &b) == nil {
			missing, extra := Difference(&a, &b)
			if same = missing+extra == 0; !same {
				p.o.Logger.Warn("the answers differ", "tool", r.tool, "missing", missing, "extra", extra)
			}
		}
	}
	p.count(func(c *Counts) {
		c.Reads++
		if same {
			c.Same++
		} else {
			c.Differ++
		}
	})
}

// read answers from elderzan, and from the other server where elderzan fails or has nothing.
func (p *proxy) read(ctx context.Context, r request) {
	result, err := p.ours(ctx, r)
	var g Graph
	if err == nil && json.Unmarshal(result, &g) == nil && !g.Empty() {
		p.answerOurs(r, result, nil)
		p.count(func(c *Counts) { c.Reads++ })
		return
	}
	answer, failed := p.theirs(ctx, r)
	if failed != nil {
		p.answerOurs(r, result, err)
		p.count(func(c *Counts) { c.Reads++ })
		return
	}
	fallback := err != nil
	if theirs, err := structuredOf(answer); err == nil && json.Unmarshal(theirs, &g) == nil && !g.Empty() {
		fallback = true
	}
	p.write(answer)
	p.count(func(c *Counts) {
		if c.Reads++; fallback {
			c.Fallbacks++
		}
	})
}

func structuredOf(answer []byte) (json.RawMessage, error) {
	result, err := resultOf(answer)
	if err != nil {
		return nil, err
	}
	return structured(result)
}

func (p *proxy) ours(ctx context.Context, r request) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return p.o.Ours.Call(ctx, r.tool, r.args)
}

// theirs asks the other server, which is started where it does not run.
func (p *proxy) theirs(ctx context.Context, r request) ([]byte, error) {
	p.mu.Lock()
	peer, hello := p.peer, p.hello
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if peer != nil {
		answer, err := peer.Ask(ctx, r.id, r.line)
		if !errors.Is(err, ErrGone) {
			return answer, err
		}
		_ = peer.Close() // it has ended
		if Writes(r.tool) {
			p.forget(peer)
			return nil, err // it may have made the change
		}
	}
	st, err := p.o.File.Load()
	if err != nil || hello == nil {
		return nil, errors.Join(err, ErrGone)
	}
	if err := p.start(st); err != nil {
		return nil, err
	}
	p.mu.Lock()
	peer = p.peer
	p.mu.Unlock()
	if _, _, err := peer.Initialize(ctx, p.o.Version); err != nil {
		return nil, err
	}
	return peer.Ask(ctx, r.id, r.line)
}

func (p *proxy) forget(peer *Peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.peer == peer {
		p.peer = nil
	}
}

// answerOurs words elderzan's result as the other server words its own.
func (p *proxy) answerOurs(r request, result json.RawMessage, err error) {
	type text struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err != nil {
		b, _ := json.Marshal(map[string]any{"content": []text{{"text", err.Error()}}, "isError": true}) // strings are JSON
		p.reply(r.id, b, nil)
		return
	}
	b, _ := json.Marshal(map[string]any{"content": []text{{"text", shownText(result)}}, "structuredContent": result}) // as above
	p.reply(r.id, b, nil)
}

// shownText is a result as the official server's text has it, which some clients take apart: a graph as it is, of lists and
// of what was deleted only what the one member holds that says it.
func shownText(result json.RawMessage) string {
	var done struct{ Message string }
	var members map[string]json.RawMessage
	if json.Unmarshal(result, &members) == nil {
		if json.Unmarshal(result, &done) == nil && done.Message != "" {
			return done.Message
		}
		for _, only := range members {
			if len(members) == 1 {
				result = only
			}
		}
	}
	var shown bytes.Buffer
	if json.Indent(&shown, result, "", "  ") != nil {
		shown.Write(result)
	}
	return plain(shown.Bytes())
}

// plain writes the characters out that Go's JSON escapes for the sake of web pages, since the text is read as it is.
func plain(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out.WriteByte(b[i])
			continue
		}
		if i+6 <= len(b) {
			if c, escaped := webEscapes[string(b[i:i+6])]; escaped {
				out.WriteString(c)
				i += 5
				continue
			}
		}
		out.Write(b[i : i+2]) // both, or a backslash that is escaped would begin what follows
		i++
	}
	return out.String()
}

var webEscapes = map[string]string{`\u003c`: "<", `\u003e`: ">", `\u0026`: "&", `\u2028`: "\u2028", `\u2029`: "\u2029"}

func (p *proxy) count(change func(*Counts)) {
	err := p.o.File.Update(func(s *State) error {
		change(&s.Counts)
		return nil
	})
	if err != nil && !errors.Is(err, ErrNone) {
		p.o.Logger.Warn("the migration's counts were not kept", "error", err)
	}
}
