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
	// Dense is how many bytes at the end of Metadata are not worth compressing, such as the noise of a vector, and Upper
	// how many before those are the upper bytes of its components. Both make sealing quicker and are no part of what the
	// record holds: Open returns 0.
	Dense, Upper int
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
	var buf bytes.Buffer
	_, err := c.encodeTo(&buf)
	return buf.Bytes(), err
}

// encodeTo returns where in buf the metadata ends.
func (c *Content) encodeTo(buf *bytes.Buffer) (metadata int, err error) {
	if len(c.Tags) > maxTags || len(c.Embedding) > maxDims {
		return 0, fmt.Errorf("%w: %d tags, %d dimensions", ErrTooLarge, len(c.Tags), len(c.Embedding))
	}
	n := len(c.Text) + len(c.Title) + len(c.Metadata) + len(c.Model) + 4*len(c.Embedding) + 32
	for _, t := range c.Tags {
		n += len(t) + 5
	}
	if n > maxContent {
		return 0, fmt.Errorf("%w: %d bytes of content, at most %d", ErrTooLarge, n, maxContent)
	}
	valid := utf8.ValidString(c.Text) && utf8.ValidString(c.Title) && utf8.ValidString(c.Model)
	for _, t := range c.Tags {
		valid = valid && utf8.ValidString(t)
	}
	if !valid {
		return 0, fmt.Errorf("%w: text that is not UTF-8", ErrContent)
	}
	buf.Grow(n)
	enc := msgpack.GetEncoder() // writing to a bytes.Buffer cannot fail
	defer msgpack.PutEncoder(enc)
	enc.Reset(buf)
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
	metadata = buf.Len()
	_ = enc.EncodeString(c.Model)
	_ = enc.EncodeBytesLen(4 * len(c.Embedding))
	raw := buf.AvailableBuffer()
	for _, v := range c.Embedding {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	buf.Write(raw)
	return metadata, nil
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

// pack encodes, compresses and pads content over dst, whose capacity is used. The result has tagSize bytes of spare
// capacity.
func (c *Content) pack(dst []byte) ([]byte, error) {
	buf := bodies.Get().(*bytes.Buffer)
	defer func() {
		clear(buf.Bytes()[:buf.Len()])
		buf.Reset()
		bodies.Put(buf)
	}()
	metadata, err := c.encodeTo(buf)
	if err != nil {
		return nil, err
	}
	body := buf.Bytes()
	out := slices.Grow(dst[:0], frameSize+len(body))[:frameSize]
	upper, dense := c.split(len(body), metadata)
	if out = compress(out, body, upper, dense); len(out)-frameSize < len(body) {
		return finish(out, codecZstd), nil
	}
	return finish(append(out[:frameSize], body...), codecRaw), nil
}

// bodies holds buffers for encoded content, wiped.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// finish puts codec and length into the frameSize bytes that out begins with, and pads it.
func finish(out []byte, codec byte) []byte {
	out[0] = codec
	binary.BigEndian.PutUint32(out[1:], uint32(len(out)-frameSize))
	n := padded(len(out))
	out = slices.Grow(out, n-len(out)+tagSize)
	clear(out[len(out):n])
	return out[:n]
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
