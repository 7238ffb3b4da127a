package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/pages"
)

// SalvageSuffix is what the name of a database of salvaged rows has after that of the damaged one, until it takes its place.
const SalvageSuffix = "-salvage"

// Salvaged says what Salvage has taken over of a damaged database.
type Salvaged struct {
	Pages     int64            `json:"pages"`               // of the damaged database
	BadPages  int              `json:"bad_pages"`           // of them that cannot be read
	Memories  int64            `json:"memories"`            // taken over, each with its text
	Lost      []memory.ID      `json:"lost,omitempty"`      // memories that are known to have been there and are not now
	Rows      map[string]int64 `json:"rows"`                // taken over, by table
	Tables    map[string]int   `json:"tables,omitempty"`    // tables that cannot be filled again from the rest: pages and rows of theirs that could not be read
	Audit     int64            `json:"audit,omitempty"`     // entries of the audit log that are lost
	Unclaimed int              `json:"unclaimed,omitempty"` // pages of rows of which nobody can tell whose they are
}

// Whole reports whether nothing but derived data was lost.
func (s *Salvaged) Whole() bool {
	return len(s.Lost) == 0 && s.Audit == 0 && len(s.Tables) == 0
}

// String tells of it in a line, without a word of a memory.
func (s *Salvaged) String() string {
	text := fmt.Sprintf("%d of %d pages could not be read; %d memories were taken over", s.BadPages, s.Pages, s.Memories)
	if s.Whole() {
		return text + ", none is lost"
	}
	text += fmt.Sprintf(", %d are known to be lost", len(s.Lost))
	if len(s.Lost) > 0 {
		shown := make([]string, 0, lostShown)
		for _, id := range s.Lost[:min(len(s.Lost), lostShown)] {
			shown = append(shown, string(id))
		}
		text += " (" + strings.Join(shown, ", ")
		if len(s.Lost) > lostShown {
			text += fmt.Sprintf(" and %d more", len(s.Lost)-lostShown)
		}
		text += ")"
	}
	if s.Audit > 0 {
		text += fmt.Sprintf("; %d entries of the audit log are lost", s.Audit)
	}
	for _, table := range sortedKeys(s.Tables) {
		text += fmt.Sprintf("; %d pages of the table %s are lost", s.Tables[table], table)
	}
	return text
}

// lostShown is how many ids a line names.
const lostShown = 20

// kinds of audit entries that salvage writes.
const (
	ActionLost    = "lost"    // stands for an entry that was lost
	ActionSalvage = "salvage" // says what was taken over, and what was lost
)

// salvage is one run.
type salvage struct {
	Salvaged
	ctx     context.Context // of this run
	opts    Options
	now     time.Time
	db      *sql.DB
	tx      *sql.Tx
	waiting int                  // rows in tx
	inserts map[string]*sql.Stmt // by table; of tx
	queries map[string]string
	forms   []pages.Table
	columns map[string][]string
	aliases map[string]int // by table: the column that is the row's id
	bodies  map[int64][][]byte
	largest map[string]int64 // row ids seen, and those on record of what was given
	version int64
	walk    pages.Report
}

// salvageBatch is how many rows are written in one transaction.
const salvageBatch = 10_000

// Salvage makes, beside the closed database of o, a database of what can be read of it under the same key: see SalvageSuffix. Rows come
// from pages that authenticate, those too that nothing leads to any more; a memory is taken over with its text or not at all. What is
// lost of the audit log is replaced by entries that say so, and from there on the log is chained anew, with an entry on the
// salvage at its end. The damaged files stay as they are. It returns an error wrapping ErrNoPage where no page can be read under the key.
func Salvage(ctx context.Context, o Options, now time.Time) (_ Salvaged, err error) {
	s := &salvage{ctx: ctx, opts: o, now: now, inserts: map[string]*sql.Stmt{}, queries: map[string]string{}, aliases: map[string]int{}, bodies: map[int64][][]byte{}, largest: map[string]int64{}}
	s.Rows, s.Tables = map[string]int64{}, map[string]int{}
	if err := DropSalvaged(o.Path); err != nil {
		return Salvaged{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, DropSalvaged(o.Path))
		}
	}()
	f, err := pages.Open(o.Path, o.Key, readSalt(o.Head))
	if err != nil {
		return Salvaged{}, wrap("salvage", err)
	}
	defer f.Close()
	if s.version, err = s.schemaOf(f); err != nil {
		return Salvaged{}, err
	}
	part := o.Path + SalvageSuffix + partSuffix
	if err := s.create(part); err != nil {
		return Salvaged{}, err
	}
	if err := errors.Join(s.fill(f), s.close()); err != nil {
		return Salvaged{}, wrap("salvage", err)
	}
	if err := errors.Join(syncFile(part), os.Rename(part, o.Path+SalvageSuffix)); err != nil {
		return Salvaged{}, wrap("salvage", err)
	}
	return s.Salvaged, nil
}

// partSuffix ends the name of a database that rows are still put into.
const partSuffix = ".part"

// DropSalvaged removes what Salvage has made beside the database at path.
func DropSalvaged(path string) error {
	return wrap("drop what was salvaged", errors.Join(removeCopy(path+SalvageSuffix), removeCopy(path+SalvageSuffix+partSuffix)))
}

// schemaOf returns the version of the schema of the damaged database; that of this build where it cannot be read.
func (s *salvage) schemaOf(f *pages.File) (version int64, err error) {
	_, err = f.Walk(s.ctx, []pages.Table{versions}, func(r pages.Found) error {
		n, _ := r.Values[1].(int64)
		if on, _ := r.Values[2].(int64); on != 0 && !r.Orphan {
			version = max(version, n)
		}
		return nil
	})
	switch {
	case err != nil:
		return 0, wrap("salvage", err)
	case version > schemaVersion():
		return 0, fmt.Errorf("%w (schema %d, this build knows %d)", ErrNewer, version, schemaVersion())
	case version == 0:
		version = schemaVersion()
	}
	return version, nil
}

