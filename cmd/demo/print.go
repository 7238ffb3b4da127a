package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// printer writes the account: plain text, titles in bold on a terminal, lines that fit its width.
type printer struct {
	w       io.Writer
	columns int
	bold    bool
}

func newPrinter(f *os.File) *printer {
	p := &printer{w: f, columns: 120}
	if term.IsTerminal(int(f.Fd())) {
		p.bold = os.Getenv("NO_COLOR") == ""
		if c, _, err := term.GetSize(int(f.Fd())); err == nil && c > 40 {
			p.columns = c
		}
	}
	return p
}

func (p *printer) title(s string) {
	if p.bold {
		s = "\x1b[1m" + s + "\x1b[0m"
	}
	fmt.Fprintf(p.w, "\n%s\n", s)
}

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

// fit shortens s to the columns that are left beside indent; wide characters count twice.
func (p *printer) fit(s string, indent int) string {
	left := p.columns - indent
	for i, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			left -= 2
		default:
			left--
		}
		if left < 1 {
			return s[:i] + "…"
		}
	}
	return s
}

type table struct {
	p  *printer
	tw *tabwriter.Writer
}

func (p *printer) table(head ...string) *table {
	t := &table{p: p, tw: tabwriter.NewWriter(p.w, 0, 4, 2, ' ', 0)}
	t.row(head...)
	return t
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(t.tw, "\t")
		}
		fmt.Fprint(t.tw, t.p.fit(c, t.p.columns/3))
	}
	fmt.Fprintln(t.tw)
}

func (t *table) flush() error { return t.tw.Flush() }

// percentile returns the nearest-rank percentile, rounded for reading.
func percentile(ds []time.Duration, q int) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(ds))
	return s[min(len(s)-1, len(s)*q/100)].Round(100 * time.Microsecond)
}

func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
