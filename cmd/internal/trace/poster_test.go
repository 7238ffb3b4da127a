package trace

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

var twoSpans = []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{Name: "a"}, {Name: "b"}}}}}}

// TestPoster goes through what a collector may answer: what may pass is tried again, what does not is told of until a
// later batch arrives.
func TestPoster(t *testing.T) {
	var posts, took atomic.Int32
	answers := make(chan int, 10)
	var elsewhere *httptest.Server
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		code := <-answers
		if code == http.StatusTemporaryRedirect {
			w.Header().Set("Location", elsewhere.URL)
		}
		if code == http.StatusOK {
			var got tracepb.TracesData
			b, _ := io.ReadAll(r.Body)
			if err := proto.Unmarshal(b, &got); err != nil {
				t.Error(err)
			}
			took.Add(int32(count(got.ResourceSpans)))
		}
		w.WriteHeader(code)
	}))
	defer srv.Close()
	elsewhere = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect is followed") }))
	defer elsewhere.Close()
	p, err := newPoster(Options{Endpoint: srv.URL + "/base/"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(p.url, "/base/v1/traces") {
		t.Errorf("posts to %s", p.url)
	}
	for _, tc := range []struct {
		name    string
		answers []int
		taken   int32
		alert   string
	}{
		{"taken", []int{200}, 2, ""},
		{"busy, then taken", []int{503, 429, 200}, 4, ""},
		{"refused", []int{401}, 4, "2 spans are lost: the collector answers 401 Unauthorized"},
		{"refused again", []int{400}, 4, "4 spans are lost"},
		{"sent elsewhere", []int{307}, 4, "6 spans are lost"},
		{"taken again", []int{200}, 6, ""},
	} {
		for _, code := range tc.answers {
			answers <- code
		}
		before := posts.Load()
		if err := p.UploadTraces(t.Context(), twoSpans); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if n := posts.Load() - before; int(n) != len(tc.answers) || took.Load() != tc.taken {
			t.Errorf("%s: %d posts, %d spans taken; want %d and %d", tc.name, n, took.Load(), len(tc.answers), tc.taken)
		}
		if got := p.alert(); tc.alert == "" && got != "" || !strings.Contains(got, tc.alert) {
			t.Errorf("%s: alert %q; want %q", tc.name, got, tc.alert)
		}
	}
	for _, bad := range []string{"", "localhost:4318", "ftp://x", "http://"} {
		if _, err := Open(Options{Endpoint: bad}); err == nil {
			t.Errorf("Open(%q) gave no error", bad)
		}
	}
}

// TestNone has nothing of this package in the way where no traces are wanted.
func TestNone(t *testing.T) {
	var none *Tracer
	if none.Step() != nil || none.Store(nil) != nil || none.Embedder(nil) != nil || none.Classifier(nil) != nil || none.Alert() != "" || none.Close() != nil {
		t.Error("no tracer is not nothing")
	}
	ctx, end := none.Step().Begin(t.Context(), "x")
	if end(nil); ctx != t.Context() {
		t.Error("a step that nobody is told of changes the context")
	}
}
