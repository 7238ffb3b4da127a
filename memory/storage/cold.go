package storage

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
	"github.com/elderzan/elderzan/security"
)

// The archive
//
// Archived memories outnumber the others in the end and are hardly asked for, so that their vectors are in no index: they are
// codes (vectorcode.go) in a table of the catalogue, which is read from one end to the other when a question lets archived
// memories through. In RAM is a bit for each of them. What is archived and comes back moves in the transaction that changes
// the memory's state.

// coldSet says which rows have a vector in the archive. It changes behind the commits, in their order.
type coldSet struct {
	mu   sync.RWMutex
	rows map[indexName]rowSet
}

// put notes that row has a vector in the space of name, under that class alone.
func (c *coldSet) put(name indexName, row int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for other, rows := range c.rows {
		if other.space == name.space && other != name {
			rows.drop(row)
		}
	}
	if c.rows == nil {
		c.rows = map[indexName]rowSet{}
	}
	c.rows[name] = c.rows[name].add([]int64{row})
}

// drop notes that row has no vector in a space any more; in none where that is "".
func (c *coldSet) drop(row int64, space string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, rows := range c.rows {
		if space == "" || name.space == space {
			rows.drop(row)
		}
	}
}

// of lists the indexes that row would be in were it not archived.
func (c *coldSet) of(row int64) []indexName {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []indexName
	for name, rows := range c.rows {
		if rows.has(row) {
			out = append(out, name)
		}
	}
	return out
}

// all lists the rows that have a vector in the archive.
func (c *coldSet) all() []int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []int64
	for _, rows := range c.rows {
		out = slices.AppendSeq(out, rows.all())
	}
	return out
}

// held lists the sets there are. They are shared: the caller holds mu.
func (c *coldSet) held() []rowSet { return slices.Collect(maps.Values(c.rows)) }

// spaces counts the vectors of each space.
func (c *coldSet) spaces() map[string]int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := map[string]int{}
	for name, rows := range c.rows {
		if n := rows.len(); n > 0 {
			out[name.space] += n
		}
	}
	return out
}

// len counts the vectors.
func (c *coldSet) len() (n int) {
	for _, of := range c.spaces() {
		n += of
	}
	return n
}

// among returns the rows of sel that have a vector in a space, and how many all have.
func (c *coldSet) among(space string, sel []uint64) (chosen rowSet, all int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	chosen = make(rowSet, len(sel))
	for name, rows := range c.rows {
		if name.space != space {
			continue
		}
		all += rows.len()
		for i := range min(len(rows), len(sel)) {
			chosen[i] |= rows[i] & sel[i]
		}
	}
	return chosen, all
}

// openCold reads which rows have a vector in the archive.
func (s *Store) openCold(ctx context.Context) error {
	spaces, err := s.catalog.Spaces(ctx)
	for _, space := range spaces {
		if err == nil {
			err = s.catalog.ColdRows(ctx, space, func(row int64, class security.Class) { s.cold.put(indexName{space, class}, row) })
		}
	}
	return err
}

// placeCold is what the code of a private vector is sealed for.
const placeCold = "cold"

func coldPlace(v *catalog.ColdVector) []byte {
	return security.Place([]byte(placeCold), binary.AppendVarint(nil, v.Row), []byte(v.Space), binary.AppendUvarint(nil, uint64(v.Version)))
}

// putCold stores a vector in the archive; ref tells all but its bytes.
func (s *Store) putCold(tx *catalog.Tx, ref catalog.VectorRef, values []float32) error {
	return s.putCode(tx, &catalog.ColdVector{Row: ref.Row, Space: ref.Space, Version: ref.Version, Class: ref.Class}, vectorCode(values))
}

// putCode stores v with that code, sealed as its class wants it.
func (s *Store) putCode(tx *catalog.Tx, v *catalog.ColdVector, code []byte) (err error) {
	v.Code = code
	if v.Class == security.ClassPrivate {
		if v.Code, err = s.private.Seal(nil, code, coldPlace(v)); err != nil {
			return fmt.Errorf("seal vector: %w", err)
		}
	}
	name, row := indexName{v.Space, v.Class}, v.Row
	tx.After(func() { s.cold.put(name, row) })
	return tx.PutCold(v)
}

// code returns the code of v in the clear.
func (s *Store) code(v *catalog.ColdVector) ([]byte, error) {
	if v.Class != security.ClassPrivate {
		return v.Code, nil
	}
	return s.private.Open(nil, v.Code, coldPlace(v))
}

