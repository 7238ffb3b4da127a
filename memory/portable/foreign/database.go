package foreign

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	_ "github.com/mattn/go-sqlite3" // driver "sqlite3"

	"github.com/elderzan/elderzan/memory"
)

// openDatabase opens an SQLite file of another program for reading.
func openDatabase(name string) (*sql.DB, error) {
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: name}).EscapedPath(), RawQuery: "mode=ro&_busy_timeout=5000"}
	db, err := sql.Open("sqlite3", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// columns returns the names of a table's columns; none where there is no such table.
func columns(ctx context.Context, db *sql.DB, table string) (map[string]bool, error) {
	rows, err := db.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", table)
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("read database: %w", err)
		}
		out[name] = true
	}
	return out, ended(rows)
}

// pick is the column where the table has it, else NULL: older versions of a program lack some.
func pick(have map[string]bool, column string) string {
	if have[column] {
		return column
	}
	return "NULL"
}

// readMemoryService reads the table of mcp-memory-service (sqlite_vec.db). Its vectors are of another model and are not
// taken over; the texts are embedded anew.
func readMemoryService(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	db, err := openDatabase(s.name)
	if err != nil {
		return err
	}
	defer db.Close()
	have, err := columns(ctx, db, "memories")
	if err != nil {
		return err
	}
	if !have["content_hash"] {
		return fmt.Errorf("%w: no table of mcp-memory-service in it", ErrUnknown)
	}
	rows, err := db.QueryContext(ctx, "SELECT content_hash, content, tags, memory_type, metadata, created_at, updated_at, "+pick(have, "deleted_at")+" FROM memories ORDER BY id")
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		var hash, content, tagText, kind, meta sql.NullString
		var created, updated, deleted any // in words or numbers, as whoever wrote them liked; a time that is none is left out
		if err := rows.Scan(&hash, &content, &tagText, &kind, &meta, &created, &updated, &deleted); err != nil {
			return fmt.Errorf("read database: %w", err)
		}
		where := fmt.Sprintf("memory %d", n)
		if deleted != nil {
			if err := emit(yield, Entry{Where: where, Skipped: "deleted there"}); err != nil {
				return err
			}
			continue
		}
		m := memory.Memory{Content: content.String, Tags: serviceTags(tagText.String), Kind: kindOf(kind.String), CreatedAt: timeOf(created), UpdatedAt: timeOf(updated)}
		if meta.String != "" && json.Unmarshal([]byte(meta.String), &m.Metadata) != nil {
			m.Metadata = map[string]any{"metadata_left_out": "not JSON"}
		}
		if m.Metadata == nil {
			m.Metadata = map[string]any{}
		}
		id := hash.String
		if id == "" { // then it is known by its text
			id = "text\x00" + content.String
		} else {
			m.Metadata["source_id"] = id
		}
		if err := emit(yield, entries(MemoryService, where, m, id)...); err != nil {
			return err
		}
	}
	return ended(rows)
}

// ended says what ended the reading of rows; nil where it was their end.
func ended(rows *sql.Rows) error {
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	return nil
}

// serviceTags reads tags as mcp-memory-service keeps them: with commas, in some versions as a JSON list.
func serviceTags(s string) []string {
	var list []any
	if strings.HasPrefix(strings.TrimSpace(s), "[") && json.Unmarshal([]byte(s), &list) == nil {
		return tagList(list)
	}
	return tagList(s)
}

// engramExport is the JSON of `engram export`.
type engramExport struct {
	Sessions []struct {
		ID        string  `json:"id"`
		Project   string  `json:"project"`
		StartedAt string  `json:"started_at"`
		EndedAt   *string `json:"ended_at"`
		Summary   *string `json:"summary"`
	} `json:"sessions"`
	Observations []engramObservation `json:"observations"`
	Prompts      []json.RawMessage   `json:"prompts"`
}

type engramObservation struct {
	ID        int64   `json:"id"`
	SessionID string  `json:"session_id"`
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Content   string  `json:"content"`
	ToolName  *string `json:"tool_name"`
	Project   *string `json:"project"`
	Scope     string  `json:"scope"`
	TopicKey  *string `json:"topic_key"`
	CreatedAt string  `json:"created_at"`
	UpdatedAt string  `json:"updated_at"`
	DeletedAt *string `json:"deleted_at"`
}

