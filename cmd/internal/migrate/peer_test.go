package migrate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func start(t *testing.T, s State) *Peer {
	t.Helper()
	p, err := StartPeer(s, func(line []byte) { t.Errorf("for nobody: %s", line) }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestInitialize(t *testing.T) {
	hello, tools, err := start(t, other(t, "", Wrap)).Initialize(t.Context(), "1")
	if err != nil || !strings.Contains(string(hello), `"version":"7"`) || !strings.Contains(string(tools), "read_graph") {
		t.Errorf("Initialize = %s, %s, %v; want the version of the environment", hello, tools, err)
	}
	for mode, want := range map[string]string{
		"refuses initialize": "not today", "refuses tools/list": "not today", "ends initialize": ErrGone.Error(), "ends tools/list": ErrGone.Error(),
	} {
		if _, _, err := start(t, other(t, mode, Wrap)).Initialize(t.Context(), "1"); err == nil || err.Error() != want {
			t.Errorf("%s: %v; want %s", mode, err, want)
		}
	}
}

// A caller that gives up is let go; what comes later is for nobody, and the next call works.
func TestCallIsGivenUp(t *testing.T) {
	p := start(t, other(t, "silent read_graph", Wrap))
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() {
		_, err := p.Call(ctx, "read_graph", json.RawMessage(`{}`))
		asked <- err
	}()
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("Call = %v", err)
	}
	if raw, err := p.Call(t.Context(), "open_nodes", json.RawMessage(`{"names":[]}`)); err != nil || !strings.Contains(string(raw), "entities") {
		t.Errorf("the next call = %s, %v", raw, err)
	}
	if _, err := p.Call(t.Context(), "read_graph", json.RawMessage(`{`)); err == nil {
		t.Error("arguments that are no JSON were sent")
	}
}

func TestCloseTwice(t *testing.T) {
	p := start(t, other(t, "", Wrap))
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.Call(t.Context(), "read_graph", json.RawMessage(`{}`)); !errors.Is(err, ErrGone) {
		t.Errorf("after Close: %v", err)
	}
}

// A server that does not leave is killed, and with it what it has started: package managers start servers as children,
// which hold the pipes.
func TestServerThatStays(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"by itself":      `trap "" TERM HUP; echo "$$" >&3; exec "$0"`,
		"behind another": `exec 4<&0; "$0" <&4 & echo "$!" >&3; wait`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := other(t, "stays", Wrap)
			said := filepath.Join(t.TempDir(), "pid")
			if err := syscall.Mkfifo(said, 0o600); err != nil {
				t.Fatal(err)
			}
			s.Command = []string{"sh", "-c", `exec 3>"$SAID"; ` + script, s.Command[0]}
			s.Env["SAID"] = said
			p := start(t, s)
			f, err := os.Open(said) // waits until it is written
			if err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(f).ReadString('\n')
			f.Close()
			pid, perr := strconv.Atoi(strings.TrimSpace(line))
			if err := errors.Join(err, perr); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if _, _, err := p.Initialize(t.Context(), "1"); err != nil {
				t.Fatal(err)
			}
			ended := watch(t, pid)
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			if !ended() {
				t.Errorf("process %d still runs", pid)
			}
		})
	}
}

// watch returns a function that reports whether a process that runs now has ended, within a minute.
func watch(t *testing.T, pid int) func() bool {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return func() bool {
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 60_000)
			if !errors.Is(err, unix.EINTR) {
				return n == 1 && err == nil
			}
		}
	}
}

