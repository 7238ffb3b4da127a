package minilm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/embed/embedtest"
)

const probe = "MINILM_RESIDENT_PROBE"

// A process that embeds must stay below the 120 MB that it may take, even at its peak. A fresh one is asked, since
// this one has seen other tests.
func TestResidentMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Logf("resident memory is read from /proc, which %s lacks", runtime.GOOS)
		return
	}
	if os.Getenv(probe) != "" {
		probeResident(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestResidentMemory$")
	cmd.Env = append(os.Environ(), probe+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("probe: %v\n%s", err, out)
	}
	var before, peak, after, load int
	if _, line, found := bytes.Cut(out, []byte("resident ")); !found {
		t.Fatalf("probe: %s", out)
	} else if _, err := fmt.Sscan(string(line), &before, &peak, &after, &load); err != nil {
		t.Fatalf("probe: %v: %s", err, out)
	}
	t.Logf("resident: %d KiB before, %d at the peak, %d after; loaded in %d ms", before, peak, after, load)
	limit := 120 << 10
	if raceEnabled {
		limit *= 2
	}
	if peak > limit {
		t.Errorf("peak of %d KiB, want at most %d", peak, limit)
	}
}

func probeResident(t *testing.T) {
	before := resident(t, "VmRSS")
	m, err := Open(embedtest.ModelFolder(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := m.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	load := time.Since(began)
	texts := make([]string, 40)
	for i, g := range goldens(t) {
		texts[i%len(texts)] = g.Text
	}
	texts[0] = strings.Repeat(twelveWords+" ", 20)
	for range 3 {
		if _, err := m.Embed(t.Context(), texts); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("resident", before, resident(t, "VmHWM"), resident(t, "VmRSS"), load.Milliseconds())
}

// resident reads a figure, in KiB, of this process.
func resident(t *testing.T, name string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			var kib int
			if _, err := fmt.Sscan(value, &kib); err != nil {
				t.Fatal(err)
			}
			return kib
		}
	}
	t.Fatalf("no %s in /proc/self/status", name)
	return 0
}
