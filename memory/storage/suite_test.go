package storage_test

import (
	"testing"

	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

func TestSuite(t *testing.T) {
	storagetest.Run(t, func(t testing.TB, dir string) storagetest.Store {
		t.Helper()
		s, err := storage.Open(t.Context(), storage.Options{Dir: dir})
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		return s
	})
}
