package openai_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/embed/embedtest"
	"github.com/elderzan/elderzan/embed/openai"
)

// request is the body that providers get.
type request struct {
	Input          []string `json:"input"`
	Model          string   `json:"model"`
	EncodingFormat string   `json:"encoding_format"`
	Dimensions     int      `json:"dimensions"`
}

// provider answers as a server of its kind does.
type provider struct {
	model    string
	native   int    // dimensions of its vectors
	base64   bool   // knows encoding_format
	honours  bool   // honours "dimensions"
	envelope string // JSON around the data: %s for it
	reversed bool   // rows in another order
	key      string // required, if not empty

	mu       sync.Mutex
	requests []request
}

const (
	openaiEnvelope = `{"object":"list","data":%s,"model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}`
	ollamaEnvelope = `{"object":"list","data":%s,"model":"nomic-embed-text","usage":{"prompt_tokens":8,"total_tokens":8}}`
	vllmEnvelope   = `{"id":"embd-5a0a","object":"list","created":1747000000,"model":"nomic-ai/nomic-embed-text-v1.5","data":%s,` +
		`"usage":{"prompt_tokens":8,"total_tokens":8,"completion_tokens":0,"prompt_tokens_details":null}}`
	studioEnvelope = `{"object":"list","data":%s,"model":"text-embedding-nomic-embed-text-v1.5@q4_k_m","usage":{"prompt_tokens":0,"total_tokens":0}}`
)

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q request
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != "/v1/embeddings" || r.Method != http.MethodPost {
		http.Error(w, "not this provider's interface", http.StatusTeapot)
		return
	}
	p.mu.Lock()
	p.requests = append(p.requests, q)
	p.mu.Unlock()
	if p.key != "" && r.Header.Get("Authorization") != "Bearer "+p.key {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`)
		return
	}
	n := p.native
	if p.honours && q.Dimensions > 0 {
		n = q.Dimensions
	}
	full := &embedtest.Fake{Name: p.model, N: p.native}
	vectors, _ := full.Embed(r.Context(), q.Input)
	rows := make([]string, len(vectors))
	for i, v := range vectors {
		rows[i] = fmt.Sprintf(`{"object":"embedding","index":%d,"embedding":%s}`, i, p.encode(v[:n], q.EncodingFormat))
	}
	if p.reversed {
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, p.envelope, "["+strings.Join(rows, ",")+"]")
}

func (p *provider) encode(v []float32, format string) string {
	if format == "base64" && p.base64 {
		raw := make([]byte, 0, 4*len(v))
		for _, x := range v {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		return `"` + base64.StdEncoding.EncodeToString(raw) + `"`
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func (p *provider) seen() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]request(nil), p.requests...)
}

// providers are the servers whose answers were recorded.
func providers() map[string]*provider {
	return map[string]*provider{
		"OpenAI": {model: "text-embedding-3-small", native: 1536, base64: true, honours: true, envelope: openaiEnvelope, key: "sk-test"},
		"OpenAI through a proxy that drops dimensions": {
			model: "text-embedding-3-large", native: 3072, base64: true, envelope: openaiEnvelope,
		},
		"Ollama":    {model: "nomic-embed-text:latest", native: 768, envelope: ollamaEnvelope},
		"vLLM":      {model: "nomic-ai/nomic-embed-text-v1.5", native: 768, base64: true, envelope: vllmEnvelope, reversed: true},
		"LM Studio": {model: "text-embedding-nomic-embed-text-v1.5", native: 768, envelope: studioEnvelope},
		"vLLM, shortened": {
			model: "Qwen/Qwen3-Embedding-0.6B", native: 1024, base64: true, envelope: vllmEnvelope,
		},
	}
}

// start serves h and returns an embedder for it; o's BaseURL and, if empty, model and key are set.
func start(t *testing.T, h http.Handler, o openai.Options) *openai.Embedder {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o.BaseURL = server.URL + "/v1"
	if p, ok := h.(*provider); ok {
		o.Model = p.model
		if p.key != "" && o.Key == nil {
			o.Key = func() string { return p.key }
		}
	}
	if o.Model == "" {
		o.Model = "text-embedding-3-small"
	}
	e, err := openai.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
