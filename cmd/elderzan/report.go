package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/report"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// reportConfig says which reports are made by themselves.
type reportConfig struct {
	Every  report.Period // "" for none
	Folder string
	HTML   bool
}

func (c *reportConfig) read(dir string, k *koanf.Koanf, bad func(key, want string) error) error {
	c.Every, c.Folder = report.Period(k.String("report.every")), k.String("report.folder")
	if c.Every != "" && c.Every.Days() == 0 {
		return bad("report.every", "weekly, monthly or quarterly")
	}
	if c.Folder == "" {
		c.Folder = filepath.Join(dir, "reports")
	}
	if !filepath.IsAbs(c.Folder) {
		return bad("report.folder", "an absolute path")
	}
	format := k.String("report.format")
	if c.HTML = format == "html"; !c.HTML && format != "markdown" {
		return bad("report.format", "html or markdown")
	}
	return nil
}

// gatherReport gathers a report's figures for the period that ends now.
func gatherReport(ctx context.Context, st *stack, period report.Period, now time.Time) (*report.Data, error) {
	d := &report.Data{Period: period, From: now.AddDate(0, 0, -period.Days()), To: now, Version: version, Audit: map[string]int{}, Alerts: st.alerts()}
	all, err := historyPoints(ctx, st.store, period.Span(), now.AddDate(0, 0, -2*period.Days()))
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.At.Before(d.From) {
			d.Before = append(d.Before, p)
		} else {
			d.Points = append(d.Points, p)
		}
	}
	stats, err := st.store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range stats.ByScope {
		d.Memories += n
	}
	d.Private, d.Findings = stats.ByScope[scope.Private], stats.OpenFindings
	if d.Used, err = st.store.Used(ctx); err != nil {
		return nil, err
	}
	err = st.store.AuditLog(ctx, 0, func(e storage.AuditEntry) error { // from the beginning: each entry is verified on the way
		if !e.At.Before(d.From) {
			d.Audit[e.Action]++
		}
		return nil
	})
	var bad *memory.CorruptError
	if errors.As(err, &bad) {
		d.Verified = err
	} else if err != nil {
		return nil, err
	}
	return d, nil
}

type reportArgs struct {
	Period   report.Period `json:"period"`
	HTML     bool          `json:"html,omitempty"`
	Pictures string        `json:"pictures,omitempty"` // beginning of the names of the plots' files
}

type reportResult struct {
	Text  string            `json:"text"`
	Plots map[string]string `json:"plots,omitempty"` // by the end of their names
}

func (a *admin) report(ctx context.Context, st *stack, in reportArgs) (any, error) {
	d, err := gatherReport(ctx, st, in.Period, time.Now())
	if err != nil {
		return nil, err
	}
	return wordReport(d, in.HTML, in.Pictures)
}

func wordReport(d *report.Data, html bool, pictures string) (reportResult, error) {
	if html {
		b, err := d.HTML()
		return reportResult{Text: string(b)}, err
	}
	out := reportResult{Text: d.Markdown(pictures)}
	if pictures != "" {
		out.Plots = d.Plots()
	}
	return out, nil
}

func newReport(a *app) *cobra.Command {
	var html, markdown bool
	var out string
	periods := []string{string(report.Weekly), string(report.Monthly), string(report.Quarterly)}
	cmd := &cobra.Command{
		Use: "report weekly|monthly|quarterly", Short: "Report on performance, cost, accuracy and security", GroupID: "server",
		Args: cobra.ExactArgs(1), ValidArgs: periods,
		Long: "From what was measured, the audit log and the last check; no text of a memory is in it. As Markdown, or as one HTML\n" +
			"file with plots. With the setting report.every the engine writes one by itself at the end of each period.",
		Example: "  elderzan report weekly\n  elderzan report monthly --out march.html\n  elderzan report weekly --out week.md",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(periods, args[0]) {
				return hint(fmt.Errorf("%q is no period", args[0]), "elderzan report weekly, monthly or quarterly")
			}
			in := reportArgs{Period: report.Period(args[0]), HTML: html || !markdown && strings.EqualFold(filepath.Ext(out), ".html")}
			if out != "" && !in.HTML {
				in.Pictures = strings.TrimSuffix(filepath.Base(out), filepath.Ext(out))
			}
			s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			var got reportResult
			if err := s.Call(cmd.Context(), adminPrefix+"report", in, &got); err != nil {
				return err
			}
			switch {
			case out != "":
				return writeReport(out, got)
			case a.json:
				return writeJSON(a.out, got)
			}
			_, err = fmt.Fprint(a.out, got.Text)
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&html, "html", false, "one HTML file with plots")
	f.BoolVar(&markdown, "markdown", false, "Markdown; the default, but for a FILE that ends in .html")
	f.StringVarP(&out, "out", "o", "", "file to write; the plots of Markdown go beside it as SVG")
	cmd.MarkFlagsMutuallyExclusive("html", "markdown")
	return cmd
}

// writeReport writes the plots first, so that a report that is there is whole.
func writeReport(path string, r reportResult) error {
	base := strings.TrimSuffix(path, filepath.Ext(path))
	for end, svg := range r.Plots {
		if err := os.WriteFile(base+end, []byte(svg), 0o600); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	if err := os.WriteFile(path, []byte(r.Text), 0o600); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// reporter writes reports by itself. An engine that was not running at the end of a period makes up for it when it is.
type reporter struct {
	config reportConfig
	st     *stack
	log    *slog.Logger
	cancel context.CancelFunc
	ended  chan struct{}
}

// The key under which the time of the last report is kept, and how often it is looked at.
const (
	reportedKey  = "report.last"
	reportLookup = 10 * time.Minute
)

func startReporter(ctx context.Context, st *stack, c reportConfig, log *slog.Logger) *reporter {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &reporter{config: c, st: st, log: log, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		for tick := time.NewTicker(reportLookup); ; {
			if path, err := r.step(life, time.Now()); err != nil && life.Err() == nil {
				log.Error("the report was not written", "error", err)
			} else if path != "" {
				log.Info("report written", "file", path)
			}
			select {
			case <-life.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	}()
	return r
}

// step writes the report that is due at a time, and returns its file; "" where none is.
func (r *reporter) step(ctx context.Context, now time.Time) (string, error) {
	raw, err := r.st.store.Config(ctx, reportedKey)
	if err != nil {
		return "", err
	}
	last, err := time.Parse(time.RFC3339, string(raw))
	if err != nil { // the first period begins now
		return "", r.st.store.PutConfig(ctx, reportedKey, []byte(now.UTC().Format(time.RFC3339)))
	}
	if now.Before(last.AddDate(0, 0, r.config.Every.Days())) {
		return "", nil
	}
	d, err := gatherReport(ctx, r.st, r.config.Every, now)
	if err != nil {
		return "", err
	}
	name, ending := fmt.Sprintf("%s-%s", r.config.Every, now.Local().Format(time.DateOnly)), ".md"
	if r.config.HTML {
		ending = ".html"
	}
	words, err := wordReport(d, r.config.HTML, name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(r.config.Folder, name+ending)
	if err := errors.Join(os.MkdirAll(r.config.Folder, 0o700), writeReport(path, words)); err != nil {
		return "", err
	}
	return path, r.st.store.PutConfig(ctx, reportedKey, []byte(now.UTC().Format(time.RFC3339)))
}

func (r *reporter) close() {
	r.cancel()
	<-r.ended
}
