package vector

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// work is something to be done in the background.
type work struct {
	step string
	run  func(context.Context) error
}

// log is what changed while something was rebuilt from the state at its start.
type log struct {
	vecs bool                // whether put keeps the vectors
	ids  map[int64][]float32 // nil for ids without a vector any more, and for all unless vecs
}

func (l *log) put(ids []int64, vecs []float32, dim int) {
	if l == nil {
		return
	}
	for i, id := range ids {
		l.ids[id] = nil
		if l.vecs {
			l.ids[id] = slices.Clone(vecs[i*dim : (i+1)*dim])
		}
	}
}

func (l *log) remove(ids []int64) {
	if l == nil {
		return
	}
	for _, id := range ids {
		l.ids[id] = nil
	}
}

// minExtend is how many fresh rows are entered into the lists at a time. Until then a search looks at each of them:
// 4,096 take 0.1 ms.
const minExtend = 4096

// due returns the next piece of work, nil if there is none. It needs mu held for reading.
func (x *Index) due() *work {
	if x.body == nil || x.source == nil {
		return nil
	}
	n, want, train := len(x.body.ids), x.pinned, minTrain
	if want == 0 {
		want, train = x.limits.fit(x.kind(), max(n, x.expect)), max(minTrain, x.limits.IVFPQ)
	}
	v := x.ivf
	switch {
	case v != nil && want != IVFPQ:
		return &work{"drop", x.drop}
	case x.body.kind != want.rows():
		return &work{"convert", func(ctx context.Context) error { return x.convert(ctx, want.rows()) }}
	case want != IVFPQ:
		return nil
	case v == nil && n >= train, v != nil && n >= 4*v.trained:
		return &work{"train", func(ctx context.Context) error { return x.relist(ctx, true) }}
	case v == nil:
		return nil
	case v.stale(n) >= max(minExtend, v.entries/4):
		return &work{"compact", func(ctx context.Context) error { return x.relist(ctx, false) }}
	case len(v.fresh) >= minExtend:
		return &work{"extend", x.extend}
	}
	return nil
}

// minTrain is the fewest vectors that lists are trained on: the quantiser has 256 words.
const minTrain = 256

// drop takes the lists away.
func (x *Index) drop(context.Context) error {
	x.saving.Lock()
	defer x.saving.Unlock()
	x.mu.Lock()
	old := x.ivf
	x.ivf = nil
	x.mu.Unlock()
	if old != nil {
		old.free()
	}
	return nil
}

// begin starts a log and returns the ids at that moment.
func (x *Index) begin(vecs bool) ([]int64, *body) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.log = &log{vecs: vecs, ids: map[int64][]float32{}}
	return slices.Clone(x.body.ids), x.body
}

func (x *Index) endLog() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.log = nil
}

// convertRows is how many vectors are read and encoded at a time.
const convertRows = 256

// convert builds rows of another kind beside the present ones, which go on serving, and exchanges them.
func (x *Index) convert(ctx context.Context, kind Kind) (err error) {
	ids, old := x.begin(true)
	defer x.endLog()
	next, err := x.newBody(kind)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			next.rows.free()
		}
	}()
	if err := next.rows.reserve(len(ids)); err != nil {
		return err
	}
	for len(ids) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(convertRows, len(ids))
		if err := x.copyRows(ctx, old, next, ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return x.exchange(ctx, next)
}

// copyRows puts the vectors of ids, those that are still there, into next.
func (x *Index) copyRows(ctx context.Context, old, next *body, ids []int64) error {
	there, vecs, err := x.vectors(ctx, old, ids)
	if err != nil || len(there) == 0 {
		return err
	}
	rows, err := next.rows.encode(vecs)
	if err != nil {
		return err
	}
	return next.put(there, rows)
}

// vectors returns the full vectors of ids, of those that b holds.
func (x *Index) vectors(ctx context.Context, b *body, ids []int64) (there []int64, vecs []float32, err error) {
	there, vecs, err = x.held(b, ids)
	if _, ok := b.rows.(*native); ok || err != nil {
		return there, vecs, err
	}
	// The lock is not held while the source is read: nobody else exchanges b.
	if err := x.source(ctx, there, vecs); err != nil {
		return nil, nil, fmt.Errorf("vector: read %d full vectors: %w", len(there), err)
	}
	for i, id := range there {
		vec := vecs[i*x.dim : (i+1)*x.dim]
		if x.checkVector(vec) == nil {
			continue
		}
		if err := x.approximate(b, id, vec); err != nil {
			return nil, nil, err
		}
	}
	return there, vecs, nil
}

