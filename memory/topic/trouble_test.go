package topic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

var errDown = errors.New("engine down")

// shelf is a ClusterStore of two groups that fails when it is told to.
type shelf struct {
	mu      sync.Mutex
	failing map[string]bool
	kept    []byte
	made    int
	wanted  []int // how many groups were asked for
}

func (s *shelf) fails(ops ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = make(map[string]bool)
	for _, op := range ops {
		s.failing[op] = true
	}
}

func (s *shelf) fail(op string) error {
	if s.failing[op] {
		return errDown
	}
	return nil
}

func (s *shelf) Clusters(_ context.Context, _ int, seeds func(string, [][]float32) [][]float32) (memory.Clusters, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail("Clusters"); err != nil {
		return memory.Clusters{}, err
	}
	s.made++
	c := memory.Clusters{Space: "mini", Centroids: [][]float32{{1, 0, 0}, {0, 1, 0}}}
	var vecs [][]float32
	for i := range 10 {
		v := []float32{1, 0, float32(i) / 100}
		if i%2 == 1 {
			v = []float32{0, 1, float32(i) / 100}
		}
		vecs = append(vecs, v)
		c.Members = append(c.Members, memory.ClusterMember{ID: memory.ID(fmt.Sprint("m", i)), Cluster: i % 2, Cosine: 1 - float64(i)/100, Vector: v})
	}
	s.wanted = append(s.wanted, len(seeds(c.Space, vecs)))
	return c, nil
}

func (s *shelf) SaveTopics(_ context.Context, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail("SaveTopics"); err != nil {
		return err
	}
	s.kept = b
	return nil
}

func (s *shelf) LoadTopics(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept, s.fail("LoadTopics")
}

// read returns memories whose ids begin with m; those of gone have been forgotten.
func read(gone ...memory.ID) Get {
	return func(_ context.Context, ids []memory.ID) (out []memory.Memory, err error) {
		for _, id := range ids {
			m := memory.Memory{ID: id, State: memory.Active, Scope: scope.Project, Content: "kubernetes rollout"}
			if (id[1]-'0')%2 == 1 {
				m.Content = "espresso grinder"
			}
			for _, g := range gone {
				if g == id {
					m.State = memory.Forgotten
				}
			}
			out = append(out, m)
		}
		return out, nil
	}
}

// TestRefreshTrouble: what fails is said with its step, and what is kept stays as it was.
func TestRefreshTrouble(t *testing.T) {
	s := &shelf{}
	k := Open(t.Context(), Options{Store: s})
	defer k.Close()
	for _, op := range []string{"LoadTopics", "Clusters", "SaveTopics"} {
		s.fails(op)
		if m, err := k.Topics(t.Context(), read(), true); !errors.Is(err, errDown) || err.Error() != "topics: "+errDown.Error() || len(m.Topics) > 0 || s.kept != nil {
			t.Errorf("%s: %+v, %v", op, m, err)
		}
		if err := k.Refresh(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("%s: Refresh = %v", op, err)
		}
	}
	s.fails()
	before, err := k.Topics(t.Context(), read(), true)
	if err != nil || len(before.Topics) != 2 || len(before.Spots) != 10 {
		t.Fatalf("Topics = %+v, %v", before, err)
	}
	s.fails("SaveTopics")
	if err := k.Refresh(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("Refresh = %v", err)
	}
	if m, err := k.Topics(t.Context(), read(), false); err != nil || len(m.Topics) != 2 || m.Topics[0].ID != before.Topics[0].ID || m.Spots != nil {
		t.Errorf("after a refresh that failed: %+v, %v", m, err)
	}
	// Whoever cannot be asked for memories is no reason to show fewer.
	for _, n := range []int{1, 3} { // within the names, within the map
		calls := 0
		if _, err := k.Topics(t.Context(), func(ctx context.Context, ids []memory.ID) ([]memory.Memory, error) {
			if calls++; calls == n {
				return nil, errDown
			}
			return read()(ctx, ids)
		}, true); !errors.Is(err, errDown) {
			t.Errorf("reading fails at call %d: %v", n, err)
		}
	}
}

// TestTopicOfNothing: a topic none of whose memories may be shown any more is not shown, nor are their spots.
func TestTopicOfNothing(t *testing.T) {
	s := &shelf{}
	k := Open(t.Context(), Options{Store: s})
	defer k.Close()
	m, err := k.Topics(t.Context(), read("m0", "m2", "m4", "m6", "m8"), true)
	if err != nil || len(m.Topics) != 1 || m.Topics[0].Best[0].Content != "espresso grinder" || len(m.Spots) != 5 {
		t.Errorf("Topics = %+v, %v", m, err)
	}
}

// TestWhatIsKept: what another version kept is made anew; with about as many memories there are as many groups as before.
func TestWhatIsKept(t *testing.T) {
	s := &shelf{kept: []byte{0xc1}}
	k := Open(t.Context(), Options{Store: s})
	m, err := k.Topics(t.Context(), read(), false)
	if err != nil || len(m.Topics) != 2 || s.made != 1 {
		t.Errorf("Topics = %+v, %v; made %d times", m, err, s.made)
	}
	k.Close()
	again := Open(t.Context(), Options{Store: s})
	defer again.Close()
	if now, err := again.Topics(t.Context(), read(), false); err != nil || now.Topics[0].ID != m.Topics[0].ID || s.made != 1 {
		t.Errorf("after a restart: %+v, %v; made %d times", now, err, s.made)
	}
	was := &kept{Space: "mini"}
	for range 8 {
		was.Groups = append(was.Groups, group{Centroid: []float32{1, 0}})
	}
	for n, want := range map[int]int{128: 8, 162: 8, 242: 11} { // 8, 9 and 11 groups would suit them
		vecs := make([][]float32, n)
		for i := range vecs {
			vecs[i] = []float32{0, 1}
		}
		if got := len(seeds(was, "mini", vecs)); got != want {
			t.Errorf("%d groups for %d memories; want %d", got, n, want)
		}
	}
}

// TestWorker refreshes when enough has changed and nobody is being answered; a failure is in the log, and tried again.
func TestWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		var mu sync.Mutex
		count, busy, log := 0, false, strings.Builder{}
		set := func(n int, b bool) {
			mu.Lock()
			defer mu.Unlock()
			count, busy = n, b
		}
		k := Open(t.Context(), Options{
			Store: s, Count: func() int { mu.Lock(); defer mu.Unlock(); return count }, Busy: func() bool { mu.Lock(); defer mu.Unlock(); return busy },
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		for _, step := range []struct {
			name  string
			count int
			busy  bool
			fails string
			made  int
		}{
			{"too few", minMemories - 1, false, "", 0},
			{"calls are being answered", 10, true, "", 0},
			{"what is kept cannot be read", 10, false, "LoadTopics", 0},
			{"a store that fails", 10, false, "Clusters", 0},
			{"enough", 10, false, "", 1},
			{"nothing new", 15, false, "", 1},
			{"much is new", 40, false, "", 2},
		} {
			s.fails(step.fails)
			set(step.count, step.busy)
			<-time.After(2 * time.Minute)
			synctest.Wait()
			if s.made != step.made {
				t.Errorf("%s: made %d times; want %d", step.name, s.made, step.made)
			}
		}
		if got := log.String(); strings.Count(got, "refresh topics") != 1 {
			t.Errorf("log = %q; want one failure", got)
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
}
