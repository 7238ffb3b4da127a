package minilm

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPairAgrees(t *testing.T) {
	for _, k := range available() {
		if k == &portable {
			continue // always computed by one goroutine
		}
		alone, pair := open(t, k, Options{}), open(t, k, Options{Pair: true})
		var texts []string
		for i := range 24 {
			texts = append(texts, strings.Repeat(twelveWords+" ", i%7)+twelveWords[i:])
		}
		want, err := alone.Embed(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		for c := range 3 {
			callers.Go(func() {
				for i := range texts {
					i = (i + 8*c) % len(texts)
					got, err := pair.Embed(t.Context(), texts[i:i+1])
					if err != nil {
						t.Error(err)
						return
					}
					// Passes of one text and of many have tiles of other lengths, whose sums round alike.
					if !slices.Equal(got[0], want[i]) {
						t.Errorf("%s: text %d has another vector by two goroutines", k.name, i)
					}
				}
			})
		}
		callers.Wait()
	}
}

// linearOf is a linear map of random numbers.
func linearOf(in, out int) *linear {
	l := &linear{in: in, out: out, w: make([]uint16, in*out), bias: make([]float32, out)}
	for i := range l.w {
		l.w[i] = uint16(0x3000 + rand.IntN(0x800)) // 0.125 to 0.5
	}
	return l
}

func TestPairHeldUp(t *testing.T) {
	const rows = 9
	k := available()[0]
	l := linearOf(hidden, inner)
	x := make([]float32, rows*hidden)
	for i := range x {
		x[i] = rand.Float32()
	}
	want, got := make([]float32, rows*inner), make([]float32, rows*inner)
	l.apply(k, new(scratch), x, want, rows)

	p := new(pair)
	begun := make(chan struct{})
	go func() { // a second goroutine that begins a strip and never brings it
		defer close(begun)
		for p.work.Load() == nil {
			runtime.Gosched()
		}
		p.work.Load().take()
	}()
	for range 200 { // until it came in between
		var panel []float32
		p.share(l, k, &panel, x, got, rows)
		if !slices.Equal(got, want) {
			t.Fatal("other sums when the second goroutine is held up")
		}
		select {
		case <-begun:
			return
		default:
		}
	}
	<-begun
}

func TestHabit(t *testing.T) {
	by := func(alone, two time.Duration) (pairs int) {
		var h habit
		for range 1000 {
			took := alone
			c := h.choose()
			if c {
				pairs++
				took = two
			}
			h.note(c, 12, took)
		}
		return pairs
	}
	if n := by(6*time.Millisecond, 3*time.Millisecond); n < 900 {
		t.Errorf("two goroutines took half the time and were chosen %d times of 1000", n)
	}
	if n := by(6*time.Millisecond, 9*time.Millisecond); n > 100 {
		t.Errorf("two goroutines took longer and were chosen %d times of 1000", n)
	}
}
