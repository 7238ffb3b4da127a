package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// longRun reports whether the long forms of the tests are asked for.
func longRun() bool { return os.Getenv("ELDERZAN_LONG") != "" }

// commandTime bounds one command of the program, on a machine that is busy with other things.
const commandTime = 2 * time.Minute

// folder is a data folder, and how the program is run on it.
type folder struct {
	t       testing.TB
	dir     string
	env     []string             // on top of this process's
	program string               // "" means the one on the PATH
	via     []string             // command that starts it, if any
	as      *syscall.SysProcAttr // how processes are started; nil means as this one
}

// newFolder returns a data folder that does not exist yet. When the test ends its engine is stopped; a process that
// still works on it then is killed, and the test fails.
func newFolder(t testing.TB, env ...string) *folder {
	t.Helper()
	base, err := os.MkdirTemp("", "elderzan-test-") // t.TempDir's names are too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	return folderAt(t, filepath.Join(base, "data"), env...)
}

// folderAt is newFolder at a place that the test has chosen and removes itself.
func folderAt(t testing.TB, dir string, env ...string) *folder {
	f := &folder{t: t, dir: dir, env: env}
	t.Cleanup(func() {
		if o := f.run("", "stop"); o.code != 0 {
			t.Errorf("stop: %s", o.err)
		}
		wantNoProcesses(t, dir)
	})
	return f
}

// path joins names to the data folder.
func (f *folder) path(names ...string) string {
	return filepath.Join(append([]string{f.dir}, names...)...)
}

