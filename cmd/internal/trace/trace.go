package trace

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/elderzan/elderzan/memory"
)

// Options say where spans go. Endpoint is required.
type Options struct {
	Endpoint  string            // address of an OTLP/HTTP collector; spans are posted to /v1/traces below it
	Authorize func(http.Header) // adds what the collector wants to see of us; nil means nothing
	Share     float64           // of calls that no trace of the client's decides, in [0, 1]
	Every     time.Duration     // between two posts; 0 means 5 s
	Version   string            // of the build
	Logger    *slog.Logger      // nil means silence
}

// Tracer makes spans. A nil *Tracer makes none. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   oteltrace.Tracer
	post     *poster
}

// Open returns a Tracer, which connects when it has spans to send. Its Close sends the last.
func Open(o Options) (*Tracer, error) {
	post, err := newPoster(o)
	if err != nil {
		return nil, err
	}
	about := resource.NewSchemaless(attribute.String("service.name", "elderzan"), attribute.String("service.version", o.Version),
		attribute.Int("process.pid", os.Getpid()))
	var batch []sdk.BatchSpanProcessorOption
	if o.Every > 0 {
		batch = append(batch, sdk.WithBatchTimeout(o.Every))
	}
	p := sdk.NewTracerProvider(
		sdk.WithBatcher(otlptrace.NewUnstarted(post), batch...), sdk.WithResource(about),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Share))),
	)
	return &Tracer{provider: p, tracer: p.Tracer("github.com/elderzan/elderzan"), post: post}, nil
}

// lastPost is how long sending the last spans may take.
const lastPost = 3 * time.Second

// Close sends what waits, and gives up after a few seconds: spans are not worth a wait.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastPost)
	defer cancel()
	err := t.provider.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// Alert says that the collector does not take spans; "" while nothing is known to be wrong.
func (t *Tracer) Alert() string {
	if t == nil {
		return ""
	}
	return t.post.alert()
}

// Begin starts a span and returns what ends it. The error of that func marks the span; what it says stays here.
func (t *Tracer) Begin(ctx context.Context, name string, facts ...attribute.KeyValue) (context.Context, func(error, ...attribute.KeyValue)) {
	return t.begin(ctx, name, oteltrace.SpanKindInternal, facts)
}

func (t *Tracer) begin(ctx context.Context, name string, kind oteltrace.SpanKind, facts []attribute.KeyValue) (context.Context, func(error, ...attribute.KeyValue)) {
	ctx, span := t.tracer.Start(ctx, name, oteltrace.WithSpanKind(kind), oteltrace.WithAttributes(facts...))
	return ctx, func(err error, facts ...attribute.KeyValue) {
		span.SetAttributes(facts...)
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Step makes spans of what memory and storage tell of themselves within a call; of a nil Tracer it is nil.
func (t *Tracer) Step() memory.Step {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, name string) (context.Context, func(error)) {
		if !oteltrace.SpanContextFromContext(ctx).IsValid() {
			return ctx, func(error) {} // work in the background
		}
		ctx, end := t.Begin(ctx, name)
		return ctx, func(err error) { end(err) }
	}
}

// Tools makes a span of each tool call. It belongs to the trace that the client names in the call's _meta.traceparent, as
// the specification 2026-07-28 has it (Basic Protocol, "_meta": trace context), else it begins one.
func (t *Tracer) Tools(next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if req.Params.Meta != nil {
			ctx = propagation.TraceContext{}.Extract(ctx, carrier(req.Params.Meta.AdditionalFields))
		}
		name := req.Params.Name
		ctx, end := t.begin(ctx, "tools/call "+name, oteltrace.SpanKindServer, []attribute.KeyValue{
			attribute.String("mcp.method.name", string(mcp.MethodToolsCall)), attribute.String("gen_ai.tool.name", name),
		})
		res, err := next(ctx, req)
		failed := err
		if err == nil && res != nil && res.IsError {
			failed = errTool
		}
		end(failed)
		return res, err
	}
}

var errTool = errors.New("trace: the tool says no")

// carrier reads what a client has put beside a call.
type carrier map[string]any

func (c carrier) Get(key string) string {
	s, _ := c[key].(string)
	return s
}

func (c carrier) Set(key, value string) { c[key] = value }

func (c carrier) Keys() []string {
	var out []string
	for k := range c {
		out = append(out, k)
	}
	return out
}
