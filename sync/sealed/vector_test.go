package sealed

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func TestVectorTravels(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		v := make([]float32, 768)
		var sum float64
		for i := range v {
			v[i] = float32(rng.NormFloat64())
			sum += float64(v[i]) * float64(v[i])
		}
		for i := range v {
			v[i] /= float32(math.Sqrt(sum))
		}
		meta, got, err := unpackMeta(packMeta(nil, []byte("meta"), v))
		if err != nil || string(meta) != "meta" || len(got) != len(v) {
			t.Fatalf("%q, %d components, %v", meta, len(got), err)
		}
		var cos float64
		for i := range v {
			cos += float64(v[i]) * float64(got[i])
		}
		if math.Abs(cos-1) > 1e-6 {
			t.Errorf("cosine %v", cos)
		}
	}
	if meta, v, err := unpackMeta(packMeta(nil, []byte("m"), nil)); err != nil || string(meta) != "m" || v != nil {
		t.Errorf("none: %q, %v, %v", meta, v, err)
	}
}

// TestBadVectors: metadata that is cut off is refused, and a vector without a direction is none.
func TestBadVectors(t *testing.T) {
	whole := packMeta(nil, []byte("meta"), []float32{0.6, 0.8})
	for name, b := range map[string][]byte{"nothing": nil, "less than it states": whole[:3], "half a component": whole[:len(whole)-1]} {
		if meta, v, err := unpackMeta(b); !errors.Is(err, errMeta) || meta != nil || v != nil {
			t.Errorf("%s: %q, %v, %v; want it refused", name, meta, v, err)
		}
	}
	if meta, v, err := unpackMeta(packMeta(nil, []byte("meta"), []float32{0, 0})); err != nil || string(meta) != "meta" || v != nil {
		t.Errorf("zeros: %q, %v, %v; want the metadata alone", meta, v, err)
	}
}

func FuzzUnpackMeta(f *testing.F) {
	f.Add(packMeta(nil, []byte("meta"), []float32{0.6, 0.8}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		meta, v, err := unpackMeta(b)
		if err != nil || v == nil {
			return
		}
		if again, _, err := unpackMeta(packMeta(nil, meta, v)); err != nil || !bytes.Equal(again, meta) {
			t.Errorf("again: %v", err)
		}
	})
}
