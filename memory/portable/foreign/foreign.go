package foreign

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
)

// Kind names a format by the memory that writes it.
type Kind string

// The formats.
const (
	Elderzan      Kind = "elderzan"           // JSON Lines of `elderzan export`
	Markdown      Kind = "markdown"           // folder of `elderzan export --markdown`
	ServerMemory  Kind = "server-memory"      // memory.jsonl of the official MCP server
	Mem0          Kind = "mem0"               // JSON of get_all, an export, or OpenMemory
	BasicMemory   Kind = "basic-memory"       // folder of notes
	MemoryService Kind = "mcp-memory-service" // sqlite_vec.db
	Engram        Kind = "engram"             // engram.db, or JSON of `engram export`
	Claude        Kind = "claude"             // export of claude.ai: archive, folder or one of its files
	ChatGPT       Kind = "chatgpt"            // export of ChatGPT: archive, folder or conversations.json
)

// Kinds lists the formats; the caller owns the slice.
func Kinds() []Kind {
	return []Kind{Elderzan, Markdown, ServerMemory, Mem0, BasicMemory, MemoryService, Engram, Claude, ChatGPT}
}

// Entry is one entry of the other memory.
type Entry struct {
	Memory memory.Memory
	Where  string // place in the file, for messages: "line 3", "entity 2" …
	// Skipped is why an entry is left out, such as "deleted there"; Memory is empty then. "" for one to be stored.
	Skipped string
}

// EntryError says which entry cannot be read; the ones after it can. It never quotes the entry.
type EntryError struct {
	Where string
	Err   error
}

func (e *EntryError) Error() string { return fmt.Sprintf("%s: %v", e.Where, e.Err) }
func (e *EntryError) Unwrap() error { return e.Err }

// ErrUnknown says that no format fits a file.
var ErrUnknown = errors.New("foreign: not a format that is known")

// Read yields the entries of the file or folder in order. An *EntryError concerns one entry and reading goes on; any
// other error is the last thing yielded.
func Read(ctx context.Context, kind Kind, name string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		read, ok := map[Kind]func(context.Context, *source, func(Entry, error) bool) error{
			Elderzan: readElderzan, Markdown: readMarkdown, ServerMemory: readServerMemory, Mem0: readMem0, BasicMemory: readBasicMemory,
			MemoryService: readMemoryService, Engram: readEngram, Claude: readClaude, ChatGPT: readChatGPT,
		}[kind]
		if !ok {
			yield(Entry{}, fmt.Errorf("%w: %q", ErrUnknown, kind))
			return
		}
		src, err := open(name)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer src.close()
		if err := read(ctx, src, yield); err != nil && !errors.Is(err, errStop) {
			yield(Entry{}, err)
		}
	}
}

// errStop ends a walk whose caller wants no more.
var errStop = errors.New("stop")

// source is a file, a folder or an archive.
type source struct {
	name   string
	info   fs.FileInfo
	folder fs.FS // of a folder or an archive; nil for a file
	zip    *zip.ReadCloser
}

func open(name string) (*source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	s := &source{name: name, info: info}
	switch {
	case info.IsDir():
		s.folder = os.DirFS(name)
	case isZip(name):
		if s.zip, err = zip.OpenReader(name); err != nil {
			return nil, fmt.Errorf("read archive: %w", err)
		}
		s.folder = s.zip
	}
	return s, nil
}

func isZip(name string) bool { return bytes.HasPrefix(firstBytes(name, 4), []byte("PK\x03\x04")) }

func firstBytes(name string, n int) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	b := make([]byte, n)
	n, _ = io.ReadFull(f, b) // a short file is short
	return b[:n]
}

func (s *source) close() {
	if s.zip != nil {
		_ = s.zip.Close() // it was only read
	}
}

// maxFile bounds one file of an archive when it is unpacked.
const maxFile = 4 << 30

