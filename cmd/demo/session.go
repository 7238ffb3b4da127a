package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// session is one MCP client with the server it started.
type session struct {
	*client.Client
	exe, data     string
	name, version string
}

func connect(ctx context.Context, exe, data string) (*session, error) {
	t := transport.NewCommand(exe, "serve", "--data", data)
	if err := t.Start(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", exe, err)
	}
	c := client.NewClient(t)
	var req mcp.InitializeRequest
	req.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	req.Params.ClientInfo = mcp.Implementation{Name: "elderzan-demo", Version: "1"}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	res, err := c.Initialize(ctx, req)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("handshake: %w", err), c.Close())
	}
	return &session{Client: c, exe: exe, data: data, name: res.ServerInfo.Name, version: res.ServerInfo.Version}, nil
}

// close ends the pipe and then the engine behind it, which would otherwise wait for its next client.
func (s *session) close(ctx context.Context) {
	_ = s.Close()
	_ = exec.CommandContext(ctx, s.exe, "stop", "--data", s.data).Run()
}

// call asks for a tool and reads its structured result into out.
func (s *session) call(ctx context.Context, tool string, args map[string]any, out any) error {
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, args
	res, err := s.CallTool(ctx, req)
	if err != nil {
		return fmt.Errorf("%s: %w", tool, err)
	}
	if res.IsError {
		text := "the tool reported an error"
		if len(res.Content) > 0 {
			if t, ok := mcp.AsTextContent(res.Content[0]); ok {
				text = t.Text
			}
		}
		return fmt.Errorf("%s: %s", tool, text)
	}
	raw, err := json.Marshal(res.StructuredContent)
	if err != nil {
		return fmt.Errorf("%s: %w", tool, err)
	}
	return json.Unmarshal(raw, out)
}
