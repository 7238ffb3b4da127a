package recalleval

import "math"

// Group is one question's candidates: a row of features each, and whether it holds the answer.
type Group struct {
	Rows     [][]float64
	Relevant []bool
	Weight   float64 // how much the question counts
	Question Question
	Pooled   bool  // asked over everything rather than under its own project
	Memories []int // of each row, as indexes in the set
}

// FitOptions tunes Fit; the zero value works.
type FitOptions struct {
	Decay   float64 // holds the standardised weights small; 0 means 0.003
	Rounds  int     // steps of descent; 0 means 200
	Workers int     // fits at once in CrossFit; 0 means one
}

// Fit finds the weights of a linear ranker by listwise softmax: the share of exp(score) that falls on what holds the
// answer is to be large, spread evenly over several answers. use says which features take part; the others keep the
// weights in fixed. The result is on the features' own scale.
func Fit(groups []Group, use []bool, fixed []float64, o FitOptions) []float64 {
	if o.Decay == 0 {
		o.Decay = .003
	}
	if o.Rounds == 0 {
		o.Rounds = 200
	}
	n := len(use)
	scale := deviations(groups, use)
	w, m, v, gradient := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for round := 1; round <= o.Rounds; round++ {
		clear(gradient)
		raw, total := unscaled(w, scale, use, fixed), 0.0
		for i := range groups {
			total += addGradient(&groups[i], raw, gradient)
		}
		if total == 0 {
			break
		}
		// Adam, with a rate that falls over the second half.
		rate := .1 * math.Min(1, 2*(1-float64(round)/float64(o.Rounds+1)))
		fade1, fade2 := 1-math.Pow(.9, float64(round)), 1-math.Pow(.99, float64(round))
		for j := range w {
			if !use[j] || scale[j] == 0 {
				continue
			}
			g := gradient[j]/scale[j]/total + o.Decay*w[j]
			m[j] = .9*m[j] + .1*g
			v[j] = .99*v[j] + .01*g*g
			w[j] -= rate * m[j] / fade1 / (math.Sqrt(v[j]/fade2) + 1e-9)
		}
	}
	return unscaled(w, scale, use, fixed)
}

// unscaled puts standardised weights on the features' own scale; features not in use keep their fixed weight.
func unscaled(w, scale []float64, use []bool, fixed []float64) []float64 {
	out := make([]float64, len(w))
	for j := range out {
		switch {
		case !use[j]:
			out[j] = fixed[j]
		case scale[j] > 0:
			out[j] = w[j] / scale[j]
		}
	}
	return out
}

// addGradient adds one group's gradient and returns its weight; 0 for a group without an answer among its rows.
func addGradient(g *Group, w, gradient []float64) float64 {
	positives := 0.0
	for _, r := range g.Relevant {
		if r {
			positives++
		}
	}
	if positives == 0 {
		return 0
	}
	p := make([]float64, len(g.Rows))
	best := math.Inf(-1)
	for i, x := range g.Rows {
		for j, f := range x {
			p[i] += w[j] * f
		}
		best = max(best, p[i])
	}
	sum := 0.0
	for i := range p {
		p[i] = math.Exp(p[i] - best)
		sum += p[i]
	}
	for i, x := range g.Rows {
		d := p[i] / sum
		if g.Relevant[i] {
			d -= 1 / positives
		}
		if d *= g.Weight; math.Abs(d) < 1e-7 {
			continue
		}
		for j, f := range x {
			gradient[j] += d * f
		}
	}
	return g.Weight
}

// deviations are the standard deviations of the features within their groups.
func deviations(groups []Group, use []bool) []float64 {
	out, n := make([]float64, len(use)), 0.0
	for _, g := range groups {
		if len(g.Rows) == 0 {
			continue
		}
		n++
		for j := range out {
			var sum, square float64
			for _, x := range g.Rows {
				sum += x[j]
				square += x[j] * x[j]
			}
			mean := sum / float64(len(g.Rows))
			out[j] += math.Max(0, square/float64(len(g.Rows))-mean*mean)
		}
	}
	for j := range out {
		if out[j] = math.Sqrt(out[j] / max(n, 1)); out[j] < 1e-6 {
			out[j] = 0
		}
	}
	return out
}
