package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/openai"
)

func newTLSServer(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(providers()["OpenAI"])
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// script is a transport that answers what it is told, in order, and then vectors. Time in it is synctest's.
type script struct {
	mu    sync.Mutex
	steps []step
	at    []time.Duration // when each request came, since the first
	began time.Time
}

type step struct {
	status int
	header string        // Retry-After
	wait   time.Duration // before the answer
	err    error
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	if s.began.IsZero() {
		s.began = time.Now()
	}
	s.at = append(s.at, time.Since(s.began))
	next := step{status: http.StatusOK}
	if len(s.steps) > 0 {
		next, s.steps = s.steps[0], s.steps[1:]
	}
	s.mu.Unlock()
	select {
	case <-time.After(next.wait):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if next.err != nil {
		return nil, next.err
	}
	body := ""
	if next.status == http.StatusOK {
		body = vectorsFor(r.Body)
	}
	return &http.Response{
		StatusCode: next.status, Header: http.Header{"Retry-After": {next.header}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func vectorsFor(body io.Reader) string {
	var q request
	if err := json.NewDecoder(body).Decode(&q); err != nil {
		return ""
	}
	p := provider{base64: true}
	var rows bytes.Buffer
	for i := range q.Input {
		if i > 0 {
			rows.WriteByte(',')
		}
		v := make([]float32, 768)
		v[i] = 1
		fmt.Fprintf(&rows, `{"index":%d,"embedding":%s}`, i, p.encode(v, q.EncodingFormat))
	}
	return fmt.Sprintf(openaiEnvelope, "["+rows.String()+"]")
}

func scripted(t *testing.T, o openai.Options, steps ...step) (*openai.Embedder, *script) {
	t.Helper()
	s := &script{steps: steps}
	o.Model, o.Transport = "text-embedding-3-small", s
	e, err := openai.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e, s
}

func TestRetries(t *testing.T) {
	busy := step{status: 503}
	for name, tc := range map[string]struct {
		o       openai.Options
		steps   []step
		want    error
		tries   int
		atLeast time.Duration // from the first request to the last
		atMost  time.Duration
	}{
		"once":                      {steps: nil, tries: 1},
		"grows":                     {steps: []step{busy, busy, busy}, tries: 4, atLeast: 700 * time.Millisecond, atMost: 3 * time.Second},
		"gives up":                  {steps: []step{busy, busy, busy, busy, busy}, want: openai.ErrUnavailable, tries: 4, atMost: 3 * time.Second},
		"seconds to wait":           {steps: []step{{status: 429, header: "7"}}, tries: 2, atLeast: 7 * time.Second, atMost: 8 * time.Second},
		"date to wait for":          {steps: []step{{status: 429, header: "date"}}, tries: 2, atLeast: 9 * time.Second, atMost: 11 * time.Second},
		"nonsense to wait":          {steps: []step{{status: 429, header: "soon"}}, tries: 2, atMost: time.Second},
		"longer than the budget":    {steps: []step{{status: 429, header: "500"}}, want: openai.ErrUnavailable, tries: 1},
		"no answer in time":         {steps: []step{{wait: time.Hour}}, tries: 2, atLeast: 30 * time.Second, atMost: 31 * time.Second},
		"never an answer in time":   {steps: []step{{wait: time.Hour}, {wait: time.Hour}, {wait: time.Hour}, {wait: time.Hour}}, want: openai.ErrUnavailable, tries: 4, atMost: 2 * time.Minute},
		"connection lost":           {steps: []step{{err: io.ErrUnexpectedEOF}}, tries: 2, atMost: time.Second},
		"key refused, no retry":     {steps: []step{{status: 401}}, want: openai.ErrKey, tries: 1},
		"slow budget ends the call": {o: openai.Options{Budget: 40 * time.Second}, steps: []step{{wait: time.Hour}, {wait: time.Hour}}, want: openai.ErrUnavailable, tries: 2, atMost: 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for i := range tc.steps {
					if tc.steps[i].header == "date" {
						tc.steps[i].header = time.Now().Add(10 * time.Second).UTC().Format(http.TimeFormat)
					}
				}
				e, s := scripted(t, tc.o, tc.steps...)
				_, err := e.Embed(t.Context(), []string{"text"})
				if !errors.Is(err, tc.want) {
					t.Errorf("Embed: %v, want %v", err, tc.want)
				}
				if len(s.at) != tc.tries {
					t.Fatalf("%d requests, want %d", len(s.at), tc.tries)
				}
				if took := s.at[len(s.at)-1]; took < tc.atLeast || tc.atMost > 0 && took > tc.atMost {
					t.Errorf("last request after %v, want %v to %v", took, tc.atLeast, tc.atMost)
				}
			})
		})
	}
}

func TestQuestionsGiveUpSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, s := scripted(t, openai.Options{}, step{wait: time.Hour}, step{wait: time.Hour}, step{wait: time.Hour})
		began := time.Now()
		_, err := embedding.ForQueries(e).Embed(t.Context(), []string{"question"})
		if took := time.Since(began); !errors.Is(err, openai.ErrUnavailable) || took > 3*time.Second {
			t.Errorf("Embed: %v after %v and %d requests", err, took, len(s.at))
		}
	})
}

func TestCancelDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := scripted(t, openai.Options{}, step{status: 429, header: "60"})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		_, err := e.Embed(ctx, []string{"text"})
		if !errors.Is(err, openai.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Embed: %v", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e, _ := scripted(t, openai.Options{}, step{status: 429, header: "60"})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := e.Embed(ctx, []string{"text"}); !errors.Is(err, context.Canceled) {
			t.Errorf("Embed: %v, want context.Canceled", err)
		}
	})
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down []step
		for range 6 {
			down = append(down, step{status: 500})
		}
		e, s := scripted(t, openai.Options{Tries: 1, BreakerFailures: 3, BreakerPause: 10 * time.Second}, down...)
		for range 5 {
			if _, err := e.Embed(t.Context(), []string{"text"}); !errors.Is(err, openai.ErrUnavailable) {
				t.Errorf("Embed: %v, want ErrUnavailable", err)
			}
		}
		if len(s.at) != 3 {
			t.Errorf("%d requests, want 3 before the breaker opens", len(s.at))
		}
		<-time.After(11 * time.Second)
		if _, err := e.Embed(t.Context(), []string{"text"}); !errors.Is(err, openai.ErrUnavailable) || len(s.at) != 4 {
			t.Errorf("after the pause: %v, %d requests; want one more", err, len(s.at))
		}
		s.steps = nil
		<-time.After(11 * time.Second)
		if _, err := e.Embed(t.Context(), []string{"text"}); err != nil {
			t.Errorf("when the provider is back: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // refusals are no failures
		var refusals []step
		for range 8 {
			refusals = append(refusals, step{status: 401})
		}
		e, s := scripted(t, openai.Options{Tries: 1, BreakerFailures: 3}, refusals...)
		for range 8 {
			if _, err := e.Embed(t.Context(), []string{"text"}); !errors.Is(err, openai.ErrKey) {
				t.Errorf("Embed: %v, want ErrKey", err)
			}
		}
		if len(s.at) != 8 {
			t.Errorf("%d requests, want 8", len(s.at))
		}
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, s := scripted(t, openai.Options{RequestsPerSecond: 2})
		for range 5 {
			if _, err := e.Embed(t.Context(), []string{"text"}); err != nil {
				t.Fatal(err)
			}
		}
		if last := s.at[4]; last < 1900*time.Millisecond || last > 2100*time.Millisecond {
			t.Errorf("fifth request after %v, want 2 s", last)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := e.Embed(ctx, []string{"text"}); err == nil || len(s.at) != 5 {
			t.Errorf("a turn that comes too late: %v, %d requests", err, len(s.at))
		}
	})
}
