package minilm

import (
	"testing"

	"github.com/elderzan/elderzan/embed/embedtest"
)

func TestSuite(t *testing.T) {
	for _, k := range available() {
		t.Run(k.name, func(t *testing.T) {
			m := open(t, k, Options{Threads: 2})
			embedtest.Run(t, func(*testing.T) embedtest.Embedder { return m }, embedtest.Options{})
		})
	}
}
