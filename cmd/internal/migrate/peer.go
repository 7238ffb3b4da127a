package migrate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Server answers the tools of a knowledge graph: the structured result, or an error that says what is wrong.
type Server interface {
	Call(ctx context.Context, tool string, args json.RawMessage) (json.RawMessage, error)
}

// ErrGone says that the other server has ended.
var ErrGone = errors.New("migrate: the other server has ended")

// leaveTime is how long the other server may take to end when its input does.
const leaveTime = 5 * time.Second

// Peer is the other server as a child process, spoken to in lines of JSON-RPC. Safe for concurrent use.
type Peer struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	other func(line []byte) // gets the lines that answer no call of ours
	ended chan struct{}

	wmu sync.Mutex

	mu    sync.Mutex
	n     int
	calls map[string]chan []byte // by id

	leave sync.Once
	left  error // what Close returns
}

// StartPeer starts the other server. Its lines that answer none of our calls go to other, from one goroutine.
func StartPeer(s State, other func(line []byte), stderr io.Writer) (*Peer, error) {
	p := &Peer{other: other, ended: make(chan struct{}), calls: map[string]chan []byte{}}
	p.cmd = exec.Command(s.Command[0], s.Command[1:]...)
	p.cmd.Env, p.cmd.Stderr = os.Environ(), stderr
	for key, value := range s.Env {
		p.cmd.Env = append(p.cmd.Env, key+"="+value)
	}
	// A group of its own: a package manager's child must end with it, and Ctrl-C is for us, who close its input.
	p.cmd.SysProcAttr, p.cmd.WaitDelay = &syscall.SysProcAttr{Setpgid: true}, time.Second
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Command[0], err)
	}
	p.in = in
	go p.read(out)
	return p, nil
}

// maxLine bounds one message: a graph is sent whole.
const maxLine = 256 << 20

func (p *Peer) read(out io.Reader) {
	defer close(p.ended)
	sc := bufio.NewScanner(out)
	sc.Buffer(make([]byte, 0, 64<<10), maxLine)
	for sc.Scan() {
		line := append([]byte(nil), sc.Bytes()...)
		var head struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if json.Unmarshal(line, &head) != nil {
			continue // what is no message is for nobody
		}
		id := idOf(head.ID)
		p.mu.Lock()
		ch := p.calls[id]
		if ch != nil && head.Method == "" {
			delete(p.calls, id)
		}
		p.mu.Unlock()
		if ch != nil && head.Method == "" {
			ch <- line
		} else {
			p.other(line)
		}
	}
}

// idOf is an id in one spelling: 1.0 and 1 are the same, and so are a letter and its escape.
func idOf(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	b, _ := json.Marshal(v) // it was JSON
	return string(b)
}

// Send passes a line on as it is.
func (p *Peer) Send(line []byte) error {
	p.wmu.Lock()
	defer p.wmu.Unlock()
	if _, err := p.in.Write(append(line[:len(line):len(line)], '\n')); err != nil {
		return ErrGone
	}
	return nil
}

// Ask sends a request whose id is id, a JSON value, and returns the line that answers it.
func (p *Peer) Ask(ctx context.Context, id json.RawMessage, line []byte) ([]byte, error) {
	ch, key := make(chan []byte, 1), idOf(id)
	p.mu.Lock()
	p.calls[key] = ch
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.calls, key)
		p.mu.Unlock()
	}()
	if err := p.Send(line); err != nil {
		return nil, err
	}
	select {
	case answer := <-ch:
		return answer, nil
	case <-p.ended:
		select {
		case answer := <-ch:
			return answer, nil
		default:
			return nil, ErrGone
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// request asks for a method under an id of our own.
func (p *Peer) request(ctx context.Context, method string, params any) (json.RawMessage, error) {
	p.mu.Lock()
	p.n++
	id := json.RawMessage(fmt.Sprintf(`"elderzan-%d"`, p.n))
	p.mu.Unlock()
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	answer, err := p.Ask(ctx, id, line)
	if err != nil {
		return nil, err
	}
	return resultOf(answer)
}

func resultOf(answer []byte) (json.RawMessage, error) {
	var r struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		return nil, errors.New("the other server's answer cannot be read")
	}
	if r.Error != nil {
		return nil, errors.New(r.Error.Message)
	}
	return r.Result, nil
}

// Initialize shakes hands and returns what the server says of itself and of its tools.
func (p *Peer) Initialize(ctx context.Context, version string) (hello, tools json.RawMessage, err error) {
	hello, err = p.request(ctx, "initialize", map[string]any{
		"protocolVersion": "2025-06-18", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "elderzan", "version": version},
	})
	if err != nil {
		return nil, nil, err
	}
	if err := p.Send([]byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)); err != nil {
		return nil, nil, err
	}
	tools, err = p.request(ctx, "tools/list", map[string]any{})
	return hello, tools, err
}

// Call implements Server.
func (p *Peer) Call(ctx context.Context, tool string, args json.RawMessage) (json.RawMessage, error) {
	raw, err := p.request(ctx, "tools/call", map[string]any{"name": tool, "arguments": args})
	if err != nil {
		return nil, err
	}
	return structured(raw)
}

// structured takes the data out of a tool's result: structured content, or the JSON of its text.
func structured(result json.RawMessage) (json.RawMessage, error) {
	var r struct {
		IsError    bool            `json:"isError"`
		Structured json.RawMessage `json:"structuredContent"`
		Content    []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	if err := json.Unmarshal(result, &r); err != nil {
		return nil, errors.New("the tool's result cannot be read")
	}
	text := ""
	if len(r.Content) > 0 {
		text = r.Content[0].Text
	}
	switch {
	case r.IsError:
		return nil, errors.New(strings.TrimSpace(text))
	case r.Structured != nil:
		return r.Structured, nil
	}
	return json.RawMessage(text), nil
}

// Close ends the other server as a client does, by closing its input, and kills it and what it has started where they do
// not leave. Closing again does nothing.
func (p *Peer) Close() error {
	p.leave.Do(func() {
		p.wmu.Lock()
		_ = p.in.Close() // it may have ended by itself
		p.wmu.Unlock()
		kill := time.AfterFunc(leaveTime, func() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
		defer kill.Stop()
		<-p.ended
		var exit *exec.ExitError
		if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) { // how it ends is its own affair
			p.left = err
		}
	})
	return p.left
}
