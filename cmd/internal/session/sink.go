package session

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Sink takes what a session says to its client, told apart by the client's requests. Its methods are called from many
// goroutines.
type Sink interface {
	// Deliver passes on one message, a line with its end. of is the raw id of the client's request that it belongs to,
	// nil for none. last tells that nothing more of that request follows; the message is its answer, or nil when there
	// will be none. Deliver waits while the client is slow, and returns ErrClientGone when it never takes the message.
	Deliver(of []byte, last bool, message []byte) error
	// Close is called when nothing more will be delivered, and may be called again.
	Close() error
}

// sinkCloser lets a sink stand where a connection is closed.
type sinkCloser struct{ Sink }

func (sinkCloser) Write([]byte) (int, error) {
	return 0, errors.New("session: a sink takes messages, not bytes")
}

// view is a session as the handler of one request sees it: its notifications go where the request's answer goes.
type view struct {
	*Session
	r *request
}

// NotificationChannel takes notifications that belong to the request.
func (v view) NotificationChannel() chan<- mcp.JSONRPCNotification { return v.r.openNotes() }

var (
	_ server.SessionWithElicitation           = view{}
	_ server.SessionWithResourceSubscriptions = view{}
)

// viewFor returns the context in which r is handled.
func (s *Session) viewFor(r *request) context.Context {
	if s.sink == nil {
		return s.ctx
	}
	return s.h.o.Server.WithContext(s.ctx, view{s, r})
}

// requestNotes is how many notifications of one request wait to be delivered; more are lost, as mcp-go defines.
const requestNotes = 128

// notes carries one request's notifications to the sink.
type notes struct {
	queue chan mcp.JSONRPCNotification
	stop  chan struct{} // closed when the handler has returned
	done  chan struct{} // closed when all are delivered
}

func (r *request) openNotes() chan<- mcp.JSONRPCNotification {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.noted { // told after its answer: it is the session's
		return r.s.notes
	}
	if r.notes == nil {
		r.notes = &notes{make(chan mcp.JSONRPCNotification, requestNotes), make(chan struct{}), make(chan struct{})}
		go r.deliverNotes(r.notes)
	}
	return r.notes.queue
}

// deliverNotes passes the request's notifications on until they are stopped and none waits.
func (r *request) deliverNotes(n *notes) {
	defer close(n.done)
	for {
		select {
		case note := <-n.queue:
			r.s.deliver(r.id, note)
		case <-n.stop:
			for {
				select {
				case note := <-n.queue:
					r.s.deliver(r.id, note)
					continue
				default:
				}
				return
			}
		}
	}
}

// flushNotes waits until the request's notifications have been delivered, so that its answer does not overtake them.
func (r *request) flushNotes() {
	r.mu.Lock()
	n := r.notes
	r.notes, r.noted = nil, true
	r.mu.Unlock()
	if n != nil {
		close(n.stop)
		<-n.done
	}
}

// deliverNotes passes on what the session as a whole is notified of.
func (s *Session) deliverNotes() {
	for {
		select {
		case n := <-s.notes:
			s.deliver(nil, n)
		case <-s.fresh:
			for _, n := range s.updates() {
				s.deliver(nil, n)
			}
		case <-s.stop:
			return
		}
	}
}

// deliver passes a notification of the request of, or of none, to the sink.
func (s *Session) deliver(of []byte, n mcp.JSONRPCNotification) {
	if n.Method == mcp.MethodNotificationSubscriptionsAcknowledged {
		s.deliverOne(of, n) // before the stream can carry anything else
		s.openStream(n)
		return
	}
	for _, one := range s.route(n) {
		to := of
		if id, ok := one.Params.Meta[mcp.MetaKeySubscriptionID]; ok && of == nil {
			to, _ = id.(json.RawMessage)
		}
		s.deliverOne(to, one)
	}
}

func (s *Session) deliverOne(of []byte, n mcp.JSONRPCNotification) {
	b, err := encode(n)
	if err != nil {
		s.h.o.Logger.Error("notification cannot be written as JSON", "method", n.Method)
		return
	}
	_ = s.sink.Deliver(of, false, b) // a client that has gone misses it
}
