package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	memsync "github.com/elderzan/elderzan/sync"
)

// cloudLocal is the store as package sync sees it.
type cloudLocal struct {
	hold    func() bool // whether nothing may leave of what waits for its embedding
	store   *storage.Store
	team    func() string                // what the team is called here
	spaces  func() (memory.Spaces, bool) // that memories should be in here; false without a model
	applied func()                       // memories have come that may have to be embedded
}

var _ memsync.Local = (*cloudLocal)(nil)

// place is the store's name of a place. Events of SHARED name the team as the person did.
func (l *cloudLocal) place(p memsync.Place) storage.CloudPlace {
	return storage.CloudPlace{Key: p.Key(), Scope: p.Scope(), Teams: []string{"", l.team(), p.Team().String()}}
}

func cursorKey(p memsync.Place) string { return "cloud.cursor." + hex.EncodeToString(p.Key()) }

// Changed implements memsync.Local.
func (l *cloudLocal) Changed(ctx context.Context, p memsync.Place, n int) ([]memory.ID, error) {
	return l.store.CloudChanged(ctx, l.place(p), n)
}

// Sealed implements memsync.Local.
func (l *cloudLocal) Sealed(ctx context.Context, p memsync.Place, n int) ([]memory.ID, error) {
	return l.store.CloudPending(ctx, l.place(p), n)
}

// Held implements memsync.Local.
func (l *cloudLocal) Held(ctx context.Context, p memsync.Place, n int) ([]memory.ID, error) {
	return l.store.CloudHeld(ctx, l.place(p), n)
}

// Older implements memsync.Local.
func (l *cloudLocal) Older(ctx context.Context, p memsync.Place, epoch uint64, after memory.ID, n int) ([]memory.ID, error) {
	return l.store.CloudOlder(ctx, l.place(p), epoch, after, n)
}

// Cursor implements memsync.Local.
func (l *cloudLocal) Cursor(ctx context.Context, p memsync.Place) (string, error) {
	b, err := l.store.Meta(ctx, cursorKey(p))
	return string(b), err
}

// Rows implements memsync.Local.
func (l *cloudLocal) Rows(ctx context.Context, p memsync.Place, ids []memory.ID) (map[memory.ID]memsync.Row, error) {
	views, err := l.store.CloudRows(ctx, l.place(p), ids)
	if err != nil {
		return nil, err
	}
	out := make(map[memory.ID]memsync.Row, len(ids))
	for _, id := range ids {
		if out[id], err = l.row(p, id, views[id]); err != nil {
			return nil, fmt.Errorf("row %s: %w", id, err)
		}
	}
	return out, nil
}

func (l *cloudLocal) row(p memsync.Place, id memory.ID, v storage.CloudView) (memsync.Row, error) {
	r := memsync.Row{State: memsync.State{Version: v.Version, Epoch: v.Epoch}, Held: v.Held, Seq: v.Seq}
	copy(r.State.Hash[:], v.Hash)
	for b, dst := range map[*[]byte]any{&v.Base: &r.Base, &v.Pending: &r.Pending, &v.Others: &r.Others} {
		if len(*b) > 0 {
			if err := json.Unmarshal(*b, dst); err != nil {
				return r, err
			}
		}
	}
	m := &v.Memory
	here := v.Exists && m.Scope == p.Scope() && m.State != memory.Forgotten
	if v.Exists {
		r.LocalVersion, r.Elsewhere = m.Version, m.Scope != p.Scope()
	}
	if here {
		d, err := memsync.DocOf(p, m)
		if errors.Is(err, memsync.ErrLocalOnly) {
			here = false // sensitive and not confirmed: to the cloud it is not there
		} else if err != nil {
			return r, err
		} else {
			d.Others = r.Others
			r.Local = &d
		}
	}
	if v.Seq == 0 {
		return r, nil
	}
	info := memsync.ChangeInfo{Seq: v.Seq, At: v.At, Others: r.Others, Waiting: v.Job}
	var err error
	if !here {
		r.Change, err = memsync.NewDeletion(p, id, info)
		return r, err
	}
	info.Vector, info.Space = l.vector(m, v.Vectors)
	r.Change, err = memsync.NewChange(p, m, info)
	return r, err
}

// space is the embedding space that m should be in here; "" without a model.
func (l *cloudLocal) space(m *memory.Memory) string {
	want, ok := l.spaces()
	switch {
	case !ok:
		return ""
	case m.LocalOnly():
		return want.Local
	}
	return want.Open
}

// vector chooses the vector of m to send: one of the space that is current here, else any.
func (l *cloudLocal) vector(m *memory.Memory, vs []memory.Vector) ([]float32, string) {
	if len(vs) == 0 {
		return nil, ""
	}
	best, want := vs[0], l.space(m)
	for _, v := range vs {
		if v.Space == want {
			best = v
		}
	}
	return best.Values, best.Space
}

// Write implements memsync.Local.
func (l *cloudLocal) Write(ctx context.Context, p memsync.Place, b memsync.Batch) error {
	out := storage.CloudBatch{Audit: b.Audit}
	embed := false
	for i := range b.Items {
		it, err := l.item(p, &b.Items[i])
		if err != nil {
			return err
		}
		embed = embed || it.Apply != nil
		out.Items = append(out.Items, it)
	}
	if b.Cursor != "" {
		out.Meta = map[string][]byte{cursorKey(p): []byte(b.Cursor)}
	}
	err := l.store.CloudWrite(ctx, l.place(p), out)
	if errors.Is(err, storage.ErrCloudRaced) {
		return memsync.ErrRaced
	}
	if err == nil && embed {
		l.applied()
	}
	return err
}

func (l *cloudLocal) item(p memsync.Place, it *memsync.Item) (storage.CloudItem, error) {
	out := storage.CloudItem{ID: it.ID, Done: it.Done, WantVersion: it.WantVersion, WantSeq: it.WantSeq, Audit: it.Audit, Keep: it.Keep}
	out.Row = storage.CloudRow{Version: it.State.Version, Epoch: it.State.Epoch, Hash: it.State.Hash[:], Held: it.Held}
	var err error
	encode := func(v any) (b []byte) {
		if err == nil {
			b, err = json.Marshal(v)
		}
		return b
	}
	if it.Base != nil {
		out.Row.Base = encode(it.Base)
	}
	if it.Pending != nil {
		out.Row.Pending = encode(it.Pending)
	}
	if len(it.Others) > 0 {
		out.Row.Others = encode(it.Others)
	}
	if err != nil || it.Apply == nil {
		return out, err
	}
	if it.Apply.Deleted {
		out.Gone = true
		return out, nil
	}
	m, err := it.Apply.Memory(p, it.ID, l.teamOf(p))
	if err != nil {
		return out, err
	}
	out.Apply = &m
	if v := it.Apply.Vector; len(v) == memory.Dim && it.Apply.Space != "" && it.Apply.Space == l.space(&m) {
		out.Vector = &memory.Vector{ID: it.ID, Space: it.Apply.Space, Values: v}
	}
	return out, nil
}

func (l *cloudLocal) teamOf(p memsync.Place) string {
	if p == memsync.Global() {
		return ""
	}
	return l.team()
}
