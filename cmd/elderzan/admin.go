package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/cmd/internal/metrics"
	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
)

// adminClient is the name the command line gives itself when it connects. Only such a connection sees the admin tools:
// they are for a person's commands, and would only fill an agent's context. It is no security boundary, since the
// socket serves one user.
const adminClient = "cli"

// adminPrefix begins the names of the tools that only the command line sees.
const adminPrefix = "admin_"

// exportPage is how many memories one admin_export call returns; at the largest they fit a message.
const exportPage = 50

// admin serves what the command line needs beyond the tools of agents, from the process that holds the store.
type admin struct {
	open    func(context.Context) (*stack, error)
	caller  func(context.Context) memory.Caller
	isCLI   func(context.Context) bool
	page    *webPage
	door    *httpDoor
	metrics *metrics.Metrics
}

// register adds the admin tools to s, hidden from everyone but the command line.
func (a *admin) register(s *server.MCPServer) {
	server.WithToolFilter(func(ctx context.Context, ts []mcp.Tool) []mcp.Tool {
		if a.isCLI(ctx) {
			return ts
		}
		seen := make([]mcp.Tool, 0, len(ts))
		for _, t := range ts {
			if !strings.HasPrefix(t.Name, adminPrefix) {
				seen = append(seen, t)
			}
		}
		return seen
	})(s)
	addAdmin(a, s, "model", "Learn from corrections of scope", a.model)
	addAdmin(a, s, "rescan", "Classify what is stored anew", a.rescan)
	addAdmin(a, s, "export", "Page of all memories, whole", a.export)
	addAdmin(a, s, "import", "Store exported memories", a.importPage)
	addAdmin(a, s, "graph", "Tools of the official server-memory", a.graph)
	addAdmin(a, s, "doctor", "Check the store, and mend it", a.doctor)
	addAdmin(a, s, "sessions", "List sessions, show one, find similar ones", a.sessions)
	addAdmin(a, s, "topics", "Group memories into topics", a.topics)
	addAdmin(a, s, "backup", "Make a backup", a.backup)
	addAdmin(a, s, "keys", "Show, rotate and retire the keys at rest", a.keys)
	addAdmin(a, s, "reembed", "How far embedding anew has come", a.reembed)
	addAdmin(a, s, "access", "Who may do what", a.access)
	addAdmin(a, s, "audit", "Show, verify and sign the audit log", a.audit)
	addAdmin(a, s, "report", "Report on a week, a month or a quarter", a.report)
	addAdmin(a, s, "flags", "Features and for whom they are on", a.flags)
	addAdmin(a, s, "metrics", "Print the metrics", a.showMetrics)
	addAdmin(a, s, "dashboard", "Start the web page", a.dashboard)
	addAdmin(a, s, "http", "Serve MCP over HTTP, and its tokens", a.http)
	addAdmin(a, s, "cost", "What the memories take", a.cost)
	a.registerCloud(s)
}

// ownersOnly are the admin tools that ask for no right by themselves and that not everybody may use.
var ownersOnly = map[string]bool{"cost": true, "doctor": true, "backup": true, "reembed": true, "topics": true, "http": true, "flags": true, "report": true}

// addAdmin adds one admin tool whose arguments are read into A.
func addAdmin[A any](a *admin, s *server.MCPServer, name, title string, do func(context.Context, *stack, A) (any, error)) {
	s.AddTool(mcp.Tool{Name: adminPrefix + name, Title: title, RawInputSchema: json.RawMessage(`{"type":"object"}`)},
		func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			var args A
			if err := req.BindArguments(&args); err != nil {
				return mcp.NewToolResultError("arguments do not fit"), nil
			}
			st, err := a.open(ctx)
			if err != nil {
				return mcp.NewToolResultError(explain(err)), nil
			}
			if ownersOnly[name] {
				if err := st.service.Authorize(ctx, a.caller(ctx), name); err != nil {
					return mcp.NewToolResultError(explain(err)), nil
				}
			}
			out, err := do(withProgress(ctx, s, req), st, args)
			if err != nil {
				return mcp.NewToolResultError(explain(err)), nil
			}
			b, err := json.Marshal(out)
			if err != nil {
				return nil, fmt.Errorf("write result: %w", err)
			}
			return &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent(string(b))}, StructuredContent: json.RawMessage(b)}, nil
		})
}

// explain turns an error into text for the person at the terminal, with its hint.
func explain(err error) string {
	var h *hintError
	if errors.As(err, &h) {
		return err.Error() + "\n  " + h.hint
	}
	if errors.Is(err, memsync.ErrOffline) {
		return err.Error() + "\n  see that the server runs and that its name and port are right; what is here waits: elderzan sync status"
	}
	return err.Error()
}

type exportArgs struct {
	Cursor string `json:"cursor"`
}

type exportResult struct {
	Memories []memory.Memory `json:"memories"`
	Next     string          `json:"next_cursor,omitempty"`
	Total    int             `json:"total"`
}

func (a *admin) export(ctx context.Context, st *stack, in exportArgs) (any, error) {
	p, err := st.service.Search(ctx, a.caller(ctx), memory.SearchQuery{
		Filter: memory.Filter{States: []memory.State{memory.Active, memory.Superseded, memory.Archived, memory.Forgotten}},
		Sort:   memory.SortOldest, Cursor: in.Cursor, Limit: exportPage,
	})
	if err != nil {
		return nil, err
	}
	return exportResult{Memories: p.Memories, Next: p.NextCursor, Total: p.Total}, nil
}