// command prepares a command of the program on this folder.
func (f *folder) command(ctx context.Context, args ...string) *exec.Cmd {
	program := f.program
	if program == "" {
		program = "elderzan"
	}
	at := slices.Index(args, "--") // what comes after is another program's
	if at < 0 {
		at = len(args)
	}
	words := append(append(slices.Clone(f.via), program), slices.Insert(slices.Clone(args), at, "--data", f.dir)...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(os.Environ(), f.env...)
	cmd.SysProcAttr = f.as
	cmd.Dir = os.TempDir() // no project
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// outcome is what a command did.
type outcome struct {
	out, err string
	code     int
}

// run runs a command with stdin to its end.
func (f *folder) run(stdin string, args ...string) outcome {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	cmd := f.command(ctx, args...)
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		f.t.Fatalf("elderzan %v: %v: %s", args, err, stderr.String())
	}
	return outcome{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// ok runs a command that must succeed and returns what it printed.
func (f *folder) ok(args ...string) string {
	f.t.Helper()
	o := f.run("", args...)
	if o.code != 0 {
		f.t.Fatalf("elderzan %v: exit %d: %s", args, o.code, o.err)
	}
	return o.out
}

// fails runs a command that must fail with all of the words in its error, and returns the error.
func (f *folder) fails(words []string, args ...string) string {
	f.t.Helper()
	o := f.run("", args...)
	if o.code == 0 {
		f.t.Errorf("elderzan %v: succeeded with %q; want an error", args, o.out)
	}
	for _, w := range words {
		if !strings.Contains(o.err, w) {
			f.t.Errorf("elderzan %v: error %q; want %q in it", args, o.err, w)
		}
	}
	return o.err
}

// json runs a command with --json and reads what it prints into v.
func (f *folder) json(v any, args ...string) {
	f.t.Helper()
	out := f.ok(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		f.t.Fatalf("elderzan %v: %v in %q", args, err, out)
	}
}

// status is what the tests read of a status.
type status struct {
	PID       int            `json:"engine_pid"`
	Ready     bool           `json:"ready"`
	Memories  map[string]int `json:"memories"`
	States    map[string]int `json:"states"`
	Alerts    []string       `json:"alerts"`
	Embedding struct {
		Pending int `json:"pending"`
	} `json:"embedding"`
}

// total is how many memories there are.
func (s status) total() int {
	n := 0
	for _, v := range s.Memories {
		n += v
	}
	return n
}

// status asks the engine, starting one if need be.
func (f *folder) status() status {
	f.t.Helper()
	var s status
	f.json(&s, "status")
	return s
}

// wantCount checks through status how many memories there are.
func (f *folder) wantCount(want int) {
	f.t.Helper()
	if s := f.status(); !s.Ready || s.total() != want {
		f.t.Errorf("status: ready %v, %d memories (%v, alerts %q); want %d", s.Ready, s.total(), s.Memories, s.Alerts, want)
	}
}

// remember stores a text by the command line and returns its id.
func (f *folder) remember(text string, args ...string) string {
	f.t.Helper()
	var r struct{ ID string }
	f.json(&r, append([]string{"remember", text}, args...)...)
	if r.ID == "" {
		f.t.Fatalf("remember %v: no id", args)
	}
	return r.ID
}

// export returns the exported memories by id.
func (f *folder) export() map[string]map[string]any {
	f.t.Helper()
	all := map[string]map[string]any{}
	for line := range strings.Lines(f.ok("export")) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			f.t.Fatalf("export: %v", err)
		}
		id, _ := m["id"].(string)
		if all[id] != nil {
			f.t.Errorf("export: %s twice", id)
		}
		all[id] = m
	}
	return all
}

// enginePID returns the process that holds the folder, or 0.
func (f *folder) enginePID() int { return link.ReadPID(f.dir) }

// killEngine ends the engine as a crash would, and waits until the kernel has taken its locks back.
func (f *folder) killEngine() {
	f.t.Helper()
	pid := f.enginePID()
	if pid == 0 {
		f.t.Fatal("no engine to kill")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		f.t.Fatal(err)
	}
	waitFor(f.t, "the end of the killed engine", func() bool { return ended(f.dir, pid) })
}

// ended reports whether a process that has held the data folder dir is gone, and its lock with it. Clients may have
// started another at once, which has the lock by now.
func ended(dir string, pid int) bool {
	return !alive(pid) && (!link.Held(dir) || link.ReadPID(dir) != pid)
}

// openHere opens a data folder in this process, as an engine does, until done is called.
func openHere(t *testing.T, dir string) (st *stack, done func()) {
	t.Helper()
	c, err := loadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	if st, err = openStack(t.Context(), c, nil, nil, mending{}, nil, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return st, func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	}
}

// waitFor waits until a condition holds, as events outside this process tell of themselves in no other way.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	if !await(commandTime, holds) {
		t.Fatalf("waited in vain for %s", what)
	}
}

// await reports whether a condition has come to hold within a time.
func await(within time.Duration, holds func() bool) bool {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return holds()
		}
	}
	return true
}

// alive reports whether any thread of a process runs. One that has ended and was not waited for does not, and holds no
// locks any more.
func alive(pid int) bool {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false
	}
	for _, stat := range tasks {
		b, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		_, state, _ := strings.Cut(string(b), ") ")
		if !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X") {
			return true
		}
	}
	return false
}

// commandLine returns the arguments of a process, or "".
func commandLine(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return strings.Join(strings.Split(strings.TrimRight(string(b), "\x00"), "\x00"), " ")
}

// exitTime is how long an engine may take to end after it has given its folder back.
const exitTime = time.Minute

// wantNoProcesses fails the test when processes still work on the data folder dir, and ends them.
func wantNoProcesses(t testing.TB, dir string) {
	t.Helper()
	if await(exitTime, func() bool { return len(processesOf(dir)) == 0 }) {
		return
	}
	for _, pid := range processesOf(dir) {
		t.Errorf("process %d was left behind: %s", pid, commandLine(pid))
		_ = syscall.Kill(pid, syscall.SIGKILL) // unless it has just ended
	}
}

// processesOf returns the live processes, other than this one, that were told of dir by an argument.
func processesOf(dir string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || !alive(pid) {
			continue
		}
		for arg := range strings.FieldsSeq(commandLine(pid)) {
			if arg == dir || arg == "--data="+dir {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}
