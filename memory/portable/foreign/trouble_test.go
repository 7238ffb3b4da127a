package foreign

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
)

// good are a file or folder of each format.
func good(t *testing.T) map[Kind][]string {
	t.Helper()
	own := filepath.Join(t.TempDir(), "all.jsonl")
	folder := t.TempDir()
	put(t, own, "{\"content\":\"One.\",\"scope\":\"PROJECT\"}\n{\"content\":\"Two.\",\"scope\":\"PROJECT\"}\n")
	for _, name := range []string{"a.md", "b.md"} {
		put(t, filepath.Join(folder, name), "---\nelderzan: 1\nscope: PROJECT\n---\n\nText.\n")
	}
	return map[Kind][]string{
		Elderzan: {own}, Markdown: {folder}, ServerMemory: {"testdata/server-memory.jsonl"}, Mem0: {"testdata/mem0.json", "testdata/openmemory.json"},
		BasicMemory: {"testdata/basic-memory"}, MemoryService: {serviceDB(t)}, Engram: {"testdata/engram.json", engramDB(t)},
		Claude: {"testdata/claude", "testdata/claude/projects.json", "testdata/claude/memories.json", archive(t, "testdata/claude")}, ChatGPT: {"testdata/chatgpt", archive(t, "testdata/chatgpt")},
	}
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEveryKind: each kind that is listed can be read, and says so where there is nothing to read.
func TestEveryKind(t *testing.T) {
	files := good(t)
	for _, kind := range Kinds() {
		if len(files[kind]) == 0 {
			t.Errorf("%s has no file here", kind)
		}
		n := 0
		for _, err := range Read(t.Context(), kind, filepath.Join(t.TempDir(), "nowhere")) {
			if n++; !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v; want that the file is not there", kind, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d errors", kind, n)
		}
	}
	if _, err := Detect(t.Context(), filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Detect: %v", err)
	}
}

// TestStopsAnywhere: whoever has enough after any number of entries is given no more, whatever the format.
func TestStopsAnywhere(t *testing.T) {
	for kind, names := range good(t) {
		for _, name := range names {
			all := 0
			for range Read(t.Context(), kind, name) {
				all++
			}
			for enough := 1; enough <= all; enough++ {
				n := 0
				for range Read(t.Context(), kind, name) { // yielding on after the end of the loop would panic
					if n++; n == enough {
						break
					}
				}
				if n != enough {
					t.Errorf("%s: %d entries instead of %d", name, n, enough)
				}
			}
		}
	}
}

// TestGivesUp: a caller whose time is over gets an error, and not the rest of the file.
func TestGivesUp(t *testing.T) {
	for kind, names := range good(t) {
		for _, name := range names {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			n, ended := 0, false
			for _, err := range Read(ctx, kind, name) {
				n++
				ended = ended || errors.Is(err, context.Canceled)
			}
			if n != 1 || !ended {
				t.Errorf("%s: %d entries, ended by the context: %v", name, n, ended)
			}
		}
	}
}

func ownLine(text string) string {
	return fmt.Sprintf("{\"id\":%q,\"content\":%q}\n", memory.NewID(), text)
}

