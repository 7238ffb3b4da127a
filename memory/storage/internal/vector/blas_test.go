package vector

import (
	"testing"

	"golang.org/x/sys/cpu"
)

// BLAS must use what the processor has, also where the library is older than the processor.
func TestBLASKernels(t *testing.T) {
	name := blas()
	t.Log(name)
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA && (name == "Prescott" || name == "Core2" || name == "Generic") {
		t.Errorf("BLAS uses the kernels of %s", name)
	}
}

// BLAS must not wake threads of its own, which spin after each call.
func TestBLASThreads(t *testing.T) {
	threadInit()
	if n := blasThreads(); n != 1 {
		t.Errorf("a call of BLAS runs on %d threads; want its caller's alone", n)
	}
}
