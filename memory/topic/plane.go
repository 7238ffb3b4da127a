package topic

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// planeSample is how many vectors the directions of the map are found from; all are drawn on it.
const planeSample = 256

// plane projects vectors onto the two directions in which they differ most, scaled to [-1, 1]. Which way a direction
// points is settled by the vectors themselves, so that a map does not flip between two refreshes.
func plane(vecs [][]float32) [][2]float64 {
	out := make([][2]float64, len(vecs))
	if len(vecs) < 3 {
		return out
	}
	dim := len(vecs[0])
	step := max(1, len(vecs)/planeSample)
	var data []float64
	rows := 0
	for i := 0; i < len(vecs) && rows < planeSample; i += step {
		for _, x := range vecs[i] {
			data = append(data, float64(x))
		}
		rows++
	}
	sample := mat.NewDense(rows, dim, data)
	var pc stat.PC
	if rows < 3 || !pc.PrincipalComponents(sample, nil) {
		return out
	}
	var axes mat.Dense
	pc.VectorsTo(&axes)
	means := make([]float64, dim)
	for j := range means {
		means[j] = stat.Mean(mat.Col(nil, j, sample), nil)
	}
	for a := range 2 {
		axis := mat.Col(nil, a, &axes)
		project(vecs, axis, means, a, out)
	}
	return out
}

// project writes the coordinate of each vector along one axis.
func project(vecs [][]float32, axis, means []float64, a int, out [][2]float64) {
	heaviest := 0
	for j, x := range axis {
		if math.Abs(x) > math.Abs(axis[heaviest])+1e-12 {
			heaviest = j
		}
	}
	sign := math.Copysign(1, axis[heaviest])
	most := 1e-12
	for i, v := range vecs {
		var sum float64
		for j, x := range v {
			sum += (float64(x) - means[j]) * axis[j]
		}
		out[i][a] = sign * sum
		most = max(most, math.Abs(sum))
	}
	for i := range out {
		out[i][a] /= most
	}
}
