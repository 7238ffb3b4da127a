// Package link holds what the two ends of an engine's socket must agree on: where the socket is, who may use it, the
// hello that opens a connection, how lines are framed, and which of two builds is the newer one.
//
// A connection starts with one Hello line from the client and one Welcome line from the engine. After that the client
// sends MCP messages as frames ("N MESSAGE\n", N counting up within the client's epoch) and the engine sends MCP
// messages as bare lines. The number together with the epoch names a message for good: a client that lost its engine
// sends the same frame to the next one, which can then tell a repeated request from a new one even when the MCP
// client reuses its JSON-RPC ids.
//
// The package needs nothing but the standard library and system calls, so that the pipe starts fast and stays small.
package link
