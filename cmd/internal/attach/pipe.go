package attach

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// Bounds of what the pipe keeps of requests that have no answer yet. Past them it reads no further until answers come.
const (
	maxOpenBytes = 16 << 20
	maxOpen      = 4096
)

// exitTimeout bounds the writing of what is left when Run returns.
const exitTimeout = 500 * time.Millisecond

// codeNoEngine is the first of the JSON-RPC error codes left to implementations.
const codeNoEngine = -32000

// pipe joins an MCP client and the engine.
type pipe struct {
	o     Options
	hello link.Hello

	mu      sync.Mutex // state below; never held while something is written or read
	seq     uint64
	ledger  ledger
	conn    *connection
	connNo  int                 // number of conn; 0 before the first
	asked   map[string][]byte   // requests of the engine that the client has not answered: key → raw id
	acked   map[string]struct{} // streams whose acknowledgement the client has
	eof     bool
	changed chan struct{} // has an element after a change that Run waits for
	wanted  chan struct{} // has an element when an engine is wanted
	room    chan struct{} // has an element after an answer

	wmu   sync.Mutex // one writer to the engine at a time; taken before mu; guards sent and tries of the entries
	frame []byte
	omu   sync.Mutex // one writer to the client at a time
	out   *bufio.Writer
	outOK error
}

// Run passes MCP messages between the client on o.Stdin and o.Stdout and the engine of o.Dir, which it starts when
// none runs. When the engine dies or makes room for a newer build, Run finds or starts the next one, sets the session
// up again and repeats the requests without an answer, under the same numbers, so that each is answered once. When no
// engine can be had, requests are answered with an error that says why.
//
// Run returns nil when the client has closed o.Stdin and every request has been answered (or o.DrainTimeout has
// passed), when it no longer reads o.Stdout, and when ctx is done. A read of o.Stdin may outlive it.
func Run(ctx context.Context, o Options) error {
	if err := o.defaults(); err != nil {
		return err
	}
	if o.Stdout == io.Writer(os.Stdout) { // the pipe is all that this process does
		signal.Ignore(syscall.SIGPIPE) // a client that went away is no reason to die by a signal
		// What the program's packages needed to come up, a pipe that may live for days does not.
		defer time.AfterFunc(2*time.Second, debug.FreeOSMemory).Stop()
	}
	p := newPipe(o)
	p.run(ctx)
	return nil
}

func newPipe(o Options) *pipe {
	name, root, remote := Project(o.CWD)
	return &pipe{
		o: o,
		hello: link.Hello{
			Build: o.Build, Epoch: newEpoch(), PID: os.Getpid(), Client: o.Client,
			CWD: o.CWD, Project: name, Root: root, Remote: remote,
		},
		asked: map[string][]byte{}, acked: map[string]struct{}{},
		changed: make(chan struct{}, 1), wanted: make(chan struct{}, 1), room: make(chan struct{}, 1),
		out: bufio.NewWriterSize(o.Stdout, 32<<10),
	}
}

func (p *pipe) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	linked := make(chan struct{})
	defer func() {
		cancel()
		p.mu.Lock()
		if p.conn != nil {
			p.conn.Close()
		}
		p.mu.Unlock()
		select {
		case <-linked:
			p.flush()
		case <-time.After(exitTimeout): // the client does not read
		}
	}()
	poke(p.wanted) // before the client asks for anything: that saves it the wait
	go func() { defer close(linked); p.serveEngines(ctx) }()
	go p.readClient(ctx)

	var late <-chan time.Time
	for {
		p.mu.Lock()
		eof, waiting, broken := p.eof, p.ledger.waiting(), p.outOK
		p.mu.Unlock()
		if broken != nil || eof && waiting == 0 {
			return
		}
		if eof && late == nil {
			t := time.NewTimer(p.o.DrainTimeout)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-p.changed:
		case <-late:
			p.o.Logger.Warn("requests left unanswered", "count", waiting)
			return
		case <-ctx.Done():
			return
		}
	}
}

