package attach_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/link"
)

// exitGuard tells an exit at once, which takes milliseconds, from one that waited for unanswered requests: pipes whose
// exit is measured are given drainLong for those. A machine under load does not make it fail.
const (
	exitGuard = 30 * time.Second
	drainLong = envDrain + "=5m"
)

func TestColdStart(t *testing.T) {
	dir := dataDir(t)
	start := time.Now()
	c := startPipe(t, dir, drainLong)
	if a := c.initialize(nil); !strings.Contains(string(a.Result), "Use recall first.") {
		t.Errorf("initialize answered %s", a.Result)
	}
	_, ch := c.request("tools/list", nil)
	if a := c.wait(ch); !strings.Contains(string(a.Result), `"echo"`) {
		t.Errorf("tools/list answered %s", a.Result)
	}
	t.Logf("process start to tools/list with no engine running: %v", time.Since(start).Round(100*time.Microsecond))
	if took := c.close(); took > exitGuard {
		t.Errorf("exit after the end of input took %v", took)
	}
}

func TestFourClientsAtOnce(t *testing.T) {
	dir := dataDir(t)
	var wg sync.WaitGroup
	for i := range 4 {
		c := startPipe(t, dir) // together: one of them starts the engine, none fails
		wg.Go(func() {
			c.initialize(nil)
			var calls sync.WaitGroup
			for j := range 50 {
				mark := fmt.Sprintf("m%d-%d", i, j)
				ch := c.tool("once", map[string]any{"mark": mark})
				calls.Go(func() {
					if got := toolText(t, c.wait(ch)); got != mark {
						t.Errorf("once answered %q, want %q", got, mark)
					}
				})
			}
			calls.Wait()
			c.close()
		})
	}
	wg.Wait()
	effects := lines(t, filepath.Join(dir, "effects"))
	slices.Sort(effects)
	if n := len(slices.Compact(effects)); n != 200 {
		t.Errorf("%d effects, want 200", n)
	}
	if opens := lines(t, filepath.Join(dir, "log")); len(opens) != 1 {
		t.Errorf("store opened %d times, want once", len(opens))
	}
}

func TestEngineKilledInTheMiddleOfCalls(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir)
	c.initialize(nil)
	if err := os.WriteFile(filepath.Join(dir, "hold"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var chans []chan answer
	for i := range 10 {
		chans = append(chans, c.tool("once", map[string]any{"mark": fmt.Sprintf("m%d", i)}))
	}
	await(t, "ten effects", func() bool { return len(lines(t, filepath.Join(dir, "effects"))) == 10 })
	old := pid(dir)
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "another engine", func() bool { p := pid(dir); return p != old && p != 0 })
	os.Remove(filepath.Join(dir, "hold"))
	for i, ch := range chans {
		if got := toolText(t, c.wait(ch)); got != fmt.Sprintf("m%d", i) {
			t.Errorf("call %d answered %q", i, got)
		}
	}
	if got := len(lines(t, filepath.Join(dir, "effects"))); got != 10 {
		t.Errorf("%d effects, want 10: a repeated call must have the key of the first", got)
	}
	c.close()
}

func TestInputEndsWithCallsUnderWay(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir)
	// Everything at once, as from a file, and the input's end right behind it: all of it is answered.
	_, init := c.request("initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{},
		"clientInfo": map[string]any{"name": "batch", "version": "1"}})
	c.send(map[string]any{"jsonrpc": "2.0", "method": "notifications/initialized"})
	who := c.tool("whoami", nil)
	echo := c.tool("echo", map[string]any{"text": "last"})
	c.in.Close()
	c.wait(init)
	if a := c.wait(who); !strings.Contains(string(a.Result), `"Client":"batch"`) {
		t.Errorf("whoami: %s", a.Result)
	}
	c.wait(echo)
	c.close()
}

func TestLastLineWithoutAnEnd(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir)
	ch := make(chan answer, 1)
	c.calls[`"x"`] = ch
	c.raw(`{"jsonrpc":"2.0","id":"x","method":"ping"}`)
	c.in.Close()
	c.wait(ch)
	c.close()
}

