package tools

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Handle passes a message to a server of NewServer and returns its answer, nil for a notification. Unlike the
// server's own HandleMessage, which calls every error of a resource or prompt an internal one, it gives what the client
// did wrong the code that the protocol has for it.
func Handle(ctx context.Context, s *server.MCPServer, message json.RawMessage) mcp.JSONRPCMessage {
	var code int
	answer := s.HandleMessage(context.WithValue(ctx, codeKey{}, &code), message)
	if e, ok := answer.(mcp.JSONRPCError); ok && code != 0 && e.Error.Code == mcp.INTERNAL_ERROR {
		e.Error.Code = code
		return e
	}
	return answer
}

// codeKey finds the place in a request's context where its handler leaves the code of its error.
type codeKey struct{}

func setCode(ctx context.Context, code int) {
	if p, ok := ctx.Value(codeKey{}).(*int); ok {
		*p = code
	}
}

func notFoundCode(ctx context.Context) int {
	if server.IsModernRequest(ctx) {
		return mcp.INVALID_PARAMS
	}
	return mcp.RESOURCE_NOT_FOUND
}
