package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security"
)

// Sizes that were measured to serve well; see Options.
const (
	defaultReaders  = 3
	defaultCacheKiB = 4096
	defaultWALLimit = 16 << 20
	maxBatch        = 256
	busyTimeout     = 5000 // milliseconds
)

// Options says where the database is and how it is tuned. Path, Key and AuditKey are required.
type Options struct {
	Path            string          // of the database file; its folder must exist
	Key             security.Secret // 32 bytes: the database key
	AuditKey        security.Secret // chains the audit log
	AuditGeneration uint32          // of AuditKey
	// AuditKeyOf returns the keys of other generations; nil where there are none. Entries under keys that it does not know stay
	// as they are.
	AuditKeyOf   func(generation uint32) (security.Secret, error)
	AuditBlock   int    // entries of the audit log that are packed together, twice as many as the newest that are not; 0 means 256
	Create       bool   // make the file if it is not there; without it a missing file is an error
	Mend         bool   // make tables, indexes and triggers that are missing anew
	Head         string // path of a small file that says how far the audit log went; "" for none
	Readers      int    // reading connections at most; 0 means 3
	CacheKiB     int    // page cache of each connection; 0 means 4096
	ReadCacheKiB int    // page cache of each reading connection; 0 means CacheKiB
	WALLimit     int64  // bytes of log after which the writer checkpoints between batches; 0 means 16 MiB
	// Words, where set, returns the words of a record that is not sealed, whose terms it is given. It is asked for
	// those that waited for the full-text table when the database was last open; where it fails, there are none.
	Words func(*Record) (*Words, error)
	// Changed, where set, is told the row of each memory that was there before and that was changed, counted as used or
	// deleted, when that is committed and before Write returns.
	Changed func(row int64)
	// Committed, where set, is told what a request has changed when that is durable, everything that waited for the commit
	// is done and before Write returns. It is called in the order of the commits, on a goroutine of the catalogue: it must
	// not wait.
	Committed func(memory.Commit)
	// Fail, where set, is asked before each step of the engine; an error it returns is the step's. For tests.
	Fail func(op string) error
	// Step, where set, is told before and after each commit. For tests that crash there.
	Step func(op string)
	// wrap, where set, stands between database/sql and each connection that is opened. For tests.
	wrap func(conn driver.Conn, writes bool) (driver.Conn, error)
}

// DB is an open catalogue. It is safe for concurrent use.
type DB struct {
	View
	opts    Options
	writeDB *sql.DB
	readDB  *sql.DB
	writer  *writer
	raw     rawFile // for Freeze
	track   tracker
	settled atomic.Int64 // the last row whose words are in fts and tags

	closing sync.Once
	closed  error
}

// Open opens the database, brings its schema up to date and starts the committer. Errors: *memory.CorruptError for a
// file that is missing, damaged or no database under this key; memory.ErrFull; memory.ErrReadOnly; ErrNewer.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	if o.CacheKiB <= 0 {
		o.CacheKiB = defaultCacheKiB
	}
	if o.ReadCacheKiB <= 0 {
		o.ReadCacheKiB = o.CacheKiB
	}
	if o.WALLimit <= 0 {
		o.WALLimit = defaultWALLimit
	}
	if err := checkFile(o); err != nil {
		return nil, err
	}
	d := &DB{opts: o, track: tracker{path: o.Path + LogSuffix}}
	d.writeDB = sql.OpenDB(&connector{opts: o, writes: true})
	d.writeDB.SetMaxOpenConns(1)
	d.readDB = sql.OpenDB(&connector{opts: o})
	d.readDB.SetMaxOpenConns(o.Readers)
	d.readDB.SetMaxIdleConns(o.Readers)
	d.View = View{d, d.readDB}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(wrap("open", err), d.readDB.Close(), d.writeDB.Close())
	}
	return d, nil
}

// checkFile creates the file with the right mode, or says what is wrong about its absence.
func checkFile(o Options) error {
	_, err := os.Stat(o.Path)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return wrap("open", err)
	case !o.Create:
		return &memory.CorruptError{Engine: "sqlite", Err: errors.New("the database file is missing")}
	}
	f, err := os.OpenFile(o.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return wrap("create", err)
	}
	return f.Close()
}

func (d *DB) open(ctx context.Context) error {
	if err := d.fail("open"); err != nil {
		return err
	}
	if err := migrate(ctx, d.writeDB, d.opts.Create); err != nil {
		return err
	}
	if d.opts.Mend {
		err := mendSchema(ctx, d.writeDB, func(statement string) error {
			_, err := d.writeDB.ExecContext(ctx, statement)
			return wrap("mend the schema", err)
		})
		if err != nil {
			return err
		}
	}
	w, err := newWriter(ctx, d)
	if err != nil {
		return err
	}
	d.writer = w
	return nil
}

// Close finishes what waits, checkpoints, and closes every connection. A second call returns what the first did.
func (d *DB) Close() error {
	d.closing.Do(func() {
		err := d.writer.close()
		err = errors.Join(err, d.readDB.Close())
		// The last connection to close folds the log into the database file and removes it.
		d.closed = errors.Join(err, d.writeDB.Close(), d.raw.close())
	})
	return d.closed
}

func (d *DB) fail(op string) error {
	if d.opts.Fail == nil {
		return nil
	}
	return d.opts.Fail(op)
}

func (d *DB) step(op string) {
	if d.opts.Step != nil {
		d.opts.Step(op)
	}
}

// connector opens connections, so that the name with the key in it stays out of database/sql.
type connector struct {
	opts   Options
	writes bool
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

// Connect implements driver.Connector.
func (c *connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.connect()
	switch {
	case err != nil:
		return nil, err
	case c.opts.wrap == nil:
		return conn, nil
	}
	return c.opts.wrap(conn, c.writes)
}

// connect opens one connection. Of what the driver says about a failure it keeps what cannot quote the name, key and all.
func (c *connector) connect() (conn *sqlite3.SQLiteConn, err error) {
	d := sqlite3.SQLiteDriver{ConnectHook: func(opened *sqlite3.SQLiteConn) error {
		conn = opened
		return c.tune(opened)
	}}
	if _, err := d.Open(c.dsn()); err != nil {
		return nil, plain(err)
	}
	return conn, nil
}

// dsn returns the data source name, which holds the key: never log it or put it into an error.
func (c *connector) dsn() string {
	name := (&url.URL{Path: c.opts.Path}).EscapedPath()
	cache := c.opts.ReadCacheKiB
	if c.writes {
		cache = c.opts.CacheKiB
	}
	return fmt.Sprintf("file:%s?cipher=sqlcipher&legacy=4&key=x'%s'&mode=rw&_busy_timeout=%d&_foreign_keys=1&_journal_mode=WAL&_synchronous=FULL&_secure_delete=on&_cache_size=-%d&_stmt_cache_size=64&_query_only=%t",
		name, hex.EncodeToString(c.opts.Key.Bytes()), busyTimeout, cache, !c.writes)
}

func (c *connector) tune(conn *sqlite3.SQLiteConn) error {
	pragmas := "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
	if c.writes {
		// The writer checkpoints between batches (maintain.go); SQLite would do it within a commit.
		pragmas += "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;"
	}
	_, err := conn.Exec(pragmas, nil)
	return err
}
