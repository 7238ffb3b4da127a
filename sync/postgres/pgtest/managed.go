package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Managed is two servers that a manager, pg_auto_failover, watches: one takes writes, the other follows it synchronously
// and takes over when the first is gone.
type Managed struct {
	CA    []byte
	Ports [2]int // of the two servers

	cluster *Cluster // certificates and the folder
	monitor int      // port
	running map[string]*exec.Cmd
	logs    map[string]*os.File
}

// managedStart bounds how long the manager takes to have both servers in their places.
const managedStart = 5 * time.Minute

// StartManaged starts them; they end with the test. The manager has its sockets where Debian's servers have theirs, so
// that it wants to run as root or as somebody who may write to /var/run/postgresql.
func StartManaged(tb testing.TB) *Managed {
	tb.Helper()
	if _, err := exec.LookPath("pg_autoctl"); err != nil {
		tb.Fatal("pg_autoctl is missing; install what the tests need: make deps-test")
	}
	dir, err := os.MkdirTemp("", "ezaf")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	c := &Cluster{dir: dir}
	c.writeCertificates(tb, "server", "localhost")
	for _, sub := range []string{"c", "d", "r"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	m := &Managed{CA: c.CA, cluster: c, monitor: FreePort(tb), running: map[string]*exec.Cmd{}, logs: map[string]*os.File{}}
	for i := range m.Ports {
		m.Ports[i] = FreePort(tb)
	}
	c.own(tb)
	tb.Cleanup(func() {
		for name := range m.running {
			m.end(name)
		}
		for _, f := range m.logs {
			f.Close()
		}
	})
	m.do(tb, "create", "monitor", "--pgdata", "monitor", "--pgport", fmt.Sprint(m.monitor))
	m.settings(tb, "monitor", `pgautofailover.health_check_period = 1000
pgautofailover.health_check_timeout = 1000
pgautofailover.health_check_max_retries = 1
pgautofailover.health_check_retry_delay = 500
pgautofailover.startup_grace_period = 5000
pgautofailover.primary_demote_timeout = 3000
pgautofailover.node_considered_unhealthy_timeout = 4000
`)
	m.run(tb, "monitor")
	m.wait(tb, "the monitor answers", func(ctx context.Context) bool {
		conn, err := c.TryConnect(ctx, m.monitorURL())
		if err != nil {
			return false
		}
		return conn.Close(ctx) == nil
	})
	for i, port := range m.Ports {
		name := fmt.Sprintf("n%d", i)
		m.do(tb, "create", "postgres", "--pgdata", name, "--pgport", fmt.Sprint(port), "--name", name, "--username", "postgres", "--dbname", "postgres",
			"--monitor", m.monitorURL()+"?sslmode=verify-full&sslrootcert="+c.CAFile())
		m.settings(tb, name, "max_connections = 60\nshared_buffers = 32MB\n")
		m.run(tb, name)
		if i == 0 { // the second copies the first, which has to be there
			m.wait(tb, "the first server is in its place", func(ctx context.Context) bool { return m.state(ctx)["n0"] == "single" })
		}
	}
	m.Settled(tb)
	return m
}

func (m *Managed) monitorURL() string {
	return fmt.Sprintf("postgres://autoctl_node@localhost:%d/pg_auto_failover", m.monitor)
}

// AdminURL is the address of a superuser, at whichever server takes writes.
func (m *Managed) AdminURL(database string) string { return m.URL("postgres", "none", database) }

// URL is the address of a login, with both hosts.
func (m *Managed) URL(login, password, database string) string {
	return fmt.Sprintf("postgres://%s:%s@localhost:%d,localhost:%d/%s", login, password, m.Ports[0], m.Ports[1], database)
}

// Settled waits until one server takes writes and the other follows.
func (m *Managed) Settled(tb testing.TB) {
	tb.Helper()
	m.wait(tb, "one server takes writes and the other follows", func(ctx context.Context) bool {
		s := m.state(ctx)
		return s["n0"] == "primary" && s["n1"] == "secondary" || s["n0"] == "secondary" && s["n1"] == "primary"
	})
}

// Kill ends the server that takes writes, with whatever looks after it, as a machine does that loses its power.
func (m *Managed) Kill(tb testing.TB) {
	tb.Helper()
	m.wait(tb, "a server takes writes", func(ctx context.Context) bool {
		for name, state := range m.state(ctx) {
			if state == "primary" {
				m.end(name)
				return true
			}
		}
		return false
	})
}

// Events returns what the manager did, for a test that found it slow.
func (m *Managed) Events(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	conn, err := m.cluster.TryConnect(ctx, m.monitorURL())
	if err != nil {
		return err.Error()
	}
	defer func() { _ = conn.Close(ctx) }()
	var out string
	if err := conn.QueryRow(ctx, `SELECT coalesce(string_agg(to_char(eventtime, 'HH24:MI:SS.MS ') || description, E'\n' ORDER BY eventid), '') FROM pgautofailover.event`).Scan(&out); err != nil {
		return err.Error()
	}
	return out
}

// state returns what the servers report, by name; empty while the monitor does not answer.
func (m *Managed) state(ctx context.Context) map[string]string {
	conn, err := m.cluster.TryConnect(ctx, m.monitorURL())
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close(ctx) }()
	out := map[string]string{}
	rows, err := conn.Query(ctx, `SELECT nodename, reportedstate::text, goalstate::text FROM pgautofailover.node`)
	if err != nil {
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var name, reported, goal string
		if rows.Scan(&name, &reported, &goal) == nil && reported == goal {
			out[name] = reported
		}
	}
	return out
}

