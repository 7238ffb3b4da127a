package synctest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
)

// Local is a data folder in RAM. What it holds survives what a test calls a crash.
type Local struct {
	mu       sync.Mutex
	now      func() time.Time
	memories map[memory.ID]memory.Memory
	rows     map[memory.ID]memsync.Row // without what rowOf adds
	events   []event
	seq      int64
	cursor   string
	Audits   []memory.Audit
}

type event struct {
	seq    int64
	at     time.Time
	id     memory.ID
	scope  scope.Scope
	synced bool
}

var _ memsync.Local = (*Local)(nil)

// NewLocal returns an empty folder.
func NewLocal(now func() time.Time) *Local {
	return &Local{now: now, memories: map[memory.ID]memory.Memory{}, rows: map[memory.ID]memsync.Row{}}
}

// Put stores a memory or its next version, with its events, as a store does. Resolved drops the texts that wait.
func (l *Local) Put(m memory.Memory, resolved bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, had := l.memories[m.ID]
	m.Version, m.UpdatedAt = old.Version+1, l.now()
	l.memories[m.ID] = m
	if had && old.Scope.Cloud() && old.State != memory.Forgotten && (old.Scope != m.Scope || m.State == memory.Forgotten) {
		l.emit(m.ID, old.Scope)
	}
	if m.Scope.Cloud() && m.State != memory.Forgotten {
		l.emit(m.ID, m.Scope)
	}
	if resolved {
		row := l.rows[m.ID]
		row.Others = nil
		l.rows[m.ID] = row
	}
}

func (l *Local) emit(id memory.ID, s scope.Scope) {
	l.seq++
	l.events = append(l.events, event{seq: l.seq, at: l.now(), id: id, scope: s})
}

// Get returns a memory and the texts that wait beside it.
func (l *Local) Get(id memory.ID) (memory.Memory, []memsync.Version, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, ok := l.memories[id]
	return m, l.rows[id].Others, ok
}

// IDs lists the memories.
func (l *Local) IDs() []memory.ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.memories))
}

// Waiting counts the events that are not synced.
func (l *Local) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, e := range l.events {
		if !e.synced {
			n++
		}
	}
	return n
}

// Changed implements memsync.Local.
func (l *Local) Changed(_ context.Context, p memsync.Place, n int) ([]memory.ID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []memory.ID
	for _, e := range l.events {
		if !e.synced && e.scope == p.Scope() && l.rows[e.id].Pending == nil && !slices.Contains(out, e.id) && len(out) < n {
			out = append(out, e.id)
		}
	}
	return out, nil
}

// Sealed implements memsync.Local.
func (l *Local) Sealed(_ context.Context, _ memsync.Place, n int) ([]memory.ID, error) {
	return l.rowsWith(n, func(r memsync.Row) bool { return r.Pending != nil }), nil
}

// Held implements memsync.Local.
func (l *Local) Held(_ context.Context, _ memsync.Place, n int) ([]memory.ID, error) {
	return l.rowsWith(n, func(r memsync.Row) bool { return r.Held != "" }), nil
}

// Older implements memsync.Local.
func (l *Local) Older(_ context.Context, p memsync.Place, epoch uint64, after memory.ID, n int) ([]memory.ID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []memory.ID
	for _, id := range slices.Sorted(maps.Keys(l.rows)) {
		r := l.rows[id]
		if seq, _ := l.pending(p, id); seq == 0 && id > after && r.State.Version > 0 && r.State.Epoch < epoch && r.Pending == nil && r.Held == "" && len(out) < n {
			out = append(out, id)
		}
	}
	return out, nil
}

func (l *Local) rowsWith(n int, want func(memsync.Row) bool) []memory.ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []memory.ID
	for _, id := range slices.Sorted(maps.Keys(l.rows)) {
		if want(l.rows[id]) && len(out) < n {
			out = append(out, id)
		}
	}
	return out
}

// Rows implements memsync.Local.
func (l *Local) Rows(_ context.Context, p memsync.Place, ids []memory.ID) (map[memory.ID]memsync.Row, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[memory.ID]memsync.Row{}
	for _, id := range ids {
		r, err := l.row(p, id)
		if err != nil {
			return nil, err
		}
		out[id] = r
	}
	return out, nil
}

func (l *Local) row(p memsync.Place, id memory.ID) (memsync.Row, error) {
	r := l.rows[id]
	m, ok := l.memories[id]
	here := ok && m.Scope == p.Scope() && m.State != memory.Forgotten
	r.LocalVersion, r.Elsewhere = m.Version, ok && m.Scope != p.Scope()
	var at time.Time
	r.Seq, at = l.pending(p, id)
	var err error
	if here {
		var d memsync.Doc
		if d, err = memsync.DocOf(p, &m); err != nil {
			return r, err
		}
		d.Others = r.Others
		r.Local = &d
	}
	if r.Seq == 0 {
		return r, nil
	}
	info := memsync.ChangeInfo{Seq: r.Seq, At: at, Others: r.Others}
	if here {
		r.Change, err = memsync.NewChange(p, &m, info)
	} else {
		r.Change, err = memsync.NewDeletion(p, id, info)
	}
	return r, err
}

func (l *Local) pending(p memsync.Place, id memory.ID) (seq int64, at time.Time) {
	for _, e := range l.events {
		if e.id == id && e.scope == p.Scope() && !e.synced {
			seq, at = e.seq, e.at
		}
	}
	return seq, at
}

// Write implements memsync.Local.
func (l *Local) Write(_ context.Context, p memsync.Place, b memsync.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range b.Items {
		seq, _ := l.pending(p, it.ID)
		if it.Apply != nil && (l.memories[it.ID].Version != it.WantVersion || seq != it.WantSeq) {
			return memsync.ErrRaced
		}
	}
	for _, it := range b.Items {
		l.rows[it.ID] = memsync.Row{State: it.State, Base: it.Base, Pending: it.Pending, Others: it.Others, Held: it.Held}
		for i := range l.events {
			if e := &l.events[i]; e.id == it.ID && e.scope == p.Scope() && e.seq <= it.Done {
				e.synced = true
			}
		}
		if it.Apply != nil {
			if err := l.apply(p, &it); err != nil {
				return err
			}
		}
		l.Audits = append(l.Audits, it.Audit...)
	}
	if b.Cursor != "" {
		l.cursor = b.Cursor
	}
	l.Audits = append(l.Audits, b.Audit...)
	return nil
}

func (l *Local) apply(p memsync.Place, it *memsync.Item) error {
	m := l.memories[it.ID]
	switch {
	case it.Keep:
		m.Scope = scope.Project
	case it.Apply.Deleted:
		m.State = memory.Forgotten
	default:
		n, err := it.Apply.Memory(p, it.ID, "")
		if err != nil {
			return err
		}
		n.Version = m.Version
		m = n
	}
	m.Version++
	l.memories[it.ID] = m
	return nil
}

// Cursor implements memsync.Local.
func (l *Local) Cursor(context.Context, memsync.Place) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cursor, nil
}
