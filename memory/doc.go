// Package memory is the heart of the server: what a memory is, and Service, which remembers, recalls, searches,
// shares, revises and forgets.
//
// The package knows no engine, no model and no protocol. It states what it needs of them as small interfaces
// (ports.go), which memory/storage, embed, scope, security and memory/rank fulfil and cmd/elderzan joins.
package memory
