package openai_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/embed/openai"
)

// answer is a transport that always gives the same one.
type answer struct {
	status int
	body   []byte
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r}, nil
}

// Whatever a provider answers, there are unit vectors or there is an error that repeats none of it.
func FuzzAnswer(f *testing.F) {
	vector := strings.TrimSuffix(strings.Repeat("1,", 768), ",")
	f.Add(200, []byte(fmt.Sprintf(openaiEnvelope, `[{"index":0,"embedding":[`+vector+`]}]`)))
	f.Add(200, []byte(fmt.Sprintf(openaiEnvelope, `[{"index":0,"embedding":"`+strings.Repeat("AACAPw", 1024)+`"}]`)))
	f.Add(200, []byte(`{"data":[{"embedding":[1e39]}]}`))
	f.Add(400, []byte(`{"error":{"message":["a","b"],"type":7,"param":{},"code":{"canary":1}}}`))
	f.Add(500, []byte(`{"error":"canary"}`))
	f.Add(302, []byte(``))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 100 || status > 999 {
			return
		}
		e, err := openai.New(openai.Options{Model: "text-embedding-3-small", Tries: 1, Transport: answer{status, body}})
		if err != nil {
			t.Fatal(err)
		}
		vectors, err := e.Embed(t.Context(), []string{"canary"})
		if err != nil {
			if vectors != nil || strings.Contains(err.Error(), "canary") {
				t.Fatalf("vectors %v beside the error %q", vectors != nil, err)
			}
			return
		}
		var sum float64
		for _, x := range vectors[0] {
			sum += float64(x) * float64(x)
		}
		if len(vectors) != 1 || len(vectors[0]) != 768 || !(math.Abs(sum-1) < 1e-4) {
			t.Fatalf("%d vectors, the first of length %v", len(vectors), math.Sqrt(sum))
		}
	})
}
