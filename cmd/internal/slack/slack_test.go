package slack

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A program started while the slack is wide has it, and this thread has its own again afterwards.
func TestWiden(t *testing.T) {
	before, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	restore := Widen()
	cmd := exec.Command("cat", "/proc/self/timerslack_ns")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	restore()
	if err != nil || strings.TrimSpace(string(out)) != "300000" {
		t.Errorf("a program has a slack of %s, %v; want 300000", out, err)
	}
	if after, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || after != before {
		t.Errorf("the slack was %d and is %d, %v", before, after, err)
	}
}
