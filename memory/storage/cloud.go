package storage

import (
	"context"
	"errors"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
	"github.com/elderzan/elderzan/scope"
)

// ErrCloudRaced is what CloudWrite returns when a memory has changed since CloudRows read it: read again.
var ErrCloudRaced = errors.New("storage: the memory was changed meanwhile")

// CloudPlace is a place of the cloud, as events and rows name it.
type CloudPlace = catalog.CloudPlace

// CloudRow is what is known of a memory in a place; its blobs are the caller's.
type CloudRow = catalog.CloudRow

// CloudView is a row with the memory as it stands.
type CloudView struct {
	CloudRow
	Memory  memory.Memory // zero unless Exists
	Exists  bool
	Seq     int64     // of the newest event that is not synced; 0 for none
	At      time.Time // of that event
	Vectors []memory.Vector
	Job     bool // the memory waits for its embedding
}

// CloudItem changes one row, and the memory where Apply or Gone says so.
type CloudItem struct {
	ID   memory.ID
	Row  CloudRow
	Done int64 // events up to this one are synced
	// Apply is what the memory becomes, or the new memory; Vector its embedding, nil to have it embedded here.
	Apply  *memory.Memory
	Vector *memory.Vector
	Gone   bool // the memory is forgotten; with Keep it stays, as PROJECT
	Keep   bool
	// With Apply or Gone, the memory's version (0 for none) and the newest waiting event (0 for none) that the decision
	// was made on.
	WantVersion int
	WantSeq     int64
	Audit       []memory.Audit
}

// CloudBatch is one transaction.
type CloudBatch struct {
	Items []CloudItem
	Meta  map[string][]byte // see SetMeta
	Audit []memory.Audit
}

// Meta returns a value that SetMeta or a CloudBatch stored; nil for none.
func (s *Store) Meta(ctx context.Context, key string) ([]byte, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	b, err := s.catalog.Meta(ctx, key)
	return b, catalogError(err)
}

// SetMeta stores values under keys of the caller's choosing, which begin with "cloud.", as one transaction.
func (s *Store) SetMeta(ctx context.Context, values map[string][]byte, audit ...memory.Audit) error {
	return s.CloudWrite(ctx, CloudPlace{}, CloudBatch{Meta: values, Audit: audit})
}

// CloudChanged lists up to n memories with changes for p and no pending version, the longest waiting first.
func (s *Store) CloudChanged(ctx context.Context, p CloudPlace, n int) ([]memory.ID, error) {
	return s.cloudIDs(func() ([]memory.ID, error) { return s.catalog.CloudChanged(ctx, p, n) })
}

// CloudPending lists up to n memories with a pending version in p.
func (s *Store) CloudPending(ctx context.Context, p CloudPlace, n int) ([]memory.ID, error) {
	return s.cloudIDs(func() ([]memory.ID, error) { return s.catalog.CloudPending(ctx, p, n) })
}

// CloudHeld lists up to n memories whose newest version in p was not used.
func (s *Store) CloudHeld(ctx context.Context, p CloudPlace, n int) ([]memory.ID, error) {
	return s.cloudIDs(func() ([]memory.ID, error) { return s.catalog.CloudHeld(ctx, p, n) })
}

// CloudConflicts lists up to n memories with texts that wait for a decision.
func (s *Store) CloudConflicts(ctx context.Context, n int) ([]memory.ID, error) {
	return s.cloudIDs(func() ([]memory.ID, error) { return s.catalog.CloudConflicts(ctx, n) })
}

// CloudOlder lists up to n memories, by id from the one behind after on, that stand in p under an epoch before the given
// one and wait for nothing.
func (s *Store) CloudOlder(ctx context.Context, p CloudPlace, epoch uint64, after memory.ID, n int) ([]memory.ID, error) {
	return s.cloudIDs(func() ([]memory.ID, error) { return s.catalog.CloudOlder(ctx, p, epoch, after, n) })
}

// CloudOlderCount counts all that CloudOlder would list.
func (s *Store) CloudOlderCount(ctx context.Context, p CloudPlace, epoch uint64) (int, error) {
	if err := s.usable(); err != nil {
		return 0, err
	}
	n, err := s.catalog.CloudOlderCount(ctx, p, epoch)
	return n, catalogError(err)
}

func (s *Store) cloudIDs(read func() ([]memory.ID, error)) ([]memory.ID, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	ids, err := read()
	return ids, catalogError(err)
}

