package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/likely/internal/feature"
)

// unit and clip are how weights are written: steps of 1/unit nat in a signed byte.
const unit = 24

// How much texts of each kind there are.
const (
	saidTexts   = 180000
	talkTexts   = 180000
	handWeight  = 12
	talkWeight  = 15
	epochs      = 4
	rate        = 0.08
	decay       = 2e-4
	positiveFor = 2.0
	dropped     = 0.6 // share of features left out at a step
)

// beside labels the words around a secret: no secret, though less is at stake than in a text without one.
const (
	beside       = int8(2)
	besideWeight = 0.2
)

// example is one text: its candidates' features, and which of them are known to be secrets.
type example struct {
	text     string
	cands    [][]uint32
	label    []int8 // 1 a secret, 0 none, -1 not known, beside another word than the secret in a text that says one
	positive bool
	weight   float32
	hand     bool
}

type corpus struct {
	dir     string
	check   bool // compare the weights with the committed ones instead of writing them
	more    []string
	hold    string // files of texts written by hand that are held out, to measure: part of the name
	out     io.Writer
	sources []source
	said    int // texts to invent that say a secret
	talked  int // and that speak of secrets
	train   []example
	test    []example // texts written by hand, held out
	w       []float32
	buf     []uint32
	rnd     *rand.Rand
	g2      []float32
}

func (c *corpus) example(text string, positive bool, weight float32) example {
	plain := strings.NewReplacer(opens, "", closes, "").Replace(text)
	var spans [][2]int
	shift := 0
	for i := 0; i < len(text); i++ {
		switch text[i : i+1] {
		case opens:
			spans = append(spans, [2]int{i - shift, -1})
			shift++
		case closes:
			spans[len(spans)-1][1] = i - shift
			shift++
		}
	}
	e := example{text: plain, positive: positive, weight: weight}
	toks := feature.Tokens(plain, nil)
	feature.Each(plain, toks, func(cand feature.Candidate) {
		f := slices.Clone(cand.Features)
		t := toks[cand.Token]
		l := int8(0)
		if positive {
			l = -1
			for _, s := range spans {
				if t.Start < s[1] && t.End > s[0] {
					l = 1
				}
			}
			if l < 0 && len(spans) > 0 {
				l = beside
			}
		}
		e.cands = append(e.cands, f)
		e.label = append(e.label, l)
	})
	return e
}

// fit reads the texts, fits the weights and writes them.
func (c *corpus) fit() error {
	if err := c.hand(); err != nil { // first, so that a file that cannot be read is known at once
		return err
	}
	hand := c.train
	c.train = nil
	g := newGenerator(1)
	for _, t := range g.says(c.said) {
		c.train = append(c.train, c.example(t, true, 1))
	}
	for _, t := range g.talks(c.talked) {
		c.train = append(c.train, c.example(t, false, 1))
	}
	c.train = append(c.train, hand...)
	if err := c.mine(); err != nil {
		return err
	}
	c.w, c.g2 = make([]float32, feature.Buckets), make([]float32, feature.Buckets)
	c.rnd = rand.New(rand.NewPCG(5, 5))
	for epoch := range epochs {
		c.rnd.Shuffle(len(c.train), func(i, j int) { c.train[i], c.train[j] = c.train[j], c.train[i] })
		loss := 0.0
		for i := range c.train {
			loss += c.step(&c.train[i], epoch)
		}
		fmt.Fprintf(c.out, "epoch %d: loss %.4f\n", epoch, loss/float64(len(c.train)))
		c.report()
	}
	out := make([]byte, feature.Buckets)
	used := 0
	for i, w := range c.w {
		q := math.Round(float64(w) * unit)
		out[i] = byte(int8(max(-127, min(127, q))))
		if q != 0 {
			used++
		}
	}
	fmt.Fprintln(c.out, "buckets in use:", used)
	file := filepath.Join(c.dir, "weights.bin")
	if c.check {
		old, err := os.ReadFile(file)
		if err == nil && !bytes.Equal(old, out) {
			err = fmt.Errorf("%s: not what the training gives; run it without -check and measure anew", file)
		}
		return err
	}
	return os.WriteFile(file, out, 0o644)
}

func (c *corpus) score(f []uint32) float64 {
	s := float32(0)
	for _, x := range f {
		s += c.w[x]
	}
	return float64(s)
}

// step learns from one text: of a text known to say a secret, where it is unknown, the likeliest candidate.
func (c *corpus) step(e *example, epoch int) float64 {
	loss := 0.0
	if e.positive && !slices.Contains(e.label, 1) {
		if epoch == 0 || len(e.cands) == 0 {
			return 0
		}
		best, at := math.Inf(-1), 0
		for i, f := range e.cands {
			if s := c.score(f); s > best {
				best, at = s, i
			}
		}
		return c.update(e.cands[at], 1, e.weight)
	}
	for i, f := range e.cands {
		switch e.label[i] {
		case 0, 1:
			loss += c.update(f, float64(e.label[i]), e.weight)
		case beside:
			loss += c.update(f, 0, e.weight*besideWeight)
		}
	}
	return loss
}

