package catalog

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
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
	var last int64
	err := conn.QueryRowContext(ctx, `SELECT max(coalesce((SELECT max(seq) FROM audit), 0), coalesce((SELECT max(last) FROM audit_packed), 0))`).Scan(&last)
	if err != nil || last == 0 {
		return chain{}, err
	}
	return macOf(ctx, conn, last)
}

// macOf returns the chain as it stands with the entry numbered seq, which is a row or ends a block; 0 stands for the beginning.
func macOf(ctx context.Context, q querier, seq int64) (chain, error) {
	c := chain{seq: seq}
	if seq == 0 {
		return c, nil
	}
	var mac []byte
	err := q.QueryRowContext(ctx, `SELECT mac FROM audit WHERE seq = ?1 UNION ALL SELECT mac FROM audit_packed WHERE last = ?1 LIMIT 1`, seq).Scan(&mac)
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
// is a *memory.CorruptError wrapping ErrChain. To verify the whole log, start after 0. Packed entries are verified a block
// at a time.
func (v *View) AuditLog(ctx context.Context, after int64, keyOf func(generation uint32) (security.Secret, error), fn func(AuditEntry) error) error {
	at := chain{}
	return v.eachAudit(ctx, after, math.MaxInt64, func(p *auditPiece) error {
		if p.last <= after { // the anchor: its own predecessor is not at hand
			at.seq = p.last
			copy(at.mac[:], p.mac)
			return nil
		}
		entries, err := p.entries()
		if err != nil {
			return p.corrupt()
		}
		for i := range entries {
			e := &entries[i]
			key, err := keyOf(e.generation)
			if err != nil {
				return fmt.Errorf("audit entry %d: %w", e.Seq, err)
			}
			if at = at.next(key, e.generation, &e.Audit, e.rules); e.Seq != at.seq {
				return p.corrupt()
			}
		}
		if !hmac.Equal(p.mac, at.mac[:]) {
			return p.corrupt()
		}
		for i := range entries {
			if entries[i].Seq > after {
				if err := fn(entries[i].AuditEntry); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// AuditRange calls fn for each entry numbered first to last that is there, in order, without verifying it; fn's first
// error ends it. What cannot be read of a block is not there.
func (v *View) AuditRange(ctx context.Context, first, last int64, fn func(AuditEntry) error) error {
	return v.eachAudit(ctx, first, last, func(p *auditPiece) error {
		if p.last < first {
			return nil
		}
		entries, err := p.entries()
		if err != nil && p.block == nil {
			return p.corrupt()
		}
		for i := range entries {
			if n := entries[i].Seq; n >= first && n <= last {
				if err := fn(entries[i].AuditEntry); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// auditPiece is an entry in its row, or a block of them.
type auditPiece struct {
	last  int64
	mac   []byte // of the last entry
	n     int    // entries in block
	block []byte // nil for a row
	row   logged
}

func (p *auditPiece) entries() ([]logged, error) {
	if p.block == nil {
		return []logged{p.row}, p.row.readRules()
	}
	entries, err := unpackAudit(p.block, p.last)
	if err == nil && len(entries) != p.n {
		err = errBlock
	}
	return entries, err
}

// corrupt says that the piece does not follow from the one before.
func (p *auditPiece) corrupt() error {
	what := fmt.Sprintf("entry %d does", p.last)
	if p.block != nil {
		what = fmt.Sprintf("entries %d to %d do", p.last-int64(p.n)+1, p.last)
	}
	return &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("%w: %s not follow from the one before", ErrChain, what)}
}

const auditColumns = `seq, at, action, subject, user, client, session, from_scope, to_scope, rules, reason, generation, mac`

// eachAudit calls fn for what holds the entries numbered first to last, and, where first is in a block, for the block before,
// whose mac it follows from. It is one statement: an entry is a row or packed, and never both.
func (v *View) eachAudit(ctx context.Context, first, last int64, fn func(*auditPiece) error) error {
	rows, err := v.query(ctx, "read audit", `SELECT n, last AS seq, 0, '', NULL, '', '', '', 0, 0, block, '', 0, mac FROM audit_packed
			WHERE last >= (SELECT coalesce(max(last), 0) FROM audit_packed WHERE last <= ?1) AND last - n < ?2
		UNION ALL SELECT 0, `+auditColumns+` FROM audit WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq`, first, last)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p auditPiece
		if p.row, p.n, err = scanAudit(rows); err != nil {
			return err
		}
		if p.last, p.mac = p.row.Seq, p.row.mac; p.n > 0 {
			p.block = p.row.rules
		}
		if err := fn(&p); err != nil {
			return err
		}
	}
	return wrap("read audit", rows.Err())
}

// scanAudit reads a number and, behind it, auditColumns, the rules as they stand.
func scanAudit(rows *sql.Rows) (e logged, n int, err error) {
	var at int64
	var subject []byte
	var from, to int64
	err = rows.Scan(&n, &e.Seq, &at, &e.Action, &subject, &e.User, &e.Client, &e.Session, &from, &to, &e.rules, &e.Reason, &e.generation, &e.mac)
	if err != nil {
		return e, 0, wrap("read audit", err)
	}
	e.At, e.Subject, e.From, e.To = time.UnixMicro(at).UTC(), idOf(subject), scope.Scope(from), scope.Scope(to)
	return e, n, nil
}

// AuditHead returns the number of the newest audit entry that is committed, as the writer remembers it.
func (d *DB) AuditHead() int64 { return d.writer.head.Load() }
