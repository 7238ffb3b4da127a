// Package memorytest holds small parts to build a memory.Service from in tests of what stands above it: a store in
// RAM, and an embedder, a classifier and a ranker that are simple enough to foresee. None of them is an engine: the
// real ones are tested by their own packages, and together in cmd.
package memorytest
