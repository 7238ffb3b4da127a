package sync

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
)

// Doc is what travels of a memory. Its scope is the Place it travels in.
type Doc struct {
	Deleted bool             `json:"x,omitempty"`
	Text    string           `json:"t,omitempty"`
	Title   string           `json:"h,omitempty"`
	Tags    []string         `json:"g,omitempty"`
	Attrs   Attrs            `json:"a"`
	Stamp   Stamp            `json:"s"`
	Device  string           `json:"d,omitempty"` // that made this version
	Seen    map[string]Stamp `json:"v,omitempty"` // the newest change of each device that this version includes
	Others  []Version        `json:"o,omitempty"` // texts that were changed at the same time and wait for a decision
	Vector  []float32        `json:"-"`
	Space   string           `json:"-"` // embedding space of Vector
}

// Attrs is everything of a memory beside its text.
type Attrs struct {
	Kind         string          `json:"k,omitempty"`
	Project      string          `json:"p,omitempty"`
	Author       string          `json:"u,omitempty"`
	Client       string          `json:"c,omitempty"`
	State        memory.State    `json:"st,omitempty"`
	Metadata     json.RawMessage `json:"m,omitempty"`
	Supersedes   memory.ID       `json:"ss,omitempty"`
	SupersededBy memory.ID       `json:"sb,omitempty"`
	Sensitive    bool            `json:"se,omitempty"`
	Rules        []string        `json:"r,omitempty"`
	Confidence   float64         `json:"cf,omitempty"`
	Importance   float64         `json:"i,omitempty"`
	Pinned       bool            `json:"pi,omitempty"`
	OccurredAt   int64           `json:"oa,omitempty"` // Unix milliseconds, 0 for none
	CreatedAt    int64           `json:"ca,omitempty"`
	UpdatedAt    int64           `json:"ua,omitempty"`
	ExpiresAt    int64           `json:"ea,omitempty"`
}

// Version is one of the texts of a conflict.
type Version struct {
	Text   string `json:"t"`
	Title  string `json:"h,omitempty"`
	Base   string `json:"b,omitempty"` // the text that both sides started from, where it is known and not too long
	Stamp  Stamp  `json:"s"`
	Device string `json:"d"`
	Author string `json:"u,omitempty"`
}

// DocOf returns what travels of m in p, or an error wrapping ErrLocalOnly.
func DocOf(p Place, m *memory.Memory) (Doc, error) {
	if err := p.admits(m); err != nil {
		return Doc{}, err
	}
	a := Attrs{
		Kind: m.Kind, Project: m.Project, Author: m.Author, Client: m.Client, State: m.State, Supersedes: m.Supersedes,
		SupersededBy: m.SupersededBy, Sensitive: m.Sensitive, Rules: m.Rules, Confidence: m.Confidence, Importance: m.Importance,
		Pinned: m.Pinned, OccurredAt: milli(m.OccurredAt), CreatedAt: milli(m.CreatedAt), UpdatedAt: milli(m.UpdatedAt), ExpiresAt: milli(m.ExpiresAt),
	}
	if a.State == memory.Archived {
		a.State = memory.Active // how a machine keeps a memory is its own matter
	}
	if len(m.Metadata) > 0 {
		b, err := json.Marshal(m.Metadata)
		if err != nil {
			return Doc{}, fmt.Errorf("sync: metadata of %s: %w", m.ID, err)
		}
		a.Metadata = b
	}
	return Doc{Text: m.Content, Title: m.Title, Tags: m.Tags, Attrs: a}, nil
}

// Memory returns the memory that d tells of, as one from elsewhere: what other people wrote is not trusted.
func (d *Doc) Memory(p Place, id memory.ID, team string) (memory.Memory, error) {
	a := &d.Attrs
	m := memory.Memory{
		ID: id, Content: d.Text, Title: d.Title, Tags: d.Tags, Scope: p.Scope(), Team: team, Kind: a.Kind, Project: a.Project,
		Author: a.Author, Client: a.Client, State: a.State, Supersedes: a.Supersedes, SupersededBy: a.SupersededBy,
		Sensitive: a.Sensitive, Rules: a.Rules, Confidence: a.Confidence, Importance: a.Importance, Pinned: a.Pinned,
		OccurredAt: timeOf(a.OccurredAt), CreatedAt: timeOf(a.CreatedAt), UpdatedAt: timeOf(a.UpdatedAt), ExpiresAt: timeOf(a.ExpiresAt),
		Trust: memory.TrustUntrusted, Overridden: true, Version: 1,
	}
	switch m.State {
	case memory.Active, memory.Superseded:
	default:
		m.State = memory.Active
	}
	if len(a.Metadata) > 0 {
		if err := json.Unmarshal(a.Metadata, &m.Metadata); err != nil {
			return memory.Memory{}, fmt.Errorf("sync: metadata of %s: %w", id, err)
		}
	}
	return m, checkIncoming(&m)
}

