package main

import (
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	t.Setenv("COLUMNS", "40")
	for name, tc := range map[string]struct{ text, want string }{
		"a sentence that the source has broken": {
			"One sentence goes on and\non over the lines of its source.\nThe next begins.",
			"One sentence goes on and on over the\nlines of its source.\nThe next begins.",
		},
		"paragraphs":             {"One\n\ntwo:\n\n  three\nfour", "One\n\ntwo:\n\n  three\nfour"},
		"beside a name":          {"  wrap    passes everything on to the other server\n  retired  ends", "  wrap    passes everything on to the\n          other server\n  retired  ends"},
		"below a long name":      {"  gcpkms://projects/P/locations    Google Cloud", "  gcpkms://projects/P/locations\n      Google Cloud"},
		"an indented sentence":   {"  value = 1 # what it is for, which takes more", "  value = 1 # what it is for, which\n  takes more"},
		"nothing":                {"", ""},
		"blanks at the very end": {"One \n", "One"},
	} {
		if got := fold(tc.text); got != tc.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tc.want)
		}
		for line := range strings.Lines(fold(tc.text)) {
			if len(strings.TrimRight(line, "\n")) > 40 {
				t.Errorf("%s: %q is wider than 40 columns", name, line)
			}
		}
	}
}
