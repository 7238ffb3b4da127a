// Package session serves MCP sessions: one per connection, any number of them on one shared *server.MCPServer.
//
// mcp-go's own StdioServer keeps one session for the whole process. Host and its sessions take its place: they read
// numbered messages, run each request on its own goroutine with a deadline and back-pressure, and write everything
// through one goroutine per connection, so that a result never overtakes the notifications sent before it. Cancelling,
// limits, malformed input, panics, requests to the client and the bookkeeping of subscriptions/listen happen here;
// what the methods mean is mcp-go's and the tools' business.
package session
