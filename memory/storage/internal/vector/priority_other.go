//go:build !linux

package vector

// lowPriority does nothing: only Linux lets a thread have a priority of its own.
func lowPriority() {}
