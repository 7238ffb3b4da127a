package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

const sdkVersion = "1.32.2" // of the official TypeScript SDK

// eachRemembers is how many memories a client stores.
const eachRemembers = 20

// did is what a client has done: ids of its memories, names of tools and prompts, URIs and templates of resources.
type did struct{ IDs, Tools, Resources, Prompts []string }

// script runs one of the scripts in testdata/clients.
func (f *folder) script(dir, name string, args ...string) (d did) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(dir, name)}, args...)...)
	cmd.Env, cmd.Dir = append(os.Environ(), "ELDERZAN_DATA="+f.dir), f.project()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		f.t.Errorf("%s: %v: %s%s", name, err, out.String(), stderr.String())
		return d
	}
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		f.t.Errorf("%s: %v in %.300q", name, err, out.String())
	}
	return d
}

// project is a folder that the pipes take for the project garden.
func (f *folder) project() string {
	dir := filepath.Join(filepath.Dir(f.dir), "garden")
	if err := os.MkdirAll(filepath.Join(dir, ".git"), 0o755); err != nil {
		f.t.Error(err)
	}
	return dir
}

// goClient is the official Go SDK over HTTP, doing what the scripts do.
func goClient(ctx context.Context, at, token string) (d did, err error) {
	c := sdk.NewClient(&sdk.Implementation{Name: "gosdk", Version: "1"}, nil)
	s, err := c.Connect(ctx, &sdk.StreamableClientTransport{Endpoint: at, HTTPClient: &http.Client{Transport: withToken(token)}}, nil)
	if err != nil {
		return d, err
	}
	defer s.Close()
	tool := func(name string, args map[string]any) map[string]any {
		if err != nil {
			return nil
		}
		var r *sdk.CallToolResult
		if r, err = s.CallTool(ctx, &sdk.CallToolParams{Name: name, Arguments: args}); err != nil {
			return nil
		}
		if r.IsError {
			err = fmt.Errorf("%s: %v", name, r.Content[0])
			return nil
		}
		d.Tools = append(d.Tools, name)
		out, _ := r.StructuredContent.(map[string]any)
		return out
	}
	for i := range eachRemembers {
		id, _ := tool("remember", map[string]any{"content": fmt.Sprintf("gosdk planted tree number %d in row %d.", i, 7*i), "tags": []string{"gosdk"}})["id"].(string)
		d.IDs = append(d.IDs, id)
	}
	id := d.IDs[0]
	tool("recall", map[string]any{"query": "which tree did gosdk plant?", "limit": 3})
	tool("search", map[string]any{"text": "gosdk", "limit": 2})
	tool("classify", map[string]any{"content": "We prefer tabs."})
	tool("revise", map[string]any{"id": id, "title": "The first of gosdk"})
	tool("share", map[string]any{"id": id, "scope": "PRIVATE"})
	tool("workspace", map[string]any{"key": "gosdk", "content": "look at the roots"})
	tool("status", nil)
	tool("forget", map[string]any{"id": id})
	tool("revise", map[string]any{"id": id, "restore": true})
	if err != nil {
		return d, err
	}
	if d.Resources, err = goResources(ctx, s, id); err != nil {
		return d, err
	}
	d.Prompts, err = goPrompts(ctx, s, id)
	return d, err
}

func goResources(ctx context.Context, s *sdk.ClientSession, id string) (read []string, err error) {
	fixed, err := s.ListResources(ctx, nil)
	if err != nil {
		return nil, err
	}
	templates, err := s.ListResourceTemplates(ctx, nil)
	if err != nil {
		return nil, err
	}
	sessions, err := s.Complete(ctx, &sdk.CompleteParams{Ref: &sdk.CompleteReference{Type: "ref/resource", URI: "elderzan://sessions/{id}"}, Argument: sdk.CompleteParamsArgument{Name: "id"}})
	if err != nil {
		return nil, err
	}
	var uris []string
	for _, r := range fixed.Resources {
		uris = append(uris, r.URI)
	}
	for _, r := range templates.ResourceTemplates {
		uris = append(uris, r.URITemplate)
	}
	for _, uri := range uris {
		of := id
		if strings.Contains(uri, "sessions") {
			of = sessions.Completion.Values[0]
		}
		full := strings.NewReplacer("{id}", url.PathEscape(of), "{key}", "gosdk", "{project}", "garden").Replace(uri)
		if _, err := s.ReadResource(ctx, &sdk.ReadResourceParams{URI: full}); err != nil {
			return nil, fmt.Errorf("%s: %w", full, err)
		}
		read = append(read, uri)
	}
	return read, nil
}

func goPrompts(ctx context.Context, s *sdk.ClientSession, id string) (got []string, err error) {
	list, err := s.ListPrompts(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, p := range list.Prompts {
		args := map[string]string{}
		for _, a := range p.Arguments {
			args[a.Name] = "7"
			if a.Name == "id" {
				args[a.Name] = id
			}
		}
		if _, err := s.GetPrompt(ctx, &sdk.GetPromptParams{Name: p.Name, Arguments: args}); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		got = append(got, p.Name)
	}
	return got, nil
}

// withToken adds the token, and the project, to each request.
type withToken string

func (t withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(t))
	r.Header.Set("Elderzan-Project", "garden")
	return http.DefaultTransport.RoundTrip(r)
}

