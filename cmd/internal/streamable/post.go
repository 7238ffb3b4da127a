package streamable

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// bodyTime is how long a client may take to send its message.
const bodyTime = 30 * time.Second

// post takes one message and answers it.
func (s *Server) post(w http.ResponseWriter, r *http.Request, who Who) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "send one JSON message as application/json", http.StatusUnsupportedMediaType)
		return
	}
	plain, events := accepts(r)
	if !plain && !events {
		http.Error(w, "accept application/json and text/event-stream", http.StatusNotAcceptable)
		return
	}
	text, ok := readBody(w, r)
	if !ok {
		return
	}
	m, code, why := link.Check(text)
	if code != 0 {
		refuse(w, http.StatusBadRequest, m.ID, code, why, nil)
		return
	}
	p := &reply{w: w, events: events, plain: plain, keepAlive: s.o.KeepAlive, valid: func() bool { return who.Valid == nil || who.Valid() }}
	if era := eraOf(r, m); era.modern() {
		s.postModern(r, p, who, m, text, era)
		return
	}
	s.postLegacy(r, p, who, m, text)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(bodyTime)) // a connection without deadlines has others
	defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		refuse(w, http.StatusRequestEntityTooLarge, nil, mcp.INVALID_REQUEST, "the message is longer than 4 MiB; split it", nil)
	case err != nil:
		http.Error(w, "the message did not arrive whole", http.StatusBadRequest)
	}
	return text, err == nil
}

// era is what a message says of the version of the protocol it speaks.
type era struct{ header, meta string }

func eraOf(r *http.Request, m link.Message) era {
	version, _ := link.Text(link.Member(link.Member(m.Params, "_meta"), mcp.MetaKeyProtocolVersion))
	return era{header: r.Header.Get(mcp.HeaderProtocolVersion), meta: version}
}

func (e era) modern() bool { return mcp.IsModernProtocol(e.header) || mcp.IsModernProtocol(e.meta) }

