// Package early does what must come before the rest of the program is made ready, and nothing else.
//
// Go makes packages ready in the order of their import paths, each after those it imports. This one imports next to
// nothing, and nothing that the libraries with large tables do not import as well, so it comes before them: phone
// numbers, JSON schemas, gitleaks take most of a start. A client's `serve` that would only copy bytes becomes the small
// pipe here and never pays for them, and the help is printed as it was when the program was built. Before anything is imported here, TestEarlyComesFirst of cmd/elderzan must agree.
package early

import (
	_ "embed"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Help is what the program prints for --help; a test of cmd/elderzan compares it with its commands.
//
//go:embed help.txt
var Help string

// Version is set by the build.
var Version = "dev"

func init() {
	if len(Image) == 0 {
		return
	}
	if folder, ok := isServe(os.Args[1:], onTerminal); ok {
		_ = Become(Image, folder, Version) // where that cannot be, the command serves as it is
	}
	if isHelp(os.Args[1:]) {
		if _, err := os.Stdout.WriteString(Help); err == nil {
			os.Exit(0)
		} // else the command says so
	}
}

// isHelp reports whether the arguments ask for the program's help and nothing else.
func isHelp(args []string) bool {
	return len(args) == 1 && (args[0] == "--help" || args[0] == "-h" || args[0] == "help")
}

// isServe reports whether the arguments ask for nothing but to serve, and the data folder they name; "" is the usual
// one. What is not understood at once is left to the command. Without arguments the program serves unless a person sits
// in front of it.
func isServe(args []string, terminal func() bool) (folder string, ok bool) {
	if len(args) == 0 {
		return "", !terminal()
	}
	serve := false
	for i := 0; i < len(args); i++ {
		value, given := strings.CutPrefix(args[i], "--data=")
		switch {
		case given:
			folder = value
		case args[i] == "--data" && i+1 < len(args):
			i++
			folder = args[i]
		case args[i] == "serve" && !serve:
			serve = true
		default:
			return "", false
		}
	}
	return folder, serve
}

// onTerminal reports whether a person is at the standard input.
func onTerminal() bool {
	_, err := unix.IoctlGetTermios(int(os.Stdin.Fd()), unix.TCGETS)
	return err == nil
}
