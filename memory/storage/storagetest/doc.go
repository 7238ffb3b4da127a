// Package storagetest is the suite that every store passes (Run), and the means to break one: engines that fail at
// the n-th call (FailNth) and processes that die at a durable step (crash.go).
package storagetest
