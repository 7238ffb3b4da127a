package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

var _ memory.Drafts = (*Store)(nil)

// A draft is a value of the family workspace under a random key, as MessagePack, sealed like a PRIVATE memory: nobody
// has classified it. Which name is under which key is read once and kept in memory.

// draftValue is a draft as it is stored.
type draftValue struct {
	Key     string    `msgpack:"k"`
	Project string    `msgpack:"p"`
	Session string    `msgpack:"s"`
	Client  string    `msgpack:"c"`
	Content string    `msgpack:"t"`
	Created time.Time `msgpack:"a"`
	Updated time.Time `msgpack:"u"`
	Expires time.Time `msgpack:"e"`
}

func (v *draftValue) draft() memory.Draft {
	return memory.Draft{
		Key: v.Key, Project: v.Project, Session: v.Session, Client: v.Client, Content: v.Content, Bytes: len(v.Content),
		CreatedAt: v.Created.UTC(), UpdatedAt: v.Updated.UTC(), ExpiresAt: v.Expires.UTC(),
	}
}

type draftName struct{ project, key string }

// drafts knows what is in the workspace without its texts. Its names are nil until they are read.
type drafts struct {
	mu    sync.Mutex
	names map[draftName]*draftPlace
}

type draftPlace struct {
	at    []byte // key in RocksDB
	draft memory.Draft
}

// workspace locks the drafts, with their names read. The caller unlocks them when there is no error.
func (s *Store) workspace() (*drafts, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	d := &s.drafts
	d.mu.Lock()
	if d.names != nil {
		return d, nil
	}
	names := map[draftName]*draftPlace{}
	err := s.kv.Scan(kv.Workspace, nil, func(key, value []byte) error {
		v, err := kv.DecodeValue[draftValue](value)
		if err != nil {
			return nil //nolint:nilerr // the checker tells of it; the others are of use all the same
		}
		meta := v.draft()
		meta.Content = ""
		names[draftName{v.Project, v.Key}] = &draftPlace{at: slices.Clone(key), draft: meta}
		return nil
	})
	if err != nil {
		d.mu.Unlock()
		return nil, kvError("read workspace", err)
	}
	d.names = names
	return d, nil
}

// PutDraft implements memory.Drafts.
func (s *Store) PutDraft(ctx context.Context, m memory.Draft) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d, err := s.workspace()
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	name := draftName{m.Project, m.Key}
	place := d.names[name]
	if place == nil {
		id := uuid.New()
		place = &draftPlace{at: id[:]}
	}
	b := kv.NewBatch()
	v := draftValue{m.Key, m.Project, m.Session, m.Client, m.Content, m.CreatedAt, m.UpdatedAt, m.ExpiresAt}
	if err := kv.PutPrivateValue(b, kv.Workspace, place.at, v); err != nil {
		return err
	}
	if err := s.kv.Write(b, true); err != nil {
		return kvError("write draft", err)
	}
	place.draft = v.draft()
	place.draft.Content = ""
	d.names[name] = place
	s.committed(memory.Commit{Drafts: []string{m.Key}, Sessions: draftSession(&m)})
	return nil
}

// draftSession is the session that shows a draft, if there is one.
func draftSession(m *memory.Draft) []string {
	if m.Session == "" {
		return nil
	}
	return []string{m.Session}
}

// find returns a draft that has not expired. It needs mu.
func (d *drafts) find(project, key string, now time.Time) (*draftPlace, error) {
	p := d.names[draftName{project, key}]
	if p == nil || !p.draft.ExpiresAt.After(now) {
		return nil, fmt.Errorf("no such draft: %w", memory.ErrNotFound)
	}
	return p, nil
}

// Draft implements memory.Drafts.
func (s *Store) Draft(_ context.Context, project, key string) (memory.Draft, error) {
	d, err := s.workspace()
	if err != nil {
		return memory.Draft{}, err
	}
	defer d.mu.Unlock()
	p, err := d.find(project, key, s.opts.Now())
	if err != nil {
		return memory.Draft{}, err
	}
	v, err := kv.GetValue[draftValue](s.kv, kv.Workspace, p.at)
	if err != nil {
		return memory.Draft{}, kvError("read draft", err)
	}
	return v.draft(), nil
}

// Drafts implements memory.Drafts.
func (s *Store) Drafts(_ context.Context, project string) ([]memory.Draft, error) {
	d, err := s.workspace()
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	out := []memory.Draft{}
	now := s.opts.Now()
	for name, p := range d.names {
		if name.project == project && p.draft.ExpiresAt.After(now) {
			out = append(out, p.draft)
		}
	}
	slices.SortFunc(out, func(a, b memory.Draft) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
}

// DropDraft implements memory.Drafts.
func (s *Store) DropDraft(_ context.Context, project, key string) error {
	d, err := s.workspace()
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	if _, err := d.find(project, key, s.opts.Now()); err != nil {
		return err
	}
	return s.dropDrafts(d, draftName{project, key})
}

// dropDrafts needs d.mu.
func (s *Store) dropDrafts(d *drafts, names ...draftName) error {
	b := kv.NewBatch()
	for _, n := range names {
		b.Delete(kv.Workspace, d.names[n].at)
	}
	if err := s.kv.Write(b, true); err != nil {
		return kvError("drop draft", err)
	}
	var c memory.Commit
	for _, n := range names {
		c.Drafts = append(c.Drafts, n.key)
		c.Sessions = append(c.Sessions, draftSession(&d.names[n].draft)...)
		delete(d.names, n)
	}
	s.committed(c)
	return nil
}

// DropExpiredDrafts implements memory.Drafts.
func (s *Store) DropExpiredDrafts(ctx context.Context, now time.Time) (int, error) {
	d, err := s.workspace()
	if err != nil {
		return 0, err
	}
	defer d.mu.Unlock()
	var due []draftName
	for n, p := range d.names {
		if !p.draft.ExpiresAt.After(now) {
			due = append(due, n)
		}
	}
	if err := ctx.Err(); err != nil || len(due) == 0 {
		return 0, err
	}
	if err := s.dropDrafts(d, due...); err != nil {
		return 0, err
	}
	return len(due), nil
}
