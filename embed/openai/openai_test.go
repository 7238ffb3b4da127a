package openai_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/embedtest"
	"github.com/elderzan/elderzan/embed/openai"
)

func TestSuite(t *testing.T) {
	for name := range providers() {
		t.Run(name, func(t *testing.T) {
			embedtest.Run(t, func(t *testing.T) embedtest.Embedder {
				return start(t, providers()[name], openai.Options{MaxTexts: 3})
			}, embedtest.Options{})
		})
	}
}

func TestRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		dimensions int
		formats    string // of a first and a second call
		document   string // what a text is sent as
		query      string
	}{
		"OpenAI":    {768, "base64 base64", "text", "text"},
		"Ollama":    {0, "base64 float float", "search_document: text", "search_query: text"},
		"LM Studio": {0, "base64 float float", "search_document: text", "search_query: text"},
		"vLLM":      {0, "base64 base64", "search_document: text", "search_query: text"},
	} {
		t.Run(name, func(t *testing.T) {
			p := providers()[name]
			e := start(t, p, openai.Options{})
			for _, view := range []embedding.Embedder{embedding.ForDocuments(e), embedding.ForQueries(e)} {
				if _, err := view.Embed(t.Context(), []string{"text"}); err != nil {
					t.Fatal(err)
				}
			}
			var formats []string
			for _, r := range p.seen() {
				formats = append(formats, r.EncodingFormat)
				if r.Dimensions != tc.dimensions || r.Model != p.model {
					t.Errorf("request = %+v, want dimensions %d", r, tc.dimensions)
				}
			}
			if got := strings.Join(formats, " "); got != tc.formats {
				t.Errorf("formats = %q, want %q", got, tc.formats)
			}
			seen := p.seen()
			if first, last := seen[0].Input[0], seen[len(seen)-1].Input[0]; first != tc.document || last != tc.query {
				t.Errorf("inputs = %q, %q; want %q, %q", first, last, tc.document, tc.query)
			}
		})
	}
}

func TestPromptsAndSpace(t *testing.T) {
	spaces := map[string]string{}
	for name, o := range map[string]openai.Options{
		"known":   {Model: "nomic-embed-text"},
		"none":    {Model: "nomic-embed-text", NoPrompts: true},
		"own":     {Model: "nomic-embed-text", QueryPrompt: "Q: "},
		"other":   {Model: "my own model"},
		"unknown": {Model: "text-embedding-3-small"},
	} {
		e, err := openai.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := spaces[e.Space()]; ok {
			t.Errorf("%s and %s share the space %q", name, other, e.Space())
		}
		spaces[e.Space()] = name
		if q := embedding.ForQueries(e); q.Space() != e.Space() || embedding.ForQueries(q) != q {
			t.Errorf("%s: questions have the space %q, documents %q", name, q.Space(), e.Space())
		}
	}
}

func TestShortening(t *testing.T) {
	for name, tc := range map[string]struct {
		model  string
		native int
		o      openai.Options
		want   error
	}{
		"known to shorten":         {"Qwen/Qwen3-Embedding-0.6B", 1024, openai.Options{}, nil},
		"unknown, said to shorten": {"house-model", 1024, openai.Options{Shorten: true}, nil},
		"unknown, longer":          {"house-model", 1024, openai.Options{}, embedding.ErrDimension},
		"too short":                {"nomic-embed-text", 512, openai.Options{}, embedding.ErrDimension},
		"fits":                     {"house-model", 768, openai.Options{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, &provider{model: tc.model, native: tc.native, envelope: ollamaEnvelope}, tc.o)
			err := e.Probe(t.Context())
			if !errors.Is(err, tc.want) {
				t.Fatalf("Probe: %v, want %v", err, tc.want)
			}
			if err != nil && !strings.Contains(err.Error(), "nomic-embed-text") {
				t.Errorf("the error names no way out: %v", err)
			}
		})
	}
}

