package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/likely/internal/feature"
)

// layer makes a folder as the one of the layer is, with a few texts written by hand.
func layer(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"testdata/round1.txt":     "# a round\ns\tthe staging pw is sommer-2019\nc\tthe password is rotated weekly\n\n",
		"testdata/sayings.txt":    "s\tlog in as ops with gr1zzlyPeak\nc\tthe login page\\nis slow\n",
		"likely/train/rounds.txt": "s\tdoor code 47‖11\nc\tthe code compiles\n",
		"likely/train/ways.txt":   "s\tnas = ⟦zonne‖bloem⟧ (root)\nc\tnas = off\n",
	} {
		write(t, filepath.Join(root, name), text)
	}
	return filepath.Join(root, "likely")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// small is a training on few texts.
func small(t *testing.T, dir string, out io.Writer) *corpus {
	t.Helper()
	return &corpus{dir: dir, out: out, sources: []source{published(t, prosePages)}, said: 600, talked: 600}
}

// TestFitSeparates fits on few invented texts and judges others by it.
func TestFitSeparates(t *testing.T) {
	dir := layer(t)
	var out bytes.Buffer
	c := small(t, dir, &out)
	c.hold = "sayings.txt"
	if err := c.fit(); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); !strings.Contains(s, "epoch 3: loss ") || !strings.Contains(s, "held out: found ") || !strings.Contains(s, " of 1, false ") || strings.Contains(s, "NaN") {
		t.Errorf("the report: %s", s)
	}
	g := newGenerator(99)
	above := func(texts []string, positive bool) (n int) {
		for _, text := range texts {
			e := c.example(text, positive, 1)
			if c.best(&e) > 0 {
				n++
			}
		}
		return n
	}
	said, talked := above(g.says(500), true), above(g.talks(500), false)
	t.Logf("found %d of 500 that say a secret, %d of 500 that say none", said, talked)
	if said < 400 || talked > 100 {
		t.Errorf("found %d of 500 that say a secret, and %d of 500 that say none", said, talked)
	}

	weights, err := os.ReadFile(filepath.Join(dir, "weights.bin"))
	if err != nil || len(weights) != feature.Buckets {
		t.Fatalf("%d weights, %v; want %d", len(weights), err, feature.Buckets)
	}
	again := small(t, dir, io.Discard)
	again.hold, again.check = c.hold, true
	if err := again.fit(); err != nil {
		t.Errorf("the same texts gave other weights: %v", err)
	}
	weights[slices.IndexFunc(weights, func(b byte) bool { return b != 0 })]++
	write(t, filepath.Join(dir, "weights.bin"), string(weights))
	again.train, again.test = nil, nil
	if err := again.fit(); err == nil || !strings.Contains(err.Error(), "weights.bin: not what the training gives") {
		t.Errorf("one weight of another value: %v", err)
	}
	if now, _ := os.ReadFile(filepath.Join(dir, "weights.bin")); !bytes.Equal(now, weights) {
		t.Error("-check wrote the weights")
	}
}

// TestLabels: of a text that says a secret its value is one, what stands beside it is none of less weight, and where the value is not
// known nothing is said of any word. In a text that says none, every word is none.
func TestLabels(t *testing.T) {
	c := &corpus{}
	labels := func(text string, positive bool) map[string]int8 {
		e := c.example(text, positive, 1)
		if strings.ContainsAny(e.text, opens+closes) || len(e.cands) != len(e.label) {
			t.Errorf("%q: %+v", text, e)
		}
		toks := feature.Tokens(e.text, nil)
		got := make(map[string]int8)
		i := 0
		feature.Each(e.text, toks, func(cand feature.Candidate) {
			got[e.text[toks[cand.Token].Start:toks[cand.Token].End]] = e.label[i]
			i++
		})
		return got
	}
	if got := labels("frobnitz: the password is "+mark("tr4ktorBlau"), true); got["tr4ktorBlau"] != 1 || got["frobnitz"] != beside {
		t.Errorf("with its value marked: %v", got)
	}
	if got := labels("frobnitz: the password is tr4ktorBlau", true); got["tr4ktorBlau"] != -1 || got["frobnitz"] != -1 {
		t.Errorf("with its value unknown: %v", got)
	}
	got := labels("frobnitz: the password is tr4ktorBlau", false)
	if len(got) < 2 {
		t.Errorf("candidates: %v", got)
	}
	for w, l := range got {
		if l != 0 {
			t.Errorf("%q of a text without a secret is labelled %d", w, l)
		}
	}
}

