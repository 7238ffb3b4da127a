package main

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/tools"
)

// handle passes a message to the server. The arguments of a tool, which hold the texts, go around it: the server would
// decode them six times on the way there. Administration, which is rare, reads them where they stand.
//
// A call that holds nothing but a tool's name and arguments, as most do, leaves the server nothing to find out: it goes to the
// tool, unless it is to be traced, which the server's middleware does. (The middleware against panics has nothing to do there: the tool
// and the session look out for them, too.)
func (h *holder) handle(ctx context.Context, s *server.MCPServer, message json.RawMessage) mcp.JSONRPCMessage {
	if name, arguments, ok := link.PlainCall(message); ok && tools.Has(name) && !h.traced.Load() {
		return tools.Dispatch(ctx, s, name, arguments)
	}
	if rest, arguments, ok := link.Lift(message, "params", "arguments"); ok {
		var call struct { // as the server is going to read it
			Method mcp.MCPMethod `json:"method"`
			Params struct {
				Name string `json:"name"`
			} `json:"params"`
		}
		if json.Unmarshal(rest, &call) == nil && call.Method == mcp.MethodToolsCall && tools.Has(call.Params.Name) {
			ctx, message = tools.WithArguments(ctx, arguments), rest
		}
	}
	return tools.Handle(ctx, s, message)
}
