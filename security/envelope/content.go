package envelope

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/vmihailenco/msgpack/v5"
)

// Content is what a record hides.
type Content struct {
	Text      string
	Title     string
	Tags      []string
	Metadata  []byte    // opaque, such as JSON with everything else there is to know of a memory
	Embedding []float32 // nil for none; kept to the bit
	Model     string    // embedding space of Embedding
	Deleted   bool      // the row is gone: a tombstone, with everything else empty
}

// Limits of content.
const (
	maxContent   = 256 << 10 // encoded
	maxTags      = 1024
	maxDims      = 8192
	frameSize    = 5 // codec and length before the body
	minPadded    = 256
	maxPadded    = (maxContent + frameSize) * 9 / 8 // padding adds less than an eighth
	maxRecord    = maxPadded + Overhead
	contentArray = 7 // fields of the encoding
	flagDeleted  = 1
)

// How the body of a frame is encoded.
const (
	codecRaw  = 0 // MessagePack
	codecZstd = 1 // MessagePack, compressed
)

// encode writes content as MessagePack: an array of flags, text, title, tags, metadata, model and embedding, each in
// its shortest form, so that content has one encoding.
func (c *Content) encode() ([]byte, error) {
	if len(c.Tags) > maxTags || len(c.Embedding) > maxDims {
		return nil, fmt.Errorf("%w: %d tags, %d dimensions", ErrTooLarge, len(c.Tags), len(c.Embedding))
	}
	n := len(c.Text) + len(c.Title) + len(c.Metadata) + len(c.Model) + 4*len(c.Embedding) + 32
	for _, t := range c.Tags {
		n += len(t) + 5
	}
	if n > maxContent {
		return nil, fmt.Errorf("%w: %d bytes of content, at most %d", ErrTooLarge, n, maxContent)
	}
	for _, s := range append([]string{c.Text, c.Title, c.Model}, c.Tags...) {
		if !utf8.ValidString(s) {
			return nil, fmt.Errorf("%w: text that is not UTF-8", ErrContent)
		}
	}
	buf := bytes.NewBuffer(make([]byte, 0, n))
	enc := msgpack.NewEncoder(buf) // writing to a bytes.Buffer cannot fail
	_ = enc.EncodeArrayLen(contentArray)
	_ = enc.EncodeUint(c.flags())
	_ = enc.EncodeString(c.Text)
	_ = enc.EncodeString(c.Title)
	_ = enc.EncodeArrayLen(len(c.Tags))
	for _, t := range c.Tags {
		_ = enc.EncodeString(t)
	}
	_ = enc.EncodeBytesLen(len(c.Metadata))
	buf.Write(c.Metadata)
	_ = enc.EncodeString(c.Model)
	_ = enc.EncodeBytesLen(4 * len(c.Embedding))
	raw := buf.AvailableBuffer()
	for _, v := range c.Embedding {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	buf.Write(raw)
	return buf.Bytes(), nil
}

func (c *Content) flags() uint64 {
	if c.Deleted {
		return flagDeleted
	}
	return 0
}

// decoder reads MessagePack; the first error sticks. No length in the input makes it allocate more than the input has.
type decoder struct {
	in  *bytes.Reader
	dec *msgpack.Decoder
	err error
}

func (d *decoder) field() []byte {
	if d.err != nil {
		return nil
	}
	var n int
	if n, d.err = d.dec.DecodeBytesLen(); d.err != nil {
		return nil
	}
	if n < 0 || n > d.in.Len() {
		d.err = io.ErrUnexpectedEOF
		return nil
	}
	if n == 0 {
		return nil
	}
	b := make([]byte, n)
	_, d.err = io.ReadFull(d.in, b)
	return b
}

func (d *decoder) text() string {
	b := d.field()
	if d.err == nil && !utf8.Valid(b) {
		d.err = fmt.Errorf("text that is not UTF-8")
	}
	return string(b)
}

func (d *decoder) array(limit int) int {
	if d.err != nil {
		return 0
	}
	var n int
	if n, d.err = d.dec.DecodeArrayLen(); d.err == nil && (n < 0 || n > limit || n > d.in.Len()+contentArray) {
		d.err = io.ErrUnexpectedEOF
	}
	if d.err != nil {
		return 0
	}
	return n
}

// decodeContent reads what encode wrote, and nothing else that means the same.
func decodeContent(b []byte) (Content, error) {
	in := bytes.NewReader(b)
	d := &decoder{in: in, dec: msgpack.NewDecoder(in)}
	var c Content
	if n := d.array(contentArray); d.err == nil && n != contentArray {
		d.err = io.ErrUnexpectedEOF
	}
	if d.err == nil {
		var flags uint64
		flags, d.err = d.dec.DecodeUint64()
		c.Deleted = flags&flagDeleted != 0
	}
	c.Text, c.Title = d.text(), d.text()
	for range d.array(maxTags) {
		c.Tags = append(c.Tags, d.text())
	}
	c.Metadata, c.Model = d.field(), d.text()
	raw := d.field()
	if d.err == nil && (len(raw)%4 != 0 || len(raw) > 4*maxDims) {
		d.err = io.ErrUnexpectedEOF
	}
	if d.err != nil {
		return Content{}, fmt.Errorf("%w: %w", ErrContent, d.err)
	}
	if len(raw) > 0 {
		c.Embedding = make([]float32, len(raw)/4)
		for i := range c.Embedding {
			c.Embedding[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	}
	if again, err := c.encode(); err != nil || !bytes.Equal(again, b) {
		return Content{}, fmt.Errorf("%w: not in its shortest form, or with something unknown in it", ErrContent)
	}
	return c, nil
}

// The compressors are safe for concurrent use. EncodeAll and DecodeAll need no goroutines of theirs.
var (
	compressor = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false),
			zstd.WithSingleSegment(true), zstd.WithWindowSize(maxContent))
		if err != nil {
			panic("envelope: " + err.Error()) // the options are constants
		}
		return e
	})
	decompressor = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxContent), zstd.WithDecoderConcurrency(0))
		if err != nil {
			panic("envelope: " + err.Error()) // the options are constants
		}
		return d
	})
)

