package storage

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/vmihailenco/msgpack/v5"
	"golang.org/x/text/unicode/norm"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/security"
)

// errDecode reports bytes that are not what the codec wrote.
var errDecode = errors.New("malformed value")

// Forms of a body; the first byte.
const (
	bodyPlain  = 1 // MessagePack follows
	bodyPacked = 2 // the same, as one zstd frame
	bodyShort  = 3 // the same, as a Brotli stream: it comes with words of its own, which are half of a short text
	bodyWords  = 4 // texts in words (wordcode.go)
)

// Packing an archived body is not tried below packMin bytes; from packShort on zstd does nearly as well as Brotli, in far less time. What
// takes less than one part in packWell in words is not tried otherwise.
const (
	packMin   = 16
	packShort = 4 << 10
	packWell  = 2
)

// maxBody bounds what a packed body may unpack to: every limit of a memory together, and room for names.
const maxBody = 1 << 20

// body is what of a memory the catalogue does not look into.
type body struct {
	Content  string   `msgpack:"c"`
	Title    string   `msgpack:"t,omitempty"`
	Tags     []string `msgpack:"g,omitempty"`
	Metadata []byte   `msgpack:"m,omitempty"` // JSON, so that numbers come back as JSON's
	Rules    []string `msgpack:"r,omitempty"`
}

var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithEncoderLevel(zstd.SpeedBestCompression),
			zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true)) // the record has a checksum of its own
		if err != nil {
			panic(err) // the options are constant
		}
		return e
	})
	zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBody))
		if err != nil {
			panic(err) // the options are constant
		}
		return d
	})
	brotliWriters = sync.Pool{New: func() any {
		return brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 12})
	}}
	brotliReaders = sync.Pool{New: func() any { return brotli.NewReader(nil) }}
)

// encodeBody returns the body of m, the same bytes for the same content.
func encodeBody(m *memory.Memory) ([]byte, error) {
	b := body{Content: m.Content, Title: m.Title, Tags: m.Tags, Rules: m.Rules}
	if len(m.Metadata) > 0 {
		var err error
		if b.Metadata, err = json.Marshal(m.Metadata); err != nil {
			return nil, &memory.InputError{Field: "metadata", Problem: "cannot be written as JSON"}
		}
	}
	return b.encode()
}

// encode returns the form bodyPlain.
func (b *body) encode() ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, len(b.Content)+64))
	out.WriteByte(bodyPlain)
	if err := msgpack.NewEncoder(out).Encode(b); err != nil {
		return nil, fmt.Errorf("encode memory: %w", err)
	}
	return out.Bytes(), nil
}

// packBody shortens an encoded body where that helps.
func packBody(plain []byte) []byte {
	switch {
	case len(plain) < packMin:
		return plain
	case len(plain) < packShort:
		if packed := packShortBody(plain); len(packed) < len(plain) {
			return packed
		}
		return plain
	}
	packed := zstdEncoder().EncodeAll(plain[1:], []byte{bodyPacked})
	if len(packed) >= len(plain)-len(plain)/8 {
		return plain
	}
	return packed
}

// packShortBody packs a short body by whichever does best. It is no shorter than plain where nothing does.
func packShortBody(plain []byte) []byte {
	words := wordBody(plain)
	if words != nil && len(words) < len(plain)/packWell {
		return words
	}
	out := bytes.NewBuffer(make([]byte, 0, len(plain)))
	out.WriteByte(bodyShort)
	w := brotliWriters.Get().(*brotli.Writer)
	defer brotliWriters.Put(w)
	w.Reset(out)
	_, err := w.Write(plain[1:])
	if err = errors.Join(err, w.Close()); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	if words != nil && len(words) < out.Len() {
		return words
	}
	return out.Bytes()
}

func unpackShortBody(b []byte) ([]byte, error) {
	r := brotliReaders.Get().(*brotli.Reader)
	defer brotliReaders.Put(r)
	if err := r.Reset(bytes.NewReader(b)); err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(make([]byte, 0, 3*len(b)))
	out.WriteByte(bodyPlain)
	_, err := out.ReadFrom(io.LimitReader(r, packShort+1))
	return out.Bytes(), err
}

// decodeBody reads what encodeBody or packBody wrote into m.
func decodeBody(b []byte, m *memory.Memory) error {
	plain, err := unpackBody(b)
	if err != nil {
		return err
	}
	var d body
	if err := msgpack.Unmarshal(plain[1:], &d); err != nil {
		return fmt.Errorf("%w: body", errDecode)
	}
	m.Content, m.Title, m.Tags, m.Rules, m.Metadata = d.Content, d.Title, d.Tags, d.Rules, nil
	if len(d.Metadata) > 0 {
		if err := json.Unmarshal(d.Metadata, &m.Metadata); err != nil {
			return fmt.Errorf("%w: metadata", errDecode)
		}
	}
	return nil
}

// unpackBody returns the form bodyPlain of b.
func unpackBody(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: empty body", errDecode)
	}
	switch b[0] {
	case bodyPlain:
		return b, nil
	case bodyPacked:
		plain, err := zstdDecoder().DecodeAll(b[1:], []byte{bodyPlain})
		if err != nil || len(plain) > maxBody {
			return nil, fmt.Errorf("%w: packed body", errDecode)
		}
		return plain, nil
	case bodyShort:
		plain, err := unpackShortBody(b[1:])
		if err != nil || len(plain) > packShort {
			return nil, fmt.Errorf("%w: packed body", errDecode)
		}
		return plain, nil
	case bodyWords:
		plain, err := unpackWordBody(b[1:])
		if err != nil {
			return nil, fmt.Errorf("%w: packed body", errDecode)
		}
		return plain, nil
	}
	return nil, fmt.Errorf("%w: form %d of a body is unknown", errDecode, b[0])
}

// words are what a memory that is not sealed shows to the full-text table.
func (l *lex) words() *catalog.Words {
	return &catalog.Words{
		Content: strings.Join(l.terms.Body, " "), Title: strings.Join(l.terms.Title, " "),
		Labels: strings.Join(l.terms.Labels, " "), Tags: l.tags,
	}
}

// hashContent is the keyed hash by which the same text in the same project is known again: space at the ends and its
// kind do not count, nor do the ways Unicode writes one character.
func (s *Store) hashContent(project, content string) []byte {
	return hashUnder(s.hashKey, project, content)
}

func hashUnder(key security.Secret, project, content string) []byte {
	h := hmac.New(sha256.New, key.Bytes())
	h.Write(binary.AppendUvarint(nil, uint64(len(project))))
	h.Write([]byte(project))
	h.Write([]byte(strings.Join(strings.Fields(norm.NFC.String(content)), " ")))
	return h.Sum(nil)[:catalog.SumSize]
}