// readEngram reads engram's database or its JSON export: observations and the summaries of sessions. What people typed
// (prompts) is left out.
func readEngram(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	x, prompts, err := s.engram(ctx)
	if err != nil {
		return err
	}
	for _, o := range x.Observations {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := emit(yield, o.entries()...); err != nil {
			return err
		}
	}
	for i, ses := range x.Sessions {
		if ses.Summary == nil || strings.TrimSpace(*ses.Summary) == "" {
			continue
		}
		m := memory.Memory{Content: *ses.Summary, Title: "Session summary", Kind: "event", Tags: []string{"session"}, Project: ses.Project, Session: ses.ID, CreatedAt: timeOf(ses.StartedAt)}
		if ses.EndedAt != nil {
			m.OccurredAt = timeOf(*ses.EndedAt)
		}
		if err := emit(yield, entries(Engram, fmt.Sprintf("session %d", i+1), m, "session", ses.ID)...); err != nil {
			return err
		}
	}
	for i := range prompts {
		if err := emit(yield, Entry{Where: fmt.Sprintf("prompt %d", i+1), Skipped: "a prompt"}); err != nil {
			return err
		}
	}
	return nil
}

func (o *engramObservation) entries() []Entry {
	where := fmt.Sprintf("observation %d", o.ID)
	if o.DeletedAt != nil && *o.DeletedAt != "" {
		return []Entry{{Where: where, Skipped: "deleted there"}}
	}
	m := memory.Memory{
		Content: o.Content, Title: o.Title, Kind: kindOf(o.Type), Tags: []string{o.Type}, Session: o.SessionID,
		CreatedAt: timeOf(o.CreatedAt), UpdatedAt: timeOf(o.UpdatedAt), Metadata: map[string]any{"engram_scope": o.Scope},
	}
	if o.Project != nil && o.Scope != "personal" {
		m.Project = *o.Project
	}
	for key, value := range map[string]*string{"tool": o.ToolName, "topic": o.TopicKey} {
		if value != nil && *value != "" {
			m.Metadata[key] = *value
		}
	}
	return entries(Engram, where, m, o.SessionID, fmt.Sprint(o.ID), o.CreatedAt)
}

// engram reads everything at once: engram cuts observations at 2,000 characters, so that its stores are small.
func (s *source) engram(ctx context.Context) (x engramExport, prompts int, err error) {
	if !isSQLite(s.name) {
		err = s.wholeJSON(&x)
		return x, len(x.Prompts), err
	}
	db, err := openDatabase(s.name)
	if err != nil {
		return x, 0, err
	}
	defer db.Close()
	have, err := columns(ctx, db, "observations")
	if err != nil {
		return x, 0, err
	}
	if !have["session_id"] {
		return x, 0, fmt.Errorf("%w: no table of engram in it", ErrUnknown)
	}
	query := "SELECT id, COALESCE(session_id, ''), COALESCE(type, ''), COALESCE(title, ''), COALESCE(content, ''), tool_name, project, COALESCE(" + pick(have, "scope") + ", 'project'), " + pick(have, "topic_key") + ", COALESCE(created_at, ''), COALESCE(" + pick(have, "updated_at") + ", created_at, ''), " + pick(have, "deleted_at") + " FROM observations ORDER BY id"
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return x, 0, fmt.Errorf("read database: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var o engramObservation
		if err := rows.Scan(&o.ID, &o.SessionID, &o.Type, &o.Title, &o.Content, &o.ToolName, &o.Project, &o.Scope, &o.TopicKey, &o.CreatedAt, &o.UpdatedAt, &o.DeletedAt); err != nil { // which quotes the value
			return x, 0, fmt.Errorf("read database: observation %d is not one of engram", len(x.Observations)+1)
		}
		x.Observations = append(x.Observations, o)
	}
	if err := ended(rows); err != nil {
		return x, 0, err
	}
	if err := x.readSessions(ctx, db); err != nil {
		return x, 0, err
	}
	if have, err := columns(ctx, db, "user_prompts"); err != nil || len(have) == 0 {
		return x, 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM user_prompts").Scan(&prompts)
	return x, prompts, err
}

func (x *engramExport) readSessions(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT COALESCE(id, ''), COALESCE(project, ''), COALESCE(started_at, ''), ended_at, summary FROM sessions ORDER BY started_at, id")
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		x.Sessions = append(x.Sessions, struct {
			ID        string  `json:"id"`
			Project   string  `json:"project"`
			StartedAt string  `json:"started_at"`
			EndedAt   *string `json:"ended_at"`
			Summary   *string `json:"summary"`
		}{})
		ses := &x.Sessions[len(x.Sessions)-1]
		if err := rows.Scan(&ses.ID, &ses.Project, &ses.StartedAt, &ses.EndedAt, &ses.Summary); err != nil {
			return fmt.Errorf("read database: %w", err)
		}
	}
	return ended(rows)
}
