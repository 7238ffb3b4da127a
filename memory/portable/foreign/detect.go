package foreign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/elderzan/elderzan/memory/portable"
)

// Detect says which format a file or folder is in, by what is in it and not by its name. It returns an error wrapping
// ErrUnknown where none fits.
func Detect(ctx context.Context, name string) (Kind, error) {
	s, err := open(name)
	if err != nil {
		return "", err
	}
	defer s.close()
	switch {
	case s.folder != nil:
		return s.detectFolder()
	case isSQLite(name):
		return detectDatabase(ctx, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if strings.EqualFold(path.Ext(name), ".md") {
		return s.detectFolder()
	}
	return detectJSON(f)
}

func isSQLite(name string) bool {
	return bytes.Equal(firstBytes(name, 16), []byte("SQLite format 3\x00"))
}

func detectDatabase(ctx context.Context, name string) (Kind, error) {
	db, err := openDatabase(name)
	if err != nil {
		return "", err
	}
	defer db.Close()
	for kind, want := range map[Kind][2]string{MemoryService: {"memories", "content_hash"}, Engram: {"observations", "session_id"}} {
		have, err := columns(ctx, db, want[0])
		if err != nil {
			return "", err
		}
		if have[want[1]] {
			return kind, nil
		}
	}
	return "", fmt.Errorf("%w: an SQLite database of another program", ErrUnknown)
}

// detectFolder looks for the files of an export, then for notes.
func (s *source) detectFolder() (Kind, error) {
	kind := Kind("")
	for _, pattern := range []string{"conversations*.json", "memories.json", "projects.json", "memory.jsonl", "*.jsonl", "*.json"} {
		if s.folder == nil {
			break
		}
		err := s.files(pattern, func(_ string, r io.Reader) error {
			var err error
			if kind, err = detectJSON(r); err == nil {
				return errStop
			}
			return nil
		})
		if kind != "" {
			return kind, nil
		}
		if err != nil && !errors.Is(err, errStop) {
			return "", err
		}
	}
	err := s.markdown(context.Background(), func(_ string, b []byte, _ fs.FileInfo) error {
		head, _, err := portable.SplitFrontMatter(b)
		if err != nil {
			return nil
		}
		kind = BasicMemory
		if _, ours := head["elderzan"]; ours {
			kind = Markdown
			return errStop
		}
		return nil
	})
	if kind != "" {
		return kind, nil
	}
	if err != nil {
		return "", err
	}
	return "", fmt.Errorf("%w: no notes and no export in it", ErrUnknown)
}

// signs are members that only one format has, in the order of looking.
var signs = []struct {
	key  string
	kind Kind
}{
	{"chat_messages", Claude}, {"conversations_memory", Claude}, {"prompt_template", Claude}, {"mapping", ChatGPT},
	{"observations", Engram}, {"memory", Mem0}, {"user_id", Mem0}, {"results", Mem0}, {"memories", Mem0}, {"relations", Mem0},
}

// detectJSON looks at the first value, or the first element of a list, member by member: the rest may be very long.
func detectJSON(r io.Reader) (Kind, error) {
	d := json.NewDecoder(skipBOM(r))
	t, err := d.Token()
	if t == json.Delim('[') && d.More() {
		t, err = d.Token()
	}
	if err != nil || t != json.Delim('{') {
		return "", fmt.Errorf("%w: it is not JSON of any memory", ErrUnknown)
	}
	found := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrUnknown, notJSON(err))
		}
		name, _ := key.(string)
		var value json.RawMessage
		if name == "results" || name == "memories" || name == "mapping" || name == "chat_messages" {
			found[name] = true
			break // what follows may be all of the file
		}
		if err := d.Decode(&value); err != nil {
			return "", fmt.Errorf("%w: %w", ErrUnknown, notJSON(err))
		}
		var text string
		if json.Unmarshal(value, &text) == nil {
			found[name] = text
		} else {
			found[name] = true
		}
	}
	if kind := found["type"]; (kind == "entity" && found["name"] != nil) || (kind == "relation" && found["from"] != nil) {
		return ServerMemory, nil
	}
	if found["content"] != nil && found["scope"] != nil && found["session_id"] == nil {
		return Elderzan, nil
	}
	for _, sign := range signs {
		if found[sign.key] != nil {
			return sign.kind, nil
		}
	}
	if found["content"] != nil {
		return Elderzan, nil
	}
	return "", fmt.Errorf("%w: it is not JSON of any memory", ErrUnknown)
}

// maxWhole bounds a file that is read at once.
const maxWhole = 1 << 30

func (s *source) wholeJSON(v any) error {
	return s.files("*.json", func(_ string, r io.Reader) error {
		b, err := io.ReadAll(io.LimitReader(skipBOM(r), maxWhole))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(b, v); err != nil {
			return notJSON(err)
		}
		return nil
	})
}
