package trace

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// parts are what a Tracer wraps; each fails, so that the error has to come through and mark its span.
type parts struct{ memory.Store }

var errPart = errors.New("a text that no span may tell")

func (parts) Put(context.Context, memory.Put) (memory.Stored, error) {
	return memory.Stored{ID: "1"}, errPart
}

func (parts) Change(context.Context, memory.ID, string, memory.Edit) (memory.Memory, error) {
	return memory.Memory{ID: "2"}, errPart
}

func (parts) Candidates(context.Context, memory.CandidateQuery) (memory.CandidateSet, error) {
	return memory.CandidateSet{Candidates: make([]memory.Candidate, 3)}, errPart
}

func (parts) Search(context.Context, memory.SearchQuery) (memory.Page, error) {
	return memory.Page{Total: 4}, errPart
}

func (parts) Documents(context.Context, []string, bool) ([]memory.Embedding, string, error) {
	return nil, "space", errPart
}

func (parts) Query(context.Context, string, bool) (map[string]memory.Embedding, bool, error) {
	return nil, true, errPart
}

func (parts) Classify(context.Context, scope.Input) (scope.Decision, error) {
	return scope.Decision{Sensitive: true}, errPart
}

// TestSpans calls everything that is wrapped within one tool call of a client's trace: results and errors come through, and
// each is a span below the call, marked as failed and without words.
func TestSpans(t *testing.T) {
	var mu sync.Mutex
	spans := map[string]*tracepb.Span{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var got tracepb.TracesData
		b, _ := io.ReadAll(r.Body)
		if err := proto.Unmarshal(b, &got); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, s := range got.ResourceSpans[0].ScopeSpans[0].Spans {
			spans[s.Name] = s
		}
	}))
	defer srv.Close()
	tr, err := Open(Options{Endpoint: srv.URL, Share: 0, Version: "1"}) // the client's decision counts more than the share
	if err != nil {
		t.Fatal(err)
	}
	if _, end := tr.Step()(t.Context(), "of nobody's call"); end != nil {
		end(nil)
	}
	call := tr.Tools(func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s, e, c := tr.Store(parts{}), tr.Embedder(parts{}), tr.Classifier(parts{})
		put, err1 := s.Put(ctx, memory.Put{})
		changed, err2 := s.Change(ctx, "2", "", nil)
		set, err3 := s.Candidates(ctx, memory.CandidateQuery{Mode: memory.Fast})
		page, err4 := s.Search(ctx, memory.SearchQuery{})
		_, space, err5 := e.Documents(ctx, []string{"a"}, true)
		_, degraded, err6 := e.Query(ctx, "q", true)
		d, err7 := c.Classify(ctx, scope.Input{})
		_, end := tr.Step().Begin(ctx, "a step")
		end(errPart)
		if put.ID != "1" || changed.ID != "2" || len(set.Candidates) != 3 || page.Total != 4 || space != "space" || !degraded || !d.Sensitive {
			t.Error("a result does not come through")
		}
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
			if !errors.Is(err, errPart) {
				t.Errorf("error %d does not come through: %v", i, err)
			}
		}
		return mcp.NewToolResultError("no"), nil
	})
	var req mcp.CallToolRequest
	req.Params.Name = "recall"
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	req.Params.Meta = mcp.NewMetaFromMap(map[string]any{"traceparent": "00-" + trace + "-00f067aa0ba902b7-01"})
	if res, err := call(t.Context(), req); err != nil || !res.IsError {
		t.Errorf("the call's result is %v, %v", res, err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	above := spans["tools/call recall"]
	if above == nil {
		t.Fatalf("no span of the call: %v", spans)
	}
	for _, name := range []string{"store put", "store change", "recall candidates", "store search", "embed texts", "embed question", "classify", "a step"} {
		s := spans[name]
		if s == nil || string(s.ParentSpanId) != string(above.SpanId) || hex.EncodeToString(s.TraceId) != trace || s.Status.Code != tracepb.Status_STATUS_CODE_ERROR || s.Status.Message != "" {
			t.Errorf("%s: %v", name, s)
		}
	}
	if len(spans) != 9 || above.Kind != tracepb.Span_SPAN_KIND_SERVER || above.Status.Code != tracepb.Status_STATUS_CODE_ERROR {
		t.Errorf("%d spans; the call: %v", len(spans), above)
	}
}

// TestCarrier reads what clients put beside a call, whatever it is.
func TestCarrier(t *testing.T) {
	c := carrier{"traceparent": 7}
	if c.Set("tracestate", "a=b"); c.Get("traceparent") != "" || c.Get("tracestate") != "a=b" || len(c.Keys()) != 2 {
		t.Errorf("carrier %v", c)
	}
}
