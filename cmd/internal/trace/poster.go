package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	onePost  = 10 * time.Second // one attempt
	allPosts = 30 * time.Second // all attempts with one batch; then its spans are dropped
)

// poster sends spans as OTLP over HTTP, https://opentelemetry.io/docs/specs/otlp/#otlphttp. It is the otlptrace.Client.
// A collector that is away is told of in the log once, and by alert until it is back.
type poster struct {
	url  string
	add  func(http.Header)
	http *http.Client
	log  *slog.Logger

	mu      sync.Mutex
	trouble error // of the last batch
	dropped int   // spans since the trouble began
}

func newPoster(o Options) (*poster, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("trace: the endpoint is no http or https address")
	}
	p := &poster{url: u.JoinPath("v1/traces").String(), add: o.Authorize, log: o.Logger, http: &http.Client{
		Timeout:       onePost,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // what proves who we are goes nowhere else
	}}
	if p.add == nil {
		p.add = func(http.Header) {}
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p, nil
}

func (p *poster) Start(context.Context) error { return nil }

func (p *poster) Stop(context.Context) error {
	p.http.CloseIdleConnections()
	return nil
}

// UploadTraces returns no error: OpenTelemetry would print it, address included, to where it likes.
func (p *poster) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// The request's message has the same one field as TracesData, which comes without gRPC.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, allPosts)
		defer cancel()
		_, err = backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, p.post(ctx, body) }, backoff.WithMaxElapsedTime(allPosts))
	}
	p.note(err, count(spans))
	return nil
}

// post sends one batch once. Errors that another attempt does not mend are permanent; those that may pass are the ones
// that OTLP names.
func (p *poster) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(errors.New("the address cannot be used"))
	}
	p.add(req.Header)
	req.Header.Set("Content-Type", "application/x-protobuf")
	res, err := p.http.Do(req)
	if err != nil {
		return errors.New("the collector does not answer")
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)) // so that the connection is used again
	switch res.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Errorf("the collector answers %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	return backoff.Permanent(fmt.Errorf("the collector answers %d %s", res.StatusCode, http.StatusText(res.StatusCode)))
}

func (p *poster) note(err error, spans int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil && p.trouble != nil:
		p.log.Info("traces arrive again", "dropped", p.dropped)
		p.dropped = 0
	case err != nil && p.trouble == nil:
		p.log.Warn("traces do not arrive", "error", err)
	}
	if p.trouble = err; err != nil {
		p.dropped += spans
	}
}

func (p *poster) alert() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trouble == nil {
		return ""
	}
	return fmt.Sprintf("traces do not arrive, %d spans are lost: %v; is traces_endpoint right?", p.dropped, p.trouble)
}

func count(all []*tracepb.ResourceSpans) (n int) {
	for _, r := range all {
		for _, s := range r.ScopeSpans {
			n += len(s.Spans)
		}
	}
	return n
}
