// Package embedtest is the suite that every embedder passes, and what tests of embedders share.
package embedtest
