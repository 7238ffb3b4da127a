package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// columnNames head a column of a table that holds secrets.
var columnNames = keyword.NewList(`password passwd pass pw pwd passphrase passcode secret pin code token kennwort passwort contraseña senha パスワード pw 暗証番号 パス`)

// keyColumns are those of them whose secrets are drawn, often as ids are.
var keyColumns = keyword.NewList(`secret token`)

// How long, in bytes, the head of a table may be, and how many of its rows are read.
const (
	longestHead = 200
	mostRows    = 40
)

// columns finds the cells below the name of a secret, in tables whose cells a comma, a semicolon or a tab parts.
func columns(text string, out []match.Match) []match.Match {
	nl := strings.IndexByte(text, '\n')
	for at := 0; nl >= 0 && len(out) < match.Enough; nl = strings.IndexByte(text[at:], '\n') {
		head := text[at : at+nl]
		at += nl + 1
		if len(head) > longestHead {
			continue
		}
		for _, sep := range []string{",", ";", "\t", "|", "/"} {
			names := strings.Split(head, sep)
			if sep == "," && (strings.HasPrefix(strings.TrimLeft(head, " "), "- ") || strings.TrimSpace(names[len(names)-1]) == "") { // an item of a list, arguments
				continue
			}
			for col, name := range names {
				if len(names) < 2 || !columnNames.Has(strings.ToLower(strings.Trim(name, " \r\"*`"))) {
					continue
				}
				if sep == "/" && (ascii(head) || len(names) < 3) { // 環境／ID／パスワード
					continue
				}
				if sep == "|" {
					drawnToo := keyColumns.Has(strings.ToLower(strings.Trim(name, " \r\"*`")))
					out = grid(text, at, len(names), col, drawnToo, out)
				} else {
					out = column(text, at, sep, len(names), col, out)
				}
			}
		}
	}
	return out
}

// spacedColumns finds the cells below the name of a secret in tables whose cells two spaces or more part.
func spacedColumns(text string, out []match.Match, budget *match.Budget) []match.Match {
	nl := strings.IndexByte(text, '\n')
	for at := 0; nl >= 0 && len(out) < match.Enough; nl = strings.IndexByte(text[at:], '\n') {
		head := strings.TrimSpace(text[at : at+nl])
		at += nl + 1
		if len(head) > longestHead || !strings.Contains(head, "  ") {
			continue
		}
		names := spacedCells(head)
		for col, name := range names {
			if !columnNames.Has(strings.ToLower(name)) {
				continue
			}
			from := at
			for range mostRows {
				row := line(text[from:])
				if !budget.Spend(4 * len(row)) {
					return out
				}
				cells := spacedCells(row)
				if len(row) > commandReach || len(cells) != len(names) && len(strings.Fields(row)) != len(names) {
					break
				}
				if len(cells) != len(names) {
					cells = strings.Fields(row)
				}
				start := from + strings.LastIndex(row, cells[col])
				s := cells[col]
				if sh := value.ShapeOf(s); len(s) >= 4 && !strings.Contains(s, " ") && sh.High == 0 && (byHand(text, start, start+len(s)) || mixedWords(s) || passwordLike(s) || sh.Digit > 0 && sh.Hex) {
					return append(out, match.Match{Rule: "table-column", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.7})
				}
				if from += len(row) + 1; from >= len(text) {
					break
				}
			}
		}
	}
	return out
}

// spacedCells splits a row at two spaces or more.
func spacedCells(row string) []string {
	var out []string
	for _, c := range strings.Split(strings.TrimSpace(row), "  ") {
		if c = strings.TrimSpace(c); c != "" {
			out = append(out, c)
		}
	}
	return out
}

// column finds what the rows from at on hold in a column.
func column(text string, at int, sep string, cells, col int, out []match.Match) []match.Match {
	for n := 0; n < mostRows && at < len(text); n++ {
		row, _, _ := strings.Cut(text[at:], "\n")
		parts := strings.Split(row, sep)
		if len(row) > commandReach || len(parts) != cells {
			break
		}
		start := at + len(strings.Join(parts[:col], sep))
		if col > 0 {
			start += len(sep)
		}
		s := strings.Trim(parts[col], " \r\"")
		if sh := value.ShapeOf(s); len(s) >= 3 && !value.Placeholder(s) && (!value.Reference(s) || dotted(s)) && !strings.Contains(s, " ") && !(plain(s) && describes(s)) && !typeName(s) && (sh.Digit+sh.Upper+sh.Other > 0 || n > 0 || sep == "\t" && sh.High == 0 && !meta.Has(s)) {
			start += strings.Index(parts[col], s)
			return append(out, match.Match{Rule: "table-column", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.75})
		}
		at += len(row) + 1
	}
	return out
}