// Read opens a record outside of any sync, such as when a team is recovered, and returns the memory in it; deleted says
// that the row is gone. The errors are those of the Sealer, and ErrContent.
func Read(p Place, s Sealer, r Record) (m memory.Memory, deleted bool, err error) {
	payload, _, err := s.Open(r.ID, r.Body, State{})
	if err != nil {
		return memory.Memory{}, false, err
	}
	d, err := payload.doc()
	if err != nil || d.Deleted {
		return memory.Memory{}, d.Deleted, err
	}
	m, err = d.Memory(p, r.ID, "")
	return m, false, err
}

// checkIncoming holds what comes from elsewhere to the limits of a memory.
func checkIncoming(m *memory.Memory) error {
	md, err := json.Marshal(m.Metadata)
	if err != nil {
		return fmt.Errorf("sync: metadata: %w", err)
	}
	names := max(len(m.Kind), len(m.Project), len(m.Author), len(m.Client), len(m.Team))
	if m.Content == "" || len(m.Content) > memory.MaxContentBytes || len(m.Title) > memory.MaxTitleBytes || len(m.Tags) > memory.MaxTags ||
		len(md) > memory.MaxMetadataBytes+2 || names > memory.MaxNameBytes {
		return fmt.Errorf("%w: beyond the limits of a memory", ErrContent)
	}
	for _, t := range m.Tags {
		if len(t) > memory.MaxTagBytes {
			return fmt.Errorf("%w: beyond the limits of a memory", ErrContent)
		}
	}
	for _, text := range append([]string{m.Content, m.Title, m.Kind, m.Project, m.Author, m.Client, string(md)}, m.Tags...) {
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			return fmt.Errorf("%w: text that is none", ErrContent)
		}
	}
	for _, n := range []float64{m.Importance, m.Confidence} {
		if !(n >= 0 && n <= 1) {
			return fmt.Errorf("%w: a share that is none", ErrContent)
		}
	}
	for _, at := range []time.Time{m.OccurredAt, m.CreatedAt, m.UpdatedAt, m.ExpiresAt} {
		if at.Year() < 0 || at.Year() > 9999 { // JSON has no others: whoever lists the memory would get nothing at all
			return fmt.Errorf("%w: a time that is none", ErrContent)
		}
	}
	return nil
}

func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// same reports whether a and b tell the same, whoever told it when.
func same(a, b *Doc) bool {
	return a.Deleted == b.Deleted && a.Text == b.Text && a.Title == b.Title && slices.Equal(a.Tags, b.Tags) &&
		bytes.Equal(encoded(a.Attrs), encoded(b.Attrs)) && slices.Equal(a.Others, b.Others)
}

func encoded(a Attrs) []byte {
	b, err := json.Marshal(a)
	if err != nil {
		return nil // only malformed metadata, which DocOf and Payload.doc refuse
	}
	return b
}

// Payload is a Doc as a Sealer hides it.
type Payload struct {
	Deleted bool
	Text    string
	Title   string
	Tags    []string
	Meta    []byte // opaque
	Vector  []float32
	Space   string
}

// meta is what Payload.Meta holds.
type meta struct {
	Attrs  Attrs            `json:"a"`
	Stamp  Stamp            `json:"s"`
	Device string           `json:"d"`
	Seen   map[string]Stamp `json:"v,omitempty"`
	Others []Version        `json:"o,omitempty"`
}

func (d *Doc) payload() (Payload, error) {
	b, err := json.Marshal(meta{Attrs: d.Attrs, Stamp: d.Stamp, Device: d.Device, Seen: d.Seen, Others: d.Others})
	if err != nil {
		return Payload{}, fmt.Errorf("sync: encode: %w", err)
	}
	return Payload{Deleted: d.Deleted, Text: d.Text, Title: d.Title, Tags: d.Tags, Meta: b, Vector: d.Vector, Space: d.Space}, nil
}

func (p *Payload) doc() (Doc, error) {
	var m meta
	if err := json.Unmarshal(p.Meta, &m); err != nil {
		return Doc{}, fmt.Errorf("%w: %w", ErrContent, err)
	}
	newest := m.Stamp
	for _, s := range m.Seen {
		newest = max(newest, s)
	}
	for i := range m.Others {
		newest = max(newest, m.Others[i].Stamp)
	}
	if newest > lastStamp {
		return Doc{}, fmt.Errorf("%w: its clock is beyond all years", ErrContent)
	}
	return Doc{
		Deleted: p.Deleted, Text: p.Text, Title: p.Title, Tags: p.Tags, Attrs: m.Attrs, Stamp: m.Stamp, Device: m.Device,
		Seen: m.Seen, Others: m.Others, Vector: p.Vector, Space: p.Space,
	}, nil
}
