//go:build !amd64

package minilm

// available lists the kernels that this processor can run, the fastest first.
func available() []*kernels { return []*kernels{&portable} }
