package storage

import (
	"errors"
	"fmt"
	"sync"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

// txn is a transaction that changes vectors: in SQLite, where it is decided, in RocksDB and in FAISS.
type txn struct {
	intent
	refs   []catalog.VectorRef // vectors to be recorded; the n-th is that of values[n]
	values [][]float32
	drops  []catalog.VectorRef  // vectors to be taken out of FAISS
	out    []catalog.ColdVector // vectors that leave the archive for FAISS

	decided bool // committed; guarded by manager.mu
}

// put has the vector of ref stored in components of that width, with packed tokens behind it unless there are none. The
// indexes get what is stored, not values themselves.
func (t *txn) put(ref catalog.VectorRef, values []float32, tokens []byte, w width) {
	b := storedBytes(values, tokens, w)
	ref.Sum = vectorSum(b)
	t.ops = append(t.ops, intentOp{key: vectorKey(ref.Row, ref.Space), class: ref.Class, value: b})
	t.refs, t.values = append(t.refs, ref), append(t.values, vectorValues(b))
}

// remove has the vector of ref deleted.
func (t *txn) remove(ref catalog.VectorRef) {
	t.ops = append(t.ops, intentOp{key: vectorKey(ref.Row, ref.Space)})
	t.drops = append(t.drops, ref)
}

// rows are those whose vectors t changes.
func (t *txn) rows() []int64 {
	var out []int64
	for _, refs := range [][]catalog.VectorRef{t.refs, t.drops} {
		for _, ref := range refs {
			out = append(out, ref.Row)
		}
	}
	return out
}

// manager runs transactions: their intents in RocksDB, their decisions in SQLite. All but pending happens on the
// goroutines of the catalogue: prepare and undo in the writer's turn, finish in the order of the commits.
type manager struct {
	store *Store

	mu         sync.Mutex
	pending    map[string]*pendingValue // by vector key: prepared and not yet in place
	unfinished []*txn                   // decided; RocksDB would not take them yet
	undone     []*txn                   // not decided; RocksDB would not drop their intents yet
	forget     [][]byte                 // finished; the decision is kept until the finish is synced
}

// pendingValue is what a key of the family Vectors is going to hold.
type pendingValue struct {
	tx    *txn
	value []byte // nil for a deletion
	was   *pendingValue
}

// prepare makes t part of the catalogue's transaction: the intent is written and synced to RocksDB now, the decision
// and the references go into SQLite with the rest of tx, and after the commit the values are moved in place.
func (m *manager) prepare(tx *catalog.Tx, t *txn) error {
	if len(t.ops) == 0 {
		return nil
	}
	s := m.store
	var err error
	if t.id, err = newTxID(); err != nil {
		return fmt.Errorf("name a transaction: %w", err)
	}
	if err := m.heal(); err != nil {
		return kvError("prepare vectors", err)
	}
	m.retry()
	synced := m.takeForget()
	tx.OnUndo(func() { m.giveForget(synced) })
	s.step(StepPrepare)
	b := kv.NewBatch()
	t.intent.prepare(b)
	if err := s.kv.Write(b, true); err != nil {
		m.undo(t) // it may be on the disk all the same
		return kvError("prepare vectors", err)
	}
	s.step(StepPrepared)
	m.hold(t)
	tx.OnUndo(func() { m.release(t); m.undo(t) })
	// The sync above made everything before it durable, and so the finish of those transactions.
	if err := tx.ForgetTx(synced); err != nil {
		return err
	}
	if err := tx.LogTx(t.id[:], s.opts.Now()); err != nil {
		return err
	}
	if err := tx.PutVectors(t.refs); err != nil {
		return err
	}
	tx.After(func() { m.finish(t) })
	return nil
}

// heal opens RocksDB anew where it failed a write, such as on a full disk, and drops the intents that could not be
// taken back then.
func (m *manager) heal() error {
	if !m.store.kv.Broken() {
		return nil
	}
	if err := m.store.kv.Heal(); err != nil {
		return err
	}
	intents, strays, err := m.store.readIntents()
	if err != nil {
		return err
	}
	held := m.held()
	b := kv.NewBatch()
	for _, in := range intents {
		if !held[in.id] {
			in.drop(b)
		}
	}
	for _, key := range strays {
		b.Delete(kv.Intents, key)
	}
	return m.store.kv.Write(b, false)
}

// held lists the transactions that are prepared and not finished, and those whose intents are still to be dropped.
func (m *manager) held() map[txID]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[txID]bool{}
	for _, p := range m.pending {
		for ; p != nil; p = p.was {
			out[p.tx.id] = true
		}
	}
	for _, t := range m.undone {
		out[t.id] = true
	}
	return out
}

// undo takes an intent back that was not decided. Where that fails, a later attempt or the next open does it.
func (m *manager) undo(t *txn) {
	if err := m.drop(t); err != nil {
		m.mu.Lock()
		m.undone = append(m.undone, t)
		m.mu.Unlock()
		m.store.opts.Logger.Warn("an undecided transaction waits to be taken back", "error", err)
	}
}

func (m *manager) drop(t *txn) error {
	b := kv.NewBatch()
	t.intent.drop(b)
	return m.store.kv.Write(b, false)
}