// coldValues returns the vector of v, or a *memory.CorruptError.
func (s *Store) coldValues(v *catalog.ColdVector) ([]float32, error) {
	code, err := s.code(v)
	if err == nil {
		if values := codeValues(code); values != nil {
			return values, nil
		}
		err = errDecode
	}
	return nil, &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("row %d, space %q: the vector in the archive: %w", v.Row, v.Space, err)}
}

// storeVector has a vector stored where the memory m of its row wants it.
func (s *Store) storeVector(tx *catalog.Tx, t *txn, m *memory.Memory, ref catalog.VectorRef, v storedVector) error {
	ref.Class = vectorClass(m)
	if m.State != memory.Archived {
		t.put(ref, v.values, v.tokens, warmWidth)
		return nil
	}
	refs, err := tx.VectorsOf(ref.Row)
	if err != nil {
		return err
	}
	for _, was := range refs { // archived by an older version
		if was.Space == ref.Space {
			if err := s.takeOut(tx, t, was); err != nil {
				return err
			}
		}
	}
	return s.putCold(tx, ref, v.values)
}

// takeOut removes a vector that is not in the archive from RocksDB and the indexes.
func (s *Store) takeOut(tx *catalog.Tx, t *txn, ref catalog.VectorRef) error {
	t.remove(ref)
	if err := tx.DropVector(ref.Row, ref.Space); err != nil {
		return err
	}
	return tx.Touch(ref.Row, catalog.TouchedVectors)
}

// moveVectors brings the vectors of a row to where the memory m wants them: into the archive or out of it, and under the key
// of its class. What comes out is embedded anew, as full vectors come from the text alone; until then the code serves.
func (s *Store) moveVectors(tx *catalog.Tx, t *txn, row int64, m *memory.Memory) error {
	refs, err := tx.VectorsOf(row)
	if err != nil {
		return err
	}
	cold, err := tx.ColdOf(row)
	if err != nil {
		return err
	}
	warm, values, err := s.readMoving(refs, cold)
	var damaged *memory.CorruptError
	if errors.As(err, &damaged) {
		// Damage to derived data must not keep a secret from being hidden: the vector is dropped and made anew.
		s.opts.Logger.Warn("a damaged vector is dropped and embedded again", "row", row, "error", err)
		if err := s.dropVectors(tx, t, row); err != nil {
			return err
		}
		return tx.PutJob(row)
	}
	if err != nil {
		return err
	}
	again := false
	for i, ref := range refs {
		if m.State == memory.Archived {
			err = s.takeOut(tx, t, ref)
			if ref.Class = vectorClass(m); err == nil {
				err = s.putCold(tx, ref, warm[i].values)
			}
		} else {
			again = again || warm[i].width == coldWidth
			err = s.reclass(tx, t, ref, vectorClass(m), warm[i])
		}
		if err != nil {
			return err
		}
	}
	for i := range cold {
		v := &cold[i]
		switch {
		case m.State != memory.Archived:
			again = true
			t.put(catalog.VectorRef{Row: row, Space: v.Space, Version: v.Version, Class: vectorClass(m)}, values[i], nil, warmWidth)
			t.out = append(t.out, *v)
			err = tx.DropCold(row, v.Space)
		case v.Class != vectorClass(m):
			var code []byte
			code, err = s.code(v)
			if v.Class = vectorClass(m); err == nil {
				err = s.putCode(tx, v, code)
			}
		}
		if err != nil {
			return err
		}
	}
	if again {
		return tx.PutJob(row)
	}
	return nil
}

// readMoving reads vectors in and out of the archive.
func (s *Store) readMoving(refs []catalog.VectorRef, cold []catalog.ColdVector) (warm []storedVector, values [][]float32, err error) {
	warm, values = make([]storedVector, len(refs)), make([][]float32, len(cold))
	for i, ref := range refs {
		if warm[i], err = s.txns.value(ref); err != nil {
			return nil, nil, err
		}
	}
	for i := range cold {
		if values[i], err = s.coldValues(&cold[i]); err != nil {
			return nil, nil, err
		}
	}
	return warm, values, nil
}

// reclass brings a vector that is not in the archive under the key of a class and into its indexes.
func (s *Store) reclass(tx *catalog.Tx, t *txn, ref catalog.VectorRef, class security.Class, v storedVector) error {
	if ref.Class == class {
		return nil
	}
	t.drops = append(t.drops, ref)
	ref.Class = class
	t.put(ref, v.values, v.tokens, min(v.width, warmWidth))
	return tx.Touch(ref.Row, catalog.TouchedVectors)
}

