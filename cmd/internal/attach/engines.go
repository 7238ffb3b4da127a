package attach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// Waits between an engine and the next, when nobody asks for one at this moment.
const (
	retryDelay = 3 * time.Second       // after one could not be had at all
	shortDelay = 25 * time.Millisecond // doubled with each that broke within a second of the one before
	maxShort   = 7
)

// serveEngines keeps a connection for as long as one is wanted.
func (p *pipe) serveEngines(ctx context.Context) {
	var delay time.Duration
	var short int // connections in a row that broke at once
	for p.awaitNeed(ctx, delay) {
		c, err := connect(ctx, &p.o, p.hello)
		if err != nil {
			if ctx.Err() == nil {
				p.o.Logger.Error("no engine", "err", err)
				p.failAll(err)
			}
			delay, short = retryDelay, 0
			continue
		}
		since := time.Now()
		err = p.serveEngine(c)
		if short++; time.Since(since) > time.Second {
			short = 0
		}
		if delay = 0; short > 1 {
			delay = shortDelay << min(short, maxShort)
		}
		if ctx.Err() == nil {
			p.o.Logger.Info("engine lost", "pid", c.welcome.PID, "err", err)
			p.failFatal()
		}
	}
}

// awaitNeed waits until an engine is needed; what is needed already, such as a subscription, waits for delay. It is
// false at the end.
func (p *pipe) awaitNeed(ctx context.Context, delay time.Duration) bool {
	p.mu.Lock()
	need := p.ledger.attached()
	p.mu.Unlock()
	var retry <-chan time.Time
	if need {
		if delay == 0 {
			return ctx.Err() == nil
		}
		t := time.NewTimer(delay)
		defer t.Stop()
		retry = t.C
	}
	select {
	case <-p.wanted:
	case <-retry:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// serveEngine uses c until it breaks, and says how.
func (p *pipe) serveEngine(c *connection) error {
	told := make(chan struct{})
	go func() { // while its answers are read: there may be more than fits into buffers
		defer close(told)
		for _, note := range p.attach(c) {
			p.toClient(note, true)
		}
	}()
	err := p.fromEngine(c)
	c.Close()
	<-told
	p.detach()
	return err
}

// attach makes c the connection and tells the engine what it must know. It returns what the client must hear after that:
// that what it has subscribed to may have changed while nobody was there to tell, such as by a restored backup.
func (p *pipe) attach(c *connection) (notes [][]byte) {
	p.wmu.Lock()
	defer p.wmu.Unlock()
	p.mu.Lock()
	p.conn = c
	p.connNo++
	no := p.connNo
	p.satisfied()
	entries := p.ledger.replay()
	p.mu.Unlock()
	p.o.Logger.Debug("attached", "pid", c.welcome.PID, "build", c.welcome.Build, "repeated", len(entries))
	for _, e := range entries {
		p.write(c, no, e)
		if e.method == methodSubscribe && isReplayID(link.Member(e.line, "id")) {
			notes = append(notes, updated(link.Member(e.params, "uri"), nil))
		}
	}
	return notes
}

// updated is the note that a resource has changed, of a stream or, with nil, of none; both as raw JSON.
func updated(uri, stream []byte) []byte {
	params := map[string]any{"uri": json.RawMessage(uri)}
	if stream != nil {
		params["_meta"] = map[string]any{"io.modelcontextprotocol/subscriptionId": json.RawMessage(stream)}
	}
	return mustJSON(map[string]any{"jsonrpc": "2.0", "method": methodUpdated, "params": params})
}

// listened are the notes of an acknowledgement that the client has already: the stream was opened again at a new engine.
// p.mu is held.
func (p *pipe) listened(key string) (notes [][]byte) {
	i := slices.IndexFunc(p.ledger.open, func(e *entry) bool { return e.key == key && e.method == methodListen })
	if i < 0 {
		return nil
	}
	e := p.ledger.open[i]
	var uris []json.RawMessage
	if json.Unmarshal(link.Member(link.Member(e.params, "notifications"), "resourceSubscriptions"), &uris) != nil {
		return nil // none
	}
	for _, uri := range uris {
		notes = append(notes, updated(uri, e.id))
	}
	return notes
}

// satisfied takes back the wish for an engine; p.mu is held. A wish left over would start one that nobody needs.
func (p *pipe) satisfied() {
	select {
	case <-p.wanted:
	default:
	}
}

// detach forgets the connection. What its engine asked the client will never be answered, so the client is told to stop asking.
func (p *pipe) detach() {
	p.mu.Lock()
	p.conn = nil
	asked := p.asked
	p.asked = map[string][]byte{}
	p.mu.Unlock()
	for _, id := range asked {
		p.toClient(mustJSON(map[string]any{"jsonrpc": "2.0", "method": methodCancelled,
			"params": map[string]any{"requestId": json.RawMessage(id), "reason": "the memory engine was restarted"}}), true)
	}
}

// fromEngine passes on what the engine says until the connection breaks.
func (p *pipe) fromEngine(c *connection) error {
	for {
		line, err := c.r.Next()
		if err != nil {
			return err // a torn line is part of an answer that the next engine gives whole
		}
		m, err := link.Parse(line)
		if err != nil {
			return errors.New("the engine sent something that is not MCP")
		}
		pass, reply, notes := p.deliver(m, line)
		for _, note := range notes {
			p.toClient(note, false)
		}
		if pass {
			p.toClient(line, c.r.Buffered() == 0)
		} else if c.r.Buffered() == 0 {
			p.flush()
		}
		if reply {
			p.answerForClient(bytes.Clone(m.ID))
		}
		poke(p.changed)
	}
}

// deliver settles the books for a message of the engine's. It reports whether the client is to see it, or the pipe is
// to answer it because the client cannot any more, and what the client is to see before it.
func (p *pipe) deliver(m link.Message, line []byte) (pass, reply bool, notes [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case m.Method == "" && (m.ID == nil || string(m.ID) == "null"):
		return true, false, nil // about a message whose id could not be told
	case m.Method == "":
		if isReplayID(m.ID) {
			return false, false, nil
		}
		e := p.ledger.take(m.ID)
		if e == nil {
			return false, false, nil // cancelled meanwhile
		}
		poke(p.room)
		delete(p.acked, e.key)
		if setsUp(e.method) && link.Member(line, "result") != nil {
			p.ledger.settled(e)
		}
	case m.ID != nil:
		if p.eof {
			return false, true, nil
		}
		p.asked[link.IDKey(m.ID)] = bytes.Clone(m.ID)
	case m.Method == methodAcknowledged:
		id := link.IDKey(link.Member(link.Member(m.Params, "_meta"), "io.modelcontextprotocol/subscriptionId"))
		if _, known := p.acked[id]; known {
			return false, false, p.listened(id)
		}
		p.acked[id] = struct{}{}
	}
	return true, false, nil
}

// failAll answers the requests that wait, because no engine can be had.
func (p *pipe) failAll(err error) {
	p.mu.Lock()
	open := p.ledger.open
	p.ledger.open, p.ledger.bytes = nil, 0
	clear(p.acked)
	p.satisfied()
	p.mu.Unlock()
	for _, e := range open {
		p.fail(e.id, codeNoEngine, err.Error())
	}
	poke(p.room)
	poke(p.changed)
}

// failFatal answers the requests that have seen too many engines die.
func (p *pipe) failFatal() {
	p.wmu.Lock() // which guards how often they were sent
	p.mu.Lock()
	fatal := p.ledger.fatal()
	p.mu.Unlock()
	p.wmu.Unlock()
	for _, e := range fatal {
		p.fail(e.id, codeNoEngine, fmt.Sprintf("the engine died %d times over this request; its log is %s",
			maxTries, filepath.Join(p.o.Dir, link.LogName)))
	}
	if len(fatal) > 0 {
		poke(p.room)
		poke(p.changed)
	}
}
