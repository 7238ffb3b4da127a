// Package engine runs the one process that works on a data folder: it holds the folder's lock, listens on its socket,
// serves an MCP session to each client of the same user, opens the store behind their backs, and leaves when nobody
// has needed it for a while, when it is told to, or when a newer build knocks.
//
// Leaving is orderly: the socket goes first, so that clients start the next engine instead of waiting for this one;
// running requests are answered; requests not yet begun are left unanswered, for the clients' pipes to repeat; then
// the store is closed and the lock given back.
package engine
