package inverted

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
)

// TestUntrustedTermsCountOnce says a word again and again, in text, title and tags: it raises nothing where nobody vouches for it.
func TestUntrustedTermsCountOnce(t *testing.T) {
	m := memory.Memory{Content: "heron heron marsh heron", Title: "heron egret", Tags: []string{"egret", "swan"}, Trust: memory.TrustUntrusted}
	want := Terms{Body: analysis.Terms("heron marsh"), Labels: analysis.Terms("egret swan")}
	if got := Analyse(&m); !reflect.DeepEqual(got, want) {
		t.Errorf("Analyse = %+v; want %+v", got, want)
	}
	m.Trust = memory.TrustAgent
	if got := Analyse(&m); len(got.Body) != 4 || len(got.Title) != 2 {
		t.Errorf("of one who is trusted: %+v; want each word as often as it stands", got)
	}
}

// TestTokenWeights weighs the tokens of a question: words that are asked for by their rarity, others a little, signs not at all.
func TestTokenWeights(t *testing.T) {
	x := New(Options{})
	for i := range 20 {
		body := []string{"heron"}
		if i == 7 {
			body = append(body, "egret")
		}
		x.Put(Doc{Row: int64(i + 1), State: memory.Active, Body: body})
	}
	const text = "the heron, egret?"
	r := x.Begin(Question(text), x.All(), Effort{})
	defer r.End()
	got := r.TokenWeights(text, [][2]int{{0, 3}, {4, 9}, {9, 10}, {11, 16}, {16, 17}, {-1, 2}, {5, 5}, {3, 99}})
	want := []float64{formWeight, r.Rarity("heron"), 0, r.Rarity("egret"), 0, 0, 0, 0}
	want[1], want[3] = max(want[1], formWeight), max(want[3], formWeight)
	if !reflect.DeepEqual(got, want) || got[3] <= got[1] {
		t.Errorf("TokenWeights = %v; want %v, the rarer word more", got, want)
	}
	if none := r.Rarity("stork"); none < r.Rarity("egret") {
		t.Errorf("a word that no memory holds counts %v, less than one that one does: %v", none, r.Rarity("egret"))
	}
}

var errDisk = errors.New("disk on fire")

type failingDisk struct{ after int }

func (f *failingDisk) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

// TestSnapshotOnAFailingDisk has the disk fail at each part of a snapshot, and reads snapshots that are cut or none.
func TestSnapshotOnAFailingDisk(t *testing.T) {
	x, sealer := notes(2000), sealerOf(t)
	var b bytes.Buffer
	if err := x.View(Mark{Seq: 1, Row: 2}).Write(&b, sealer); err != nil {
		t.Fatal(err)
	}
	for after := 0; after < b.Len(); after += 1 + b.Len()/40 {
		if err := x.View(Mark{Seq: 1, Row: 2}).Write(&failingDisk{after}, sealer); !errors.Is(err, errDisk) {
			t.Errorf("after %d of %d bytes: %v; want the disk's error", after, b.Len(), err)
		}
	}
	for name, head := range map[string][]byte{"nothing": nil, "cut": b.Bytes()[:snapHeader-1], "another file": bytes.Repeat([]byte("x"), snapHeader)} {
		if _, err := ReadMark(bytes.NewReader(head)); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v; want ErrSnapshot", name, err)
		}
	}
}

// TestChangesDuringCompaction does to an index, while it is compacted, what is done to another that is not: both come to the same.
func TestChangesDuringCompaction(t *testing.T) {
	x, other := notes(3000), notes(3000)
	for _, of := range []*Index{x, other} {
		churn(of, rand.New(rand.NewPCG(1, 2)), 400)
	}
	x.mu.Lock()
	x.compacting, x.changes = true, nil
	x.mu.Unlock()
	next := x.view().compact()
	for _, of := range []*Index{x, other} {
		churn(of, rand.New(rand.NewPCG(3, 4)), 400)
	}
	x.mu.Lock()
	if len(x.changes) == 0 {
		t.Error("no change was noted")
	}
	for i := range x.changes {
		x.changes[i].apply(next)
	}
	x.s, x.compacting, x.changes = next, false, nil
	x.mu.Unlock()
	same(t, other, x)
}
