package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// stuckGrace is how long a handler may take to heed the end of its context before its client is answered without it.
const stuckGrace = 2 * time.Second

var errDeadline = errors.New("session: the request took too long")

// request is one request under way.
type request struct {
	s      *Session
	n      uint64
	id     []byte // raw
	key    string // of id
	method string
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	done     bool // answered, or never to be answered
	timer    *time.Timer
	started  time.Time     // when the timer was started last
	limit    time.Duration // for the request
	left     time.Duration // of it, when the timer was started last
	asking   int           // questions to the client that wait for an answer
	slot     bool          // counts among the running
	timedOut bool
	notes    *notes // what its handler notifies the client of; nil until it does, and without a sink
	noted    bool   // no more of them
}

// inOrder tells which requests are handled before the next message is read: quick ones whose order matters.
func inOrder(method string) bool {
	switch mcp.MCPMethod(method) {
	case mcp.MethodInitialize, mcp.MethodPing, mcp.MethodSetLogLevel, mcp.MethodResourcesSubscribe, mcp.MethodResourcesUnsubscribe:
		return true
	}
	return false
}

// request starts a request, or queues it while too many run. It waits only while the queue is full, too; the running
// requests end without the client's help, so this wait ends.
func (s *Session) request(n uint64, m link.Message, message []byte, drain <-chan struct{}, work *sync.WaitGroup) {
	r := &request{s: s, n: n, id: append([]byte(nil), m.ID...), key: link.IDKey(m.ID), method: m.Method}
	listen := m.Method == string(mcp.MethodSubscriptionsListen)
	queued := !listen && !inOrder(m.Method)
	if queued {
		select {
		case s.queue <- struct{}{}:
		case <-drain:
			return // unanswered: the client's pipe sends it to the next engine
		case <-s.ctx.Done():
			return
		}
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancelCause(context.WithValue(s.viewFor(r), requestKey{}, r))
	if ok, why := s.admit(r, listen, work); !ok {
		r.cancel(nil)
		if queued {
			<-s.queue
		}
		if why != "" {
			s.fail(r.id, mcp.INVALID_REQUEST, why)
		}
		return
	}
	run := func() {
		defer work.Done()
		defer r.cancel(nil)
		defer s.forget(r)
		defer r.flushNotes()
		if queued {
			began := r.takeSlot(ctx, drain)
			<-s.queue
			if !began {
				return
			}
			defer r.freeSlot()
		}
		s.h.running.Add(1)
		defer s.h.running.Add(-1)
		r.run(ctx, message)
	}
	if inOrder(m.Method) {
		run()
		return
	}
	s.spawn(run)
}

// workerIdle is how long a goroutine waits for another request before it ends.
const workerIdle = time.Second

// spawn runs fn on a goroutine, if possible on one that has handled a request before: its stack has grown already, which
// for a new one is a noticeable part of a short request.
func (s *Session) spawn(fn func()) {
	select {
	case s.idle <- fn:
	default:
		go s.work(fn)
	}
}

func (s *Session) work(fn func()) {
	wait := time.NewTimer(workerIdle)
	defer wait.Stop()
	for {
		fn()
		wait.Reset(workerIdle)
		select {
		case fn = <-s.idle:
		case <-wait.C:
			return
		case <-s.stop:
			return
		}
	}
}

// takeSlot waits for its turn; it is false when the request was cancelled, or is for the next engine, by then.
func (r *request) takeSlot(ctx context.Context, drain <-chan struct{}) bool {
	select {
	case r.s.slots <- struct{}{}:
	default:
		select {
		case r.s.slots <- struct{}{}:
		case <-drain:
			return false
		case <-ctx.Done():
			return false
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slot = true
	return true
}

// admit adds r to the running requests and to work, unless the session takes no more; why is for the client.
func (s *Session) admit(r *request, listen bool, work *sync.WaitGroup) (ok bool, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false, ""
	}
	if listen {
		if s.listens >= maxListens {
			return false, fmt.Sprintf("no more than %d streams at once; cancel one first", maxListens)
		}
		s.listens++
	}
	s.running[r.key] = r
	work.Add(1)
	return true, ""
}

// release frees the id for another request, before the client can see the answer.
func (s *Session) release(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[r.key] == r {
		delete(s.running, r.key)
	}
}

func (s *Session) forget(r *request) {
	s.release(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.method == string(mcp.MethodSubscriptionsListen) {
		s.listens--
		delete(s.streams, r.key)
	}
}

func (r *request) freeSlot() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slot {
		r.slot = false
		<-r.s.slots
	}
}

// run handles the request and answers it.
func (r *request) run(ctx context.Context, message []byte) {
	defer func() {
		if p := recover(); p != nil {
			r.s.h.logPanic(p, r.method)
			r.fail(mcp.INTERNAL_ERROR, errInternal.Error())
		}
	}()
	if r.method != string(mcp.MethodSubscriptionsListen) {
		r.startTimer(link.Member(message, "params"))
		defer r.stopTimer()
	}
	if r.s.h.o.NeedsReady(r.method, link.Member(message, "params")) {
		r.s.awaitRoots(ctx)
		if err := r.s.h.o.Ready(ctx); err != nil {
			if r.late() {
				err = errors.New(r.lateText())
			}
			r.refuse(err.Error())
			return
		}
	}
	resp := r.s.h.o.Handle(ctx, r.s.h.o.Server, message)
	if r.late() && isError(resp) {
		r.refuse(r.lateText())
		return
	}
	r.answer(resp)
}

// refuse answers with a text that the model is meant to see: a tool error where there is one, else a JSON-RPC error.
func (r *request) refuse(text string) {
	if r.method == string(mcp.MethodToolsCall) {
		r.answer(mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, Result: mcp.NewToolResultError(text)})
		return
	}
	r.fail(mcp.INTERNAL_ERROR, text)
}

func (r *request) fail(code int, text string) {
	r.answer(mcp.JSONRPCError{JSONRPC: mcp.JSONRPC_VERSION, Error: mcp.NewJSONRPCErrorDetails(code, text, nil)})
}

// answer sends resp once, under the id as the client wrote it: mcp-go keeps ids as floating-point numbers.
func (r *request) answer(resp mcp.JSONRPCMessage) {
	if !r.settle() {
		return
	}
	r.s.release(r)
	r.flushNotes()
	var msg any
	switch v := resp.(type) {
	case mcp.JSONRPCResponse:
		msg = result{mcp.JSONRPC_VERSION, r.id, v.Result}
	case mcp.JSONRPCError:
		msg = failure{mcp.JSONRPC_VERSION, r.id, v.Error}
	default: // mcp-go has an answer to every request that passed our checks
		msg = failure{mcp.JSONRPC_VERSION, r.id, mcp.NewJSONRPCErrorDetails(mcp.INTERNAL_ERROR, errInternal.Error(), nil)}
	}
	err := r.s.send(r.id, true, msg)
	var unsupported *json.UnsupportedValueError
	var marshaler *json.MarshalerError
	if errors.As(err, &unsupported) || errors.As(err, &marshaler) {
		r.s.h.o.Logger.Error("answer cannot be written as JSON", "method", r.method)
		r.s.fail(r.id, mcp.INTERNAL_ERROR, errInternal.Error())
	}
}

// silence cancels the request; it will not be answered.
func (r *request) silence(cause error) {
	if r.settle() && r.s.sink != nil {
		_ = r.s.sink.Deliver(r.id, true, nil)
	}
	r.cancel(cause)
}

// settle claims the right to answer.
func (r *request) settle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return false
	}
	r.done = true
	return true
}

func isError(resp mcp.JSONRPCMessage) bool {
	v, ok := resp.(mcp.JSONRPCResponse)
	if !ok {
		return true
	}
	tool, ok := v.Result.(*mcp.CallToolResult)
	return ok && tool.IsError
}
