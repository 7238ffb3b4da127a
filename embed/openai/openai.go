package openai

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	embedding "github.com/elderzan/elderzan/embed"
)

// DefaultBaseURL is OpenAI's.
const DefaultBaseURL = "https://api.openai.com/v1"

// Options configure an Embedder. Model is required; the zero value of every other field works.
type Options struct {
	Model   string        // the model's name at the provider
	BaseURL string        // "" means DefaultBaseURL; others usually end in /v1
	Key     func() string // returns the key, asked for at each request; nil means that none is sent

	AllowPlainHTTP bool // allow http to other machines, where everyone on the way can read the texts
	SendDimensions bool // send "dimensions": 768 although the model is not known to take it
	Shorten        bool // shorten longer vectors although the model is not known to be trained for that

	NoPrompts      bool   // put nothing before texts, not even what the model is known to expect
	QueryPrompt    string // put before questions; "" means what the model is known to expect
	DocumentPrompt string // put before texts to be stored; "" means what the model is known to expect

	MaxTexts     int // texts of one request; 0 means 64
	MaxBytes     int // bytes of text of one request; 0 means 256 KiB
	MaxTextBytes int // bytes of one text that are sent, the rest is cut; 0 means 16 KiB, which fits 8,000 tokens

	Timeout           time.Duration // of one request; 0 means 30 s
	Tries             int           // requests for the same texts, the first included; 0 means 4
	Budget            time.Duration // of a call on documents, pauses included; 0 means 2 min
	QueryBudget       time.Duration // of a call on a question, which is tried twice at most; 0 means 3 s
	RequestsPerSecond float64       // 0 means no limit
	BreakerFailures   int           // failures in a row after which requests stop; 0 means 5
	BreakerPause      time.Duration // for how long they stop; 0 means 30 s

	Transport http.RoundTripper // nil means a copy of http.DefaultTransport
}

// Embedder asks a provider. It is safe for concurrent use.
type Embedder struct {
	client *client
	prompt string
	budget time.Duration
	tries  int
	query  *Embedder // the view for questions; nil for that view itself
}

var (
	_ embedding.Embedder = (*Embedder)(nil)
	_ embedding.Roles    = (*Embedder)(nil)
)

// New checks o and returns an Embedder; it sends nothing. It returns an error wrapping ErrConfig for unusable options.
func New(o Options) (*Embedder, error) {
	if strings.TrimSpace(o.Model) == "" {
		return nil, fmt.Errorf("%w: no model is named", ErrConfig)
	}
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	if err := checkURL(o.BaseURL, o.AllowPlainHTTP); err != nil {
		return nil, err
	}
	o.setDefaults()
	c := newClient(o)
	e := &Embedder{client: c, prompt: c.opts.DocumentPrompt, budget: o.Budget, tries: o.Tries}
	e.query = &Embedder{client: c, prompt: c.opts.QueryPrompt, budget: o.QueryBudget, tries: min(o.Tries, 2)}
	return e, nil
}

func (o *Options) setDefaults() {
	t := traitsOf(o.Model)
	o.SendDimensions = o.SendDimensions || t.dimensions
	o.Shorten = o.Shorten || t.shortens
	switch {
	case o.NoPrompts:
		o.QueryPrompt, o.DocumentPrompt = "", ""
	case o.QueryPrompt == "" && o.DocumentPrompt == "":
		o.QueryPrompt, o.DocumentPrompt = t.query, t.document
	}
	setDefault(&o.MaxTexts, 64)
	setDefault(&o.MaxBytes, 256<<10)
	setDefault(&o.MaxTextBytes, 16<<10)
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.Tries, 4)
	setDefault(&o.Budget, 2*time.Minute)
	setDefault(&o.QueryBudget, 3*time.Second)
	setDefault(&o.BreakerFailures, 5)
	setDefault(&o.BreakerPause, 30*time.Second)
}

func setDefault[T int | time.Duration](field *T, usual T) {
	if *field <= 0 {
		*field = usual
	}
}

// checkURL refuses base URLs that would not work, that carry secrets where they get logged, or that send texts in
// the clear. Its errors do not repeat the URL.
func checkURL(base string, plain bool) error {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%w: the base URL is not of the form https://host/v1", ErrConfig)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%w: the base URL may hold neither user, password nor parameters; set the key instead", ErrConfig)
	case u.Scheme == "http" && !plain && !loopback(u.Hostname()):
		return fmt.Errorf("%w: the base URL leads to another machine without TLS; use https", ErrConfig)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Dim returns 768.
func (e *Embedder) Dim() int { return embedding.Dim }

// Space names the model, the dimension and, by a hash, the prompts.
func (e *Embedder) Space() string {
	o := e.client.opts
	space := fmt.Sprintf("openai:%s@%d", strings.Join(strings.Fields(o.Model), "_"), embedding.Dim)
	if o.QueryPrompt != "" || o.DocumentPrompt != "" {
		sum := sha256.Sum256([]byte(o.QueryPrompt + "\x00" + o.DocumentPrompt))
		space += "+" + hex.EncodeToString(sum[:4])
	}
	return space
}

// ForDocuments is e, unless e is the view for questions.
func (e *Embedder) ForDocuments() embedding.Embedder { return e }

// ForQueries is the view for questions, which gives up sooner and uses the model's prompt for them.
func (e *Embedder) ForQueries() embedding.Embedder {
	if e.query == nil {
		return e
	}
	return e.query
}

// Embed returns the vector of each text as a document, in as many requests as the limits ask for. A text over
// MaxTextBytes is cut; a blank one is sent as a full stop, since providers refuse it.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if err := ctx.Err(); err != nil || len(texts) == 0 {
		return nil, err
	}
	inner, cancel := context.WithTimeout(ctx, e.budget)
	defer cancel()
	inputs := make([]string, len(texts))
	for i, text := range texts {
		inputs[i] = e.prompt + sendable(text, e.client.opts.MaxTextBytes)
	}
	vectors := make([][]float32, 0, len(texts))
	for len(inputs) > 0 {
		n := e.client.requestSize(inputs)
		part, err := e.client.embed(inner, inputs[:n], e.tries)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			return nil, fmt.Errorf("%w: no answer within %v", ErrUnavailable, e.budget)
		case err != nil:
			return nil, err
		}
		vectors = append(vectors, part...)
		inputs = inputs[n:]
	}
	return vectors, nil
}

// Probe asks for the vector of a fixed, harmless text and reports whether the provider, the key and the model's
// dimension fit: nil, or an error that says what to change.
func (e *Embedder) Probe(ctx context.Context) error {
	_, err := e.Embed(ctx, []string{"dimension probe"})
	return err
}

// sendable cuts text between characters and replaces one that providers would refuse.
func sendable(text string, limit int) string {
	if len(text) > limit {
		end := limit
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	if strings.TrimSpace(text) == "" {
		return "."
	}
	return text
}

// accept returns v as a unit vector of 768 dimensions, or says why it cannot be one.
func (c *client) accept(v []float32) ([]float32, error) {
	if len(v) > embedding.Dim && c.opts.Shorten {
		v = v[:embedding.Dim:embedding.Dim]
	}
	if len(v) != embedding.Dim {
		return nil, fmt.Errorf("%w: %q gives %d, and %d are needed; choose a model with %[4]d, such as nomic-embed-text or "+
			"text-embedding-3-small, or, if this one was trained for shorter vectors, set embedding.shorten = true",
			embedding.ErrDimension, c.opts.Model, len(v), embedding.Dim)
	}
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return nil, errAnswer
	}
	inverse := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= inverse
	}
	return v, nil
}
