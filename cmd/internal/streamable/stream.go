package streamable

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/cmd/internal/session"
)

// streamQueue is how many messages of one stream wait for its client; then their senders wait.
const streamQueue = 16

// waitingNotes is how many messages of no request wait for a client that has no stream open for them; the oldest go.
const waitingNotes = 64

// writeTime is how long a client may take to take one message.
const writeTime = 30 * time.Second

// item is one message of a stream; last says that nothing follows. A nil message is nothing to send.
type item struct {
	message []byte
	last    bool
}

// stream is the answer to one HTTP request while it is open.
type stream struct {
	queue chan item
	gone  chan struct{} // closed when nobody reads the queue any more
	once  sync.Once
}

func newStream(queue int) *stream {
	return &stream{queue: make(chan item, queue), gone: make(chan struct{})}
}

func (st *stream) leave() { st.once.Do(func() { close(st.gone) }) }

// streams are the open answers of one session: a session.Sink.
type streams struct {
	closed chan struct{} // nothing more will be delivered

	mu      sync.Mutex
	of      map[string]*stream // by the key of the request's id
	alone   *stream            // for what belongs to no request; nil without one
	waiting []item             // for alone
}

func newStreams() *streams { return &streams{closed: make(chan struct{}), of: map[string]*stream{}} }

// open makes the stream of a request. ok is false while a request of the same id is under way.
func (t *streams) open(id []byte) (st *stream, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := link.IDKey(id)
	if t.of[key] != nil {
		return nil, false
	}
	st = newStream(streamQueue)
	t.of[key] = st
	return st, true
}

// leave ends the stream of a request from the client's side.
func (t *streams) leave(id []byte, st *stream) {
	st.leave()
	t.mu.Lock()
	defer t.mu.Unlock()
	if key := link.IDKey(id); t.of[key] == st {
		delete(t.of, key)
	}
}

// openAlone makes the stream for what belongs to no request; it takes the place of one that was open.
func (t *streams) openAlone() *stream {
	st := newStream(waitingNotes)
	t.mu.Lock()
	old, waiting := t.alone, t.waiting
	t.alone, t.waiting = st, nil
	t.mu.Unlock()
	if old != nil {
		old.leave()
	}
	for _, it := range waiting {
		select {
		case st.queue <- it:
		default: // others came first and filled it
		}
	}
	return st
}

func (t *streams) leaveAlone(st *stream) {
	st.leave()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.alone == st {
		t.alone = nil
	}
}

// Deliver implements session.Sink.
func (t *streams) Deliver(of []byte, last bool, message []byte) error {
	t.mu.Lock()
	st := t.alone
	if of != nil {
		st = t.of[link.IDKey(of)]
		if last {
			delete(t.of, link.IDKey(of))
		}
	} else if st == nil {
		t.waiting = append(t.waiting, item{message, false})
		t.waiting = t.waiting[max(0, len(t.waiting)-waitingNotes):]
		t.mu.Unlock()
		return nil
	}
	t.mu.Unlock()
	if st == nil {
		return session.ErrClientGone
	}
	select {
	case st.queue <- item{message, last}:
		return nil
	case <-st.gone:
		return session.ErrClientGone
	case <-t.closed:
		return session.ErrClientGone
	}
}

// Close implements session.Sink.
func (t *streams) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.closed:
	default:
		close(t.closed)
	}
	return nil
}

// reply is how one HTTP request is answered.
type reply struct {
	w         http.ResponseWriter
	events    bool // the client takes a stream of events
	plain     bool // the client takes one JSON message
	keepAlive time.Duration
	valid     func() bool                        // whether the right to it still holds
	head      func(h http.Header, answer []byte) // sets headers before the first message; nil means none
	status    func(answer []byte) int            // of an answer that comes as JSON; nil means 200
	started   bool
}

// run writes what comes on st until its last message, and returns then, when the client has gone or nothing more comes.
func (p *reply) run(ctx context.Context, st *stream, t *streams) {
	beat := time.NewTicker(p.keepAlive)
	defer beat.Stop()
	for {
		select {
		case it := <-st.queue:
			if p.put(it) != nil || it.last {
				return
			}
		case <-t.closed: // what was delivered before is still sent
			for {
				select {
				case it := <-st.queue:
					if p.put(it) != nil || it.last {
						return
					}
					continue
				default:
				}
				break
			}
			if !p.started {
				p.w.Header().Set("Retry-After", "1")
				http.Error(p.w, "the session has ended without an answer; try again", http.StatusServiceUnavailable)
			}
			return
		case <-beat.C:
			if !p.valid() {
				return
			}
			if p.started && p.write(": alive\n\n") != nil {
				return
			}
		case <-st.gone:
			return
		case <-ctx.Done():
			return
		}
	}
}

// put writes one message: the answer alone as JSON, where the client takes it, and everything else as an event.
func (p *reply) put(it item) error {
	switch {
	case it.message == nil:
		if !p.started { // cancelled before anything was said
			p.start(nil)
		}
		return nil
	case it.last && !p.started && p.plain:
		p.started = true
		h := p.w.Header()
		h.Set("Content-Type", "application/json")
		if p.head != nil {
			p.head(h, it.message)
		}
		code := http.StatusOK
		if p.status != nil {
			code = p.status(it.message)
		}
		p.w.WriteHeader(code)
		return p.write(string(it.message))
	case !p.events: // nowhere to put a message beside the answer
		return nil
	}
	if !p.started {
		p.start(it.message)
	}
	return p.write("event: message\ndata: " + strings.TrimRight(string(it.message), "\n") + "\n\n")
}

// start begins a stream of events.
func (p *reply) start(message []byte) {
	p.started = true
	h := p.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	if p.head != nil {
		p.head(h, message)
	}
	p.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(p.w).Flush()
}

func (p *reply) write(text string) error {
	c := http.NewResponseController(p.w)
	_ = c.SetWriteDeadline(time.Now().Add(writeTime)) // a writer without deadlines waits
	defer func() { _ = c.SetWriteDeadline(time.Time{}) }()
	if _, err := io.WriteString(p.w, text); err != nil {
		return err
	}
	return c.Flush()
}

// accepts reads an Accept header: whether the client takes JSON, and a stream of events. Without one it takes both.
func accepts(r *http.Request) (plain, events bool) {
	values := r.Header.Values("Accept")
	if len(values) == 0 {
		return true, true
	}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		kind, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil || params["q"] == "0" {
			continue
		}
		switch kind {
		case "*/*":
			plain, events = true, true
		case "application/json", "application/*":
			plain = true
		case "text/event-stream", "text/*":
			events = true
		}
	}
	return plain, events
}

// refuse answers a message that goes no further, under its id where it has one.
func refuse(w http.ResponseWriter, status int, id []byte, code int, text string, data any) {
	if id == nil {
		id = []byte("null")
	}
	b, err := json.Marshal(struct {
		JSONRPC string                  `json:"jsonrpc"`
		ID      json.RawMessage         `json:"id"`
		Error   mcp.JSONRPCErrorDetails `json:"error"`
	}{mcp.JSONRPC_VERSION, id, mcp.NewJSONRPCErrorDetails(code, text, data)})
	if err != nil { // data is of strings
		http.Error(w, text, status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
