package foreign

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/portable"
)

// readBasicMemory reads a folder of basic-memory's notes: Markdown with front matter. A note is one memory with all its
// text, observations and relations as they stand; the folder it is in is kept in the metadata.
func readBasicMemory(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	return s.markdown(ctx, func(name string, b []byte, info fs.FileInfo) error {
		head, text, err := portable.SplitFrontMatter(b)
		if err != nil {
			return complain(yield, name, err)
		}
		m := memory.Memory{Content: text, Metadata: map[string]any{"file": name}, Title: strings.TrimSuffix(path.Base(name), path.Ext(name))}
		rest := maps.Clone(head)
		for _, key := range []string{"title", "type", "tags", "permalink", "created", "modified"} {
			delete(rest, key)
		}
		for key, value := range rest {
			if value != nil {
				m.Metadata[key] = value
			}
		}
		if title, ok := head["title"]; ok && title != nil {
			m.Title = fmt.Sprint(title)
		}
		if kind, ok := head["type"].(string); ok {
			m.Kind = kindOf(kind)
		}
		m.Tags = tagList(head["tags"])
		m.CreatedAt, m.UpdatedAt = timeOf(head["created"]), timeOf(head["modified"])
		if info != nil && m.UpdatedAt.IsZero() {
			m.UpdatedAt = timeOf(info.ModTime())
		}
		if m.CreatedAt.IsZero() {
			m.CreatedAt = m.UpdatedAt
		}
		id := name // a note without a permalink is known by its file
		if link, ok := head["permalink"].(string); ok && link != "" {
			m.Metadata["permalink"], id = link, link
		}
		m.Content = withoutTitle(text, m.Title)
		return emit(yield, entries(BasicMemory, name, m, id)...)
	})
}

// withoutTitle drops a first heading that repeats the title.
func withoutTitle(text, title string) string {
	trimmed := strings.TrimSpace(text)
	first, rest, _ := strings.Cut(trimmed, "\n")
	if h, ok := strings.CutPrefix(first, "# "); ok && strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(title)) && strings.TrimSpace(rest) != "" {
		return rest
	}
	return trimmed
}

// tagList reads tags as a list or as text with commas; a leading # is no part of a tag.
func tagList(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		out = strings.Split(v, ",")
	case []any:
		for _, t := range v {
			out = append(out, fmt.Sprint(t))
		}
	}
	for i := range out {
		out[i] = strings.TrimPrefix(strings.TrimSpace(out[i]), "#")
	}
	return slices.DeleteFunc(out, func(t string) bool { return t == "" })
}
