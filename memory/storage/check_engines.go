package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
)

// values looks at every value of RocksDB and every entry of the indexes in RAM, while writers go on, and marks the
// rows that seem not to fit the record.
func (c *checker) values(ctx context.Context) error {
	s := c.store
	_, err := s.kv.Check(ctx, func(bad *kv.CorruptError) error {
		if bad.Family == kv.Vectors {
			if row, _, ok := parseVectorKey(bad.Key); ok {
				c.suspects[row] = true
				return nil
			}
		}
		c.add(Finding{Kind: KindValue, Engine: "rocksdb", Detail: fmt.Sprintf("%s/%x does not authenticate", bad.Family, bad.Key),
			key: bad.Key, kv: string(bad.Family)})
		return nil
	})
	if err != nil {
		return kvError("check", err)
	}
	err = s.kv.ScanKeys(kv.Vectors, nil, func(key []byte) error {
		row, space, ok := parseVectorKey(key)
		if !ok {
			c.add(Finding{Kind: KindStray, Engine: "rocksdb", Detail: "a key of no known form", key: slices.Clone(key), kv: string(kv.Vectors)})
		} else if !slices.ContainsFunc(c.refs[row], func(r catalog.VectorRef) bool { return r.Space == space }) {
			c.suspects[row] = true
		}
		return ctx.Err()
	})
	if err != nil {
		return kvError("check", err)
	}
	if err := c.intents(ctx); err != nil {
		return err
	}
	return c.sweep(ctx)
}

// intents reports intents that belong to no transaction of this process. Those of one under way are not looked at: a
// writer may be between preparing and finishing it.
func (c *checker) intents(ctx context.Context) error {
	return c.store.catalog.Exclusive(ctx, func() error {
		c.store.txns.retry()
		held := c.store.txns.held()
		err := c.store.kv.ScanKeys(kv.Intents, nil, func(key []byte) error {
			if len(key) < len(txID{}) || !held[txID(key[:len(txID{})])] {
				c.add(Finding{Kind: KindStray, Engine: "rocksdb", Detail: "an intent that no transaction owns", key: slices.Clone(key), kv: string(kv.Intents)})
			}
			return nil
		})
		return kvError("check", err)
	})
}