// resealCold seals the private vectors that a row has in the archive anew. What does not open is the checker's business.
func (s *Store) resealCold(tx *catalog.Tx, row int64) error {
	cold, err := tx.ColdOf(row)
	if err != nil {
		return err
	}
	for i := range cold {
		v := &cold[i]
		if v.Class != security.ClassPrivate {
			continue
		}
		code, err := s.code(v)
		if err != nil {
			continue
		}
		if err := s.putCode(tx, v, code); err != nil {
			return err
		}
	}
	return nil
}

// nearest returns the selected rows that are nearest to the queries, in the archive or not; see vectorSet.nearest.
func (s *Store) nearest(ctx context.Context, queries map[string][]float32, sel *inverted.Selection, k int, mode vector.Mode) (map[int64]similarity, bool, error) {
	found, exact, err := s.vectors.nearest(ctx, queries, sel, k, mode)
	if err != nil {
		return nil, false, err
	}
	cold, err := s.coldNearest(ctx, queries, sel, min(k, vector.MaxK))
	if err != nil || len(cold) == 0 {
		return found, exact, err
	}
	most := max(k, len(found), len(cold))
	for row, sim := range found { // one that is on its way between them counts once
		cold[row] = sim
	}
	if len(cold) > most {
		rows := slices.SortedFunc(maps.Keys(cold), func(a, b int64) int {
			return cmp.Or(cmp.Compare(cold[b].cosine, cold[a].cosine), cmp.Compare(a, b))
		})
		for _, row := range rows[most:] {
			delete(cold, row)
		}
	}
	return cold, exact, nil
}

// similarities returns what the rows have in common with the queries, as far as they have vectors, in the archive or not.
func (s *Store) similarities(ctx context.Context, queries map[string][]float32, rows []int64, mode vector.Mode) (map[int64]similarity, error) {
	var cold []int64
	for _, row := range rows {
		if len(s.cold.of(row)) > 0 {
			cold = append(cold, row)
		}
	}
	found, err := s.vectors.similarities(ctx, queries, rows, mode)
	if err != nil || len(cold) == 0 {
		return found, err
	}
	vs, err := s.catalog.ColdByRows(ctx, cold)
	if err != nil {
		return nil, catalogError(err)
	}
	for i := range vs {
		v := &vs[i]
		query := queries[v.Space]
		if _, ok := found[v.Row]; ok || query == nil {
			continue
		}
		if cosine, ok := s.coldCosine(v, query); ok {
			found[v.Row] = similarity{float64(cosine), v.Space}
		}
	}
	return found, nil
}

// coldCosine compares a vector in the archive with a query. One that is damaged is passed over: the checker names it.
func (s *Store) coldCosine(v *catalog.ColdVector, query []float32) (float32, bool) {
	code, err := s.code(v)
	if err != nil {
		return 0, false
	}
	return codeCosine(code, query)
}

// coldNearest returns the k rows of sel in the archive that are nearest to the queries, for each space.
func (s *Store) coldNearest(ctx context.Context, queries map[string][]float32, sel *inverted.Selection, k int) (map[int64]similarity, error) {
	out := map[int64]similarity{}
	for _, space := range slices.Sorted(maps.Keys(queries)) {
		chosen, all := s.cold.among(space, sel.Bits())
		if chosen.len() == 0 {
			continue
		}
		hits, err := s.scanCold(ctx, space, queries[space], chosen, all, k)
		if err != nil {
			return nil, catalogError(err)
		}
		for _, h := range hits {
			if was, ok := out[h.row]; !ok || was.cosine < float64(h.cosine) {
				out[h.row] = similarity{float64(h.cosine), space}
			}
		}
	}
	return out, nil
}

// coldSparse is from which share of the archive on all of it is read in a row rather than each vector for itself.
const coldSparse = 16

