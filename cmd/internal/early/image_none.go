//go:build !embedpipe

package early

// Image is empty in builds without the Makefile: `serve` then copies in this process.
var Image []byte
