package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/knadh/koanf/v2"
	"go.opentelemetry.io/otel/attribute"

	"github.com/elderzan/elderzan/cmd/internal/trace"
	"github.com/elderzan/elderzan/security"
	memsync "github.com/elderzan/elderzan/sync"
)

// tracesConfig says where OpenTelemetry traces go.
type tracesConfig struct {
	Endpoint string // "" for nowhere
	Headers  security.Secret
	Share    float64
}

func (c *tracesConfig) read(k *koanf.Koanf, bad func(key, want string) error) error {
	c.Endpoint = k.String("traces_endpoint")
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopbackAddress(withPort(u.Host))) {
		return bad("traces_endpoint", "the address of a collector, such as http://127.0.0.1:4318; https where it is another machine")
	}
	headers := k.String("traces_headers")
	if err := eachHeader(headers, func(string, string) {}); err != nil {
		return bad("traces_headers", err.Error())
	}
	c.Headers = security.NewSecret([]byte(headers))
	if c.Share, err = strconv.ParseFloat(k.String("traces_share"), 64); err != nil || !(c.Share >= 0 && c.Share <= 1) {
		return bad("traces_share", "a number from 0 to 1")
	}
	return nil
}

// What a header may be, RFC 9110, 5.1 and 5.5.
var (
	headerName  = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")
	headerValue = regexp.MustCompile(`^[\t -~]+$`)
)

// eachHeader tells set the headers of a list, whose values may hold spaces.
func eachHeader(list string, set func(name, value string)) error {
	for h := range strings.SplitSeq(list, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(h), "=")
		if list != "" && (!ok || !headerName.MatchString(name) || !headerValue.MatchString(value)) {
			return errors.New("a list of name=value with commas")
		}
		if ok {
			set(name, strings.TrimSpace(value))
		}
	}
	return nil
}

// withPort adds a port to a host that has none.
func withPort(host string) string {
	if u := (&url.URL{Host: host}); u.Port() == "" {
		return host + ":0"
	}
	return host
}

// traceTo starts traces where the settings ask for them, once.
func (h *holder) traceTo(c tracesConfig) error {
	if c.Endpoint == "" || h.traces != nil {
		return nil
	}
	var err error
	h.traces, err = trace.Open(trace.Options{
		Endpoint: c.Endpoint, Share: c.Share, Version: version, Logger: h.log,
		Authorize: func(to http.Header) {
			_ = eachHeader(string(c.Headers.Bytes()), to.Set) // validated with the settings
		},
	})
	return err
}

// traced has each round with the cloud be a span.
func traced(t *trace.Tracer, round func(context.Context) (memsync.Report, error)) func(context.Context) (memsync.Report, error) {
	if t == nil {
		return round
	}
	return func(ctx context.Context) (memsync.Report, error) {
		ctx, end := t.Begin(ctx, "sync round")
		rep, err := round(ctx)
		end(err, attribute.Int("elderzan.pushed", rep.Pushed), attribute.Int("elderzan.pulled", rep.Pulled))
		return rep, err
	}
}
