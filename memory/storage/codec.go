package storage

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/vmihailenco/msgpack/v5"
	"golang.org/x/text/unicode/norm"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/security"
)

// errDecode reports bytes that are not what the codec wrote.
var errDecode = errors.New("malformed value")

// Forms of a body; the first byte.
const (
	bodyPlain  = 1 // MessagePack follows
	bodyPacked = 2 // the same, as one zstd frame
)

// packMin is the length below which packing an archived body saves less than it costs.
const packMin = 256

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
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
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
	out := bytes.NewBuffer(make([]byte, 0, len(m.Content)+64))
	out.WriteByte(bodyPlain)
	if err := msgpack.NewEncoder(out).Encode(&b); err != nil {
		return nil, fmt.Errorf("encode memory: %w", err)
	}
	return out.Bytes(), nil
}

// packBody shortens an encoded body where that helps.
func packBody(plain []byte) []byte {
	if len(plain) < packMin {
		return plain
	}
	packed := zstdEncoder().EncodeAll(plain[1:], []byte{bodyPacked})
	if len(packed) >= len(plain)-len(plain)/8 {
		return plain
	}
	return packed
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
	}
	return nil, fmt.Errorf("%w: form %d of a body is unknown", errDecode, b[0])
}

// lexFormat is the first byte of encoded terms.
const lexFormat = 1

// lex is what the inverted index needs of a memory beside its columns.
type lex struct {
	terms inverted.Terms
	tags  []string
}

// encode writes, after the format, a flag for a turn and the four lists, each with its length, each string with its.
func (l *lex) encode() []byte {
	lists := [][]string{l.terms.Body, l.terms.Title, l.terms.Labels, l.tags}
	n := 2
	for _, list := range lists {
		n += binary.MaxVarintLen32
		for _, s := range list {
			n += len(s) + 1
		}
	}
	out := append(make([]byte, 0, n), lexFormat, 0)
	if l.terms.Turn {
		out[1] = 1
	}
	for _, list := range lists {
		out = binary.AppendUvarint(out, uint64(len(list)))
		for _, s := range list {
			out = binary.AppendUvarint(out, uint64(len(s)))
			out = append(out, s...)
		}
	}
	return out
}

// decodeLex reads what encode wrote. The strings share one copy of b.
func decodeLex(b []byte) (lex, error) {
	var l lex
	if len(b) < 2 || b[0] != lexFormat || b[1] > 1 {
		return l, fmt.Errorf("%w: terms", errDecode)
	}
	l.terms.Turn = b[1] == 1
	rest := string(b[2:])
	for _, list := range []*[]string{&l.terms.Body, &l.terms.Title, &l.terms.Labels, &l.tags} {
		var err error
		if *list, rest, err = decodeList(rest); err != nil {
			return lex{}, err
		}
	}
	if rest != "" {
		return lex{}, fmt.Errorf("%w: terms", errDecode)
	}
	return l, nil
}

func decodeList(s string) (list []string, rest string, err error) {
	n, s, ok := cutUvarint(s)
	if !ok || n > uint64(len(s)) { // each string takes a byte at least
		return nil, "", fmt.Errorf("%w: terms", errDecode)
	}
	if n > 0 {
		list = make([]string, n)
	}
	for i := range list {
		var size uint64
		if size, s, ok = cutUvarint(s); !ok || size > uint64(len(s)) {
			return nil, "", fmt.Errorf("%w: terms", errDecode)
		}
		list[i], s = s[:size], s[size:]
	}
	return list, s, nil
}

func cutUvarint(s string) (n uint64, rest string, ok bool) {
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return n, s[i+1:], true
		}
	}
	return 0, "", false
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
