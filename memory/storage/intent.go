package storage

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/security"
)

// txID names a distributed transaction. Ids rise in the order of their preparation (UUIDv7).
type txID [16]byte

func newTxID() (txID, error) {
	u, err := uuid.NewV7()
	return txID(u), err
}

// intent says what a transaction is going to do to the vectors in RocksDB. It stands at the transaction's id in the
// family Intents; the value of its n-th operation, where that is a put, at id ‖ n.
type intent struct {
	id  txID
	ops []intentOp
}

// intentOp puts or deletes one vector's bytes.
type intentOp struct {
	key   []byte         // in the family Vectors
	class security.Class // of the key that seals the value; 0 for a deletion
	value []byte         // nil for a deletion, and in an intent read back from disk
}

// Bounds of what decodeIntent believes.
const (
	intentFormat = 1
	maxIntentOps = 1 << 20
	maxVectorKey = 8 + 255
)

// encode writes format, number of operations, and for each its class (0 for a deletion), the key's length and the key.
func (in *intent) encode() []byte {
	b := binary.AppendUvarint([]byte{intentFormat}, uint64(len(in.ops)))
	for _, op := range in.ops {
		b = append(b, byte(op.class))
		b = binary.AppendUvarint(b, uint64(len(op.key)))
		b = append(b, op.key...)
	}
	return b
}

// decodeIntent reads what encode wrote.
func decodeIntent(id txID, b []byte) (*intent, error) {
	if len(b) == 0 || b[0] != intentFormat {
		return nil, fmt.Errorf("%w: intent", errDecode)
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 || n > maxIntentOps {
		return nil, fmt.Errorf("%w: intent", errDecode)
	}
	b = b[1+size:]
	in := &intent{id: id}
	for range n {
		if len(b) == 0 || b[0] > byte(security.ClassPrivate) {
			return nil, fmt.Errorf("%w: intent", errDecode)
		}
		class := security.Class(b[0])
		length, size := binary.Uvarint(b[1:])
		if size <= 0 || length > maxVectorKey || length > uint64(len(b)-1-size) {
			return nil, fmt.Errorf("%w: intent", errDecode)
		}
		b = b[1+size:]
		in.ops = append(in.ops, intentOp{key: b[:length:length], class: class})
		b = b[length:]
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: intent", errDecode)
	}
	return in, nil
}

func (in *intent) valueKey(n int) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, len(in.id)+4), in.id[:]...), uint32(n))
}

// prepare adds the intent and its values to a batch.
func (in *intent) prepare(b *kv.Batch) {
	b.Put(kv.Intents, in.id[:], in.encode())
	for n, op := range in.ops {
		if op.class != 0 {
			b.PutClass(kv.Intents, in.valueKey(n), op.value, op.class)
		}
	}
}

// drop adds the removal of the intent and its values to a batch.
func (in *intent) drop(b *kv.Batch) {
	b.Delete(kv.Intents, in.id[:])
	for n, op := range in.ops {
		if op.class != 0 {
			b.Delete(kv.Intents, in.valueKey(n))
		}
	}
}

// finish adds the operations themselves, and the removal of the intent, to a batch. Every put must have its value.
func (in *intent) finish(b *kv.Batch) {
	for _, op := range in.ops {
		if op.class == 0 {
			b.Delete(kv.Vectors, op.key)
		} else {
			b.PutClass(kv.Vectors, op.key, op.value, op.class)
		}
	}
	in.drop(b)
}

// vectorKey is where the bytes of a vector stand in the family Vectors.
func vectorKey(row int64, space string) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(space)), uint64(row)), space...)
}

// parseVectorKey reads what vectorKey wrote.
func parseVectorKey(key []byte) (row int64, space string, ok bool) {
	if len(key) < 8 {
		return 0, "", false
	}
	return int64(binary.BigEndian.Uint64(key)), string(key[8:]), true
}
