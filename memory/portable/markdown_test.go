package portable

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// awkward holds what Markdown, YAML and JSON treat differently.
var awkward = []string{
	"---\n", "\n---\n", "...\n", "a: b", "# heading", "\r\n", "\r", "\n\n", " ", "\t", "\u0085", "\u2028", "\ufeff", "\x7f", "\u009f", "\ufffd", "\uffff", "\x01", "\"", "\\", "'",
	"null", "~", "yes", "1e3", "0x1f", "2026-01-02", "!!binary x", "&a", "*a", "{", "[", "東京", "👩‍💻", "<b>", "&amp;", "elderzan: 1",
}

func TestMarkdownRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyMemory(t)
		pieces := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(awkward), rapid.String()))
		text := func(label string) string { return strings.Join(pieces.Draw(t, label), "") }
		want.Content, want.Title = "x"+text("text"), text("heading")
		want.Tags = append(want.Tags, text("tag"))
		want.Metadata[text("key")] = map[string]any{text("inner"): []any{text("v"), rapid.Float64().Draw(t, "f"), float64(rapid.Int64().Draw(t, "i")), nil, false}}
		b, err := WriteMarkdown(&want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadMarkdown(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("ReadMarkdown = %+v, %v; want %+v of\n%s", got, err, want, b)
		}
	})
}

// What is written is YAML for other programs, with every field in it.
func TestMarkdownIsYAML(t *testing.T) {
	m := memory.Memory{ID: memory.NewID(), Content: "text", Title: "a: \"b\"", Scope: scope.Project, Tags: []string{"x", "y"}, Metadata: map[string]any{"k": map[string]any{"n": 1.5}}}
	b, err := WriteMarkdown(&m)
	if err != nil {
		t.Fatal(err)
	}
	var head struct {
		Elderzan int
		ID       string
		Title    string
		Scope    string
		Tags     []string
		Metadata map[string]map[string]float64
	}
	_, rest, _ := strings.Cut(string(b), "---\n")
	front, body, _ := strings.Cut(rest, "---\n")
	if err := yaml.Unmarshal([]byte(front), &head); err != nil {
		t.Fatalf("%v in\n%s", err, front)
	}
	if head.Elderzan != 1 || head.ID != string(m.ID) || head.Title != m.Title || head.Scope != "PROJECT" || len(head.Tags) != 2 || head.Metadata["k"]["n"] != 1.5 || body != "\ntext\n" {
		t.Errorf("front matter = %+v, body %q", head, body)
	}
}

func TestReadMarkdownAfterEditing(t *testing.T) {
	for name, tc := range map[string]struct{ file, want, err string }{
		"plain YAML":       {"---\nelderzan: 1\nscope: PROJECT\ncreated_at: 2026-01-02T03:04:05Z\nupdated_at: 2026-01-02 03:04:05\ntags:\n- a\n- b\n---\n\nThe text.\n", "The text.", ""},
		"CRLF fences":      {"---\r\nelderzan: 1\r\nscope: PROJECT\r\n---\r\n\nText.", "Text.", ""},
		"not ours":         {"---\ntitle: x\n---\nText", "", "not a file"},
		"no front matter":  {"Text", "", "not a file"},
		"newer":            {"---\nelderzan: 2\n---\nText", "", "newer"},
		"not YAML":         {"---\nelderzan: [secret\n---\nText", "", "not YAML"},
		"wrong type":       {"---\nelderzan: 1\nversion: secret\n---\nText", "", `"version"`},
		"no text":          {"---\nelderzan: 1\n---\n", "", "no text"},
		"a key of numbers": {"---\nelderzan: 1\nmetadata:\n  a:\n    1: x\n---\nText", "Text", ""},
		"no end":           {"---\nelderzan: 1\nscope: PROJECT\n", "", "not a file"},
		"empty":            {"---\n---\nText", "", "not a file"},
		"too large":        {strings.Repeat("x", maxMarkdown+1), "", "larger than 8 MiB"},
		"no number":        {"---\nelderzan: 1\nmetadata: {a: .nan}\n---\nText", "", "what JSON cannot"},
		"unknown scope":    {"---\nelderzan: 1\nscope: secret\n---\nText", "", "not that of a memory"},
		"not UTF-8":        {"---\nelderzan: 1\n---\nsecret\xff", "", "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ReadMarkdown([]byte(tc.file))
			if tc.err == "" && (err != nil || m.Content != tc.want) {
				t.Errorf("ReadMarkdown = %q, %v; want %q", m.Content, err, tc.want)
			}
			if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("ReadMarkdown: %v; want %q in it and nothing of the file", err, tc.err)
			}
		})
	}
	if _, err := ReadMarkdown([]byte("Text")); !errors.Is(err, ErrNotOurs) {
		t.Errorf("a foreign file: %v, want ErrNotOurs", err)
	}
}

func TestMarkdownNamesStayInTheFolder(t *testing.T) {
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		m := anyMemory(t)
		m.Project = rapid.SampledFrom([]string{"", "..", "../../etc", "/etc/passwd", "a/b", ".", "東京", "con\x00"}).Draw(t, "path")
		name := MarkdownName(&m)
		if seen[name] || strings.Contains(name, "..") || strings.HasPrefix(name, "/") || strings.Count(name, "/") > 2 || strings.ContainsRune(name, 0) || len(name) > 500 {
			t.Fatalf("name %q", name)
		}
		seen[name] = true
	})
}

func TestWriteMarkdownRefuses(t *testing.T) {
	if b, err := WriteMarkdown(&memory.Memory{Content: "x", Scope: scope.Project, Metadata: map[string]any{"n": math.NaN()}}); err == nil || b != nil {
		t.Errorf("WriteMarkdown = %q, %v; want an error for what JSON cannot hold", b, err)
	}
}

func TestMarkdownNameIsShort(t *testing.T) {
	m := memory.Memory{ID: "x", Title: strings.Repeat("word ", 100), Scope: scope.Project}
	if got := MarkdownName(&m); len(got) > 70 || !strings.HasPrefix(got, "PROJECT/word-word") {
		t.Errorf("MarkdownName = %q", got)
	}
	m = memory.Memory{ID: "x", Content: "…!", Scope: scope.Project}
	if got := MarkdownName(&m); got != "PROJECT/memory-x.md" {
		t.Errorf("MarkdownName of no words = %q", got)
	}
}

func TestMarkdownFiles(t *testing.T) {
	dir := fstest.MapFS{"b.md": {}, "a/x.MD": {}, ".obsidian/y.md": {}, "c.txt": {}, ".hidden.md": {}}
	got, err := MarkdownFiles(dir)
	if err != nil || !reflect.DeepEqual(got, []string{"a/x.MD", "b.md"}) {
		t.Errorf("MarkdownFiles = %q, %v", got, err)
	}
	if _, err := MarkdownFiles(os.DirFS(filepath.Join(t.TempDir(), "nowhere"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("MarkdownFiles of a folder that is not there: %v", err)
	}
}

func FuzzReadMarkdown(f *testing.F) {
	f.Add([]byte("---\nelderzan: 1\nid: x\nmetadata: {\"a\": [1, null]}\n---\n\ntext\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadMarkdown(b)
		if err == nil && m.Content == "" {
			t.Fatal("a memory without a text")
		}
		if err == nil && m.Scope.Valid() {
			if _, err := WriteMarkdown(&m); err != nil && m.CreatedAt.Year() < 9999 && m.UpdatedAt.Year() < 9999 {
				t.Fatalf("what was read cannot be written: %v", err)
			}
		}
	})
}
