package portable

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/elderzan/elderzan/memory"
)

// formatKey opens the front matter of each file that WriteMarkdown has written, with the format's version.
const (
	formatKey     = "elderzan"
	formatVersion = 1
	fence         = "---\n"
)

// MarkdownName is the file of m below the folder of an export: scope, project, day and first words, with the end of the
// id, which keeps names apart.
func MarkdownName(m *memory.Memory) string {
	words := m.Title
	if words == "" {
		words, _, _ = strings.Cut(m.Content, "\n")
	}
	id := string(m.ID)
	name := slug(words, 40) + "-" + id[max(0, len(id)-12):] + ".md"
	if !m.CreatedAt.IsZero() {
		name = m.CreatedAt.UTC().Format(time.DateOnly) + "-" + name
	}
	dir := m.Scope.String()
	if m.Project != "" {
		dir = path.Join(dir, slug(m.Project, 60))
	}
	return path.Join(dir, name)
}

// slug keeps letters and digits, at most n of them, and joins words by hyphens. It is never empty, and never leads out of
// a folder.
func slug(s string, n int) string {
	var b strings.Builder
	count, gap := 0, false
	for _, r := range strings.ToLower(s) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = count > 0
			continue
		}
		if count >= n {
			break
		}
		if gap {
			b.WriteByte('-')
		}
		b.WriteRune(r)
		count, gap = count+1, false
	}
	if b.Len() == 0 {
		return "memory"
	}
	return b.String()
}

// WriteMarkdown writes m as one Markdown file: what is known of it as YAML front matter, then its text. Each value of the
// front matter is JSON, which is YAML too; the text is there byte by byte, followed by one line feed.
func WriteMarkdown(m *memory.Memory) ([]byte, error) {
	head := *m
	head.Content = ""
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s: %d\n", fence, formatKey, formatVersion)
	if err := frontMatter(&b, &head); err != nil {
		return nil, err
	}
	b.WriteString(fence + "\n" + m.Content + "\n")
	return b.Bytes(), nil
}

// frontMatter writes the members of v, but for an empty text, one a line and in the order of its fields.
func frontMatter(b *bytes.Buffer, v any) error {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	d := json.NewDecoder(&raw)
	_, err := d.Token()
	for err == nil && d.More() {
		var key json.Token
		var value json.RawMessage
		key, err = d.Token()
		if err == nil {
			err = d.Decode(&value)
		}
		if key == "content" {
			continue
		}
		fmt.Fprintf(b, "%s: %s\n", key, escapeForYAML(spaced(value)))
	}
	return err
}

// spaced puts a space behind the colons of an object, without which YAML takes the key for a part of the value.
func spaced(raw json.RawMessage) []byte {
	var b bytes.Buffer
	inString, escaped := false, false
	for _, c := range raw {
		b.WriteByte(c)
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case !inString && (c == ':' || c == ','):
			b.WriteByte(' ')
		}
	}
	return b.Bytes()
}

// escapeForYAML escapes what JSON allows within a string and YAML does not, or would read as an end of line.
func escapeForYAML(raw []byte) string {
	var b strings.Builder
	for _, r := range string(raw) {
		if r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff || r == utf8.RuneError {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// ErrNotOurs is why ReadMarkdown does not read a file: elderzan has not written it.
var ErrNotOurs = errors.New("portable: not a file that elderzan has written")

// ReadMarkdown reads what WriteMarkdown has written, also after a person has edited the front matter or the text.
func ReadMarkdown(b []byte) (memory.Memory, error) {
	var m memory.Memory
	head, text, err := SplitFrontMatter(b)
	if err != nil {
		return m, err
	}
	if _, ours := head[formatKey]; !ours {
		return m, ErrNotOurs
	}
	if v := head[formatKey]; v != formatVersion {
		return m, fmt.Errorf("%s: %v is a format of a newer program", formatKey, v)
	}
	delete(head, formatKey)
	raw, err := json.Marshal(head)
	if err != nil {
		return m, errors.New("the front matter holds what JSON cannot")
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "\n"), "\n")
	if text == "" {
		return m, errors.New("no text below the front matter")
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return m, fmt.Errorf("field %q must be a %s", kind.Field, kind.Type)
		}
		return m, errors.New("the front matter is not that of a memory")
	}
	m.Content = text
	return m, nil
}

// maxMarkdown bounds a Markdown file, whoever has written it.
const maxMarkdown = 8 << 20

// SplitFrontMatter takes a Markdown file apart: the YAML between the first two fences, and what comes below. Without
// front matter head is nil and text is all of it. An error never quotes the file.
func SplitFrontMatter(b []byte) (head map[string]any, text string, err error) {
	switch {
	case len(b) > maxMarkdown:
		return nil, "", fmt.Errorf("larger than %d MiB", maxMarkdown>>20)
	case !utf8.Valid(b):
		return nil, "", errors.New("not valid UTF-8")
	}
	s := strings.TrimPrefix(string(b), "\ufeff")
	opening := frontFence.FindString(s)
	if opening == "" {
		return nil, s, nil
	}
	body := s[len(opening):]
	at := frontEnd.FindStringIndex("\n" + body)
	if at == nil {
		return nil, s, nil
	}
	front := body[:max(0, at[0])]
	if err := yaml.Unmarshal([]byte(front), &head); err != nil {
		return nil, "", errors.New("the front matter is not YAML")
	}
	return plain(head).(map[string]any), body[at[1]-1:], nil
}

var (
	frontFence = regexp.MustCompile(`^---[ \t]*\r?\n`)
	frontEnd   = regexp.MustCompile(`\n---[ \t]*(\r?\n|$)`)
)

// plain turns what YAML makes into what JSON makes: keys are strings, times their text.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return map[string]any{}
		}
		for k, inner := range v {
			v[k] = plain(inner)
		}
	case map[any]any:
		out := map[string]any{}
		for k, inner := range v {
			out[fmt.Sprint(k)] = plain(inner)
		}
		return out
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return v
}

// MarkdownFiles lists the Markdown files of a folder in order, those of hidden folders left out.
func MarkdownFiles(dir fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && strings.EqualFold(path.Ext(name), ".md") {
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}
