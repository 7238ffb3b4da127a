package tools

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/memory/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// world is a server over a real memory.Service whose engines are simple enough to foresee, and a client of it.
type world struct {
	t       *testing.T
	store   *memorytest.Store
	embed   *memorytest.Embedder
	class   memorytest.Classifier
	service memory.Options
	opts    Options
	caller  memory.Caller
	server  *server.MCPServer
	client  *client.Client
	log     strings.Builder

	mu      sync.Mutex
	calls   []Call
	changed []string
}

// newWorld builds the parts; configure changes them before they are joined.
func newWorld(t *testing.T, configure func(*world), options ...client.ClientOption) *world {
	t.Helper()
	w := &world{
		t: t, store: &memorytest.Store{}, embed: &memorytest.Embedder{},
		caller: memory.Caller{User: "mia", Client: "test-client", Session: "s-1", Project: "billing"},
	}
	w.opts = Options{
		Version: "1.2.3", Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
		Caller: func(context.Context) memory.Caller { return w.caller },
		OnCall: func(c Call) { w.mu.Lock(); w.calls = append(w.calls, c); w.mu.Unlock() },
	}
	if configure != nil {
		configure(w)
	}
	if w.service.Store == nil {
		w.service.Store = w.store
	}
	if w.service.Ranker == nil {
		w.service.Ranker = memorytest.Ranker{}
	}
	w.service.Embedder, w.service.Classifier = w.embed, w.class
	svc, err := memory.NewService(w.service)
	if err != nil {
		t.Fatal(err)
	}
	if w.opts.Service == nil {
		w.opts.Service = func(context.Context) (*memory.Service, error) { return svc, nil }
	}
	if w.server, err = NewServer(w.opts); err != nil {
		t.Fatal(err)
	}
	w.connect(mcp.ProtocolVersion20251125, options...)
	return w
}

// onEveryStore runs a test on the store in RAM and on the real one, which must not differ to a client.
func onEveryStore(t *testing.T, test func(t *testing.T, newWorld func(*testing.T, func(*world)) *world)) {
	t.Run("in RAM", func(t *testing.T) {
		test(t, func(t *testing.T, configure func(*world)) *world { return newWorld(t, configure) })
	})
	t.Run("on disk", func(t *testing.T) {
		test(t, newStoreWorld)
	})
}

// newStoreWorld is newWorld with the real store.
func newStoreWorld(t *testing.T, configure func(*world)) *world {
	return newWorld(t, func(w *world) {
		if configure != nil {
			configure(w)
		}
		s, err := storage.Open(t.Context(), storage.Options{Dir: filepath.Join(t.TempDir(), "data"), Committed: w.committed})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		w.store, w.service.Store = nil, s
		w.service.Kin, w.service.Sessions, w.service.Drafts, w.service.Audits = s, s, s, s
	})
}

// committed keeps what a commit shows in.
func (w *world) committed(c memory.Commit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changed = slices.AppendSeq(w.changed, Shows(c))
}

// connect starts an in-process client that asks for a protocol version.
func (w *world) connect(version string, options ...client.ClientOption) *mcp.InitializeResult {
	w.t.Helper()
	c, err := client.NewInProcessClientWithOptions(w.server, append(options, client.WithProtocolVersion(version))...)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := c.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	req := mcp.InitializeRequest{}
	req.Params.ProtocolVersion = version
	req.Params.ClientInfo = mcp.Implementation{Name: "test-client", Version: "1"}
	res, err := c.Initialize(w.t.Context(), req)
	if err != nil {
		w.t.Fatalf("initialize with %s: %v", version, err)
	}
	w.client = c
	return res
}

// call runs a tool, and checks what holds of every answer.
func (w *world) call(tool string, args any) *mcp.CallToolResult {
	w.t.Helper()
	req := mcp.CallToolRequest{}
	req.Params.Name, req.Params.Arguments = tool, args
	res, err := w.client.CallTool(w.t.Context(), req)
	if err != nil {
		w.t.Fatalf("%s is a protocol error: %v", tool, err)
	}
	w.checkResult(tool, res)
	return res
}