// held returns which of ids b holds, with room for their vectors, which it fills if b has them.
func (x *Index) held(b *body, ids []int64) (there []int64, vecs []float32, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, id := range ids {
		if b.has(id) {
			there = append(there, id)
		}
	}
	vecs = make([]float32, len(there)*x.dim)
	n, ok := b.rows.(*native)
	for i := 0; ok && i < len(there); i++ {
		row, _ := b.table.get(there[i])
		if err := n.get(row, vecs[i*x.dim:(i+1)*x.dim]); err != nil {
			return nil, nil, err
		}
	}
	return there, vecs, nil
}

// approximate fills vec with what id's code in b stands for, if it is still there.
func (x *Index) approximate(b *body, id int64, vec []float32) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	q := b.rows.(*quantised)
	row, ok := b.table.get(id)
	if !ok {
		clear(vec)
		vec[0] = 1 // it was removed meanwhile, which the log knows
		return nil
	}
	codes, _, err := q.codes(row, 1)
	if err != nil {
		return err
	}
	y, err := q.codec.decode(codes)
	if err == nil {
		copy(vec, q.codec.rot.back(y))
	}
	return err
}

// lockedRows is how many changes may be caught up with while answers wait: a few milliseconds.
const lockedRows = 64

// exchange catches up with the changes since begin and puts next in the present body's place.
func (x *Index) exchange(ctx context.Context, next *body) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		x.mu.Lock()
		if len(x.log.ids) <= lockedRows {
			x.mu.Unlock()
			done, err := x.exchangeNow(next)
			if done || err != nil {
				return err
			}
			continue
		}
		changed := x.log.ids
		x.log.ids = map[int64][]float32{}
		x.mu.Unlock()
		if err := x.replay(next, changed); err != nil {
			return err
		}
	}
}

func (x *Index) exchangeNow(next *body) (done bool, err error) {
	x.saving.Lock()
	defer x.saving.Unlock()
	x.mu.Lock()
	if len(x.log.ids) > lockedRows { // more came while a snapshot was waited for
		x.mu.Unlock()
		return false, nil
	}
	old := x.body
	if err = x.replay(next, x.log.ids); err == nil {
		x.body = next
	}
	x.mu.Unlock()
	if err == nil {
		old.rows.free()
	}
	return true, err
}

// replay puts and removes what changed.
func (x *Index) replay(next *body, changed map[int64][]float32) error {
	var gone, ids []int64
	var vecs []float32
	for id, vec := range changed {
		if vec == nil {
			gone = append(gone, id)
		} else {
			ids, vecs = append(ids, id), append(vecs, vec...)
		}
	}
	if _, err := next.remove(gone); err != nil {
		return err
	}
	for len(ids) > 0 {
		n := min(convertRows, len(ids))
		rows, err := next.rows.encode(vecs[:n*x.dim])
		if err == nil {
			err = next.put(ids[:n], rows)
		}
		if err != nil {
			return err
		}
		ids, vecs = ids[n:], vecs[n*x.dim:]
	}
	return nil
}

// relist builds new inverted lists, newly trained or with what was trained before, and exchanges them.
func (x *Index) relist(ctx context.Context, train bool) error {
	ids, b := x.begin(false)
	defer x.endLog()
	next, err := x.buildLists(ctx, train, ids, b)
	if err != nil {
		return err
	}
	x.relisted(next)
	return nil
}

// buildLists makes lists of the rows of ids beside the present ones.
func (x *Index) buildLists(ctx context.Context, train bool, ids []int64, b *body) (next *ivf, err error) {
	c := b.rows.(*quantised).codec
	if train {
		next, err = x.train(ctx, b, c, ids)
	} else {
		next, err = x.ivf.empty()
	}
	if err != nil {
		return nil, err
	}
	for len(ids) > 0 && err == nil {
		n := min(minExtend, len(ids))
		err = x.enter(ctx, next, b, ids[:n])
		ids = ids[n:]
	}
	if err == nil {
		err = next.trim()
	}
	if err != nil {
		next.free()
	}
	return next, err
}

// relisted puts next in the present lists' place. What changed since begin is fresh in it.
func (x *Index) relisted(next *ivf) {
	// Most changes are gone through while answers go on.
	for changed := x.takeLog(lockedIDs); changed != nil; changed = x.takeLog(lockedIDs) {
		x.refresh(next, changed)
	}
	x.saving.Lock()
	defer x.saving.Unlock()
	x.refresh(next, x.takeLog(0)) // what came while a snapshot was waited for
	x.mu.Lock()
	old := x.ivf
	next.note(x.body, slices.Collect(maps.Keys(x.log.ids)))
	x.ivf = next
	x.mu.Unlock()
	if old != nil {
		old.free()
	}
}

