package vector

import (
	"flag"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A snapshot as the first release of the format wrote it stays readable. The files of other kinds than Flat came later,
// in the same format, which had room for them.
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

func TestFirstFormatOfQuantisedKindsLoads(t *testing.T) {
	const n = 300
	for kind, name := range map[Kind]string{SQ8: "sq8-v1.ezvec", SQ4: "sq4-v1.ezvec", IVFPQ: "ivfpq-v1.ezvec"} {
		t.Run(kind.String(), func(t *testing.T) {
			path := filepath.Join("testdata", name)
			g := newSynthetic(12, 8, 5)
			s := newShelf(8)
			if *update {
				x, _ := stocked(t, g, n, Options{Kind: kind})
				if err := x.SaveFile(path, testSnapshot(t, 12)); err != nil {
					t.Fatal(err)
				}
				g = newSynthetic(12, 8, 5)
			}
			for id := range int64(n) {
				s.vecs[id] = g.vector()
			}
			x, err := LoadFile(path, testSnapshot(t, 12), Options{Dim: 8, Kind: kind, Source: s.source})
			if err != nil {
				t.Fatalf("LoadFile: %v", err)
			}
			defer x.Close()
			if st := x.Stats(); st.Kind != kind || st.Working {
				t.Errorf("it is %+v", st)
			}
			wantExact(t, g, x, s)
		})
	}
}