// checkResult checks a result against the tool's output schema, and that its text is the same JSON, compact.
func (w *world) checkResult(tool string, res *mcp.CallToolResult) {
	w.t.Helper()
	if res.IsError {
		if res.StructuredContent != nil || resultText(res) == "" {
			w.t.Errorf("%s: an error needs a text and no data: %+v", tool, res)
		}
		return
	}
	b, err := json.Marshal(res.StructuredContent)
	if err != nil {
		w.t.Fatal(err)
	}
	data, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := outputSchema(w.t, tool).Validate(data); err != nil {
		w.t.Errorf("%s: result does not fit its schema: %v", tool, err)
	}
	text := resultText(res)
	var same any
	if err := json.Unmarshal([]byte(text), &same); err != nil {
		w.t.Fatalf("%s: text is no JSON: %v", tool, err)
	}
	if again, _ := json.Marshal(same); string(again) != string(mustMarshal(w.t, decode[any](w.t, string(b)))) {
		w.t.Errorf("%s: text %s and data %s differ", tool, text, b)
	}
	if strings.Contains(text, "\n") || strings.Contains(text, "null") && !strings.Contains(text, "nullable") {
		w.t.Errorf("%s: text is not compact, or holds null: %s", tool, text)
	}
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// ok runs a tool that must succeed, and returns its result as T.
func ok[T any](w *world, tool string, args any) T {
	w.t.Helper()
	res := w.call(tool, args)
	if res.IsError {
		w.t.Fatalf("%s(%v) = error %s", tool, args, resultText(res))
	}
	return decode[T](w.t, resultText(res))
}

// refused runs a tool that must fail, and returns what it says.
func (w *world) refused(tool string, args any) string {
	w.t.Helper()
	res := w.call(tool, args)
	if !res.IsError {
		w.t.Fatalf("%s(%v) = %s; want an error", tool, args, resultText(res))
	}
	return resultText(res)
}

var compiled sync.Map

func outputSchema(t *testing.T, tool string) *jsonschema.Schema {
	t.Helper()
	if s, ok := compiled.Load(tool); ok {
		return s.(*jsonschema.Schema)
	}
	s := compile(t, tool, definitions[tool].OutputSchema)
	compiled.Store(tool, s)
	return s
}

// compile reads a schema as draft 2020-12 and fails the test if it is none.
func compile(t *testing.T, name string, raw json.RawMessage) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("mem:///"+name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// golden compares got, indented, with a file of testdata.
func golden(t *testing.T, name string, got any) {
	t.Helper()
	b, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(b) {
		t.Errorf("%s differs from what is offered now; if that is meant, run with -update and look at the difference", file)
	}
}

// read reads a resource and returns its text.
func (w *world) read(uri string) (string, error) {
	w.t.Helper()
	req := mcp.ReadResourceRequest{}
	req.Params.URI = uri
	res, err := w.client.ReadResource(w.t.Context(), req)
	if err != nil {
		return "", err
	}
	text, ok := res.Contents[0].(mcp.TextResourceContents)
	if !ok || len(res.Contents) != 1 || text.URI != uri || text.MIMEType != mimeJSON {
		w.t.Errorf("%s = %+v", uri, res.Contents)
	}
	return text.Text, nil
}

// complete asks for completions of an argument of a prompt (by name) or resource template (by URI).
func (w *world) complete(kind, ref, arg, typed string) []string {
	w.t.Helper()
	req := mcp.CompleteRequest{}
	req.Params.Argument = mcp.CompleteArgument{Name: arg, Value: typed}
	req.Params.Ref = mcp.PromptReference{Type: kind, Name: ref}
	if kind == "ref/resource" {
		req.Params.Ref = mcp.ResourceReference{Type: kind, URI: ref}
	}
	res, err := w.client.Complete(w.t.Context(), req)
	if err != nil {
		w.t.Fatalf("complete %s of %s: %v", arg, ref, err)
	}
	return res.Completion.Values
}
