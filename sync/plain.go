package sync

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	stdsync "sync"

	"github.com/klauspost/compress/zstd"

	"github.com/elderzan/elderzan/memory"
)

// Plain is the Sealer of GLOBAL: it packs and does not hide, since everybody on the cloud may read GLOBAL anyway.
// A record names its row and binds the versions before it.
type Plain struct{}

var _ Sealer = Plain{}

const (
	plainMagic  = "EZG1"
	plainHeader = 4 + 16 + 8 + 32 // magic, row, version, hash of the version before
	plainMax    = 1 << 20         // of a record, packed or not
	plainLast   = 1 << 62         // version that one may have; databases have no larger number, and there is one behind it
)

type plainBody struct {
	Deleted bool     `json:"x,omitempty"`
	Text    string   `json:"t,omitempty"`
	Title   string   `json:"h,omitempty"`
	Tags    []string `json:"g,omitempty"`
	Meta    []byte   `json:"m"`
	Vector  []byte   `json:"e,omitempty"`
	Space   string   `json:"s,omitempty"`
}

var (
	packer = stdsync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // the options are constant
		}
		return e
	})
	unpacker = stdsync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(plainMax))
		if err != nil {
			panic(err) // the options are constant
		}
		return d
	})
)

// Seal implements Sealer.
func (Plain) Seal(id memory.ID, seen State, p Payload) ([]byte, State, error) {
	row, err := rowID(id)
	if err != nil {
		return nil, State{}, err
	}
	b, err := json.Marshal(plainBody{Deleted: p.Deleted, Text: p.Text, Title: p.Title, Tags: p.Tags, Meta: p.Meta, Vector: packVector(p.Vector), Space: p.Space})
	if err != nil {
		return nil, State{}, fmt.Errorf("sync: encode: %w", err)
	}
	out := append(make([]byte, 0, plainHeader+len(b)/2), plainMagic...)
	out = append(out, row[:]...)
	out = binary.BigEndian.AppendUint64(out, seen.Version+1)
	out = append(out, seen.Hash[:]...)
	out = packer().EncodeAll(b, out)
	if len(out) > plainMax {
		return nil, State{}, fmt.Errorf("%w: too large", ErrContent)
	}
	return out, State{Version: seen.Version + 1, Hash: sha256.Sum256(out)}, nil
}

// Open implements Sealer.
func (Plain) Open(id memory.ID, record []byte, seen State) (Payload, State, error) {
	row, err := rowID(id)
	if err != nil {
		return Payload{}, State{}, err
	}
	if len(record) < plainHeader || len(record) > plainMax || string(record[:4]) != plainMagic {
		return Payload{}, State{}, fmt.Errorf("%w: not a record of GLOBAL", ErrContent)
	}
	next := State{Version: binary.BigEndian.Uint64(record[20:28]), Hash: sha256.Sum256(record)}
	switch {
	case next.Version == 0 || next.Version > plainLast:
		return Payload{}, State{}, fmt.Errorf("%w: its version is no number of one", ErrContent)
	case !bytes.Equal(record[4:20], row[:]):
		return Payload{}, State{}, fmt.Errorf("%w: it belongs to another row: the server exchanged it", ErrContent)
	case next.Version < seen.Version:
		return Payload{}, State{}, fmt.Errorf("%w: version %d after %d: the server replays the past", ErrContent, next.Version, seen.Version)
	case next.Version == seen.Version && next.Hash != seen.Hash,
		seen.Version > 0 && next.Version == seen.Version+1 && !bytes.Equal(record[28:60], seen.Hash[:]):
		return Payload{}, State{}, fmt.Errorf("%w: the server shows two histories", ErrContent)
	}
	raw, err := unpacker().DecodeAll(record[plainHeader:], nil)
	if err != nil {
		return Payload{}, State{}, fmt.Errorf("%w: %w", ErrContent, err)
	}
	var b plainBody
	if err := json.Unmarshal(raw, &b); err != nil {
		return Payload{}, State{}, fmt.Errorf("%w: %w", ErrContent, err)
	}
	v, err := unpackVector(b.Vector)
	if err != nil {
		return Payload{}, State{}, fmt.Errorf("%w: %w", ErrContent, err)
	}
	return Payload{Deleted: b.Deleted, Text: b.Text, Title: b.Title, Tags: b.Tags, Meta: b.Meta, Vector: v, Space: b.Space}, next, nil
}

func packVector(v []float32) []byte {
	out := make([]byte, 0, 4*len(v))
	for _, f := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
	}
	return out
}

func unpackVector(b []byte) ([]float32, error) {
	if len(b)%4 != 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if len(b) == 0 {
		return nil, nil
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out, nil
}