// files opens the files of a folder or archive whose base name fits the pattern, in order; of a single file itself.
func (s *source) files(pattern string, do func(name string, r io.Reader) error) error {
	if s.folder == nil {
		f, err := os.Open(s.name)
		if err != nil {
			return err
		}
		defer f.Close()
		return do(path.Base(s.name), f)
	}
	var names []string
	err := fs.WalkDir(s.folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if fit, _ := path.Match(pattern, path.Base(name)); fit {
				names = append(names, name)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := func() error {
			f, err := s.folder.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			return do(name, io.LimitReader(f, maxFile))
		}(); err != nil {
			return err
		}
	}
	return nil
}

// elements decodes a JSON array, or the array under one of the keys of an object, element by element: exports are larger
// than memory. The other members of an object are passed over.
func elements(r io.Reader, keys []string, do func(i int, raw json.RawMessage) error) error {
	d := json.NewDecoder(skipBOM(r))
	t, err := d.Token()
	if err != nil {
		return notJSON(err)
	}
	list := func() error {
		for i := 1; d.More(); i++ {
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				return notJSON(err)
			}
			if err := do(i, raw); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return notJSON(err)
	}
	switch t {
	case json.Delim('['):
		return list()
	case json.Delim('{'):
	default:
		return errors.New("neither a list nor an object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		if name, _ := key.(string); !slices.Contains(keys, name) {
			var other json.RawMessage
			if err := d.Decode(&other); err != nil {
				return notJSON(err)
			}
			continue
		}
		switch t, err := d.Token(); {
		case err != nil:
			return notJSON(err)
		case t == json.Delim('['):
			if err := list(); err != nil {
				return err
			}
		case t == nil: // an empty list of Go programs
		default:
			return fmt.Errorf("%q is not a list", key)
		}
	}
	_, err = d.Token() // the end of the object, without which the file is cut off
	return notJSON(err)
}

// notJSON tells where JSON ends being JSON, without quoting it.
func notJSON(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind): // which quotes numbers
		return fmt.Errorf("field %q must be a %s", kind.Field, kind.Type)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the file ends within its JSON")
	}
	return err
}

func skipBOM(r io.Reader) io.Reader {
	b := make([]byte, 3)
	n, _ := io.ReadFull(r, b) // the rest of a short file follows
	return io.MultiReader(bytes.NewReader(bytes.TrimPrefix(b[:n], []byte("\xef\xbb\xbf"))), r)
}

// space is the root of the ids that are derived here.
var space = uuid.MustParse("8f8a4f2e-6d0b-5f0a-9c57-6a1b6f4d2c31")

// idFor derives a memory's id from what identifies it where it comes from.
func idFor(kind Kind, parts ...string) memory.ID {
	return memory.ID(uuid.NewSHA1(space, []byte(string(kind)+"\x00"+strings.Join(parts, "\x00"))).String())
}

// entries turns one of their entries into memories: text that is longer than a memory may be is divided, and what is
// beyond other limits is cut, so that nothing fails for its size.
func entries(kind Kind, where string, m memory.Memory, id ...string) []Entry {
	m.Client = string(kind)
	m.Title, m.Kind = cut(m.Title, memory.MaxTitleBytes), cut(m.Kind, memory.MaxNameBytes)
	m.Project, m.Session, m.Author = cut(m.Project, memory.MaxNameBytes), cut(m.Session, memory.MaxNameBytes), cut(m.Author, memory.MaxNameBytes)
	m.Tags = tags(m.Tags)
	if m.Metadata == nil {
		m.Metadata = map[string]any{}
	}
	m.Metadata["source"] = string(kind)
	if b, err := json.Marshal(m.Metadata); err != nil || len(b) > memory.MaxMetadataBytes {
		m.Metadata = map[string]any{"source": string(kind), "metadata_left_out": "too large"}
	}
	text := strings.TrimSpace(clean(m.Content))
	if text == "" {
		return []Entry{{Where: where, Skipped: "no text"}}
	}
	parts := pieces(text, memory.MaxContentBytes)
	out := make([]Entry, 0, len(parts))
	for i, part := range parts {
		one := m
		one.ID, one.Content = idFor(kind, id...), part
		if len(parts) > 1 {
			one.ID = idFor(kind, append(slices.Clone(id), fmt.Sprintf("part %d", i+1))...)
			one.Title = cut(strings.TrimSpace(fmt.Sprintf("(%d/%d) %s", i+1, len(parts), m.Title)), memory.MaxTitleBytes)
			one.Metadata = maps.Clone(m.Metadata)
			one.Metadata["part"], one.Metadata["parts"] = i+1, len(parts)
		}
		out = append(out, Entry{Memory: one, Where: where})
	}
	return out
}

