package catalog

import (
	"crypto/hmac"
	"database/sql"
	"encoding/json"

	"github.com/elderzan/elderzan/memory"
)

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

// logged is an entry as it stands.
type logged struct {
	AuditEntry
	rules      []byte
	generation uint32
	mac        []byte
}

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
	rows, err := l.tx.QueryContext(l.s.ctx, `SELECT seq, at, action, subject, user, client, session, from_scope, to_scope, rules, reason, generation, mac
		FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`, l.at.seq, relogBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []logged
	for rows.Next() {
		var e logged
		if e.AuditEntry, e.rules, e.generation, e.mac, err = scanAudit(rows); err != nil {
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
