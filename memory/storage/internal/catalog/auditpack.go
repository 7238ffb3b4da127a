package catalog

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// Packed audit entries
//
// An entry as a row takes some 130 bytes, of which a tenth is not what the entries around it say too. So in idle time the
// writer packs older entries, auditBlock at a time, into a row of audit_packed. Of their macs
// it keeps the last: the others follow from the entry before and the key, and whoever reads the block in the chain makes
// them on the way, so that an entry that was changed there breaks it as it would in its own row.

const (
	auditBlock = 256       // entries in a block at most; half as many of the newest stay rows, which most are read of that are read singly
	auditPlain = 512 << 10 // bytes of a block before it is packed, beyond which it ends
	// maxAuditPlain bounds what a block may unpack to: one entry more than auditPlain, whatever its reason says.
	maxAuditPlain = 64 << 20
)

// auditForm is the form of a block, its first byte. A zstd frame follows; in it stand the number of entries, the table of
// texts, each once with its length in front, and column by column what the entries hold: times as the distance from the one
// before, generations, scopes, places in the table for action, user, client, session, rules and reason, which entries
// have a subject, and the subjects, their n-th bytes together.
const auditForm = 1

var (
	auditEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithSingleSegment(true))
		if err != nil {
			panic(err) // the options are constant
		}
		return e
	})
	auditDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxAuditPlain))
		if err != nil {
			panic(err) // the options are constant
		}
		return d
	})
)

// logged is an entry as it stands.
type logged struct {
	AuditEntry
	rules      []byte
	generation uint32
	mac        []byte // nil for one of a block
}

const subjectSize = 16

// size is what the entry takes as a row.
func (e *logged) size() int {
	n := 40 + len(e.Action) + len(e.User) + len(e.Client) + len(e.Session) + len(e.rules) + len(e.Reason) + sha256.Size
	if e.Subject != "" {
		n += subjectSize
	}
	return n
}

// packAudit returns the block of entries.
func packAudit(entries []logged) ([]byte, error) {
	var table, columns []byte
	places := map[string]uint64{}
	place := func(s string) uint64 {
		at, ok := places[s]
		if !ok {
			at = uint64(len(places))
			places[s] = at
			table = binary.AppendUvarint(table, uint64(len(s)))
			table = append(table, s...)
		}
		return at
	}
	was := int64(0)
	for i := range entries {
		at := entries[i].At.UnixMicro()
		columns = binary.AppendVarint(columns, at-was)
		was = at
	}
	for i := range entries {
		columns = binary.AppendUvarint(columns, uint64(entries[i].generation))
	}
	for i := range entries {
		columns = append(columns, byte(entries[i].From), byte(entries[i].To))
	}
	for _, text := range []func(*logged) string{
		func(e *logged) string { return e.Action }, func(e *logged) string { return e.User }, func(e *logged) string { return e.Client },
		func(e *logged) string { return e.Session }, func(e *logged) string { return string(e.rules) }, func(e *logged) string { return e.Reason },
	} {
		for i := range entries {
			columns = binary.AppendUvarint(columns, place(text(&entries[i])))
		}
	}
	var subjects []byte
	for i := range entries {
		if entries[i].Subject == "" {
			columns = append(columns, 0)
			continue
		}
		id, err := idBytes(entries[i].Subject)
		if err != nil {
			return nil, err
		}
		columns = append(columns, 1)
		subjects = append(subjects, id...)
	}
	plain := binary.AppendUvarint(nil, uint64(len(entries)))
	plain = binary.AppendUvarint(plain, uint64(len(places)))
	plain = append(append(plain, table...), columns...)
	for b := range subjectSize {
		for i := b; i < len(subjects); i += subjectSize {
			plain = append(plain, subjects[i])
		}
	}
	return auditEncoder().EncodeAll(plain, []byte{auditForm}), nil
}

// errBlock reports bytes that packAudit did not write.
var errBlock = errors.New("malformed block of the audit log")

// unpackAudit returns the entries of a block whose last entry is numbered last, without their macs.
func unpackAudit(block []byte, last int64) ([]logged, error) {
	if len(block) == 0 || block[0] != auditForm {
		return nil, errBlock
	}
	plain, err := auditDecoder().DecodeAll(block[1:], nil)
	if err != nil {
		return nil, errBlock
	}
	r := &blockReader{b: plain}
	n := r.count(len(plain))
	texts := make([]string, r.count(len(plain)))
	for i := range texts {
		texts[i] = string(r.take(r.count(len(plain))))
	}
	entries := make([]logged, n)
	at := int64(0)
	for i := range entries {
		at += r.varint()
		entries[i].Seq, entries[i].At = last-int64(n-1-i), time.UnixMicro(at).UTC()
	}
	for i := range entries {
		entries[i].generation = uint32(r.uvarint())
	}
	for i := range entries {
		if b := r.take(2); len(b) == 2 {
			entries[i].From, entries[i].To = scope.Scope(b[0]), scope.Scope(b[1])
		}
	}
	text := func() string {
		at := r.uvarint()
		if at >= uint64(len(texts)) {
			r.bad = true
			return ""
		}
		return texts[at]
	}
	for _, set := range []func(e *logged){
		func(e *logged) { e.Action = text() }, func(e *logged) { e.User = text() }, func(e *logged) { e.Client = text() },
		func(e *logged) { e.Session = text() }, func(e *logged) { e.rules = []byte(text()) }, func(e *logged) { e.Reason = text() },
	} {
		for i := range entries {
			set(&entries[i])
		}
	}
	named := 0
	there := bytes.Clone(r.take(n))
	for _, b := range there {
		named += int(b & 1)
	}
	subjects, k := r.take(named*subjectSize), 0
	if r.bad || len(r.b) > 0 {
		return nil, errBlock
	}
	for i := range entries {
		e := &entries[i]
		if there[i]&1 != 0 {
			var id [subjectSize]byte
			for b := range id {
				id[b] = subjects[b*named+k]
			}
			k++
			e.Subject = idOf(id[:])
		}
		if err := e.readRules(); err != nil {
			return nil, errBlock
		}
	}
	return entries, nil
}

