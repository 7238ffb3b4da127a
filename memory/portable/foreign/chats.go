package foreign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/memory"
)

// turn is one message of a conversation as a memory: who speaks comes first, as people write dialogues down.
func turn(speaker, text, title, conversation string, at any) memory.Memory {
	return memory.Memory{
		Content: speaker + ": " + strings.TrimSpace(text), Kind: "conversation", Session: conversation, CreatedAt: timeOf(at), OccurredAt: timeOf(at),
		Metadata: map[string]any{"conversation": cut(title, memory.MaxTitleBytes), "role": strings.ToLower(speaker)},
	}
}

type claudeConversation struct {
	UUID     string `json:"uuid"`
	Name     string `json:"name"`
	Messages []struct {
		UUID    string `json:"uuid"`
		Sender  string `json:"sender"`
		Text    string `json:"text"`
		Created string `json:"created_at"`
		Content []struct {
			Type string `json:"type"`
			Text string `json:"text"`
		} `json:"content"`
	} `json:"chat_messages"`
}

type claudeMemories struct {
	Conversations string            `json:"conversations_memory"`
	Projects      map[string]string `json:"project_memories"`
}

type claudeProject struct {
	UUID        string `json:"uuid"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Prompt      string `json:"prompt_template"`
	Created     string `json:"created_at"`
	Docs        []struct {
		UUID     string `json:"uuid"`
		Filename string `json:"filename"`
		Content  string `json:"content"`
	} `json:"docs"`
}

// readClaude reads an export of claude.ai: what Claude remembers by itself first, then projects and their documents, then
// each message of the conversations.
func readClaude(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	one := s.folder == nil // a single file says by its content which it is
	projects := map[string]string{}
	parts := []struct {
		pattern string
		read    func(i int, raw json.RawMessage) error
	}{
		{"projects.json", func(i int, raw json.RawMessage) error { return claudeProjects(i, raw, projects, yield) }},
		{"memories.json", func(i int, raw json.RawMessage) error { return claudeRemembered(raw, projects, yield) }},
		{"conversations*.json", func(i int, raw json.RawMessage) error { return claudeTalk(i, raw, yield) }},
	}
	for _, part := range parts {
		err := s.files(part.pattern, func(_ string, r io.Reader) error {
			return elements(r, nil, func(i int, raw json.RawMessage) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				if one {
					switch {
					case has(raw, "chat_messages"):
						return claudeTalk(i, raw, yield)
					case has(raw, "conversations_memory"):
						return claudeRemembered(raw, projects, yield)
					default:
						return claudeProjects(i, raw, projects, yield)
					}
				}
				return part.read(i, raw)
			})
		})
		if err != nil || one {
			return err
		}
	}
	return nil
}

// has reports whether an object has a member.
func has(raw json.RawMessage, key string) bool {
	var o map[string]json.RawMessage
	_, ok := o[key]
	if json.Unmarshal(raw, &o) == nil {
		_, ok = o[key]
	}
	return ok
}

func claudeTalk(i int, raw json.RawMessage, yield func(Entry, error) bool) error {
	var c claudeConversation
	if err := json.Unmarshal(raw, &c); err != nil {
		return complain(yield, fmt.Sprintf("conversation %d", i), notJSON(err))
	}
	for n, m := range c.Messages {
		where := fmt.Sprintf("conversation %d, message %d", i, n+1)
		text := m.Text
		if blocks := m.Content; len(blocks) > 0 {
			var said []string
			for _, b := range blocks {
				if b.Type == "text" && strings.TrimSpace(b.Text) != "" {
					said = append(said, strings.TrimSpace(b.Text))
				}
			}
			if len(said) > 0 {
				text = strings.Join(said, "\n\n")
			}
		}
		if strings.TrimSpace(text) == "" {
			if err := emit(yield, Entry{Where: where, Skipped: "no text"}); err != nil {
				return err
			}
			continue
		}
		speaker := "Claude"
		if m.Sender == "human" {
			speaker = "User"
		}
		if err := emit(yield, entries(Claude, where, turn(speaker, text, c.Name, c.UUID, m.Created), "message", m.UUID)...); err != nil {
			return err
		}
	}
	return nil
}

// claudeRemembered divides what Claude keeps as one long text at its headings and paragraphs.
func claudeRemembered(raw json.RawMessage, projects map[string]string, yield func(Entry, error) bool) error {
	var m claudeMemories
	if err := json.Unmarshal(raw, &m); err != nil {
		return complain(yield, "memories", notJSON(err))
	}
	store := func(where, project, text string) error {
		title := ""
		for _, p := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
			p = strings.TrimSpace(p)
			if heading, ok := headingOf(p); ok {
				title = heading
				continue
			}
			if p == "" {
				continue
			}
			if err := emit(yield, entries(Claude, where, memory.Memory{Content: p, Title: title, Project: project, Tags: []string{"claude-memory"}}, "memory", project, p)...); err != nil {
				return err
			}
		}
		return nil
	}
	if err := store("conversations_memory", "", m.Conversations); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(m.Projects)) {
		name := projects[id]
		if name == "" {
			name = id
		}
		if err := store("project_memories", name, m.Projects[id]); err != nil {
			return err
		}
	}
	return nil
}

// headingOf recognises a paragraph that is one line of bold or a Markdown heading.
func headingOf(p string) (string, bool) {
	if strings.Contains(p, "\n") {
		return "", false
	}
	if h, ok := strings.CutPrefix(p, "**"); ok {
		if h, ok = strings.CutSuffix(h, "**"); ok && !strings.Contains(h, "**") {
			return h, true
		}
	}
	if strings.HasPrefix(p, "#") {
		return strings.TrimSpace(strings.TrimLeft(p, "#")), true
	}
	return "", false
}

func claudeProjects(i int, raw json.RawMessage, projects map[string]string, yield func(Entry, error) bool) error {
	where := fmt.Sprintf("project %d", i)
	var p claudeProject
	if err := json.Unmarshal(raw, &p); err != nil {
		return complain(yield, where, notJSON(err))
	}
	if p.UUID == "" {
		return complain(yield, where, errors.New("neither a conversation nor a project"))
	}
	projects[p.UUID] = p.Name
	for _, part := range [][2]string{{"Description", p.Description}, {"Instructions", p.Prompt}} {
		if strings.TrimSpace(part[1]) == "" {
			continue
		}
		m := memory.Memory{Content: part[1], Title: part[0] + " of " + p.Name, Project: p.Name, CreatedAt: timeOf(p.Created)}
		if err := emit(yield, entries(Claude, where, m, "project", p.UUID, part[0])...); err != nil {
			return err
		}
	}
	for _, d := range p.Docs {
		if err := emit(yield, entries(Claude, where, memory.Memory{Content: d.Content, Title: d.Filename, Project: p.Name, CreatedAt: timeOf(p.Created), Tags: []string{"document"}}, "document", d.UUID)...); err != nil {
			return err
		}
	}
	return nil
}

type chatGPTConversation struct {
	ID      string                 `json:"id"`
	OtherID string                 `json:"conversation_id"`
	Title   string                 `json:"title"`
	Created float64                `json:"create_time"`
	Current string                 `json:"current_node"`
	Mapping map[string]chatGPTNode `json:"mapping"`
}

type chatGPTNode struct {
	Parent  string          `json:"parent"`
	Message *chatGPTMessage `json:"message"`
}

type chatGPTMessage struct {
	ID     string `json:"id"`
	Author struct {
		Role string `json:"role"`
	} `json:"author"`
	Created   *float64 `json:"create_time"`
	Recipient string   `json:"recipient"`
	Content   struct {
		Type         string `json:"content_type"`
		Parts        []any  `json:"parts"`
		Text         string `json:"text"`
		Profile      string `json:"user_profile"`
		Instructions string `json:"user_instructions"`
	} `json:"content"`
	Metadata struct {
		Hidden bool `json:"is_visually_hidden_from_conversation"`
	} `json:"metadata"`
}

// readChatGPT reads an export of ChatGPT. Of each conversation it takes the branch that was shown last, what ChatGPT noted
// about its user, and the user's own instructions.
func readChatGPT(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	return s.files("conversations*.json", func(_ string, r io.Reader) error {
		return elements(r, nil, func(i int, raw json.RawMessage) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			where := fmt.Sprintf("conversation %d", i)
			var c chatGPTConversation
			if err := json.Unmarshal(raw, &c); err != nil {
				return complain(yield, where, notJSON(err))
			}
			if c.ID == "" {
				c.ID = c.OtherID
			}
			for n, m := range c.branch() {
				if err := emit(yield, m.entries(fmt.Sprintf("%s, message %d", where, n+1), &c)...); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// branch returns the messages from the first to the one that was shown last.
func (c *chatGPTConversation) branch() []*chatGPTMessage {
	var out []*chatGPTMessage
	seen := map[string]bool{}
	for at := c.Current; at != "" && !seen[at]; at = c.Mapping[at].Parent {
		seen[at] = true
		if m := c.Mapping[at].Message; m != nil {
			out = append(out, m)
		}
	}
	slices.Reverse(out)
	return out
}

func (m *chatGPTMessage) entries(where string, c *chatGPTConversation) []Entry {
	at := c.Created
	if m.Created != nil {
		at = *m.Created
	}
	var said []string
	for _, p := range m.Content.Parts {
		if s, ok := p.(string); ok && strings.TrimSpace(s) != "" {
			said = append(said, strings.TrimSpace(s))
		}
	}
	text := strings.Join(said, "\n\n")
	switch {
	case m.Content.Type == "user_editable_context":
		var out []Entry
		for _, part := range [][2]string{{"About the user", m.Content.Profile}, {"Instructions", m.Content.Instructions}} {
			if strings.TrimSpace(part[1]) != "" {
				one := memory.Memory{Content: part[1], Title: part[0], Kind: "preference", Tags: []string{"instructions"}, CreatedAt: timeOf(at)}
				out = append(out, entries(ChatGPT, where, one, "instructions", part[0], part[1])...)
			}
		}
		return out
	case m.Author.Role == "assistant" && m.Recipient == "bio": // what ChatGPT noted down as its memory
		if text == "" {
			text = m.Content.Text
		}
		return entries(ChatGPT, where, memory.Memory{Content: text, Tags: []string{"chatgpt-memory"}, CreatedAt: timeOf(at)}, "bio", m.ID)
	case m.Author.Role != "user" && m.Author.Role != "assistant", m.Metadata.Hidden, m.Recipient != "" && m.Recipient != "all",
		m.Content.Type != "text" && m.Content.Type != "multimodal_text":
		return []Entry{{Where: where, Skipped: "not said by either side"}}
	case text == "":
		return []Entry{{Where: where, Skipped: "no text"}}
	}
	speaker := "ChatGPT"
	if m.Author.Role == "user" {
		speaker = "User"
	}
	return entries(ChatGPT, where, turn(speaker, text, c.Title, c.ID, at), "message", m.ID)
}