// grid finds the first cell of a column that looks made, in the rows from at on. Documentation is full of such tables.
func grid(text string, at, cells, col int, drawnToo bool, out []match.Match) []match.Match {
	for n := 0; n < mostRows && at < len(text); n++ {
		row, _, _ := strings.Cut(text[at:], "\n")
		parts := strings.Split(row, "|")
		if len(row) > commandReach || len(parts) != cells {
			break
		}
		s := strings.Trim(parts[col], " \r\t`*")
		sh := value.ShapeOf(s)
		made := passwordLike(s) || sh.Digit > 0 && (sh.Lower+sh.Upper > 0 || sh.Len >= 4) && !value.Numbered(s) || sh.Lower > 0 && strings.ContainsAny(s, "!@#$%&") || mixedCase(s) && !value.Identifier(s) || strings.Count(s, "-") >= 2 && sh.Upper == 0
		if len(s) >= 4 && made && !strings.Contains(s, " ") && !value.Placeholder(s) && !value.Reference(s) && !measured(s) && !technical(s) && !describes(s) && sh.High == 0 {
			start := at + len(strings.Join(parts[:col], "|")) + 1 + strings.Index(parts[col], s)
			if value.Otherwise(text, start, start+len(s)) < value.Strong || drawnToo && (sh.Hex || value.UUID(s)) {
				return append(out, match.Match{Rule: "table-column", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.7})
			}
		}
		at += len(row) + 1
	}
	return out
}

// headCells and rowCells are the cells of tables in HTML.
var (
	headCells = pattern.New(`(?i)<th[^>\n]*>([^<\n]*)</th>`)
	rowCells  = pattern.New(`(?i)<td[^>\n]*>(?:<(?:code|b|strong|tt)>)?([^<\n]*)`)
)

// htmlColumns finds the first cell that looks made below the name of a secret, in the tables of HTML.
func htmlColumns(text string, out []match.Match, budget *match.Budget) []match.Match {
	const longest = 4096 // of the rows of one table
	for at := 0; len(out) < match.Enough; {
		i := strings.Index(text[at:], "<th")
		if i < 0 {
			return out
		}
		head := text[at+i : min(len(text), at+i+2*longestHead)]
		if end := strings.Index(head, "</tr>"); end >= 0 {
			head = head[:end]
		}
		at += i + len(head)
		rows := text[at:min(len(text), at+longest)]
		if end := strings.Index(rows, "</table>"); end >= 0 {
			rows = rows[:end]
		}
		names := headCells.FindAllStringSubmatchIndex(head, mostRows)
		for col, name := range names {
			if len(names) < 2 || !columnNames.Has(strings.ToLower(strings.TrimSpace(head[name[2]:name[3]]))) {
				continue
			}
			if !budget.Spend(len(rows)) {
				return out
			}
			out = htmlColumn(text, at, rows, col, out)
		}
	}
	return out
}

func htmlColumn(text string, at int, rows string, col int, out []match.Match) []match.Match {
	for n := 0; n < mostRows; n++ {
		row, rest, more := strings.Cut(rows, "</tr>")
		cells := rowCells.FindAllStringSubmatchIndex(row, mostRows)
		if col < len(cells) {
			start, end := at+cells[col][2], at+cells[col][3]
			s := strings.TrimSpace(text[start:end])
			start += strings.Index(text[start:end], s)
			if sh := value.ShapeOf(s); len(s) >= 3 && !strings.Contains(s, " ") && sh.Digit+sh.Upper+sh.Other > 0 && !value.Placeholder(s) && !value.Reference(s) && !(plain(s) && describes(s)) && !typeName(s) && (value.Otherwise(text, start, start+len(s)) < value.Strong || sh.Hex && sh.Digit > 0) {
				return append(out, match.Match{Rule: "table-column", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.75})
			}
		}
		if !more {
			return out
		}
		at, rows = at+len(row)+len("</tr>"), rest
	}
	return out
}
