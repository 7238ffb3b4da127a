package storage

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

// Terms of texts in several scripts come back as they were, from few bytes.
func TestLex(t *testing.T) {
	long := strings.Repeat("y", 2*maxTail)
	for name, tc := range map[string]struct {
		m    memory.Memory
		most float64 // bytes a term
	}{
		"nothing":       {memory.Memory{}, 0},
		"English":       {memory.Memory{Content: "Ada: The happier herons were wading through the marshes of Norfolk, where fish are easily caught.", Tags: []string{"Birds of prey", "norfolk"}}, 3.1},
		"long text":     {memory.Memory{Title: "On herons", Content: strings.Repeat("The heron stands in the shallow water and waits for fish. ", 40)}, 1.3},
		"Japanese":      {memory.Memory{Content: "京都の図書館で古い地図を調べました。", Tags: []string{"図書館"}}, 3.5},
		"Chinese":       {memory.Memory{Content: "北京大学的图书馆收藏了许多古老的地图", Tags: []string{"地图"}}, 3.5},
		"untrusted":     {memory.Memory{Content: "heron heron marsh", Title: "Heron", Trust: memory.TrustUntrusted}, 3},
		"capital marks": {memory.Memory{Content: "ÉCOLE ÜBER Straße ŁÓDŹ"}, 9},
		"long word":     {memory.Memory{Content: strings.Repeat("x", 300) + " " + long}, 3000},
	} {
		plain, err := encodeBody(&tc.m)
		if err != nil {
			t.Fatal(err)
		}
		l := lex{terms: inverted.Analyse(&tc.m), tags: tc.m.Tags}
		b := l.encode(plain)
		got, err := decodeLex(b, plain)
		if err != nil || got.terms.Turn != l.terms.Turn || !slices.Equal(got.terms.Body, l.terms.Body) || !slices.Equal(got.terms.Title, l.terms.Title) ||
			!slices.Equal(got.terms.Labels, l.terms.Labels) || !slices.Equal(got.tags, l.tags) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, l)
		}
		n := len(l.terms.Body) + len(l.terms.Title) + len(l.terms.Labels) + len(l.tags)
		if float64(len(b)-6) > tc.most*float64(n) {
			t.Errorf("%s: %d bytes for %d terms; want %g each at most", name, len(b)-6, n, tc.most)
		}
	}
	// Terms that the text does not have, and some that share only their beginning with it, whatever their length.
	l := lex{terms: inverted.Terms{Body: []string{"", "", "herxx", "her" + long, long, long, "heron"}, Labels: []string{"zz"}, Turn: true}, tags: []string{"HERON", "heron"}}
	body := []byte("a heron")
	got, err := decodeLex(l.encode(body), body)
	if err != nil || !reflect.DeepEqual(got, l) {
		t.Errorf("strange terms came back as others: %v", err)
	}
}

// Terms as older versions wrote them are read.
func TestLexSpelled(t *testing.T) {
	b, err := hex.DecodeString("0101" + "020161026262" + "0100" + "010163" + "0207546167204f6e6503e59bb3")
	if err != nil {
		t.Fatal(err)
	}
	want := lex{terms: inverted.Terms{Body: []string{"a", "bb"}, Title: []string{""}, Labels: []string{"c"}, Turn: true}, tags: []string{"Tag One", "図"}}
	got, err := decodeLex(b, nil)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decodeLex = %+v, %v; want %+v", got, err, want)
	}
	if n := got.spelled(); n != len(b) {
		t.Errorf("the terms take %d bytes spelled out; want %d", n, len(b))
	}
}

func FuzzLex(f *testing.F) {
	text := []byte("Ada: two herons and one 図書館")
	for _, l := range []lex{{}, {terms: inverted.Terms{Body: []string{"two", "heron", "one", "図書", "書館"}, Title: []string{""}, Labels: []string{"ada", "ada"}, Turn: true}, tags: []string{"Tag One", "図"}}} {
		f.Add(l.encode(text), text)
	}
	f.Add([]byte{lexSpelled, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, text)
	f.Add([]byte{lexQuoted, 0, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 1}, text)
	f.Add([]byte{lexQuoted, 0, 1, sizeTail, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1, 'a', 0, 0, 0}, text)
	f.Fuzz(func(t *testing.T, b, plain []byte) {
		l, err := decodeLex(b, plain)
		if err != nil {
			if !errors.Is(err, errDecode) {
				t.Errorf("error %v; want errDecode", err)
			}
			return
		}
		size := 0
		for _, term := range slices.Concat(l.terms.Body, l.terms.Title, l.terms.Labels, l.tags) {
			if len(term) > len(b)+len(plain) {
				t.Fatalf("a term of %d bytes from %d and %d", len(term), len(b), len(plain))
			}
			size++
		}
		if size > len(b) {
			t.Errorf("%d terms from %d bytes", size, len(b))
		}
		again, err := decodeLex(l.encode(plain), plain)
		if err != nil || !reflect.DeepEqual(again, l) {
			t.Errorf("round trip: %+v, %v; want %+v", again, err, l)
		}
		if !bytes.Equal(l.encode(plain), again.encode(plain)) {
			t.Error("the same terms are written in two ways")
		}
	})
}