func TestStructured(t *testing.T) {
	for in, want := range map[string]string{
		`{"structuredContent":{"a":1},"content":[{"text":"x"}]}`: `{"a":1}`,
		`{"content":[{"text":"{\"a\":1}"},{"text":"more"}]}`:     `{"a":1}`,
		`{"content":[]}`: ``,
	} {
		if got, err := structured(json.RawMessage(in)); err != nil || string(got) != want {
			t.Errorf("%s = %s, %v; want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]string{`{"isError":true,"content":[{"text":" no such entity\n"}]}`: "no such entity", `[]`: "cannot be read"} {
		if _, err := structured(json.RawMessage(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", in, err, want)
		}
	}
	if _, err := resultOf([]byte(`no answer`)); err == nil {
		t.Error("what is no JSON was read")
	}
}

// A file that says no migration is an error that names it, never a start of nothing.
func TestStateThatIsDamaged(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "migration.json")
	for name, text := range map[string]string{
		"empty": ``, "cut off": `{"command":["x"],"pha`, "nothing in it": `{}`, "no command": `{"command":[],"phase":"wrap"}`,
		"empty command": `{"command":[""],"phase":"wrap"}`, "unknown phase": `{"command":["x"],"phase":"fly"}`, "another form": `["x"]`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := StateFile(dir).Load()
		if err == nil || errors.Is(err, ErrNone) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "elderzan migrate start") {
			t.Errorf("%s: %v", name, err)
		}
		if err := StateFile(dir).Update(func(*State) error { return nil }); err == nil {
			t.Errorf("%s: was updated", name)
		}
	}
}

func TestStateThatCannotBeKept(t *testing.T) {
	nowhere := StateFile(filepath.Join(t.TempDir(), "nowhere"))
	if err := nowhere.Save(State{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Save = %v", err)
	}
	if err := nowhere.Update(func(*State) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Update = %v", err)
	}
	if err := nowhere.Remove(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Remove = %v", err)
	}
	dir := t.TempDir()
	if err := StateFile(dir).Update(func(*State) error { return nil }); !errors.Is(err, ErrNone) {
		t.Errorf("Update of none = %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "migration.json", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := StateFile(dir).Load(); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("Load of a folder = %v", err)
	}
	if err := StateFile(dir).Save(State{Command: []string{"x"}, Phase: Wrap}); err == nil {
		t.Error("saved over a folder")
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".migration-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// What is said to be added and removed are facts, and many of them go in several calls.
func TestReconcileCounts(t *testing.T) {
	from, to := &inMemory{}, &inMemory{g: Graph{
		Entities:  []Entity{{"gone", "p", []string{"1", "2", "3"}}, {"other type", "p", []string{"stays"}}},
		Relations: []Relation{{"gone", "other type", "knows"}},
	}}
	from.g.Entities = append(from.g.Entities, Entity{"other type", "q", []string{"stays"}})
	for i := range perCall + 50 {
		from.g.Entities = append(from.g.Entities, Entity{"e" + strconv.Itoa(i), "p", []string{"x", "y"}})
	}
	var calls []string
	to.fail = func(tool string) error { calls = append(calls, tool); return nil }
	r, err := Reconcile(t.Context(), from, to)
	want := Reconciled{Added: 3*(perCall+50) + 2, Removed: 4 + 2 + 1}
	if err != nil || r != want {
		t.Errorf("Reconcile = %+v, %v; want %+v", r, err, want)
	}
	if got := strings.Join(calls, " "); got != "read_graph delete_entities create_entities create_entities delete_relations read_graph" {
		t.Errorf("calls: %s", got)
	}
}

// answers is a Server that says the same to everything.
type answers string

func (a answers) Call(context.Context, string, json.RawMessage) (json.RawMessage, error) {
	return json.RawMessage(a), nil
}

func TestReconcileWithOddServers(t *testing.T) {
	full, odd := &inMemory{g: graphOf("Mia")}, answers(`"no graph"`)
	if _, err := Reconcile(t.Context(), odd, full); err == nil || !strings.Contains(err.Error(), "the graph to copy") {
		t.Errorf("from an odd one: %v", err)
	}
	if _, err := Reconcile(t.Context(), full, odd); err == nil || !strings.Contains(err.Error(), "the graph to change") {
		t.Errorf("to an odd one: %v", err)
	}
	if r, err := Reconcile(t.Context(), full, answers(`{}`)); err != nil || r.Left != 2 { // it keeps nothing
		t.Errorf("to one that keeps nothing: %+v, %v", r, err)
	}
	n := 0
	ends := &inMemory{fail: func(string) error {
		if n++; n == 3 {
			return ErrGone
		}
		return nil
	}}
	if _, err := Reconcile(t.Context(), full, ends); !errors.Is(err, ErrGone) {
		t.Errorf("one that ends before it is read again: %v", err)
	}
}
