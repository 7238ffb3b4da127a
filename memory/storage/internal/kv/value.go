package kv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/pierrec/lz4/v4"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/elderzan/elderzan/security"
)

// Limits of keys and values.
const (
	MaxKey   = 1 << 10  // bytes
	MaxValue = 64 << 20 // bytes before packing; bounds what a reader allocates for an unpacked value
)

// ErrSize reports a key that is empty or too long, or a value that is too long.
var ErrSize = errors.New("kv: key or value of an impossible size")

// The first byte of a plaintext says how it is packed.
const (
	packNone = 0 // the value follows
	packLZ4  = 1 // the value's length as a uvarint and one LZ4 block follow
)

// packMin is the length below which packing saves less than it costs.
const packMin = 96

var errPacked = errors.New("packed value is malformed")

// pack appends the packed form of value to dst.
func pack(dst, value []byte, try bool) []byte {
	if !try || len(value) < packMin {
		return append(append(dst, packNone), value...)
	}
	start := len(dst)
	dst = append(dst, packLZ4)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	head := len(dst)
	dst = slices.Grow(dst, lz4.CompressBlockBound(len(value)))
	n, err := lz4.CompressBlock(value, dst[head:cap(dst)], nil)
	// Packing must earn its keep on every later read: an eighth at least.
	if err != nil || n == 0 || n > len(value)-len(value)/8 {
		return append(append(dst[:start], packNone), value...)
	}
	return dst[:head+n]
}

// unpack returns the value that pack made p of. The result may share p's memory.
func unpack(p []byte) ([]byte, error) {
	if len(p) == 0 {
		return nil, errPacked
	}
	switch body := p[1:]; p[0] {
	case packNone:
		return body, nil
	case packLZ4:
		size, n := binary.Uvarint(body)
		// LZ4 cannot do better than 255 to 1, so that a short value cannot ask for much memory.
		if n <= 0 || size > MaxValue || size > 255*uint64(len(body)) {
			return nil, errPacked
		}
		out := make([]byte, size)
		got, err := lz4.UncompressBlock(body[n:], out)
		if err != nil || uint64(got) != size {
			return nil, errPacked
		}
		return out, nil
	}
	return nil, errPacked
}

// Keys seal the values. Both are required.
type Keys struct {
	Store   *security.Sealer // of security.ClassStore
	Private *security.Sealer // of security.ClassPrivate
}

// check makes sure that the sealers are of the class their field asks for.
func (k Keys) check() error {
	if k.Store == nil || k.Private == nil || k.Store.Class() != security.ClassStore || k.Private.Class() != security.ClassPrivate {
		return errors.New("kv: options need a sealer for the store's values and one for PRIVATE ones")
	}
	return nil
}

func (k Keys) of(c security.Class) *security.Sealer {
	if c == security.ClassPrivate {
		return k.Private
	}
	return k.Store
}

// place is what a value is bound to; the key's generation stands in the sealed header, which is bound too.
func place(f Family, key []byte) []byte {
	return security.Place([]byte("kv"), []byte(f), key)
}

// seal packs and seals value for its place.
func (k Keys) seal(f Family, key, value []byte, class security.Class) ([]byte, error) {
	plain := pack(make([]byte, 0, len(value)+8), value, f.packs())
	sealed, err := k.of(class).Seal(make([]byte, 0, len(plain)+security.Overhead), plain, place(f, key))
	clear(plain)
	return sealed, err
}

// open returns the value sealed at its place and its class, or a *CorruptError.
func (k Keys) open(f Family, key, sealed []byte) ([]byte, security.Class, error) {
	h, err := security.ParseHeader(sealed)
	if err == nil && h.Class != security.ClassStore && h.Class != security.ClassPrivate {
		err = fmt.Errorf("%w: %s", security.ErrFormat, h.Class)
	}
	var plain, value []byte
	if err == nil {
		plain, err = k.of(h.Class).Open(make([]byte, 0, len(sealed)), sealed, place(f, key))
	}
	if err == nil {
		value, err = unpack(plain)
	}
	if err != nil {
		return nil, 0, &CorruptError{Family: f, Key: slices.Clone(key), Err: err}
	}
	return value, h.Class, nil
}

// PutValue adds v in MessagePack to the batch, sealed under the store's key.
func PutValue[T any](b *Batch, f Family, key []byte, v T) error {
	raw, err := encodeValue(v)
	if err != nil {
		return fmt.Errorf("kv: encode value for %s/%x: %w", f, key, err)
	}
	b.Put(f, key, raw)
	return nil
}

// PutPrivateValue is PutValue under the key of PRIVATE memories.
func PutPrivateValue[T any](b *Batch, f Family, key []byte, v T) error {
	raw, err := encodeValue(v)
	if err != nil {
		return fmt.Errorf("kv: encode value for %s/%x: %w", f, key, err)
	}
	b.PutPrivate(f, key, raw)
	return nil
}

// GetValue reads what PutValue or PutPrivateValue wrote. It returns ErrNotFound, or a *CorruptError for a value
// that does not authenticate or is not MessagePack of a T.
func GetValue[T any](db *DB, f Family, key []byte) (T, error) {
	var v T
	raw, err := db.Get(f, key)
	if err != nil {
		return v, err
	}
	if v, err = DecodeValue[T](raw); err != nil {
		return v, &CorruptError{Family: f, Key: slices.Clone(key), Err: err}
	}
	return v, nil
}

// DecodeValue reads a value handed out by Scan or MultiGet that PutValue wrote.
func DecodeValue[T any](raw []byte) (T, error) {
	var v T
	if err := msgpack.Unmarshal(raw, &v); err != nil {
		return *new(T), fmt.Errorf("not the expected MessagePack: %w", err)
	}
	return v, nil
}

func encodeValue(v any) ([]byte, error) { return msgpack.Marshal(v) }
