package postgres

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	memsync "github.com/elderzan/elderzan/sync"
)

// Options says how to reach the database.
type Options struct {
	URL      func() string   // postgres://login:password@host[,host…]/database; a func, so that no structure prints it; asked for the password again at each connection
	CA       []byte          // PEM of the authorities that may vouch for the server; nil means the system's
	Pins     []string        // "sha256/BASE64" of public keys, one of which must be in the server's verified chain; nil for none
	Timeout  time.Duration   // of connecting; 0 means 10 s
	Admin    bool            // for Init: a role that owns or makes things is what is wanted
	OnExpiry func(time.Time) // told at each connection when the server's certificate ends; may be nil
}

// Errors of connecting that a person has to settle.
var (
	// ErrURL reports an address that cannot be used as it stands.
	ErrURL = errors.New("postgres: cloud_database_url")
	// ErrPin reports a server whose keys are none of those pinned.
	ErrPin = errors.New("postgres: none of the server's keys is pinned: either its certificate was replaced, or somebody stands between")
	// ErrUnsafe reports a login or schema that would make row-level security worthless.
	ErrUnsafe = errors.New("postgres: refusing to work")
)

// CheckURL returns an error wrapping ErrURL, with what to change and without the password, unless address can be used.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%w is not an address; write it as postgres://LOGIN:PASSWORD@HOST:5432/DATABASE", ErrURL)
	}
	q := u.Query()
	switch {
	case u.Scheme == "":
		return fmt.Errorf("%w is not an address; write it as postgres://LOGIN:PASSWORD@HOST:5432/DATABASE", ErrURL)
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return fmt.Errorf("%w begins with %q; write it as postgres://LOGIN:PASSWORD@HOST:5432/DATABASE", ErrURL, u.Scheme)
	case u.Host == "" || strings.HasPrefix(u.Host, "/") || q.Get("host") != "":
		return fmt.Errorf("%w names no host; write it as postgres://LOGIN:PASSWORD@HOST:5432/DATABASE", ErrURL)
	case strings.Trim(u.Path, "/") == "":
		return fmt.Errorf("%w names no database; add /DATABASE after the host", ErrURL)
	case u.User.Username() == "":
		return fmt.Errorf("%w names no login; add LOGIN:PASSWORD@ before the host", ErrURL)
	case q.Has("sslmode") && q.Get("sslmode") != "verify-full":
		return fmt.Errorf("%w has sslmode=%s, which lets others listen in; leave sslmode out or write sslmode=verify-full", ErrURL, q.Get("sslmode"))
	case q.Has("sslrootcert"):
		return fmt.Errorf("%w has sslrootcert; leave it out and set cloud_ssl_cert_path instead", ErrURL)
	}
	return nil
}

// CheckPins returns an error unless pins are well formed and at least two: one alone locks everybody out on the day
// its key is replaced.
func CheckPins(pins []string) error {
	for _, p := range pins {
		b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(p, pinPrefix))
		if !strings.HasPrefix(p, pinPrefix) || err != nil || len(b) != sha256.Size {
			return errors.New("cloud_tls_pins: a pin is \"sha256/\" and 44 characters of base64; list the server's with: elderzan cloud pins")
		}
	}
	if len(pins) == 1 {
		return errors.New("cloud_tls_pins holds one pin; add a backup pin, of the key that replaces it or of the authority (elderzan cloud pins lists both), or take the pin out")
	}
	return nil
}

const pinPrefix = "sha256/"

// maxMessage is how long a message of the server may be, in bytes; the longest row takes a quarter of it. A server that
// means harm could have this machine make room for a gigabyte.
const maxMessage = 4 << 20

// Pin returns the pin of a certificate's public key.
func Pin(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return pinPrefix + base64.StdEncoding.EncodeToString(sum[:])
}

