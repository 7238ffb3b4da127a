// Package attach is the client's side of an engine: it finds or starts the engine of a data folder and keeps an MCP
// session with it, across the engine's death and replacement.
//
// Run is the pipe between an MCP client on standard input and output and the engine. Client calls tools for the
// command line. Control stops an engine or asks how it is. Project tells which project a folder belongs to.
//
// The package uses the standard library only, so that a client's pipe is there at once and stays small.
package attach
