//go:build embedpipe

package main

import _ "embed"

// pipeImage is cmd/pipe, built for this machine by the Makefile before this package.
//
//go:embed pipe.bin
var pipeImage []byte