func TestRequestLimits(t *testing.T) {
	p := &provider{model: "house", native: 768, base64: true, envelope: openaiEnvelope}
	e := start(t, p, openai.Options{MaxTexts: 3, MaxBytes: 40, MaxTextBytes: 31})
	texts := []string{"a", "b", "c", "d", strings.Repeat("long ", 10), "日本語日本語日本語日本語", "", "x"}
	if _, err := e.Embed(t.Context(), texts); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	var sent []string
	for _, r := range p.seen() {
		sizes = append(sizes, len(r.Input))
		sent = append(sent, r.Input...)
	}
	if got := fmt.Sprint(sizes); got != "[3 2 3]" {
		t.Errorf("texts of each request = %v", got)
	}
	want := []string{"a", "b", "c", "d", strings.Repeat("long ", 10)[:31], "日本語日本語日本語日", ".", "x"}
	if fmt.Sprintf("%q", sent) != fmt.Sprintf("%q", want) {
		t.Errorf("sent %q, want %q", sent, want)
	}
}

func TestKeyIsAskedForEachTime(t *testing.T) {
	p := providers()["OpenAI"]
	key := "sk-old"
	e := start(t, p, openai.Options{Key: func() string { return key }})
	if err := e.Probe(t.Context()); !errors.Is(err, openai.ErrKey) {
		t.Errorf("with the wrong key: %v, want ErrKey", err)
	}
	key = "sk-test"
	if err := e.Probe(t.Context()); err != nil {
		t.Errorf("after the key changed: %v", err)
	}
}

func TestOptionsRefused(t *testing.T) {
	for name, o := range map[string]openai.Options{
		"no model":             {},
		"no URL":               {Model: "m", BaseURL: "not a url"},
		"other scheme":         {Model: "m", BaseURL: "ftp://host/v1"},
		"password in URL":      {Model: "m", BaseURL: "https://user:hunter2@host/v1"},
		"key in URL":           {Model: "m", BaseURL: "https://host/v1?key=hunter2"},
		"plain to another":     {Model: "m", BaseURL: "http://192.168.1.7:11434/v1"},
		"plain to named other": {Model: "m", BaseURL: "http://localhost.example.com/v1"},
		"control character":    {Model: "m", BaseURL: "https://hunter2\x7f/v1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openai.New(o)
			if !errors.Is(err, openai.ErrConfig) {
				t.Errorf("New: %v, want ErrConfig", err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
	for name, o := range map[string]openai.Options{
		"default":           {Model: "m"},
		"loopback":          {Model: "m", BaseURL: "http://127.0.0.1:11434/v1"},
		"loopback, version": {Model: "m", BaseURL: "http://[::1]:11434/v1"},
		"localhost":         {Model: "m", BaseURL: "http://localhost:1234/v1"},
		"allowed":           {Model: "m", BaseURL: "http://10.0.0.2/v1", AllowPlainHTTP: true},
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := openai.New(o); err != nil || e.Dim() != 768 {
				t.Errorf("New: %v", err)
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	other := providers()["OpenAI"]
	other.key = ""
	elsewhere := start(t, other, openai.Options{})
	_ = elsewhere
	var asked int
	e := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "http://127.0.0.1:1/v1/embeddings", http.StatusTemporaryRedirect)
	}), openai.Options{})
	err := e.Probe(t.Context())
	if !errors.Is(err, openai.ErrConfig) || asked != 1 {
		t.Errorf("Probe: %v after %d requests; want ErrConfig after 1", err, asked)
	}
}

func TestErrorsRepeatNothing(t *testing.T) {
	const secret = "the staging password is hunter2"
	for name, h := range map[string]http.HandlerFunc{
		"message of OpenAI": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":{"message":"invalid input: %s","type":"%[1]s","param":"%[1]s","code":"%[1]s"}}`, secret)
		},
		"message of LM Studio": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"%s"}`, secret)
		},
		"message of vLLM": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"object":"error","message":"%s","type":"BadRequestError","param":null,"code":400}`, secret)
		},
		"web page": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<html>"+secret)
		},
		"page instead of vectors": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>"+secret) },
		"text instead of vectors": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, openaiEnvelope, `[{"index":0,"embedding":"`+secret+`"}]`)
		},
		"status text": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, h, openai.Options{Tries: 1, Key: func() string { return "sk-hunter2" }})
			_, err := e.Embed(t.Context(), []string{secret})
			if err == nil {
				t.Fatal("Embed succeeded")
			}
			for _, verb := range []string{"%v", "%+v", "%#v"} {
				if s := fmt.Sprintf(verb, err); strings.Contains(s, "hunter2") {
					t.Errorf("%s of the error holds the text or the key: %s", verb, s)
				}
			}
			if s := fmt.Sprintf("%+v", e); strings.Contains(s, "hunter2") {
				t.Error("printing the embedder shows the key")
			}
		})
	}
}

func TestKindsOfErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		status   int
		body     string
		want     error
		requests int
		hint     string
	}{
		"key":             {401, `{"error":{"message":"","type":"x","code":"invalid_api_key"}}`, openai.ErrKey, 1, "invalid_api_key"},
		"forbidden":       {403, `{"error":{"message":"","type":"x","code":null}}`, openai.ErrKey, 1, "key"},
		"no such model":   {404, `{"error":{"message":"model not found","type":"api_error","param":null,"code":null}}`, openai.ErrConfig, 1, "/v1"},
		"method":          {405, ``, openai.ErrConfig, 1, ""},
		"teapot":          {418, ``, openai.ErrConfig, 1, ""},
		"no quota":        {429, `{"error":{"message":"","type":"insufficient_quota","code":"insufficient_quota"}}`, openai.ErrUnavailable, 1, "quota"},
		"too long":        {400, `{"error":{"message":"","type":"invalid_request_error","code":null}}`, embedding.ErrInput, 2, "too long"},
		"too large":       {413, ``, embedding.ErrInput, 2, "too long"},
		"overloaded":      {529, ``, openai.ErrUnavailable, 2, "529"},
		"server error":    {500, `{"error":{"message":"","type":"server_error","code":null}}`, openai.ErrUnavailable, 2, "server_error"},
		"list of reasons": {422, `{"detail":[{"loc":["body"],"msg":"bad"}]}`, embedding.ErrInput, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			e := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests++
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}), openai.Options{Tries: 2})
			_, err := e.Embed(t.Context(), []string{"text"})
			var answer *openai.Error
			if !errors.Is(err, tc.want) || !errors.As(err, &answer) || answer.Status != tc.status {
				t.Errorf("Embed: %v, want %v with status %d", err, tc.want, tc.status)
			}
			if requests != tc.requests {
				t.Errorf("%d requests, want %d", requests, tc.requests)
			}
			if err != nil && !strings.Contains(err.Error(), tc.hint) {
				t.Errorf("error %q lacks %q", err, tc.hint)
			}
		})
	}
}

func TestBadAnswers(t *testing.T) {
	short := `{"index":0,"embedding":[1,2]}`
	row := func(index int, x string) string {
		return fmt.Sprintf(`{"index":%d,"embedding":[%s]}`, index, strings.TrimSuffix(strings.Repeat(x+",", 768), ","))
	}
	for name, tc := range map[string]struct {
		data string
		want error
	}{
		"too few rows":    {`[]`, openai.ErrUnavailable},
		"same row twice":  {"[" + row(0, "1") + "," + row(0, "1") + "]", openai.ErrUnavailable},
		"row of nothing":  {"[" + row(0, "1") + "," + row(7, "1") + "]", openai.ErrUnavailable},
		"negative row":    {"[" + row(-1, "1") + "," + row(0, "1") + "]", openai.ErrUnavailable},
		"zero vector":     {"[" + row(0, "0") + "," + row(1, "1") + "]", openai.ErrUnavailable},
		"wrong dimension": {"[" + short + "," + row(1, "1") + "]", embedding.ErrDimension},
		"not numbers":     {`[{"index":0,"embedding":{"a":1}},{"index":1,"embedding":null}]`, openai.ErrUnavailable},
		"half an answer":  {"[" + row(0, "1") + ",", openai.ErrUnavailable},
		"broken base64":   {`[{"index":0,"embedding":"%%%"},{"index":1,"embedding":"AAAA"}]`, openai.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, openaiEnvelope, tc.data)
			}), openai.Options{Tries: 1})
			if v, err := e.Embed(t.Context(), []string{"a", "b"}); !errors.Is(err, tc.want) || v != nil {
				t.Errorf("Embed: %v, want %v", err, tc.want)
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	e, err := openai.New(openai.Options{Model: "m", BaseURL: "http://127.0.0.1:1/v1", Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = e.Probe(t.Context())
	if !errors.Is(err, openai.ErrUnavailable) || !strings.Contains(err.Error(), "is the server running") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("Probe: %v, want ErrUnavailable with a hint and without the address", err)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	server := newTLSServer(t)
	e, err := openai.New(openai.Options{Model: "m", BaseURL: server + "/v1", Budget: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Probe(t.Context()); !errors.Is(err, openai.ErrConfig) {
		t.Errorf("Probe: %v, want ErrConfig", err)
	}
}