// inspected is MCP Inspector, which starts a pipe for each thing it asks.
func (f *folder) inspected(program string) (d did) {
	tool := func(name string, args ...string) (r toolResult) {
		words := []string{"--method", "tools/call", "--tool-name", name}
		for _, a := range args {
			words = append(words, "--tool-arg", a)
		}
		f.inspect(program, &r, words...)
		if r.IsError {
			f.t.Errorf("inspector %s: %s", name, r.text())
		}
		d.Tools = append(d.Tools, name)
		return r
	}
	id := tool("remember", "content=inspector planted a tree.", `tags=["inspector"]`).id(f.t)
	d.IDs = []string{id}
	tool("recall", "query=which tree did inspector plant?", "limit=3")
	tool("search", "text=inspector", "limit=2")
	tool("classify", "content=We prefer tabs.")
	tool("revise", "id="+id, "title=The first of inspector")
	tool("share", "id="+id, "scope=PRIVATE")
	tool("workspace", "key=inspector", "content=look at the roots")
	tool("status")
	tool("forget", "id="+id)
	tool("revise", "id="+id, "restore=true")
	var list struct {
		Resources []struct{ URI string }
		Templates []struct{ URITemplate string } `json:"resourceTemplates"`
		Prompts   []struct {
			Name      string
			Arguments []struct{ Name string }
		}
	}
	f.inspect(program, &list, "--method", "resources/list")
	f.inspect(program, &list, "--method", "resources/templates/list")
	f.inspect(program, &list, "--method", "prompts/list")
	var any map[string]any
	uris := []string{}
	for _, r := range list.Resources {
		uris = append(uris, r.URI)
	}
	for _, r := range list.Templates {
		uris = append(uris, r.URITemplate)
	}
	for _, uri := range uris {
		of := id
		if strings.Contains(uri, "sessions") {
			of = f.anySession()
		}
		f.inspect(program, &any, "--method", "resources/read", "--uri", strings.NewReplacer("{id}", of, "{key}", "inspector", "{project}", "garden").Replace(uri))
		d.Resources = append(d.Resources, uri)
	}
	for _, p := range list.Prompts {
		words := []string{"--method", "prompts/get", "--prompt-name", p.Name}
		for _, a := range p.Arguments {
			words = append(words, "--prompt-args", a.Name+"=7")
		}
		f.inspect(program, &any, words...)
		d.Prompts = append(d.Prompts, p.Name)
	}
	return d
}

// anySession is the id of a session.
func (f *folder) anySession() string {
	f.t.Helper()
	var list struct{ Sessions []struct{ ID string } }
	f.json(&list, "sessions", "list")
	if len(list.Sessions) == 0 {
		f.t.Fatal("no sessions")
	}
	return list.Sessions[0].ID
}

// TestFourClients has MCP Inspector, the official SDKs for TypeScript and Go, and a script without a library use every
// tool, resource and prompt of one data folder at once, over pipes and HTTP, by both eras of the protocol.
func TestFourClients(t *testing.T) {
	t.Parallel()
	program := inspector(t)
	scripts := t.TempDir()
	if err := os.CopyFS(scripts, os.DirFS(filepath.Join("testdata", "clients"))); err != nil {
		t.Fatal(err)
	}
	packages := npmInstall(t, "sdk-"+sdkVersion, "@modelcontextprotocol/sdk@"+sdkVersion)
	if err := os.Symlink(filepath.Join(packages, "node_modules"), filepath.Join(scripts, "node_modules")); err != nil {
		t.Fatal(err)
	}
	f := newFolder(t)
	at, _ := f.serveHTTP("127.0.0.1:0")
	tokens := []string{f.httpToken("sdk"), f.httpToken("gosdk")}
	var clients sync.WaitGroup
	results := make([]did, 4)
	clients.Go(func() { results[0] = f.script(scripts, "sdk.mjs", at, tokens[0], fmt.Sprint(eachRemembers)) })
	clients.Go(func() { results[1] = f.script(scripts, "raw.mjs", fmt.Sprint(eachRemembers)) })
	clients.Go(func() {
		var err error
		if results[2], err = goClient(t.Context(), at, tokens[1]); err != nil {
			t.Errorf("Go SDK: %v", err)
		}
	})
	clients.Go(func() { results[3] = f.inspected(program) })
	clients.Wait()

	wantTools := []string{"classify", "forget", "recall", "remember", "revise", "search", "share", "status", "workspace"}
	seen := map[string]bool{}
	for i, r := range results {
		if got := slices.Compact(slices.Sorted(slices.Values(r.Tools))); !slices.Equal(got, wantTools) {
			t.Errorf("client %d called %v", i, got)
		}
		if len(r.Resources) != 8 || len(r.Prompts) != 5 {
			t.Errorf("client %d read %v and got %v; want 8 resources and 5 prompts", i, r.Resources, r.Prompts)
		}
		for _, id := range r.IDs {
			if seen[id] {
				t.Errorf("%s twice", id)
			}
			seen[id] = true
		}
	}
	stored := f.export()
	for id := range seen {
		if stored[id] == nil {
			t.Errorf("%s is lost", id)
		}
	}
	if len(seen) != 3*eachRemembers+1 || len(stored) != len(seen) {
		t.Errorf("%d memories were acknowledged and %d are there; want %d", len(seen), len(stored), 3*eachRemembers+1)
	}
}
