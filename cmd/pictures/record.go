package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
)

// firstSession is what a person types who has just installed the program.
var firstSession = [][]string{
	{"elderzan", "setup", "claude-code"},
	{"elderzan", "remember", "We deploy on Tuesdays, after the standup."},
	{"elderzan", "remember", "The staging password is tr0ub4dor-Xk9."},
	{"elderzan", "recall", "when do releases go out?", "--limit", "1"},
	{"elderzan", "status"},
}

// A recording is as wide as this many characters, and a reader has this long between two commands.
const (
	recordColumns = 84
	reading       = 1200 * time.Millisecond
)

// line is one line of the terminal and when it came, from the beginning.
type line struct {
	text string
	at   time.Duration
}

// record runs the first session in a pseudo-terminal and draws what it shows, in the order and at the pace in which it came.
func record(ctx context.Context, h *home, out string) error {
	var lines []line
	clock := reading
	for _, words := range firstSession {
		lines = append(lines, line{text: prompt(words), at: clock})
		clock += reading / 2
		got, took, err := inTerminal(h.command(ctx, words...), clock)
		if err != nil {
			return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
		}
		lines = append(lines, got...)
		lines = append(lines, line{at: clock + took})
		clock += took + reading
	}
	picture, err := draw(lines[:len(lines)-1], strings.NewReplacer(h.dir, "/home/mia"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "first-session.svg"), []byte(picture), 0o644)
}

func prompt(words []string) string {
	typed := make([]string, len(words))
	for i, w := range words {
		if typed[i] = w; strings.ContainsAny(w, " ?") {
			typed[i] = strconv.Quote(w)
		}
	}
	return "\x1b[32m$\x1b[0m \x1b[1m" + strings.Join(typed, " ") + "\x1b[0m"
}

// inTerminal runs cmd in a terminal of its own and returns its lines, which begin to come at start.
func inTerminal(cmd *exec.Cmd, start time.Duration) (lines []line, took time.Duration, err error) {
	began := time.Now()
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: recordColumns})
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	var rest bytes.Buffer
	chunk := make([]byte, 4096)
	for {
		n, err := f.Read(chunk)
		rest.Write(chunk[:n])
		for {
			i := bytes.IndexByte(rest.Bytes(), '\n')
			if i < 0 {
				break
			}
			text := string(rest.Next(i + 1))
			lines = append(lines, line{text: strings.TrimRight(text, "\r\n"), at: start + time.Since(began)})
		}
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) { // how Linux says that a terminal's other side is closed
			break
		}
		if err != nil {
			return nil, 0, err
		}
	}
	if rest.Len() > 0 {
		return nil, 0, fmt.Errorf("a line has no end: %q", rest.String())
	}
	return lines, time.Since(began), cmd.Wait()
}

// Sizes of the picture, in its units.
const (
	glyph   = 8.43 // a character of the font at 14 units
	leading = 19.0
	margin  = 18.0
)

// colours are those of a terminal, light on dark, with a contrast of 4.5 or more.
var colours = map[string]string{
	"31": "#ff8f8f", "32": "#8fd19e", "33": "#f0d58a", "34": "#8fc0ef", "35": "#c9b1f5",
}

var order = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// draw makes an SVG of the lines, which appear when they came; where nothing moves, all are there from the beginning.
func draw(lines []line, names *strings.Replacer) (string, error) {
	var b strings.Builder
	width, height := 2*margin+glyph*recordColumns, 2*margin+leading*float64(len(lines))
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" role="img" aria-label="A first session in a terminal">`+"\n", width, height, width)
	b.WriteString(`<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6e9e4;white-space:pre}` +
		`g{animation:appear .01s backwards}@keyframes appear{from{opacity:0}to{opacity:1}}@media(prefers-reduced-motion:reduce){g{animation:none}}</style>` + "\n")
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" rx="10" fill="#161a18"/>`+"\n", width, height)
	for i, l := range lines {
		if l.text == "" {
			continue
		}
		spans, err := styled(names.Replace(l.text))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, `<g style="animation-delay:%.2fs"><text x="%.0f" y="%.1f" xml:space="preserve">%s</text></g>`+"\n", l.at.Seconds(), margin, margin+leading*(float64(i)+0.75), spans)
	}
	b.WriteString("</svg>\n")
	return b.String(), nil
}

// styled turns a line with a terminal's orders for colours into spans. Any other order is an error: it would be lost.
func styled(text string) (string, error) {
	var b strings.Builder
	fill, weight, faint := "", "", ""
	write := func(s string) error {
		if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' }); i >= 0 {
			return fmt.Errorf("the terminal is given an order that no picture shows: %q", s[i:])
		}
		if s != "" {
			fmt.Fprintf(&b, `<tspan%s%s%s>%s</tspan>`, fill, weight, faint, html.EscapeString(s))
		}
		return nil
	}
	at := 0
	for _, m := range order.FindAllStringSubmatchIndex(text, -1) {
		if err := write(text[at:m[0]]); err != nil {
			return "", err
		}
		at = m[1]
		switch code := text[m[2]:m[3]]; {
		case code == "0" || code == "":
			fill, weight, faint = "", "", ""
		case code == "1":
			weight = ` font-weight="bold"`
		case code == "2":
			faint = ` fill-opacity=".7"`
		case colours[code] != "":
			fill = ` fill="` + colours[code] + `"`
		default:
			return "", fmt.Errorf("no colour is known for %q", code)
		}
	}
	if err := write(text[at:]); err != nil {
		return "", err
	}
	return b.String(), nil
}