func (m *Managed) wait(tb testing.TB, what string, check func(context.Context) bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), managedStart)
	defer cancel()
	for !check(ctx) {
		select {
		case <-ctx.Done():
			tb.Fatalf("%s: not within %v\n%s", what, managedStart, m.log())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// autoctl prepares a command of the manager, in folders of its own.
func (m *Managed) autoctl(args ...string) *exec.Cmd {
	cmd := m.cluster.command("pg_autoctl", args...)
	dir := m.cluster.dir
	cmd.Env = []string{
		"HOME=" + dir, "XDG_CONFIG_HOME=" + dir + "/c", "XDG_DATA_HOME=" + dir + "/d", "XDG_RUNTIME_DIR=" + dir + "/r", "TMPDIR=" + dir + "/r", "LC_ALL=C",
		"PATH=" + filepath.Dir(binary("pg_ctl")) + ":" + os.Getenv("PATH"),
	}
	cmd.SysProcAttr.Setpgid = true
	return cmd
}

func (m *Managed) do(tb testing.TB, args ...string) {
	tb.Helper()
	dir := m.cluster.dir
	args = append(args, "--hostname", "localhost", "--auth", "trust", "--ssl-mode", "verify-full",
		"--ssl-ca-file", m.cluster.CAFile(), "--server-cert", dir+"/server.crt", "--server-key", dir+"/server.key")
	var out bytes.Buffer
	cmd := m.autoctl(args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = connectTime // a server that it started may keep what it writes to
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	late := time.AfterFunc(managedStart, func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it waits for something that does not come
	})
	defer late.Stop()
	if err := cmd.Wait(); err != nil {
		tb.Fatalf("pg_autoctl %s %s: %v\n%s", args[0], args[1], err, out.String())
	}
}

func (m *Managed) settings(tb testing.TB, name, text string) {
	tb.Helper()
	f, err := os.OpenFile(filepath.Join(m.cluster.dir, name, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err = fmt.Fprintf(f, "\nfsync = off\n%s", text); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

var managedLogs atomic.Int64

func (m *Managed) run(tb testing.TB, name string) {
	tb.Helper()
	log, err := os.Create(filepath.Join(m.cluster.dir, fmt.Sprintf("%s.%d.log", name, managedLogs.Add(1))))
	if err != nil {
		tb.Fatal(err)
	}
	cmd := m.autoctl("run", "--pgdata", name)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	m.running[name], m.logs[name] = cmd, log
}

// end kills a server and its keeper: the keeper's group first, which would start the server again.
func (m *Managed) end(name string) {
	cmd := m.running[name]
	if cmd == nil {
		return
	}
	delete(m.running, name)
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may be gone already
	_ = cmd.Wait()                                      // it was killed
	b, err := os.ReadFile(filepath.Join(m.cluster.dir, name, "postmaster.pid"))
	if err != nil {
		return // it has ended itself
	}
	first, _, _ := strings.Cut(string(b), "\n")
	if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && ours(pid, m.cluster.dir) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // its children notice
	}
}

// ours reports whether a process works in dir: its number may have gone to another one.
func ours(pid int, dir string) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return strings.Contains(string(b), dir) || strings.HasPrefix(cwd, dir)
}

// log returns the end of what the manager said.
func (m *Managed) log() string {
	var out strings.Builder
	for name, f := range m.logs {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			continue
		}
		fmt.Fprintf(&out, "%s:\n%s\n", name, b[max(0, len(b)-2000):])
	}
	return out.String()
}
