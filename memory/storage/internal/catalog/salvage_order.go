package catalog

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/elderzan/elderzan/memory"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// lost finds out which memories are gone: those without a text, and those that the audit log knows and that were not purged.
func (s *salvage) lost() error {
	gone := map[memory.ID]bool{}
	ids := func(query string) error {
		rows, err := s.db.QueryContext(s.ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var b []byte
			if err := rows.Scan(&b); err != nil {
				return err
			}
			if id := idOf(b); id != "" {
				gone[id] = true
			}
		}
		return rows.Err()
	}
	for _, query := range []string{
		`SELECT id FROM memories WHERE row NOT IN (SELECT row FROM texts)`,
		`SELECT DISTINCT subject FROM audit WHERE subject IS NOT NULL AND action NOT IN ('denied', 'purge')
			AND subject NOT IN (SELECT id FROM memories) AND subject NOT IN (SELECT subject FROM audit WHERE action = 'purge' AND subject IS NOT NULL)`,
		`SELECT memory FROM outbox o WHERE op <> 3 AND memory NOT IN (SELECT id FROM memories) AND seq = (SELECT max(seq) FROM outbox WHERE memory = o.memory)`,
	} {
		if err := ids(query); err != nil {
			return err
		}
	}
	s.Lost = slices.Sorted(maps.Keys(gone))
	err := s.exec(`DELETE FROM memories WHERE row NOT IN (SELECT row FROM texts)`)
	if err == nil {
		err = s.db.QueryRowContext(s.ctx, `SELECT count(*) FROM memories`).Scan(&s.Memories)
	}
	return err
}

// order drops what belongs to nothing any more. Of a memory that is lost the cloud is not told that it was deleted: it is asked for it
// again.
func (s *salvage) order() error {
	statements, err := s.orphans()
	if err != nil {
		return err
	}
	statements = append(statements,
		`DELETE FROM outbox WHERE memory NOT IN (SELECT id FROM memories)
			AND memory NOT IN (SELECT memory FROM outbox o WHERE op = 3 AND seq = (SELECT max(seq) FROM outbox WHERE memory = o.memory))`,
	)
	if s.has("cloud_rows") {
		statements = append(statements, `DELETE FROM cloud_rows WHERE memory NOT IN (SELECT id FROM memories) AND memory NOT IN (SELECT memory FROM outbox WHERE op = 3)`)
		if len(s.Lost) > 0 || s.Tables["memories"]+s.Tables["texts"]+s.Tables["cloud_rows"] > 0 {
			statements = append(statements, `DELETE FROM meta WHERE key LIKE 'cloud.cursor.%'`)
		}
	}
	for _, q := range statements {
		if err := s.exec(q); err != nil {
			return err
		}
	}
	return nil
}

// orphans makes the statements that drop what refers to what is not there.
func (s *salvage) orphans() (statements []string, err error) {
	rows, err := s.db.QueryContext(s.ctx, `SELECT s.name, k."table", k."from", k."to" FROM sqlite_schema s, pragma_foreign_key_list(s.name) k WHERE s.type = 'table'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var child, parent, from, to string
		if err := rows.Scan(&child, &parent, &from, &to); err != nil {
			return nil, err
		}
		statements = append(statements, fmt.Sprintf(`DELETE FROM "%s" WHERE "%s" NOT IN (SELECT "%s" FROM "%s")`, child, from, to, parent))
	}
	return statements, rows.Err()
}

// has reports whether the schema has a table.
func (s *salvage) has(table string) bool { return s.columns[table] != nil }

// rowsPerPage is more than how many rows of a numbered table stand on a page.
const rowsPerPage = 128

// numbers sees to it that no number is given again that one that is lost may have had.
func (s *salvage) numbers() error {
	margin := int64(0)
	if s.walk.Bad > 0 {
		margin = int64(s.walk.Bad) * rowsPerPage
	}
	s.largest["memories"] = max(s.largest["memories"], s.largest["texts"], s.largest["usage"])
	var row, seq sql.NullInt64
	if err := s.db.QueryRowContext(s.ctx, `SELECT max(row), max(seq) FROM vectors`).Scan(&row, &seq); err != nil {
		return err
	}
	s.largest["memories"] = max(s.largest["memories"], row.Int64)
	for _, table := range []string{"memories", "outbox"} {
		if err := s.exec(`DELETE FROM sqlite_sequence WHERE name = ?`, table); err != nil {
			return err
		}
		if err := s.exec(`INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)`, table, s.largest[table]+margin); err != nil {
			return err
		}
	}
	return s.exec(`INSERT INTO counters (name, n) VALUES ('vectors', ?1) ON CONFLICT (name) DO UPDATE SET n = max(n, ?1)`, seq.Int64+margin)
}

// marks drops what is noted of derived data: words wait for their tables, and saved indexes are of another record.
func (s *salvage) marks() error {
	for _, q := range []string{
		`INSERT OR REPLACE INTO counters (name, n) VALUES ('words', 0)`,
		`DELETE FROM meta WHERE key IN ('indexes', 'patrol', 'last-check', 'linked')`,
	} {
		if err := s.exec(q); err != nil {
			return err
		}
	}
	return nil
}

// metaSource names this device, and with it the tree over its audit log.
const metaSource = "source"

// audit puts entries in the place of those that are lost and chains anew what comes after the first of them. An entry on the
// salvage ends the log.
func (s *salvage) audit() (err error) {
	tx, err := s.db.BeginTx(s.ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the error that is there says why
		}
	}()
	if _, err := tx.ExecContext(s.ctx, `DROP TRIGGER IF EXISTS audit_no_update`); err != nil {
		return err
	}
	l := &relog{s: s, tx: tx}
	if err := l.run(); err != nil {
		return err
	}
	named := false
	if err := tx.QueryRowContext(s.ctx, `SELECT count(*) > 0 FROM meta WHERE key = ?`, metaSource).Scan(&named); err != nil {
		return err
	}
	if s.Audit > 0 || !named { // what was signed is not what is there
		if _, err := tx.ExecContext(s.ctx, `DELETE FROM meta WHERE key = 'audit-checkpoint' OR key LIKE 'audit-tile/%'`); err != nil {
			return err
		}
	}
	if err := l.append(memory.Audit{At: s.now, Action: ActionSalvage, Client: "doctor", Reason: s.String()}); err != nil {
		return err
	}
	parts, err := wantedSchema()
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(s.ctx, parts["audit_no_update"].sql); err != nil {
		return err
	}
	return tx.Commit()
}