func TestInputEndsWithNothingToDo(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir, drainLong)
	if took := c.close(); took > exitGuard {
		t.Errorf("exit took %v", took)
	}
	c = startPipe(t, dir, drainLong)
	c.initialize(nil)
	_, ch := c.request("tools/call", map[string]any{"name": "block"})
	await(t, "call", func() bool { return len(lines(t, filepath.Join(dir, "calls"))) == 1 })
	id := c.next
	c.send(map[string]any{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": map[string]any{"requestId": id}})
	if took := c.close(); took > exitGuard { // a cancelled request is not waited for
		t.Errorf("exit took %v", took)
	}
	await(t, "cancelled call", func() bool { return len(lines(t, filepath.Join(dir, "calls"))) == 2 })
	if len(ch) != 0 {
		t.Error("a cancelled request was answered")
	}
}

func TestInputEndsWithACallThatDoesNot(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir, envDrain+"=300ms")
	c.initialize(nil)
	c.tool("block", nil)
	await(t, "call", func() bool { return len(lines(t, filepath.Join(dir, "calls"))) == 1 })
	if took := c.close(); took < 300*time.Millisecond {
		t.Errorf("exit after %v; the call had 300ms", took)
	}
}

func TestClientGoesAwayFromItsOutput(t *testing.T) {
	dir := dataDir(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envRole+"=pipe", envDir+"="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	fmt.Fprintln(in, `{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	if err := cmd.Wait(); err != nil {
		t.Errorf("pipe whose client does not read: %v", err)
	}
}

func TestMessagesThatAreWrong(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir)
	null := make(chan answer, 4)
	c.calls["null"] = null
	c.raw("{broken\n")
	if a := c.wait(null); a.Error == nil || a.Error.Code != -32700 {
		t.Errorf("broken JSON: %+v", a)
	}
	long := make(chan answer, 1)
	c.mu.Lock()
	c.calls["77"] = long
	c.mu.Unlock()
	c.raw(`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo","arguments":{"text":"` + strings.Repeat("x", 5<<20) + `"}},"id":77}` + "\n")
	if a := c.wait(long); a.Error == nil || !strings.Contains(a.Error.Message, "4 MiB") {
		t.Errorf("too long: %+v", a)
	}
	big := strings.Repeat("y", 3<<20)
	if a := c.wait(c.tool("echo", map[string]any{"text": big})); !strings.Contains(string(a.Result), big) {
		t.Error("a message within the limit did not pass")
	}
	c.close()
}

func TestStopWhileClientsRest(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir)
	c.initialize(nil)
	old := pid(dir)
	if st, err := attach.Control(t.Context(), dir, "status"); err != nil || st.PID != old || st.Connections != 1 || !st.Ready && st.OpenError != "" {
		t.Errorf("status = %+v, %v", st, err)
	}
	if _, err := attach.Control(t.Context(), dir, "stop"); err != nil {
		t.Fatal(err)
	}
	if link.Held(dir) || pid(dir) != 0 {
		t.Error("folder is not free after stop")
	}
	if _, err := attach.Control(t.Context(), dir, "status"); !errors.Is(err, attach.ErrNoEngine) {
		t.Errorf("status of none = %v", err)
	}
	if _, err := attach.Control(t.Context(), dir, "stop"); !errors.Is(err, attach.ErrNoEngine) {
		t.Errorf("stop of none = %v", err)
	}
	if _, err := attach.Control(t.Context(), dir, "jump"); err == nil {
		t.Error("unknown verb")
	}
	// A client that asks for nothing starts no engine; the next call does, and the session is as it was.
	if got := c.call("whoami", nil); got != "conn" {
		t.Errorf("whoami: %s", got)
	}
	if now := pid(dir); now == 0 || now == old {
		t.Errorf("engine is process %d", now)
	}
	if got := lines(t, filepath.Join(dir, "log")); len(got) < 3 || !strings.HasPrefix(got[1], "close") {
		t.Errorf("stores: %v", got)
	}
	c.close()
}

func TestSessionSurvivesItsEngine(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir)
	c.initialize(map[string]any{})
	for method, params := range map[string]any{
		"logging/setLevel":    map[string]any{"level": "debug"},
		"resources/subscribe": map[string]any{"uri": "x://a"},
	} {
		_, ch := c.request(method, params)
		if a := c.wait(ch); a.Error != nil {
			t.Fatalf("%s: %s", method, a.Error.Message)
		}
	}
	_, ch := c.request("resources/subscribe", map[string]any{"uri": "x://b"})
	c.wait(ch)
	_, ch = c.request("resources/unsubscribe", map[string]any{"uri": "x://b"})
	c.wait(ch)
	for range 3 {
		old := pid(dir)
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		// It is subscribed to something, so it wants an engine without being asked.
		await(t, "another engine with our session", func() bool {
			st, err := attach.Control(t.Context(), dir, "status")
			return err == nil && st.PID != old && st.Connections == 1
		})
		a := c.wait(c.tool("whoami", nil))
		if !strings.Contains(string(a.Result), `"Client":"tester"`) {
			t.Errorf("the new engine does not know who we are: %s", a.Result)
		}
		c.call("touch", map[string]any{"uri": "x://b"})
		c.call("touch", map[string]any{"uri": "x://a"})
	}
	c.close()
	var updates int
	for _, n := range c.notes {
		if strings.Contains(string(n), "x://b") {
			t.Errorf("note of what is not subscribed any more: %s", n)
		}
		if strings.Contains(string(n), "x://a") {
			updates++
		}
	}
	if updates != 6 {
		t.Errorf("%d updates, want one of each new engine and one of each change: %s", updates, c.notes)
	}
}