// sweep compares every row with the engines once, in batches, and keeps those that do not fit as suspects.
func (c *checker) sweep(ctx context.Context) error {
	s := c.store
	suspect := func(f Finding) { c.suspects[f.Row] = true }
	var rows []int64
	known := map[int64]bool{}
	err := s.catalog.Whole(ctx, func(r *catalog.Record) error {
		rows = append(rows, r.Row)
		known[r.Row] = true
		return nil
	})
	if err != nil {
		return err
	}
	for row := range s.index.All().Rows() {
		if !known[row] {
			c.suspects[row] = true
		}
	}
	for _, row := range append(s.vectors.held(), s.cold.all()...) {
		if !known[row] {
			c.suspects[row] = true
		}
	}
	for len(rows) > 0 {
		n := min(fillBatch, len(rows))
		if err := c.engines(ctx, rows[:n], suspect); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// engines compares what RocksDB, FAISS and the inverted index hold of rows with the record and hands what does not fit
// to report.
func (c *checker) engines(ctx context.Context, rows []int64, report func(Finding)) error {
	records, err := c.store.catalog.WholeByRows(ctx, rows)
	if err != nil {
		return err
	}
	refs, err := c.store.catalog.VectorsByRows(ctx, rows)
	if err != nil {
		return err
	}
	cold, err := c.store.catalog.ColdByRows(ctx, rows)
	if err != nil {
		return err
	}
	archived := map[int64][]catalog.ColdVector{}
	for _, v := range cold {
		archived[v.Row] = append(archived[v.Row], v)
	}
	byRow := map[int64][]catalog.VectorRef{}
	for _, ref := range refs {
		byRow[ref.Row] = append(byRow[ref.Row], ref)
	}
	found := map[int64]*catalog.Record{}
	for i := range records {
		found[records[i].Row] = &records[i]
	}
	for _, row := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := found[row]
		id := memory.ID("")
		if r != nil {
			id = r.Memory.ID
		}
		each := func(f Finding) {
			f.ID, f.Row = id, row
			if f.Severity == 0 {
				f.Severity = Drift
			}
			report(f)
		}
		if err := c.stored(r, row, byRow[row], each); err != nil {
			return err
		}
		c.indexed(row, byRow[row], each)
		c.archived(r, row, archived[row], each)
		c.worded(r, row, each)
	}
	return nil
}

// stored compares RocksDB's vectors of a row with the references on record. r is nil where there is no memory.
func (c *checker) stored(r *catalog.Record, row int64, refs []catalog.VectorRef, report func(Finding)) error {
	s := c.store
	for _, ref := range refs {
		key := vectorKey(ref.Row, ref.Space)
		b, class, err := s.kv.GetClass(kv.Vectors, key)
		switch {
		case errors.Is(err, kv.ErrNotFound):
			report(Finding{Kind: KindVector, Engine: "rocksdb", Detail: "it is missing", ref: ref})
		case errors.Is(err, kv.ErrCorrupt):
			report(Finding{Kind: KindVector, Engine: "rocksdb", Detail: "it does not authenticate", ref: ref})
		case err != nil:
			return kvError("check", err)
		case class != ref.Class || r != nil && class != vectorClass(&r.Memory):
			report(Finding{Kind: KindVector, Engine: "rocksdb", Detail: "it is sealed under the wrong key", ref: ref})
		case !bytesFit(ref, b):
			report(Finding{Kind: KindVector, Engine: "rocksdb", Detail: "its checksum does not fit", ref: ref})
		case r != nil && (ref.Version < r.TextVersion || ref.Version > r.Memory.Version):
			report(Finding{Kind: KindVector, Engine: "rocksdb", Detail: "it is that of another text", ref: ref})
		}
	}
	err := s.kv.ScanKeys(kv.Vectors, vectorKey(row, ""), func(key []byte) error {
		_, space, _ := parseVectorKey(key)
		if !slices.ContainsFunc(refs, func(ref catalog.VectorRef) bool { return ref.Space == space }) {
			report(Finding{Kind: KindStray, Engine: "rocksdb", Detail: "a vector that is not on record", key: slices.Clone(key), kv: string(kv.Vectors)})
		}
		return nil
	})
	return kvError("check", err)
}

func bytesFit(ref catalog.VectorRef, b []byte) bool {
	_, err := checkedVector(ref, b)
	return err == nil
}

// indexed compares the FAISS indexes' vectors of a row with the references on record.
func (c *checker) indexed(row int64, refs []catalog.VectorRef, report func(Finding)) {
	indexes := c.store.vectors.all()
	for _, ref := range refs {
		x := indexes[indexName{ref.Space, ref.Class}]
		if x == nil || !x.Has(row) {
			report(Finding{Kind: KindVectorIndex, Engine: "faiss", Detail: "a vector is missing", ref: ref})
			continue
		}
		if !c.holds(x, ref) {
			report(Finding{Kind: KindVectorIndex, Engine: "faiss", Detail: "a vector is not the one on record", ref: ref})
		}
	}
	for name, x := range indexes {
		if x.Has(row) && !slices.ContainsFunc(refs, func(r catalog.VectorRef) bool { return r.Space == name.space && r.Class == name.class }) {
			report(Finding{Kind: KindVectorIndex, Engine: "faiss", Detail: "a vector that is not on record",
				ref: catalog.VectorRef{Row: row, Space: name.space, Class: name.class}})
		}
	}
}

// archived checks the vectors that a row has in the archive, and what RAM says of them. r is nil where there is no memory.
func (c *checker) archived(r *catalog.Record, row int64, cold []catalog.ColdVector, report func(Finding)) {
	damaged := func(detail string) { report(Finding{Kind: KindArchive, Engine: "sqlite", Detail: detail}) }
	listed := c.store.cold.of(row)
	for i := range cold {
		v := &cold[i]
		if !slices.Contains(listed, indexName{v.Space, v.Class}) {
			report(Finding{Kind: KindArchive, Engine: "memory", Detail: "its vector is not listed"})
		}
		_, err := c.store.coldValues(v)
		switch {
		case err != nil:
			damaged("its vector cannot be read")
		case r != nil && v.Class != vectorClass(&r.Memory):
			damaged("its vector is sealed under the wrong key")
		case r != nil && (v.Version < r.TextVersion || v.Version > r.Memory.Version):
			damaged("its vector is that of another text")
		case r != nil && r.Memory.State != memory.Archived:
			damaged("it is not archived and its vector is")
		}
	}
	for _, name := range listed {
		if !slices.ContainsFunc(cold, func(v catalog.ColdVector) bool { return name == indexName{v.Space, v.Class} }) {
			report(Finding{Kind: KindArchive, Engine: "memory", Detail: "a vector is listed that is not on record"})
		}
	}
}

// holds reports whether x has the vector of ref, or its code. Where RocksDB has lost it, which is a finding of its own, a
// code cannot be compared.
func (c *checker) holds(x *vector.Index, ref catalog.VectorRef) bool {
	v, err := c.store.txns.value(ref)
	if err != nil {
		got, err := x.Reconstruct(ref.Row)
		return x.Kind() != vector.Flat || err == nil && slices.ContainsFunc(widths[:], func(w width) bool { return bytesFit(ref, storedBytes(got, nil, w)) })
	}
	same, err := x.Matches(ref.Row, v.values)
	return err == nil && same
}

// held lists every row that a FAISS index holds.
func (v *vectorSet) held() []int64 {
	var out []int64
	for _, x := range v.all() {
		out = append(out, x.IDs()...)
	}
	return out
}

// worded compares what the inverted index holds of a row with the record.
func (c *checker) worded(r *catalog.Record, row int64, report func(Finding)) {
	s := c.store
	drift := func(detail string) { report(Finding{Kind: KindWordIndex, Engine: "inverted", Detail: detail}) }
	if r == nil {
		if s.index.Has(row) {
			drift("it holds a memory that is gone")
		}
		return
	}
	doc, err := s.document(r)
	if err != nil {
		return // reported with the record
	}
	if !s.index.Has(row) {
		drift("it does not hold the memory")
	} else if !s.index.Matches(doc) {
		drift("what it holds of the memory is not what is on record")
	}
}