// TestBadEntries: one entry that cannot be read is named by its place and costs nobody else theirs; what is in it is in no message.
func TestBadEntries(t *testing.T) {
	for name, tc := range map[string]struct {
		kind Kind
		file string
		text string
		want string // texts
		bad  string
	}{
		"elderzan":               {Elderzan, "a.jsonl", ownLine("a") + "{\"content\":40711}\n" + ownLine("b"), "a|b", `line 2: field "content" must be a string`},
		"markdown":               {Markdown, "m/a.md", "---\nelderzan: 1\nversion: secret\n---\nText\n", "", `a.md: field "version" must be a int`},
		"a graph":                {ServerMemory, "g.jsonl", "\n{\"type\":\"entity\",\"name\":\"A\",\"observations\":[\"x\"]}\n{\"type\":\"entity\",\"name\":40711}\n  \n{\"type\":\"entity\",\"name\":\"B\",\"observations\":[\"y\"]}\n", "A: x|B: y", `line 3: field "name" must be a string`},
		"mem0":                   {Mem0, "m.json", `{"total":2,"results":[{"memory":"a"},{"memory":40711},{"memory":"b"}]}`, "a|b", `memory 2: field "memory" must be a string`},
		"notes":                  {BasicMemory, "n/a.md", "---\ntitle: [secret\n---\nText\n", "", "a.md: the front matter is not YAML"},
		"claude, a conversation": {Claude, "c.json", `[{"chat_messages":40711},{"chat_messages":[{"text":"a","sender":"human"}]}]`, "User: a", `conversation 1: field "chat_messages" must be a []struct`},
		"claude, a project":      {Claude, "c.json", `[{"uuid":40711},{"uuid":"u","description":"a"},{"secret":1}]`, "a", `project 1: field "uuid" must be a string|project 3: neither a conversation nor a project`},
		"claude, memories":       {Claude, "c.json", `[{"conversations_memory":40711}]`, "", `memories: field "conversations_memory" must be a string`},
		"chatgpt":                {ChatGPT, "c.json", `[{"mapping":40711},{"conversation_id":"c","current_node":"n","mapping":{"n":{"message":{"author":{"role":"user"},"content":{"content_type":"text","parts":["a"]}}}}}]`, "User: a", `conversation 1: field "mapping" must be a map`},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tc.file)
			put(t, file, tc.text)
			if strings.Contains(tc.file, "/") {
				file = filepath.Dir(file)
			}
			ms, _, bad := readAll(t, tc.kind, file)
			if got := strings.Join(texts(ms), "|"); got != tc.want {
				t.Errorf("read %q; want %q", got, tc.want)
			}
			wanted := strings.Split(tc.bad, "|")
			if len(bad) != len(wanted) {
				t.Fatalf("bad = %q; want %q", bad, wanted)
			}
			for i, b := range bad {
				if !strings.HasPrefix(b, wanted[i]) || strings.Contains(b, "40711") || strings.Contains(b, "secret") {
					t.Errorf("bad = %q; want %q", b, wanted[i])
				}
			}
			for range Read(t.Context(), tc.kind, file) { // whoever stops at a bad entry is given no more
				break
			}
		})
	}
	e := &EntryError{Where: "line 3", Err: errors.ErrUnsupported}
	if !errors.Is(e, errors.ErrUnsupported) {
		t.Errorf("%v hides its cause", e)
	}
}

// TestCutOff: a file that ends too early is no file of fewer entries.
func TestCutOff(t *testing.T) {
	for name, tc := range map[string]struct {
		kind Kind
		text string
		want string
	}{
		"within the list":     {Mem0, `{"results":[{"memory":"a"}`, "the file ends within its JSON"},
		"behind the list":     {Mem0, `{"results":[{"memory":"a"}]`, "the file ends within its JSON"},
		"behind a comma":      {Mem0, `{"results":[],`, "the file ends within its JSON"},
		"within a member":     {Mem0, `{"total":[1,`, "the file ends within its JSON"},
		"within a name":       {Mem0, `{"tot`, "the file ends within its JSON"},
		"before a list":       {Mem0, `{"results":`, "the file ends within its JSON"},
		"within an entry":     {Mem0, `[{"memory":"a"},{"mem`, "the file ends within its JSON"},
		"empty":               {Mem0, "", "the file ends within its JSON"},
		"no list":             {Mem0, `{"results":7}`, `"results" is not a list`},
		"no list, no object":  {Mem0, `"secret"`, "neither a list nor an object"},
		"other text":          {Mem0, `{"results":[{"memory":"a"},secret]}`, "not JSON at byte"},
		"engram":              {Engram, `{"observations":[`, "not JSON at byte 17"},
		"engram, wrong types": {Engram, `{"observations":[{"id":"40711"}]}`, `field "observations.id" must be a int64`},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "memories.json")
			put(t, file, tc.text)
			var last error
			for _, err := range Read(t.Context(), tc.kind, file) {
				last = err
			}
			if last == nil || !strings.Contains(last.Error(), tc.want) || strings.Contains(last.Error(), "secret") || strings.Contains(last.Error(), "40711") {
				t.Errorf("Read ended with %v; want %q", last, tc.want)
			}
		})
	}
	// What Go programs write for an empty list is one.
	file := filepath.Join(t.TempDir(), "memories.json")
	put(t, file, "\xef\xbb\xbf"+`{"results":null,"memories":[{"memory":"a"}]}`)
	if ms, _, bad := readAll(t, Mem0, file); len(ms) != 1 || len(bad) > 0 {
		t.Errorf("read %q, bad %q", texts(ms), bad)
	}
}

