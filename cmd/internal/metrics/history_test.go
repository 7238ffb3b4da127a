package metrics

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// shelf keeps one row.
type shelf struct {
	mu   sync.Mutex
	row  []byte
	n    int
	fail error
}

func (s *shelf) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *shelf) AddHistory(_ context.Context, _ time.Time, merge func([]byte) ([]byte, error)) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.n++
	s.row, err = merge(s.row)
	return err
}

func TestRecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(Options{Stats: open, Version: "v1"})
		s := &shelf{}
		r := Record(s, m, slog.New(slog.DiscardHandler))
		m.Called("recall", "ok", 7*time.Millisecond)
		m.Called("remember", "internal", time.Minute)
		time.Sleep(recordEvery + time.Second)
		synctest.Wait()
		s.failWith(errors.New("full")) // what could not be written is written later
		m.Called("recall", "ok", 7*time.Millisecond)
		time.Sleep(recordEvery)
		synctest.Wait()
		s.failWith(nil)
		time.Sleep(3 * recordEvery)
		synctest.Wait()
		m.Called("recall", "ok", 7*time.Millisecond)
		r.Close()
		r.Close()
		p, err := Decode(time.Now(), s.row)
		if err != nil || s.n != 3 || p.Calls != 4 || p.Failing != 1 || p.Tools["recall"] != 3 || p.Memories != 7 || p.Scopes["PRIVATE"] != 2 || p.Bytes != 1000 || p.Memory <= 0 {
			t.Errorf("after %d writes: %+v, %v", s.n, p, err)
		}
		if p.Quantile(.5) != 10*time.Millisecond || p.Quantile(1) != 30*time.Second {
			t.Errorf("quantiles = %v, %v", p.Quantile(.5), p.Quantile(1))
		}
	})
}

func TestSum(t *testing.T) {
	a := Point{Calls: 1, Tools: map[string]int{"recall": 1}, Latency: []int{1}, Memories: 3}
	b := Point{Calls: 2, Failing: 1, Tools: map[string]int{"recall": 1, "search": 1}, Latency: []int{0, 2}, Memories: 5}
	s := Sum([]Point{a, b})
	if s.Calls != 3 || s.Failing != 1 || s.Tools["recall"] != 2 || s.Latency[0] != 1 || s.Latency[1] != 2 || s.Memories != 5 || a.Tools["search"] != 0 {
		t.Errorf("Sum = %+v", s)
	}
	if z := Sum(nil); z.Calls != 0 || z.Quantile(.95) != 0 {
		t.Errorf("Sum of nothing = %+v", z)
	}
}
