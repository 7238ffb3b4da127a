package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// canaries are words that are found nowhere by chance, one for each place where a text can stand.
type canaries []string

// word adds a canary and returns it.
func (c *canaries) word(place string) string {
	w := "zq" + place + "canary" + fmt.Sprintf("%04d", len(*c)) + "wvx"
	*c = append(*c, w)
	return w
}

// found returns the canaries that b holds: in any case, as UTF-16, in hexadecimal or in base 64 at any offset.
func (c canaries) found(b []byte) (in []string) {
	lower := bytes.ToLower(b)
	for _, w := range c {
		forms := [][]byte{[]byte(w), []byte(hex.EncodeToString([]byte(w))), wide(w)}
		for _, f := range forms {
			if bytes.Contains(lower, f) {
				in = append(in, w)
			}
		}
		for skip := range 3 {
			whole := (len(w) - skip) / 3 * 3
			if bytes.Contains(b, []byte(base64.StdEncoding.EncodeToString([]byte(w)[skip:skip+whole]))) {
				in = append(in, w)
			}
		}
	}
	return in
}

// wide is an ASCII word as UTF-16, little endian.
func wide(w string) []byte {
	var b []byte
	for _, r := range []byte(w) {
		b = append(b, r, 0)
	}
	return b
}

// TestCanariesAreFound makes sure that the search below can find something.
func TestCanariesAreFound(t *testing.T) {
	var c canaries
	w := c.word("content")
	for name, text := range map[string]string{
		"plain": "x" + w, "upper case": strings.ToUpper(w), "UTF-16": string(wide(w)), "hexadecimal": hex.EncodeToString([]byte("a" + w)),
		"base 64": base64.StdEncoding.EncodeToString([]byte(w)), "base 64, shifted": base64.RawStdEncoding.EncodeToString([]byte("ab" + w + "c")),
	} {
		if len(c.found([]byte(text))) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
	if in := c.found([]byte("an innocent text")); in != nil {
		t.Errorf("%q found in an innocent text", in)
	}
}

// TestNothingReadable stores and asks for canaries, PRIVATE and PROJECT, and looks for them wherever the program
// leaves something: the data folder while the engine runs, after a crash and after a stop, the log at its most
// talkative, temporary files, and what the system tells of our processes. Nothing is open to other users either.
func TestNothingReadable(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	f := newFolder(t, "ELDERZAN_LOG_LEVEL=debug", "TMPDIR="+temp)
	var c canaries
	cl := f.serve()
	cl.initialize()
	useCanaries(cl, &c)
	if n := len(processesOf(f.dir)); n < 2 {
		t.Errorf("%d processes work on the folder; want the engine and serve", n)
	}
	wantSecret(t, f, temp, c, "while the engine runs")
	f.killEngine()
	wantSecret(t, f, temp, c, "after a crash")
	cl.ok(nil, "search", map[string]any{"text": c.word("search")})
	if o := f.run("", "doctor"); o.code != 0 {
		t.Errorf("doctor: %s%s", o.out, o.err)
	}
	cl.close()
	f.ok("stop")
	wantSecret(t, f, temp, c, "after a stop")
	if in := c.found(cl.stderr.Bytes()); in != nil {
		t.Errorf("serve's standard error holds %q", in)
	}
}

// useCanaries calls every tool with canaries in every argument that may hold a text, some of them wrong.
func useCanaries(cl *mcpClient, c *canaries) {
	var ids []string
	for _, scope := range []string{"PRIVATE", "PROJECT"} {
		s := strings.ToLower(scope)
		var r struct{ ID string }
		cl.ok(&r, "remember", map[string]any{
			"content": "The word is " + c.word(s+"content") + " and the password is " + c.word(s+"password"), "title": c.word(s + "title"),
			"tags": []string{c.word(s + "tag")}, "metadata": map[string]any{c.word(s + "key"): c.word(s + "value")},
			"project": c.word(s + "project"), "scope": scope, "override_auto_classification": true, "wait": true,
		})
		ids = append(ids, r.ID)
	}
	cl.ok(nil, "revise", map[string]any{"id": ids[1], "content": "Now it is " + c.word("revised"), "title": c.word("newtitle")})
	cl.ok(nil, "recall", map[string]any{"query": "what is " + c.word("query") + "?", "explain": true, "mode": "accurate"})
	cl.ok(nil, "classify", map[string]any{"content": "my password is " + c.word("classified")})
	cl.ok(nil, "share", map[string]any{"id": ids[0], "scope": "GLOBAL"}) // refused: it is sensitive
	cl.ok(nil, "forget", map[string]any{"query": c.word("forgetquery")})
	cl.ok(nil, "forget", map[string]any{"id": ids[0], "reason": c.word("reason")})
	for _, wrong := range []map[string]any{
		{"content": c.word("bad") + strings.Repeat("x", 64<<10)}, {"content": "x", "scope": c.word("badscope")},
		{"content": "x", c.word("badname"): 1}, {"content": c.word("nul") + "\x00"}, {"content": "x", "metadata": c.word("badmetadata")},
	} {
		cl.tool("remember", wrong)
	}
	cl.tool("revise", map[string]any{"id": c.word("badid"), "title": "x"})
	cl.await(cl.request("resources/read", map[string]any{"uri": "elderzan://project/" + c.word("uri")}))
	cl.await(cl.request("prompts/get", map[string]any{"name": c.word("prompt")}))
	cl.await(cl.request("completion/complete", map[string]any{
		"ref":      map[string]any{"type": "ref/resource", "uri": "elderzan://project/{project}"},
		"argument": map[string]any{"name": "project", "value": c.word("completion")},
	}))
	cl.raw([]byte(`{"jsonrpc":"2.0","method":"notifications/` + c.word("note") + `","params":{"x":"` + c.word("params") + `"}}` + "\n"))
	broken := cl.expect("null")
	cl.raw([]byte(`{"broken ` + c.word("broken") + "\n"))
	cl.await(broken)
	cl.ok(nil, "status", nil)
}

// wantSecret looks for canaries in the folder, in temp and at our processes, and at the modes of all files.
func wantSecret(t *testing.T, f *folder, temp string, c canaries, when string) {
	t.Helper()
	files := 0
	for _, dir := range []string{f.dir, temp} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			if info.Mode().Perm()&0o077 != 0 && path != temp {
				t.Errorf("%s: %s has mode %v", when, path, info.Mode())
			}
			if !info.Mode().IsRegular() {
				return nil
			}
			files++
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if in := c.found(b); in != nil {
				t.Errorf("%s: %s holds %q", when, path, in)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
	}
	if files < 10 {
		t.Fatalf("%s: only %d files were looked at", when, files)
	}
	for _, pid := range processesOf(f.dir) {
		for _, name := range []string{"cmdline", "environ", "comm"} {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) { // it has ended meanwhile
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", when, err)
			}
			if in := c.found(b); in != nil {
				t.Errorf("%s: %s of process %d holds %q", when, name, pid, in)
			}
		}
	}
}

// TestSocketIsPrivate knocks at an engine as another user: it is not answered, whatever the file modes let through.
func TestSocketIsPrivate(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.unprivileged()
	f.status()
	if os.Geteuid() == 0 { // another user knocks: root, here, is one
		conn, err := net.Dial("unix", f.path("engine.sock"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = conn.Write(link.EncodeHello(link.Hello{Kind: link.KindStatus})) // it may have hung up already
		if n, err := conn.Read(make([]byte, 100)); err == nil {
			t.Errorf("another user was answered with %d bytes", n)
		}
	}
	info, err := os.Stat(f.path("engine.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v; want mode 0600", info.Mode(), err)
	}
}
