package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// shelf is a SessionStore and Kin that only writes down what it is told.
type shelf struct {
	memory.SessionStore
	memory.Kin

	mu     sync.Mutex
	fail   error
	saves  int
	us     map[string]memory.SessionUpdate
	pairs  map[string]float64
	closed time.Time
}

func newShelf() *shelf {
	return &shelf{us: map[string]memory.SessionUpdate{}, pairs: map[string]float64{}}
}

func (s *shelf) SaveSessions(_ context.Context, us []memory.SessionUpdate) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.fail != nil {
		return s.fail
	}
	for _, u := range us {
		u.Recalls += s.us[u.ID].Recalls
		u.Recalled = append(s.us[u.ID].Recalled, u.Recalled...)
		s.us[u.ID] = u
	}
	return nil
}

func (s *shelf) CloseSessions(_ context.Context, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = before
	return nil
}

func (s *shelf) Link(_ context.Context, ps []memory.Pair, upTo int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, p := range ps {
		s.pairs[string(p.A+p.B)] += p.Weight
		if p.Kind != memory.PairTogether || upTo != 0 {
			return errors.New("wrong kind of pair")
		}
	}
	return nil
}

type cabinet memory.Drafts

// drawer is Drafts of which some have always expired.
type drawer struct {
	cabinet
	dropped int
}

func (d *drawer) DropExpiredDrafts(context.Context, time.Time) (int, error) {
	d.dropped++
	return 1, nil
}

func (s *shelf) get(id string) memory.SessionUpdate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.us[id]
}

func (s *shelf) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saves
}

var mia = memory.Caller{User: "mia", Client: "desk", Session: "s-1", Project: "billing"}

func open(t *testing.T, s *shelf) *Book {
	return Open(t.Context(), Options{Store: s, Kin: s, Drafts: &drawer{}})
}

func TestQuestionsShareAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		b := open(t, s)
		start := time.Now()
		for range 500 {
			b.Recalled(mia, []memory.ID{"a", "b", "c", "d", "e"})
		}
		other := mia
		other.Session, other.Project = "s-2", ""
		b.Remembered(other, "x")
		synctest.Wait()
		if n := s.written(); n != 0 {
			t.Errorf("%d writes before the time", n)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if n := s.written(); n != 1 {
			t.Errorf("%d writes for 500 questions; want one", n)
		}
		u := s.get("s-1")
		if u.Recalls != 500 || len(u.Recalled) != 2500 || u.Recalled[4].ID != "a" || !u.Open || u.Client != "desk" || u.Project != "billing" || !u.StartedAt.Equal(start.UTC()) {
			t.Errorf("session = %+v with %d recalled", u.Session, len(u.Recalled))
		}
		if s.pairs["ab"] != 500 || s.pairs["cd"] != 500 || s.pairs["ae"] != 0 || len(s.pairs) != 6 {
			t.Errorf("pairs = %v", s.pairs)
		}
		if u := s.get("s-2"); u.Recalls != 0 || u.Project != "" {
			t.Errorf("the other = %+v", u.Session)
		}
		if !s.closed.Equal(start) {
			t.Errorf("sessions before %v were closed; want %v", s.closed, start)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		b := open(t, s)
		b.Touch(mia)
		b.Ended("s-1")
		b.Ended("s-1")
		b.Ended("nobody")
		synctest.Wait() // an end is written at once
		if u := s.get("s-1"); u.Open || u.EndedAt.IsZero() {
			t.Errorf("session = %+v; want it closed", u.Session)
		}
		if len(s.us) != 1 || len(b.heard) != 0 {
			t.Errorf("%d sessions on record, %d in memory", len(s.us), len(b.heard))
		}
		b.Touch(mia) // the same connection again, after the engine was exchanged
		if err := b.Save(t.Context()); err != nil || !s.get("s-1").Open {
			t.Errorf("after another call: %+v, %v", s.get("s-1").Session, err)
		}
		b.Touch(memory.Caller{Client: "x"}) // no session
		if err := b.Close(t.Context()); err != nil || s.get("s-1").Open || len(s.us) != 1 {
			t.Errorf("after Close: %v, %v", s.us, err)
		}
	})
}

func TestCommandLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		b := open(t, s)
		cli := memory.Caller{Client: "cli", Session: "c-1"}
		b.Recalled(cli, []memory.ID{"a", "b"})
		if err := b.Save(t.Context()); err != nil || len(s.us) != 0 || s.pairs["ab"] != 1 {
			t.Errorf("a question from the command line: %v, %v, %v", s.us, s.pairs, err)
		}
		b.Remembered(cli, "x")
		if err := b.Close(t.Context()); err != nil || len(s.us) != 1 {
			t.Errorf("a memory from the command line: %v, %v", s.us, err)
		}
	})
}

func TestTroubleLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.fail = errors.New("disk full")
		b := open(t, s)
		b.Recalled(mia, []memory.ID{"a", "b"})
		time.Sleep(6 * time.Second)
		b.Recalled(mia, []memory.ID{"b", "a"})
		time.Sleep(6 * time.Second)
		synctest.Wait()
		s.mu.Lock()
		s.fail = nil
		s.mu.Unlock()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		u := s.get("s-1")
		var ids []string
		for _, r := range u.Recalled {
			ids = append(ids, string(r.ID))
		}
		if u.Recalls != 2 || strings.Join(ids, "") != "baab" || s.pairs["ab"] != 2 {
			t.Errorf("session %+v, recalled %v, pairs %v", u.Session, ids, s.pairs)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// What a session was about is worked out anew when its memories get their vectors.
func TestEmbedded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		b := open(t, s)
		b.Remembered(mia, "x")
		b.Ended("s-1")
		synctest.Wait()
		before := s.written()
		b.Embedded()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if s.written() != before+1 || s.get("s-1").Open {
			t.Errorf("%d writes more; session %+v", s.written()-before, s.get("s-1").Session)
		}
		time.Sleep(embedTime)
		b.Embedded()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if s.written() != before+1 {
			t.Error("sessions wait for vectors for ever")
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPairsAreBounded(t *testing.T) {
	s := newShelf()
	b := Open(t.Context(), Options{Store: s, Kin: s, Every: time.Hour})
	for i := range 2 * maxPairs {
		b.Recalled(memory.Caller{}, []memory.ID{"x", memory.ID(fmt.Sprint("y", i))})
	}
	if len(b.pairs) > maxPairs {
		t.Errorf("%d pairs wait", len(b.pairs))
	}
	if err := b.Close(t.Context()); err != nil || !slices.Contains([]int{maxPairs}, len(s.pairs)) {
		t.Errorf("%d pairs, %v", len(s.pairs), err)
	}
}

func TestDraftsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &drawer{}
		b := Open(t.Context(), Options{Store: newShelf(), Drafts: d})
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if d.dropped != 3 {
			t.Errorf("expired drafts were looked for %d times in three hours", d.dropped)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
