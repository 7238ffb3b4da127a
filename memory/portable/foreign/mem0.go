package foreign

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/elderzan/elderzan/memory"
)

// mem0Memory is one memory of mem0: of get_all and the platform's export ("memory"), or of OpenMemory's ("content").
type mem0Memory struct {
	ID         string         `json:"id"`
	Memory     string         `json:"memory"`
	Text       string         `json:"text"`
	Data       string         `json:"data"`
	Content    string         `json:"content"`
	Metadata   map[string]any `json:"metadata"`
	Categories []string       `json:"categories"`
	UserID     string         `json:"user_id"`
	AgentID    string         `json:"agent_id"`
	AppID      string         `json:"app_id"`
	RunID      string         `json:"run_id"`
	State      string         `json:"state"`
	CreatedAt  any            `json:"created_at"`
	UpdatedAt  any            `json:"updated_at"`
	DeletedAt  any            `json:"deleted_at"`
	Expires    any            `json:"expiration_date"`
}

// readMem0 reads mem0's JSON: a list of memories, or an object that holds one.
func readMem0(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	return s.files("*memor*.json", func(_ string, r io.Reader) error {
		return elements(r, []string{"results", "memories"}, func(i int, raw json.RawMessage) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			where := fmt.Sprintf("memory %d", i)
			var m mem0Memory
			if err := json.Unmarshal(raw, &m); err != nil {
				return complain(yield, where, notJSON(err))
			}
			if m.State == "deleted" || m.DeletedAt != nil {
				return emit(yield, Entry{Where: where, Skipped: "deleted there"})
			}
			return emit(yield, m.entries(where)...)
		})
	})
}

func (m *mem0Memory) entries(where string) []Entry {
	text := m.Memory
	for _, other := range []string{m.Content, m.Text, m.Data} {
		if text == "" {
			text = other
		}
	}
	out := memory.Memory{
		Content: text, Author: m.UserID, Session: m.RunID, Tags: slices.Clone(m.Categories), Metadata: m.Metadata,
		CreatedAt: timeOf(m.CreatedAt), UpdatedAt: timeOf(m.UpdatedAt), ExpiresAt: timeOf(m.Expires),
	}
	if m.State == "archived" {
		out.State = memory.Archived
	}
	if out.Metadata == nil {
		out.Metadata = map[string]any{}
	}
	for key, value := range map[string]string{"source_id": m.ID, "agent": m.AgentID, "app": m.AppID} {
		if value != "" {
			out.Metadata[key] = value
		}
	}
	id := []string{m.ID}
	if m.ID == "" {
		id = []string{"text", m.UserID, text}
	}
	return entries(Mem0, where, out, id...)
}
