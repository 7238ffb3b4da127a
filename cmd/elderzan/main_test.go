package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elderzan/elderzan/cmd/internal/early"
)

// envPipe names the file of cmd/pipe for the program to carry, which a build by the Makefile has inside.
const envPipe = "ELDERZAN_TEST_PIPE"

// TestMain lets this test binary be the program: it is linked as "elderzan" into a folder on the PATH and runs main
// under that name. The engine that a command starts is the same file again, so it is main, too.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"elderzan": func() {
		if file := os.Getenv(envPipe); file != "" {
			var err error
			if early.Image, err = os.ReadFile(file); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		main()
	}})
}
