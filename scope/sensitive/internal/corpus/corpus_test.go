package corpus_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
)

// write writes a file into a folder of the test and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	rows, err := corpus.Read(write(t, "round.txt", "# a remark\ns\tfirst\n## mail\ns\tpass‖word\\nx\nc\tnothing\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []corpus.Row{{Text: "first", Label: "sensitive", Kind: "round"}, {Text: "password\nx", Label: "sensitive", Kind: "mail"}, {Text: "nothing", Label: "clean", Kind: "mail"}}
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	for i := range want {
		if rows[i] != want[i] {
			t.Errorf("row %d: %+v, want %+v", i, rows[i], want[i])
		}
	}
	rows, err = corpus.Read(write(t, "c.jsonl", `{"id":"1","text":"a\tb","label":"clean","kind":"k"}`+"\n"))
	if err != nil || len(rows) != 1 || rows[0].Text != "a\tb" || rows[0].Sensitive() {
		t.Errorf("JSON Lines: %+v, %v", rows, err)
	}
	for _, bad := range []string{"x\ttext\n", "sensitive\ttext\n"} {
		if _, err := corpus.Read(write(t, "bad.txt", bad)); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v, want an error that names the line", bad, err)
		}
	}
}

func TestMeasureAndWrite(t *testing.T) {
	rows := []corpus.Row{{Text: "a secret", Label: "sensitive", Kind: "k"}, {Text: "another secret", Label: "sensitive", Kind: "k"}, {Text: "missed", Label: "sensitive", Kind: "k"}, {Text: "plain", Label: "clean", Kind: "l"}, {Text: "a false secret", Label: "clean", Kind: "l"}}
	var wrong []string
	table, err := corpus.Measure(t.Context(), func(_ context.Context, text string) ([]string, error) {
		if strings.Contains(text, "secret") {
			return []string{"rule"}, nil
		}
		return nil, nil
	}, rows, func(r corpus.Row, rules []string) { wrong = append(wrong, r.Text+strings.Join(rules, "")) })
	if err != nil {
		t.Fatal(err)
	}
	if k := table["k"]; k.Said != 3 || k.Found != 2 || table["l"].False != 1 || table["l"].Clean != 2 {
		t.Errorf("counted %+v", table)
	}
	if len(wrong) != 2 || wrong[0] != "missed" || wrong[1] != "a false secretrule" {
		t.Errorf("told of %q", wrong)
	}
	path := write(t, "COVERAGE.md", "before\n<!-- table: go run ./scope/sensitive/measure -write -->\nold\n<!-- end of table -->\nafter\n")
	for range 2 {
		if err := corpus.WriteTable(path, table); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); !strings.HasPrefix(s, "before\n") || !strings.HasSuffix(s, "after\n") || strings.Contains(s, "old") || !strings.Contains(s, "| k | 3 | 66.7 % | 0 | – |") || !strings.Contains(s, "| **all** | 3 | 66.7 % | 2 | 50.0 % |") {
		t.Errorf("wrote %q", s)
	}
	if err := corpus.WriteTable(write(t, "x.md", "nothing"), table); err == nil {
		t.Error("a file without a place for the table is no error")
	}
}

func TestCommitted(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"testdata/round1.txt", "testdata/fresh.txt", "testdata/sayings.txt", "likely/train/rounds.txt"} {
		if rows, err := corpus.Committed(dir); err == nil {
			t.Errorf("%d rows without %s", len(rows), f)
		}
		path := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("s\tpin: 4827\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := corpus.Committed(dir)
	if err != nil || len(rows) != 4 {
		t.Errorf("%d rows, %v; want 4", len(rows), err)
	}
	if rows, err := corpus.Committed("["); err == nil {
		t.Errorf("%d rows of a folder that cannot be", len(rows))
	}
}

// TestLabels reads both ways of saying what a line of JSON is.
func TestLabels(t *testing.T) {
	rows, err := corpus.Read(write(t, "c.jsonl", `{"text":"a","sensitive":true}`+"\n"+`{"text":"b","sensitive":false}`+"\n"))
	if err != nil || len(rows) != 2 || !rows[0].Sensitive() || rows[1].Sensitive() || rows[1].Label != "clean" {
		t.Errorf("%+v, %v", rows, err)
	}
	if _, err := corpus.Read(write(t, "c.jsonl", "{\n")); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("%v, want an error that names the line", err)
	}
}

func TestMeasureStopsAtAnError(t *testing.T) {
	want := errors.New("broken")
	_, err := corpus.Measure(t.Context(), func(context.Context, string) ([]string, error) { return nil, want }, []corpus.Row{{Text: "x"}}, nil)
	if !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
	if err := corpus.WriteTable(filepath.Join(t.TempDir(), "none.md"), nil); err == nil {
		t.Error("a table without a page is no error")
	}
}
