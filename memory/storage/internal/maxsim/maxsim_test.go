package maxsim

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// directions makes n random rows whose largest number is ±127.
func directions(r *rand.Rand, n int) []int8 {
	out := make([]int8, n*Dim)
	for i := range out {
		out[i] = int8(r.IntN(255) - 127)
	}
	for i := range n {
		out[i*Dim+r.IntN(Dim)] = 127
	}
	return out
}

// reference compares without any of the package's code but the form of what is packed.
func reference(asked []int8, weights []float64, packed []byte) (match, sharp float64) {
	all := 0.0
	for _, w := range weights {
		all += w
	}
	for q, w := range weights {
		best := -1.0
		for t := 0; t < len(packed); t += Packed {
			dot, a, b := 0.0, 0.0, 0.0
			for i := range Dim {
				x, y := float64(asked[q*Dim+i]), packed[t+i%Packed]
				if i >= Packed {
					y >>= 4
				}
				z := float64(y&15) - 8
				dot, a, b = dot+x*z, a+x*x, b+z*z
			}
			best = max(best, dot/math.Sqrt(a*b))
		}
		best = max(best, 0)
		match += w / all * best
		sharp += w / all * best * best * best
	}
	return match, sharp
}

func TestMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 20; n++ {
		asked, weights := directions(r, n), make([]float64, n)
		for i := range weights {
			weights[i] = r.Float64() + .01
		}
		packed := Pack(nil, directions(r, 1+r.IntN(60)))
		q := NewQuestion(asked, weights)
		match, sharp, ok := q.Match(packed)
		wantMatch, wantSharp := reference(asked, weights, packed)
		if !ok || math.Abs(match-wantMatch) > 1e-6 || math.Abs(sharp-wantSharp) > 1e-6 {
			t.Errorf("%d tokens: %v, %v, %v; want %v, %v", n, match, sharp, ok, wantMatch, wantSharp)
		}
		q.plain = true
		if m, s, _ := q.Match(packed); m != match || s != sharp {
			t.Errorf("%d tokens: %v, %v without vector instructions, %v, %v with them", n, m, s, match, sharp)
		}
	}
}

// Extremes must not run over in the narrow sums of the vector instructions.
func TestMatchExtremes(t *testing.T) {
	for _, signs := range [][2]int8{{127, 127}, {127, -127}, {-127, 127}, {-127, -127}} {
		asked, rows := make([]int8, Dim), make([]int8, Dim)
		for i := range Dim {
			asked[i], rows[i] = signs[0], signs[1]
		}
		want := 1.0
		if signs[0] != signs[1] {
			want = 0 // a cosine below 0 counts as none
		}
		if match, sharp, ok := NewQuestion(asked, []float64{1}).Match(Pack(nil, rows)); !ok || math.Abs(match-want) > 1e-6 || math.Abs(sharp-want) > 1e-6 {
			t.Errorf("%v: %v, %v, %v; want %v", signs, match, sharp, ok, want)
		}
	}
}

// Four bits keep an angle: a direction is as good as parallel to what becomes of it.
func TestPackKeepsDirections(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rows := directions(r, MaxTokens+5)
	packed := Pack([]byte("before"), rows)
	if !bytes.HasPrefix(packed, []byte("before")) || len(packed) != len("before")+MaxTokens*Packed {
		t.Fatalf("%d bytes", len(packed))
	}
	for i := range MaxTokens {
		one := packed[len("before")+i*Packed:][:Packed]
		if match, _, _ := NewQuestion(rows[i*Dim:(i+1)*Dim], []float64{1}).Match(one); match < .99 {
			t.Errorf("row %d: cosine %v with itself", i, match)
		}
	}
}

func TestNothingToCompare(t *testing.T) {
	row := make([]int8, Dim)
	for name, q := range map[string]*Question{
		"no tokens":    NewQuestion(nil, nil),
		"no rows":      NewQuestion(nil, []float64{1}),
		"no weight":    NewQuestion(directions(rand.New(rand.NewPCG(1, 1)), 1), []float64{0}),
		"no way":       NewQuestion(row, []float64{1}),
		"no whole row": NewQuestion(row[1:], []float64{1}),
	} {
		if q != nil {
			t.Errorf("%s: %d tokens", name, len(q.shares))
		}
	}
	q := NewQuestion(directions(rand.New(rand.NewPCG(1, 1)), 1), []float64{1})
	for _, packed := range [][]byte{nil, make([]byte, Packed-1), make([]byte, Packed+1)} {
		if _, _, ok := q.Match(packed); ok {
			t.Errorf("%d bytes pass for tokens", len(packed))
		}
	}
	// Eights, which stand for 0, are a direction without length.
	if match, _, ok := q.Match(bytes.Repeat([]byte{0x88}, Packed)); !ok || match != 0 {
		t.Errorf("a token without direction: %v, %v", match, ok)
	}
}

// Of a long text the passage that answers counts, wherever it stands; words that are far apart do not add up.
func TestLongText(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	asked := directions(r, 8)
	weights := []float64{1, 1, 1, 1, 1, 1, 1, 1}
	q := NewQuestion(asked, weights)
	match := func(text []int8) float64 {
		got, _, ok := q.Match(Pack(nil, text))
		if !ok {
			t.Fatal("no tokens")
		}
		return got
	}
	others := func(n int) []int8 { return directions(r, n) }
	for _, at := range []int{0, 60, 64, 500, 1000} {
		text := append(append(others(at), asked...), others(1100-at)...)
		if got := match(text); got < .98 {
			t.Errorf("the question's own tokens behind %d others: match %.3f", at, got)
		}
	}
	var apart []int8
	for i := range weights {
		apart = append(append(apart, asked[i*Dim:(i+1)*Dim]...), others(100)...)
	}
	if got, none := match(apart), match(others(800)); got > none+.2 || got > .7 {
		t.Errorf("one token in a hundred: match %.3f, without any %.3f", got, none)
	}
}

// Of a long question those tokens count that weigh most.
func TestLongQuestion(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	rows, weights := directions(r, 3*maxAsked), make([]float64, 3*maxAsked)
	for i := range weights {
		weights[i] = float64(1 + i%3)
	}
	q := NewQuestion(rows, weights)
	if len(q.shares) != maxAsked || q.shares[0] != q.shares[maxAsked-1] {
		t.Errorf("%d tokens, the first with %v, the last with %v", len(q.shares), q.shares[0], q.shares[len(q.shares)-1])
	}
}

func BenchmarkMatch(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	weights := make([]float64, 12)
	for i := range weights {
		weights[i] = 1
	}
	q := NewQuestion(directions(r, 12), weights)
	packed := Pack(nil, directions(r, 40))
	for name, plain := range map[string]bool{"vectors": false, "plain": true} {
		b.Run(name, func(b *testing.B) {
			q.plain = plain
			for b.Loop() {
				q.Match(packed)
			}
		})
	}
}
