package session

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/memory"
)

var errDown = errors.New("engine down")

// late is a shelf on which something happens while it writes.
type late struct {
	*shelf
	meanwhile func()
	link      error
	closing   error
}

func (l *late) SaveSessions(ctx context.Context, us []memory.SessionUpdate) error {
	if f := l.meanwhile; f != nil {
		l.meanwhile = nil
		f()
		return errDown
	}
	return l.shelf.SaveSessions(ctx, us)
}

func (l *late) Link(ctx context.Context, ps []memory.Pair, upTo int64) error {
	if l.link != nil {
		return l.link
	}
	return l.shelf.Link(ctx, ps, upTo)
}

func (l *late) CloseSessions(context.Context, time.Time) error { return l.closing }

// TestMeanwhile: what comes while a write fails is joined with what was to be written, in its order and counted once.
func TestMeanwhile(t *testing.T) {
	l := &late{shelf: newShelf()}
	b := Open(t.Context(), Options{Store: l, Kin: l, Every: time.Hour})
	b.Recalled(mia, []memory.ID{"a", "b"})
	l.meanwhile = func() { b.Recalled(mia, []memory.ID{"c"}) }
	if err := b.Save(t.Context()); !errors.Is(err, errDown) {
		t.Fatalf("Save = %v", err)
	}
	if err := b.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range l.get("s-1").Recalled {
		ids = append(ids, string(r.ID))
	}
	if got := strings.Join(ids, ""); l.get("s-1").Recalls != 2 || got != "bac" || l.pairs["ab"] != 1 {
		t.Errorf("%d questions, recalled %q, pairs %v", l.get("s-1").Recalls, got, l.pairs)
	}
	// Pairs that could not be written are not lost, and the session is not written twice for them.
	l.link = errDown
	b.Recalled(mia, []memory.ID{"a", "b"})
	if err := b.Save(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("Save = %v", err)
	}
	l.link = nil
	if err := b.Close(t.Context()); err != nil || l.pairs["ab"] != 2 || l.get("s-1").Recalls != 3 {
		t.Errorf("pairs %v, %d questions, %v", l.pairs, l.get("s-1").Recalls, err)
	}
}

// stuck are drafts that cannot be dropped.
type stuck struct{ cabinet }

func (stuck) DropExpiredDrafts(context.Context, time.Time) (int, error) { return 0, errDown }

// TestTroubleIsLogged: what fails in the background is in the log, and the book goes on; without drafts or kin there is nothing to
// do for them.
func TestTroubleIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		l := &late{shelf: newShelf(), closing: errDown}
		b := Open(t.Context(), Options{Store: l, Drafts: stuck{}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		b.Recalled(mia, []memory.ID{"a", "b"})
		<-time.After(time.Hour)
		synctest.Wait()
		if got := log.String(); !strings.Contains(got, "close the sessions that were left open") || !strings.Contains(got, "drop expired drafts") {
			t.Errorf("log = %q", got)
		}
		if l.get("s-1").Recalls != 1 || len(l.pairs) != 0 {
			t.Errorf("session %+v, pairs %v", l.get("s-1"), l.pairs)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
		log.Reset()
		bare := Open(t.Context(), Options{Store: newShelf(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		<-time.After(time.Hour)
		synctest.Wait()
		if err := bare.Close(t.Context()); err != nil || log.String() != "" {
			t.Errorf("without drafts: %q, %v", log.String(), err)
		}
	})
}
