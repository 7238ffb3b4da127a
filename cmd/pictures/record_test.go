package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestDraw draws what a terminal shows: colours, characters that mean something to XML, and nothing that is not understood.
func TestDraw(t *testing.T) {
	got, err := draw([]line{{"\x1b[32m$\x1b[0m \x1b[1melderzan <x> & y\x1b[0m", time.Second}, {"", 0}, {"/tmp/h/notes", 2 * time.Second}}, strings.NewReplacer("/tmp/h", "/home/mia"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`fill="#8fd19e">$<`, `font-weight="bold">elderzan &lt;x&gt; &amp; y<`, `/home/mia/notes`, `animation-delay:2.00s`} {
		if !strings.Contains(got, want) {
			t.Errorf("the picture lacks %s:\n%s", want, got)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(got)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
	}
	for _, bad := range []string{"\x1b[2Jcleared", "\x1b[95mbright", "back\rover"} {
		if _, err := draw([]line{{bad, 0}}, strings.NewReplacer()); err == nil {
			t.Errorf("%q was drawn", bad)
		}
	}
}

// TestInTerminal runs a command in a terminal: it sees one, and its lines come in order.
func TestInTerminal(t *testing.T) {
	lines, _, err := inTerminal(exec.CommandContext(t.Context(), "sh", "-c", "test -t 1 && echo one && echo two"), time.Minute)
	if err != nil || len(lines) != 2 || lines[0].text != "one" || lines[1].text != "two" || lines[0].at < time.Minute || lines[1].at < lines[0].at {
		t.Errorf("lines %v, %v", lines, err)
	}
	if _, _, err := inTerminal(exec.CommandContext(t.Context(), "sh", "-c", "echo no; exit 3"), 0); err == nil {
		t.Error("a command that fails is recorded")
	}
}