// pack encodes, compresses and pads content. The result has tagSize bytes of spare capacity.
func (c *Content) pack() ([]byte, error) {
	body, err := c.encode()
	if err != nil {
		return nil, err
	}
	codec := byte(codecRaw)
	if small := compressor().EncodeAll(body, make([]byte, 0, len(body))); len(small) < len(body) {
		codec, body = codecZstd, small
	}
	return frame(codec, body), nil
}

func frame(codec byte, body []byte) []byte {
	n := padded(frameSize + len(body))
	out := append(make([]byte, 0, n+tagSize), codec)
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	out = append(out, body...)
	return out[:n] // the rest is zeros: make cleared it
}

// unpack undoes pack. What it returns shares nothing with plain.
func unpack(plain []byte) (Content, error) {
	if len(plain) < frameSize {
		return Content{}, fmt.Errorf("%w: too short", ErrContent)
	}
	n := binary.BigEndian.Uint32(plain[1:])
	if uint64(n) > uint64(len(plain)-frameSize) || n > maxContent || padded(frameSize+int(n)) != len(plain) {
		return Content{}, fmt.Errorf("%w: its length does not fit its padding", ErrContent)
	}
	body, rest := plain[frameSize:frameSize+int(n)], plain[frameSize+int(n):]
	if slices.ContainsFunc(rest, func(b byte) bool { return b != 0 }) {
		return Content{}, fmt.Errorf("%w: something is hidden in its padding", ErrContent)
	}
	switch plain[0] {
	case codecRaw:
	case codecZstd:
		// A bomb stops at maxContent: the decoder neither writes nor allocates beyond it.
		var err error
		if body, err = decompressor().DecodeAll(body, nil); err != nil {
			return Content{}, fmt.Errorf("%w: decompress: %w", ErrContent, err)
		}
	default:
		return Content{}, fmt.Errorf("%w: unknown compression %d; update elderzan", ErrContent, plain[0])
	}
	return decodeContent(body)
}

// padded returns the length of the bucket for n bytes, by Padmé (Nikitin et al., "Reducing Metadata Leakage from
// Encrypted Files and Communication with PURBs", 2019): the floating-point numbers whose mantissa is no longer than
// their exponent. Padding adds at most 12 %, and the length tells at most O(log log n) bits.
func padded(n int) int {
	if n <= minPadded {
		return minPadded
	}
	e := bits.Len(uint(n)) - 1
	s := bits.Len(uint(e))
	mask := 1<<(e-s) - 1
	return (n + mask) &^ mask
}
