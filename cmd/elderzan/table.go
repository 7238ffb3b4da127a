package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// Width of what is printed where nothing says how wide it may be, and the least that is heeded.
const (
	usualColumns = 100
	leastColumns = 40
)

// columns is how wide text may be: what COLUMNS says, else the terminal's width, or usualColumns where w is none.
func columns(w io.Writer) int {
	if c := givenColumns(w); c > 0 {
		return c
	}
	return usualColumns
}

// givenColumns is 0 where w is no terminal and COLUMNS says nothing: a file or a program reads long lines best.
func givenColumns(w io.Writer) int {
	if c, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && c > 0 {
		return max(c, leastColumns)
	}
	if f, ok := w.(interface{ Fd() uintptr }); ok {
		if c, _, err := term.GetSize(int(f.Fd())); err == nil && c > 0 {
			return max(c, leastColumns)
		}
	}
	return 0
}

// displayed measures text as a terminal shows it: characters of Chinese, Japanese and Korean are two columns wide, and
// those of which some fonts make one and some two are one, whatever the locale says.
var displayed = &runewidth.Condition{StrictEmojiNeutral: true}

// between stands between two columns of a table.
const between = 2

// leastLast is how narrow the last column may become before it goes below the others.
const leastLast = 24

// table prints rows in columns. Where they are wider than the terminal, the last column is wrapped, and where that is too
// narrow, rows go on below their first column: nothing is cut, so that ids can be copied.
type table struct {
	w      io.Writer
	head   []string // "" for none
	rows   [][]string
	colour func(column int, cell string) string // may be nil
}

func newTable(w io.Writer, head ...string) *table { return &table{w: w, head: head} }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) flush() error {
	widths := t.widths()
	total := between * (len(widths) - 1)
	for _, n := range widths {
		total += n
	}
	room := givenColumns(t.w)
	var b strings.Builder
	rows := t.rows
	if len(t.head) > 0 {
		rows = append([][]string{t.head}, rows...)
	}
	for i, row := range rows {
		head := i == 0 && len(t.head) > 0
		last := len(widths) - 1
		left := room - (total - widths[last]) // for the last column
		switch {
		case room == 0 || total <= room:
			t.line(&b, row, widths, 0, head)
		case left >= leastLast:
			t.line(&b, row, widths, left, head)
		default:
			t.stack(&b, row, room, head)
		}
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

// widths are those of the columns.
func (t *table) widths() []int {
	var out []int
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			if i == len(out) {
				out = append(out, 0)
			}
			out[i] = max(out[i], displayed.StringWidth(cell))
		}
	}
	return out
}

// line prints a row beside each other, with the last column wrapped to left columns unless that is 0.
func (t *table) line(b *strings.Builder, row []string, widths []int, left int, head bool) {
	indent := 0
	for i, cell := range row {
		if i == len(widths)-1 && left > 0 {
			lines := strings.Split(wrap(cell, left, 0), "\n")
			for k, l := range lines {
				if k > 0 {
					b.WriteString("\n" + strings.Repeat(" ", indent))
				}
				b.WriteString(t.paint(i, l, head))
			}
			break
		}
		b.WriteString(t.paint(i, cell, head))
		if i < len(row)-1 && strings.Join(row[i+1:], "") != "" {
			b.WriteString(strings.Repeat(" ", widths[i]-displayed.StringWidth(cell)+between))
		}
		indent += widths[i] + between
	}
	b.WriteByte('\n')
}

// stack prints a row below its first cell; a heading over that would say nothing.
func (t *table) stack(b *strings.Builder, row []string, room int, head bool) {
	if head {
		return
	}
	b.WriteString(t.paint(0, row[0], false) + "\n")
	used := 0
	for i, cell := range row[1:] {
		if _, err := strconv.Atoi(cell); err == nil && i+1 < len(t.head) {
			cell += " " + t.head[i+1] // a bare number says nothing
		}
		n := displayed.StringWidth(cell)
		switch {
		case n == 0:
			continue
		case used > 0 && 2+used+between+n <= room:
			b.WriteString(strings.Repeat(" ", between) + t.paint(i+1, cell, false))
			used += between + n
			continue
		case used > 0:
			b.WriteByte('\n')
		}
		if used = n; n <= room-2 {
			b.WriteString("  " + t.paint(i+1, cell, false))
		} else {
			b.WriteString(wrap(cell, room, 2))
			used = room // nothing fits beside it
		}
	}
	if used > 0 {
		b.WriteByte('\n')
	}
}

func (t *table) paint(column int, cell string, head bool) string {
	switch {
	case head:
		return paint(t.w, faint, cell)
	case t.colour == nil:
		return cell
	}
	return paint(t.w, t.colour(column, cell), cell)
}

// wrap breaks text into lines of at most width columns, indented by indent. A word that is wider is broken where it
// reaches the edge, as one in a script without spaces has to be.
func wrap(text string, width, indent int) string {
	var b strings.Builder
	pad := strings.Repeat(" ", indent)
	room := max(width-indent, 2) // the widest character
	for line := range strings.Lines(text) {
		used := 0
		for _, word := range strings.Fields(line) {
			n := displayed.StringWidth(word)
			switch {
			case used == 0:
				b.WriteString(pad)
			case used+1+n <= room || n > room && used+3 <= room && wideScript(word):
				b.WriteByte(' ')
				used++
			default:
				b.WriteString("\n" + pad)
				used = 0
			}
			for _, r := range word {
				if k := displayed.RuneWidth(r); used+k > room {
					b.WriteString("\n" + pad)
					used = 0
				}
				b.WriteRune(r)
				used += displayed.RuneWidth(r)
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}

// wideScript reports whether a word may be broken between any two characters.
func wideScript(word string) bool {
	return displayed.StringWidth(word) > len([]rune(word))
}

// count is a number with what is counted, in the singular for one.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// visible returns JSON whose texts hold no control characters but tabs and line feeds: a memory's text, which anybody may
// have written, must not move the cursor or give the terminal orders. Others stand as the symbols for them.
func visible(raw []byte) []byte {
	var out []byte
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '\\' && i+5 < len(raw) && raw[i+1] == 'u':
			n, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
			if r := symbol(rune(n)); err == nil && r != rune(n) {
				out = append(out, string(r)...)
			} else {
				out = append(out, raw[i:i+6]...)
			}
			i += 5
		case c == '\\' && i+1 < len(raw):
			switch raw[i+1] {
			case 'b', 'f', 'r':
				out = append(out, string(symbol(map[byte]rune{'b': '\b', 'f': '\f', 'r': '\r'}[raw[i+1]]))...)
			default:
				out = append(out, c, raw[i+1])
			}
			i++
		case c == 0x7f:
			out = append(out, string(symbol(rune(c)))...)
		case c == 0xc2 && i+1 < len(raw) && raw[i+1] < 0xa0: // U+0080 to U+009F
			out = append(out, string(symbol(rune(raw[i+1])))...)
			i++
		default:
			out = append(out, c)
		}
	}
	return out
}

// symbol is what stands for a control character; any other stands for itself.
func symbol(r rune) rune {
	switch {
	case r == '\t' || r == '\n':
		return r
	case r < 0x20:
		return 0x2400 + r
	case r == 0x7f:
		return 0x2421
	case r >= 0x80 && r < 0xa0:
		return 0xfffd
	}
	return r
}