func TestStreamSurvivesItsEngine(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir, drainLong)
	meta := map[string]any{"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{}}
	listen, _ := c.request("subscriptions/listen", map[string]any{"_meta": meta,
		"notifications": map[string]any{"resourceSubscriptions": []string{"x://a"}}})
	notes := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.notes)
	}
	await(t, "acknowledgement", func() bool { return notes() == 1 })
	old := pid(dir)
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "word that it may have changed meanwhile", func() bool { return notes() == 2 })
	touch := func() {
		_, ch := c.request("tools/call", map[string]any{"name": "touch", "arguments": map[string]any{"uri": "x://a"}, "_meta": meta})
		c.wait(ch)
	}
	await(t, "another engine with our session", func() bool {
		st, err := attach.Control(t.Context(), dir, "status")
		return err == nil && st.PID != old && st.Connections == 1
	})
	await(t, "an update", func() bool { touch(); return notes() > 2 })
	c.mu.Lock()
	for _, n := range c.notes[1:] { // no second acknowledgement
		if !strings.Contains(string(n), "resources/updated") || !strings.Contains(string(n), `"io.modelcontextprotocol/subscriptionId":`+listen) {
			t.Errorf("note %s", n)
		}
	}
	c.mu.Unlock()
	if took := c.close(); took > exitGuard { // a stream is not waited for
		t.Errorf("exit took %v", took)
	}
}

func TestQuestionOfAnEngineThatDies(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir)
	asked := make(chan string, 10)
	c.ask = func(method string, _ json.RawMessage) any {
		asked <- method
		if pid(dir) == c.first {
			return nil // the user is still thinking
		}
		return map[string]any{"action": "accept", "content": map[string]any{}}
	}
	c.initialize(map[string]any{"elicitation": map[string]any{}})
	c.first = pid(dir)
	ch := c.tool("confirm", nil)
	if got := <-asked; got != "elicitation/create" {
		t.Errorf("asked %s", got)
	}
	if err := syscall.Kill(c.first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := toolText(t, c.wait(ch)); !strings.HasPrefix(got, "accept") {
		t.Errorf("answer %q", got)
	}
	c.close()
	if len(c.notes) != 1 || !strings.Contains(string(c.notes[0]), "notifications/cancelled") {
		t.Errorf("the dead engine's question was not withdrawn: %s", c.notes)
	}
}

