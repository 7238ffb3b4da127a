package rank

import "github.com/elderzan/elderzan/memory"

var _ memory.Prospector = (*Ranker)(nil)

// Promise says how far up each of ps would come, from words, vectors and neighbours alone. What its text or its date will say
// for or against it is not known yet, nor what its episode is: the best of itself and its neighbours stands for that.
func (r *Ranker) Promise(q memory.RankQuery, ps []memory.Prospect) []float64 {
	question := question{foreign: Foreign(q.Text)}
	cs, vs := make([]memory.Candidate, len(ps)), make([]vector, len(ps))
	for i := range ps {
		cs[i] = ps[i].Candidate
	}
	words(vs, cs, &question)
	out := make([]float64, len(ps))
	for i := range ps {
		v := &vs[i]
		v[fEpisode], v[fEpisodeDense] = v[fLexical], max(v[fDense], v[fDenseBefore], v[fDenseBehind])
		v[fNearDense] = (v[fDenseBefore] + v[fDenseBehind]) / 2
		m := &r.models.words
		if question.sees(&cs[i]) {
			m = &r.models.hybrid
		}
		weights := &m.turns
		if !ps[i].Turn {
			weights = &m.notes
			v[fNote], v[fUnnamed] = 1, .5 // whether the question names somebody who speaks shows later
		}
		for f, x := range v {
			out[i] += weights[f] * x
		}
		out[i] += m.bias
	}
	return out
}
