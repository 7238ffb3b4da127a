package minilm

import (
	"bytes"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/embed/embedtest"
)

func TestSketches(t *testing.T) {
	m, err := Open(embedtest.ModelFolder(t), Options{Windows: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	long := strings.Repeat("The engine replays its log after a crash, and compaction waits for quiet nights. ", 60)
	texts := []string{"", "it is what it was", "The harbour closes on Monday.", "port 5433", long, "受付は火曜日"}
	if _, err := m.Embed(t.Context(), texts); err != nil {
		t.Fatal(err)
	}
	kept, err := m.Sketches(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := Open(embedtest.ModelFolder(t), Options{Windows: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	made, err := fresh.Sketches(t.Context(), append(texts, texts[2]))
	if err != nil {
		t.Fatal(err)
	}
	const size = 1 + SketchDim
	for i, want := range []int{0, 0, 3, 4, maxSketch, -1} {
		s := kept[i]
		if !bytes.Equal(s, made[i]) {
			t.Errorf("%q: the sketch kept and the one made differ", texts[i])
		}
		switch words := (len(s) - 1) / size; {
		case len(s) == 0 && want <= 0:
		case len(s) == 0 || s[0] != SketchVersion || (len(s)-1)%size != 0 || want >= 0 && words != want && i != 3:
			t.Errorf("%q: a sketch of %d bytes; want %d words", texts[i], len(s), want)
		}
	}
	if !bytes.Equal(made[2], made[len(texts)]) {
		t.Error("the same text twice in a call has two sketches")
	}
}

func TestSketchCacheIsBounded(t *testing.T) {
	var c sketchCache
	for i := range 3 * sketchKept {
		c.put(strings.Repeat("x", i), []byte{byte(i)})
	}
	if n := c.recent.Len(); n != sketchKept || len(c.byHash) != sketchKept {
		t.Errorf("%d kept, %d found by hash; want %d", n, len(c.byHash), sketchKept)
	}
	if _, ok := c.get("x"); ok {
		t.Error("the oldest is still there")
	}
	if s, ok := c.get(strings.Repeat("x", 3*sketchKept-1)); !ok || len(s) != 1 {
		t.Error("the newest is gone")
	}
}
