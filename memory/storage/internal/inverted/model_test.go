package inverted

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// reference is the index as one would write it without any thought of time or space: what the tests compare with.
type reference struct {
	opt  Options
	docs map[int64]Doc
}

func newReference(o Options) *reference {
	return &reference{opt: o.withDefaults(), docs: map[int64]Doc{}}
}

func (r *reference) visible(d Doc, f memory.Filter) bool {
	if len(f.Scopes) > 0 && !slices.Contains(f.Scopes, d.Scope) {
		return false
	}
	if len(f.States) == 0 {
		return d.State == memory.Active
	}
	return slices.Contains(f.States, d.State)
}

func (r *reference) matches(d Doc, f memory.Filter) bool {
	at := time.UnixMilli(d.At)
	switch {
	case !r.visible(d, f),
		len(f.Projects) > 0 && !slices.Contains(f.Projects, d.Project),
		len(f.Kinds) > 0 && !slices.Contains(f.Kinds, d.Kind),
		len(f.Sessions) > 0 && !slices.Contains(f.Sessions, d.Session),
		!f.Since.IsZero() && at.Before(f.Since),
		!f.Until.IsZero() && !at.Before(f.Until):
		return false
	}
	for _, t := range f.Tags {
		if !slices.Contains(d.Tags, t) {
			return false
		}
	}
	return true
}

func (r *reference) rows(f memory.Filter) []int64 {
	var out []int64
	for row, d := range r.docs {
		if r.matches(d, f) {
			out = append(out, row)
		}
	}
	slices.Sort(out)
	return out
}

// conversation returns the documents of d's project and session in order, and d's place among them.
func (r *reference) conversation(d Doc) ([]Doc, int) {
	var ds []Doc
	for _, o := range r.docs {
		if o.Project == d.Project && o.Session == d.Session {
			ds = append(ds, o)
		}
	}
	slices.SortFunc(ds, func(a, b Doc) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Row, b.Row)) })
	return ds, slices.IndexFunc(ds, func(o Doc) bool { return o.Row == d.Row })
}

// lenders returns what each neighbour of d lends to it.
func (r *reference) lenders(d Doc) (from []Doc, share []float64) {
	ds, at := r.conversation(d)
	bond := func(a, b Doc) float64 {
		switch {
		case b.At-a.At > r.opt.Gap.Milliseconds():
			return 0
		case a.Turn && b.Turn:
			return 1
		}
		return math.Floor(r.opt.NoteBond*255) / 255
	}
	strength := 1.0
	for k, w := range toNext {
		if at-k-1 < 0 {
			break
		}
		strength *= bond(ds[at-k-1], ds[at-k])
		from, share = append(from, ds[at-k-1]), append(share, strength*float64(w))
	}
	strength = 1
	for k, w := range toPrev {
		if at+k+1 >= len(ds) {
			break
		}
		strength *= bond(ds[at+k], ds[at+k+1])
		from, share = append(from, ds[at+k+1]), append(share, strength*float64(w))
	}
	return from, share
}

func (d Doc) length() float64 { return float64(len(d.Body) + len(d.Title) + len(d.Labels)) }

func count(words []string, w string) (n int) {
	for _, x := range words {
		if x == w {
			n++
		}
	}
	return n
}

func step(n float64) float64 { return float64(tfSteps[tfCode(int(n))]) }

// frequencies returns a term's frequency in d, alone and with what visible neighbours lend.
func (r *reference) frequencies(d Doc, term string, f memory.Filter) (own, full float64) {
	own = step(float64(count(d.Body, term))) +
		step(math.Round(float64(count(d.Title, term))*r.opt.Title+float64(count(d.Labels, term))*r.opt.Label))
	full = own
	from, share := r.lenders(d)
	for i, o := range from {
		if r.visible(o, f) {
			full += share[i] * step(float64(count(o.Body, term)))
		}
	}
	return own, full
}

func (r *reference) mass(d Doc) float64 {
	m := d.length()
	from, share := r.lenders(d)
	for i, o := range from {
		m += share[i] * o.length()
	}
	return m
}

