package early

import (
	"strconv"
	"strings"
	"testing"
)

func TestIsServe(t *testing.T) {
	for name, tc := range map[string]struct {
		args     []string
		terminal bool
		folder   string
		want     bool
	}{
		"nothing, from a client":    {nil, false, "", true},
		"nothing, from a person":    {nil, true, "", false},
		"serve":                     {[]string{"serve"}, true, "", true},
		"folder":                    {[]string{"serve", "--data", "/x"}, false, "/x", true},
		"folder first":              {[]string{"--data", "/x", "serve"}, false, "/x", true},
		"folder in one word":        {[]string{"serve", "--data=/x"}, false, "/x", true},
		"the last folder counts":    {[]string{"--data=/x", "serve", "--data", "/y"}, false, "/y", true},
		"folder that is no command": {[]string{"--data", "serve"}, false, "", false},
		"folder that is missing":    {[]string{"serve", "--data"}, false, "", false},
		"help":                      {[]string{"serve", "--help"}, false, "", false},
		"in this process":           {[]string{"serve", "--in-process"}, false, "", false},
		"another command":           {[]string{"status"}, false, "", false},
		"words too many":            {[]string{"serve", "serve"}, false, "", false},
		"folder alone, to a client": {[]string{"--data", "/x"}, false, "", false},
	} {
		folder, ok := isServe(tc.args, func() bool { return tc.terminal })
		if ok != tc.want || ok && folder != tc.folder {
			t.Errorf("%s: isServe(%q) = %q, %v; want %q, %v", name, tc.args, folder, ok, tc.folder, tc.want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for _, n := range []int{0, 7, 10, 99, 100, 1024} {
		if got := decimal(n); got != strconv.Itoa(n) {
			t.Errorf("decimal(%d) = %s", n, got)
		}
	}
}

func TestBecomeWithoutAnImage(t *testing.T) {
	if err := Become(nil, t.TempDir(), "1"); err == nil {
		t.Error("Become gave no error without a program")
	}
}

func TestIsHelp(t *testing.T) {
	for words, want := range map[string]bool{"--help": true, "-h": true, "help": true, "help serve": false, "serve --help": false, "": false} {
		if got := isHelp(strings.Fields(words)); got != want {
			t.Errorf("%q: %v", words, got)
		}
	}
	if !strings.HasPrefix(Help, "elderzan ") || !strings.Contains(Help, "remember") {
		t.Errorf("help = %.60q", Help)
	}
}
