// Package gen is where the programs stand that write the assembly of package minilm. Each is a file that is run by itself; see
// the go:generate lines of kernel_amd64.go.
package gen
