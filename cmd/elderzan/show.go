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

// sharing is the result of the tool share.
type sharing struct {
	Changed []struct{ ID, From, To string } `json:"changed"`
	Refused []struct {
		ID           string `json:"id"`
		Reason       string `json:"reason"`
		NeedsConfirm bool   `json:"needs_confirmation"`
	} `json:"refused"`
	Leaves   bool     `json:"leaves_machine"`
	To       string   `json:"to"`
	Warnings []string `json:"warnings"`
}

func showShared(w io.Writer, raw json.RawMessage) error {
	var r sharing
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	for _, c := range r.Changed {
		fmt.Fprintf(w, "%s  %s → %s\n", paint(w, faint, c.ID), paint(w, scopeColours[c.From], c.From), paint(w, scopeColours[c.To], c.To))
	}
	switch {
	case len(r.Changed) == 0 && len(r.Refused) == 0:
		fmt.Fprintln(w, "nothing changed: that is its scope already")
	case len(r.Changed) > 0:
		fmt.Fprintln(w, wrap("readable by "+r.To, columns(w), 2))
	}
	for _, no := range r.Refused {
		reason := no.Reason
		if no.NeedsConfirm { // the tool's words are for agents
			reason, _, _ = strings.Cut(reason, "; ")
		}
		fmt.Fprintf(w, "%s  %s\n%s\n", paint(w, faint, no.ID), paint(w, red, "unchanged"), wrap("because: "+reason, columns(w), 2))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "  %s %s\n", paint(w, yellow, "warning:"), warning)
	}
	return nil
}

// refusedError is the error of a share that was refused for some memories, nil where it was for none.
func refusedError(raw json.RawMessage) error {
	var r sharing
	if err := json.Unmarshal(raw, &r); err != nil || len(r.Refused) == 0 {
		return err
	}
	err := fmt.Errorf("%d of %s not changed", len(r.Refused), count(len(r.Refused)+len(r.Changed), "memory was", "memories were"))
	for _, no := range r.Refused {
		if no.NeedsConfirm {
			return hint(err, "if they may be read by others all the same: elderzan share ID --confirm; or take out what is sensitive: elderzan revise ID --content TEXT")
		}
	}
	return err
}

func showForgotten(w io.Writer, raw json.RawMessage) error {
	var r struct {
		Forgotten   []string                    `json:"forgotten"`
		WouldForget []struct{ ID, Text string } `json:"would_forget"`
		Total       int                         `json:"total"`
		Until       string                      `json:"recoverable_until"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	for _, m := range r.WouldForget {
		fmt.Fprintf(w, "%s\n%s\n", paint(w, faint, m.ID), wrap(m.Text, columns(w), 2))
	}
	for _, id := range r.Forgotten {
		fmt.Fprintf(w, "%s  forgotten\n", paint(w, faint, id))
	}
	switch rest := r.Total - len(r.Forgotten); {
	case r.Total == 0:
		fmt.Fprintln(w, "nothing matches")
	case len(r.WouldForget) > 0:
		fmt.Fprintf(w, "%s; nothing was forgotten yet: add --confirm, or name the ids\n", count(r.Total, "matches", "match"))
	case rest > 0:
		fmt.Fprintf(w, "%d more match: repeat the command for them\n", rest)
	}
	switch {
	case len(r.Forgotten) == 0:
	case r.Until == "":
		fmt.Fprintln(w, "for good")
	default:
		fmt.Fprintf(w, "until %.10s this brings one back: elderzan revise ID --restore\n", r.Until)
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
		fmt.Fprintln(w, asTyped.Replace(r.Note))
	}
	return nil
}

// asTyped turns what a note tells a model to ask for into what a person types.
var asTyped = strings.NewReplacer("mode=accurate", "--mode accurate", `search with states=["archived"]`, "elderzan search --states archived")

func showDecision(w io.Writer, raw json.RawMessage) error {
	var r struct {
		Scope      string  `json:"scope"`
		Confidence float64 `json:"confidence"`
		Knowledge  any     `json:"knowledge_type"`
		Detectors  []struct {
			Rule  string `json:"rule"`
			Kind  string `json:"kind"`
			Field string `json:"field"`
			Span  []int  `json:"span"`
		} `json:"detectors"`
		Reasons []string `json:"reasons"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s  (confidence %.2f)\n", r.Scope, r.Confidence)
	for _, d := range r.Detectors {
		fmt.Fprintf(w, "  %s (%s) at bytes %v", d.Rule, d.Kind, d.Span)
		if d.Field != "" {
			fmt.Fprintf(w, " of the %s", d.Field)
		}
		fmt.Fprintln(w)
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
	if r.Embedding.Model == "" { // not open: nothing was counted
		fmt.Fprintf(w, "data folder %s\n", r.Storage.Dir)
	} else {
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
	}
	if r.Storage.Renewal != "" {
		fmt.Fprintf(w, "in the background: %s\n", r.Storage.Renewal)
	}
	for _, alert := range r.Alerts {
		fmt.Fprintf(w, "%s %s\n", paint(w, red, "!"), alert)
	}
	return nil
}
