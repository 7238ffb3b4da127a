package foreign

import (
	"archive/zip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/portable"
	"github.com/elderzan/elderzan/scope"
)

// readAll reads a file of a kind: memories, how many were left out, and what could not be read.
func readAll(t *testing.T, kind Kind, name string) (ms []memory.Memory, skipped, bad []string) {
	t.Helper()
	for e, err := range Read(t.Context(), kind, name) {
		var one *EntryError
		switch {
		case errors.As(err, &one):
			bad = append(bad, err.Error())
		case err != nil:
			t.Fatalf("%s: %v", name, err)
		case e.Skipped != "":
			skipped = append(skipped, e.Skipped)
		default:
			if _, err := memory.ParseID(string(e.Memory.ID)); err != nil || e.Where == "" {
				t.Errorf("entry %+v: %v", e, err)
			}
			ms = append(ms, e.Memory)
		}
	}
	return ms, skipped, bad
}

func texts(ms []memory.Memory) (out []string) {
	for _, m := range ms {
		out = append(out, m.Content)
	}
	return out
}

func ids(ms []memory.Memory) (out []memory.ID) {
	for _, m := range ms {
		out = append(out, m.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// database makes an SQLite file by statements.
func database(t *testing.T, name string, statements ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	db, err := sql.Open("sqlite3", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return file
}

// serviceDB is a database as mcp-memory-service makes it, with the virtual table that only its extension can read.
func serviceDB(t *testing.T) string {
	return database(t, "sqlite_vec.db", "PRAGMA journal_mode=WAL",
		`CREATE TABLE memories (id INTEGER PRIMARY KEY AUTOINCREMENT, content_hash TEXT UNIQUE NOT NULL, content TEXT NOT NULL, tags TEXT, memory_type TEXT,
			metadata TEXT, created_at REAL, updated_at REAL, created_at_iso TEXT, updated_at_iso TEXT, deleted_at REAL DEFAULT NULL)`,
		`CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL)`,
		`INSERT INTO memories VALUES (1, 'aa01', 'The pool holds twenty connections.', 'database,ops', 'note', '{"quality": 0.8}', 1767323045.25, 1767323046.5, '2026-01-02T03:04:05Z', '2026-01-02T03:04:06Z', NULL)`,
		`INSERT INTO memories VALUES (2, 'aa02', 'We chose Postgres over MySQL.', '["decision"]', 'decision', '{}', 1767323047, 1767323047, NULL, NULL, NULL)`,
		`INSERT INTO memories VALUES (3, 'aa03', 'An old address.', '', 'note', NULL, 1767323048, 1767323048, NULL, NULL, 1767323050)`,
	)
}

// engramDB is testdata/engram.json as engram keeps it in its database.
func engramDB(t *testing.T) string {
	return database(t, "engram.db",
		`CREATE TABLE sessions (id TEXT PRIMARY KEY, project TEXT NOT NULL, directory TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, summary TEXT)`,
		`CREATE TABLE observations (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, type TEXT NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL, tool_name TEXT,
			project TEXT, scope TEXT NOT NULL DEFAULT 'project', topic_key TEXT, normalized_hash TEXT, revision_count INTEGER NOT NULL DEFAULT 1, duplicate_count INTEGER NOT NULL DEFAULT 1,
			last_seen_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT)`,
		`CREATE TABLE user_prompts (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, content TEXT NOT NULL, project TEXT, created_at TEXT NOT NULL)`,
		`INSERT INTO sessions VALUES ('s-1', 'billing', '/home/mia/billing', '2026-02-19 08:00:00', '2026-02-19 09:30:00', 'Moved invoices to the new ledger.'), ('s-2', 'billing', '/home/mia/billing', '2026-02-20 08:00:00', NULL, NULL)`,
		`INSERT INTO observations VALUES (1, 's-1', 'decision', 'Ledger', 'Invoices are written to the ledger first.', NULL, 'billing', 'project', 'decision/ledger', 'h', 2, 1, NULL, '2026-02-19 08:10:00', '2026-02-19 08:40:00', NULL)`,
		`INSERT INTO observations VALUES (2, 's-1', 'bugfix', 'Rounding', 'Amounts are rounded once, at the end.', 'edit', 'billing', 'personal', NULL, 'h2', 1, 1, NULL, '2026-02-19 08:20:00', '2026-02-19 08:20:00', NULL)`,
		`INSERT INTO observations VALUES (3, 's-1', 'discovery', 'Gone', 'Nobody needs this.', NULL, 'billing', 'project', NULL, 'h3', 1, 1, NULL, '2026-02-19 08:25:00', '2026-02-19 08:25:00', '2026-02-19 08:30:00')`,
		`INSERT INTO user_prompts VALUES (1, 's-1', 'please move the invoices', 'billing', '2026-02-19 08:00:10')`,
	)
}

// archive packs a folder of testdata as the services send it.
func archive(t *testing.T, folder string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "export.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	if err := errors.Join(w.AddFS(os.DirFS(folder)), w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFormats(t *testing.T) {
	own := filepath.Join(t.TempDir(), "all.jsonl")
	if err := os.WriteFile(own, []byte(`{"id":"0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10","content":"Ours.","scope":"PROJECT","created_at":"2026-01-02T03:04:05Z"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ownMarkdown := t.TempDir()
	b, err := portable.WriteMarkdown(&memory.Memory{ID: memory.NewID(), Content: "Ours.", Scope: scope.Project})
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(ownMarkdown, "a.md"), b, 0o600), os.WriteFile(filepath.Join(ownMarkdown, "README.md"), []byte("# Not one"), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	graph := []string{
		"Billing service: Deploys happen on Tuesdays after the standup.", "Billing service: The staging database password is wombat-Kettle-77.", `Billing service: Its logs are kept for "90 days".`,
		"Mia: Prefers tabs over spaces", "Mia: 東京オフィスで働いています。", "Tom: Prefers tabs over spaces", "Orion (project)", "Mia works on Billing service", "Tom leads Orion",
	}
	ledger := []string{"Invoices are written to the ledger first.", "Amounts are rounded once, at the end.", "Moved invoices to the new ledger."}
	talk := []string{"User: How large should our pool be?", "Claude: Twice the cores is a good start.\n\nMeasure before you raise it."}
	claude := append([]string{"Moving invoices", "Answer in short sentences.", "First the read side, then the write side.", "Mia leads the billing team and works in Go.", "She lives in Bergen.", "The launch is planned for May."}, talk...)
	oslo := []string{"I run a small bakery.", "Keep answers short.", "User: What is worth seeing in Oslo?", "Plans a trip to Oslo in June.", "ChatGPT: The opera house, by the water."}
	for name, tc := range map[string]struct {
		kind    Kind
		file    string
		want    []string
		skipped int
	}{
		"elderzan":             {Elderzan, own, []string{"Ours."}, 0},
		"markdown":             {Markdown, ownMarkdown, []string{"Ours."}, 1},
		"server-memory":        {ServerMemory, "testdata/server-memory.jsonl", graph, 0},
		"mem0":                 {Mem0, "testdata/mem0.json", []string{"Prefers morning meetings and asynchronous communication", "Leads the redesign of the API, due in the second quarter"}, 0},
		"mem0, OpenMemory":     {Mem0, "testdata/openmemory.json", []string{"Drinks coffee black", "Used to work in Oslo"}, 1},
		"basic-memory":         {BasicMemory, "testdata/basic-memory", []string{"Deploys happen on Tuesdays. No front matter here.", "We cache product pages for five minutes.\n\n## Observations\n- [decision] Redis holds the pages #redis (measured in March)\n- [requirement] A page is never older than ten minutes\n\n## Relations\n- relates_to [[Deploys]]"}, 0},
		"mcp-memory-service":   {MemoryService, serviceDB(t), []string{"The pool holds twenty connections.", "We chose Postgres over MySQL."}, 1},
		"engram, JSON":         {Engram, "testdata/engram.json", ledger, 2},
		"engram, database":     {Engram, engramDB(t), ledger, 2},
		"claude, folder":       {Claude, "testdata/claude", claude, 1},
		"claude, archive":      {Claude, archive(t, "testdata/claude"), claude, 1},
		"claude, one file":     {Claude, "testdata/claude/conversations.json", talk, 1},
		"claude, memories":     {Claude, "testdata/claude/memories.json", []string{"Mia leads the billing team and works in Go.", "She lives in Bergen.", "The launch is planned for May."}, 0},
		"chatgpt, folder":      {ChatGPT, "testdata/chatgpt", oslo, 1},
		"chatgpt, archive":     {ChatGPT, archive(t, "testdata/chatgpt"), oslo, 1},
		"chatgpt, one file":    {ChatGPT, "testdata/chatgpt/conversations.json", oslo, 1},
		"claude, its projects": {Claude, "testdata/claude/projects.json", claude[:3], 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Detect(t.Context(), tc.file); err != nil || got != tc.kind {
				t.Errorf("Detect = %q, %v; want %q", got, err, tc.kind)
			}
			ms, skipped, bad := readAll(t, tc.kind, tc.file)
			if got := texts(ms); !slices.Equal(got, tc.want) || len(skipped) != tc.skipped || bad != nil {
				t.Errorf("Read = %q, skipped %q, bad %q; want %q and %d skipped", got, skipped, bad, tc.want, tc.skipped)
			}
			if n := len(ids(ms)); n != len(ms) {
				t.Errorf("%d ids for %d memories", n, len(ms))
			}
			again, _, _ := readAll(t, tc.kind, tc.file)
			if !slices.Equal(ids(ms), ids(again)) {
				t.Error("reading again gives other ids")
			}
		})
	}
}

// What is known of an entry beside its text comes over.
func TestFields(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	for name, tc := range map[string]struct {
		kind Kind
		file string
		nth  int
		want memory.Memory
	}{
		"mem0": {Mem0, "testdata/mem0.json", 0, memory.Memory{Author: "arjun", Tags: []string{"work", "preferences"}, CreatedAt: at("2026-02-03T17:15:27.123Z"),
			Metadata: map[string]any{"category": "preference", "source_id": "9c0f6a52-5f0e-4b0f-9a58-0d6ad3f3a001", "agent": "scheduler"}}},
		"mem0 that expires": {Mem0, "testdata/mem0.json", 1, memory.Memory{Author: "carl", Session: "run-7", CreatedAt: at("2026-02-04T10:00:00Z"), UpdatedAt: at("2026-02-05T10:00:00Z"), ExpiresAt: at("2036-01-01T00:00:00Z"),
			Metadata: map[string]any{"source_id": "9c0f6a52-5f0e-4b0f-9a58-0d6ad3f3a002"}}},
		"archived": {Mem0, "testdata/openmemory.json", 1, memory.Memory{Author: "u1", State: memory.Archived, CreatedAt: at("2026-01-02T03:04:05Z"),
			Metadata: map[string]any{"source_id": "11111111-2222-4333-8444-555555555503"}}},
		"a note": {BasicMemory, "testdata/basic-memory", 1, memory.Memory{Title: "Caching: where and why", Kind: "decision", Tags: []string{"cache", "redis"}, CreatedAt: at("2026-03-01T00:00:00Z"),
			Metadata: map[string]any{"file": "decisions/caching.md", "permalink": "decisions/caching", "status": "accepted"}}},
		"the service": {MemoryService, serviceDB(t), 0, memory.Memory{Tags: []string{"database", "ops"}, CreatedAt: at("2026-01-02T03:04:05.25Z"), UpdatedAt: at("2026-01-02T03:04:06.5Z"),
			Metadata: map[string]any{"quality": 0.8, "source_id": "aa01"}}},
		"engram": {Engram, engramDB(t), 0, memory.Memory{Title: "Ledger", Kind: "decision", Tags: []string{"decision"}, Project: "billing", Session: "s-1", CreatedAt: at("2026-02-19T08:10:00Z"), UpdatedAt: at("2026-02-19T08:40:00Z"),
			Metadata: map[string]any{"engram_scope": "project", "topic": "decision/ledger"}}},
		"a turn": {ChatGPT, "testdata/chatgpt", 2, memory.Memory{Kind: "conversation", Session: "67a0c0de-0000-8000-8000-000000000001", CreatedAt: at("2026-01-31T22:53:20.2Z"), OccurredAt: at("2026-01-31T22:53:20.2Z"),
			Metadata: map[string]any{"conversation": "Trip to Oslo", "role": "user"}}},
		"a relation": {ServerMemory, "testdata/server-memory.jsonl", 7, memory.Memory{Kind: "relation", Tags: []string{GraphTag}, Metadata: map[string]any{"from": "Mia", "relation": "works_on", "to": "Billing service"}}},
	} {
		t.Run(name, func(t *testing.T) {
			ms, _, _ := readAll(t, tc.kind, tc.file)
			got := ms[tc.nth]
			tc.want.ID, tc.want.Content, tc.want.Client = got.ID, got.Content, string(tc.kind)
			tc.want.Metadata["source"] = string(tc.kind)
			if tc.kind == BasicMemory {
				tc.want.UpdatedAt = got.UpdatedAt // the file's
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("memory = %+v\nwant %+v", got, tc.want)
			}
		})
	}
	json, _, _ := readAll(t, Engram, "testdata/engram.json")
	db, _, _ := readAll(t, Engram, engramDB(t))
	if !reflect.DeepEqual(json, db) {
		t.Errorf("engram's export and its database differ:\n%+v\n%+v", json, db)
	}
}

func TestBadFiles(t *testing.T) {
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "file.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for name, text := range map[string]string{
		"empty": "", "text": "secret words", "a list of numbers": "[1,2]", "an object of others": `{"secret":1}`, "cut off": `{"secret":`,
	} {
		if kind, err := Detect(t.Context(), write(text)); !errors.Is(err, ErrUnknown) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: Detect = %q, %v; want ErrUnknown", name, kind, err)
		}
	}
	if _, err := Detect(t.Context(), database(t, "x.db", "CREATE TABLE t (a)")); !errors.Is(err, ErrUnknown) {
		t.Errorf("a database of another program: %v", err)
	}
	for kind, text := range map[Kind]string{
		Mem0: `{"results":[{"memory":"a","secret`, Claude: `[{"chat_messages":[]},secret]`, ChatGPT: `{"mapping":`, Engram: `[secret]`, MemoryService: "secret", Kind("none"): "",
	} {
		failed := false
		for _, err := range Read(t.Context(), kind, write(text)) {
			failed = failed || err != nil
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the error quotes the file: %v", kind, err)
			}
		}
		if !failed {
			t.Errorf("%s: a damaged file was read", kind)
		}
	}
	_, _, bad := readAll(t, ServerMemory, write("{\"type\":\"entity\",\"name\":\"a\",\"observations\":[\"x\"]}\nsecret\n{\"type\":\"other\"}\n"))
	if len(bad) != 2 || strings.Contains(strings.Join(bad, ""), "secret") {
		t.Errorf("bad lines = %q", bad)
	}
}

// A text of any length becomes memories that fit, with nothing lost but blanks where it is divided.
func TestLongTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"word", " ", "\n", "\n\n", "東京", strings.Repeat("x", 30)})).Draw(t, "text"), "")
		limit := rapid.IntRange(8, 40).Draw(t, "limit")
		parts := pieces(strings.TrimSpace(text), limit)
		for _, p := range parts {
			if len(p) > limit || strings.TrimSpace(p) != p || p == "" {
				t.Fatalf("part %q of limit %d", p, limit)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got, want := squeeze(strings.Join(parts, "")), squeeze(text); got != want {
			t.Fatalf("parts hold %q, want %q", got, want)
		}
	})
	long := memory.Memory{Content: strings.Repeat("A sentence of a long note. ", 6000), Title: strings.Repeat("t", 2000), Metadata: map[string]any{"big": strings.Repeat("m", memory.MaxMetadataBytes)}, Tags: make([]string, 50)}
	for i := range long.Tags {
		long.Tags[i] = fmt.Sprint("tag ", i)
	}
	es := entries(Claude, "x", long, "id")
	if len(es) != 3 {
		t.Fatalf("%d parts", len(es))
	}
	for _, e := range es {
		if m := e.Memory; len(m.Content) > memory.MaxContentBytes || len(m.Title) > memory.MaxTitleBytes || len(m.Tags) > memory.MaxTags || m.Metadata["big"] != nil {
			t.Errorf("part is beyond a limit: %d bytes, title %d", len(m.Content), len(m.Title))
		}
	}
}

// Whoever stops reading gets nothing more, and a caller that gives up ends the reading.
func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range Read(ctx, ServerMemory, "testdata/server-memory.jsonl") {
		if n++; n == 1 {
			cancel()
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if n > 5 {
		t.Errorf("%d entries after the end was asked for", n)
	}
	for range Read(t.Context(), ServerMemory, "testdata/server-memory.jsonl") {
		break
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"server-memory.jsonl", "mem0.json", "engram.json", "claude/conversations.json", "chatgpt/conversations.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(t.TempDir(), "f.json")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []Kind{ServerMemory, Mem0, Engram, Claude, ChatGPT} {
			for e, err := range Read(t.Context(), kind, name) {
				if err == nil && e.Skipped == "" && (e.Memory.Content == "" || len(e.Memory.Content) > memory.MaxContentBytes) {
					t.Fatalf("%s: a text of %d bytes", kind, len(e.Memory.Content))
				}
			}
		}
	})
}
