//go:build !race

package minilm

// raceEnabled says that the race detector multiplies the time and the memory that Go code takes.
const raceEnabled = false