// scanCold reads the vectors of chosen rows, of all that there are in a space, in two halves side by side where they are many.
func (s *Store) scanCold(ctx context.Context, space string, query []float32, chosen rowSet, all, k int) ([]coldHit, error) {
	n := chosen.len()
	if n*coldSparse < all || n < manyRows {
		b := newColdBest(k)
		if err := s.compareCold(ctx, space, query, slices.Collect(chosen.all()), b); err != nil {
			return nil, err
		}
		return b.best(), nil
	}
	halves := [2]*coldBest{newColdBest(k), newColdBest(k)}
	middle := chosen.middle()
	g, ctx := errgroup.WithContext(ctx)
	for i, span := range [2][2]int64{{0, middle}, {middle, int64(len(chosen)) << 6}} {
		g.Go(func() error { return s.scanColdSpan(ctx, space, query, chosen, span[0], span[1], halves[i]) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	b := halves[0]
	for _, h := range halves[1].best() {
		b.add(h.row, h.cosine)
	}
	return b.best(), nil
}

// coldAtOnce is how many chosen rows are read and compared at a time.
const coldAtOnce = 512

// scanColdSpan compares the vectors of those chosen rows that are in [from, to).
func (s *Store) scanColdSpan(ctx context.Context, space string, query []float32, chosen rowSet, from, to int64, b *coldBest) error {
	compare := func(found *catalog.ColdCodes) {
		rows, codes, at := make([]int64, 0, len(found.Heads)), make([]vector.Code, 0, len(found.Heads)), 0
		for i := range found.Heads {
			v, size := &found.Heads[i], found.Sizes[i]
			begin := at
			if at += size; !chosen.has(v.Row) {
				continue
			}
			if v.Class != security.ClassPrivate {
				rows, codes = append(rows, v.Row), append(codes, vector.Code{Start: int32(begin), Size: int32(size)})
				continue
			}
			v.Space, v.Code = space, found.Codes[begin:at]
			if cosine, ok := s.coldCosine(v, query); ok {
				b.add(v.Row, cosine)
			}
		}
		codeCosines(found.Codes, codes, query, func(i int, cosine float32, ok bool) {
			if ok {
				b.add(rows[i], cosine)
			}
		})
	}
	for first, n := from, 0; from < to; from += 64 {
		if from>>6 < int64(len(chosen)) {
			n += bits.OnesCount64(chosen[from>>6])
		}
		if n >= coldAtOnce || n > 0 && from+64 >= to {
			if err := s.catalog.ColdCodes(ctx, space, first, from+64, compare); err != nil {
				return err
			}
			first, n = from+64, 0
		}
	}
	return nil
}

// compareCold compares the vectors of rows one by one.
func (s *Store) compareCold(ctx context.Context, space string, query []float32, rows []int64, b *coldBest) error {
	for rows := range slices.Chunk(rows, fillBatch) {
		vs, err := s.catalog.ColdByRows(ctx, rows)
		if err != nil {
			return err
		}
		for i := range vs {
			if cosine, ok := s.coldCosine(&vs[i], query); ok && vs[i].Space == space {
				b.add(vs[i].Row, cosine)
			}
		}
	}
	return nil
}

type coldHit struct {
	row    int64
	cosine float32
}

// coldBest keeps the k best hits, and up to as many again between two looks at them.
type coldBest struct {
	k     int
	hits  []coldHit
	floor float32 // what a hit must have to be among them
}

func newColdBest(k int) *coldBest { return &coldBest{k: max(k, 1), floor: -2} }

func (b *coldBest) add(row int64, cosine float32) {
	if cosine < b.floor {
		return
	}
	if b.hits = append(b.hits, coldHit{row, cosine}); len(b.hits) == 2*b.k {
		b.floor = b.best()[b.k-1].cosine
	}
}

// best returns the k best, the best first, and forgets the others.
func (b *coldBest) best() []coldHit {
	slices.SortFunc(b.hits, func(x, y coldHit) int { return cmp.Or(cmp.Compare(y.cosine, x.cosine), cmp.Compare(x.row, y.row)) })
	b.hits = b.hits[:min(len(b.hits), b.k)]
	return b.hits
}

// waiting counts the selected rows without a vector in any space, in the archive or not.
func (s *Store) waiting(sel *inverted.Selection) int {
	s.vectors.mu.RLock()
	defer s.vectors.mu.RUnlock()
	s.cold.mu.RLock()
	defer s.cold.mu.RUnlock()
	held := append(slices.Collect(maps.Values(s.vectors.rows)), s.cold.held()...)
	n := 0
	for i, word := range sel.Bits() {
		for _, rows := range held {
			if i < len(rows) {
				word &^= rows[i]
			}
		}
		n += bits.OnesCount64(word)
	}
	return n
}

// spaces counts the vectors of each space, in the archive or not. One that is on its way between two places is in both for a
// moment and counts once.
func (s *Store) spaces() map[string]int {
	s.vectors.mu.RLock()
	defer s.vectors.mu.RUnlock()
	s.cold.mu.RLock()
	defer s.cold.mu.RUnlock()
	held := map[string]rowSet{}
	for _, sets := range []map[indexName]rowSet{s.vectors.rows, s.cold.rows} {
		for name, rows := range sets {
			held[name.space] = held[name.space].or(rows)
		}
	}
	out := map[string]int{}
	for space, rows := range held {
		if n := rows.len(); n > 0 {
			out[space] = n
		}
	}
	return out
}
