package minilm

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// maxRows bounds the tokens of one pass, and with them the scratch of one goroutine (about 7 MB).
const maxRows = 512

// scratch is the memory of one pass; it grows to what passes need.
type scratch struct {
	x      []float32 // rows × hidden: the state of each token
	wide   []float32 // rows × inner: queries, keys and values, then the inner layer
	side   []float32 // rows × hidden
	panel  []float32 // columns of a weight in single precision
	keys   []float32 // one head of one text, packed for gemm
	values []float32
	scores []float32
}

// grow returns a slice of n numbers, over s where that is long enough. Its contents are undefined.
func grow(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	*s = (*s)[:n]
	return *s
}

// forward runs several texts at once, one after the other in the rows, and returns the state of their tokens:
// hidden numbers for each, valid until s is used again. Rows of the word table are read from file.
func (w *weights) forward(k *kernels, s *scratch, file io.ReaderAt, texts [][]int32) ([]float32, error) {
	rows := 0
	for _, ids := range texts {
		rows += len(ids)
	}
	x := grow(&s.x, rows*hidden)
	if err := w.embed(k, x, file, texts); err != nil {
		return nil, err
	}
	side := grow(&s.side, rows*hidden)
	for i := range w.layers {
		l := &w.layers[i]
		qkv := grow(&s.wide, rows*3*hidden)
		l.qkv.apply(k, s, x, qkv, rows)
		row := 0
		for _, ids := range texts {
			n := len(ids)
			attend(k, s, qkv[row*3*hidden:(row+n)*3*hidden], side[row*hidden:(row+n)*hidden], n)
			row += n
		}
		mixed := grow(&s.wide, rows*hidden) // the queries are done with
		l.attention.apply(k, s, side, mixed, rows)
		l.afterAttention.apply(k, x, mixed)
		up := grow(&s.wide, rows*inner)
		l.up.apply(k, s, x, up, rows)
		k.gelu(up)
		l.down.apply(k, s, up, side, rows)
		l.afterFFN.apply(k, x, side)
	}
	return x, nil
}

// embed writes the sum of word and position of each token, normalised.
func (w *weights) embed(k *kernels, x []float32, file io.ReaderAt, texts [][]int32) error {
	word := make([]byte, hidden*2)
	for _, ids := range texts {
		text := x[:len(ids)*hidden]
		x = x[len(text):]
		for i, id := range ids {
			if _, err := file.ReadAt(word, w.words+int64(id)*hidden*2); err != nil {
				return fmt.Errorf("read embedding model: %w", err)
			}
			for j := range hidden {
				text[i*hidden+j] = widenHalf(binary.LittleEndian.Uint16(word[2*j:]))
			}
		}
		w.norm.apply(k, text, w.position)
	}
	return nil
}

func add(x, y []float32) {
	y = y[:len(x)]
	for i := range x {
		x[i] += y[i]
	}
}

// halfRows is up to how many rows weights are widened as they are multiplied, anew for each tile, rather than once for
// all: that saves them the way through memory, which takes longest of what there is to do for a question.
const halfRows = 64

// apply writes x·W + b for rows rows of x to y.
func (l *linear) apply(k *kernels, s *scratch, x, y []float32, rows int) {
	if k.half.run != nil && rows <= halfRows {
		k.half.multiply(rows, l.in, l.out, x, l.in, l.w, l.bias, y, l.out)
		return
	}
	size := l.in * k.gemm.cols
	panel := grow(&s.panel, size)
	for i := range l.out / k.gemm.cols {
		k.widen(panel, l.w[i*size:(i+1)*size])
		j := i * k.gemm.cols
		k.gemm.multiply(rows, l.in, k.gemm.cols, x, l.in, panel, l.bias[j:], y[j:], l.out)
	}
}

// zeros is the bias of products that have none.
var zeros [maxRows]float32

// attend mixes the values of one text of n tokens by the softmax of queries and keys, for each head.
func attend(k *kernels, s *scratch, qkv, out []float32, n int) {
	padded := (n + k.gemm.cols - 1) / k.gemm.cols * k.gemm.cols
	keys := grow(&s.keys, padded*headDim)
	clear(keys)
	values := grow(&s.values, n*headDim)
	scores := grow(&s.scores, n*padded)
	scale := float32(1 / math.Sqrt(headDim))
	for h := range heads {
		packHead(qkv, keys, values, n, h)
		k.gemm.multiply(n, headDim, padded, qkv[h*headDim:], 3*hidden, keys, zeros[:], scores, padded)
		for r := range n {
			k.softmax(scores[r*padded:][:(n+7)/8*8], n, scale)
		}
		k.gemm.multiply(n, n, headDim, scores, padded, values, zeros[:], out[h*headDim:], hidden)
	}
}

// packHead lays the keys of a head out as columns and its values as rows of panels of 16.
func packHead(qkv, keys, values []float32, n, head int) {
	for j := range n {
		row := qkv[j*3*hidden+head*headDim:]
		key, value := row[hidden:hidden+headDim], row[2*hidden:2*hidden+headDim]
		panel := keys[j/panelCols*headDim*panelCols+j%panelCols:]
		for d, v := range key {
			panel[d*panelCols] = v
		}
		for p := 0; p < headDim; p += panelCols {
			copy(values[p*n+j*panelCols:p*n+(j+1)*panelCols], value[p:])
		}
	}
}

// pool returns the mean of n rows as a unit vector.
func pool(x []float32, n int) []float32 {
	v := make([]float32, hidden)
	for r := range n {
		add(v, x[r*hidden:(r+1)*hidden])
	}
	normalise(v)
	return v
}
