package tools

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
)

// provenance says where a memory comes from, for a model to weigh it.
type provenance struct {
	Author  string `json:"author"`
	Client  string `json:"client"`
	Session string `json:"session,omitempty"`
	Source  string `json:"source"`
}

// hit is a memory in an answer. Lists are never null; what SPEC-like clients rely on is always there.
type hit struct {
	ID         memory.ID      `json:"id"`
	Content    string         `json:"content"`
	Title      string         `json:"title"`
	Score      *float64       `json:"score,omitempty"`
	Scope      string         `json:"scope"`
	Kind       string         `json:"kind"`
	Tags       []string       `json:"tags"`
	Project    string         `json:"project"`
	Team       string         `json:"team,omitempty"`
	CreatedAt  string         `json:"created_at"`
	UpdatedAt  string         `json:"updated_at,omitempty"`
	OccurredAt string         `json:"occurred_at,omitempty"`
	ExpiresAt  string         `json:"expires_at,omitempty"`
	Provenance provenance     `json:"provenance"`
	Trust      string         `json:"trust"`
	State      string         `json:"state,omitempty"`
	Version    int            `json:"version,omitempty"`
	Supersedes memory.ID      `json:"supersedes,omitempty"`
	ReplacedBy memory.ID      `json:"superseded_by,omitempty"`
	Sensitive  bool           `json:"sensitive,omitempty"`
	Rules      []string       `json:"rules,omitempty"`
	Overridden bool           `json:"overridden,omitempty"`
	Pinned     bool           `json:"pinned,omitempty"`
	Importance float64        `json:"importance,omitempty"`
	Metadata   map[string]any `json:"metadata,omitempty"`
	Cut        bool           `json:"cut,omitempty"`
	Why        []string       `json:"why,omitempty"`
	Merged     []memory.ID    `json:"merged,omitempty"`
	Differs    []memory.ID    `json:"differs_from,omitempty"`
	Near       []memory.ID    `json:"near_duplicates,omitempty"`
	Others     []other        `json:"others,omitempty"`
}

// brief is a memory with what a reader needs to use it.
func brief(m *memory.Memory) hit {
	h := hit{
		ID: m.ID, Content: m.Content, Title: m.Title, Scope: m.Scope.String(), Kind: m.Kind, Tags: orEmpty(m.Tags),
		Project: m.Project, CreatedAt: stamp(m.CreatedAt), OccurredAt: stamp(m.OccurredAt), Trust: string(m.Trust),
		Provenance: provenance{Author: m.Author, Client: m.Client, Source: source(m)},
	}
	if m.State != memory.Active {
		h.State = string(m.State)
	}
	return h
}

// full is a memory with all there is to know about it.
func full(m *memory.Memory) hit {
	h := brief(m)
	h.Provenance.Session, h.Team, h.State, h.Version = m.Session, m.Team, string(m.State), m.Version
	h.UpdatedAt, h.ExpiresAt = stamp(m.UpdatedAt), stamp(m.ExpiresAt)
	h.Supersedes, h.ReplacedBy = m.Supersedes, m.SupersededBy
	h.Sensitive, h.Rules, h.Overridden = m.Sensitive, m.Rules, m.Overridden
	h.Pinned, h.Importance, h.Metadata = m.Pinned, round(m.Importance), m.Metadata
	return h
}

// maxSourceBytes bounds what metadata may say about the source in an answer.
const maxSourceBytes = 128

// source says by which way a memory came in: what an import noted, else the kind of client.
func source(m *memory.Memory) string {
	if s, ok := m.Metadata["source"].(string); ok && s != "" && len(s) <= maxSourceBytes {
		return s
	}
	switch m.Client {
	case "":
		return "unknown"
	case "cli":
		return "cli"
	}
	return "mcp"
}

// stamp writes a time as RFC 3339 to the second; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// round keeps four digits: more say nothing and cost a model's attention.
func round(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return math.Round(x*1e4) / 1e4
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// clip shortens text to at most n bytes, whole runes only and rather whole words, and says whether it did.
func clip(text string, n int) (string, bool) {
	if len(text) <= n {
		return text, false
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	if i := strings.LastIndexAny(text[:n], " \n\t"); i > n*3/4 {
		n = i
	}
	return text[:n] + "…", true
}
