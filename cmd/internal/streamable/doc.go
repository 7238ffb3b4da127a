// Package streamable is MCP over HTTP: the Streamable HTTP transport of the protocol's versions up to 2025-11-25, with
// sessions, and of 2026-07-28, without.
//
// It sits on package session, as the socket does, so that limits, deadlines, cancelling, and the order of notifications
// and results are the same over both. mcp-go's own HTTP server has them otherwise: it writes a result without waiting
// for the notifications before it, forgets no ended session, and knows of no caller.
//
// Who gets in is decided here: Host and Origin are checked against rebinding of names, every request carries a token or
// comes with a client's certificate, and a session answers only to whoever opened it.
package streamable
