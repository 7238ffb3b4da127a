package session

import (
	"bufio"
	"bytes"
	"encoding/json"
	"reflect"
	"runtime"

	"github.com/mark3labs/mcp-go/mcp"
)

// result and failure are the two answers of JSON-RPC, with the id as raw JSON; a nil ID is null.
type result struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result"`
}

type failure struct {
	JSONRPC string                  `json:"jsonrpc"`
	ID      json.RawMessage         `json:"id"`
	Error   mcp.JSONRPCErrorDetails `json:"error"`
}

// fail answers a message that became no request; a nil id is null.
func (s *Session) fail(id []byte, code int, text string) {
	_ = s.send(id, true, failure{mcp.JSONRPC_VERSION, id, mcp.NewJSONRPCErrorDetails(code, text, nil)})
}

// send queues a message that belongs to the client's request with the raw id of, nil for none, and is the last one of
// it or not. It waits while the client does not read, and returns ErrClientGone when it never will.
func (s *Session) send(of []byte, last bool, msg any) error {
	b, err := encode(msg)
	if err != nil {
		return err
	}
	if s.sink != nil {
		return s.sink.Deliver(of, last, b)
	}
	select {
	case s.out <- b:
		return nil
	case <-s.dead:
		return ErrClientGone
	}
}

// encode writes msg as one line; JSON escapes line ends inside strings.
func encode(msg any) ([]byte, error) {
	if r, ok := msg.(result); ok {
		if tool, ok := r.Result.(*mcp.CallToolResult); ok && tool != nil {
			return encodeCall(r.ID, tool)
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(msg); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// encodeCall is encode for the result of a tool call. Such a result writes itself, on one line, and encoding/json would
// read that again from end to end.
func encodeCall(id []byte, tool *mcp.CallToolResult) ([]byte, error) {
	b, err := encodePlain(tool)
	if b == nil && err == nil {
		b, err = tool.MarshalJSON()
	}
	if err != nil {
		return nil, &json.MarshalerError{Type: reflect.TypeFor[*mcp.CallToolResult](), Err: err}
	}
	if id == nil {
		id = []byte("null")
	}
	buf := make([]byte, 0, len(b)+len(id)+48)
	buf = append(append(buf, `{"jsonrpc":"`+mcp.JSONRPC_VERSION+`","id":`...), id...)
	return append(append(append(buf, `,"result":`...), b...), "}\n"...), nil
}

// encodePlain writes what nearly every call returns: contents, and data that is JSON on one line already. MarshalJSON makes a map of
// the result and reads that data once more. It returns nil for any other result.
func encodePlain(tool *mcp.CallToolResult) ([]byte, error) {
	data, ok := tool.StructuredContent.(json.RawMessage)
	rare := tool.Meta != nil || tool.ResultType != "" || tool.IsError || len(tool.InputRequests) > 0 || tool.RequestState != "" || len(tool.RawStructuredContent) > 0
	if !ok || rare || bytes.IndexByte(data, '\n') >= 0 {
		return nil, nil
	}
	content, err := json.Marshal(tool.Content)
	if err != nil || tool.Content == nil {
		return nil, err
	}
	b := make([]byte, 0, len(content)+len(data)+40)
	b = append(append(b, `{"content":`...), content...)
	return append(append(append(b, `,"structuredContent":`...), data...), '}'), nil
}

// write is the only goroutine that writes to a connection. Before each message of out it writes the notifications that
// wait, because they were sent before it.
func (s *Session) write() {
	defer close(s.dead)
	if s.sink != nil {
		s.deliverNotes()
		return
	}
	bw := bufio.NewWriterSize(s.w, 32<<10)
	for {
		select {
		case b := <-s.out:
			s.writeNotes(bw)
			bw.Write(b)
		case n := <-s.notes:
			s.writeNote(bw, n)
		case <-s.fresh:
			s.writeNotes(bw)
		case <-s.stop:
			for {
				select {
				case b := <-s.out:
					s.writeNotes(bw)
					bw.Write(b)
					continue
				default:
				}
				break
			}
			s.writeNotes(bw)
			bw.Flush()
			return
		}
		if len(s.out) > 0 || len(s.notes) > 0 {
			continue
		}
		if len(s.slots) > 1 {
			// Calls whose changes went to the disk together can go on together: let them, and have their answers in the same
			// write, which spares this process, the pipe and the client to wake for each.
			if runtime.Gosched(); len(s.out) > 0 || len(s.notes) > 0 {
				continue
			}
		}
		if err := bw.Flush(); err != nil {
			return
		}
	}
}

func (s *Session) writeNotes(bw *bufio.Writer) {
	for {
		select {
		case n := <-s.notes:
			s.writeNote(bw, n)
		default:
			for _, n := range s.updates() {
				s.writeNote(bw, n)
			}
			return
		}
	}
}

func (s *Session) writeNote(bw *bufio.Writer, n mcp.JSONRPCNotification) {
	for _, one := range s.route(n) {
		b, err := encode(one)
		if err != nil {
			s.h.o.Logger.Error("notification cannot be written as JSON", "method", n.Method)
			continue
		}
		bw.Write(b)
	}
}
