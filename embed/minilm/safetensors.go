package minilm

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// errFormat reports a file that is not the safetensors file of this model.
var errFormat = errors.New("minilm: unreadable weights")

const maxHeader = 1 << 20 // bytes; the real header has 11 KB

// tensors is a safetensors file in memory: named arrays of half-precision numbers.
type tensors struct {
	entries map[string]tensorEntry
	body    []byte
	start   int // of body in the file
}

type tensorEntry struct {
	Dtype string `json:"dtype"`
	Shape []int  `json:"shape"`
	Range [2]int `json:"data_offsets"`
}

// parseTensors reads the header of a safetensors file. The result refers to data.
func parseTensors(data []byte) (*tensors, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("%w: %d bytes", errFormat, len(data))
	}
	size := binary.LittleEndian.Uint64(data)
	if size > maxHeader || size > uint64(len(data)-8) {
		return nil, fmt.Errorf("%w: header of %d bytes", errFormat, size)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+size], &raw); err != nil {
		return nil, fmt.Errorf("%w: header: %w", errFormat, err)
	}
	t := &tensors{entries: make(map[string]tensorEntry, len(raw)), body: data[8+size:], start: 8 + int(size)}
	for name, text := range raw {
		if name == "__metadata__" {
			continue
		}
		var e tensorEntry
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("%w: tensor %q: %w", errFormat, name, err)
		}
		t.entries[name] = e
	}
	return t, nil
}

// half returns the bytes of the named tensor, which must hold half-precision numbers in the given shape.
func (t *tensors) half(name string, shape ...int) ([]byte, error) {
	e, ok := t.entries[name]
	if !ok {
		return nil, fmt.Errorf("%w: no tensor %q", errFormat, name)
	}
	size := 2
	for i, n := range shape {
		if len(e.Shape) != len(shape) || e.Shape[i] != n {
			return nil, fmt.Errorf("%w: tensor %q has shape %v, want %v", errFormat, name, e.Shape, shape)
		}
		size *= n
	}
	from, to := e.Range[0], e.Range[1]
	if e.Dtype != "F16" || from < 0 || to > len(t.body) || to-from != size || to < from {
		return nil, fmt.Errorf("%w: tensor %q is %s at [%d, %d) of %d bytes", errFormat, name, e.Dtype, from, to, len(t.body))
	}
	return t.body[from:to], nil
}

// offset returns where in the file the bytes of the named tensor begin; see half.
func (t *tensors) offset(name string, shape ...int) (int64, error) {
	if _, err := t.half(name, shape...); err != nil {
		return 0, err
	}
	return int64(t.start + t.entries[name].Range[0]), nil
}

// vector returns the named one-dimensional tensor in single precision.
func (t *tensors) vector(name string, n int) ([]float32, error) {
	b, err := t.half(name, n)
	if err != nil {
		return nil, err
	}
	return widenBytes(b), nil
}

func widenBytes(b []byte) []float32 {
	v := make([]float32, len(b)/2)
	for i := range v {
		v[i] = widenHalf(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return v
}
