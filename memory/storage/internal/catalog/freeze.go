package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// Frozen is the database as it was at one moment, readable as a file, while writers go on. The caller closes it.
//
// It is a read transaction: SQLite folds nothing newer than it into the database file and does not begin its log
// anew. So after one more checkpoint, within that moment, the file is the database of the moment and stays so. A later
// checkpoint would not do: of a page that was written again since, SQLite folds in the newest state or none. Where an
// older reader keeps the checkpoint from coming to its end, the first part of the log belongs to it as well. So it does
// where the log is short and DB.Track was called: whoever follows closely would hold up writers for a sync each time.
// Pages that did not change since an earlier Frozen have the same bytes, encrypted as they are.
type Frozen struct {
	View
	Size    int64         // bytes of the database file that belong to it
	LogSize int64         // bytes of the log that do; mostly 0
	Pause   time.Duration // how long writers were held up
	Changes *Changes      // of the database file; nil where DB.Track was not called

	file io.ReaderAt
	conn *sql.Conn // holds the read transaction
	fold *sql.Conn
	pool *sql.DB
}

const (
	walHeader = 32
	walFrame  = 24 + pageSize
)

// shortLog is up to how many bytes of log belong to a Frozen rather than be folded in while writers wait.
const shortLog = 4 << 20

// LogSuffix is what the name of the log has after that of the database.
const LogSuffix = "-wal"

// Freeze waits until no transaction is open and all that waited for a commit is done, holds that moment, and calls at
// while it holds up the writers, so that other engines can be held at the same moment; at must be short. Its error ends
// Freeze. The longer the Frozen lasts, the longer the log grows.
func (d *DB) Freeze(ctx context.Context, at func() error) (_ *Frozen, err error) {
	if err := d.fail("freeze"); err != nil {
		return nil, wrap("freeze", err)
	}
	f := &Frozen{pool: sql.OpenDB(&connector{opts: d.opts})}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if f.fold, err = f.pool.Conn(ctx); err != nil {
		return nil, wrap("freeze", err)
	}
	if f.conn, err = f.pool.Conn(ctx); err != nil {
		return nil, wrap("freeze", err)
	}
	f.View = View{d, f.conn}
	// What is in the log by now is folded in beside the writers, so that little of it is left for the moment itself.
	err = d.track.foreign(func() error {
		_, _, err := f.checkpoint(ctx, "PASSIVE")
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, err := currentVersion(ctx, f.pool); err != nil { // reads the schema before anyone waits for it
		return nil, wrap("freeze", err)
	}
	err = d.Exclusive(ctx, func() error {
		begun := time.Now()
		defer func() { f.Pause = time.Since(begun) }()
		if err := f.begin(ctx); err != nil {
			return err
		}
		if err := f.fix(context.WithoutCancel(ctx), d); err != nil {
			return err
		}
		return at()
	})
	if err != nil {
		return nil, err
	}
	return f, f.measure(d)
}

// begin opens the read transaction: a transaction of SQLite sees the moment of its first read.
func (f *Frozen) begin(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if _, err := f.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return wrap("freeze", err)
	}
	var n int
	return wrap("freeze", f.conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&n))
}

// fix finds out, while writers are held up, how much of the log belongs to the moment.
func (f *Frozen) fix(ctx context.Context, d *DB) error {
	moment, folded, err := f.checkpoint(ctx, "NOOP")
	if err != nil {
		return err
	}
	d.track.look(moment)
	if folded < moment && (!d.track.on.Load() || moment*walFrame > shortLog) {
		if _, folded, err = f.checkpoint(ctx, "PASSIVE"); err != nil {
			return err
		}
		if folded < 0 { // another checkpoint was under way, and this one did nothing
			if _, folded, err = f.checkpoint(ctx, "NOOP"); err != nil {
				return err
			}
		}
	}
	if folded < moment {
		f.LogSize = walHeader + moment*walFrame
	}
	f.Changes = d.track.hold(moment, folded)
	return nil
}

// checkpoint returns how many frames the log has and how many of them are in the database file.
func (f *Frozen) checkpoint(ctx context.Context, mode string) (logged, folded int64, err error) {
	var busy int64
	err = f.fold.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &logged, &folded)
	return logged, folded, wrap("checkpoint", err)
}

// measure opens the database file and notes how much of it there is.
func (f *Frozen) measure(d *DB) error {
	file, err := d.raw.open(d.opts.Path)
	if err != nil {
		return wrap("freeze", err)
	}
	info, err := file.Stat()
	if err != nil {
		return wrap("freeze", err)
	}
	f.file, f.Size = file, info.Size()
	return nil
}

// Database reads the database file, encrypted as it is, up to Size.
func (f *Frozen) Database() *io.SectionReader { return io.NewSectionReader(f.file, 0, f.Size) }

// Close ends the read transaction.
func (f *Frozen) Close() error {
	var errs []error
	for _, c := range []*sql.Conn{f.conn, f.fold} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(append(errs, f.pool.Close())...)
}

// rawFile is the database file as a file. It is opened once and closed after every connection: closing any descriptor
// of a file gives up all the locks that the process, and so SQLite, has on it.
type rawFile struct {
	mu   sync.Mutex
	file *os.File
}

func (r *rawFile) open(path string) (*os.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		var err error
		if r.file, err = os.Open(path); err != nil {
			return nil, fmt.Errorf("open the database file: %w", err)
		}
	}
	return r.file, nil
}

func (r *rawFile) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// CountVectors counts the vectors on record.
func (v *View) CountVectors(ctx context.Context) (n int, err error) {
	_, err = v.row(ctx, "count", `SELECT (SELECT count(*) FROM vectors) + (SELECT count(*) FROM cold)`, nil, &n)
	return n, err
}

// LastAudit returns the number of the newest audit entry; 0 where there is none.
func (v *View) LastAudit(ctx context.Context) (n int64, err error) {
	_, err = v.row(ctx, "read audit", `SELECT max(coalesce((SELECT max(seq) FROM audit), 0), coalesce((SELECT max(last) FROM audit_packed), 0))`, nil, &n)
	return n, err
}

// AuditOf calls fn for each audit entry of one action that has a subject and comes after the one numbered after, in
// order; fn's first error ends it. The entries are not verified.
func (v *View) AuditOf(ctx context.Context, action string, after int64, fn func(seq int64, at time.Time, subject memory.ID) error) error {
	return v.AuditRange(ctx, after+1, math.MaxInt64, func(e AuditEntry) error {
		if e.Action != action || e.Subject == "" {
			return nil
		}
		return fn(e.Seq, e.At, e.Subject)
	})
}
