// Package pgtest starts throwaway PostgreSQL 15 clusters for tests: with an authority and certificates of their own,
// TLS 1.3 and passwords, on a port of the loopback.
package pgtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a running server.
type Cluster struct {
	CA   []byte // PEM
	Port int

	dir      string
	password string
	cmd      *exec.Cmd
	ended    <-chan struct{} // closed when cmd has
	log      *bytes.Buffer
	small    int // MiB of a file system of its own at Small; 0 for none
}

const admin = "admin"

// Start starts a cluster that ends with the test.
func Start(tb testing.TB) *Cluster {
	tb.Helper()
	return startCluster(tb, 0)
}

// StartSmall is Start with a file system of so many MiB at Small, for a tablespace that fills up. It goes with the server:
// only the server sees it, and a server that is started anew finds it empty.
func StartSmall(tb testing.TB, mebibytes int) *Cluster {
	tb.Helper()
	return startCluster(tb, mebibytes)
}

// Small is the folder of the small file system.
func (c *Cluster) Small() string { return filepath.Join(c.dir, "small") }

func startCluster(tb testing.TB, small int) *Cluster {
	tb.Helper()
	dir, err := os.MkdirTemp("", "ezpg")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	c := &Cluster{dir: dir, password: rand.Text(), log: &bytes.Buffer{}, Port: FreePort(tb), small: small}
	if err := os.Mkdir(c.Small(), 0o700); err != nil {
		tb.Fatal(err)
	}
	c.writeCertificates(tb, "server", "localhost")
	data := filepath.Join(dir, "data")
	secret := filepath.Join(dir, "password")
	c.write(tb, "password", []byte(c.password+"\n"))
	c.own(tb)
	if out, err := c.command("initdb", "-D", data, "-U", admin, "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	c.write(tb, "data/pg_hba.conf", []byte("hostssl all,replication all 127.0.0.1/32 scram-sha-256\n"))
	c.write(tb, "data/postgresql.auto.conf", []byte(fmt.Sprintf(`listen_addresses = '127.0.0.1'
port = %d
unix_socket_directories = '%s'
ssl = on
ssl_min_protocol_version = 'TLSv1.3'
ssl_cert_file = '%s/server.crt'
ssl_key_file = '%s/server.key'
fsync = off
max_connections = 120
shared_buffers = 64MB
log_min_messages = warning
`, c.Port, dir, dir, dir)))
	c.own(tb)
	c.Up(tb)
	tb.Cleanup(func() { c.Down(tb) })
	return c
}

// AdminURL is the address for a superuser of a database.
func (c *Cluster) AdminURL(database string) string {
	return fmt.Sprintf("postgres://%s:%s@localhost:%d/%s", admin, c.password, c.Port, database)
}

// URL is the address for a login.
func (c *Cluster) URL(login, password, database string) string {
	return fmt.Sprintf("postgres://%s:%s@localhost:%d/%s", login, password, c.Port, database)
}

// CAFile writes the authority's certificate to a file and returns its name.
func (c *Cluster) CAFile() string { return filepath.Join(c.dir, "ca.crt") }

// Connect connects as a superuser, or as whoever address names.
func (c *Cluster) Connect(tb testing.TB, address string) *pgx.Conn {
	tb.Helper()
	conn, err := c.TryConnect(tb.Context(), address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) }) // the cluster goes with the test anyway
	return conn
}

// connectTime bounds one attempt to connect: a server that is just starting or ending may take a connection and say nothing.
const connectTime = 20 * time.Second

// TryConnect is Connect that may fail.
func (c *Cluster) TryConnect(ctx context.Context, address string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	return pgx.Connect(ctx, address+"?sslmode=verify-full&sslrootcert="+c.CAFile())
}

// Dump returns everything the server has on its disk about a database, as pg_dump writes it.
func (c *Cluster) Dump(tb testing.TB, database string) []byte {
	tb.Helper()
	cmd := exec.Command(binary("pg_dump"), "--dbname", c.AdminURL(database)+"?sslmode=verify-full&sslrootcert="+c.CAFile())
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("pg_dump: %v", err)
	}
	return out
}