// readRules parses what stands in the log.
func (e *logged) readRules() error {
	if err := json.Unmarshal(e.rules, &e.Rules); err != nil {
		return err
	}
	if len(e.Rules) == 0 {
		e.Rules = nil
	}
	return nil
}

// blockReader reads what packAudit wrote; bad says that something did not fit.
type blockReader struct {
	b   []byte
	bad bool
}

func (r *blockReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *blockReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads a number of things, each of which takes a byte at the least of most.
func (r *blockReader) count(most int) int {
	v := r.uvarint()
	if v > uint64(most) {
		r.bad = true
		return 0
	}
	return int(v)
}

func (r *blockReader) take(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// packs reports whether there is a block to pack.
func (w *writer) packs() bool {
	block := int64(w.db.opts.auditBlock())
	return w.chain.seq-w.packed >= block+block/2 && !w.unsound
}

func (o *Options) auditBlock() int { return cmp.Or(o.AuditBlock, auditBlock) }

// packStep packs the next block of older entries. Like a merge it changes nothing that anybody was promised.
func (w *writer) packStep() error {
	entries, err := w.oldest(w.packed)
	if err != nil {
		return err
	}
	if w.unsound = len(entries) == 0; w.unsound {
		return nil // until the next start: it is for the checker to see as it is
	}
	block, err := packAudit(entries)
	if err != nil {
		return err
	}
	size := 0
	for i := range entries {
		size += entries[i].size()
	}
	last := &entries[len(entries)-1]
	return w.unsynced("pack audit", func() error {
		if err := w.exec("pack audit", "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		err := w.exec("pack audit", `INSERT INTO audit_packed (last, n, size, mac, block) VALUES (?, ?, ?, ?, ?)`, last.Seq, len(entries), size, last.mac, block)
		if err == nil {
			err = w.exec("pack audit", `DELETE FROM audit WHERE seq <= ?`, last.Seq)
		}
		if err == nil {
			w.db.step("sqlite-audit")
			err = w.exec("pack audit", "COMMIT")
		}
		if err != nil {
			w.rollback()
			return err
		}
		w.packed = last.Seq
		return nil
	})
}

// auditKey returns the key of a generation of the chain.
func (d *DB) auditKey(generation uint32) (security.Secret, error) {
	switch {
	case generation == d.opts.AuditGeneration:
		return d.opts.AuditKey, nil
	case d.opts.AuditKeyOf != nil:
		return d.opts.AuditKeyOf(generation)
	}
	return security.Secret{}, security.ErrGeneration
}

// AuditSaved returns how many bytes more the packed entries of the audit log would take as rows.
func (v *View) AuditSaved(ctx context.Context) (n int64, err error) {
	_, err = v.row(ctx, "read audit", `SELECT coalesce(sum(size - length(block) - length(mac)), 0) FROM audit_packed`, nil, &n)
	return n, err
}

// oldest reads the entries for the next block, which comes after the entry numbered packed; none where they do not follow each other.
// An entry is packed with its neighbours only if it is sound: a fault that stands in a row is named by that row.
func (w *writer) oldest(packed int64) ([]logged, error) {
	at, err := macOf(w.base, w.conn, packed)
	if err != nil {
		return nil, err
	}
	rows, err := w.conn.QueryContext(w.base, `SELECT 0, `+auditColumns+` FROM audit WHERE seq > ?1 AND seq <= ?1 + ?2 ORDER BY seq`, packed, w.db.opts.auditBlock())
	if err != nil {
		return nil, wrap("pack audit", err)
	}
	defer rows.Close()
	var all []logged
	for plain := 0; rows.Next(); {
		e, _, err := scanAudit(rows)
		if err != nil {
			return nil, err
		}
		if plain += e.size(); plain > auditPlain && len(all) > 0 {
			break
		}
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap("pack audit", err)
	}
	for i := range all {
		e := &all[i]
		key, err := w.db.auditKey(e.generation)
		if err != nil {
			return nil, nil //nolint:nilerr // it cannot be told whether it is sound
		}
		if at = at.next(key, e.generation, &e.Audit, e.rules); e.Seq != at.seq || !hmac.Equal(e.mac, at.mac[:]) {
			return nil, nil
		}
	}
	return all, nil
}
