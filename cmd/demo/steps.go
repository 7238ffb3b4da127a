package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"golang.org/x/sync/errgroup"
)

// inFlight is how many calls the demo keeps under way, as several agents at once would.
const inFlight = 16

type remembered struct {
	ID             string   `json:"id"`
	Scope          string   `json:"scope"`
	DuplicateOf    string   `json:"duplicate_of"`
	Warnings       []string `json:"warnings"`
	Classification struct {
		Confidence float64  `json:"confidence"`
		Reasons    []string `json:"reasons"`
	} `json:"classification"`
}

type hit struct {
	ID      string   `json:"id"`
	Content string   `json:"content"`
	Title   string   `json:"title"`
	Scope   string   `json:"scope"`
	Score   float64  `json:"score"`
	Why     []string `json:"why"`
}

func showTools(ctx context.Context, s *session, p *printer, _ options) error {
	res, err := s.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return fmt.Errorf("list tools: %w", err)
	}
	names := make([]string, len(res.Tools))
	for i, t := range res.Tools {
		names[i] = t.Name
	}
	p.line("tools: %s", strings.Join(names, ", "))
	return nil
}

// notes are what an agent keeps of a working day. The password is made up.
var notes = []struct{ about, text string }{
	{"decision", "We decided to use PostgreSQL instead of MySQL for the billing service because of its row-level security."},
	{"preference", "The user prefers short answers, tabs over spaces, and table-driven tests."},
	{"project fact", "Deployments of the checkout service go through Argo CD; the staging cluster is called heron."},
	{"best practice", "Always set a timeout on outgoing HTTP requests; a client without one waits for ever."},
	{"with a password", "The staging database password is heron-7-Blue!kite and the user is checkout_rw."},
	{"about passwords", "Policy: rotate every password after 90 days and never write one into a ticket."},
	{"personal", "Dr. Tanaka's mobile number is 090-1234-5678; call before noon."},
	{"Japanese, decision", "決定: 認証にはパスキーを使い、SMSによる二要素認証は廃止する。"},
	{"Japanese, how-to", "本番環境にデプロイする前に、必ずステージングで負荷試験を行うこと。"},
	{"Japanese, secret", "検証環境の管理者パスワードは sakura-Mochi-42 です。"},
}

func rememberNotes(ctx context.Context, s *session, p *printer, _ options) error {
	p.title("remember: ten notes of an agent, and where each was stored")
	t := p.table("NOTE", "SCOPE", "SURE", "WHY")
	for _, n := range notes {
		var r remembered
		if err := s.call(ctx, "remember", map[string]any{"content": n.text, "project": "demo", "wait": true}, &r); err != nil {
			return err
		}
		t.row(n.about, r.Scope, fmt.Sprintf("%.2f", r.Classification.Confidence), strings.Join(r.Classification.Reasons, "; "))
	}
	return t.flush()
}

