package rank

import "github.com/elderzan/elderzan/memory"

// A sketch is what memory.Sketcher makes of a text: a byte for the version, then for each word of content a byte for
// how much it says and sketchDim signed bytes for its direction in the text's context. The form is the embedder's;
// sketches that do not fit it, or each other's version, count as none.
const (
	sketchDim  = 48
	sketchStep = 1 + sketchDim
	sketchUnit = 127 * 127 // product of two equal directions
)

// sketchFits reports whether s can be compared with a question's sketch q.
func sketchFits(q, s []byte) bool {
	return len(q) > 1 && len(s) > 1 && q[0] == s[0] && (len(q)-1)%sketchStep == 0 && (len(s)-1)%sketchStep == 0
}

// maxQuestionWords bounds the words of a question that are compared: those that say most.
const maxQuestionWords = 16

// sketched compares the words of a question with those of candidates.
type sketched struct {
	weights []float64 // of the question's words; they add up to 1
	rows    [][]int8  // directions of the question's words
	version byte
}

func readSketch(q []byte) sketched {
	var s sketched
	if !sketchFits(q, q) {
		return s
	}
	s.version = q[0]
	least := leastSaying(q)
	sum := 0.0
	for at := 1; at < len(q) && len(s.rows) < maxQuestionWords; at += sketchStep {
		if q[at] < least {
			continue
		}
		row := make([]int8, sketchDim)
		for k := range row {
			row[k] = int8(q[at+1+k])
		}
		s.rows, s.weights = append(s.rows, row), append(s.weights, float64(q[at]))
		sum += float64(q[at])
	}
	for i := range s.weights {
		s.weights[i] /= sum
	}
	return s
}

// leastSaying is how much a question's word must say to be among the maxQuestionWords that say most.
func leastSaying(q []byte) byte {
	var count [256]int
	for at := 1; at < len(q); at += sketchStep {
		count[q[at]]++
	}
	n := 0
	for v := 255; v > 0; v-- {
		if n += count[v]; n >= maxQuestionWords {
			return byte(v)
		}
	}
	return 1
}

// best returns, for each word of the question, the cube of how near the nearest word of the sketch is; nil for a
// sketch that cannot be compared. The cube makes one close word count more than several that are not far.
func (s *sketched) best(sketch []byte) []float64 {
	if len(s.rows) == 0 || len(sketch) < 1+sketchStep || sketch[0] != s.version || (len(sketch)-1)%sketchStep != 0 {
		return nil
	}
	out := make([]float64, len(s.rows))
	for i, row := range s.rows {
		most := int32(0)
		for at := 1; at < len(sketch); at += sketchStep {
			most = max(most, product(row, sketch[at+1:at+sketchStep]))
		}
		x := min(float64(most)/sketchUnit, 1)
		out[i] = x * x * x
	}
	return out
}

func product(a []int8, b []byte) int32 {
	_, _ = a[sketchDim-1], b[sketchDim-1]
	var s0, s1, s2, s3 int32
	for k := 0; k < sketchDim; k += 4 {
		s0 += int32(a[k]) * int32(int8(b[k]))
		s1 += int32(a[k+1]) * int32(int8(b[k+1]))
		s2 += int32(a[k+2]) * int32(int8(b[k+2]))
		s3 += int32(a[k+3]) * int32(int8(b[k+3]))
	}
	return s0 + s1 + s2 + s3
}

// Shares at which a neighbour's word stands for one that the memory lacks, by how far before or behind it is.
var (
	wordsBefore = [...]float64{.8, .6}
	wordsBehind = [...]float64{.7, .5}
)

// near sets fWords and fNearWords: how near the question's words are to those of each candidate, alone and with its
// neighbours'. A candidate without a sketch gets the mean of the others. It reports whether any has one.
func (s *sketched) near(vs []vector, cs []memory.Candidate, sc *scene) bool {
	if len(s.rows) == 0 {
		return false
	}
	found := make([][]float64, len(vs)) // by position
	for p, i := range sc.order {
		found[p] = s.best(cs[i].Sketch)
	}
	n, words, nearWords := 0.0, 0.0, 0.0
	for p, i := range sc.order {
		if found[p] == nil {
			continue
		}
		v := &vs[i]
		for w, weight := range s.weights {
			own := found[p][w]
			v[fWords] += weight * own
			v[fNearWords] += weight * max(own, s.lent(found, sc, p, w))
		}
		n, words, nearWords = n+1, words+v[fWords], nearWords+v[fNearWords]
	}
	if n == 0 {
		return false
	}
	for p, i := range sc.order {
		if found[p] == nil {
			vs[i][fWords], vs[i][fNearWords] = words/n, nearWords/n
		}
	}
	return true
}

// lent is the best that the neighbours of position p lend for word w.
func (s *sketched) lent(found [][]float64, sc *scene, p, w int) float64 {
	best := 0.0
	for k, share := range wordsBefore {
		if q := p - k - 1; q >= 0 && sc.episode[q] == sc.episode[p] && found[q] != nil {
			best = max(best, share*found[q][w])
		}
	}
	for k, share := range wordsBehind {
		if q := p + k + 1; q < len(found) && sc.episode[q] == sc.episode[p] && found[q] != nil {
			best = max(best, share*found[q][w])
		}
	}
	return best
}