// poke leaves a sign in ch unless there is one.
func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// readClient takes the client's messages until its input ends.
func (p *pipe) readClient(ctx context.Context) {
	r := link.NewReader(p.o.Stdin, link.MaxMessage)
	for {
		line, err := r.Next()
		var long *link.TooLongError
		if errors.As(err, &long) {
			p.fail(long.ID, link.CodeInvalid, fmt.Sprintf("the message is longer than %d MiB; split it", link.MaxMessage>>20))
			continue
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			p.fromClient(bytes.Clone(line))
		}
		if err != nil {
			break
		}
		if !p.awaitRoom(ctx) {
			return
		}
	}
	p.mu.Lock()
	p.eof = true
	asked := p.asked
	p.asked = map[string][]byte{}
	p.mu.Unlock()
	for _, id := range asked {
		p.answerForClient(id)
	}
	poke(p.changed)
}

// answerForClient tells the engine not to wait for a client that cannot answer any more.
func (p *pipe) answerForClient(id []byte) {
	e := &entry{line: failure(id, codeNoEngine, "the client has closed its input")}
	p.mu.Lock()
	p.number(e)
	p.mu.Unlock()
	p.toEngine(e)
}

// number gives e the next number; p.mu is held.
func (p *pipe) number(e *entry) {
	p.seq++
	e.n = p.seq
}

// awaitRoom waits until the requests without an answer are within bounds.
func (p *pipe) awaitRoom(ctx context.Context) bool {
	for {
		p.mu.Lock()
		ok := p.ledger.bytes <= maxOpenBytes && len(p.ledger.open) <= maxOpen
		p.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-p.room:
		case <-ctx.Done():
			return false
		}
	}
}

// fromClient notes and passes on one message of the client's; it owns line.
func (p *pipe) fromClient(line []byte) {
	e := &entry{line: line}
	m, code, text := link.Check(line)
	if code != 0 {
		p.fail(m.ID, code, text)
		return
	}
	e.method, e.params = m.Method, m.Params
	p.mu.Lock()
	p.number(e)
	switch {
	case m.Method == "": // an answer to a request of the engine's
		key := link.IDKey(m.ID)
		_, known := p.asked[key]
		delete(p.asked, key)
		p.mu.Unlock()
		if known {
			p.toEngine(e)
		}
		return
	case m.Method == methodCancelled && m.ID == nil:
		if id := link.Member(m.Params, "requestId"); id != nil {
			p.ledger.cancel(id)
			delete(p.acked, link.IDKey(id))
		}
	case m.Method == methodInitialized && m.ID == nil:
		p.ledger.setup.initialized = e
	case m.ID != nil:
		e.id, e.key = m.ID, link.IDKey(m.ID)
		p.ledger.add(e)
	}
	p.mu.Unlock()
	poke(p.changed)
	p.toEngine(e)
}

// toEngine sends e on the connection there is. Without one, a request waits in the ledger for the next engine; other
// messages mean nothing to an engine that did not see what came before them.
func (p *pipe) toEngine(e *entry) {
	p.mu.Lock()
	c, no := p.conn, p.connNo
	if c == nil && e.id != nil {
		poke(p.wanted)
	}
	p.mu.Unlock()
	if c == nil {
		return
	}
	p.wmu.Lock()
	defer p.wmu.Unlock()
	p.write(c, no, e)
}

// write sends e on c, once; p.wmu is held. A failure shows at the reader of c, too, which does what is to be done.
func (p *pipe) write(c *connection, no int, e *entry) {
	if e.sent == no {
		return
	}
	e.sent = no
	e.tries++
	p.frame = link.AppendFrame(p.frame[:0], e.n, e.line)
	_, _ = c.Write(p.frame) // whoever reads from c learns that it broke, and the request is repeated
	if cap(p.frame) > 256<<10 {
		p.frame = nil
	}
}

func (p *pipe) fail(id []byte, code int, text string) { p.toClient(failure(id, code, text), true) }

// failure returns a JSON-RPC error answer; a nil id is null.
func failure(id []byte, code int, text string) []byte {
	return mustJSON(map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id), "error": map[string]any{"code": code, "message": text}})
}

// mustJSON marshals values made here, which cannot fail.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// toClient writes one message to the client.
func (p *pipe) toClient(line []byte, flush bool) {
	p.omu.Lock()
	defer p.omu.Unlock()
	p.out.Write(line)
	p.out.WriteByte('\n')
	if flush {
		p.flushLocked()
	}
}

func (p *pipe) flush() {
	p.omu.Lock()
	defer p.omu.Unlock()
	p.flushLocked()
}

func (p *pipe) flushLocked() {
	if err := p.out.Flush(); err != nil {
		p.mu.Lock()
		p.outOK = err
		p.mu.Unlock()
		poke(p.changed)
	}
}
