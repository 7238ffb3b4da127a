package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/elderzan/elderzan/scope"
)

// The colours of what is printed to a terminal, as its escape sequences know them.
const (
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "34"
	purple = "35"
)

// scopeColours are those of the dashboard.
var scopeColours = map[string]string{"PRIVATE": red, "PROJECT": green, "SHARED": blue, "GLOBAL": purple}

// paint colours s where w is a terminal that has colours and nobody asked for none (no-color.org).
func paint(w io.Writer, colour, s string) string {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || colour == "" || s == "" || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

func showJSON(w io.Writer, raw json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, b.String())
	return err
}

func showRemembered(w io.Writer, raw json.RawMessage) error {
	var r struct {
		ID             string   `json:"id"`
		Scope          string   `json:"scope"`
		DuplicateOf    string   `json:"duplicate_of"`
		Warnings       []string `json:"warnings"`
		Classification struct {
			Reasons []string `json:"reasons"`
		} `json:"classification"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	if r.DuplicateOf != "" {
		fmt.Fprintf(w, "%s  %s  known already; nothing new was stored\n", r.DuplicateOf, r.Scope)
	} else {
		fmt.Fprintf(w, "%s  %s\n", r.ID, paint(w, scopeColours[r.Scope], r.Scope))
	}
	for _, reason := range r.Classification.Reasons {
		fmt.Fprintln(w, wrap("because: "+reason, columns(w), 2))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "  %s %s\n", paint(w, yellow, "warning:"), warning)
	}
	return nil
}

func showMemories(w io.Writer, raw json.RawMessage) error {
	var r struct {
		Memories []struct {
			ID        string   `json:"id"`
			Content   string   `json:"content"`
			Title     string   `json:"title"`
			Score     *float64 `json:"score"`
			Scope     string   `json:"scope"`
			Kind      string   `json:"kind"`
			Tags      []string `json:"tags"`
			Project   string   `json:"project"`
			CreatedAt string   `json:"created_at"`
			Why       []string `json:"why"`
		} `json:"memories"`
		Note     string `json:"note"`
		Degraded bool   `json:"degraded"`
		Total    *int   `json:"total"`
		Next     string `json:"next_cursor"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	width := columns(w)
	for _, m := range r.Memories {
		head := []string{m.ID, m.Scope, m.Kind, m.Project, strings.Join(m.Tags, ",")}
		if m.Score != nil {
			head = append([]string{fmt.Sprintf("%.2f", *m.Score)}, head...)
		}
		line := strings.Join(strings.Fields(strings.Join(head, " ")), "  ")
		line = strings.Replace(line, m.ID, paint(w, faint, m.ID), 1)
		fmt.Fprintln(w, strings.Replace(line, " "+m.Scope, " "+paint(w, scopeColours[m.Scope], m.Scope), 1))
		fmt.Fprintln(w, wrap(strings.TrimSpace(m.Title+"\n"+m.Content), width, 2))
		for _, why := range m.Why {
			fmt.Fprintln(w, wrap("· "+why, width, 2))
		}
	}
	if r.Total != nil {
		fmt.Fprintf(w, "%d of %d\n", len(r.Memories), *r.Total)
	}
	if r.Next != "" {
		fmt.Fprintf(w, "next page: --cursor %s\n", r.Next)
	}
	if r.Note != "" {
		fmt.Fprintln(w, r.Note)
	}
	return nil
}

func showDecision(w io.Writer, raw json.RawMessage) error {
	var r struct {
		Scope      string  `json:"scope"`
		Confidence float64 `json:"confidence"`
		Knowledge  any     `json:"knowledge_type"`
		Detectors  []struct {
			Rule string `json:"rule"`
			Kind string `json:"kind"`
			Span []int  `json:"span"`
		} `json:"detectors"`
		Reasons []string `json:"reasons"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s  (confidence %.2f)\n", r.Scope, r.Confidence)
	for _, d := range r.Detectors {
		fmt.Fprintf(w, "  %s (%s) at bytes %v\n", d.Rule, d.Kind, d.Span)
	}
	for _, reason := range r.Reasons {
		fmt.Fprintln(w, wrap("because: "+reason, columns(w), 2))
	}
	return nil
}

func showStatus(w io.Writer, raw json.RawMessage) error {
	var r struct {
		Version   string         `json:"version"`
		PID       int            `json:"engine_pid"`
		Clients   int            `json:"clients"`
		Memories  map[string]int `json:"memories"`
		Embedding struct {
			Model   string `json:"model"`
			Pending int    `json:"pending"`
		} `json:"embedding"`
		Index struct {
			Kind    string `json:"kind"`
			Vectors int    `json:"vectors"`
		} `json:"index"`
		Storage struct {
			Dir     string `json:"data_dir"`
			Bytes   int64  `json:"bytes"`
			Renewal string `json:"renewal"`
		} `json:"storage"`
		Alerts []string `json:"alerts"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	fmt.Fprintf(w, "elderzan %s, engine %d, %s\n", r.Version, r.PID, count(r.Clients, "client", "clients"))
	total := 0
	for _, n := range r.Memories {
		total += n
	}
	fmt.Fprint(w, count(total, "memory:", "memories:"))
	for _, s := range scope.All() {
		fmt.Fprintf(w, " %s %d", s, r.Memories[s.String()])
	}
	fmt.Fprintf(w, "\n%s (%s) of %s, %d waiting\n%.1f MB in %s\n", count(r.Index.Vectors, "vector", "vectors"), r.Index.Kind, r.Embedding.Model,
		r.Embedding.Pending, float64(r.Storage.Bytes)/1e6, r.Storage.Dir)
	if r.Storage.Renewal != "" {
		fmt.Fprintf(w, "in the background: %s\n", r.Storage.Renewal)
	}
	for _, alert := range r.Alerts {
		fmt.Fprintf(w, "%s %s\n", paint(w, red, "!"), alert)
	}
	return nil
}
