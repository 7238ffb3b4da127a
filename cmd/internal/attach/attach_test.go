package attach_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestColdStart(t *testing.T) {
	dir := dataDir(t)
	start := time.Now()
	c := startPipe(t, dir)
	if a := c.initialize(nil); !strings.Contains(string(a.Result), "Use recall first.") {
		t.Errorf("initialize answered %s", a.Result)
	}
	_, ch := c.request("tools/list", nil)
	if a := c.wait(ch); !strings.Contains(string(a.Result), `"echo"`) {
		t.Errorf("tools/list answered %s", a.Result)
	}
	t.Logf("process start to tools/list with no engine running: %v", time.Since(start).Round(100*time.Microsecond))
	if took := c.close(); took > time.Second {
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
