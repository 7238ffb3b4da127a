package synctest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
)

// Remote is a cloud in RAM.
type Remote struct {
	mu    sync.Mutex
	batch int64
	rows  map[memsync.Place]map[memory.ID]kept
	subs  map[*func()]bool
}

type kept struct {
	record memsync.Record
	batch  int64
}

var _ memsync.Remote = (*Remote)(nil)

// NewRemote returns an empty cloud.
func NewRemote() *Remote {
	return &Remote{rows: map[memsync.Place]map[memory.ID]kept{}, subs: map[*func()]bool{}}
}

// Push implements memsync.Remote.
func (r *Remote) Push(_ context.Context, p memsync.Place, records []memsync.Record) ([]memsync.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows[p] == nil {
		r.rows[p] = map[memory.ID]kept{}
	}
	r.batch++
	out := make([]memsync.Outcome, len(records))
	for i, rec := range records {
		have := r.rows[p][rec.ID].record
		switch {
		case rec.Version == have.Version+1:
			rec.Body = slices.Clone(rec.Body)
			r.rows[p][rec.ID] = kept{rec, r.batch}
			out[i] = memsync.Accepted
		case rec.Version == have.Version && bytes.Equal(rec.Body, have.Body):
			out[i] = memsync.Accepted
		default:
			out[i] = memsync.Stale
		}
	}
	for f := range r.subs {
		(*f)()
	}
	return out, nil
}

// Pull implements memsync.Remote.
func (r *Remote) Pull(_ context.Context, p memsync.Place, cursor string, limit int) (memsync.Page, error) {
	var batch int64
	var after memory.ID
	if cursor != "" {
		a, b, _ := strings.Cut(cursor, "/")
		n, err := strconv.ParseInt(a, 10, 64)
		if err != nil {
			return memsync.Page{}, fmt.Errorf("cursor: %w", err)
		}
		batch, after = n, memory.ID(b)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []kept
	for id, k := range r.rows[p] {
		if k.batch > batch || k.batch == batch && id > after {
			found = append(found, k)
		}
	}
	slices.SortFunc(found, func(a, b kept) int {
		if a.batch != b.batch {
			return int(a.batch - b.batch)
		}
		return strings.Compare(string(a.record.ID), string(b.record.ID))
	})
	page := memsync.Page{Cursor: cursor, More: len(found) > limit}
	for _, k := range found[:min(limit, len(found))] {
		page.Records = append(page.Records, k.record)
		page.Cursor = fmt.Sprintf("%d/%s", k.batch, k.record.ID)
	}
	return page, nil
}

// Fetch implements memsync.Remote.
func (r *Remote) Fetch(_ context.Context, p memsync.Place, ids []memory.ID) ([]memsync.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []memsync.Record
	for _, id := range ids {
		if k, ok := r.rows[p][id]; ok {
			out = append(out, k.record)
		}
	}
	return out, nil
}

// Watch implements memsync.Remote.
func (r *Remote) Watch(ctx context.Context, changed func()) error {
	r.mu.Lock()
	r.subs[&changed] = true
	r.mu.Unlock()
	<-ctx.Done()
	r.mu.Lock()
	delete(r.subs, &changed)
	r.mu.Unlock()
	return ctx.Err()
}

// Bytes returns everything the cloud holds, for those who look for what it should not.
func (r *Remote) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []byte
	for _, rows := range r.rows {
		for _, k := range rows {
			all = append(all, k.record.Body...)
		}
	}
	return all
}

// Tamper hands every row of p to fn, which may change it: what a hostile server does.
func (r *Remote) Tamper(p memsync.Place, fn func(*memsync.Record)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batch++
	for id, k := range r.rows[p] {
		k.record.Body = slices.Clone(k.record.Body)
		fn(&k.record)
		k.batch = r.batch
		r.rows[p][id] = k
	}
}
