package synctest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	memsync "github.com/elderzan/elderzan/sync"
)

// Directory carries a team in RAM. Its fields are there for tests that tamper with them between calls.
type Directory struct {
	mu    sync.Mutex
	Chain [][]byte
	Keys  []memsync.Wrap
	Asks  []memsync.Join
}

// Entries returns the chain from an entry on.
func (d *Directory) Entries(_ context.Context, from uint64) ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.Chain[min(int(from), len(d.Chain)):]), nil
}

// Append adds an entry with its wraps.
func (d *Directory) Append(_ context.Context, seq uint64, entry []byte, _ uuid.UUID, wraps []memsync.Wrap) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if int(seq) != len(d.Chain) {
		return memsync.ErrTaken
	}
	d.Chain, d.Keys = append(d.Chain, entry), append(d.Keys, wraps...)
	return nil
}

// Strike takes entries out.
func (d *Directory) Strike(_ context.Context, from uint64, entries [][]byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := len(d.Chain)
	low := min(int(from), before)
	rest := slices.DeleteFunc(slices.Clone(d.Chain[low:]), func(e []byte) bool {
		return slices.ContainsFunc(entries, func(b []byte) bool { return bytes.Equal(b, e) })
	})
	d.Chain = append(d.Chain[:low:low], rest...)
	return before - len(d.Chain), nil
}

// Grant adds wraps.
func (d *Directory) Grant(_ context.Context, _ uuid.UUID, wraps []memsync.Wrap) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Keys = append(d.Keys, wraps...)
	return nil
}

// Wraps returns what is wrapped to a device.
func (d *Directory) Wraps(_ context.Context, device uuid.UUID, from uint64) ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out [][]byte
	for _, w := range d.Keys {
		if w.Device == device && w.Epoch >= from {
			out = append(out, w.Body)
		}
	}
	return out, nil
}

// Ask keeps a wish to join.
func (d *Directory) Ask(_ context.Context, request []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Asks = append(d.Asks, memsync.Join{Login: uuid.NewString(), Request: request})
	return nil
}

// Joins lists the wishes to join.
func (d *Directory) Joins(context.Context) ([]memsync.Join, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.Asks), nil
}

// Invite makes no login: everybody may connect.
func (d *Directory) Invite(context.Context, string, string, time.Time) error { return nil }

// Admit drops the wish to join.
func (d *Directory) Admit(_ context.Context, login string, _ uuid.UUID, _, _ bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Asks = slices.DeleteFunc(d.Asks, func(j memsync.Join) bool { return j.Login == login })
	return nil
}

// Dismiss does nothing: a hostile server would not do more.
func (d *Directory) Dismiss(context.Context, uuid.UUID) error { return nil }

// SetRights does nothing.
func (d *Directory) SetRights(context.Context, uuid.UUID, bool, bool) error { return nil }