// Up starts the server.
func (c *Cluster) Up(tb testing.TB) {
	tb.Helper()
	c.cmd = c.server()
	c.cmd.Stderr, c.cmd.Stdout = c.log, c.log
	if err := c.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func(cmd *exec.Cmd) {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in the log
	}(c.cmd)
	c.ended = ended
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for {
		conn, err := c.TryConnect(ctx, c.AdminURL("postgres"))
		if err == nil {
			_ = conn.Close(ctx) // it has shown that the server answers
			return
		}
		select {
		case <-ended:
			tb.Fatalf("postgres ended: %v\n%s", err, c.log)
		case <-ctx.Done():
			tb.Fatalf("postgres does not answer: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Down stops the server at once, as a crash would.
func (c *Cluster) Down(tb testing.TB) {
	tb.Helper()
	if c.cmd == nil {
		return
	}
	if err := c.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		tb.Logf("stop postgres: %v", err)
	}
	<-c.ended
	c.cmd = nil
}

// server is the command that becomes the server. With a small file system it runs in a mount namespace: as root by itself,
// else in a user namespace, in which the server, which refuses to be root, goes back to who started it.
func (c *Cluster) server() *exec.Cmd {
	args := []string{"-D", filepath.Join(c.dir, "data")}
	if c.small == 0 {
		return c.command("postgres", args...)
	}
	mount := fmt.Sprintf("mount -t tmpfs -o size=%dm,mode=0700 elderzan-test %s", c.small, c.Small())
	outer, become := []string{"--user", "--map-root-user", "--mount"}, fmt.Sprintf("unshare --user --map-user=%d --map-group=%d", os.Getuid(), os.Getgid())
	if uid, gid, ok := postgresUser(); ok {
		outer, become = []string{"--mount"}, fmt.Sprintf("setpriv --reuid=%d --regid=%d --clear-groups", uid, gid)
		mount += fmt.Sprintf(" && chown %d:%d %s", uid, gid, c.Small())
	}
	script := mount + " && exec " + become + ` "$@"`
	words := append(append(outer, "sh", "-c", script, "sh", binary("postgres")), args...)
	cmd := exec.Command("unshare", words...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary(name), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if uid, gid, ok := postgresUser(); ok {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return cmd
}

func (c *Cluster) write(tb testing.TB, name string, b []byte) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), b, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// own gives the folder to the user that the server runs as.
func (c *Cluster) own(tb testing.TB) {
	tb.Helper()
	uid, gid, ok := postgresUser()
	if !ok {
		return
	}
	err := filepath.WalkDir(c.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(uid), int(gid))
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// postgresUser is whom to run the server as: it refuses to run as root.
func postgresUser() (uid, gid uint32, ok bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, false
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, 0, false
	}
	group, err := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(id), uint32(group), err == nil
}

func binary(name string) string {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	return name
}

// Ports that the kernel gives to nobody who asks for any: a server that is down for a while finds its port free when it
// comes back, which no connection that somebody opens meanwhile has taken.
const (
	lowPort  = 10000
	highPort = 32000
)

// FreePort returns a port of the loopback that nobody listens on, each time another one.
func FreePort(tb testing.TB) int {
	tb.Helper()
	for range 1000 {
		port := lowPort + mathrand.IntN(highPort-lowPort)
		if _, taken := ports.LoadOrStore(port, true); taken {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			tb.Fatal(err)
		}
		return port
	}
	tb.Fatal("no port of the loopback is free")
	return 0
}

var ports sync.Map // those that FreePort has returned

// writeCertificates makes an authority and a certificate for the server, in place of those that are there.
func (c *Cluster) writeCertificates(tb testing.TB, name string, hosts ...string) {
	tb.Helper()
	caKey, ca := issue(tb, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}, nil, nil)
	key, cert := issue(tb, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: strings.Join(hosts, ",")}, DNSNames: hosts, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(20 * 24 * time.Hour),
	}, ca, caKey)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	c.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	c.write(tb, "ca.crt", c.CA)
	c.write(tb, name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	c.write(tb, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

func issue(tb testing.TB, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return key, cert
}