func TestQuestionToAClientThatLeft(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir, drainLong)
	asked := make(chan string, 10)
	c.ask = func(method string, _ json.RawMessage) any { asked <- method; return nil }
	c.initialize(map[string]any{"elicitation": map[string]any{}})
	c.tool("confirm", nil)
	<-asked
	if took := c.close(); took > exitGuard { // the engine is told that nobody will answer
		t.Errorf("exit took %v", took)
	}
}

func TestRequestThatKillsEngines(t *testing.T) {
	dir := dataDir(t)
	c := startPipe(t, dir)
	c.initialize(nil)
	a := c.wait(c.tool("die", nil))
	if a.Error == nil || !strings.Contains(a.Error.Message, "the engine died 5 times") {
		t.Errorf("answer %+v", a)
	}
	if n := len(lines(t, filepath.Join(dir, "deaths"))); n != 5 {
		t.Errorf("%d engines died", n)
	}
	if got := c.call("echo", map[string]any{"text": "x"}); got != "echo" {
		t.Errorf("afterwards: %s", got)
	}
	c.close()
}

func TestBuildsTakeTurns(t *testing.T) {
	dir := dataDir(t)
	older := startPipe(t, dir, envBuild+"=1.0.0")
	older.initialize(nil)
	first := pid(dir)
	if err := os.WriteFile(filepath.Join(dir, "hold"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ch := older.tool("once", map[string]any{"mark": "m"})
	await(t, "effect", func() bool { return len(lines(t, filepath.Join(dir, "effects"))) == 1 })
	newer := startPipe(t, dir, envBuild+"=1.1.0")
	await(t, "hand-over", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, link.LogName))
		return strings.Contains(string(b), "a newer build takes over")
	})
	os.Remove(filepath.Join(dir, "hold"))
	newer.initialize(nil)
	if got := toolText(t, older.wait(ch)); got != "m" {
		t.Errorf("call under way at the hand-over: %s", got)
	}
	if n := len(lines(t, filepath.Join(dir, "effects"))); n != 1 {
		t.Errorf("%d effects", n)
	}
	second := pid(dir)
	if second == first {
		t.Error("no hand-over")
	}
	older.call("echo", nil) // the older pipe is served by the newer engine
	third := startPipe(t, dir, envBuild+"=1.0.5")
	third.initialize(nil)
	newer.call("echo", nil)
	if pid(dir) != second {
		t.Error("an older build took over")
	}
	for _, c := range []*client{older, newer, third} {
		c.close()
	}
}

