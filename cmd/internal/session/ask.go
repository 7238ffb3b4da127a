package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// ErrClientGone is returned by requests to a client that can no longer answer.
var ErrClientGone = errors.New("session: the client has gone")

// answer is what a client said to a request of ours.
type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// RequestElicitation asks the user something through the client.
func (s *Session) RequestElicitation(ctx context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	if s.GetClientCapabilities().Elicitation == nil {
		return nil, errors.New("session: the client cannot ask its user")
	}
	var out mcp.ElicitationResult
	if err := s.ask(ctx, string(mcp.MethodElicitationCreate), r.Params, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// ListRoots asks the client for its folders.
func (s *Session) ListRoots(ctx context.Context, _ mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	if s.GetClientCapabilities().Roots == nil {
		return nil, errors.New("session: the client has no roots")
	}
	var out mcp.ListRootsResult
	if err := s.ask(ctx, string(mcp.MethodListRoots), nil, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// RequestSampling asks the client's model for a completion.
func (s *Session) RequestSampling(ctx context.Context, r mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	if s.GetClientCapabilities().Sampling == nil {
		return nil, errors.New("session: the client does not sample")
	}
	var out mcp.CreateMessageResult
	if err := s.ask(ctx, string(mcp.MethodSamplingCreateMessage), r.CreateMessageParams, &out); err != nil {
		return nil, err
	}
	content, err := mcp.ParseSamplingContent(out.Content)
	if err != nil {
		return nil, fmt.Errorf("read the client's completion: %w", err)
	}
	out.Content = content
	return &out, nil
}

// Ping asks the client for a sign of life.
func (s *Session) Ping(ctx context.Context) error {
	var out struct{}
	return s.ask(ctx, string(mcp.MethodPing), nil, &out)
}

// ask sends a request to the client and waits for its answer. While it waits, the request it belongs to neither counts
// as running nor comes nearer to its deadline: people take their time.
func (s *Session) ask(ctx context.Context, method string, params, out any) error {
	ctx, cancel := context.WithTimeout(ctx, s.h.o.AskTimeout)
	defer cancel()
	id := "elderzan-" + s.h.o.Epoch + "-" + strconv.FormatInt(s.asked.Add(1), 10)
	ch := make(chan answer, 1)
	s.mu.Lock()
	gone := s.gone
	s.asking[id] = ch
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.asking, id)
		s.mu.Unlock()
	}()
	if gone {
		return ErrClientGone
	}
	msg := map[string]any{"jsonrpc": mcp.JSONRPC_VERSION, "id": id, "method": method}
	if params != nil {
		msg["params"] = params
	}
	var of []byte // a question belongs to the request that needs its answer
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		of = r.id
		r.pause()
		defer r.resume()
	}
	if err := s.send(of, false, msg); err != nil {
		return err
	}
	select {
	case a, ok := <-ch:
		switch {
		case !ok:
			return ErrClientGone
		case a.Error != nil:
			return fmt.Errorf("%s: the client answered with error %d: %s", method, a.Error.Code, a.Error.Message)
		}
		return json.Unmarshal(a.Result, out)
	case <-ctx.Done():
		_ = s.send(of, false, map[string]any{"jsonrpc": mcp.JSONRPC_VERSION, "method": mcp.MethodNotificationCancelled,
			"params": map[string]any{"requestId": id, "reason": "no longer needed"}})
		return context.Cause(ctx)
	case <-s.dead:
		return ErrClientGone
	}
}

// answered hands a client's answer to the request that waits for it; answers to nobody are dropped.
func (s *Session) answered(rawID, message []byte) {
	var a answer
	if json.Unmarshal(message, &a) != nil {
		return
	}
	id, _ := link.Text(rawID)
	s.mu.Lock()
	ch := s.asking[id]
	delete(s.asking, id)
	s.mu.Unlock()
	if ch != nil {
		ch <- a
	}
}

// leave makes everybody who waits for the client give up.
func (s *Session) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	for id, ch := range s.asking {
		close(ch)
		delete(s.asking, id)
	}
}
