//go:build !embedpipe

package main

// pipeImage is empty in builds without the Makefile: `serve` then copies in this process.
var pipeImage []byte
