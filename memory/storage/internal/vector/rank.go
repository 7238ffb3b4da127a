package vector

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
)

// rankRows is how many full vectors are read at a time, after the first time.
const rankRows = 64

// vectorRoom is where full vectors are read to: a third of a megabyte for each question otherwise.
var vectorRoom = sync.Pool{New: func() any { return new([]float32) }}

// rank orders proposals by their full vectors. It reads them best first and stops when no other can be among the k
// nearest, or, of searches that need not be exact, when as many as allowed are read; hits beyond are as the codes
// tell. all is false if some of the hits were removed meanwhile, and so are missing.
func (x *Index) rank(ctx context.Context, query []float32, k int, p *proposals, e effort) (r Result, all bool, err error) {
	r.Exact = p.exact
	list := p.list
	var rest []proposal
	if !e.exact && len(list) > e.ranked {
		list, rest = list[:e.ranked], list[e.ranked:]
	}
	n := min(k+16, len(list))
	room := vectorRoom.Get().(*[]float32)
	defer vectorRoom.Put(room)
	*room = slices.Grow((*room)[:0], max(n, rankRows)*x.dim)
	vecs := (*room)[:cap(*room)]
	for {
		if err := ctx.Err(); err != nil {
			return Result{}, false, err
		}
		c := least(r.Hits, k, e.floor)
		if len(p.later) > 0 && (len(list) == 0 || list[0].reach < c) {
			ok, err := x.resume(p, c)
			if !ok || err != nil {
				return Result{}, false, err
			}
			list = p.list
		}
		// When the best that is left cannot pass the k-th, none can.
		if len(list) == 0 || list[0].reach < c {
			break
		}
		n = min(n, len(list))
		hits, err := x.read(ctx, query, list[:n], vecs[:n*x.dim])
		if err != nil {
			return Result{}, false, err
		}
		r.Hits = best(append(r.Hits, hits...), k)
		list, n = list[n:], rankRows
	}
	if !e.exact && len(r.Hits) < k {
		rest = append(slices.Clip(list), rest...)
	}
	for _, c := range rest[:max(0, min(len(rest), k-len(r.Hits)))] {
		r.Hits = append(r.Hits, Hit{c.id, c.est})
	}
	n = len(r.Hits)
	r.Hits = x.present(r.Hits)
	return r, len(r.Hits) == n, ctx.Err()
}

// least is the similarity below which nothing can be among the k nearest or is of interest.
func least(hits []Hit, k int, floor float32) float32 {
	c := float32(math.Inf(-1))
	if len(hits) == k {
		c = hits[k-1].Cosine
	}
	if floor > 0 {
		c = max(c, floor)
	}
	return c
}

// result takes proposals for what their estimates say.
func (p *proposals) result(k int) Result {
	var r Result
	for _, c := range p.list[:min(len(p.list), k)] {
		r.Hits = append(r.Hits, Hit{c.id, c.est})
	}
	return r
}

// read returns the hits that proposals are by their full vectors. What has none that is good is taken by its estimate:
// damage to a stored vector does not hide it.
func (x *Index) read(ctx context.Context, query []float32, list []proposal, vecs []float32) ([]Hit, error) {
	clear(vecs)
	ids := make([]int64, len(list))
	for i, r := range list {
		ids[i] = r.id
	}
	if err := x.source(ctx, ids, vecs); err != nil {
		return nil, fmt.Errorf("vector: read %d full vectors: %w", len(ids), err)
	}
	hits := make([]Hit, len(list))
	for i, r := range list {
		hits[i] = Hit{r.id, r.est}
		if vec := vecs[i*x.dim : (i+1)*x.dim]; x.checkVector(vec) == nil {
			hits[i].Cosine = similarity(query, vec)
		}
	}
	return hits, nil
}

// similarity is 1 - |a-b|²/2, as a Flat index has it. Four sums let the processor add side by side.
func similarity(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		d0, d1, d2, d3 := a[i]-b[i], a[i+1]-b[i+1], a[i+2]-b[i+2], a[i+3]-b[i+3]
		s0, s1, s2, s3 = s0+d0*d0, s1+d1*d1, s2+d2*d2, s3+d3*d3
	}
	for ; i < len(a); i++ {
		d := a[i] - b[i]
		s0 += d * d
	}
	return 1 - (s0+s1+s2+s3)/2
}

// best sorts hits and cuts them to the k nearest.
func best(hits []Hit, k int) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Or(cmp.Compare(b.Cosine, a.Cosine), cmp.Compare(a.ID, b.ID)) })
	return hits[:min(len(hits), k)]
}

// present drops what was removed while the full vectors were read.
func (x *Index) present(hits []Hit) []Hit {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.DeleteFunc(hits, func(h Hit) bool { return x.body == nil || !x.body.has(h.ID) })
}
