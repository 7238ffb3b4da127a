// Package foreign reads what other memories have written: the files and exports of the official server-memory, mem0,
// basic-memory, mcp-memory-service and engram, of Claude and ChatGPT; and what elderzan itself exports.
//
// Each of their entries becomes one memory whose id follows from the kind and their own id, so that reading a file again
// gives the same ids: an import that was interrupted goes on, and a later export brings only what is new. Nothing is
// decided here about scopes; memory.Service.Import classifies each text as if it were new. Databases are opened for
// reading alone. Errors say where, and never quote a text.
package foreign
