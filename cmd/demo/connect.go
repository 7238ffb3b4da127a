package main

// showConnect prints what each client needs to know of the server.
func showConnect(p *printer, exe string) {
	p.title("Connect your own client to it")
	p.line("Claude Code:     claude mcp add elderzan -- %s serve", exe)
	p.line("Claude Desktop:  in claude_desktop_config.json:")
	p.line(`  {"mcpServers": {"elderzan": {"command": %q, "args": ["serve"]}}}`, exe)
	p.line("Cursor:          in ~/.cursor/mcp.json:")
	p.line(`  {"mcpServers": {"elderzan": {"command": %q, "args": ["serve"]}}}`, exe)
	p.line("VS Code:         code --add-mcp '{\"name\":\"elderzan\",\"command\":%q,\"args\":[\"serve\"]}'", exe)
}
