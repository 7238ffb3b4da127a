package storagetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// The sizes of a run of Model, short and, with ELDERZAN_LONG, long.
const (
	shortWorlds, longWorlds = 2, 50
	shortLives, longLives   = 4, 10
	modelSlots              = 12
	modelWindow             = 6 // commands under way at once
	lifeLimit               = 2 * time.Minute
)

// tally adds up what a run of Model did.
type tally struct{ commands, acknowledged, kills, faults, open int }

// Model runs random changes to a few memories in processes that are killed, at a durable step or at any moment, or whose
// engines fail by chance, and compares what the next process finds with a model: what was acknowledged is there, what
// was refused is not, what was neither is there as a whole or not at all and is done once when it is repeated, and the
// checker finds nothing. The seed is printed; ELDERZAN_SEED repeats a run as far as the clock lets it.
func Model(t *testing.T) {
	worlds, lives := shortWorlds, shortLives
	if os.Getenv(envLong) != "" {
		worlds, lives = longWorlds, longLives
	}
	for name, value := range map[string]string{
		"rapid.seed": strconv.FormatUint(seedOf(t), 10), "rapid.checks": strconv.Itoa(worlds), "rapid.nofailfile": "true", "rapid.shrinktime": "1ms",
	} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	var sum tally
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{rt: rt, ctx: t.Context(), dir: filepath.Join(t.TempDir(), "data"), sum: &sum}
		for range lives {
			w.live()
		}
	})
	t.Logf("%d commands, %d acknowledged, %d open when the process died; %d kills, %d failing engines", sum.commands, sum.acknowledged, sum.open, sum.kills, sum.faults)
}

// world is one data folder and what should be in it.
type world struct {
	rt    *rapid.T
	ctx   context.Context
	dir   string
	slots [modelSlots]shape
	again []command // were under way when the last process died
	n     int
	sum   *tally
}

// end says how a process ends.
type end struct {
	step   storage.Step // killed when it comes there the count-th time
	count  int
	after  int // answers after which it is killed; 0 for not at all
	faults int // one call in so many fails
}

func (w *world) drawEnd() end {
	switch rapid.SampledFrom([]string{"close", "fail", "kill", "kill", "step", "step", "step", "step", "step", "step"}).Draw(w.rt, "end") {
	case "close":
		return end{}
	case "fail":
		return end{faults: rapid.SampledFrom([]int{20, 50, 100, 200}).Draw(w.rt, "faults")}
	case "kill":
		return end{after: rapid.IntRange(1, 20).Draw(w.rt, "after")}
	}
	return end{step: rapid.SampledFrom(storage.Steps()).Draw(w.rt, "step"), count: rapid.IntRange(1, 12).Draw(w.rt, "count"), after: 20}
}

// draw makes a command for a slot: what was drawn, or what stands for it where the slot is empty.
func (w *world) draw() (slot int, c command) {
	w.n++
	slot = rapid.IntRange(0, modelSlots-1).Draw(w.rt, "slot")
	op := rapid.SampledFrom([]string{
		"put", "put", "revise", "retag", "share", "share", "archive", "forget", "restore", "purge", "embed", "embed", "embed", "reembed", "flush", "check",
	}).Draw(w.rt, "op")
	c = command{N: w.n, Op: op, Key: "key-" + strconv.Itoa(w.n), Scope: rapid.SampledFrom(scope.All()).Draw(w.rt, "scope")}
	c.Text = fmt.Sprintf("The heron of marsh %d stands by reed%dx", slot, w.n)
	return slot, c
}

// fit makes c one that makes sense for the memory now in its slot.
func (c *command) fit(now shape) {
	if c.Op == "flush" || c.Op == "check" {
		return
	}
	if now.ID == "" {
		if c.ID = memory.NewID(); c.Op == "embed" || c.Op == "reembed" {
			c.Op = "import"
		} else {
			c.Op = "put"
		}
		return
	}
	if c.ID, c.At = now.ID, now.Version; c.Op == "put" {
		c.Op = "revise"
	}
}

// flight is a command without an answer.
type flight struct {
	slot  int
	c     command
	now   shape // before it
	after shape
}

// live runs one process from its start to its end, and looks at what it leaves.
func (w *world) live() {
	e := w.drawEnd()
	n := rapid.IntRange(22, 45).Draw(w.rt, "commands")
	p := w.start(e)
	under := map[int]*flight{} // by number
	busy := map[int]bool{}     // by slot
	answers := 0
	take := func() bool {
		line, ok := <-p.lines
		if !ok {
			return false
		}
		w.answered(line, under, busy)
		if answers++; answers == e.after {
			p.kill()
		}
		return true
	}
	send := func(slot int, c command, now, after shape) {
		under[c.N], busy[slot] = &flight{slot, c, now, after}, true
		w.sum.commands++
		p.tell(c)
	}
	for _, c := range w.again {
		slot, now, after := w.repeated(&c)
		send(slot, c, now, after)
	}
	w.again = nil
	alive := true
	for range n {
		slot, c := w.draw()
		for alive && (busy[slot] || len(under) >= modelWindow) {
			alive = take()
		}
		if !alive {
			continue // the draws go on, so that the rest of the run is the same
		}
		c.fit(w.slots[slot])
		send(slot, c, w.slots[slot], w.slots[slot].after(&c))
	}
	_ = p.in.Close() // all is said: what is alive ends by itself
	for alive {
		alive = take()
	}
	if err := p.wait(); err != nil {
		w.rt.Fatalf("the process failed: %v\n%s", err, p.stderr.String())
	}
	if p.killed {
		w.sum.kills++
	}
	if e.faults > 0 {
		w.sum.faults++
	}
	w.settle(under)
}

