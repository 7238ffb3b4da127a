// Package clients puts a stdio server into the configuration files of MCP clients, and takes it out again.
//
// A client's file belongs to its user: what stands in it keeps its order, comments and indentation, in JSON with
// comments as well as in TOML. A change is planned first (Plan), so that it can be shown; applying it (Change.Apply)
// keeps a copy of the file as it was beside it, and replaces the file in one step. A plan that changes nothing is empty,
// hence doing it twice is doing it once. Undoing brings the copy back when nothing else has been changed since, and else
// removes the server's entry alone.
package clients
