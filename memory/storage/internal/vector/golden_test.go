package vector

import (
	"flag"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A snapshot as the first release of the format wrote it stays readable.
func TestFirstFormatLoads(t *testing.T) {
	want := newTestIndex(t, 4)
	if err := want.Put([]int64{7, 0, 1 << 40}, [][]float32{{0, 1, 0, 0}, {0.5, -0.5, 0.5, 0.5}, {0, 0, 0, -1}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "flat-v1.ezvec")
	if *update {
		if err := want.SaveFile(path, testSnapshot(t, 12)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := LoadFile(path, testSnapshot(t, 12), Options{Dim: 4})
	if err != nil {
		t.Fatalf("LoadFile: %v", err)
	}
	defer got.Close()
	wantSame(t, got, want)
}
