package minilm

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A question is short and someone waits for it, so its products are shared out between two goroutines, by strips of
// columns. The second one may lose its core at any time to another process; then the first does not wait for it: it
// computes the strip itself, and what the second brings later is thrown away.

// pairRows is the most tokens of a pass that two goroutines share. A longer one is a document, for which nobody waits.
const pairRows = 64

// patience is how many looks the first goroutine waits for a strip that the second has begun: about as long as a strip
// takes, since computing it again takes as long.
const patience = 1 << 13

// idleLooks is how many looks the second goroutine takes for the next product before it lets others go first.
const idleLooks = 1 << 10

// pair is a second goroutine for the products of one pass. Between two products it waits without sleeping: there are
// 24 of them in a few milliseconds, and waking a sleeper takes as long as a good part of a product.
type pair struct {
	work  atomic.Pointer[product]
	input []float32 // what products are applied to, where the second goroutine reads it
}

// product is one linear map that is being applied to rows rows of x. The second goroutine may still read x when the first
// has gone on: it is a copy that nobody writes to then.
type product struct {
	l     *linear
	k     *kernels
	x, y  []float32
	rows  int
	next  atomic.Int32 // strip to take
	strip [inner / panelCols]atomic.Uint32
}

// States of a strip. One that the first goroutine has taken is nobody else's.
const (
	openStrip = iota
	writing   // the second goroutine copies its columns to y
	delivered // they are in y
	taken     // the first goroutine computes it in the second's place
)

// over is the product that ends a pair.
var over = new(product)

// newPair starts a second goroutine; ended is called when it is through.
func newPair(ended func()) *pair {
	p := new(pair)
	go p.second(ended)
	return p
}

// end lets the second goroutine go. It may still be computing what nobody will use.
func (p *pair) end() { p.work.Store(over) }

func (p *pair) second(ended func()) {
	defer ended()
	var panel, columns []float32
	var last *product
	for looks := 0; ; looks++ {
		w := p.work.Load()
		if w == over {
			return
		}
		if w == last {
			if looks%idleLooks == 0 {
				runtime.Gosched()
			}
			continue
		}
		last = w
		for i := w.take(); i >= 0; i = w.take() {
			c := grow(&columns, w.rows*w.k.cols)
			w.l.strip(w.k, &panel, w.x, c, w.k.cols, w.rows, i)
			if w.strip[i].CompareAndSwap(openStrip, writing) {
				for r := range w.rows {
					copy(w.y[r*w.l.out+i*w.k.cols:], c[r*w.k.cols:(r+1)*w.k.cols])
				}
				w.strip[i].Store(delivered)
			}
		}
	}
}

// take returns a strip that nobody has taken, or -1.
func (w *product) take() int {
	if i := int(w.next.Add(1)) - 1; i < w.l.out/w.k.cols {
		return i
	}
	return -1
}

// share applies l on both goroutines and returns when all of y is computed.
func (p *pair) share(l *linear, k *kernels, panel *[]float32, x, y []float32, rows int) {
	w := &product{l: l, k: k, x: grow(&p.input, rows*l.in), y: y, rows: rows}
	copy(w.x, x)
	p.work.Store(w)
	compute := func(i int) { l.strip(k, panel, x, y[i*k.cols:], l.out, rows, i) }
	for i := w.take(); i >= 0; i = w.take() {
		w.strip[i].Store(delivered)
		compute(i)
	}
	for i := range l.out / k.cols {
		for looks := 0; w.strip[i].Load() != delivered; looks++ {
			if looks > patience && w.strip[i].CompareAndSwap(openStrip, taken) {
				p.input = nil // the second goroutine may be reading it for a long time
				compute(i)
				break
			}
			if looks > patience {
				runtime.Gosched() // the second goroutine is at copying
			}
		}
	}
}

// habit chooses between one goroutine and two by what passes took: two are worse on a machine whose cores are all busy.
type habit struct {
	mu     sync.Mutex
	cost   [2]float64 // smoothed nanoseconds for each token, by one and by two
	passes int
}

// tryOther is how often the choice that seems worse is tried, in passes.
const tryOther = 16

// choose says whether two goroutines should compute the next pass.
func (h *habit) choose() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passes++
	better := h.cost[1] <= h.cost[0] || h.cost[0] == 0
	return better != (h.passes%tryOther == 0)
}

// note takes in what a pass took. A single slow one counts little: it may have been anything.
func (h *habit) note(two bool, rows int, took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	cost := &h.cost[0]
	if two {
		cost = &h.cost[1]
	}
	// Reading the weights costs as much as about eight tokens.
	now := float64(took) / float64(rows+8)
	if *cost == 0 {
		*cost = now
	}
	*cost += (min(now, 3**cost) - *cost) / 8
}
