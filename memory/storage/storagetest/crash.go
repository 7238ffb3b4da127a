package storagetest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security/keyring"
)

// The environment that makes a test binary a child which dies; see Main.
const (
	envOperation = "ELDERZAN_CRASH_OPERATION"
	envDir       = "ELDERZAN_CRASH_DIR"
	envStep      = "ELDERZAN_CRASH_STEP"
	envCount     = "ELDERZAN_CRASH_COUNT"
	envBeside    = "ELDERZAN_CRASH_BESIDE" // others write meanwhile
)

// What a child prints.
const (
	sayStep = "step "
	sayDone = "done"
	sayAck  = "ack "
)

// operationWrite has a child write until it is killed, and print the id of each acknowledged memory.
const operationWrite = "write"

// Main runs the tests, or, in a process that a crash test has started, the operation to die in. Call it from TestMain.
func Main(m *testing.M) {
	name := os.Getenv(envOperation)
	if name == "" {
		os.Exit(m.Run())
	}
	if err := child(context.Background(), name, os.Getenv(envDir), storage.Step(os.Getenv(envStep))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// say tells the parent. A line is one write, which a kill cannot cut in two.
func say(line string) { _, _ = os.Stdout.WriteString(line + "\n") } //nolint:forbidigo // of a child, whose stdout is a pipe to the test

// child runs one operation between Open and Close, and kills itself when it comes to the step for the count-th time.
func child(ctx context.Context, name, dir string, step storage.Step) error {
	if name == operationReadOnly {
		return openReadOnly(ctx, dir)
	}
	left, err := strconv.Atoi(os.Getenv(envCount))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	// Low limits, so that the process is often killed while an index is given another form or saved.
	limits := storage.IndexLimits{SQ8: 16, SQ4: 48, IVFPQ: 300}
	faults, _ := strconv.Atoi(os.Getenv(envFaults)) // "" is none
	op, _ := operation(name)
	s, err := storage.Open(ctx, storage.Options{Dir: dir, Source: "test", Mend: op.Damage != nil, Limits: limits, SnapshotEvery: 64, AuditBlock: 8, Fail: failing(faults), Crash: func(at storage.Step) {
		mu.Lock()
		defer mu.Unlock()
		say(sayStep + at.String())
		if at == step {
			if left--; left == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // the signal is on its way
			}
		}
	}})
	if faults > 0 && errors.Is(err, ErrInjected) {
		return nil // nothing was begun
	}
	if err != nil {
		return err
	}
	switch name {
	case operationModel:
		return obey(ctx, s)
	case operationWrite:
		return writeOn(ctx, s)
	case operationFull:
		return fillUp(ctx, s)
	}
	if op.Run == nil {
		return fmt.Errorf("no operation is called %q", name)
	}
	work := op.Run
	if os.Getenv(envBeside) != "" {
		work = beside(work)
	}
	if err := work(ctx, s); err != nil {
		return err
	}
	say(sayDone)
	return s.Close()
}

// operation returns the operation of that name.
func operation(name string) (Operation, bool) {
	for _, op := range Operations() {
		if op.Name == name {
			return op, true
		}
	}
	return Operation{}, false
}

// beside has others write before, while and after run does.
func beside(run func(context.Context, *storage.Store) error) func(context.Context, *storage.Store) error {
	return func(ctx context.Context, s *storage.Store) error {
		const each = 12
		started, errs := make(chan struct{}, 3*each), make(chan error, 4)
		for w := range 3 {
			go func() { errs <- writeSome(ctx, s, w, each, started) }()
		}
		<-started // somebody has written, and goes on
		err := run(ctx, s)
		if err == nil {
			say(sayDone)
		}
		errs <- err
		return errors.Join(<-errs, <-errs, <-errs, <-errs)
	}
}

// writeSome stores n memories, each with its vector, and tells of each that was acknowledged.
func writeSome(ctx context.Context, s *storage.Store, writer, n int, wrote chan<- struct{}) error {
	for i := range n {
		m := Memory(fmt.Sprintf("beside %d wrote egret %d", writer, i))
		if _, err := s.Put(ctx, memory.Put{Memory: m, Audit: Audit("remember")}); err != nil {
			return err
		}
		say(sayAck + string(m.ID))
		wrote <- struct{}{}
		if err := s.PutVectors(ctx, []memory.Vector{vectorOf(m.ID, 1, uint64(writer*n+i))}); err != nil {
			return err
		}
	}
	return nil
}

// writeOn stores memories and vectors from four goroutines until the process is killed.
func writeOn(ctx context.Context, s *storage.Store) error {
	var wg sync.WaitGroup
	failed := make(chan error, 4)
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				m := Memory(fmt.Sprintf("writer %d wrote heron %d", w, i))
				if _, err := s.Put(ctx, memory.Put{Memory: m, Audit: Audit("remember")}); err != nil {
					failed <- err
					return
				}
				say(sayAck + string(m.ID))
				if i%8 == 0 {
					if err := s.PutVectors(ctx, []memory.Vector{vectorOf(m.ID, 1, uint64(i))}); err != nil {
						failed <- err
						return
					}
				}
			}
		})
	}
	wg.Wait()
	return <-failed
}

