package envelope

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/vmihailenco/msgpack/v5"
)

// TestPadded checks the bucket against the paper's definition, in floating point.
func TestPadded(t *testing.T) {
	for n := minPadded + 1; n < 300000; n += 1 + n/1000 {
		e := math.Floor(math.Log2(float64(n)))
		s := math.Floor(math.Log2(e)) + 1
		unit := math.Pow(2, e-s)
		want := int(math.Ceil(float64(n)/unit) * unit)
		if got := padded(n); got != want {
			t.Fatalf("padded(%d) = %d, want %d", n, got, want)
		}
		if got := padded(n); float64(got-n) > 0.12*float64(n) || padded(got) != got {
			t.Fatalf("padded(%d) = %d", n, got)
		}
	}
	for _, n := range []int{0, 1, minPadded} {
		if got := padded(n); got != minPadded {
			t.Errorf("padded(%d) = %d, want %d", n, got, minPadded)
		}
	}
	if got := padded(maxContent + frameSize); got > maxPadded {
		t.Errorf("the largest content is padded to %d, beyond %d", got, maxPadded)
	}
}

// TestBuckets counts the lengths that records of texts up to 4 KiB come in.
func TestBuckets(t *testing.T) {
	lengths := map[int]bool{}
	for n := range 4096 {
		lengths[padded(n)] = true
	}
	if got, limit := len(lengths), 1+16*bits.Len(4096/minPadded); got > limit {
		t.Errorf("%d lengths, want at most %d", got, limit)
	}
}

func TestEmbeddingBits(t *testing.T) {
	want := []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, math.MaxFloat32, float32(math.Inf(1)), -1.5}
	b, err := (&Content{Embedding: append(want, float32(math.NaN()))}).encode()
	if err != nil {
		t.Fatal(err)
	}
	c, err := decodeContent(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want {
		if math.Float32bits(c.Embedding[i]) != math.Float32bits(v) {
			t.Errorf("number %d: got %x, want %x", i, c.Embedding[i], v)
		}
	}
}

// fields builds MessagePack by hand.
func encoded(t testing.TB, build func(e *msgpack.Encoder)) []byte {
	t.Helper()
	var buf bytes.Buffer
	build(msgpack.NewEncoder(&buf))
	return buf.Bytes()
}

func TestDecodeRefuses(t *testing.T) {
	good, err := (&Content{Text: "text", Tags: []string{"a"}, Embedding: []float32{1}}).encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeContent(good); err != nil {
		t.Fatal(err)
	}
	rest := good[2:] // after array and flags
	for name, b := range map[string][]byte{
		"nothing":          nil,
		"cut":              good[:len(good)-1],
		"something after":  append(bytes.Clone(good), 0),
		"another array":    append([]byte{0x96, 0}, rest...),
		"no array":         {0xc3},
		"nil for the text": append([]byte{0x97, 0, 0xc0}, rest[5:]...),
		"unknown flag":     append([]byte{0x97, 2}, rest...),
		"flags no number":  append([]byte{0x97, 0xc3}, rest...),
		"long form":        append([]byte{0xdc, 0, 7, 0}, rest...),
		"long string":      append([]byte{0x97, 0, 0xd9, 4, 't', 'e', 'x', 't'}, rest[5:]...),
		"bytes for text":   append([]byte{0x97, 0, 0xc4, 4, 't', 'e', 'x', 't'}, rest[5:]...),
		"not UTF-8":        append([]byte{0x97, 0, 0xa1, 0xff}, rest[5:]...),
		"text of 4 GiB":    append([]byte{0x97, 0, 0xdb, 0xff, 0xff, 0xff, 0xff}, rest...),
		"4 G tags":         append([]byte{0x97, 0, 0xa0, 0xa0, 0xdd, 0xff, 0xff, 0xff, 0xff}, rest...),
		"half a float": encoded(t, func(e *msgpack.Encoder) {
			_ = e.EncodeArrayLen(7)
			_ = e.EncodeUint(0)
			_ = e.EncodeString("")
			_ = e.EncodeString("")
			_ = e.EncodeArrayLen(0)
			_ = e.EncodeBytes([]byte{})
			_ = e.EncodeString("")
			_ = e.EncodeBytes([]byte{1, 2})
		}),
		"a map": {0x81, 0xa1, 'a', 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeContent(b)
			wantErr(t, err, ErrContent)
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	body, err := (&Content{Text: "text"}).encode()
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, v byte) []byte {
		b := frame(codecRaw, body)
		b[at] = v
		return b
	}
	for name, plain := range map[string][]byte{
		"nothing":           nil,
		"no body":           make([]byte, frameSize-1),
		"length too large":  change(2, 1),
		"length too small":  change(4, 1),
		"another codec":     change(0, 9),
		"not compressed":    change(0, codecZstd),
		"padding not zero":  change(minPadded-1, 1),
		"padded by another": append(frame(codecRaw, body), 0),
		"not padded":        frame(codecRaw, body)[:frameSize+len(body)],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := unpack(plain)
			wantErr(t, err, ErrContent)
		})
	}
	if c, err := unpack(frame(codecRaw, body)); err != nil || c.Text != "text" {
		t.Errorf("got %+v, %v", c, err)
	}
}

