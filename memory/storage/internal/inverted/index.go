package inverted

import (
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// MaxRow is the largest row an Index takes.
const MaxRow = 1<<31 - 1

// Options tunes an Index. The zero value is what was measured best.
type Options struct {
	K1       float64       // BM25 term frequency saturation; 0 means 0.9
	B        float64       // BM25 length normalisation in (0, 1]; 0 means 0.4
	Title    float64       // term frequency of a title's word; 0 means 2
	Label    float64       // term frequency of a label's word; 0 means 1
	Gap      time.Duration // silence that ends lending; 0 means 1 h
	NoteBond float64       // share of lending where one side is no turn, in (0, 1]; 0 means none at all
	// Untidy, where set, is told that Compact should be called soon, by somebody who holds the index's lock: it must not
	// call the index. Without it, and while there are few documents, a change compacts by itself.
	Untidy func()

	Budget int // postings a search in Thorough effort walks, see Effort; 0 means 400,000
}

func (o Options) withDefaults() Options {
	if o.K1 == 0 {
		o.K1 = 0.9
	}
	if o.B == 0 {
		o.B = 0.4
	}
	if o.Title == 0 {
		o.Title = 2
	}
	if o.Label == 0 {
		o.Label = 1
	}
	if o.Gap == 0 {
		o.Gap = time.Hour
	}
	if o.Budget == 0 {
		o.Budget = 400_000
	}
	return o
}

// Doc is what the index keeps of one memory. The index copies what it needs; the caller keeps the slices.
type Doc struct {
	Row     int64    // in [0, MaxRow], dense, for ever the same memory's
	Body    []string // terms of the content, with repeats; what neighbours borrow
	Title   []string // terms of the title
	Labels  []string // terms that describe rather than tell: of tags, of the speaker's name
	Project string
	Session string
	Kind    string
	Tags    []string
	Scope   scope.Scope
	State   memory.State
	Turn    bool  // one turn of a conversation, which begins with who speaks (see Analyse)
	At      int64 // Memory.At in Unix milliseconds
	Updated int64 // Memory.UpdatedAt in Unix milliseconds
}

// Term is a word of a question and how much it counts.
type Term struct {
	Text   string
	Weight float64 // 0 means 1
}

// Words gives every word the weight 1.
func Words(words []string) []Term {
	out := make([]Term, len(words))
	for i, w := range words {
		out[i] = Term{Text: w, Weight: 1}
	}
	return out
}

// Hit is a memory that a question's words point to.
type Hit struct {
	Row   int64
	Score float64 // BM25 with the neighbours' words; above 0
	Own   float64 // BM25 of the memory's own words; 0 when only its neighbours hold any
	Cover float64 // share of the question's words, by rarity, that are the memory's own, in [0, 1]
	Near  float64 // as Cover, with what is borrowed: a word borrowed at a share counts by it
}

// Index is the inverted index. Create it with New.
type Index struct {
	opt     Options
	mu      sync.RWMutex
	s       *state
	scratch chan *accumulator

	compacting bool
	changes    []edit // since the compaction under way began
}

// New returns an empty index.
func New(o Options) *Index {
	o = o.withDefaults()
	return &Index{opt: o, s: newState(o), scratch: make(chan *accumulator, spareAccumulators)}
}

// Put adds d, or replaces what the index held of its row. It panics if d.Row is out of range.
func (x *Index) Put(d Doc) {
	checkRow(d.Row)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.s.remove(uint32(d.Row))
	x.s.add(&d)
	x.note(edit{doc: &d})
	x.tidy()
}

// PutAll is Put for each of docs under one lock: for filling the index on open.
func (x *Index) PutAll(docs []Doc) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range docs {
		checkRow(docs[i].Row)
		x.s.remove(uint32(docs[i].Row))
		x.s.add(&docs[i])
		x.note(edit{doc: &docs[i]})
	}
	x.tidy()
}

// SetState changes the state of a row in place, without its terms. It reports whether the row is there.
func (x *Index) SetState(row int64, st memory.State, updated int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.note(edit{row: row, state: st, at: updated})
	return x.s.setState(row, st, updated)
}

func (s *state) setState(row int64, st memory.State, updated int64) bool {
	d := s.docOf(row)
	if d == 0 {
		return false
	}
	s.withdraw(d)
	s.cols[d].attr = s.cols[d].attr&^stateMask | stateBits(st)
	s.enroll(d)
	s.changed(d)
	s.cols[d].updated = momentOf(updated)
	return true
}

// Remove takes a row out of the index and reports whether it was there.
func (x *Index) Remove(row int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if row < 0 || row > MaxRow || !x.s.remove(uint32(row)) {
		return false
	}
	x.note(edit{row: row, remove: true})
	x.tidy()
	return true
}

// Len counts the live documents.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.s.live
}

// tidy drops dead documents once they are a quarter of all, or says that it is time for that where it would take long. The
// caller holds the write lock.
func (x *Index) tidy() {
	dead := len(x.s.cols) - 1 - x.s.live
	if dead <= 256 || dead*4 <= x.s.live || x.compacting {
		return
	}
	if x.opt.Untidy != nil && x.s.live > inlineMost {
		x.opt.Untidy()
		return
	}
	x.s = x.s.compact()
}

func checkRow(row int64) {
	if row < 0 || row > MaxRow {
		panic("inverted: row out of range")
	}
}