func TestHand(t *testing.T) {
	dir := layer(t)
	more := t.TempDir()
	write(t, filepath.Join(more, "chats.txt"), "1\tthe pin is 4711\n")
	write(t, filepath.Join(more, "calmc.txt"), "1\tthe pin is short\n")
	c := &corpus{dir: dir, more: []string{filepath.Join(more, "chats.txt"), filepath.Join(more, "calmc.txt")}, hold: "calmc.txt,rounds.txt"}
	if err := c.hand(); err != nil {
		t.Fatal(err)
	}
	texts := func(of []example) (out []string) {
		for _, e := range of {
			out = append(out, map[bool]string{true: "s ", false: "c "}[e.positive]+e.text)
			if e.weight != map[bool]float32{true: handWeight, false: talkWeight}[e.positive] || !e.hand {
				t.Errorf("%q: weight %v", e.text, e.weight)
			}
		}
		return out
	}
	if got, want := texts(c.train), []string{"s the staging pw is sommer-2019", "c the password is rotated weekly", "s log in as ops with gr1zzlyPeak", "c the login page\nis slow", "s nas = zonnebloem (root)", "c nas = off", "s the pin is 4711"}; !slices.Equal(got, want) {
		t.Errorf("learns from %q, want %q", got, want)
	}
	if way := c.train[4]; !slices.Contains(way.label, 1) || !slices.Contains(way.label, beside) {
		t.Errorf("the value between brackets is not known for one: labels %v of %q", way.label, way.text)
	}
	if got, want := texts(c.test), []string{"s door code 4711", "c the code compiles", "c the pin is short"}; !slices.Equal(got, want) {
		t.Errorf("holds out %q, want %q", got, want)
	}
}

// TestRefused: bad input is refused before anything is fitted or written.
func TestRefused(t *testing.T) {
	dir := layer(t)
	broken := layer(t)
	write(t, filepath.Join(broken, "train", "rounds.txt"), "# texts\ns\tthe pin is 4711\nS\tthe pin is 4712\n")
	here := t.TempDir()
	write(t, filepath.Join(here, "chat.txt"), "s\tthe pin is 4711\n")
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"a setting that there is not":    {[]string{"-fast"}, "flag provided but not defined: -fast"},
		"a file without its setting":     {[]string{"chat.txt"}, `what is "chat.txt"?`},
		"a folder that is not the layer": {[]string{"-dir", here}, "sayings.txt: no such file"},
		"a label that says neither":      {[]string{"-dir", broken}, `rounds.txt, line 3: label "S", want s or c`},
		"a further file that is missing": {[]string{"-dir", dir, "-more", filepath.Join(here, "says.txt")}, "says.txt: no such file"},
		"a further file without a label": {[]string{"-dir", dir, "-more", filepath.Join(here, "chat.txt")}, "chat.txt: the name of a further file ends in s.txt"},
		"words without the model":        {[]string{"-dir", dir, "-words"}, "tokenizer.json: no such file"},
		"everyday words without it":      {[]string{"-dir", dir, "-everyday"}, "tokenizer.json: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ELDERZAN_MODEL", here)
			var out, complaints strings.Builder
			if status(tc.args, &out, &complaints) != 1 || !strings.HasPrefix(complaints.String(), "train: ") || !strings.Contains(complaints.String(), tc.want) {
				t.Errorf("said %q, want %q", complaints.String(), tc.want)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "weights.bin")); err == nil {
		t.Error("weights were written")
	}
	c := small(t, dir, io.Discard)
	c.sources[0].sum = "h1:other"
	if err := c.fit(); err == nil || !strings.Contains(err.Error(), "want h1:other") {
		t.Errorf("a source that is another: %v", err)
	}
	c = small(t, dir, io.Discard)
	c.check = true
	if err := c.fit(); err == nil || !strings.Contains(err.Error(), "weights.bin: no such file") {
		t.Errorf("-check without weights: %v", err)
	}
}
