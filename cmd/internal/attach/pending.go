package attach

import (
	"bytes"
	"slices"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// What the pipe must know of MCP: the requests that set a session up, and those that never end by themselves.
const (
	methodInitialize   = "initialize"
	methodInitialized  = "notifications/initialized"
	methodCancelled    = "notifications/cancelled"
	methodSetLevel     = "logging/setLevel"
	methodSubscribe    = "resources/subscribe"
	methodUnsubscribe  = "resources/unsubscribe"
	methodListen       = "subscriptions/listen"
	methodUpdated      = "notifications/resources/updated"
	methodAcknowledged = "notifications/subscriptions/acknowledged"
)

// maxTries is how many engines may get a request before it is given up.
const maxTries = 5

// entry is a message on its way to the engine.
type entry struct {
	n      uint64
	id     []byte // raw, part of line; nil for what is not a request
	key    string // of id
	method string
	params []byte // part of line
	line   []byte
	sent   int // number of the connection it was sent on last; 0 for none
	tries  int // how often it was sent; both belong to the writer to the engine
}

// ledger holds the requests without an answer, in order, and what a new engine must be told first. It is not safe for
// concurrent use.
type ledger struct {
	open  []*entry
	bytes int
	setup struct {
		initialize  *entry
		initialized *entry
		level       *entry
		subscribe   []*entry // one for each resource
	}
}

// add notes a request.
func (l *ledger) add(e *entry) {
	l.open = append(l.open, e)
	l.bytes += len(e.line)
}

// take removes the oldest request with the id; nil when there is none.
func (l *ledger) take(id []byte) *entry {
	key := link.IDKey(id)
	i := slices.IndexFunc(l.open, func(e *entry) bool { return e.key == key })
	if i < 0 {
		return nil
	}
	return l.remove(i)
}

func (l *ledger) remove(i int) *entry {
	e := l.open[i]
	l.open = slices.Delete(l.open, i, i+1)
	l.bytes -= len(e.line)
	return e
}

// cancel removes the request that the client no longer wants. initialize cannot be cancelled.
func (l *ledger) cancel(id []byte) {
	key := link.IDKey(id)
	i := slices.IndexFunc(l.open, func(e *entry) bool { return e.key == key && e.method != methodInitialize })
	if i >= 0 {
		l.remove(i)
	}
}

// fatal removes and returns the requests under which too many engines have died: one of them may be the cause.
func (l *ledger) fatal() []*entry {
	var out []*entry
	for i := 0; i < len(l.open); {
		if e := l.open[i]; e.tries < maxTries || e.method == methodListen {
			i++
			continue
		}
		out = append(out, l.remove(i))
	}
	return out
}

// waiting counts the requests that will be answered by themselves.
func (l *ledger) waiting() int {
	n := 0
	for _, e := range l.open {
		if e.method != methodListen {
			n++
		}
	}
	return n
}

// attached reports whether the client relies on a living engine even while it asks nothing: it waits for notifications.
func (l *ledger) attached() bool { return len(l.open) > 0 || len(l.setup.subscribe) > 0 }

// setsUp reports whether settled has anything to note of method.
func setsUp(method string) bool {
	switch method {
	case methodInitialize, methodSetLevel, methodSubscribe, methodUnsubscribe:
		return true
	}
	return false
}

// settled notes that the engine granted request e, if e is one of those that a new engine must hear again.
func (l *ledger) settled(e *entry) {
	switch e.method {
	case methodInitialize:
		l.setup.initialize = e
		l.setup.level, l.setup.subscribe = nil, nil
	case methodSetLevel:
		l.setup.level = e
	case methodSubscribe:
		l.unsubscribe(e)
		l.setup.subscribe = append(l.setup.subscribe, e)
	case methodUnsubscribe:
		l.unsubscribe(e)
	}
}

func (l *ledger) unsubscribe(e *entry) {
	uri := link.Member(e.params, "uri")
	l.setup.subscribe = slices.DeleteFunc(l.setup.subscribe, func(o *entry) bool {
		return bytes.Equal(link.Member(o.params, "uri"), uri)
	})
}

// replay returns what a new engine must get, in order: the session's setup under ids of our own, whose answers are for
// nobody, and then the requests without an answer.
func (l *ledger) replay() []*entry {
	var out []*entry
	again := func(e *entry, name string) {
		if e == nil {
			return
		}
		c := *e
		if e.id != nil {
			c.line = replaceID(e.line, e.id, replayID(name))
		}
		out = append(out, &c)
	}
	if l.setup.initialize != nil {
		again(l.setup.initialize, "initialize")
		again(l.setup.initialized, "initialized")
	}
	again(l.setup.level, "level")
	for _, e := range l.setup.subscribe {
		again(e, "subscribe")
	}
	for _, e := range l.open {
		out = append(out, e)
		if e.method == methodInitialize {
			again(l.setup.initialized, "initialized")
		}
	}
	return out
}

// replayPrefix begins the ids of repeated setup requests.
const replayPrefix = `"elderzan-replay-`

func replayID(name string) []byte { return []byte(replayPrefix + name + `"`) }

func isReplayID(id []byte) bool { return bytes.HasPrefix(id, []byte(replayPrefix)) }

// replaceID returns line with id, which is a slice of it, replaced.
func replaceID(line, id, with []byte) []byte {
	at := cap(line) - cap(id)
	out := make([]byte, 0, len(line)+len(with))
	out = append(out, line[:at]...)
	out = append(out, with...)
	return append(out, line[at+len(id):]...)
}
