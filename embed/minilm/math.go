package minilm

import "math"

// lowest stands for minus infinity in sums of exponentials, with room to subtract from it.
const lowest = -1e30

// normEpsilon keeps layer normalisation finite, as in the published configuration.
const normEpsilon = 1e-12

// apply normalises each row of x, of hidden numbers, in place.
func (n *layerNorm) apply(x []float32) {
	for ; len(x) >= hidden; x = x[hidden:] {
		n.row(x[:hidden])
	}
}

func (n *layerNorm) row(x []float32) {
	var s0, s1, s2, s3 float32
	for i := 0; i < hidden; i += 4 {
		v := x[i : i+4 : i+4]
		s0 += v[0]
		s1 += v[1]
		s2 += v[2]
		s3 += v[3]
	}
	mean := (s0 + s1 + s2 + s3) / hidden
	s0, s1, s2, s3 = 0, 0, 0, 0
	for i := 0; i < hidden; i += 4 {
		v := x[i : i+4 : i+4]
		a, b, c, d := v[0]-mean, v[1]-mean, v[2]-mean, v[3]-mean
		s0 += a * a
		s1 += b * b
		s2 += c * c
		s3 += d * d
	}
	scale := float32(1 / math.Sqrt(float64((s0+s1+s2+s3)/hidden)+normEpsilon))
	gain, bias := n.gain[:hidden], n.bias[:hidden]
	x = x[:hidden]
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
