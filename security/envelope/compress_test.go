package envelope

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// components returns the upper and the lower bytes of a vector, half of it spread out and half of it nearly empty.
func components(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 2*n)
	for i := range n {
		v := int16(rng.NormFloat64() * 1400)
		if i%2 == 1 && i%16 > 1 {
			v = 0
		}
		b[i], b[n+i] = byte(v>>8), byte(v)
	}
	return b
}

// TestDense has the end of the metadata stay uncompressed: what is opened is the same, with any number.
func TestDense(t *testing.T) {
	noise := make([]byte, 768)
	for i := range noise {
		noise[i] = byte(i * i * 31 >> 3)
	}
	long := bytes.Repeat([]byte("0123456789"), 20_000)
	for name, c := range map[string]Content{
		"a vector's noise":   {Text: strings.Repeat("words ", 100), Metadata: append([]byte(strings.Repeat("meta", 50)), noise...), Model: "model", Dense: len(noise)},
		"all":                {Text: "text", Metadata: noise, Dense: len(noise)},
		"one byte":           {Text: "text", Metadata: noise, Dense: 1},
		"more than there is": {Text: "text", Metadata: noise, Dense: len(noise) + 1},
		"less than none":     {Text: "text", Metadata: noise, Dense: -1},
		"with an embedding":  {Text: "text", Metadata: noise, Embedding: []float32{1, 2}, Dense: len(noise)},
		"beyond a block":     {Text: "text", Metadata: long, Dense: len(long)},
		"nearly a block":     {Text: "text", Metadata: long, Dense: maxBlock - 16},
		"no metadata":        {Text: "text", Dense: 7},
		"a vector":           {Text: "text", Metadata: append([]byte("meta"), components(768)...), Dense: 768, Upper: 768},
		"a long vector":      {Text: "text", Metadata: components(3072), Dense: 3072, Upper: 3072},
		"no vector":          {Text: "text", Metadata: noise, Dense: 384, Upper: 384},
		"upper bytes alone":  {Text: "text", Metadata: noise, Upper: 768},
		"more upper bytes":   {Text: "text", Metadata: noise, Dense: 767, Upper: 2},
	} {
		t.Run(name, func(t *testing.T) {
			packed, err := c.pack([]byte("what was here before"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := unpack(packed)
			c.Dense, c.Upper = 0, 0
			if err != nil || !reflect.DeepEqual(got, c) {
				t.Errorf("%v, or not the same content", err)
			}
		})
	}
}

// TestCoded has texts and vectors be written in the codes that are known beforehand where that pays.
func TestCoded(t *testing.T) {
	note := []byte("The garden gate sticks when it rains, so lift it a little; Ben has a key and waters the beds on Sundays.")
	upper, noise := components(768)[:768], make([]byte, 600)
	for i := range noise {
		noise[i] = byte(i * i * 31 >> 3)
	}
	for name, tc := range map[string]struct {
		b    []byte
		code *code
		most int // bytes that it takes; 0 for text that the code does not fit
	}{
		"a note":         {bytes.Repeat(note, 4), &prose, len(note) * 4 * 3 / 4},
		"Japanese":       {[]byte(strings.Repeat("庭の門は雨が降ると開けにくい。", 10)), &prose, 0},
		"noise":          {noise, &prose, 0},
		"one letter":     {bytes.Repeat([]byte("a"), 600), &prose, 0},
		"a few letters":  {[]byte("abc"), &prose, 0},
		"a vector":       {upper, &uppers, 420},
		"a long vector":  {components(1024)[:1024], &uppers, 0},
		"an empty one":   {make([]byte, 768), &uppers, 0},
		"nothing at all": {nil, &uppers, 0},
	} {
		t.Run(name, func(t *testing.T) {
			frame := appendFrame(nil, len(tc.b))
			coded, ok := appendCoded(frame, tc.b, tc.code, true)
			if ok != (tc.most > 0) || ok && len(coded)-len(frame) > tc.most {
				t.Fatalf("coded: %v, in %d bytes; want at most %d", ok, len(coded)-len(frame), tc.most)
			}
			if got, err := decompressor().DecodeAll(coded, nil); ok && (err != nil || !bytes.Equal(got, tc.b)) {
				t.Errorf("%v, or not the same", err)
			}
		})
	}
}

// FuzzCompress has any bytes be cut anywhere: what was compressed is what comes back.
func FuzzCompress(f *testing.F) {
	f.Add([]byte("some text"), 4, 6)
	f.Add(components(768), 0, 768)
	f.Add([]byte(proseSample), 500, 600)
	f.Fuzz(func(t *testing.T, body []byte, upper, dense int) {
		if len(body) > maxBlock || dense < 0 || dense > len(body) || upper < 0 || upper > dense {
			return
		}
		packed := compress([]byte("before"), body, upper, dense)
		got, err := decompressor().DecodeAll(packed[len("before"):], nil)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%v, or not the same: %d bytes, cut at %d and %d", err, len(body), upper, dense)
		}
	})
}