// CloudRows returns what is known of ids in p, and the memories, as of one moment. The vectors of memories with
// waiting events come with them.
func (s *Store) CloudRows(ctx context.Context, p CloudPlace, ids []memory.ID) (map[memory.ID]CloudView, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	out := make(map[memory.ID]CloudView, len(ids))
	err := s.catalog.Snapshot(ctx, func(v *catalog.View) error {
		rows, err := v.CloudRows(ctx, p, ids)
		if err != nil {
			return err
		}
		waiting, err := v.CloudWaitingOf(ctx, p, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			out[id] = CloudView{CloudRow: rows[id], Seq: waiting[id].Seq, At: waiting[id].At}
		}
		return s.addMemories(ctx, v, ids, out)
	})
	return out, catalogError(err)
}

func (s *Store) addMemories(ctx context.Context, v *catalog.View, ids []memory.ID, out map[memory.ID]CloudView) error {
	records, err := v.ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	var changed []int64
	owner := map[int64]memory.ID{}
	for i := range records {
		r := &records[i]
		m, err := s.open(r)
		if err != nil {
			return err
		}
		view := out[m.ID]
		view.Memory, view.Exists = m, true
		out[m.ID] = view
		if view.Seq != 0 {
			changed = append(changed, r.Row)
			owner[r.Row] = m.ID
		}
	}
	jobs, err := v.HasJobs(ctx, changed)
	if err != nil {
		return err
	}
	refs, err := v.VectorsByRows(ctx, changed)
	if err != nil {
		return err
	}
	cold, err := v.ColdByRows(ctx, changed)
	if err != nil {
		return err
	}
	for row := range jobs {
		view := out[owner[row]]
		view.Job = true
		out[owner[row]] = view
	}
	for _, ref := range refs {
		v, err := s.txns.value(ref)
		if err != nil {
			continue // damaged or just replaced: the other side embeds the text itself
		}
		view := out[owner[ref.Row]]
		view.Vectors = append(view.Vectors, memory.Vector{ID: owner[ref.Row], Version: ref.Version, Space: ref.Space, Values: v.values})
		out[owner[ref.Row]] = view
	}
	for i := range cold {
		c := &cold[i]
		values, err := s.coldValues(c)
		if err != nil {
			continue // damaged, as above
		}
		view := out[owner[c.Row]]
		view.Vectors = append(view.Vectors, memory.Vector{ID: owner[c.Row], Version: c.Version, Space: c.Space, Values: values})
		out[owner[c.Row]] = view
	}
	return nil
}

// CloudWrite makes b durable, all of it or nothing. Changes that it makes to memories are not told to the cloud again.
// It returns ErrCloudRaced where a memory is not as the item wants it.
func (s *Store) CloudWrite(ctx context.Context, p CloudPlace, b CloudBatch) error {
	drafts := make([]*draft, len(b.Items))
	for i := range b.Items {
		it := &b.Items[i]
		if it.Apply == nil || it.WantVersion != 0 {
			continue
		}
		it.Apply.Version = 1
		s.normalize(it.Apply)
		d, err := s.draft(it.Apply, 1, nil)
		if err != nil {
			return err
		}
		drafts[i] = d
	}
	return s.write(ctx, func(tx *catalog.Tx) error {
		var t txn
		for i := range b.Items {
			if err := s.cloudItem(tx, &t, p, b.Items[i], drafts[i]); err != nil {
				return err
			}
		}
		for key, value := range b.Meta {
			if err := tx.SetMeta(key, value); err != nil {
				return err
			}
		}
		for _, a := range b.Audit {
			s.stamp(&a)
			if err := tx.Audit(a); err != nil {
				return err
			}
		}
		return s.txns.prepare(tx, &t)
	})
}

func (s *Store) cloudItem(tx *catalog.Tx, t *txn, p CloudPlace, it CloudItem, d *draft) error {
	if it.Apply != nil || it.Gone {
		seq, err := tx.CloudWaiting(p, it.ID)
		if err != nil {
			return err
		}
		if seq != it.WantSeq {
			return ErrCloudRaced
		}
		last, err := tx.LastSeq()
		if err != nil {
			return err
		}
		if err := s.cloudApply(tx, t, &it, d); err != nil {
			return err
		}
		if err := tx.CloudArrived(it.ID, last); err != nil {
			return err
		}
	}
	if err := tx.PutCloudRow(p, it.ID, it.Row); err != nil {
		return err
	}
	for _, a := range it.Audit {
		s.stamp(&a)
		if err := tx.Audit(a); err != nil {
			return err
		}
	}
	if it.Done == 0 && it.Apply == nil && !it.Gone {
		return nil
	}
	return tx.CloudDone(p, it.ID, it.Done)
}