// config returns the configuration of a connection: TLS 1.3, verified, to every host.
func (o *Options) config() (*pgx.ConnConfig, error) {
	address := o.URL()
	if err := CheckURL(address); err != nil {
		return nil, err
	}
	if err := CheckPins(o.Pins); err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w is not an address", ErrURL)
	}
	q := u.Query()
	q.Set("sslmode", "verify-full")
	if strings.Contains(u.Host, ",") && !q.Has("target_session_attrs") {
		q.Set("target_session_attrs", "read-write")
	}
	u.RawQuery = q.Encode()
	c, err := pgx.ParseConfig(u.String())
	if err != nil { // the error may quote the address
		return nil, fmt.Errorf("%w cannot be read", ErrURL)
	}
	c.MaxProtocolMessageBodyLen = maxMessage
	c.ConnectTimeout = o.Timeout
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	c.RuntimeParams["application_name"] = "elderzan"
	if c.TLSConfig, err = o.tls(c.TLSConfig); err != nil {
		return nil, err
	}
	for _, f := range c.Fallbacks {
		if f.TLSConfig, err = o.tls(f.TLSConfig); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (o *Options) tls(from *tls.Config) (*tls.Config, error) {
	if from == nil || from.InsecureSkipVerify {
		return nil, fmt.Errorf("%w would connect without verified TLS", ErrURL)
	}
	c := from.Clone()
	c.MinVersion = tls.VersionTLS13
	if o.CA != nil {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("cloud_ssl_cert_path: the file holds no certificate in PEM form")
		}
	}
	c.VerifyConnection = o.verify
	return c, nil
}

// verify runs after the chain and the name were verified.
func (o *Options) verify(s tls.ConnectionState) error {
	if len(s.VerifiedChains) == 0 {
		return errors.New("postgres: the server's certificate was not verified")
	}
	if o.OnExpiry != nil {
		o.OnExpiry(s.PeerCertificates[0].NotAfter)
	}
	if len(o.Pins) == 0 {
		return nil
	}
	for _, chain := range s.VerifiedChains {
		for _, c := range chain {
			if slices.Contains(o.Pins, Pin(c)) {
				return nil
			}
		}
	}
	return ErrPin
}

// ServerPins connects and returns the pins of the server's verified chain, its own first.
func ServerPins(ctx context.Context, o Options) ([]string, error) {
	o.Pins = nil
	c, err := o.config()
	if err != nil {
		return nil, err
	}
	var pins []string
	c.TLSConfig.VerifyConnection = func(s tls.ConnectionState) error {
		pins = nil
		if len(s.VerifiedChains) > 0 {
			for _, cert := range s.VerifiedChains[0] {
				pins = append(pins, Pin(cert))
			}
		}
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, failure("connect", err)
	}
	return pins, conn.Close(ctx)
}

// connectAdmin opens one connection of a role that sets the database up. The caller closes it by end.
func connectAdmin(ctx context.Context, o Options) (conn *pgx.Conn, end func(), err error) {
	c, err := o.config()
	if err != nil {
		return nil, nil, err
	}
	if conn, err = pgx.ConnectConfig(ctx, c); err != nil {
		return nil, nil, failure("connect", err)
	}
	return conn, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil // what was said on it is done
}

// DB is an open connection pool of one device.
type DB struct {
	opts Options
	pool *pgxpool.Pool
}

// Open connects lazily: the cloud may be away. The caller closes it.
func Open(_ context.Context, o Options) (*DB, error) {
	c, err := o.config()
	if err != nil {
		return nil, err
	}
	pc, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	pc.ConnConfig = c
	pc.MaxConns, pc.MinConns, pc.MaxConnIdleTime = 3, 0, 2*time.Minute
	pc.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error { // the password may be another than at first
		u, err := url.Parse(o.URL())
		if err != nil {
			return fmt.Errorf("%w is not an address", ErrURL)
		}
		c.Password, _ = u.User.Password()
		return nil
	}
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		// The pool asks for connections without a deadline: one that falls silent here would keep its place for good.
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		takeBodies(conn)
		return checkLogin(ctx, conn)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), pc)
	if err != nil {
		return nil, failure("connect", err)
	}
	return &DB{opts: o, pool: pool}, nil
}

