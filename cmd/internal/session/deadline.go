package session

import (
	"encoding/json"
	"fmt"
	"time"
)

// A request's deadline is a timer that stands still while the client is asked something. So it cannot be a context's
// own deadline; what a handler sees when it has passed is a cancelled context.

func (r *request) startTimer(params json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limit = orTime(r.s.h.o.TimeoutOf(r.method, params), r.s.h.o.Timeout)
	r.left = r.limit
	r.started = time.Now()
	r.timer = time.AfterFunc(r.left, r.expire)
}

func (r *request) stopTimer() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer.Stop()
}

// expire cancels the request, and answers it when the handler does not.
func (r *request) expire() {
	r.mu.Lock()
	if r.asking > 0 { // the question was sent as the time ran out
		r.left = time.Second
		r.mu.Unlock()
		return
	}
	r.timedOut = true
	r.mu.Unlock()
	r.cancel(errDeadline)
	time.AfterFunc(stuckGrace, func() { r.refuse(r.lateText()) })
}

func (r *request) late() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.timedOut
}

func (r *request) lateText() string {
	return fmt.Sprintf("the call took longer than %s and was stopped; ask for less, or try again", r.limit)
}

// pause stops the clock and gives the slot to others while the client is asked.
func (r *request) pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asking++; r.asking > 1 {
		return
	}
	if r.timer != nil && r.timer.Stop() {
		r.left -= time.Since(r.started)
	}
	if r.slot {
		r.slot = false
		<-r.s.slots
	}
}

// resume is the end of pause.
func (r *request) resume() {
	r.mu.Lock()
	if r.asking--; r.asking > 0 || r.timer == nil {
		r.mu.Unlock()
		return
	}
	r.started = time.Now()
	r.left = max(r.left, time.Second)
	r.timer.Reset(r.left)
	r.mu.Unlock()

	r.s.slots <- struct{}{}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asking > 0 || r.slot { // other questions have been put, and perhaps answered, since
		<-r.s.slots
		return
	}
	r.slot = true
}
