package catalog

import (
	"bytes"
	"crypto/hmac"
	"database/sql"
	"encoding/json"
	"math"

	"github.com/elderzan/elderzan/memory"
)

// unpackAudit puts the entries of blocks into rows, so that entries can be put in the place of those that are lost. They are packed
// again later.
func (s *salvage) unpackAudit() error {
	if !s.has("audit_packed") {
		return nil
	}
	d := &DB{opts: s.opts}
	v := View{d, s.db}
	at := chain{}
	var all []logged
	err := v.eachAudit(s.ctx, 0, math.MaxInt64, func(p *auditPiece) error {
		if p.block == nil {
			return nil
		}
		entries, err := p.entries()
		if err != nil {
			return nil //nolint:nilerr // they are lost, which the gap tells
		}
		for i := range entries {
			e := &entries[i]
			key, err := d.auditKey(e.generation)
			if err != nil {
				return err
			}
			if at.seq != e.Seq-1 { // a block before is lost: from here on the log is chained anew
				at = chain{seq: e.Seq - 1}
			}
			at = at.next(key, e.generation, &e.Audit, e.rules)
			e.mac = bytes.Clone(at.mac[:])
		}
		entries[len(entries)-1].mac = p.mac
		copy(at.mac[:], p.mac)
		all = append(all, entries...)
		return nil
	})
	if err != nil {
		return err
	}
	for i := range all { // nothing is written while it is read: there is one connection
		e := &all[i]
		subject, err := optionalID(e.Subject)
		if err != nil {
			return err
		}
		if err := s.insert("audit", []any{e.Seq, e.At.UnixMicro(), e.Action, subject, e.User, e.Client, e.Session, int64(e.From), int64(e.To),
			string(e.rules), e.Reason, int64(e.generation), e.mac}); err != nil {
			return err
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	delete(s.Rows, "audit_packed")
	parts, err := wantedSchema()
	if err != nil {
		return err
	}
	const guard = "audit_packed_no_delete"
	for _, q := range []string{`DROP TRIGGER IF EXISTS ` + guard, `DELETE FROM audit_packed`, parts[guard].sql} {
		if err := s.exec(q); err != nil {
			return err
		}
	}
	return nil
}

// relog goes through the audit log of a salvaged database.
type relog struct {
	s    *salvage
	tx   *sql.Tx
	at   chain
	anew bool // entries are chained anew from here on
	last memory.Audit
}

// relogBatch is how many entries are read at a time.
const relogBatch = 2000

// run fills the gaps, those at the end too that the head file knows of.
func (l *relog) run() error {
	for {
		batch, err := l.read()
		if err != nil {
			return err
		}
		for i := range batch {
			if err := l.entry(&batch[i]); err != nil {
				return err
			}
		}
		if len(batch) < relogBatch {
			break
		}
	}
	head, said, err := openHead(l.s.opts.Head)
	if err != nil {
		return err
	}
	if err := head.close(); err != nil {
		return err
	}
	return l.gap(said + 1)
}

func (l *relog) read() ([]logged, error) {
	rows, err := l.tx.QueryContext(l.s.ctx, `SELECT 0, `+auditColumns+` FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`, l.at.seq, relogBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []logged
	for rows.Next() {
		e, _, err := scanAudit(rows)
		if err == nil {
			err = e.readRules()
		}
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

func (l *relog) entry(e *logged) error {
	if err := l.gap(e.Seq); err != nil {
		return err
	}
	l.last = e.Audit
	if !l.anew {
		l.at.seq = e.Seq
		copy(l.at.mac[:], e.mac)
		return nil
	}
	o := &l.s.opts
	next := l.at.next(o.AuditKey, o.AuditGeneration, &e.Audit, e.rules)
	l.at = next
	if hmac.Equal(next.mac[:], e.mac) {
		return nil
	}
	_, err := l.tx.ExecContext(l.s.ctx, `UPDATE audit SET generation = ?, mac = ? WHERE seq = ?`, int64(o.AuditGeneration), next.mac[:], next.seq)
	return err
}

// gap writes an entry for each that is missing before the one numbered seq.
func (l *relog) gap(seq int64) error {
	for l.at.seq+1 < seq {
		l.anew = true
		l.s.Audit++
		if err := l.append(memory.Audit{At: l.last.At, Action: ActionLost, Client: "doctor", Reason: "the entry that stood here was lost with a damaged page of the database"}); err != nil {
			return err
		}
	}
	return nil
}

// append writes an entry at the end of what was gone through.
func (l *relog) append(a memory.Audit) error {
	rules, err := json.Marshal([]string{})
	if err != nil {
		return err
	}
	o := &l.s.opts
	l.at = l.at.next(o.AuditKey, o.AuditGeneration, &a, rules)
	_, err = l.tx.ExecContext(l.s.ctx, `INSERT INTO audit (seq, at, action, subject, user, client, session, from_scope, to_scope, rules, reason, generation, mac)
		VALUES (?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		l.at.seq, a.At.UnixMicro(), a.Action, a.User, a.Client, a.Session, int64(a.From), int64(a.To), string(rules), a.Reason, int64(o.AuditGeneration), l.at.mac[:])
	return err
}