// update moves the weights of a random part of a candidate's features, so that no few of them decide alone.
func (c *corpus) update(all []uint32, y float64, weight float32) float64 {
	f := c.buf[:0]
	for _, x := range all {
		if c.rnd.Float32() >= dropped {
			f = append(f, x)
		}
	}
	c.buf = f
	p := 1 / (1 + math.Exp(-c.score(f)/(1-dropped)))
	gr := float32(p-y) * weight
	if y == 1 {
		gr *= positiveFor
	}
	for _, x := range f {
		d := gr + float32(decay*c.w[x]) // conversions keep a processor from joining two steps into one, which rounds otherwise
		c.g2[x] += float32(d * d)
		c.w[x] -= float32(float32(rate)*d) / (float32(math.Sqrt(float64(c.g2[x]))) + 1e-3)
	}
	if y == 1 {
		return -math.Log(max(p, 1e-9))
	}
	return -math.Log(max(1-p, 1e-9))
}

// report prints how the texts by hand that were held out are judged, and the worst of the mined.
func (c *corpus) report() {
	for _, th := range []float64{-5, -4, -3, -2, -1, 0, 1} {
		var n, hit [2]int
		for i := range c.test {
			e := &c.test[i]
			k := 0
			if e.positive {
				k = 1
			}
			n[k]++
			if c.best(e) >= th {
				hit[k]++
			}
		}
		m, flagged := 0, 0
		for i := range c.train {
			if e := &c.train[i]; !e.positive && !e.hand && i%10 == 0 {
				m++
				if c.best(e) >= th {
					flagged++
				}
			}
		}
		fmt.Fprintf(c.out, "  at %4.1f: held out: found %d of %d, false %d of %d; not by hand, false %.2f%%\n", th, hit[1], n[1], hit[0], n[0], 100*float64(flagged)/float64(m))
	}
}

func (c *corpus) best(e *example) float64 {
	best := math.Inf(-1)
	for _, f := range e.cands {
		best = max(best, c.score(f))
	}
	return best
}

// hand reads the texts written by hand, and those of the further files.
func (c *corpus) hand() error {
	own, err := filepath.Glob(filepath.Join(c.dir, "..", "testdata", "round*.txt"))
	if err != nil {
		return err
	}
	own = append(own, filepath.Join(c.dir, "..", "testdata", "sayings.txt"), filepath.Join(c.dir, "train", "rounds.txt"), filepath.Join(c.dir, "train", "ways.txt"))
	for _, name := range own {
		if err := c.read(name, ""); err != nil {
			return err
		}
	}
	for _, name := range c.more {
		base := strings.TrimSuffix(name, ".txt")
		if !strings.HasSuffix(base, "s") && !strings.HasSuffix(base, "c") {
			return fmt.Errorf("%s: the name of a further file ends in s.txt (its texts say a secret) or c.txt (none)", name)
		}
		if err := c.read(name, base[len(base)-1:]); err != nil {
			return err
		}
	}
	return nil
}

// written reads what stands for something else in a file of texts: the secret may stand between brackets of its own.
var written = strings.NewReplacer(`\n`, "\n", `\t`, "\t", "‖", "", "⟦", opens, "⟧", closes)

// read adds the texts of a file: to those held out, or to those to learn from. A label of all of them takes the place of their own.
func (c *corpus) read(name, ofAll string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	held := c.hold != "" && strings.Contains(c.hold, filepath.Base(name))
	for i, line := range strings.Split(string(b), "\n") {
		label, text, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		label = cmp.Or(ofAll, label)
		weight, ok := map[string]float32{"s": handWeight, "c": talkWeight}[label]
		if !ok {
			return fmt.Errorf("%s, line %d: label %q, want s or c", name, i+1, label)
		}
		e := c.example(written.Replace(text), label == "s", weight)
		e.hand = true
		if held {
			c.test = append(c.test, e)
		} else {
			c.train = append(c.train, e)
		}
	}
	return nil
}

// mine adds the texts of the sources, each once.
func (c *corpus) mine() error {
	seen := make(map[string]bool)
	err := mined(c.sources, func(_, p string) {
		if seen[p] || len(p) > 700 || strings.ContainsAny(p, opens+closes) {
			return
		}
		seen[p] = true
		if e := c.example(p, false, 1); len(e.cands) > 0 {
			c.train = append(c.train, e)
		}
	})
	fmt.Fprintln(c.out, "texts of the sources:", len(seen), "all:", len(c.train))
	return err
}