// childTime is for a child to end by itself, on a machine under any load. One that has not is made to tell where it is.
const childTime = 5 * time.Minute

// death says when run kills its child, whatever that is doing; the zero value never does.
type death struct {
	after time.Duration // of its life
	lines int           // that it has printed
}

// run starts a child and returns what it printed and whether it was killed, by itself or by d.
func run(t testing.TB, op, dir string, step storage.Step, count int, d death, env ...string) (out []string, killed bool) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), envOperation+"="+op, envDir+"="+dir, envStep+"="+step.String(), envCount+"="+strconv.Itoa(count))
	cmd.Env = append(cmd.Env, env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	guard := time.AfterFunc(childTime, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) })
	defer guard.Stop()
	if d.after > 0 {
		defer time.AfterFunc(d.after, func() { _ = cmd.Process.Kill() }).Stop()
	}
	for sc := bufio.NewScanner(stdout); sc.Scan(); {
		if out = append(out, sc.Text()); len(out) == d.lines {
			_ = cmd.Process.Kill()
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, ok := exit.Sys().(syscall.WaitStatus)
		killed = ok && status.Signaled() && status.Signal() == syscall.SIGKILL
	}
	if err != nil && !killed {
		t.Fatalf("child %s: %v, after %q\n%s", op, err, out, stderr.String())
	}
	return out, killed
}

// bases are the folders that crash and failure tests start from.
type bases struct {
	prepared string
	ops      map[string]*outcome
}

// outcome is what can be seen of a store before an operation and after it.
type outcome struct {
	before, after         string
	beforePart, afterPart string // of the memories that operations are about
}