// TestBomb opens what a malicious member may have sealed: little that decompresses to much.
func TestBomb(t *testing.T) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	giga := enc.EncodeAll(make([]byte, 64<<20), nil)
	var streamed bytes.Buffer // a frame that does not say how large it is
	w, err := zstd.NewWriter(&streamed, zstd.WithEncoderCRC(false))
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	lies := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, binary.LittleEndian.AppendUint64(nil, 1<<40)...) // one segment of 1 TiB
	many := bytes.Repeat(enc.EncodeAll(make([]byte, maxContent/2), nil), 64)                              // many frames, each within bounds
	decompressor()                                                                                        // its own memory is not the bomb's
	for name, body := range map[string][]byte{"64 MiB of zeros": giga, "streamed": streamed.Bytes(), "1 TiB promised": lies, "many frames": many} {
		t.Run(name, func(t *testing.T) {
			if len(body) > maxContent {
				t.Fatalf("the bomb has %d bytes", len(body))
			}
			plain := frame(codecZstd, body)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := unpack(plain)
			runtime.ReadMemStats(&after)
			wantErr(t, err, ErrContent)
			if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
				t.Errorf("allocated %d bytes", got)
			}
		})
	}
}

// FuzzContent: whatever decodes, encodes to the same bytes; nothing allocates beyond its input.
func FuzzContent(f *testing.F) {
	for _, c := range []Content{{}, sample(1), {Deleted: true}, {Tags: []string{"a", ""}, Metadata: []byte("{}")}} {
		b, err := c.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeContent(b)
		if err != nil {
			return
		}
		again, err := c.encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x decodes, and encodes to %x (%v)", b, again, err)
		}
	})
}

// FuzzUnpack: whatever unpacks, packs and unpacks to the same content.
func FuzzUnpack(f *testing.F) {
	for _, c := range []Content{{}, sample(1), {Text: strings.Repeat("text ", 100)}} {
		b, err := c.pack(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := unpack(b)
		if err != nil {
			return
		}
		packed, err := c.pack(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		first, errFirst := c.encode()
		second, errSecond := again.encode()
		if errFirst != nil || errSecond != nil || !bytes.Equal(first, second) {
			t.Errorf("got %+v, want %+v", again, c)
		}
	})
}

func TestContentSharesNothing(t *testing.T) {
	c := sample(1)
	plain, err := c.pack(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpack(plain)
	if err != nil {
		t.Fatal(err)
	}
	clear(plain)
	if !reflect.DeepEqual(got, c) {
		t.Error("the content changed with the buffer it was read from")
	}
}
