package recalleval

import "math"

// Group is one question's candidates: a row of features each, and whether it holds the answer.
type Group struct {
	Rows     [][]float64
	Turns    []bool // which rows are turns of a conversation; the others are notes
	Relevant []bool
	Weight   float64 // how much the question counts
	Question Question
	Pooled   bool  // asked over everything rather than under its own project
	Memories []int // of each row, as indexes in the set
}

// Weights are a linear ranker's: by feature, for turns and for notes.
type Weights struct{ Turns, Notes []float64 }

// Score is what w gives the i-th row of g.
func (w *Weights) Score(g *Group, i int) (s float64) {
	weights := w.Notes
	if g.Turns[i] {
		weights = w.Turns
	}
	for j, x := range g.Rows[i] {
		s += weights[j] * x
	}
	return s
}

// Columns says which features Fit finds weights for; the others get none. Those of Positive are kept from falling below 0:
// what speaks for a memory by its meaning must not lower one because others say the same in the data at hand.
type Columns struct{ Turns, Notes, Positive []bool }

// FitOptions tunes Fit; the zero value works.
type FitOptions struct {
	Decay   float64 // holds the standardised weights small; 0 means 0.003
	Rounds  int     // steps of descent; 0 means 120
	Workers int     // fits at once in CrossFit; 0 means one
	// Base is kept: weights are found for what Columns names beside it. nil is none.
	Base *Weights
}

// Fit finds the weights of a linear ranker by listwise softmax: the share of exp(score) that falls on what holds the
// answer is to be large, spread evenly over several answers. The result is on the features' own scale.
func Fit(groups []*Group, use Columns, o FitOptions) Weights {
	if o.Decay == 0 {
		o.Decay = .003
	}
	if o.Rounds == 0 {
		o.Rounds = 120
	}
	f := newFitting(groups, use, o.Base)
	n := len(f.columns)
	w, m, v := make([]float32, n), make([]float64, n), make([]float64, n)
	for round := 1; round <= o.Rounds; round++ {
		gradient := f.gradient(w)
		// Adam, with a rate that falls over the second half.
		rate := .1 * math.Min(1, 2*(1-float64(round)/float64(o.Rounds+1)))
		fade1, fade2 := 1-math.Pow(.9, float64(round)), 1-math.Pow(.99, float64(round))
		for j := range w {
			g := float64(gradient[j]) + o.Decay*float64(w[j])
			m[j] = .9*m[j] + .1*g
			v[j] = .99*v[j] + .01*g*g
			w[j] -= float32(rate * m[j] / fade1 / (math.Sqrt(v[j]/fade2) + 1e-9))
			if w[j] < 0 && use.Positive != nil && use.Positive[f.columns[j].feature] {
				w[j] = 0
			}
		}
	}
	out := f.unscaled(w, len(use.Turns))
	if o.Base != nil {
		for j := range out.Turns {
			out.Turns[j] += o.Base.Turns[j]
			out.Notes[j] += o.Base.Notes[j]
		}
	}
	return out
}

// column is a feature of turns or of notes.
type column struct {
	feature int
	turns   bool
}

// fitting is groups laid out for descent: of each row the columns in use, scaled to a deviation of one.
type fitting struct {
	columns []column  // those of turns first
	turns   int       // how many are of turns
	scale   []float32 // what each column was multiplied with; 0 for one that never varies
	x       []float32 // rows × columns
	groups  []fitted
	total   float32 // of the groups' weights
	scores  []float32
	base    []float32 // of each row what is kept; nil for none
}

// fitted is a group's place among the rows.
type fitted struct {
	group     *Group
	first     int
	positives float32
}

