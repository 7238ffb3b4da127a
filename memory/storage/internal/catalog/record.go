package catalog

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Record is a memory as the catalogue keeps it.
type Record struct {
	Row         int64         // names the memory in every engine; never reused
	Memory      memory.Memory // without Content, Title, Tags, Metadata and Rules, which are in Body; times in milliseconds
	TextVersion int           // version that brought the text as it is
	Body        []byte        // the rest of the memory; sealed where the scope is
	Lex         []byte        // analysed terms and tags; sealed where the scope is
	Hash        []byte        // keyed hash of project and text
	Uses        int           // how often the memory was returned
	LastUsed    time.Time     // zero for never
	sum         []byte        // as stored
}

// Words is what a record that is not sealed puts into the tables fts and tags: terms joined by spaces, and tags.
type Words struct {
	Title, Content, Labels string
	Tags                   []string
}

// Use counts how often a memory was returned.
type Use struct {
	Count int
	Last  time.Time
}

// SumSize is the length of the checksums kept beside values.
const SumSize = 16

// The bits of memories.flags.
const (
	flagSensitive = 1 << iota
	flagOverridden
	flagPinned
)

var states = [...]memory.State{1: memory.Active, 2: memory.Superseded, 3: memory.Archived, 4: memory.Forgotten}

func stateCode(s memory.State) (int64, error) {
	for i, name := range states {
		if i > 0 && name == s {
			return int64(i), nil
		}
	}
	return 0, &memory.InputError{Field: "state", Problem: "is unknown", Hint: "use active, superseded, archived or forgotten"}
}

// The column trust has a code for each degree that there is, which older rows spell out.
const (
	trustUser      = "u"
	trustAgent     = "a"
	trustUntrusted = "-"
	trustAsIs      = "=" // what follows is no code
)

func trustCode(t memory.Trust) string {
	switch {
	case t == memory.TrustUser:
		return trustUser
	case t == memory.TrustAgent:
		return trustAgent
	case t == memory.TrustUntrusted:
		return trustUntrusted
	case len(t) == 1, strings.HasPrefix(string(t), trustAsIs):
		return trustAsIs + string(t)
	}
	return string(t)
}

func trustOf(code string) memory.Trust {
	switch code {
	case trustUser:
		return memory.TrustUser
	case trustAgent:
		return memory.TrustAgent
	case trustUntrusted:
		return memory.TrustUntrusted
	}
	return memory.Trust(strings.TrimPrefix(code, trustAsIs))
}

const columnList = `id, version, text_version, state, scope, sealed, project, team, kind, session, author, client, trust, flags,
	confidence, importance, supersedes, superseded_by, at, occurred_at, created_at, updated_at, expires_at, forgotten_at, hash, lex, sum`