// emit hands entries on.
func emit(yield func(Entry, error) bool, es ...Entry) error {
	for _, e := range es {
		if !yield(e, nil) {
			return errStop
		}
	}
	return nil
}

// complain hands on that one entry cannot be read.
func complain(yield func(Entry, error) bool, where string, err error) error {
	if !yield(Entry{}, &EntryError{Where: where, Err: err}) {
		return errStop
	}
	return nil
}

// clean makes valid UTF-8 without NUL.
func clean(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "") }

// cut shortens s to at most n bytes of whole characters.
func cut(s string, n int) string {
	s = strings.TrimSpace(clean(s))
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func tags(in []string) (out []string) {
	for _, t := range in {
		if t = cut(t, memory.MaxTagBytes); t != "" && !slices.Contains(out, t) && len(out) < memory.MaxTags {
			out = append(out, t)
		}
	}
	return out
}

// pieces divides text into parts of at most n bytes, at the end of a paragraph, a line or a word where there is one in the
// second half.
func pieces(text string, n int) []string {
	var out []string
	for len(text) > n {
		at := 0
		for _, end := range []string{"\n\n", "\n", " "} {
			if i := strings.LastIndex(text[:n], end); i > n/2 {
				at = i
				break
			}
		}
		if at == 0 {
			at = len(strings.ToValidUTF8(text[:n], ""))
		}
		if part := strings.TrimSpace(text[:at]); part != "" {
			out = append(out, part)
		}
		text = strings.TrimSpace(text[at:])
	}
	if text != "" {
		out = append(out, text)
	}
	return out
}

// timeOf reads a time as programs write it: ISO 8601 with or without a zone, SQLite's, or seconds since 1970; zero for
// anything else. A time without a zone is UTC.
func timeOf(v any) time.Time {
	switch v := v.(type) {
	case int64:
		return timeOf(float64(v))
	case float64:
		if v > 0 && v < 1e11 {
			return time.UnixMilli(int64(v * 1000)).UTC()
		}
	case time.Time:
		return v.UTC().Truncate(time.Millisecond)
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02"} {
			if t, err := time.Parse(layout, strings.TrimSpace(v)); err == nil && t.Year() > 1 && t.Year() < 9999 {
				return t.UTC().Truncate(time.Millisecond)
			}
		}
	}
	return time.Time{}
}

// kindNames translates what others call an entry into our kinds, "" into none; what is not here is kept as it is.
var kindNames = map[string]string{
	"note": "", "memory": "", "observation": "", "general": "", "manual": "", "fact": "project-fact", "bugfix": "how-to", "bug": "how-to", "discovery": "project-fact",
	"learning": "best-practice", "pattern": "best-practice", "best_practice": "best-practice", "preferences": "preference", "config": "project-fact",
	"architecture": "decision", "standard": "convention", "howto": "how-to",
}

// kindOf returns our kind for theirs; "" leaves it to the classifier.
func kindOf(theirs string) string {
	theirs = strings.ToLower(strings.TrimSpace(theirs))
	if ours, known := kindNames[theirs]; known {
		return ours
	}
	return theirs
}