// prepare makes the folder that operations start from, and runs each once without trouble to see what it does.
func prepare(t *testing.T) *bases {
	t.Helper()
	b := &bases{prepared: t.TempDir(), ops: map[string]*outcome{}}
	s := mustOpen(t, storage.Options{Dir: b.prepared})
	if err := Prepare(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	before, beforePart := Describe(t, s), describe(t, s, fixedIDs)
	mustClose(t, s)
	for _, op := range Operations() {
		s := mustOpen(t, storage.Options{Dir: b.folder(t, op), Mend: op.Damage != nil})
		o := &outcome{before: before, beforePart: beforePart}
		if op.Fresh {
			o.before = Describe(t, s)
		}
		if err := op.Run(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", op.Name, err)
		}
		o.after, o.afterPart = Describe(t, s), describe(t, s, fixedIDs)
		mustClose(t, s)
		b.ops[op.Name] = o
	}
	return b
}

// folder returns a new copy of the folder that op starts from.
func (b *bases) folder(t testing.TB, op Operation) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if op.Fresh {
		return dir
	}
	if err := os.CopyFS(dir, os.DirFS(b.prepared)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600) // CopyFS opens them to all; the keyring refuses that
	})
	if err == nil && op.Rotated {
		err = rotate(t.Context(), dir)
	}
	if err == nil && op.Older {
		err = age(t.Context(), dir)
	}
	if err == nil && op.Damage != nil {
		err = op.Damage(dir)
	}
	if err == nil && op.Warm {
		err = warm(t.Context(), dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// rotate gives the closed store in dir a new master key.
func rotate(ctx context.Context, dir string) error {
	ring, err := keyring.Open(ctx, keyring.Options{Dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(ring.Rotate(ctx), ring.Close())
}

func mustOpen(t testing.TB, o storage.Options) *storage.Store {
	t.Helper()
	if o.Source == "" {
		o.Source = "test"
	}
	o.ReplayFrom = 1 // what was saved must do, with what changed since
	s, err := storage.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func mustClose(t testing.TB, s *storage.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// Crash kills a process at every durable step of every operation, each time it comes there, and wants the store to
// open, to be as it was before the operation or after it (after it, if it had been acknowledged), and to find nothing
// wrong with itself. It fails for a step that no operation comes to.
func Crash(t *testing.T) {
	b := prepare(t)
	var mu sync.Mutex
	reached := map[storage.Step]bool{}
	t.Run("operations", func(t *testing.T) {
		for _, op := range Operations() {
			t.Run(op.Name, func(t *testing.T) {
				t.Parallel()
				out, _ := run(t, op.Name, b.folder(t, op), "", 0, death{})
				counts := map[storage.Step]int{}
				for _, line := range out {
					if name, ok := strings.CutPrefix(line, sayStep); ok {
						counts[storage.Step(name)]++
					}
				}
				mu.Lock()
				for step := range counts {
					reached[step] = true
				}
				mu.Unlock()
				for _, step := range storage.Steps() {
					for n := range counts[step] {
						t.Run(fmt.Sprintf("%s-%d", step, n+1), func(t *testing.T) { b.crash(t, op, step, n+1, reached, &mu) })
					}
				}
			})
		}
	})
	for _, step := range storage.Steps() {
		if !reached[step] {
			t.Errorf("no operation comes to the step %s", step)
		}
	}
}

// crash kills a process at the n-th coming of step, and once more while the store recovers from that.
func (b *bases) crash(t *testing.T, op Operation, step storage.Step, n int, reached map[storage.Step]bool, mu *sync.Mutex) {
	dir := b.folder(t, op)
	out, killed := run(t, op.Name, dir, step, n, death{})
	if !killed {
		t.Logf("the child did not come to %s a %d. time", step, n)
	}
	acked := false
	for _, line := range out {
		acked = acked || line == sayDone
	}
	// Whoever recovers may be killed too.
	var recovery []storage.Step
	if step == storage.StepPrepared || step == storage.StepCommit || step == storage.StepFinish {
		recovery = []storage.Step{storage.StepRecoverFinish, storage.StepRecoverUndo, storage.StepRecovered}
	}
	for _, again := range recovery {
		out, _ := run(t, "open", dir, again, 1, death{})
		mu.Lock()
		for _, line := range out {
			reached[storage.Step(strings.TrimPrefix(line, sayStep))] = true
		}
		mu.Unlock()
	}
	s := mustOpen(t, storage.Options{Dir: dir, Mend: op.Damage != nil})
	got, want := Describe(t, s), b.ops[op.Name]
	if got != want.after && (acked || got != want.before) {
		t.Errorf("acknowledged: %v; the store is\n%s\nwhich is neither as before\n%s\nnor as after\n%s", acked, got, want.before, want.after)
	}
	NoFindings(t, s)
	// What was not acknowledged is repeated by the client, under the same key.
	if !acked {
		err := op.Run(t.Context(), s)
		var input *memory.InputError
		if got == want.before && err != nil || err != nil && !errors.Is(err, memory.ErrNotFound) && !errors.As(err, &input) {
			t.Errorf("repeating the operation: %v", err)
		}
	}
	mustClose(t, s)
}

// besideSteps are the steps that a process with many writers comes to, and how often at least.
var besideSteps = map[storage.Step]int{
	storage.StepPrepare: 20, storage.StepPrepared: 20, storage.StepCommit: 20, storage.StepCommitted: 20, storage.StepFinish: 20,
	storage.StepFinished: 20, storage.StepApplied: 20, storage.StepWords: 1, storage.StepAudit: 2, storage.StepCheckpoint: 1, storage.StepSnapshot: 1,
	storage.StepSnapshotted: 1, storage.StepClosingIndexes: 1,
}

// CrashBeside is Crash with others that write at the same time: the operation must be done as a whole or not at all, and
// what the others were told is stored must be there. With ELDERZAN_LONG it crosses every operation with every step,
// else a few of them by chance.
func CrashBeside(t *testing.T) {
	b := prepare(t)
	r := rand.New(rand.NewPCG(seedOf(t), 2))
	type point struct {
		op    Operation
		step  storage.Step
		count int
	}
	var points []point
	for _, op := range Operations() {
		for _, step := range storage.Steps() {
			if most := besideSteps[step]; most > 0 && !op.Opens {
				points = append(points, point{op, step, 1 + r.IntN(most)}, point{op, step, 1 + r.IntN(most)})
			}
		}
	}
	if os.Getenv(envLong) == "" {
		r.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
		points = points[:20]
	}
	var killed atomic.Int64
	t.Run("points", func(t *testing.T) {
		for i, p := range points {
			t.Run(fmt.Sprintf("%s/%s-%d/%d", p.op.Name, p.step, p.count, i), func(t *testing.T) {
				t.Parallel()
				if b.crashBeside(t, p.op, p.step, p.count) {
					killed.Add(1)
				}
			})
		}
	})
	t.Logf("%d processes, %d killed", len(points), killed.Load())
	if killed.Load() == 0 {
		t.Error("no process was killed")
	}
}

// seedOf returns the seed of a random test and prints it; ELDERZAN_SEED repeats a run as far as the clock lets it.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv(envSeed), 10, 64)
	if err != nil {
		seed = rand.Uint64() | 1
	}
	t.Logf("%s=%d", envSeed, seed)
	return seed
}

const envSeed = "ELDERZAN_SEED"

// envLong asks the tests for their long form.
const envLong = "ELDERZAN_LONG"

func (b *bases) crashBeside(t *testing.T, op Operation, step storage.Step, count int) (killed bool) {
	dir := b.folder(t, op)
	out, killed := run(t, op.Name, dir, step, count, death{}, envBeside+"=1")
	s := mustOpen(t, storage.Options{Dir: dir})
	defer mustClose(t, s)
	done, others := false, 0
	for _, line := range out {
		done = done || line == sayDone
		if id, ok := strings.CutPrefix(line, sayAck); ok && len(id) == 36 {
			others++
			if _, err := s.Get(t.Context(), []memory.ID{memory.ID(id)}); err != nil {
				t.Errorf("an acknowledged memory is gone: %v", err)
			}
		}
	}
	got, want := describe(t, s, fixedIDs), b.ops[op.Name]
	if got != want.afterPart && (done || got != want.beforePart) {
		t.Errorf("killed: %v, done: %v; the store is\n%s\nwhich is neither as before\n%s\nnor as after\n%s", killed, done, got, want.beforePart, want.afterPart)
	}
	NoFindings(t, s)
	t.Logf("killed: %v, done: %v, %d others acknowledged", killed, done, others)
	return killed
}

// CrashAnywhere kills processes at random moments: while a folder is made for the first time, and while four clients
// write. The folder must open, and hold everything that was acknowledged.
func CrashAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(seedOf(t), 1))
	for i := range 8 {
		t.Run(fmt.Sprintf("first start %d", i), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			for range 3 { // the second start may find what the first left, and die as well
				run(t, "open-fresh", dir, "", 0, death{after: time.Duration(5+r.IntN(60)) * time.Millisecond})
			}
			s := mustOpen(t, storage.Options{Dir: dir})
			NoFindings(t, s)
			mustClose(t, s)
		})
	}
	for i := range 4 {
		t.Run(fmt.Sprintf("writing %d", i), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			out, _ := run(t, operationWrite, dir, "", 0, death{lines: 50 + r.IntN(1000)})
			s := mustOpen(t, storage.Options{Dir: dir})
			n := 0
			for _, line := range out {
				if id, ok := strings.CutPrefix(line, sayAck); ok && len(id) == 36 {
					n++
					if _, err := s.Get(t.Context(), []memory.ID{memory.ID(id)}); err != nil {
						t.Errorf("an acknowledged memory is gone: %v", err)
					}
				}
			}
			if n == 0 {
				t.Errorf("nothing was acknowledged: %q", out)
			}
			t.Logf("%d acknowledged", n)
			NoFindings(t, s)
			mustClose(t, s)
		})
	}
}