const (
	insertMemory = `INSERT INTO memories (` + columnList + `)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateMemory = `UPDATE memories SET (` + columnList + `) =
		(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE row = ?`
	attributes = `m.row, m.id, m.version, m.text_version, m.state, m.scope, m.project, m.team, m.kind, m.session, m.author,
		m.client, m.trust, m.flags, m.confidence, m.importance, m.supersedes, m.superseded_by, m.occurred_at, m.created_at,
		m.updated_at, m.expires_at, m.forgotten_at, m.hash, m.sum`
	// selectRecord reads all but the terms, which are long and which only a filling index needs. A memory whose text is gone has an
	// empty body, which no memory has: it is damaged, not absent.
	selectRecord = `SELECT ` + attributes + `, x'', t.body, coalesce(u.uses, 0), u.last_at
		FROM memories m LEFT JOIN texts t ON t.row = m.row LEFT JOIN usage u ON u.row = m.row`
	// selectWhole reads everything a checksum covers, and what an index is filled with: terms are quoted from the body.
	selectWhole = `SELECT ` + attributes + `, m.lex, t.body, 0, NULL FROM memories m LEFT JOIN texts t ON t.row = m.row`
)

// columns returns the values of columnList.
func (r *Record) columns() ([]any, error) {
	m := &r.Memory
	id, err := idBytes(m.ID)
	if err != nil {
		return nil, err
	}
	state, err := stateCode(m.State)
	if err != nil {
		return nil, err
	}
	if !m.Scope.Valid() {
		return nil, scope.ErrUnknown
	}
	supersedes, err := optionalID(m.Supersedes)
	if err != nil {
		return nil, err
	}
	supersededBy, err := optionalID(m.SupersededBy)
	if err != nil {
		return nil, err
	}
	return []any{
		id, m.Version, r.TextVersion, state, int64(m.Scope), m.Scope.Sealed(), m.Project, m.Team, m.Kind, m.Session, m.Author, m.Client,
		trustCode(m.Trust), r.flags(), m.Confidence, m.Importance, supersedes, supersededBy, m.At().UnixMilli(), milli(m.OccurredAt),
		m.CreatedAt.UnixMilli(), m.UpdatedAt.UnixMilli(), milli(m.ExpiresAt), milli(m.ForgottenAt), r.Hash, r.Lex, r.checksum(),
	}, nil
}

func (r *Record) flags() int64 {
	var f int64
	if r.Memory.Sensitive {
		f |= flagSensitive
	}
	if r.Memory.Overridden {
		f |= flagOverridden
	}
	if r.Memory.Pinned {
		f |= flagPinned
	}
	return f
}

// checksum covers everything of the record but its row, which a repair may have to change, and its uses.
func (r *Record) checksum() []byte {
	m := &r.Memory
	h := sha256.New()
	var scratch []byte
	text := func(parts ...string) {
		for _, p := range parts {
			scratch = binary.AppendUvarint(scratch, uint64(len(p)))
			scratch = append(scratch, p...)
		}
	}
	number := func(ns ...int64) {
		for _, n := range ns {
			scratch = binary.AppendVarint(scratch, n)
		}
	}
	text(string(m.ID), string(m.State), m.Project, m.Team, m.Kind, m.Session, m.Author, m.Client, string(m.Trust), string(m.Supersedes), string(m.SupersededBy))
	number(int64(m.Version), int64(r.TextVersion), int64(m.Scope), r.flags(), int64(math.Float64bits(m.Confidence)), int64(math.Float64bits(m.Importance)))
	for _, t := range []time.Time{m.OccurredAt, m.CreatedAt, m.UpdatedAt, m.ExpiresAt, m.ForgottenAt} {
		if t.IsZero() {
			number(0)
		} else {
			number(1, t.UnixMilli())
		}
	}
	number(int64(len(r.Hash)), int64(len(r.Lex)), int64(len(r.Body)))
	for _, part := range [][]byte{scratch, r.Hash, r.Lex, r.Body} {
		h.Write(part)
	}
	return h.Sum(nil)[:SumSize]
}

// Intact reports whether the record is what was stored. Only records from DB.Whole carry all that this needs.
func (r *Record) Intact() bool { return bytes.Equal(r.sum, r.checksum()) }

// scanRecords reads rows of selectRecord or selectWhole, of which there are hardly more than n, and closes rows.
func scanRecords(rows *sql.Rows, n int) ([]Record, error) {
	out := make([]Record, 0, min(n, maxScanned))
	err := eachRecord(rows, func(r *Record) error {
		out = append(out, *r)
		return nil
	})
	return out, err
}

// maxScanned bounds what scanRecords allocates before it has read anything.
const maxScanned = 1024

func eachRecord(rows *sql.Rows, fn func(*Record) error) error {
	defer rows.Close()
	for rows.Next() {
		var r Record
		if err := r.scan(rows); err != nil {
			return err
		}
		if err := fn(&r); err != nil {
			return err
		}
	}
	return wrap("read memories", rows.Err())
}

func (r *Record) scan(rows *sql.Rows) error {
	var (
		m                                     = &r.Memory
		id, supersedes, supersededBy          []byte
		state, sc, flags, created, updated    int64
		occurred, expires, forgotten, lastUse sql.NullInt64
	)
	err := rows.Scan(&r.Row, &id, &m.Version, &r.TextVersion, &state, &sc, &m.Project, &m.Team, &m.Kind, &m.Session, &m.Author,
		&m.Client, &m.Trust, &flags, &m.Confidence, &m.Importance, &supersedes, &supersededBy, &occurred, &created,
		&updated, &expires, &forgotten, &r.Hash, &r.sum, &r.Lex, &r.Body, &r.Uses, &lastUse)
	if err != nil {
		return wrap("read memory", err)
	}
	m.Trust = trustOf(string(m.Trust))
	m.ID, m.Supersedes, m.SupersededBy = idOf(id), idOf(supersedes), idOf(supersededBy)
	if state > 0 && int(state) < len(states) {
		m.State = states[state]
	}
	m.Scope = scope.Scope(sc)
	m.Sensitive, m.Overridden, m.Pinned = flags&flagSensitive != 0, flags&flagOverridden != 0, flags&flagPinned != 0
	m.OccurredAt, m.ExpiresAt, m.ForgottenAt = timeOf(occurred), timeOf(expires), timeOf(forgotten)
	m.CreatedAt, m.UpdatedAt = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	r.LastUsed = timeOf(lastUse)
	return nil
}

// milli gives NULL for the zero time.
func milli(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func timeOf(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMilli(n.Int64).UTC()
}

var errID = errors.New("not a memory id")

func idBytes(id memory.ID) ([]byte, error) {
	u, err := uuid.Parse(string(id))
	if err != nil || len(id) != 36 {
		return nil, fmt.Errorf("sqlite: %w", errID)
	}
	return u[:], nil
}

func optionalID(id memory.ID) (any, error) {
	if id == "" {
		return nil, nil
	}
	return idBytes(id)
}

func idOf(b []byte) memory.ID {
	u, err := uuid.FromBytes(b)
	if err != nil {
		return ""
	}
	return memory.ID(u.String())
}

// requestHash shortens a request's key, which the client chose. Of a key that ends in a number only the rest is hashed,
// so that the requests of one session stand side by side in the table, and share its pages.
func requestHash(key string) []byte {
	var n uint64
	if i := strings.LastIndexByte(key, '-'); i >= 0 {
		// Only what is written the one way: 7 and 07 are two keys.
		if v, err := strconv.ParseUint(key[i+1:], 10, 64); err == nil && strconv.FormatUint(v, 10) == key[i+1:] {
			key, n = key[:i+1], v
		}
	}
	sum := sha256.Sum256([]byte(key))
	return binary.BigEndian.AppendUint64(sum[:SumSize:SumSize], n)
}