// lockedIDs is how many ids may be gone through at a time while answers wait: a millisecond.
const lockedIDs = 2048

// takeLog empties the log and returns the ids in it, nil if there are no more than few.
func (x *Index) takeLog(few int) []int64 {
	x.mu.Lock()
	changed := x.log.ids
	if len(changed) <= few {
		x.mu.Unlock()
		return nil
	}
	x.log.ids = map[int64][]float32{}
	x.mu.Unlock()
	return slices.Collect(maps.Keys(changed))
}

func (x *Index) refresh(next *ivf, changed []int64) {
	for some := range slices.Chunk(changed, lockedIDs) {
		x.mu.RLock()
		next.note(x.body, some)
		x.mu.RUnlock()
	}
}

// train clusters a random sample of the rows.
func (x *Index) train(ctx context.Context, b *body, c *codec, ids []int64) (*ivf, error) {
	k := lists(len(ids))
	sample := slices.Clone(ids)
	r := rand.New(rand.NewPCG(trainSeed, uint64(len(ids))))
	r.Shuffle(len(sample), func(i, j int) { sample[i], sample[j] = sample[j], sample[i] })
	sample = sample[:min(len(sample), max(k*trainedFrom, minTrain*trainedFrom))]
	var codes []byte
	for len(sample) > 0 {
		n := min(minExtend, len(sample))
		_, some, err := x.codesOf(ctx, b, sample[:n])
		if err != nil {
			return nil, err
		}
		codes, sample = append(codes, some...), sample[n:]
	}
	if len(codes)/c.size() < minTrain {
		return nil, fmt.Errorf("vector: %d of %d vectors are left to train on", len(codes)/c.size(), len(ids))
	}
	return trainIVF(c, codes, k, len(ids), &x.keeper.stop)
}

// codesOf copies the codes of ids, of those that are still there.
func (x *Index) codesOf(ctx context.Context, b *body, ids []int64) (there []int64, codes []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	q := b.rows.(*quantised)
	for _, id := range ids {
		row, ok := b.table.get(id)
		if !ok {
			continue
		}
		code, _, err := q.codes(row, 1)
		if err != nil {
			return nil, nil, err
		}
		there, codes = append(there, id), append(codes, code...)
	}
	return there, codes, nil
}

// enter puts the rows of ids into lists that are nobody else's yet.
func (x *Index) enter(ctx context.Context, v *ivf, b *body, ids []int64) error {
	e, err := x.entries(ctx, v, b, ids)
	if err != nil {
		return err
	}
	return v.append(e.ids, e.lists, e.parts)
}

// entries are rows made ready for lists.
type entries struct {
	ids, lists []int64
	parts      []byte
}

func (x *Index) entries(ctx context.Context, v *ivf, b *body, ids []int64) (e entries, err error) {
	var codes []byte
	if e.ids, codes, err = x.codesOf(ctx, b, ids); err == nil && len(e.ids) > 0 {
		e.lists, e.parts, err = v.encode(b.rows.(*quantised).codec, codes, &x.keeper.stop)
	}
	return e, err
}

// extend enters fresh rows into the lists.
func (x *Index) extend(ctx context.Context) error {
	e, puts, err := x.freshEntries(ctx)
	if err != nil {
		return err
	}
	return x.appendFresh(e, puts)
}

// freshEntries makes some fresh rows ready, and says when each was put. A row that changes from here on is put anew.
func (x *Index) freshEntries(ctx context.Context) (entries, map[int64]uint64, error) {
	x.mu.RLock()
	v, b := x.ivf, x.body
	ids := v.freshIDs()
	ids = ids[:min(len(ids), minExtend)]
	puts := make(map[int64]uint64, len(ids))
	for _, id := range ids {
		puts[id] = v.fresh[id]
	}
	x.mu.RUnlock()
	e, err := x.entries(ctx, v, b, ids)
	return e, puts, err
}

func (x *Index) appendFresh(e entries, puts map[int64]uint64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.ivf.append(e.ids, e.lists, e.parts); err != nil {
		return err
	}
	for _, id := range e.ids {
		if x.ivf.fresh[id] == puts[id] {
			delete(x.ivf.fresh, id)
		}
	}
	return nil
}
