package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets this test binary be the program: it is linked as "elderzan" into a folder on the PATH and runs main
// under that name. The engine that a command starts is the same file again, so it is main, too.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"elderzan": main})
}
