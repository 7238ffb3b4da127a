package minilm

import "math"

// lowest stands for minus infinity in sums of exponentials, with room to subtract from it.
const lowest = -1e30

// normEpsilon keeps layer normalisation finite, as in the published configuration.
const normEpsilon = 1e-12

// apply adds y to x and normalises each row of the sum, of hidden numbers.
func (n *layerNorm) apply(k *kernels, x, y []float32) {
	for ; len(x) >= hidden; x, y = x[hidden:], y[hidden:] {
		k.norm(x[:hidden], y[:hidden], n.gain, n.bias)
	}
}

// addNorm adds y to x, of hidden numbers, and brings the sum to mean 0 and deviation 1, times gain, plus bias.
func addNorm(x, y, gain, bias []float32) {
	x, y, gain, bias = x[:hidden], y[:hidden], gain[:hidden], bias[:hidden]
	var sum, square float32
	for i := range x {
		x[i] += y[i]
		sum += x[i]
	}
	mean := sum / hidden
	for _, v := range x {
		square += (v - mean) * (v - mean)
	}
	scale := float32(1 / math.Sqrt(float64(square/hidden)+normEpsilon))
	for i := range x {
		x[i] = (x[i]-mean)*scale*gain[i] + bias[i]
	}
}

// gelu is x·Φ(x), with the distribution function of the normal distribution from a polynomial for erf (Abramowitz and
// Stegun 7.1.26; |error| ≤ 1.5e-7).
func gelu(x float32) float32 {
	z := x * math.Sqrt2 / 2
	if z < 0 {
		z = -z
	}
	t := 1 / (1 + 0.3275911*z)
	p := ((((1.061405429*t-1.453152027)*t+1.421413741)*t-0.284496736)*t + 0.254829592) * t
	tail := 0.5 * p * exp(-z*z) // 1 - Φ(|x|)
	if x < 0 {
		return x * tail
	}
	return x - x*tail
}

// exp is eˣ for x ≤ 0, to 2e-7 of the value; below -87 it is 0.
func exp(x float32) float32 {
	if x < -87 {
		return 0
	}
	y := x * math.Log2E
	n := int32(y - 0.5) // rounds to nearest, since y ≤ 0
	f := y - float32(n)
	p := 1 + f*(0.693147182+f*(0.240226462+f*(0.0555045713+f*(0.00961817249+f*(0.00133361165+f*0.000154035297)))))
	return p * math.Float32frombits(uint32(n+127)<<23)
}

// softmax replaces each number of x by its share of Σ e^(scale·x).
func softmax(x []float32, scale float32) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	var sum float32
	for i, v := range x {
		e := exp((v - top) * scale)
		x[i] = e
		sum += e
	}
	inverse := 1 / sum
	for i := range x {
		x[i] *= inverse
	}
}

// normalise scales v to length one; a zero vector stays.
func normalise(v []float32) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	inverse := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= inverse
	}
}