func newFitting(groups []*Group, use Columns, base *Weights) *fitting {
	f := &fitting{}
	for j := range use.Turns {
		if use.Turns[j] {
			f.columns = append(f.columns, column{j, true})
		}
	}
	f.turns = len(f.columns)
	for j := range use.Notes {
		if use.Notes[j] {
			f.columns = append(f.columns, column{j, false})
		}
	}
	rows, longest := 0, 0
	for _, g := range groups {
		positives := float32(0)
		for _, r := range g.Relevant {
			if r {
				positives++
			}
		}
		if positives == 0 {
			continue
		}
		f.groups = append(f.groups, fitted{g, rows, positives})
		f.total += float32(g.Weight)
		rows += len(g.Rows)
		longest = max(longest, len(g.Rows))
	}
	f.x, f.scores = make([]float32, rows*len(f.columns)), make([]float32, longest)
	f.fill()
	if base != nil {
		for _, p := range f.groups {
			for i := range p.group.Rows {
				f.base = append(f.base, float32(base.Score(p.group, i)))
			}
		}
	}
	return f
}

// fill writes the rows and scales them by the columns' deviations within the groups.
func (f *fitting) fill() {
	n := len(f.columns)
	square := make([]float64, n)
	for _, p := range f.groups {
		sums, squares := make([]float64, n), make([]float64, n)
		for i, row := range p.group.Rows {
			out := f.x[(p.first+i)*n : (p.first+i+1)*n]
			for j, c := range f.columns {
				if c.turns == p.group.Turns[i] {
					out[j] = float32(row[c.feature])
					sums[j] += row[c.feature]
					squares[j] += row[c.feature] * row[c.feature]
				}
			}
		}
		rows := float64(len(p.group.Rows))
		for j := range square {
			mean := sums[j] / rows
			square[j] += math.Max(0, squares[j]/rows-mean*mean)
		}
	}
	f.scale = make([]float32, n)
	for j := range f.scale {
		if d := math.Sqrt(square[j] / float64(max(len(f.groups), 1))); d > 1e-6 {
			f.scale[j] = float32(1 / d)
		}
	}
	for i := range f.x {
		f.x[i] *= f.scale[i%n]
	}
}

// gradient is that of the mean loss over all groups at weights w.
func (f *fitting) gradient(w []float32) []float32 {
	out := make([]float32, len(w))
	for _, p := range f.groups {
		f.add(p, w, out)
	}
	return out
}

// row returns the columns of the i-th row of p that are not 0 throughout, and where they begin.
func (f *fitting) row(p *fitted, i int) (x []float32, from int) {
	n := len(f.columns)
	x = f.x[(p.first+i)*n : (p.first+i+1)*n]
	if p.group.Turns[i] {
		return x[:f.turns], 0
	}
	return x[f.turns:], f.turns
}

func (f *fitting) add(p fitted, w, gradient []float32) {
	rows := len(p.group.Rows)
	best := float32(math.Inf(-1))
	for i := range rows {
		s := float32(0)
		if f.base != nil {
			s = f.base[p.first+i]
		}
		row, from := f.row(&p, i)
		weights := w[from:][:len(row)]
		for j, x := range row {
			s += weights[j] * x
		}
		f.scores[i] = s
		best = max(best, s)
	}
	sum := float32(0)
	for i := range rows {
		f.scores[i] = float32(math.Exp(float64(f.scores[i] - best)))
		sum += f.scores[i]
	}
	for i := range rows {
		d := f.scores[i] / sum
		if p.group.Relevant[i] {
			d -= 1 / p.positives
		}
		if d < 1e-6 && d > -1e-6 {
			continue
		}
		d *= float32(p.group.Weight) / f.total
		row, from := f.row(&p, i)
		out := gradient[from:][:len(row)]
		for j, x := range row {
			out[j] += d * x
		}
	}
}

// unscaled puts the weights on the scale of the features.
func (f *fitting) unscaled(w []float32, features int) Weights {
	out := Weights{Turns: make([]float64, features), Notes: make([]float64, features)}
	for j, c := range f.columns {
		to := out.Notes
		if c.turns {
			to = out.Turns
		}
		to[c.feature] = float64(w[j] * f.scale[j])
	}
	return out
}
