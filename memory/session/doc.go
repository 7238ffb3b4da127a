// Package session keeps the book of sessions: which clients are there, what each stored and what came back to it, and
// which memories come back together.
//
// A Book is a memory.Journal: what it is told only touches memory. Every few seconds, and when a session ends, all that is
// new goes to the store at once, so that a question does not cost a synced write. What was told in the last seconds may be
// lost in a crash; a memory never is, since it carries its session with it.
package session
