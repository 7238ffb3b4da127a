package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/elderzan/elderzan/cmd/internal/trace"
	memsync "github.com/elderzan/elderzan/sync"
)

// collector takes spans as an OpenTelemetry collector does, by OTLP over HTTP.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
	raw   []byte      // all bodies
	seen  http.Header // of the last post
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var got tracepb.TracesData
		if r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || err != nil || proto.Unmarshal(b, &got) != nil {
			t.Errorf("no OTLP: %s %s", r.Method, r.URL.Path)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw, c.seen = append(c.raw, b...), r.Header
		for _, res := range got.ResourceSpans {
			for _, scope := range res.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) named(name string) []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s *tracepb.Span) bool { return s.Name != name })
}

// TestTraces sends the spans of two calls to a collector: the steps below each call, in the trace that the client names,
// and no word of what was said.
func TestTraces(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	f := newFolder(t, "ELDERZAN_TRACES_ENDPOINT="+c.URL, "ELDERZAN_TRACES_HEADERS=Authorization=Bearer tr4ce-t0ken")
	s := f.serve()
	s.initialize()
	var kept struct{ ID string }
	s.ok(&kept, "remember", map[string]any{"content": "The ferry to Lindisfarne leaves at dawn.", "wait": true})
	const parent = "4bf92f3577b34da6a3ce929d0e0e4736"
	params := modern(map[string]any{"name": "recall", "arguments": map[string]any{"query": "when does the boat to Lindisfarne sail?"}})
	params["_meta"].(map[string]any)["traceparent"] = "00-" + parent + "-00f067aa0ba902b7-01"
	var r toolResult
	s.result(&r, "tools/call", params)
	if !strings.Contains(r.text(), "ferry") {
		t.Errorf("recall: %s", r.text())
	}
	s.close()
	f.ok("stop") // sends the last
	for call, steps := range map[string][]string{
		"tools/call remember": {"classify", "store put"},
		"tools/call recall":   {"embed question", "recall candidates", "recall rank"},
		"recall candidates":   {"recall words", "recall vectors", "recall read"},
	} {
		above := c.named(call)
		if len(above) != 1 {
			t.Fatalf("%d spans %s", len(above), call)
		}
		for _, step := range steps {
			if below := c.named(step); len(below) != 1 || !bytes.Equal(below[0].ParentSpanId, above[0].SpanId) || below[0].EndTimeUnixNano > above[0].EndTimeUnixNano {
				t.Errorf("%s is not below %s: %v", step, call, below)
			}
		}
	}
	if len(c.named("embed texts")) == 0 {
		t.Error("no span of embedding what was stored")
	}
	if got := hex.EncodeToString(c.named("recall rank")[0].TraceId); got != parent {
		t.Errorf("recall is in the trace %s, not in the client's", got)
	}
	for _, word := range []string{"Lindisfarne", "ferry", "boat", kept.ID, f.dir, "tr4ce-t0ken"} {
		if bytes.Contains(c.raw, []byte(word)) {
			t.Errorf("spans tell of %q", word)
		}
	}
	if got := c.seen.Get("Authorization"); got != "Bearer tr4ce-t0ken" {
		t.Errorf("the collector sees %q", got)
	}
}

func TestTracedRounds(t *testing.T) {
	c := newCollector(t)
	tr, err := trace.Open(trace.Options{Endpoint: c.URL, Share: 1})
	if err != nil {
		t.Fatal(err)
	}
	away := errors.New("sync: db.example.org is away")
	round := traced(tr, func(context.Context) (memsync.Report, error) { return memsync.Report{Pushed: 3, Pulled: 2}, away })
	if rep, err := round(t.Context()); rep.Pushed != 3 || !errors.Is(err, away) {
		t.Errorf("round: %+v, %v", rep, err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	got := c.named("sync round")
	if len(got) != 1 || got[0].Status.Code != tracepb.Status_STATUS_CODE_ERROR || got[0].Attributes[0].Value.GetIntValue() != 3 {
		t.Errorf("spans: %v", got)
	}
	if bytes.Contains(c.raw, []byte("example.org")) {
		t.Error("a span tells what an error says")
	}
	called := false
	_, _ = traced(nil, func(context.Context) (memsync.Report, error) { called = true; return memsync.Report{}, nil })(t.Context())
	if !called {
		t.Error("without traces no round is done")
	}
}

func TestTraceSettings(t *testing.T) {
	for name, tc := range map[string]struct {
		toml string
		want string // of the error; "" for none
	}{
		"off":                {"", ""},
		"this machine":       {`traces_endpoint = "http://localhost:4318"`, ""},
		"another, TLS":       {`traces_endpoint = "https://otel.example.org"`, ""},
		"another, no TLS":    {`traces_endpoint = "http://otel.example.org:4318"`, "traces_endpoint is not"},
		"a password in it":   {`traces_endpoint = "https://me:secret@otel.example.org"`, "traces_endpoint is not"},
		"no address":         {`traces_endpoint = "4318"`, "traces_endpoint is not"},
		"a header":           {"traces_endpoint = \"http://[::1]:4318\"\ntraces_headers = \"Authorization=Bearer x=, x-team=a\"", ""},
		"no header":          {"traces_endpoint = \"http://[::1]\"\ntraces_headers = \"Authorization\"", "traces_headers is not"},
		"a header of two":    {"traces_endpoint = \"http://[::1]\"\ntraces_headers = \"a=b\\nc=d\"", "traces_headers is not"},
		"more than all":      {"traces_endpoint = \"http://[::1]\"\ntraces_share = \"1.5\"", "traces_share is not"},
		"a share in numbers": {"traces_endpoint = \"http://[::1]\"\ntraces_share = 0.5", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(tc.toml), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := loadConfig(dir)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v; want %q", err, tc.want)
			}
		})
	}
}