// create makes the new database, and finds out what rows look like.
func (s *salvage) create(temp string) error {
	o := s.opts
	o.Path, o.Create = temp, true
	if err := checkFile(o); err != nil {
		return err
	}
	s.db = sql.OpenDB(&salvageConnector{connector{opts: o, writes: true}})
	s.db.SetMaxOpenConns(1)
	if err := migrateTo(s.ctx, s.db, s.version); err != nil {
		return errors.Join(wrap("salvage", err), s.db.Close())
	}
	var err error
	if s.forms, s.columns, err = tableForms(s.ctx, s.db); err != nil {
		return errors.Join(err, s.db.Close())
	}
	for _, t := range s.forms {
		for i, c := range t.Columns {
			if c.RowID {
				s.aliases[t.Name] = i
			}
		}
	}
	// What the migrations put there is taken over.
	_, err = s.db.ExecContext(s.ctx, `DELETE FROM counters; DELETE FROM meta`)
	return wrap("salvage", err)
}

// salvageConnector opens connections without what keeps the tables of an open database in step.
type salvageConnector struct{ connector }

func (c *salvageConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	e, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("catalog: a connection that does not execute"), conn.Close())
	}
	if _, err := e.ExecContext(ctx, `PRAGMA foreign_keys = OFF`, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// fill takes everything over and brings it in order.
func (s *salvage) fill(f *pages.File) (err error) {
	if s.walk, err = f.Walk(s.ctx, append(s.forms, sequences), s.take); err != nil {
		return err
	}
	s.Pages, s.BadPages, s.Unclaimed = s.walk.Pages, s.walk.Bad, s.walk.Unclaimed
	for _, t := range s.forms {
		if n := s.walk.Leaves[t.Name] + int(s.walk.Broken[t.Name]); n > 0 && !t.Skip && !refilled[t.Name] {
			s.Tables[t.Name] = n
		}
	}
	for _, step := range []func() error{s.flush, s.orphanTexts, s.flush, s.unpackAudit, s.lost, s.order, s.numbers, s.marks, s.audit} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// take writes a row to its table. One that the table does not take was damaged otherwise.
func (s *salvage) take(r pages.Found) error {
	switch alias, has := s.aliases[r.Table]; {
	case r.Table == sequences.Name:
		if name, ok := r.Values[0].(string); ok {
			n, _ := r.Values[1].(int64)
			s.largest[name] = max(s.largest[name], n)
		}
		return nil
	case has:
		r.Values[alias] = r.ID
		if r.Table == "texts" && r.Orphan { // FTS5 keeps rows of the same form
			body, _ := r.Values[1].([]byte)
			s.bodies[r.ID] = append(s.bodies[r.ID], body)
			return nil
		}
		s.largest[r.Table] = max(s.largest[r.Table], r.ID)
	}
	return s.insert(r.Table, r.Values)
}

func (s *salvage) insert(table string, values []any) error {
	if s.tx == nil {
		tx, err := s.db.BeginTx(s.ctx, nil)
		if err != nil {
			return err
		}
		s.tx = tx
		clear(s.inserts)
	}
	key := fmt.Sprint(table, len(values))
	stmt := s.inserts[key]
	if stmt == nil {
		names := `"` + strings.Join(s.columns[table][:len(values)], `", "`) + `"`
		var err error
		stmt, err = s.tx.PrepareContext(s.ctx, fmt.Sprintf(`INSERT OR IGNORE INTO "%s" (%s) VALUES (%s)`, table, names, strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")))
		if err != nil {
			return err
		}
		s.inserts[key] = stmt
	}
	res, err := stmt.ExecContext(s.ctx, values...)
	if err != nil {
		if rolledBack(err) || errors.Is(err, memory.ErrFull) || s.ctx.Err() != nil {
			return err
		}
		s.Tables[table]++
		return nil
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	s.Rows[table]++
	if s.waiting++; s.waiting >= salvageBatch {
		return s.flush()
	}
	return nil
}

// flush commits what was written.
func (s *salvage) flush() error {
	if s.tx == nil {
		return nil
	}
	tx := s.tx
	s.tx, s.waiting = nil, 0
	return tx.Commit()
}

// orphanTexts takes those texts that no page leads to over which a memory's checksum vouches for.
func (s *salvage) orphanTexts() error {
	v := View{&DB{opts: s.opts}, s.db}
	vouched := map[int64][]byte{}
	for row, bodies := range s.bodies { // nothing is written meanwhile: there is one connection
		records, err := v.WholeByRows(s.ctx, []int64{row})
		if err != nil {
			return err
		}
		for _, body := range bodies {
			if len(records) == 0 || len(records[0].Body) > 0 {
				break
			}
			r := records[0]
			if r.Body = body; r.Intact() {
				vouched[row] = body
				break
			}
		}
	}
	for row, body := range vouched {
		if err := s.insert("texts", []any{row, body}); err != nil {
			return err
		}
	}
	return nil
}

// close ends the new database; with its last connection its log is folded in.
func (s *salvage) close() error {
	if s.tx != nil {
		_ = s.tx.Rollback() // an error came before
	}
	return s.db.Close()
}

func (s *salvage) exec(query string, args ...any) error {
	_, err := s.db.ExecContext(s.ctx, query, args...)
	return err
}
