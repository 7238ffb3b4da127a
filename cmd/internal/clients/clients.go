package clients

import (
	"path/filepath"
)

// Place is where the files of clients are looked for.
type Place struct {
	Home   string // the user's home folder
	Config string // os.UserConfigDir: ~/.config, ~/Library/Application Support or %AppData%
	OS     string // runtime.GOOS

	// Project is the root of a project whose own configuration is meant; "" means the user's.
	Project string
}

// Server is what a client starts and speaks MCP with, or what it reaches at an address.
type Server struct {
	Name    string // its key in the client's file
	Command string // whole path of the program
	Args    []string

	URL   string // address of MCP over HTTP; "" means that the client starts Command
	Token string // what the client shows there; a file that it is written into becomes its user's alone
}

// Client is a program that speaks MCP and reads its servers from a file.
type Client struct {
	Name  string // as typed: "claude-code"
	Title string // as its makers write it
	Next  string // what makes the client read its file again

	user    func(Place) string // the user's file
	project string             // the file below a project's root; "" where there is none
	servers string             // key of the table of servers
	entry   func(Server) any   // what stands under the server's name
	remote  func(Server) any   // the same for a server with a URL; nil where the client takes none
	toml    bool
}

// Remote reports whether the client reaches servers over HTTP by its file.
func (c Client) Remote() bool { return c.remote != nil }

// plain is the entry most clients agree on.
type plain struct {
	Command string   `json:"command" toml:"command"`
	Args    []string `json:"args" toml:"args"`
}

// typed is the entry of clients that know other transports under the same key.
type typed struct {
	Type    string   `json:"type"`
	Command string   `json:"command"`
	Args    []string `json:"args"`
}

// at is the entry of clients that reach a server over HTTP; they differ in what they call the address.
type at struct {
	Type      string            `json:"type,omitempty"`
	URL       string            `json:"url,omitempty"`
	HTTPURL   string            `json:"httpUrl,omitempty"`
	ServerURL string            `json:"serverUrl,omitempty"`
	Headers   map[string]string `json:"headers"`
}

// codexAt is how Codex has it.
type codexAt struct {
	URL     string            `toml:"url"`
	Headers map[string]string `toml:"http_headers,inline"`
}

func headers(s Server) map[string]string {
	return map[string]string{"Authorization": "Bearer " + s.Token}
}

func typedAt(s Server) any { return at{Type: "http", URL: s.URL, Headers: headers(s)} }
func plainAt(s Server) any { return at{URL: s.URL, Headers: headers(s)} }

func plainEntry(s Server) any { return plain{s.Command, s.Args} }
func typedEntry(s Server) any { return typed{"stdio", s.Command, s.Args} }

func belowHome(path ...string) func(Place) string {
	return func(p Place) string { return filepath.Join(append([]string{p.Home}, path...)...) }
}

func belowConfig(path ...string) func(Place) string {
	return func(p Place) string { return filepath.Join(append([]string{p.Config}, path...)...) }
}

// zedSettings differs from other clients' folders: Zed uses ~/.config on macOS as well.
func zedSettings(p Place) string {
	if p.OS == "windows" {
		return filepath.Join(p.Config, "Zed", "settings.json")
	}
	return filepath.Join(p.Home, ".config", "zed", "settings.json")
}

// All returns the clients that are known, in the order in which they are shown.
func All() []Client {
	return []Client{
		{
			Name: "claude-code", Title: "Claude Code", Next: "start a new session; /mcp shows it",
			user: belowHome(".claude.json"), project: ".mcp.json", servers: "mcpServers", entry: typedEntry, remote: typedAt,
		},
		{
			Name: "claude-desktop", Title: "Claude Desktop", Next: "quit Claude Desktop and start it again",
			user: belowConfig("Claude", "claude_desktop_config.json"), servers: "mcpServers", entry: plainEntry,
		},
		{
			Name: "cursor", Title: "Cursor", Next: "open Settings, MCP, and switch it on",
			user: belowHome(".cursor", "mcp.json"), project: ".cursor/mcp.json", servers: "mcpServers", entry: plainEntry, remote: plainAt,
		},
		{
			Name: "vscode", Title: "VS Code", Next: "run “MCP: List Servers” and start it",
			user: belowConfig("Code", "User", "mcp.json"), project: ".vscode/mcp.json", servers: "servers", entry: typedEntry, remote: typedAt,
		},
		{
			Name: "codex", Title: "Codex", Next: "start a new session; /mcp shows it",
			user: belowHome(".codex", "config.toml"), project: ".codex/config.toml", servers: "mcp_servers", entry: plainEntry, toml: true,
			remote: func(s Server) any { return codexAt{URL: s.URL, Headers: headers(s)} },
		},
		{
			Name: "gemini", Title: "Gemini CLI", Next: "start a new session; /mcp shows it",
			user: belowHome(".gemini", "settings.json"), project: ".gemini/settings.json", servers: "mcpServers", entry: plainEntry,
			remote: func(s Server) any { return at{HTTPURL: s.URL, Headers: headers(s)} },
		},
		{
			Name: "windsurf", Title: "Windsurf", Next: "refresh the list of MCP servers in its settings",
			user: belowHome(".codeium", "windsurf", "mcp_config.json"), servers: "mcpServers", entry: plainEntry,
			remote: func(s Server) any { return at{ServerURL: s.URL, Headers: headers(s)} },
		},
		{
			Name: "zed", Title: "Zed", Next: "open the Agent Panel's settings; it is under MCP servers",
			user: zedSettings, project: ".zed/settings.json", servers: "context_servers", entry: plainEntry, remote: plainAt,
		},
	}
}

// ByName returns the client of a name; false when there is none.
func ByName(name string) (Client, bool) {
	for _, c := range All() {
		if c.Name == name {
			return c, true
		}
	}
	return Client{}, false
}

// HasProjectFile reports whether the client reads servers from a file in a project, too.
func (c Client) HasProjectFile() bool { return c.project != "" }

// File is the file that the client reads in place p.
func (c Client) File(p Place) string {
	if p.Project != "" && c.project != "" {
		return filepath.Join(p.Project, filepath.FromSlash(c.project))
	}
	return c.user(p)
}

// format edits the text of a configuration file.
type format interface {
	// put returns text with the server under its name; the same text when it stands there already.
	put(text []byte) ([]byte, error)
	// drop returns text without the server; the same text when it does not stand there.
	drop(text []byte) ([]byte, error)
}

func (c Client) format(s Server) format {
	entry := c.entry
	if s.URL != "" && c.remote != nil {
		entry = c.remote
	}
	if c.toml {
		return tomlFile{table: c.servers, name: s.Name, entry: entry(s)}
	}
	return jsonFile{table: c.servers, name: s.Name, entry: entry(s)}
}