// postLegacy passes a message to its session, which initialize begins.
func (s *Server) postLegacy(r *http.Request, p *reply, who Who, m link.Message, text []byte) {
	w, first := p.w, m.Method == string(mcp.MethodInitialize) && m.ID != nil
	if !first && !knownVersion(w, r) {
		return
	}
	var hs *httpSession
	if first {
		var err error
		if hs, err = s.begin(r, who); err != nil {
			w.Header().Set("Retry-After", "60")
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		hs.busy.Add(1)
		defer func() {
			hs.used.Store(s.o.Now().UnixNano())
			hs.busy.Add(-1)
		}()
		p.head = func(h http.Header, answer []byte) {
			if link.Member(answer, "error") != nil || answer == nil {
				hs.end() // no session came of it
				return
			}
			h.Set(headerSession, hs.id)
		}
	} else {
		var release func()
		if hs, release = s.find(w, r, who); hs == nil {
			return
		}
		defer release()
	}
	if m.Method == "" || m.ID == nil { // an answer or a notification
		if !hs.give(r.Context(), text) {
			http.Error(w, "the session has ended; begin a new one with initialize", http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	st, ok := hs.streams.open(m.ID)
	if !ok {
		refuse(w, http.StatusBadRequest, m.ID, mcp.INVALID_REQUEST, "a request with this id is under way", nil)
		return
	}
	defer hs.streams.leave(m.ID, st)
	if !hs.give(r.Context(), text) {
		http.Error(w, "the session has ended; begin a new one with initialize", http.StatusNotFound)
		return
	}
	p.run(r.Context(), st, hs.streams)
}

// knownVersion refuses a version that there is none of. Without the header, the version is what initialize agreed on.
func knownVersion(w http.ResponseWriter, r *http.Request) bool {
	v := r.Header.Get(mcp.HeaderProtocolVersion)
	if v == "" || mcp.IsValidProtocolVersion(v) {
		return true
	}
	http.Error(w, "the protocol version in "+mcp.HeaderProtocolVersion+" is not one we speak", http.StatusBadRequest)
	return false
}

// postModern serves one request that stands for itself.
func (s *Server) postModern(r *http.Request, p *reply, who Who, m link.Message, text []byte, e era) {
	w := p.w
	if m.Method == "" { // the protocol has no requests to the client that this could answer
		refuse(w, http.StatusBadRequest, m.ID, mcp.INVALID_REQUEST, "an answer to nothing: in this protocol the server sends no requests", nil)
		return
	}
	if m.ID == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if code, why, data := s.checkModern(r, m, e); code != 0 {
		refuse(w, statusOf(code), m.ID, code, why, data)
		return
	}
	client, _ := link.Text(link.Member(link.Member(link.Member(m.Params, "_meta"), mcp.MetaKeyClientInfo), "name"))
	v, done := s.visiting(r, who, client)
	defer done()
	t := newStreams()
	st, _ := t.open(m.ID)
	ctx, cancel := context.WithCancel(r.Context()) // closing the answer cancels the request
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	n, given := v.count.Add(1), false
	src := func() (uint64, []byte, error) {
		if !given {
			given = true
			return n, text, nil
		}
		<-ctx.Done()
		return 0, nil, io.EOF
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := s.o.Serve(ctx, v.conn, src, t); err != nil {
			s.o.Logger.Debug("http request ended", "error", err)
		}
	}()
	p.status = func(answer []byte) int { return statusOf(codeOf(answer)) }
	p.run(ctx, st, t)
	t.leave(m.ID, st)
	cancel()
	<-served
}

// checkModern compares the request's headers with its body. Server Transports, "Protocol Version Header" and "Standard
// Request Headers": a header that is missing or differs is a mismatch, and an unknown version is answered with those we
// speak.
func (s *Server) checkModern(r *http.Request, m link.Message, e era) (code int, why string, data any) {
	switch {
	case e.header == "":
		return mcp.HEADER_MISMATCH, "the header " + mcp.HeaderProtocolVersion + " is missing", nil
	case e.meta == "":
		return mcp.INVALID_PARAMS, "params._meta lacks " + mcp.MetaKeyProtocolVersion, nil
	case e.header != e.meta:
		return mcp.HEADER_MISMATCH, "the header " + mcp.HeaderProtocolVersion + " and params._meta name different versions", nil
	case !mcp.IsValidProtocolVersion(e.meta):
		return mcp.UNSUPPORTED_PROTOCOL_VERSION, "this version of the protocol is not one we speak",
			map[string]any{"requested": e.meta, "supported": mcp.ValidProtocolVersions}
	}
	if err := mcp.ValidateStandardHeaders(r.Header.Get, e.meta, mcp.MCPMethod(m.Method), m.Params); err != nil {
		return mcp.HEADER_MISMATCH, err.Error(), nil
	}
	if m.Method != string(mcp.MethodToolsCall) {
		return 0, "", nil
	}
	name, _ := link.Text(link.Member(m.Params, "name"))
	tool := s.o.Tool(name)
	if tool == nil {
		return 0, "", nil
	}
	lookup := func(name string) (string, bool) {
		v := r.Header.Values(name)
		if len(v) == 0 {
			return "", false
		}
		return v[0], true
	}
	if err := mcp.ValidateParamHeadersLookup(lookup, tool, json.RawMessage(m.Params)); err != nil {
		return mcp.HEADER_MISMATCH, err.Error(), nil
	}
	return 0, "", nil
}

// codeOf returns the code of an answer that is an error, else 0.
func codeOf(answer []byte) int {
	var a struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return 0
	}
	return a.Error.Code
}

// statusOf is the HTTP status of a JSON-RPC error of the protocol since 2026-07-28, so that what stands between can act
// on it.
func statusOf(code int) int {
	switch code {
	case mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	case mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION, mcp.INVALID_REQUEST, mcp.INVALID_PARAMS, mcp.PARSE_ERROR:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// get opens the stream of a session for what belongs to none of its requests.
func (s *Server) get(w http.ResponseWriter, r *http.Request, who Who) {
	if !s.sessionMethod(w, r) {
		return
	}
	if _, events := accepts(r); !events {
		http.Error(w, "accept text/event-stream", http.StatusNotAcceptable)
		return
	}
	hs, release := s.find(w, r, who)
	if hs == nil {
		return
	}
	defer release()
	st := hs.streams.openAlone()
	defer hs.streams.leaveAlone(st)
	p := &reply{w: w, events: true, keepAlive: s.o.KeepAlive, valid: func() bool { return who.Valid == nil || who.Valid() }}
	p.start(nil)
	p.run(r.Context(), st, hs.streams)
}

// delete ends a session and what runs in it.
func (s *Server) delete(w http.ResponseWriter, r *http.Request, who Who) {
	if !s.sessionMethod(w, r) {
		return
	}
	hs, release := s.find(w, r, who)
	if hs == nil {
		return
	}
	defer release()
	s.forget(hs)
	hs.end()
	w.WriteHeader(http.StatusNoContent)
}

// sessionMethod refuses what only sessions have to clients of the protocol without them.
func (s *Server) sessionMethod(w http.ResponseWriter, r *http.Request) bool {
	if mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)) {
		w.Header().Set("Allow", "POST, OPTIONS")
		http.Error(w, "this version of the protocol has no sessions: use POST alone, subscriptions/listen for notifications", http.StatusMethodNotAllowed)
		return false
	}
	return knownVersion(w, r)
}