// search scores every selected document.
func (r *reference) search(terms []Term, f memory.Filter) map[int64]Hit {
	rows := r.rows(f)
	var meanFull, meanOwn float64
	for _, row := range rows {
		meanFull += r.mass(r.docs[row]) / float64(len(rows))
		meanOwn += r.docs[row].length() / float64(len(rows))
	}
	meanFull, meanOwn = max(meanFull, 1), max(meanOwn, 1)
	hits, total := map[int64]Hit{}, 0.0
	for i, t := range terms {
		known := false
		for _, d := range r.docs {
			known = known || slices.Contains(d.Body, t.Text) || slices.Contains(d.Title, t.Text) || slices.Contains(d.Labels, t.Text)
		}
		if !known || slices.ContainsFunc(terms[:i], func(u Term) bool { return u.Text == t.Text }) {
			continue
		}
		own, full, df := map[int64]float64{}, map[int64]float64{}, 0
		for _, row := range rows {
			own[row], full[row] = r.frequencies(r.docs[row], t.Text, f)
			if full[row] > 0 {
				df++
			}
		}
		idf := t.Weight * math.Log(1+(float64(len(rows))-float64(df)+.5)/(float64(df)+.5))
		total += idf
		for _, row := range rows {
			if full[row] == 0 {
				continue
			}
			h := hits[row]
			h.Row = row
			k1, b := r.opt.K1, r.opt.B
			h.Score += idf * full[row] * (k1 + 1) / (full[row] + k1*(1-b+b*r.mass(r.docs[row])/meanFull))
			if o := own[row]; o > 0 {
				h.Own += idf * o * (k1 + 1) / (o + k1*(1-b+b*r.docs[row].length()/meanOwn))
				h.Cover += idf
			}
			hits[row] = h
		}
	}
	for row, h := range hits {
		h.Cover /= total
		hits[row] = h
	}
	return hits
}

// randomDoc makes small documents that often meet: few words, projects and moments.
func randomDoc(rnd *rand.Rand, row int64) Doc {
	words := func(n int) []string {
		out := make([]string, rnd.IntN(n+1))
		for i := range out {
			out[i] = fmt.Sprintf("w%d", rnd.IntN(12))
		}
		return out
	}
	at := int64(rnd.IntN(40)) * 10 * 60 * 1000
	d := Doc{Row: row, Body: words(8), Title: words(2), Labels: words(1), Project: fmt.Sprintf("p%d", rnd.IntN(3)),
		Session: fmt.Sprintf("s%d", rnd.IntN(2)), Kind: fmt.Sprintf("k%d", rnd.IntN(3)), Turn: rnd.IntN(4) > 0,
		Scope: scope.Scope(1 + rnd.IntN(4)), State: states[max(0, rnd.IntN(8)-4)], At: at, Updated: at + int64(rnd.IntN(9))}
	if rnd.IntN(5) == 0 {
		d.Project = ""
	}
	for i := range rnd.IntN(3) {
		d.Tags = append(d.Tags, fmt.Sprintf("t%d", rnd.IntN(3)), fmt.Sprintf("t%d", i))
	}
	return d
}

func randomFilter(rnd *rand.Rand) (f memory.Filter) {
	some := func(prefix string, n int) (out []string) {
		for range rnd.IntN(3) {
			out = append(out, fmt.Sprintf("%s%d", prefix, rnd.IntN(n+1)))
		}
		return out
	}
	if rnd.IntN(2) == 0 {
		if f.Projects = some("p", 3); rnd.IntN(3) == 0 {
			f.Projects = append(f.Projects, "")
		}
	}
	if rnd.IntN(3) == 0 {
		f.Kinds = some("k", 3)
	}
	if rnd.IntN(3) == 0 {
		f.Sessions = some("s", 2)
	}
	if rnd.IntN(3) == 0 {
		f.Tags = some("t", 3)
	}
	for range rnd.IntN(3) {
		f.Scopes = append(f.Scopes, scope.Scope(1+rnd.IntN(4)))
	}
	for range rnd.IntN(3) {
		f.States = append(f.States, states[rnd.IntN(4)])
	}
	moment := func() time.Time {
		return time.UnixMilli(int64(rnd.IntN(40)) * 10 * 60 * 1000).Add(time.Duration(rnd.IntN(3)-1) * time.Microsecond)
	}
	if rnd.IntN(3) == 0 {
		f.Since = moment()
	}
	if rnd.IntN(3) == 0 {
		f.Until = moment()
	}
	return f
}
