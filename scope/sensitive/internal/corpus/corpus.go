// Package corpus reads labelled texts, has a detector judge them, and writes what came out as a table. The tests of the
// detector and the command measure call it.
package corpus

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Row is one labelled text.
type Row struct {
	Text  string `json:"text"`
	Label string `json:"label"` // sensitive or clean
	Kind  string `json:"kind"`

	Told *bool `json:"sensitive"` // in place of the label; nil means that there is one
}

// Sensitive reports whether the row should be found.
func (r Row) Sensitive() bool { return r.Label == "sensitive" }

// unescape undoes how a text is written on one line; ‖ breaks up what looks like a token in the file.
var unescape = strings.NewReplacer(`\\n`, `\n`, `\n`, "\n", `\t`, "\t", "‖", "")

// Read reads a corpus: JSON Lines where the name ends in .jsonl, else lines of label, tab, text.
func Read(path string) ([]Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []Row
	kind := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<22)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if strings.HasSuffix(path, ".jsonl") {
			var r Row
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
			}
			if r.Told != nil && *r.Told {
				r.Label = "sensitive"
			} else if r.Told != nil {
				r.Label = "clean"
			}
			out = append(out, r)
			continue
		}
		if k, ok := strings.CutPrefix(line, "## "); ok {
			kind = k
			continue
		}
		label, text, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		switch label {
		case "s":
			label = "sensitive"
		case "c":
			label = "clean"
		default:
			return nil, fmt.Errorf("%s, line %d: label %q, want s or c", path, n, label)
		}
		out = append(out, Row{Text: unescape.Replace(text), Label: label, Kind: kind})
	}
	return out, sc.Err()
}

// Committed reads the corpora that are part of the repository, fresh.txt among them, which nothing is made from; dir is the
// folder of the detector.
func Committed(dir string) ([]Row, error) {
	files, err := filepath.Glob(filepath.Join(dir, "testdata", "round*.txt"))
	if err != nil {
		return nil, err
	}
	files = append(files, filepath.Join(dir, "testdata", "fresh.txt"), filepath.Join(dir, "testdata", "sayings.txt"), filepath.Join(dir, "likely", "train", "rounds.txt"))
	var out []Row
	for _, f := range files {
		rows, err := Read(f)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// Tally counts the texts of one kind.
type Tally struct{ Said, Found, Clean, False int }

// Recall is the share of what says a secret that was found, 1 where nothing does.
func (t Tally) Recall() float64 { return 1 - share(t.Said-t.Found, t.Said) }

// Alarms is the share of what says none that was taken for a secret, 0 where there is nothing.
func (t Tally) Alarms() float64 { return share(t.False, t.Clean) }

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// Table is what was measured, by kind.
type Table map[string]Tally

// All adds the kinds up.
func (t Table) All() (all Tally) {
	for _, k := range t {
		all.Said += k.Said
		all.Found += k.Found
		all.Clean += k.Clean
		all.False += k.False
	}
	return all
}

// Measure judges rows by detect, which names the rules that found something. wrong, if not nil, is told each row that was
// judged wrong.
func Measure(ctx context.Context, detect func(context.Context, string) ([]string, error), rows []Row, wrong func(Row, []string)) (Table, error) {
	t := make(Table)
	for _, r := range rows {
		rules, err := detect(ctx, r.Text)
		if err != nil {
			return nil, err
		}
		k := t[r.Kind]
		if r.Sensitive() {
			k.Said++
			if len(rules) > 0 {
				k.Found++
			}
		} else {
			k.Clean++
			if len(rules) > 0 {
				k.False++
			}
		}
		t[r.Kind] = k
		if wrong != nil && r.Sensitive() != (len(rules) > 0) {
			wrong(r, rules)
		}
	}
	return t, nil
}

// String writes the table in Markdown, the kinds in order.
func (t Table) String() string {
	kinds := make([]string, 0, len(t))
	for k := range t {
		kinds = append(kinds, k)
	}
	sort.Strings(kinds)
	var b strings.Builder
	b.WriteString("| kind | say a secret | found | say none | false alarms |\n|---|---|---|---|---|\n")
	for _, k := range kinds {
		b.WriteString(t[k].row(k))
	}
	b.WriteString(t.All().row("**all**"))
	return b.String()
}

func (t Tally) row(kind string) string {
	recall, alarms := "–", "–"
	if t.Said > 0 {
		recall = fmt.Sprintf("%.1f %%", 100*t.Recall())
	}
	if t.Clean > 0 {
		alarms = fmt.Sprintf("%.1f %%", 100*t.Alarms())
	}
	return fmt.Sprintf("| %s | %d | %s | %d | %s |\n", kind, t.Said, recall, t.Clean, alarms)
}

// The lines of COVERAGE.md between which the table stands.
const begins, ends = "<!-- table: go run ./scope/sensitive/measure -write -->\n", "<!-- end of table -->"

// WriteTable puts t into the file at path, in place of the table there.
func WriteTable(path string, t Table) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), begins)
	_, after, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		return fmt.Errorf("%s: no place for the table; put %q and %q around it", path, begins, ends)
	}
	return os.WriteFile(path, []byte(before+begins+t.String()+ends+after), 0o644)
}
