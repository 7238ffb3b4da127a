package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/memory"
)

// provider is an OpenAI-compatible server on loopback. Texts about the same thing get near vectors: it knows that a kayak
// is a boat. It answers for documents as long as it has leave to.
type provider struct {
	url string

	mu    sync.Mutex
	seen  []string // texts that it was shown
	leave int      // how many texts it embeds before it fails; a question is a text too
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{leave: 1 << 30}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/embeddings", p.embed)
	s := &http.Server{Handler: mux}
	go func() { _ = s.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = s.Close() })
	p.url = "http://" + l.Addr().String() + "/v1"
	return p
}

func (p *provider) allow(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave = n
}

func (p *provider) embed(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Model string   `json:"model"`
		Input []string `json:"input"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leave < len(req.Input) {
		http.Error(w, `{"error":{"message":"later"}}`, http.StatusServiceUnavailable)
		return
	}
	p.leave -= len(req.Input)
	dim := memory.Dim
	if req.Model == "small" {
		dim = 384
	}
	type row struct {
		Object    string    `json:"object"`
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	var rows []row
	for i, text := range req.Input {
		p.seen = append(p.seen, text)
		rows = append(rows, row{"embedding", i, meaning(text, dim)})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "model": req.Model, "data": rows}) // the client is gone otherwise
}

func meaning(text string, dim int) []float32 {
	v := make([]float32, dim)
	for word := range strings.FieldsSeq(strings.ToLower(strings.Trim(text, ".?"))) {
		if word == "kayak" {
			word = "boat"
		}
		h := fnv.New32a()
		_, _ = h.Write([]byte(word))
		v[h.Sum32()%uint32(dim)]++
	}
	v[0]++
	return v
}

func (p *provider) saw(word string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.seen {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// reembedding asks how far it has come.
func (f *folder) reembedding() reembedStatus {
	f.t.Helper()
	var st reembedStatus
	f.json(&st, "reembed", "--status")
	return st
}

// recalled reports whether a recall returns a text.
func (f *folder) recalled(query, text string) bool {
	f.t.Helper()
	return strings.Contains(f.ok("recall", query, "--limit", "3"), text)
}

// oneBatch is leave for the command's look at the provider, the engine's, and one batch of documents.
const oneBatch = 2 + 16 + 8

// TestReembed changes the model of a memory in use: a model that does not fit is refused, both models answer meanwhile,
// the work goes on after kill -9, can be taken back, and what is private never leaves.
func TestReembed(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	f := newFolder(t)
	c := f.serve()
	c.initialize()
	for i := range 40 {
		c.ok(nil, "remember", map[string]any{"content": fmt.Sprintf("Fact number %d is about topic %d.", i, i%7)})
	}
	c.ok(nil, "remember", map[string]any{"content": "The automobile needs new tyres."})
	c.ok(nil, "remember", map[string]any{"content": "The staging database password is wombat-Kettle-77.", "wait": true})

	provider := []string{"reembed", "--provider", "openai", "--base-url", p.url}
	f.fails([]string{"384", "nothing was changed", "--shorten"}, append(provider, "--model", "small")...)
	f.fails([]string{"nothing was changed", "does not answer"}, "reembed", "--provider", "openai", "--base-url", "http://127.0.0.1:9/v1", "--model", "words")
	if st := f.reembedding(); st.Target.Provider != "builtin" || st.Running {
		t.Fatalf("after refusals: %+v", st)
	}

	// Half way: the old vectors answer for what is not done, the new ones for what was stored since.
	p.allow(oneBatch)
	f.ok(append(provider, "--model", "words")...)
	waitFor(t, "the first batch", func() bool { return f.reembedding().Done >= 16 })
	if st := f.reembedding(); !st.Running || len(st.Spaces) != 2 || len(st.Formers) != 1 {
		t.Errorf("half way: %+v", st)
	}
	f.killEngine()
	p.allow(6)
	c.ok(nil, "remember", map[string]any{"content": "Her kayak lies in the shed."})
	waitFor(t, "the vector of what was stored meanwhile", func() bool { return p.saw("kayak") })
	if !f.recalled("which boat do we have", "kayak") || !f.recalled("car maintenance", "automobile") {
		t.Error("one of the two models does not answer")
	}
	p.allow(1 << 30)
	f.killEngine()
	f.ok("reembed", "--status", "--wait")
	st := f.reembedding()
	if st.Running || st.Done != st.Total || st.Total != 43 || len(st.Formers) != 0 || st.Target.Model != "words" {
		t.Errorf("at the end: %+v", st)
	}
	// What the provider has not answered for counts as waiting, not as done.
	p.allow(0)
	c.ok(nil, "remember", map[string]any{"content": "The rowing club meets on Tuesdays."})
	if st := f.reembedding(); st.Running || st.Done != 43 || st.Waiting != 1 || st.Total != 44 {
		t.Errorf("with one that waits: %+v", st)
	}
	if out := f.ok("reembed", "--status"); !strings.Contains(out, "43 of 44 memories") || !strings.Contains(out, "1 wait for it") {
		t.Errorf("with one that waits: %q", out)
	}
	p.allow(1 << 30)
	waitFor(t, "the vector of what waited", func() bool { return f.reembedding().Done == 44 })
	if got := f.ok("doctor"); !strings.Contains(got, "no findings") {
		t.Errorf("doctor: %s", got)
	}
	if p.saw("wombat") {
		t.Error("a private text was shown to the provider")
	}

	// Another model, taken back half way.
	p.allow(oneBatch)
	f.ok(append(provider, "--model", "other")...)
	waitFor(t, "the first batch", func() bool { return f.reembedding().Done >= 16 })
	f.ok("reembed", "--cancel") // before the provider goes on: there must be something left to take back
	p.allow(1 << 30)
	f.ok("reembed", "--status", "--wait")
	if st := f.reembedding(); st.Running || st.Target.Model != "words" || st.Done != 44 || len(st.Formers) != 0 {
		t.Errorf("taken back: %+v", st)
	}
	if !f.recalled("which boat do we have", "kayak") {
		t.Error("the model before does not answer")
	}

	// And home again.
	f.ok("reembed", "--provider", "builtin", "--wait")
	if st := f.reembedding(); st.Running || st.Target.Provider != "builtin" || st.Done != 44 {
		t.Errorf("built-in: %+v", st)
	}
	f.fails([]string{"nothing is being embedded anew"}, "reembed", "--cancel")
	if !f.recalled("car maintenance", "automobile") {
		t.Error("the built-in model does not answer")
	}
	c.close()
	f.ok("stop")
}
