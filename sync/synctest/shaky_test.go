package synctest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/synctest"
)

var errShaky = errors.New("this call failed")

// shaky is a folder and a cloud of which one call fails.
type shaky struct {
	mu          sync.Mutex
	calls, fail int
}

func (s *shaky) call() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls++; s.calls == s.fail {
		return errShaky
	}
	return nil
}

type shakyLocal struct {
	*synctest.Local
	s *shaky
}

func (l shakyLocal) Changed(ctx context.Context, p memsync.Place, n int) ([]memory.ID, error) {
	if err := l.s.call(); err != nil {
		return nil, err
	}
	return l.Local.Changed(ctx, p, n)
}

func (l shakyLocal) Sealed(ctx context.Context, p memsync.Place, n int) ([]memory.ID, error) {
	if err := l.s.call(); err != nil {
		return nil, err
	}
	return l.Local.Sealed(ctx, p, n)
}

func (l shakyLocal) Held(ctx context.Context, p memsync.Place, n int) ([]memory.ID, error) {
	if err := l.s.call(); err != nil {
		return nil, err
	}
	return l.Local.Held(ctx, p, n)
}

func (l shakyLocal) Older(ctx context.Context, p memsync.Place, epoch uint64, after memory.ID, n int) ([]memory.ID, error) {
	if err := l.s.call(); err != nil {
		return nil, err
	}
	return l.Local.Older(ctx, p, epoch, after, n)
}

func (l shakyLocal) Rows(ctx context.Context, p memsync.Place, ids []memory.ID) (map[memory.ID]memsync.Row, error) {
	if err := l.s.call(); err != nil {
		return nil, err
	}
	return l.Local.Rows(ctx, p, ids)
}

func (l shakyLocal) Write(ctx context.Context, p memsync.Place, b memsync.Batch) error {
	if err := l.s.call(); err != nil {
		return err
	}
	return l.Local.Write(ctx, p, b)
}

func (l shakyLocal) Cursor(ctx context.Context, p memsync.Place) (string, error) {
	if err := l.s.call(); err != nil {
		return "", err
	}
	return l.Local.Cursor(ctx, p)
}

type shakyRemote struct {
	*synctest.Remote
	s *shaky
}

func (r shakyRemote) Push(ctx context.Context, p memsync.Place, records []memsync.Record) ([]memsync.Outcome, error) {
	if err := r.s.call(); err != nil {
		return nil, err
	}
	return r.Remote.Push(ctx, p, records)
}

func (r shakyRemote) Pull(ctx context.Context, p memsync.Place, cursor string, limit int) (memsync.Page, error) {
	if err := r.s.call(); err != nil {
		return memsync.Page{}, err
	}
	return r.Remote.Pull(ctx, p, cursor, limit)
}

func (r shakyRemote) Fetch(ctx context.Context, p memsync.Place, ids []memory.ID) ([]memsync.Record, error) {
	if err := r.s.call(); err != nil {
		return nil, err
	}
	return r.Remote.Fetch(ctx, p, ids)
}

// shakySealer fails to seal as well.
type shakySealer struct {
	memsync.Plain
	s *shaky
}

func (e shakySealer) Seal(id memory.ID, seen memsync.State, p memsync.Payload) ([]byte, memsync.State, error) {
	if err := e.s.call(); err != nil {
		return nil, memsync.State{}, err
	}
	return e.Plain.Seal(id, seen, p)
}

// days are two devices that write, change the same memories and seal them anew; the error is the first of a round. settled
// has them go on without trouble and says whether they agree in the end.
func (s *shaky) days(ctx context.Context) (settled func() error, err error) {
	place, remote := memsync.Global(), synctest.NewRemote()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { now = now.Add(time.Second); return now }
	a, b := synctest.NewLocal(clock), synctest.NewLocal(clock)
	engine := func(l *synctest.Local, name string, batch int) *memsync.Engine {
		return memsync.NewEngine(place, shakyLocal{l, s}, shakyRemote{remote, s}, shakySealer{s: s}, memsync.Options{Device: name, Batch: batch, Patience: -1, Now: clock})
	}
	first, second := engine(a, "a", 2), engine(b, "b", 3)
	round := func(e *memsync.Engine) {
		if _, rerr := e.Round(ctx); err == nil && rerr != nil {
			err = rerr
		}
	}
	var ids []memory.ID
	for i := range 5 {
		id := memory.ID(fmt.Sprintf("00000000-0000-7000-8000-%012d", i))
		ids = append(ids, id)
		a.Put(memory.Memory{ID: id, Content: fmt.Sprintf("text %d", i), Scope: scope.Global, State: memory.Active, Metadata: map[string]any{"k": "v"}}, false)
	}
	round(first)
	round(second)
	for i, id := range ids {
		for name, l := range map[string]*synctest.Local{"a": a, "b": b} {
			if m, _, ok := l.Get(id); ok {
				m.Content = fmt.Sprintf("text %d by %s", i, name)
				l.Put(m, false)
			}
		}
	}
	round(first)
	round(second)
	if m, _, ok := b.Get(ids[0]); ok {
		m.State = memory.Forgotten
		b.Put(m, true)
	}
	round(second)
	round(first)
	if _, _, rerr := first.Reseal(ctx, math.MaxUint64>>1, "", 10); err == nil && rerr != nil {
		err = rerr
	}
	return func() error {
		s.fail = 0
		for range 4 {
			for _, e := range []*memsync.Engine{first, second} {
				if _, err := e.Round(ctx); err != nil {
					return err
				}
			}
		}
		for _, id := range ids {
			m, others, _ := a.Get(id)
			n, more, _ := b.Get(id)
			gone, alsoGone := m.State == memory.Forgotten || m.Scope != scope.Global, n.State == memory.Forgotten || n.Scope != scope.Global
			if gone != alsoGone || !gone && (m.Content != n.Content || !slices.Equal(others, more)) {
				return fmt.Errorf("they differ about %s: %s %q %v, %s %q %v", id, m.State, m.Content, others, n.State, n.Content, more)
			}
		}
		if waits := a.Waiting() + b.Waiting(); waits > 0 {
			return fmt.Errorf("%d changes wait", waits)
		}
		return nil
	}, err
}

// TestShakyCalls has each call fail once, of the folders, of the cloud and of sealing: the round says so, and the rounds
// behind it bring everything into order.
func TestShakyCalls(t *testing.T) {
	if settled, err := (&shaky{}).days(t.Context()); err != nil || settled() != nil {
		t.Fatalf("without trouble: %v, %v", err, settled())
	}
	for n := 1; ; n++ {
		s := &shaky{fail: n}
		settled, err := s.days(t.Context())
		if s.calls < n {
			t.Logf("%d calls", s.calls)
			return
		}
		if !errors.Is(err, errShaky) {
			t.Errorf("call %d failed: %v", n, err)
		}
		if err := settled(); err != nil {
			t.Errorf("after call %d failed: %v", n, err)
		}
	}
}
