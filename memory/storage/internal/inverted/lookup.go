package inverted

import "slices"

// lender is what a document borrows from: the place of the other in lookup.need, and the share.
type lender struct {
	at    int
	share float32
}

// lookup is documents for which terms are looked up, with those that lend to them.
type lookup struct {
	docs    []uint32
	need    []uint32 // docs and their lenders, rising, each once
	lenders [][]lender
	own     []int // where docs stand in need
}

// lookUp adds to the sums of docs, as far as that was not done, what the terms are worth that were not walked through. 0
// stands for no document. It needs the lock.
func (r *Run) lookUp(docs []uint32) {
	if len(r.looked) == 0 {
		return
	}
	var left []uint32
	for _, doc := range docs {
		if doc != 0 && !r.full[doc] {
			r.full[doc] = true
			left = append(left, doc)
		}
	}
	if len(left) == 0 {
		return
	}
	l := r.s.lookup(left, r.sel)
	w := r.s.weights(r.sel)
	tfs := make([]uint8, len(l.need))
	for _, q := range r.looked {
		k := r.s.seek(q.id)
		for i, doc := range l.need {
			tfs[i] = 0
			if k.to(doc) {
				tfs[i] = k.tf
			}
		}
		for i, doc := range l.docs {
			f := l.frequency(i, tfs)
			if f.full > 0 {
				f.mass, f.length = r.s.cols[doc].mass, float32(r.s.cols[doc].length)
				r.a.credit(&w, doc, f, q.idf*q.weight)
			}
		}
	}
}

// lookup gathers docs and their lenders.
func (s *state) lookup(docs []uint32, sel *Selection) *lookup {
	l := &lookup{docs: docs, lenders: make([][]lender, len(docs)), own: make([]int, len(docs))}
	for i, doc := range docs {
		l.need = append(l.need, doc)
		s.lenders(doc, func(from uint32, share float32) {
			if sel.lend[s.cols[from].attr] {
				l.need = append(l.need, from)
				l.lenders[i] = append(l.lenders[i], lender{int(from), share})
			}
		})
	}
	slices.Sort(l.need)
	l.need = slices.Compact(l.need)
	for i, doc := range docs {
		l.own[i], _ = slices.BinarySearch(l.need, doc)
		for j := range l.lenders[i] {
			from := &l.lenders[i][j]
			from.at, _ = slices.BinarySearch(l.need, uint32(from.at))
		}
	}
	return l
}

// frequency joins what the n-th document says itself with what it borrows; tfs are in the order of need.
func (l *lookup) frequency(n int, tfs []uint8) (f frequency) {
	tf := tfs[l.own[n]]
	f.own = tfValues[tf&15] + tfValues[tf>>4]
	f.full = f.own
	for _, from := range l.lenders[n] {
		f.full += tfValues[tfs[from.at]&15] * from.share
	}
	return f
}
