package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

var insertWords = keyword.New([]string{"insert into"})

// insertion is a statement of SQL that names its columns and gives their values: INSERT INTO logins (site, token) VALUES ('x', '5f8c…').
var insertion = pattern.New("(?i)^insert into\\s+[\\w.`\"\\[\\]]{1,60}\\s*\\(([\\w\\s,`\"\\[\\]]{3,300})\\)\\s*values\\s*\\(([^\\n]{3,400})")

// inserted finds the strings that insertion gives a column for a secret, in its first row.
func inserted(text string, out []match.Match, budget *match.Budget) []match.Match {
	insertWords.Each(text, func(h keyword.Hit) bool {
		const reach = 800
		to := min(len(text), h.Start+reach)
		if !budget.Spend((to - h.Start) / 2) {
			return false
		}
		m := insertion.FindStringSubmatchIndex(text[h.Start:to])
		if m == nil {
			return true
		}
		names := strings.Split(text[h.Start+m[2]:h.Start+m[3]], ",")
		at := h.Start + m[4]
		for _, cell := range literalsOf(text[at : h.Start+m[5]]) {
			if cell.column >= len(names) {
				break
			}
			name := strings.ToLower(strings.Trim(names[cell.column], " \t\n`\"[]"))
			s := text[at+cell.from : at+cell.to]
			if secretColumn(name) && insertedValue(name, s) {
				out = append(out, match.Match{Rule: "inserted-secret", Kind: match.Credential, Start: at + cell.from, End: at + cell.to, Confidence: 0.8})
			}
		}
		return len(out) < match.Enough
	})
	return out
}

// literal is a string among the values of a row.
type literal struct{ column, from, to int }

// literalsOf lists the strings in quotes that stand alone as a value, up to the bracket that ends the row.
func literalsOf(row string) (out []literal) {
	column, from := 0, 0
	for i := 0; i <= len(row); i++ {
		switch {
		case i < len(row) && row[i] == '\'':
			end := strings.IndexByte(row[i+1:], '\'')
			if end < 0 {
				return out
			}
			i += end + 1
		case i < len(row) && row[i] == '(': // a call
			end := strings.IndexByte(row[i:], ')')
			if end < 0 {
				return out
			}
			i += end
		case i == len(row) || row[i] == ',' || row[i] == ')':
			cell := strings.TrimSpace(row[from:i])
			if len(cell) > 2 && cell[0] == '\'' && cell[len(cell)-1] == '\'' {
				start := from + strings.Index(row[from:i], cell) + 1
				out = append(out, literal{column, start, start + len(cell) - 2})
			}
			if i == len(row) || row[i] == ')' {
				return out
			}
			column, from = column+1, i+1
		}
	}
	return out
}

// secretColumn reports whether a column's name ends in a word for a secret.
func secretColumn(name string) bool {
	parts := nameParts(name)
	if len(parts) == 0 {
		return false
	}
	last := parts[len(parts)-1]
	if last == "key" {
		return len(parts) > 1 && !openNames.Has(parts[len(parts)-2]) && parts[len(parts)-2] != "hash"
	}
	return secretVariable(last) || last == "psk" || last == "pin"
}

// insertedValue tells a secret from what stands in its place: a password is any word, a key or a token must look made.
func insertedValue(name, s string) bool {
	sh := value.ShapeOf(s)
	if len(s) < 4 || value.Placeholder(s) || value.Reference(s) || strings.ContainsAny(s, "{}<>") || plain(s) && (describes(s) || typeName(s)) || parameters.Has(strings.ToLower(s)) {
		return false
	}
	if passwordVariable(name) || strings.HasSuffix(name, "psk") || strings.HasSuffix(name, "pin") {
		return true
	}
	return value.UUID(s) || sh.Hex && sh.Len >= 16 || looksMade(s, sh)
}