// TestDamagedArchive: what cannot be unpacked is said, and what came before it was read.
func TestDamagedArchive(t *testing.T) {
	damaged := func(t *testing.T, name, text string) string {
		t.Helper()
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "export.zip")
		put(t, file, strings.Replace(b.String(), "Tuesdays", "Thursday", 1))
		return file
	}
	for name, tc := range map[string]struct {
		kind       Kind
		file, text string
		step       string
	}{
		"elderzan":  {Elderzan, "all.jsonl", "{\"content\":\"a\"}\n{\"content\":\"Tuesdays\"}\n", "line 3: "},
		"a graph":   {ServerMemory, "memory.jsonl", "{\"type\":\"entity\",\"name\":\"Tuesdays\"}\n", "line 2: "},
		"mem0":      {Mem0, "memories.json", `[{"memory":"Tuesdays"}`, ""},
		"engram":    {Engram, "engram.json", `{"observations":[{"content":"Tuesdays"}]}`, ""},
		"markdown":  {Markdown, "a.md", "---\nelderzan: 1\n---\nTuesdays", ""},
		"notes":     {BasicMemory, "a.md", "Tuesdays", ""},
		"a service": {Claude, "conversations.json", `[{"chat_messages":[{"text":"Tuesdays"}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			for _, err := range Read(t.Context(), tc.kind, damaged(t, tc.file, tc.text)) {
				last = err
			}
			if !errors.Is(last, zip.ErrChecksum) || !strings.HasPrefix(last.Error(), tc.step) {
				t.Errorf("Read ended with %v; want %qa checksum that is wrong", last, tc.step)
			}
		})
	}
	if _, err := Detect(t.Context(), damaged(t, "notes.md", "---\ntitle: Tuesdays\n---\nText")); !errors.Is(err, zip.ErrChecksum) {
		t.Errorf("Detect = %v", err)
	}
	file := filepath.Join(t.TempDir(), "half.zip")
	put(t, file, "PK\x03\x04 and no more")
	if _, err := Detect(t.Context(), file); err == nil || !strings.HasPrefix(err.Error(), "read archive: ") {
		t.Errorf("half an archive: %v", err)
	}
}

// TestDetectFolder looks at what files hold, past those that hold nothing of a memory.
func TestDetectFolder(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  Kind
	}{
		"an export among settings": {map[string]string{"a.json": `{"theme":"dark"}`, "memory.jsonl": `{"type":"relation","from":"A","to":"B"}`}, ServerMemory},
		"a list of memories":       {map[string]string{"x.json": `{"memories":[`}, Mem0},
		"ours by its text alone":   {map[string]string{"x.jsonl": `{"content":"a"}`}, Elderzan},
		"notes":                    {map[string]string{"a.md": "Text", "b.md": "---\nx: [\n---\n"}, BasicMemory},
		"ours among notes":         {map[string]string{"a.md": "Text", "b.md": "---\nelderzan: 1\n---\nText"}, Markdown},
		"notes that are damaged":   {map[string]string{"a.md": "---\nx: [\n---\n"}, ""},
		"nothing":                  {map[string]string{"a.txt": "Text"}, ""},
	} {
		dir := t.TempDir()
		for file, text := range tc.files {
			put(t, filepath.Join(dir, file), text)
		}
		got, err := Detect(t.Context(), dir)
		if got != tc.want || (tc.want == "") != errors.Is(err, ErrUnknown) {
			t.Errorf("%s: Detect = %q, %v; want %q", name, got, err, tc.want)
		}
	}
	// A note by itself.
	file := filepath.Join(t.TempDir(), "note.md")
	put(t, file, "---\ntitle: A note\n---\nText\n")
	if got, err := Detect(t.Context(), file); err != nil || got != BasicMemory {
		t.Errorf("Detect of a note = %q, %v", got, err)
	}
	if ms, _, _ := readAll(t, BasicMemory, file); len(ms) != 1 || ms[0].Title != "A note" || ms[0].UpdatedAt.IsZero() {
		t.Errorf("a note = %+v", ms)
	}
	for _, text := range []string{`{"a":1,secret`, `{"a":secret}`} {
		put(t, file+".json", text)
		if _, err := Detect(t.Context(), file+".json"); !errors.Is(err, ErrUnknown) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Detect = %v", err)
		}
	}
}

// TestStrangeDatabases: columns that hold what their program never writes cost one entry at most, and are quoted nowhere.
func TestStrangeDatabases(t *testing.T) {
	service := func(rows string) string {
		return database(t, "sqlite_vec.db", `CREATE TABLE memories (id INTEGER PRIMARY KEY, content_hash, content, tags, memory_type, metadata, created_at REAL, updated_at REAL, deleted_at)`, "INSERT INTO memories VALUES "+rows)
	}
	for name, tc := range map[string]struct {
		file    string
		want    []string
		skipped int
	}{
		"no text":              {service(`(1, 'h1', NULL, NULL, NULL, NULL, 1, 1, NULL), (2, 'h2', 'a', NULL, NULL, NULL, 1, 1, NULL)`), []string{"a"}, 1},
		"a time in words":      {service(`(1, 'h1', 'a', NULL, NULL, NULL, 'secret', 'secret', NULL)`), []string{"a"}, 0},
		"a time of another":    {service(`(1, 'h1', 'a', NULL, NULL, NULL, '2026-01-02T03:04:05Z', 1767323045, NULL)`), []string{"a"}, 0},
		"deleted at some time": {service(`(1, 'h1', 'a', NULL, NULL, NULL, 1, 1, '2026-01-02'), (2, 'h2', 'b', NULL, NULL, NULL, 1, 1, NULL)`), []string{"b"}, 1},
		"metadata of another":  {service(`(1, 'h1', 'a', '[', NULL, 'secret', 1, 1, NULL)`), []string{"a"}, 0},
		"no hash":              {service(`(1, NULL, 'a', NULL, NULL, NULL, 1, 1, NULL), (2, NULL, 'b', NULL, NULL, NULL, 1, 1, NULL)`), []string{"a", "b"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ms, skipped, bad := readAll(t, MemoryService, tc.file)
			if !slices.Equal(texts(ms), tc.want) || len(skipped) != tc.skipped || len(bad) > 0 {
				t.Errorf("read %q, skipped %q, bad %q; want %q", texts(ms), skipped, bad, tc.want)
			}
			if len(ids(ms)) != len(ms) {
				t.Errorf("%d ids for %d memories", len(ids(ms)), len(ms))
			}
			for _, m := range ms {
				if name == "metadata of another" && m.Metadata["metadata_left_out"] != "not JSON" {
					t.Errorf("metadata = %v", m.Metadata)
				}
				if name == "a time of another" && (m.CreatedAt.Year() != 2026 || m.UpdatedAt.Year() != 2026) {
					t.Errorf("times = %v, %v", m.CreatedAt, m.UpdatedAt)
				}
			}
		})
	}
	engram := func(observations, sessions string, more ...string) string {
		return database(t, "engram.db", append([]string{`CREATE TABLE observations (id, session_id, type, title, content, tool_name, project, created_at)`, `CREATE TABLE sessions (id, project, started_at, ended_at, summary)`,
			"INSERT INTO observations VALUES " + observations, "INSERT INTO sessions VALUES " + sessions}, more...)...)
	}
	ms, _, bad := readAll(t, Engram, engram(`(1, NULL, NULL, NULL, 'a', NULL, NULL, NULL)`, `(NULL, NULL, NULL, NULL, 'b')`))
	if !slices.Equal(texts(ms), []string{"a", "b"}) || len(bad) > 0 {
		t.Errorf("an older engram = %q, bad %q", texts(ms), bad)
	}
	for name, tc := range map[string]struct {
		kind Kind
		file string
		want string
	}{
		"a number in words":     {Engram, engram(`('secret', 's', 't', 't', 'a', NULL, NULL, '')`, `('s', 'p', '', NULL, NULL)`), "read database: observation 1 is not one of engram"},
		"no table of sessions":  {Engram, database(t, "engram.db", `CREATE TABLE observations (id, session_id, type, title, content, tool_name, project, created_at)`), "read database: "},
		"fewer columns":         {Engram, database(t, "engram.db", `CREATE TABLE observations (id, session_id)`), "read database: "},
		"fewer, of the service": {MemoryService, database(t, "x.db", `CREATE TABLE memories (id, content_hash)`), "read database: "},
		"of another program":    {Engram, serviceDB(t), "no table of engram in it"},
		"of another, too":       {MemoryService, engramDB(t), "no table of mcp-memory-service in it"},
	} {
		var last error
		for _, err := range Read(t.Context(), tc.kind, tc.file) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), tc.want) || strings.Contains(last.Error(), "secret") {
			t.Errorf("%s: %v; want %q", name, last, tc.want)
		}
	}
}

// TestDamagedDatabase: pages that are no database's end the reading with an error, after what could be read.
func TestDamagedDatabase(t *testing.T) {
	fill := []string{`CREATE TABLE memories (id INTEGER PRIMARY KEY, content_hash, content, tags, memory_type, metadata, created_at, updated_at)`}
	for i := range 200 {
		fill = append(fill, fmt.Sprintf("INSERT INTO memories VALUES (%d, 'h%d', '%s', NULL, NULL, NULL, 1, 1)", i+1, i, strings.Repeat("secret ", 60)))
	}
	file := database(t, "sqlite_vec.db", fill...)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) * 3 / 4; i < len(b); i++ {
		b[i] = 0x5a
	}
	put(t, file, string(b))
	n := 0
	var last error
	for _, err := range Read(t.Context(), MemoryService, file) {
		if last = err; err == nil {
			n++
		}
	}
	if n < 50 || n >= 200 || last == nil || !strings.HasPrefix(last.Error(), "read database: ") || strings.Contains(last.Error(), "secret") {
		t.Errorf("%d entries, then %v", n, last)
	}
	rubbish := filepath.Join(t.TempDir(), "x.db")
	put(t, rubbish, "SQLite format 3\x00"+strings.Repeat("secret", 1000))
	if _, err := Detect(t.Context(), rubbish); err == nil || !strings.HasPrefix(err.Error(), "read database: ") {
		t.Errorf("Detect = %v", err)
	}
	for _, kind := range []Kind{MemoryService, Engram} {
		for _, err := range Read(t.Context(), kind, rubbish) {
			if err == nil || !strings.HasPrefix(err.Error(), "read database: ") {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}

// TestTalk: of conversations, what nobody said is left out, and headings of what Claude remembers are titles.
func TestTalk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	put(t, file, `[{"chat_messages":[{"uuid":"1","sender":"human","text":" "},{"uuid":"2","sender":"assistant","text":"a"}]}]`)
	if ms, skipped, _ := readAll(t, Claude, file); !slices.Equal(texts(ms), []string{"Claude: a"}) || len(skipped) != 1 {
		t.Errorf("Claude: %q, skipped %q", texts(ms), skipped)
	}
	put(t, file, `[{"conversations_memory":"# Work\n\nLeads a team.\n\n\n\n## Home\n\n**not a heading\nof one line**","project_memories":{"u":"Of a project."}}]`)
	ms, _, _ := readAll(t, Claude, file)
	var got []string
	for _, m := range ms {
		got = append(got, m.Title+"/"+m.Project+": "+m.Content)
	}
	if want := []string{"Work/: Leads a team.", "Home/: **not a heading\nof one line**", "/u: Of a project."}; !slices.Equal(got, want) {
		t.Errorf("memories = %q; want %q", got, want)
	}
	put(t, file, `[{"uuid":"u","name":"P","description":" ","prompt_template":"Be brief."}]`)
	if ms, _, _ := readAll(t, Claude, file); !slices.Equal(texts(ms), []string{"Be brief."}) {
		t.Errorf("a project: %q", texts(ms))
	}
	put(t, file, `[{"id":"c","current_node":"b","mapping":{
		"a":{"message":{"id":"a","author":{"role":"user"},"content":{"content_type":"text","parts":[" "]}}},
		"b":{"parent":"a","message":{"id":"b","author":{"role":"assistant"},"content":{"content_type":"text","parts":["yes"]}}}}}]`)
	if ms, skipped, _ := readAll(t, ChatGPT, file); !slices.Equal(texts(ms), []string{"ChatGPT: yes"}) || !slices.Equal(skipped, []string{"no text"}) {
		t.Errorf("ChatGPT: %q, skipped %q", texts(ms), skipped)
	}
	if es := (GraphPart{Type: "entity", Name: "A", EntityType: "person"}).AsEntries(); len(es) != 1 || es[0].Memory.Content != "A (person)" {
		t.Errorf("an entity = %+v", es)
	}
	if es := (GraphPart{Type: "entity"}).AsEntries(); es != nil {
		t.Errorf("a part without a name = %+v", es)
	}
	if m := (&mem0Memory{Text: "a"}).entries("x")[0].Memory; m.Content != "a" || m.State != memory.State("") {
		t.Errorf("mem0 = %+v", m)
	}
}
