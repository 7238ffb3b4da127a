package envelope

import (
	"bytes"
	"math"
	"sync"

	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/zstd"
)

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

// split returns where in an encoded body, whose metadata ends there, the upper bytes of a vector begin and where what is
// stored as it is. Both are the body's length where nothing of it is treated apart.
func (c *Content) split(length, metadata int) (upper, dense int) {
	dense = metadata - c.Dense
	if c.Dense <= 0 || c.Dense > len(c.Metadata) || len(c.Embedding) > 0 || length-dense > maxBlock {
		return length, length
	}
	if c.Upper <= 0 || c.Upper > maxCoded || c.Dense+c.Upper > len(c.Metadata) {
		return dense, dense
	}
	return dense - c.Upper, dense
}

const (
	maxBlock   = 128 << 10 // of zstd
	maxCoded   = 1<<10 - 1 // in one stream, of zstd's literals
	maxProse   = 640       // from there on repeated words are worth looking for
	blockRaw   = 0         // types of block
	blockCoded = 2
)

// compress appends body as zstd. A decoder joins the frames of which it consists: one from the compressor, for what comes
// before upper, and one of blocks that are made here, for the upper bytes, the dense ones, and a short text.
func compress(out, body []byte, upper, dense int) []byte {
	head := body[:upper]
	start := len(out)
	out = appendFrame(out, len(body))
	coded, ok := appendCoded(out, head, &prose, upper == len(body))
	if ok && len(coded)-len(out) < upper*11/16+proseCode {
		out = coded
		if upper == len(body) {
			return out
		}
	} else {
		out = compressor().EncodeAll(head, out[:start])
		if upper == len(body) {
			return out
		}
		out = appendFrame(out, len(body)-upper)
	}
	if upper < dense {
		coded, ok := appendCoded(out, body[upper:dense], &uppers, false)
		if !ok {
			coded = append(appendBlock(out, blockRaw, dense-upper, false), body[upper:dense]...)
		}
		out = coded
	}
	return append(appendBlock(out, blockRaw, len(body)-dense, true), body[dense:]...)
}

// proseCode is about what the code of prose takes in a block.
const proseCode = 60

// appendFrame appends the header of a frame that holds size bytes.
func appendFrame(out []byte, size int) []byte {
	h := zstd.Header{SingleSegment: true, HasFCS: true, FrameContentSize: uint64(size)}
	out, err := h.AppendTo(out)
	if err != nil {
		panic("envelope: " + err.Error()) // the header is one that zstd has
	}
	return out
}

// appendBlock appends the header of a block.
func appendBlock(out []byte, kind, size int, last bool) []byte {
	h := uint32(size)<<3 | uint32(kind)<<1
	if last {
		h |= 1
	}
	return append(out, byte(h), byte(h>>8), byte(h>>16))
}

// appendCoded appends a block with b in a code that is known beforehand: finding one for b takes several times as long. The
// block carries the code, as zstd has it. ok is false where that is no shorter than b.
func appendCoded(out, b []byte, c *code, last bool) (_ []byte, ok bool) {
	if len(b) > maxCoded {
		return out, false
	}
	s := c.scratch.Get().(*huff0.Scratch)
	defer c.scratch.Put(s)
	stream, _, err := huff0.Compress1X(b, s)
	defer func() { clear(s.Out) }()
	const literals, sequences = 3, 1
	packed := len(c.known().OutTable) + len(stream)
	if err != nil || literals+packed+sequences >= len(b) {
		return out, false
	}
	out = appendBlock(out, blockCoded, literals+packed+sequences, last)
	h := uint32(blockCoded) | uint32(len(b))<<4 | uint32(packed)<<14 // Huffman-coded, in one stream
	out = append(append(append(out, byte(h), byte(h>>8), byte(h>>16)), c.known().OutTable...), stream...)
	return append(out, 0), true // no sequences: nothing is repeated
}

// code is a Huffman code for bytes that are alike everywhere. What is written in it carries it along: it may change.
type code struct {
	known   func() *huff0.Scratch
	scratch sync.Pool
}

// newCode returns the code for what sample returns. Every byte has a place in it.
func newCode(sample func() []byte) code {
	known := sync.OnceValue(func() *huff0.Scratch {
		seen := sample()
		for b := range 256 {
			seen = append(seen, byte(b))
		}
		s := &huff0.Scratch{}
		if _, _, err := huff0.Compress1X(seen, s); err != nil {
			panic("envelope: " + err.Error()) // samples are constant
		}
		return s
	})
	return code{known: known, scratch: sync.Pool{New: func() any {
		s := &huff0.Scratch{Reuse: huff0.ReusePolicyMust}
		s.TransferCTable(known())
		return s
	}}}
}

// uppers is the code of a vector's upper bytes: of components as they are in vectors of unit length, from models that spread
// over all dimensions and from hashed words, which leave most of them empty.
var uppers = newCode(func() []byte {
	var seen []byte
	for b := -128; b < 128; b++ {
		n := 400*share(b, .0427) + 100*share(b, .1)
		if b == 0 {
			n += 350
		}
		seen = append(seen, bytes.Repeat([]byte{byte(b)}, int(20*n))...)
	}
	return seen
})

// share returns how many of normally distributed components, of that deviation, have b as the upper of two bytes.
func share(b int, deviation float64) float64 {
	at := func(b int) float64 { return math.Erf(float64(b) * 256 / math.MaxInt16 / deviation / math.Sqrt2) }
	return (at(b+1) - at(b)) / 2
}

// prose is the code of a note in a Latin script, with what is kept beside it.
var prose = newCode(func() []byte { return bytes.Repeat([]byte(proseSample), 20) })

const proseSample = `We decided on Tuesday that the release branch is cut on the first of each month, and that nobody merges into it without
a second review. Ada prefers short answers with an example; she works on the parser, mostly in the mornings. The staging
database runs PostgreSQL 15 on port 5433: run "make migrate" before the tests, otherwise they fail with a timeout. Don't use
the old API (v1) any more, it will be switched off in March 2026. What worked well last time: small commits, one idea each.
I like hiking, and my sister's daughter Mia has just turned 7! Is there a way to see how much memory it takes? Yes, look at
the dashboard, or ask for the status. Die Sitzung findet jeden zweiten Freitag um 14 Uhr statt; c'est noté dans l'agenda.
{"a":{"k":"decision","p":"garden","u":"ada"},"s":118475092660217643,"d":"0193f4a2-5b7c-7d18-9e30-c6f42a81b5d7"}`
