package catalog

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// chain is the end of the audit log.
type chain struct {
	seq int64
	mac [sha256.Size]byte
}

// AuditEntry is an entry of the audit log with its place.
type AuditEntry struct {
	Seq int64
	memory.Audit
}

// ErrChain reports an audit log that was changed: an entry does not follow from the one before.
var ErrChain = errors.New("catalog: the audit log does not authenticate")

func readChain(ctx context.Context, conn *sql.Conn) (chain, error) {
	var c chain
	var mac []byte
	err := conn.QueryRowContext(ctx, `SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1`).Scan(&c.seq, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		return chain{}, nil
	}
	if err == nil && len(mac) != len(c.mac) {
		err = &memory.CorruptError{Engine: "sqlite", Err: ErrChain}
	}
	copy(c.mac[:], mac)
	return c, err
}

// next returns the chain with the entry a appended.
func (c chain) next(key security.Secret, generation uint32, a *memory.Audit, rules []byte) chain {
	c.seq++
	h := hmac.New(sha256.New, key.Bytes())
	h.Write(c.mac[:])
	var b []byte
	b = binary.AppendVarint(b, c.seq)
	b = binary.AppendVarint(b, a.At.UnixMicro())
	b = binary.AppendUvarint(b, uint64(generation))
	b = append(b, byte(a.From), byte(a.To))
	h.Write(b)
	h.Write(security.Place([]byte(a.Action), []byte(a.Subject), []byte(a.User), []byte(a.Client), []byte(a.Session), rules, []byte(a.Reason)))
	h.Sum(c.mac[:0])
	return c
}

// Audit appends an entry to the audit log. A subject that is no memory id is an error.
func (tx *Tx) Audit(a memory.Audit) error {
	subject, err := optionalID(a.Subject)
	if err != nil {
		return err
	}
	rules := jsonList(a.Rules)
	o := &tx.w.db.opts
	next := tx.chain.next(o.AuditKey, o.AuditGeneration, &a, []byte(rules))
	_, err = tx.exec("insert audit", `INSERT INTO audit
		(seq, at, action, subject, user, client, session, from_scope, to_scope, rules, reason, generation, mac)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		next.seq, a.At.UnixMicro(), a.Action, subject, a.User, a.Client, a.Session, int64(a.From), int64(a.To),
		rules, a.Reason, int64(o.AuditGeneration), next.mac[:])
	if err != nil {
		return err
	}
	tx.chain = next
	tx.told.Audited = true
	return nil
}

// AuditLog calls fn for each entry after the one numbered after, in order; fn's first error ends it. Each entry is
// verified to follow from the one before, with the key that keyOf returns for its generation: an entry that does not
// is a *memory.CorruptError wrapping ErrChain. To verify the whole log, start after 0.
func (v *View) AuditLog(ctx context.Context, after int64, keyOf func(generation uint32) (security.Secret, error), fn func(AuditEntry) error) error {
	rows, err := v.query(ctx, "read audit", `SELECT seq, at, action, subject, user, client, session, from_scope, to_scope, rules, reason, generation, mac
		FROM audit WHERE seq >= ? ORDER BY seq`, after)
	if err != nil {
		return err
	}
	defer rows.Close()
	at := chain{}
	for rows.Next() {
		e, rules, generation, mac, err := scanAudit(rows)
		if err != nil {
			return err
		}
		if e.Seq == after { // the anchor: its own predecessor is not at hand
			at.seq = e.Seq
			copy(at.mac[:], mac)
			continue
		}
		key, err := keyOf(generation)
		if err != nil {
			return fmt.Errorf("audit entry %d: %w", e.Seq, err)
		}
		next := at.next(key, generation, &e.Audit, rules)
		if e.Seq != next.seq || !hmac.Equal(mac, next.mac[:]) {
			return &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("%w: entry %d does not follow from the one before", ErrChain, e.Seq)}
		}
		at = next
		if err := fn(e); err != nil {
			return err
		}
	}
	return wrap("read audit", rows.Err())
}

// AuditRange calls fn for each entry numbered first to last that is there, in order, without verifying it; fn's first
// error ends it.
func (v *View) AuditRange(ctx context.Context, first, last int64, fn func(AuditEntry) error) error {
	rows, err := v.query(ctx, "read audit", `SELECT seq, at, action, subject, user, client, session, from_scope, to_scope, rules, reason, generation, mac
		FROM audit WHERE seq BETWEEN ? AND ? ORDER BY seq`, first, last)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e, _, _, _, err := scanAudit(rows)
		if err != nil {
			return err
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return wrap("read audit", rows.Err())
}

func scanAudit(rows *sql.Rows) (e AuditEntry, rules []byte, generation uint32, mac []byte, err error) {
	var at int64
	var subject []byte
	var from, to int64
	err = rows.Scan(&e.Seq, &at, &e.Action, &subject, &e.User, &e.Client, &e.Session, &from, &to, &rules, &e.Reason, &generation, &mac)
	if err != nil {
		return e, nil, 0, nil, wrap("read audit", err)
	}
	e.At, e.Subject, e.From, e.To = time.UnixMicro(at).UTC(), idOf(subject), scope.Scope(from), scope.Scope(to)
	if err := json.Unmarshal(rules, &e.Rules); err != nil {
		return e, nil, 0, nil, &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("%w: entry %d", ErrChain, e.Seq)}
	}
	if len(e.Rules) == 0 {
		e.Rules = nil
	}
	return e, rules, generation, mac, nil
}

// AuditHead returns the number of the newest audit entry that is committed, as the writer remembers it.
func (d *DB) AuditHead() int64 { return d.writer.head.Load() }
