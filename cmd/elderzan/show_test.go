package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Colours go to terminals alone, and not to those who ask for none.
func TestColours(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	var b bytes.Buffer
	raw := json.RawMessage(`{"memories":[{"id":"0192f0c1","scope":"PRIVATE","content":"text","kind":"note"}],"total":1}`)
	if err := showMemories(&b, raw); err != nil || strings.Contains(b.String(), "\x1b") {
		t.Errorf("to a file: %q, %v", b.String(), err)
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	if got := paint(terminal, red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("to a terminal: %q", got)
	}
	t.Setenv("NO_COLOR", "1")
	if got := paint(terminal, red, "x"); got != "x" {
		t.Errorf("with NO_COLOR: %q", got)
	}
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	if got := paint(terminal, red, "x"); got != "x" {
		t.Errorf("on a dumb terminal: %q", got)
	}
}
