// Package tools is the server's face to agents: the MCP tools, resources, prompts and completions, over
// mark3labs/mcp-go. It reads and checks what a client sends, calls memory.Service, and puts the answer, or what went
// wrong, into words that a model can act on.
//
// A tool's title, description, annotations and schemas are one JSON file each under schema; the names of its
// arguments are read from there, so that the code cannot accept what the schema does not offer. Arguments are read
// strictly where a mistake could change the meaning of a call (unknown names, wrong types, values out of bounds are
// errors) and leniently where it cannot: null counts as left out, digits in a string as a number, "true" as true, and
// a single string as a list of one.
//
// An error never holds the text of a memory. What a client can do something about becomes a tool result with isError;
// anything else is logged under a reference, and the client gets that reference.
package tools
