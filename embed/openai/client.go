package openai

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	openai "github.com/sashabaranov/go-openai"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	embedding "github.com/elderzan/elderzan/embed"
)

// maxAnswer bounds the bytes read of an answer.
const maxAnswer = 16 << 20

// client sends requests, slowly enough, again when that may help, and not at all while the provider is down.
type client struct {
	opts    Options
	api     *openai.Client
	limiter *rate.Limiter
	breaker *gobreaker.CircuitBreaker[[][]float32]

	// encoding is the one that this server understands. base64, a quarter of the bytes, is tried first.
	encoding atomic.Int32
}

// Encodings of vectors in answers.
const (
	unknownEncoding int32 = iota
	base64Encoding
	floatEncoding
)

func newClient(o Options) *client {
	limit := rate.Inf
	if o.RequestsPerSecond > 0 {
		limit = rate.Limit(o.RequestsPerSecond)
	}
	config := openai.DefaultConfig("")
	config.BaseURL = o.BaseURL
	config.HTTPClient = newDoer(o)
	return &client{
		opts:    o,
		api:     openai.NewClientWithConfig(config),
		limiter: rate.NewLimiter(limit, 1),
		breaker: gobreaker.NewCircuitBreaker[[][]float32](gobreaker.Settings{
			Name:        "embeddings",
			Timeout:     o.BreakerPause,
			ReadyToTrip: func(n gobreaker.Counts) bool { return int(n.ConsecutiveFailures) >= o.BreakerFailures },
			// A provider that refuses a text or a key is up; a caller who left says nothing about it.
			IsSuccessful: func(err error) bool { return err == nil || !errors.Is(err, ErrUnavailable) },
		}),
	}
}

// requestSize returns how many of the inputs, at least one, fit into a request.
func (c *client) requestSize(inputs []string) int {
	bytes := 0
	for i, text := range inputs {
		bytes += len(text)
		if i > 0 && (i == c.opts.MaxTexts || bytes > c.opts.MaxBytes) {
			return i
		}
	}
	return len(inputs)
}

// embed sends one request, several times if need be.
func (c *client) embed(ctx context.Context, inputs []string, tries int) ([][]float32, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 300 * time.Millisecond
	pause.MaxInterval = 20 * time.Second
	var last error // what the last try ended with, without what the retry loop adds
	vectors, err := backoff.Retry(ctx, func() ([][]float32, error) {
		var vectors [][]float32
		if vectors, last = c.attempt(ctx, inputs); last != nil {
			return nil, retryable(last)
		}
		return vectors, nil
	}, backoff.WithBackOff(pause), backoff.WithMaxTries(uint(tries)), backoff.WithMaxElapsedTime(c.remaining(ctx)))
	if err != nil {
		return nil, last
	}
	return vectors, nil
}

// remaining is the time until ctx, which has a deadline, ends: a pause that reaches beyond it is not begun.
func (c *client) remaining(ctx context.Context) time.Duration {
	end, _ := ctx.Deadline()
	return max(time.Until(end), 1)
}

// attempt sends one request through limiter and breaker.
func (c *client) attempt(ctx context.Context, inputs []string) ([][]float32, error) {
	if err := c.limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, context.DeadlineExceeded // its turn would come too late
	}
	vectors, err := c.breaker.Execute(func() ([][]float32, error) { return c.negotiate(ctx, inputs) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, errResting
	}
	return vectors, err
}

// negotiate sends one request, and until the server's encoding is known a second one when it seems not to know base64:
// when it answers numbers, or refuses the request. Other encodings than the one agreed on are found out again.
func (c *client) negotiate(ctx context.Context, inputs []string) ([][]float32, error) {
	agreed := c.encoding.Load()
	vectors, err := c.request(ctx, inputs, agreed != floatEncoding)
	switch {
	case err == nil && agreed == unknownEncoding:
		c.encoding.Store(base64Encoding)
	case errors.Is(err, errEncoding) && agreed != floatEncoding, errors.Is(err, embedding.ErrInput) && agreed == unknownEncoding:
		if vectors, err = c.request(ctx, inputs, false); err == nil {
			c.encoding.Store(floatEncoding)
		}
	case errors.Is(err, errEncoding):
		c.encoding.Store(unknownEncoding)
	}
	return vectors, err
}

// errEncoding reports an answer in another encoding than the one that was asked for.
var errEncoding = errors.New("openai: other encoding")

// request sends one request. Its errors are clean.
func (c *client) request(ctx context.Context, inputs []string, base64 bool) ([][]float32, error) {
	timed, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	var seen note
	r := openai.EmbeddingRequestStrings{
		Input: inputs, Model: openai.EmbeddingModel(c.opts.Model), EncodingFormat: openai.EmbeddingEncodingFormatFloat,
	}
	if base64 {
		r.EncodingFormat = openai.EmbeddingEncodingFormatBase64
	}
	if c.opts.SendDimensions {
		r.Dimensions = embedding.Dim
	}
	answer, err := c.api.CreateEmbeddings(context.WithValue(timed, noteKey{}, &seen), r)
	if err != nil {
		if encodingError(err) {
			return nil, errors.Join(errEncoding, errAnswer)
		}
		return nil, clean(ctx, err, seen.retryAfter)
	}
	return c.rows(answer.Data, len(inputs))
}

func encodingError(err error) bool {
	var kind *json.UnmarshalTypeError
	var corrupt base64.CorruptInputError
	return errors.As(err, &kind) || errors.As(err, &corrupt)
}

// rows puts the vectors of an answer in the order of the inputs.
func (c *client) rows(data []openai.Embedding, n int) ([][]float32, error) {
	if len(data) != n {
		return nil, errAnswer
	}
	vectors := make([][]float32, n)
	for _, d := range data {
		if d.Index < 0 || d.Index >= n || vectors[d.Index] != nil {
			return nil, errAnswer
		}
		v, err := c.accept(d.Embedding)
		if err != nil {
			return nil, err
		}
		vectors[d.Index] = v
	}
	return vectors, nil
}

// note is what the transport tells the request beside the answer.
type note struct{ retryAfter time.Duration }

type noteKey struct{}

// doer is the HTTP client of the library: it adds the key, follows no redirect, and bounds the answer.
type doer struct {
	http *http.Client
	key  func() string
}

func newDoer(o Options) *doer {
	transport := o.Transport
	if transport == nil {
		if usual, ok := http.DefaultTransport.(*http.Transport); ok {
			transport = usual.Clone()
		}
	}
	return &doer{key: o.Key, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do sends a request.
func (d *doer) Do(r *http.Request) (*http.Response, error) {
	if d.key != nil {
		if key := d.key(); key != "" {
			r.Header.Set("Authorization", "Bearer "+key)
		}
	}
	response, err := d.http.Do(r)
	if err != nil {
		return nil, err
	}
	if seen, ok := r.Context().Value(noteKey{}).(*note); ok {
		seen.retryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		response.Body.Close()
		return nil, statusError(response.StatusCode, "", "", 0)
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}

// retryAfter reads a Retry-After header, in seconds or as a date; 0 when it says nothing of use.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 && seconds < 1<<20 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
