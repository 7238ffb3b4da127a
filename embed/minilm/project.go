package minilm

import (
	_ "embed"
	"encoding/binary"

	embedding "github.com/elderzan/elderzan/embed"
)

// projectionFile holds embedding.TokenDim rows of hidden numbers in half precision, the directions in which tokens differ most,
// and the place of the mean token along each, found by TestProjection over English notes and questions. Away from the mean,
// which all tokens share, an angle between two of them says more about what they mean. Changing the file changes what
// stored tokens mean.
//
//go:embed projection.f16
var projectionFile []byte

// projection reduces tokens.
type projection struct {
	linear
	mean []float32 // of tokens of length 1
}

// newProjection reads projectionFile.
func newProjection() projection {
	const dims = embedding.TokenDim
	l := projection{linear{in: hidden, out: dims, w: make([]uint16, hidden*dims), bias: make([]float32, dims)}, make([]float32, dims)}
	for i := range dims {
		l.mean[i] = widenHalf(binary.LittleEndian.Uint16(projectionFile[2*(dims*hidden+i):]))
		panel := l.w[i/panelCols*hidden*panelCols:]
		for j := range hidden {
			panel[j*panelCols+i%panelCols] = binary.LittleEndian.Uint16(projectionFile[2*(i*hidden+j):])
		}
	}
	return l
}