func rememberCorpus(ctx context.Context, s *session, p *printer, o options) error {
	paragraphs, err := readCorpus(ctx, o.paragraphs)
	if err != nil {
		return err
	}
	p.title(fmt.Sprintf("remember: %d paragraphs of the Go standard library's documentation, %d calls in flight", len(paragraphs), inFlight))
	var (
		mu        sync.Mutex
		scopes    = map[string]int{}
		duplicate int
		latency   = make([]time.Duration, 0, len(paragraphs))
	)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	start := time.Now()
	for _, par := range paragraphs {
		g.Go(func() error {
			title := par.pkg
			if par.name != "" {
				title += "." + par.name
			}
			var r remembered
			began := time.Now()
			err := s.call(gctx, "remember", map[string]any{
				"content": par.text, "title": title, "project": "go", "kind": "reference", "tags": []string{"go", par.pkg},
			}, &r)
			mu.Lock()
			defer mu.Unlock()
			latency = append(latency, time.Since(began))
			scopes[r.Scope]++
			if r.DuplicateOf != "" {
				duplicate++
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	took := time.Since(start)
	p.line("stored %d in %.1f s: %.0f durable writes a second; p50 %s, p95 %s", len(paragraphs)-duplicate, took.Seconds(),
		float64(len(paragraphs))/took.Seconds(), percentile(latency, 50), percentile(latency, 95))
	for _, name := range slices.Sorted(maps.Keys(scopes)) {
		p.line("  %-8s %d", name, scopes[name])
	}
	return nil
}

var questions = []string{
	"Which database did we choose for billing and why?",
	"How do I stop an HTTP client from hanging?",
	"What is the staging database password?",
	"How can I read a file line by line?",
	"compare two byte slices in constant time",
	"wait for a group of goroutines to finish",
	"認証方式はどうなりましたか",
	"デプロイ前に何をすべきですか",
}

func askQuestions(ctx context.Context, s *session, p *printer, _ options) error {
	p.title("recall: questions in other words than the memories")
	var latency []time.Duration
	for _, q := range questions {
		var r struct {
			Memories []hit `json:"memories"`
		}
		began := time.Now()
		if err := s.call(ctx, "recall", map[string]any{"query": q, "limit": 2, "explain": true}, &r); err != nil {
			return err
		}
		took := time.Since(began)
		latency = append(latency, took)
		p.line("? %s  (%s)", q, took.Round(100*time.Microsecond))
		for _, m := range r.Memories {
			p.line("  %.2f %-8s %s", m.Score, m.Scope, p.fit(strings.TrimSpace(m.Title+" "+m.Content), 18))
		}
	}
	p.line("recall: p50 %s, slowest %s", percentile(latency, 50), percentile(latency, 100))
	return nil
}

func searchExactly(ctx context.Context, s *session, p *printer, _ options) error {
	p.title("search: exact words, filtered, paged")
	var r struct {
		Memories []hit  `json:"memories"`
		Total    int    `json:"total"`
		Next     string `json:"next_cursor"`
	}
	if err := s.call(ctx, "search", map[string]any{"text": "deadline", "project": "go", "limit": 3}, &r); err != nil {
		return err
	}
	p.line("%d memories of project go hold the word \"deadline\"; the first %d:", r.Total, len(r.Memories))
	for _, m := range r.Memories {
		p.line("  %s", p.fit(m.Title+": "+m.Content, 4))
	}
	return nil
}

func classifyTexts(ctx context.Context, s *session, p *printer, _ options) error {
	p.title("classify: stores nothing, repeats no secret")
	t := p.table("TEXT", "SCOPE", "SENSITIVE", "DETECTORS")
	for _, n := range []struct{ about, text string }{
		{"a token", "export GITHUB_TOKEN=ghp_" + strings.Repeat("aB3dE6", 6)},
		{"a card number", "Card 4111 1111 1111 1111, valid thru 12/29"},
		{"talk about tokens", "Tokens expire after an hour; refresh them in the background."},
		{"a general rule", "Prefer composition over inheritance in Go."},
	} {
		var r struct {
			Scope     string `json:"scope"`
			Sensitive bool   `json:"detected_sensitive"`
			Detectors []struct {
				Rule string `json:"rule"`
			} `json:"detectors"`
		}
		if err := s.call(ctx, "classify", map[string]any{"content": n.text}, &r); err != nil {
			return err
		}
		rules := make([]string, len(r.Detectors))
		for i, d := range r.Detectors {
			rules[i] = d.Rule
		}
		t.row(n.about, r.Scope, fmt.Sprint(r.Sensitive), strings.Join(slices.Compact(rules), ", "))
	}
	return t.flush()
}

func shareOne(ctx context.Context, s *session, p *printer, _ options) error {
	p.title("share: the same memory, further, and a secret that is refused")
	for _, n := range []int{3, 4} {
		var r remembered
		if err := s.call(ctx, "remember", map[string]any{"content": notes[n].text, "project": "demo"}, &r); err != nil {
			return err
		}
		var out map[string]any
		err := s.call(ctx, "share", map[string]any{"id": cmp.Or(r.DuplicateOf, r.ID), "scope": "SHARED", "team": "platform"}, &out)
		if err != nil {
			p.line("%s: refused: %v", notes[n].about, err)
			continue
		}
		p.line("%s: %s", notes[n].about, compact(out))
	}
	return nil
}

func showStatus(ctx context.Context, s *session, p *printer, _ options) error {
	p.title("status")
	var out map[string]any
	if err := s.call(ctx, "status", map[string]any{}, &out); err != nil {
		return err
	}
	p.line("%s", compact(out))
	return nil
}
