package minilm

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// The shape of the model.
const (
	hidden    = 384
	inner     = 1536
	layers    = 6
	heads     = 12
	headDim   = hidden / heads
	positions = 512
	vocabSize = 30522
)

// Dim is the number of dimensions of a vector.
const Dim = hidden

// weights are the parameters of the encoder.
type weights struct {
	words    int64     // where in the file the word table begins: vocabSize rows in half precision
	position []float32 // positions rows, with the type of the first segment added
	norm     layerNorm
	layers   [layers]layer
	tokens   projection // reduces the state of a token to its direction
}

// layer is one transformer layer.
type layer struct {
	qkv, attention, up, down linear
	afterAttention, afterFFN layerNorm
}

// linear is y = x·W + b with W packed in panels of 16 columns.
type linear struct {
	in, out int
	w       []uint16 // half precision: [out/16][in][16]
	bias    []float32
}

type layerNorm struct{ gain, bias []float32 }

// reader collects the first error of many reads.
type reader struct {
	*tensors
	err error
}

// newWeights unpacks the model. The result does not refer to the bytes of t.
func newWeights(t *tensors) (*weights, error) {
	r := &reader{tensors: t}
	w := &weights{tokens: newProjection()}
	const e = "embeddings."
	w.words, r.err = t.offset(e+"word_embeddings.weight", vocabSize, hidden)
	w.norm = r.norm(e + "LayerNorm")
	w.position = widenBytes(r.bytes(e+"position_embeddings.weight", positions, hidden))
	types := widenBytes(r.bytes(e+"token_type_embeddings.weight", 2, hidden))
	for i := range w.layers {
		w.layers[i] = r.layer("encoder.layer." + strconv.Itoa(i) + ".")
	}
	if r.err != nil {
		return nil, fmt.Errorf("read weights: %w", r.err)
	}
	for i := range w.position {
		w.position[i] += types[i%hidden]
	}
	return w, nil
}

func (r *reader) layer(prefix string) layer {
	const self = "attention.self."
	return layer{
		qkv:            r.linear(hidden, hidden, prefix+self+"query", prefix+self+"key", prefix+self+"value"),
		attention:      r.linear(hidden, hidden, prefix+"attention.output.dense"),
		up:             r.linear(hidden, inner, prefix+"intermediate.dense"),
		down:           r.linear(inner, hidden, prefix+"output.dense"),
		afterAttention: r.norm(prefix + "attention.output.LayerNorm"),
		afterFFN:       r.norm(prefix + "output.LayerNorm"),
	}
}

func (r *reader) bytes(name string, shape ...int) []byte {
	if r.err != nil {
		return nil
	}
	b, err := r.half(name, shape...)
	r.err = err
	return b
}

func (r *reader) norm(prefix string) layerNorm {
	return layerNorm{
		gain: widenBytes(r.bytes(prefix+".weight", hidden)),
		bias: widenBytes(r.bytes(prefix+".bias", hidden)),
	}
}

// linear reads the named maps of in to out dimensions and sets them side by side.
func (r *reader) linear(in, out int, names ...string) linear {
	l := linear{in: in, out: out * len(names), w: make([]uint16, in*out*len(names))}
	for i, name := range names {
		rows := r.bytes(name+".weight", out, in)
		if r.err != nil {
			return linear{}
		}
		pack(l.w[i*in*out:(i+1)*in*out], rows, in, out)
		l.bias = append(l.bias, widenBytes(r.bytes(name+".bias", out))...)
	}
	return l
}

// pack turns rows, one for each output, into panels of 16 outputs.
func pack(dst []uint16, rows []byte, in, out int) {
	for j := range out {
		row := rows[j*in*2 : (j+1)*in*2]
		panel := dst[j/panelCols*in*panelCols:]
		for i := range in {
			panel[i*panelCols+j%panelCols] = binary.LittleEndian.Uint16(row[2*i:])
		}
	}
}