// finish moves the values of a decided transaction in place and tells FAISS.
func (m *manager) finish(t *txn) {
	s := m.store
	s.step(StepFinish)
	m.retry()
	m.mu.Lock()
	t.decided = true
	blocked := len(m.unfinished) > 0 // the order matters: a later value must not be overwritten by an earlier one
	m.mu.Unlock()
	if blocked {
		m.postpone(t, nil)
	} else if err := m.move(t); err != nil {
		m.postpone(t, err)
	}
	s.step(StepFinished)
	s.vectors.apply(t)
	for _, v := range t.out {
		s.cold.drop(v.Row, v.Space)
	}
	s.step(StepApplied)
	s.tokens.changed(t.rows()...)
	s.keeper.countVectors(len(t.refs) + len(t.drops))
}

func (m *manager) move(t *txn) error {
	b := kv.NewBatch()
	t.intent.finish(b)
	if err := m.store.kv.Write(b, false); err != nil {
		return err
	}
	m.release(t)
	m.mu.Lock()
	m.forget = append(m.forget, t.id[:])
	m.mu.Unlock()
	return nil
}

// postpone keeps a decided transaction that RocksDB would not take. Its intent is durable: it is finished by a later
// attempt or by the next open, and reads see its values meanwhile.
func (m *manager) postpone(t *txn, err error) {
	m.mu.Lock()
	m.unfinished = append(m.unfinished, t)
	m.mu.Unlock()
	m.store.opts.Logger.Warn("a stored vector waits to be moved in place", "error", err)
}

// retry finishes what was postponed, in order, until one fails, and drops what could not be taken back.
func (m *manager) retry() {
	m.mu.Lock()
	undone := m.undone
	m.undone = nil
	m.mu.Unlock()
	for _, t := range undone {
		m.undo(t)
	}
	for {
		m.mu.Lock()
		var t *txn
		if len(m.unfinished) > 0 {
			t = m.unfinished[0]
		}
		m.mu.Unlock()
		if t == nil || m.move(t) != nil {
			return
		}
		m.mu.Lock()
		m.unfinished = m.unfinished[1:]
		m.mu.Unlock()
	}
}

// hold makes the values of t visible to value before they are in place.
func (m *manager) hold(t *txn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range t.ops {
		key := string(t.ops[i].key)
		m.pending[key] = &pendingValue{tx: t, value: t.ops[i].value, was: m.pending[key]}
	}
}

// release takes them out again, wherever they stand among the others that wait for the same key.
func (m *manager) release(t *txn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range t.ops {
		key := string(t.ops[i].key)
		p := unlink(m.pending[key], t)
		if p == nil {
			delete(m.pending, key)
		} else {
			m.pending[key] = p
		}
	}
}

func unlink(p *pendingValue, t *txn) *pendingValue {
	switch {
	case p == nil:
		return nil
	case p.tx == t:
		return unlink(p.was, t)
	}
	p.was = unlink(p.was, t)
	return p
}

func (m *manager) takeForget() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := m.forget
	m.forget = nil
	return ids
}

func (m *manager) giveForget(ids [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget = append(m.forget, ids...)
}

// storedVector is what a value of the family Vectors holds.
type storedVector struct {
	values []float32
	tokens []byte // packed; empty for none
	width  width
}

// value returns a vector as the writer's transaction sees it, and checks its bytes against ref.
func (m *manager) value(ref catalog.VectorRef) (storedVector, error) {
	key := vectorKey(ref.Row, ref.Space)
	m.mu.Lock()
	p := m.pending[string(key)]
	m.mu.Unlock()
	var b []byte
	if p != nil {
		b = p.value
	} else {
		var err error
		if b, err = m.store.kv.Get(kv.Vectors, key); err != nil && !errors.Is(err, kv.ErrNotFound) {
			return storedVector{}, kvError("read vector", err)
		}
	}
	v, err := checkedVector(ref, b)
	parts, _ := partsOf(b)
	return storedVector{v, parts.tokens, parts.width}, err
}

// decided puts, in values, what decided transactions have for keys that they have not moved in place yet.
func (m *manager) decided(keys, values [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.pending) == 0 {
		return
	}
	for i, key := range keys {
		p := m.pending[string(key)]
		for p != nil && !p.tx.decided {
			p = p.was
		}
		if p != nil {
			values[i] = p.value
		}
	}
}

// errVector reports bytes that are not the vector on record.
var errVector = errors.New("the vector's bytes are missing or not those on record")

// checkedVector decodes b if it is the vector on record; otherwise it returns a *memory.CorruptError.
func checkedVector(ref catalog.VectorRef, b []byte) ([]float32, error) {
	if string(vectorSum(b)) == string(ref.Sum) {
		if v := vectorValues(b); v != nil {
			return v, nil
		}
	}
	return nil, &memory.CorruptError{Engine: "rocksdb", Err: fmt.Errorf("row %d, space %q: %w", ref.Row, ref.Space, errVector)}
}

// dropVectors deletes every vector of row, in the archive or not, with the change that tx makes.
func (s *Store) dropVectors(tx *catalog.Tx, t *txn, row int64) error {
	refs, err := tx.VectorsOf(row)
	if err != nil {
		return err
	}
	cold, err := tx.ColdOf(row)
	if err != nil || len(refs) == 0 && len(cold) == 0 {
		return err
	}
	for _, ref := range refs {
		t.remove(ref)
	}
	if len(cold) > 0 {
		tx.After(func() { s.cold.drop(row, "") })
	}
	return tx.DropVectors(row)
}