// Close closes the connections.
func (d *DB) Close() { d.pool.Close() }

// checkLogin returns an error wrapping ErrUnsafe for a login, or a schema, with which one team could read another's rows.
func checkLogin(ctx context.Context, conn *pgx.Conn) error {
	var unsafe, same bool
	err := conn.QueryRow(ctx, `SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR pg_has_role(r.oid, 'elderzan_owner', 'MEMBER') OR pg_has_role(r.oid, 'elderzan_provisioner', 'MEMBER'),
		session_user = current_user FROM pg_roles r WHERE r.rolname = current_user`).Scan(&unsafe, &same)
	if pgCode(err) == "42704" { // no such role: nobody ran cloud init here
		return fmt.Errorf("%w: this database was not set up; run: elderzan cloud init", ErrUnsafe)
	}
	if err != nil {
		return err
	}
	if unsafe || !same {
		return fmt.Errorf("%w as an owner, a superuser or a role past row-level security; use the login that `elderzan cloud init` or an invite made", ErrUnsafe)
	}
	var tables, forced int
	err = conn.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE relrowsecurity AND relforcerowsecurity) FROM pg_class
		WHERE relnamespace = 'elderzan'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'goose_db_version'`).Scan(&tables, &forced)
	if err != nil {
		return err
	}
	if tables < minTables || forced != tables {
		return fmt.Errorf("%w with a schema that does not force row-level security on every table (%d of %d); run: elderzan cloud init", ErrUnsafe, forced, tables)
	}
	return nil
}

// minTables is how many tables a whole schema has.
const minTables = 15

// failure puts what went wrong into the words and the errors of package sync, and never the address.
func failure(step string, err error) error {
	var pg *pgconn.PgError
	var conn *pgconn.ConnectError
	var cert *tls.CertificateVerificationError
	var netErr net.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNoTeam), errors.Is(err, errTooMuch):
		return err
	case errors.Is(err, ErrUnsafe):
		return fmt.Errorf("%w: %w", memsync.ErrRefused, err)
	case errors.Is(err, ErrPin):
		return fmt.Errorf("%w: %w; if the server's key was replaced, compare with its owner and run: elderzan cloud pins --renew", memsync.ErrRefused, ErrPin)
	case errors.As(err, &cert):
		return fmt.Errorf("%w: the server's certificate is not good: %w; set cloud_ssl_cert_path to the authority's certificate", memsync.ErrRefused, cert.Err)
	case errors.As(err, &pg):
		switch {
		case pg.Code == "28P01" || pg.Code == "28000":
			return fmt.Errorf("%w: %s: its login is not accepted (%s): the invite was used or has expired, or the device was removed; ask for a new invite", memsync.ErrRefused, step, pg.Code)
		case pg.Code == "42883", pg.Code == "42P01":
			return fmt.Errorf("%w: %s: the database was set up by an older build; whoever administers it runs: elderzan cloud update", memsync.ErrRefused, step)
		case pg.Code == "42501":
			return fmt.Errorf("%w: %s: %s (%s)", memsync.ErrRefused, step, pg.Message, pg.Code)
		case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "57"), strings.HasPrefix(pg.Code, "53"), pg.Code == "25006", strings.HasPrefix(pg.Code, "40"):
			return fmt.Errorf("%w: %s: %s (%s)", memsync.ErrOffline, step, pg.Message, pg.Code)
		}
		return fmt.Errorf("postgres: %s: %s (%s)", step, pg.Message, pg.Code)
	case errors.As(err, &conn):
		return fmt.Errorf("%w: %s: no connection", memsync.ErrOffline, step)
	case errors.As(err, &netErr), pgconn.Timeout(err), pgconn.SafeToRetry(err), errors.Is(err, context.DeadlineExceeded), isEOF(err):
		return fmt.Errorf("%w: %s: the connection broke", memsync.ErrOffline, step)
	case errors.Is(err, context.Canceled):
		return err
	}
	return fmt.Errorf("%w: %s: %s", memsync.ErrOffline, step, "the connection broke")
}

func pgCode(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