// cloudApply brings the memory to what the cloud says.
func (s *Store) cloudApply(tx *catalog.Tx, t *txn, it *CloudItem, d *draft) error {
	r, ok, err := tx.ByID(it.ID)
	if err != nil {
		return err
	}
	if r.Memory.Version != it.WantVersion {
		return ErrCloudRaced
	}
	if !ok {
		if it.Gone {
			return nil
		}
		return s.cloudInsert(tx, t, it, d)
	}
	before, err := s.open(&r)
	if err != nil {
		return err
	}
	after := before
	switch {
	case it.Keep:
		after.Scope = scope.Project
	case it.Gone:
		after.State, after.ForgottenAt = memory.Forgotten, s.opts.Now()
	default:
		after = *it.Apply
		after.Session = before.Session
		if before.Content == after.Content { // nobody else's words: what was known of them stands
			after.Trust = before.Trust
		}
		if before.State == memory.Archived && after.State == memory.Active {
			after.State = memory.Archived
		}
		if err := s.makeRoom(tx, &after, r.Row); err != nil {
			return err
		}
	}
	if err := s.revise(tx, &r, &before, &after); err != nil {
		return err
	}
	if err := s.standAgain(tx, &before, &after); err != nil {
		return err
	}
	if it.Vector == nil || checkVector(it.Vector) != nil || before.EmbeddingText() == after.EmbeddingText() {
		return nil
	}
	v := *it.Vector
	v.Version = after.Version
	return s.putVector(tx, t, &v, storedVector{values: v.Values, tokens: maxsim.Pack(nil, v.Tokens)})
}

func (s *Store) cloudInsert(tx *catalog.Tx, t *txn, it *CloudItem, d *draft) error {
	m := *it.Apply // the function may run again
	if err := s.makeRoom(tx, &m, 0); err != nil {
		return err
	}
	if m.State != it.Apply.State {
		var err error
		if d, err = s.draft(&m, 1, nil); err != nil {
			return err
		}
	}
	r := d.record
	if err := tx.Insert(&r, d.words); err != nil {
		return err
	}
	if err := s.changed(tx, nil, &m); err != nil {
		return err
	}
	doc := d.doc(r.Row)
	tx.After(func() { s.putWords(doc) })
	if it.Vector == nil || checkVector(it.Vector) != nil {
		return tx.PutJob(r.Row)
	}
	ref := catalog.VectorRef{Row: r.Row, Space: it.Vector.Space, Version: 1}
	return s.storeVector(tx, t, &m, ref, storedVector{values: it.Vector.Values, tokens: maxsim.Pack(nil, it.Vector.Tokens)})
}

// makeRoom settles which of two memories with the same text in one project stands, since one can: the older id where
// both are in the cloud, so that everybody decides alike; else the one from the cloud.
func (s *Store) makeRoom(tx *catalog.Tx, m *memory.Memory, row int64) error {
	if m.State != memory.Active {
		return nil
	}
	id, twin, ok, err := tx.ActiveByHash(s.hashContent(m.Project, m.Content))
	if err != nil || !ok || twin == row {
		return err
	}
	r, ok, err := tx.ByID(id)
	if err != nil || !ok {
		return err
	}
	if r.Memory.Scope.Cloud() && r.Memory.ID < m.ID {
		m.State, m.SupersededBy = memory.Superseded, r.Memory.ID
		return nil
	}
	before, err := s.open(&r)
	if err != nil {
		return err
	}
	after := before
	after.State, after.SupersededBy, after.UpdatedAt = memory.Superseded, m.ID, s.opts.Now()
	return s.revise(tx, &r, &before, &after)
}

// standAgain has a memory that gave way to m, since it says the same, stand again when m does not say it any more: else
// whoever repeats a text and takes the repetition back would take away what others wrote. Of several the oldest stands.
func (s *Store) standAgain(tx *catalog.Tx, m, now *memory.Memory) error {
	if now.State == memory.Active && now.Project == m.Project && now.Content == m.Content {
		return nil
	}
	hash := s.hashContent(m.Project, m.Content)
	for {
		id, ok, err := tx.GaveWay(hash, m.ID)
		if err != nil || !ok {
			return err
		}
		r, ok, err := tx.ByID(id)
		if err != nil || !ok {
			return err
		}
		before, err := s.open(&r)
		if err != nil {
			return err
		}
		after := before
		after.State, after.SupersededBy, after.UpdatedAt = memory.Active, "", s.opts.Now()
		heir, _, taken, err := tx.ActiveByHash(hash)
		if err != nil {
			return err
		}
		if taken {
			after.State, after.SupersededBy = memory.Superseded, heir
		}
		if err := s.revise(tx, &r, &before, &after); err != nil {
			return err
		}
	}
}

// ResolveCloud is Change for a memory with texts that wait for a decision: they are dropped in the same transaction.
func (s *Store) ResolveCloud(ctx context.Context, id memory.ID, requestKey string, edit memory.Edit) (memory.Memory, error) {
	return s.change(ctx, id, requestKey, edit, func(tx *catalog.Tx) error { return tx.ClearCloudOthers(id) })
}