func TestSignalsDrain(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		dir := dataDir(t)
		c := startPipe(t, dir)
		c.initialize(nil)
		if err := os.WriteFile(filepath.Join(dir, "hold"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		old := pid(dir)
		ch := c.tool("once", map[string]any{"mark": "m"})
		await(t, "effect", func() bool { return len(lines(t, filepath.Join(dir, "effects"))) == 1 })
		if err := syscall.Kill(old, sig); err != nil {
			t.Fatal(err)
		}
		await(t, "drain", func() bool {
			b, _ := os.ReadFile(filepath.Join(dir, link.LogName))
			return strings.Contains(string(b), "engine leaves")
		})
		os.Remove(filepath.Join(dir, "hold"))
		if got := toolText(t, c.wait(ch)); got != "m" {
			t.Errorf("%v: %s", sig, got)
		}
		await(t, "end", func() bool { return pid(dir) != old })
		if got := lines(t, filepath.Join(dir, "log")); len(got) < 2 || !strings.HasPrefix(got[1], "close") {
			t.Errorf("%v: store was not closed: %v", sig, got)
		}
		c.close()
	}
}

func TestEngineThatCannotStart(t *testing.T) {
	dir := dataDir(t)
	for name, tc := range map[string]struct{ env, want string }{
		"says why":  {envRole + "2=fail", "the settings are wrong: line 3"},
		"no file":   {envExe + "=/nowhere/elderzan", "start the engine"},
		"no words":  {envExe + "=/bin/false", "exit status 1"},
		"no socket": {envExe + "=/bin/true", "no engine answered within"},
	} {
		t.Run(name, func(t *testing.T) {
			os.Remove(filepath.Join(dir, link.LogName))
			c := startPipe(t, dir, tc.env, envStart+"=700ms")
			for range 2 { // each request is told; a later one tries again
				_, ch := c.request("ping", nil)
				if a := c.wait(ch); a.Error == nil || a.Error.Code != -32000 || !strings.Contains(a.Error.Message, tc.want) {
					t.Errorf("answer %+v, want %q", a.Error, tc.want)
				}
			}
			c.close()
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := startPipe(t, file)
	_, ch := c.request("ping", nil)
	if a := c.wait(ch); a.Error == nil || !strings.Contains(a.Error.Message, "make data folder") {
		t.Errorf("data folder is a file: %+v", a)
	}
	c.close()
}

func TestFolderHeldBySomethingElse(t *testing.T) {
	dir := dataDir(t)
	lock, err := link.Acquire(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := link.WriteFile(filepath.Join(dir, link.PIDName), fmt.Appendln(nil, os.Getpid())); err != nil {
		t.Fatal(err)
	}
	c := startPipe(t, dir, envStart+"=1s")
	_, ch := c.request("ping", nil)
	if a := c.wait(ch); a.Error == nil || !strings.Contains(a.Error.Message, fmt.Sprintf("process %d holds the data folder", os.Getpid())) {
		t.Errorf("answer %+v", a)
	}
	lock.Release()
	await(t, "an answer after it was freed", func() bool { // an engine may need longer to start than this pipe waits
		_, ch := c.request("ping", nil)
		return c.wait(ch).Error == nil
	})
	c.close()
}

func TestStoreThatIsSlowOrBroken(t *testing.T) {
	dir := dataDir(t)
	for _, f := range []string{"slow", "broken"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := startPipe(t, dir)
	c.initialize(nil)
	_, ch := c.request("tools/list", nil)
	c.wait(ch) // with the store still opening
	call := c.tool("echo", nil)
	os.Remove(filepath.Join(dir, "slow"))
	if got := toolText(t, c.wait(call)); !strings.Contains(got, "the store is broken; run `elderzan doctor`") {
		t.Errorf("call without a store: %s", got)
	}
	os.Remove(filepath.Join(dir, "broken"))
	await(t, "store", func() bool { return c.call("echo", nil) == "echo" })
	c.close()
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a-long-name/", 30), strings.Repeat("x", 200))
	stopAfter(t, dir)
	c := startPipe(t, dir)
	c.initialize(nil)
	if got := c.call("echo", nil); got != "echo" {
		t.Errorf("echo: %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, link.PointerName)); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(pid(dir), syscall.SIGKILL); err != nil { // leaves pointer and socket behind
		t.Fatal(err)
	}
	c.call("echo", nil)
	c.close()
}

func TestProjectReachesTheTools(t *testing.T) {
	dir, work := dataDir(t), t.TempDir()
	if err := os.MkdirAll(filepath.Join(work, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := "[remote \"origin\"]\n\turl = https://user:s3cret@GitHub.com/Owner/Name.git\n"
	if err := os.WriteFile(filepath.Join(work, ".git", "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c := startPipe(t, dir, envCWD+"="+work)
	a := c.wait(c.tool("whoami", nil))
	for _, want := range []string{`"Project":"github.com/owner/name"`, `"Remote":"github.com/owner/name"`, `"CWD":"` + work, `"Client":"test"`} {
		if !strings.Contains(string(a.Result), want) {
			t.Errorf("whoami: %s, want %s", a.Result, want)
		}
	}
	if strings.Contains(string(a.Result), "s3cret") {
		t.Error("the remote's password was sent")
	}
	c.close()
}
