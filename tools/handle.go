package tools

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// CodedError is an error of a handler that ends its request with a code of JSON-RPC. It may be told to the client.
type CodedError struct {
	Code int
	Text string
	Data any // nil for none
}

func (e *CodedError) Error() string { return e.Text }

// MissingCapability is the error of a request that needs a capability which its client did not declare. Specification
// 2026-07-28, Basic Protocol, "Error Codes": -32021, whose data names the capabilities that are required.
func MissingCapability(name string) error {
	return &CodedError{Code: mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, Text: "this needs a client with the capability " + name,
		Data: map[string]any{"requiredCapabilities": map[string]any{name: map[string]any{}}}}
}

// Handle passes a message to a server of NewServer and returns its answer, nil for a notification. The server's own
// HandleMessage calls every error of a handler an internal one; here a CodedError gives its code and data.
func Handle(ctx context.Context, s *server.MCPServer, message json.RawMessage) mcp.JSONRPCMessage {
	var coded *CodedError
	answer := s.HandleMessage(context.WithValue(ctx, codedKey{}, &coded), message)
	e, ok := answer.(mcp.JSONRPCError)
	switch {
	case !ok:
		return answer
	case coded != nil && e.Error.Code == mcp.INTERNAL_ERROR:
		e.Error = mcp.NewJSONRPCErrorDetails(coded.Code, coded.Text, coded.Data)
	case e.Error.Data == nil && (e.Error.Code == mcp.RESOURCE_NOT_FOUND || e.Error.Code == mcp.INVALID_PARAMS):
		e.Error.Data = unreadable(message)
	}
	return e
}

// Dispatch passes the arguments of a call, raw JSON, to one of this package's tools on a server of NewServer. It does what Handle
// does for such a call of the protocol before 2026-07-28 that says nothing else; the id of the answer is for the caller to set.
func Dispatch(ctx context.Context, s *server.MCPServer, name string, arguments json.RawMessage) mcp.JSONRPCMessage {
	var req mcp.CallToolRequest
	req.Method, req.Params.Name = string(mcp.MethodToolsCall), name
	res, err := s.GetTool(name).Handler(WithArguments(ctx, arguments), req)
	if err != nil { // run makes a result of every error
		return mcp.NewJSONRPCError(mcp.RequestId{}, mcp.INTERNAL_ERROR, err.Error(), nil)
	}
	return mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, Result: res}
}

// unreadable names the resource that a message asked to read, nil for any other message. Specification 2026-07-28,
// Resources, "Error Handling": the error for a resource that there is not should hold its URI.
func unreadable(message json.RawMessage) any {
	var m struct {
		Method string
		Params struct{ URI string }
	}
	if json.Unmarshal(message, &m) != nil || m.Method != string(mcp.MethodResourcesRead) || m.Params.URI == "" {
		return nil
	}
	return map[string]any{"uri": m.Params.URI}
}

// codedKey finds the place in a request's context where its handler's error is kept.
type codedKey struct{}

// keepCode keeps err for Handle where it has a code.
func keepCode(ctx context.Context, err error) {
	var coded *CodedError
	if p, ok := ctx.Value(codedKey{}).(**CodedError); ok && errors.As(err, &coded) {
		*p = coded
	}
}

// withCodes are the options by which a server keeps the codes of its handlers' errors.
func withCodes() []server.ServerOption {
	return []server.ServerOption{
		server.WithToolHandlerMiddleware(func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
			return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				res, err := next(ctx, req)
				keepCode(ctx, err)
				return res, err
			}
		}),
		server.WithResourceHandlerMiddleware(func(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
			return func(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				res, err := next(ctx, req)
				keepCode(ctx, err)
				return res, err
			}
		}),
		server.WithPromptHandlerMiddleware(func(next server.PromptHandlerFunc) server.PromptHandlerFunc {
			return func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				res, err := next(ctx, req)
				keepCode(ctx, err)
				return res, err
			}
		}),
	}
}

// notFoundCode is the code for a resource that there is not: the protocol of 2026-07-28 has none of its own for it.
func notFoundCode(ctx context.Context) int {
	if server.IsModernRequest(ctx) {
		return mcp.INVALID_PARAMS
	}
	return mcp.RESOURCE_NOT_FOUND
}
