package kv

import (
	"fmt"

	"github.com/linxGnu/grocksdb"

	"github.com/elderzan/elderzan/security"
)

// Batch collects changes that Write applies together or not at all, in the order they were added. It may be used
// again after Reset. A Batch is not safe for concurrent use.
type Batch struct {
	ops   []op
	bytes int
}

type op struct {
	kind  opKind
	class security.Class
	f     Family
	key   []byte
	value []byte
}

type opKind uint8

const (
	opPut opKind = iota
	opDelete
	opDeletePrefix
)

// NewBatch returns an empty batch.
func NewBatch() *Batch { return &Batch{} }

// Put sets the value at key in f (1 to MaxKey bytes, MaxValue for the value), sealed under the store's key. The batch keeps key and value: the caller must not
// change them before Write. A nil value is an empty one.
func (b *Batch) Put(f Family, key, value []byte) {
	b.add(op{kind: opPut, class: security.ClassStore, f: f, key: key, value: value})
}

// PutPrivate is Put under the key of PRIVATE memories.
func (b *Batch) PutPrivate(f Family, key, value []byte) {
	b.add(op{kind: opPut, class: security.ClassPrivate, f: f, key: key, value: value})
}

// PutClass is Put under the key of the class c.
func (b *Batch) PutClass(f Family, key, value []byte, c security.Class) {
	b.add(op{kind: opPut, class: c, f: f, key: key, value: value})
}

// Delete removes the value at key in f; it is no error if there is none.
func (b *Batch) Delete(f Family, key []byte) { b.add(op{kind: opDelete, f: f, key: key}) }

// DeletePrefix removes every value of f whose key starts with prefix; an empty prefix empties the family.
func (b *Batch) DeletePrefix(f Family, prefix []byte) {
	b.add(op{kind: opDeletePrefix, f: f, key: prefix})
}

func (b *Batch) add(o op) {
	b.ops = append(b.ops, o)
	b.bytes += len(o.key) + len(o.value)
}

// Len returns how many changes the batch holds.
func (b *Batch) Len() int { return len(b.ops) }

// Bytes returns the length of the batch's keys and values together, before packing and sealing.
func (b *Batch) Bytes() int { return b.bytes }

// Reset empties the batch for another use.
func (b *Batch) Reset() {
	clear(b.ops)
	b.ops, b.bytes = b.ops[:0], 0
}

// NewBatch returns an empty batch.
func (d *DB) NewBatch() *Batch { return NewBatch() }

// Write applies the batch: all of it or, with an error, nothing. With sync it returns after fdatasync, so that the
// batch and all before it survive a power cut; without, they survive the end of the process. An empty batch does
// nothing. After an I/O error with sync it is not known whether the batch is on disk: reopen the database to see.
func (d *DB) Write(b *Batch, sync bool) error {
	if b.Len() == 0 {
		return nil
	}
	name, opts := OpWrite, d.lazy
	if sync {
		name, opts = OpSync, d.synced
	}
	end, err := d.begin(name)
	if err != nil {
		return err
	}
	defer end()
	d.writing.RLock()
	defer d.writing.RUnlock()
	return d.write(b, opts)
}

func (d *DB) write(b *Batch, opts *grocksdb.WriteOptions) error {
	wb := grocksdb.NewWriteBatch()
	defer wb.Destroy()
	for _, o := range b.ops {
		if err := d.apply(wb, o); err != nil {
			return err
		}
	}
	if d.broken.Load() {
		return errBroken
	}
	return d.wrote("write", d.db.Write(opts, wb))
}

func (d *DB) apply(wb *grocksdb.WriteBatch, o op) error {
	if len(o.key) > MaxKey || len(o.value) > MaxValue || len(o.key) == 0 && o.kind != opDeletePrefix {
		return fmt.Errorf("%w: key of %d bytes, value of %d; the limits are %d and %d", ErrSize, len(o.key), len(o.value), MaxKey, MaxValue)
	}
	switch h := d.handle(o.f); o.kind {
	case opPut:
		sealed, err := d.keys.Load().seal(o.f, o.key, o.value, o.class)
		if err != nil {
			return fmt.Errorf("kv: seal value for %s/%x: %w", o.f, o.key, err)
		}
		wb.PutCF(h, o.key, sealed)
	case opDelete:
		wb.DeleteCF(h, o.key)
	case opDeletePrefix:
		deletePrefix(wb, h, o.key)
	}
	return nil
}

// deletePrefix covers the keys of prefix by one range tombstone.
func deletePrefix(wb *grocksdb.WriteBatch, h *grocksdb.ColumnFamilyHandle, prefix []byte) {
	end := successor(prefix)
	if end == nil {
		// No key is greater than all that start with 0xff…: end past the longest key there can be.
		end = make([]byte, MaxKey+1)
		for i := range end {
			end[i] = 0xff
		}
	}
	wb.DeleteRangeCF(h, prefix, end)
}

// successor returns the least key that is greater than every key starting with prefix, or nil if there is none.
func successor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			out := append([]byte(nil), prefix[:i+1]...)
			out[i]++
			return out
		}
	}
	return nil
}

// Sync makes everything written so far survive a power cut.
func (d *DB) Sync() error {
	end, err := d.begin(OpSync)
	if err != nil {
		return err
	}
	defer end()
	if d.broken.Load() {
		return errBroken
	}
	return d.wrote("sync the log", d.db.FlushWAL(true))
}