// repeated finds the slot of a command that is told again, and what it leads to: nothing more where it was done.
func (w *world) repeated(c *command) (slot int, now, after shape) {
	if _, err := fmt.Sscanf(c.Text, "The heron of marsh %d", &slot); err != nil {
		w.rt.Fatalf("command %d names no slot: %v", c.N, err)
	}
	now = w.slots[slot]
	if done := now.ID == "" && c.Op == "purge" || now.ID != "" && now.done == c.N; done {
		return slot, now, now
	}
	return slot, now, now.after(c)
}

// answered takes the answer to a command: what was acknowledged is part of the model from now on.
func (w *world) answered(line string, under map[int]*flight, busy map[int]bool) {
	number, class, _ := strings.Cut(line, " ")
	n, err := strconv.Atoi(number)
	f := under[n]
	if err != nil || f == nil {
		w.rt.Fatalf("the child says %q", line)
	}
	delete(under, n)
	busy[f.slot] = false
	switch class {
	case "":
		w.slots[f.slot] = f.after
		w.sum.acknowledged++
	case classInjected: // nothing of it may be there
	case classNotFound:
		if f.now.ID != "" {
			w.rt.Fatalf("%+v of %+v: it is not found", f.c, f.now)
		}
	default:
		w.rt.Fatalf("%+v: %s", f.c, class)
	}
}

// settle opens what a process has left and compares it with the model.
func (w *world) settle(under map[int]*flight) {
	s, err := storage.Open(w.ctx, storage.Options{Dir: w.dir, Source: "test"})
	if err != nil {
		w.rt.Fatalf("open what a process has left: %v", err)
	}
	list, err := s.Jobs(w.ctx, 1000)
	if err != nil {
		w.rt.Fatal(err)
	}
	jobs := map[memory.ID]bool{}
	for _, j := range list {
		jobs[j.ID] = true
	}
	open := map[int]*flight{}
	for _, f := range under {
		open[f.slot] = f
		w.again = append(w.again, f.c)
		w.sum.open++
	}
	for slot := range w.slots {
		w.compare(s, slot, open[slot], jobs)
	}
	if findings, err := s.Check(w.ctx); err != nil || len(findings) > 0 {
		w.rt.Fatalf("the checker finds %v, %v", findings, err)
	}
	if err := s.Close(); err != nil {
		w.rt.Fatalf("close: %v", err)
	}
}

// compare wants a slot's memory as it is in the model or, where a command had no answer, as that would have left it.
func (w *world) compare(s *storage.Store, slot int, f *flight, jobs map[memory.ID]bool) {
	want := w.slots[slot]
	id := want.ID
	if id == "" && f != nil {
		id = f.c.ID
	}
	if id == "" {
		return
	}
	ask := want
	ask.ID = id
	got, err := look(w.ctx, s, ask, jobs)
	switch {
	case err != nil:
		w.rt.Fatalf("read slot %d: %v", slot, err)
	case f != nil && got.equal(f.after):
		w.slots[slot] = f.after
		w.slots[slot].done = f.c.N
	case !got.equal(want):
		w.rt.Fatalf("slot %d is\n%+v\nin the model\n%+v\nunder way %+v", slot, got, want, f)
	}
}

// process is a child that obeys.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan string
	stderr bytes.Buffer
	cancel context.CancelFunc
	killed bool
}

func (w *world) start(e end) *process {
	exe, err := os.Executable()
	if err != nil {
		w.rt.Fatal(err)
	}
	p := &process{lines: make(chan string, 64)}
	ctx, cancel := context.WithTimeout(w.ctx, lifeLimit)
	p.cancel = cancel
	p.cmd = exec.CommandContext(ctx, exe, "-test.run=^$")
	p.cmd.Env = append(os.Environ(), envOperation+"="+operationModel, envDir+"="+w.dir, envStep+"="+e.step.String(),
		envCount+"="+strconv.Itoa(e.count), envFaults+"="+strconv.Itoa(e.faults))
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		p.in, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		w.rt.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			if answer, ok := strings.CutPrefix(sc.Text(), sayAnswer); ok {
				p.lines <- answer
			}
		}
	}()
	return p
}

// tell sends a command; a child that is dead does not hear it.
func (p *process) tell(c command) {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts and numbers
	}
	_, _ = p.in.Write(append(b, '\n'))
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// wait returns an error unless the process has ended well or was killed as planned.
func (p *process) wait() error {
	defer p.cancel()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, ok := exit.Sys().(syscall.WaitStatus)
		if p.killed = ok && status.Signaled() && status.Signal() == syscall.SIGKILL; p.killed {
			return nil
		}
	}
	return err
}
