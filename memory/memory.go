package memory

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory/dialogue"
	"github.com/elderzan/elderzan/scope"
)

// Limits of one memory and one call. A limit passed is an *InputError; nothing is half done.
const (
	MaxContentBytes  = 64 << 10 // content
	MaxTitleBytes    = 512      // title
	MaxTags          = 32       // tags of one memory
	MaxTagBytes      = 128      // one tag
	MaxNameBytes     = 256      // project, team, kind, session, author
	MaxMetadataBytes = 16 << 10 // metadata as JSON
	MaxQueryBytes    = 8 << 10  // text of a query
	MaxLimit         = 100      // results of one call (k)
	MaxBatch         = 100      // ids in one call
	DefaultLimit     = 10
)

// ID names a memory for ever: a UUIDv7 in its canonical lower-case form.
type ID string

// NewID returns a fresh, time-ordered id.
func NewID() ID { return ID(uuid.Must(uuid.NewV7()).String()) }

// ParseID reads an id in any case. It returns an *InputError for anything but a UUID.
func ParseID(s string) (ID, error) {
	u, err := uuid.Parse(strings.TrimSpace(s))
	if err != nil || len(strings.TrimSpace(s)) != 36 {
		return "", &InputError{Field: "id", Problem: "is not a memory id", Hint: "copy an id from recall or search; it looks like 0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10"}
	}
	return ID(u.String()), nil
}

// State is where a memory stands in its life.
type State string

// The states. Recall sees Active memories only, and Archived ones too in accurate mode.
const (
	Active     State = "active"
	Superseded State = "superseded" // replaced by a newer version; kept as history
	Archived   State = "archived"   // rarely used; compressed; active again once recall returns it
	Forgotten  State = "forgotten"  // recoverable for ForgetGrace, then purged
)

// ForgetGrace is how long a forgotten memory can be brought back.
const ForgetGrace = 30 * 24 * time.Hour

// Trust says how far a memory's text may be believed. Recall hands it on; it never raises a rank.
type Trust string

// The levels of trust, from the highest.
const (
	TrustUser      Trust = "user"      // the person at this machine, by command line or a confirmed call
	TrustAgent     Trust = "agent"     // an agent working for that person
	TrustUntrusted Trust = "untrusted" // tools, imports, other people
)

// Memory is one remembered text with all that is known about it. Times are UTC; a zero time means "none".
type Memory struct {
	ID           ID             `json:"id"`
	Content      string         `json:"content"`
	Title        string         `json:"title,omitempty"`
	Kind         string         `json:"kind,omitempty"` // knowledge type: "decision", "preference", "note" …
	Tags         []string       `json:"tags,omitempty"`
	Scope        scope.Scope    `json:"scope"`
	Project      string         `json:"project,omitempty"`
	Team         string         `json:"team,omitempty"`
	Session      string         `json:"session,omitempty"` // the client connection it was remembered in
	Author       string         `json:"author,omitempty"`  // user name
	Client       string         `json:"client,omitempty"`  // MCP client or "cli"
	Trust        Trust          `json:"trust"`
	Metadata     map[string]any `json:"metadata,omitempty"` // JSON values
	State        State          `json:"state"`
	Version      int            `json:"version"` // 1 when created, one more at each change
	Supersedes   ID             `json:"supersedes,omitempty"`
	SupersededBy ID             `json:"superseded_by,omitempty"`
	Sensitive    bool           `json:"sensitive,omitempty"` // a detector asked for PRIVATE
	Rules        []string       `json:"rules,omitempty"`     // ids of the detectors' rules that fired
	Confidence   float64        `json:"confidence"`          // of the scope, in [0, 1]
	Overridden   bool           `json:"overridden,omitempty"`
	Importance   float64        `json:"importance,omitempty"` // in [0, 1]; 0 means not stated
	Pinned       bool           `json:"pinned,omitempty"`
	OccurredAt   time.Time      `json:"occurred_at,omitzero"` // when what it tells happened
	CreatedAt    time.Time      `json:"created_at"`
	UpdatedAt    time.Time      `json:"updated_at"`
	ExpiresAt    time.Time      `json:"expires_at,omitzero"`
	ForgottenAt  time.Time      `json:"forgotten_at,omitzero"`
}

// At is the moment a memory is about: OccurredAt, or CreatedAt where that is not known.
func (m *Memory) At() time.Time {
	if m.OccurredAt.IsZero() {
		return m.CreatedAt
	}
	return m.OccurredAt
}

// EmbeddingText is what is embedded of a memory: title and content. Of a turn of a conversation it is who speaks and
// what is said; an id or a date in front only blurs the meaning.
func (m *Memory) EmbeddingText() string {
	text := m.Content
	if t := dialogue.Parse(m.Content, nil); t.Head != "" {
		text = t.Speaker + ": " + t.Body
	}
	if m.Title == "" {
		return text
	}
	return m.Title + "\n" + text
}

// LocalOnly reports whether no remote provider may see the text of m, whatever its scope says later.
func (m *Memory) LocalOnly() bool { return m.Sensitive || m.Scope.Sealed() }

// Caller is who makes a call, and from where. The process that accepts the connection fills it; nothing of it
// comes from the arguments of a tool.
type Caller struct {
	User    string // operating system user
	Client  string // name of the MCP client, or "cli"
	Session string // id of the connection
	Project string // project of the client's working folder; "" when unknown
	Root    string // absolute folder of that project
	Trust   Trust  // what new memories of this caller start with; "" means TrustAgent
	// RequestKey makes a repeated call the same call: a change already made under it is answered, not made again.
	// "" means the call is not repeated by the transport.
	RequestKey string
}
