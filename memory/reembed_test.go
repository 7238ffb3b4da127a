package memory_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// spaces is a store of memories as a change of the model sees it: which space the vector of each is in.
type spaces struct {
	mu      sync.Mutex
	jobs    []memory.Job // number i has place i+1
	in      map[memory.ID]string
	old     int // vectors of the former model
	failing map[string]int
	stopped func() // called by Outdated at its second page, when it is set
}

var wanted = memory.Spaces{Open: "remote-2", Local: "inside"}

func newSpaces(n int) *spaces {
	s := &spaces{in: make(map[memory.ID]string), old: n, failing: make(map[string]int)}
	for i := range n {
		s.jobs = append(s.jobs, memory.Job{ID: memory.ID(fmt.Sprint("m", i)), Text: fmt.Sprintf("text %d", i), LocalOnly: i%3 == 0, Version: i + 1})
	}
	return s
}

// fails counts down how often an operation still fails.
func (s *spaces) fails(op string) error {
	if s.failing[op] > 0 {
		s.failing[op]--
		return errDown
	}
	return nil
}

func (s *spaces) Outdated(_ context.Context, want memory.Spaces, after int64, n int) (jobs []memory.Job, next int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if after > 0 && s.stopped != nil {
		s.stopped()
	}
	if err := s.fails("Outdated"); err != nil {
		return nil, 0, err
	}
	for i, j := range s.jobs {
		place := want.Open
		if j.LocalOnly {
			place = want.Local
		}
		if int64(i) >= after && s.in[j.ID] != place && len(jobs) < n {
			jobs, next = append(jobs, j), int64(i+1)
		}
	}
	return jobs, next, nil
}

func (s *spaces) CountOutdated(context.Context, memory.Spaces) (left, total int, err error) {
	return 0, 0, nil
}

func (s *spaces) DropOtherSpaces(_ context.Context, _ memory.Spaces, n int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, s.old)
	s.old -= n
	return n, s.fails("DropOtherSpaces")
}

func (s *spaces) PutVectors(_ context.Context, vs []memory.Vector) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fails("PutVectors"); err != nil {
		return err
	}
	for _, v := range vs {
		s.in[v.ID] = v.Space
		if i := slices.IndexFunc(s.jobs, func(j memory.Job) bool { return j.ID == v.ID }); s.jobs[i].Version != v.Version || int(v.Values[0]) != i {
			return fmt.Errorf("the vector of %s is another's", v.ID)
		}
	}
	return nil
}

// provider embeds openly or inside, and remembers what it was shown.
type provider struct {
	memory.Embedder
	mu    sync.Mutex
	shown map[bool][]string // by localOnly
	fail  func(texts []string) error
	less  int // vectors that are missing from its answers
}

func (p *provider) Documents(_ context.Context, texts []string, localOnly bool) (rows []memory.Embedding, space string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown == nil {
		p.shown = make(map[bool][]string)
	}
	p.shown[localOnly] = append(p.shown[localOnly], texts...)
	if p.fail != nil {
		if err := p.fail(texts); err != nil {
			return nil, "", err
		}
	}
	for _, text := range texts {
		var n int
		_, _ = fmt.Sscanf(text, "text %d", &n)
		rows = append(rows, memory.Embedding{Vector: []float32{float32(n)}})
	}
	less := min(p.less, len(rows))
	p.less = 0
	return rows[less:], map[bool]string{false: wanted.Open, true: wanted.Local}[localOnly], nil
}

func (s *spaces) through(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if want := map[bool]string{false: wanted.Open, true: wanted.Local}[j.LocalOnly]; s.in[j.ID] != want {
			t.Errorf("%s is in %q; want %q", j.ID, s.in[j.ID], want)
		}
	}
	if s.old != 0 {
		t.Errorf("%d vectors of the former model are left", s.old)
	}
}

func TestReembedder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, done := newSpaces(40), &provider{}, 0
		r := memory.StartReembedder(t.Context(), s, p, wanted, memory.ReembedderOptions{Done: func() error { done++; return nil }})
		synctest.Wait()
		if ended, err := r.Status(); !ended || err != nil || done != 1 {
			t.Errorf("Status = %v, %v; done %d times", ended, err, done)
		}
		s.through(t)
		// What must stay in this process is shown to nobody else.
		for _, j := range s.jobs {
			if j.LocalOnly && slices.Contains(p.shown[false], j.Text) {
				t.Errorf("%s was shown to a remote provider", j.ID)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestReembedderTrouble: whatever fails, it is tried again until all is done; the status says what failed, and neither it nor the
// log holds a text.
func TestReembedderTrouble(t *testing.T) {
	for name, tc := range map[string]struct {
		set  func(*spaces, *provider, *memory.ReembedderOptions)
		want string
	}{
		"reading":             {func(s *spaces, _ *provider, _ *memory.ReembedderOptions) { s.failing["Outdated"] = 1 }, "embed anew: engine down"},
		"storing":             {func(s *spaces, _ *provider, _ *memory.ReembedderOptions) { s.failing["PutVectors"] = 1 }, "embed anew: engine down"},
		"dropping":            {func(s *spaces, _ *provider, _ *memory.ReembedderOptions) { s.failing["DropOtherSpaces"] = 1 }, "drop vectors of the former model: engine down"},
		"a vector is missing": {func(_ *spaces, p *provider, _ *memory.ReembedderOptions) { p.less = 1 }, "embed anew: embedder returned 9 vectors for 10 texts"},
		"one batch": {func(_ *spaces, p *provider, _ *memory.ReembedderOptions) {
			n := 0
			p.fail = func([]string) error {
				if n++; n == 3 {
					return errDown
				}
				return nil
			}
		}, "embed anew: engine down"},
		"noting that it is done": {func(_ *spaces, _ *provider, o *memory.ReembedderOptions) {
			n := 0
			o.Done = func() error {
				if n++; n == 1 {
					return errDown
				}
				return nil
			}
		}, "engine down"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p, log := newSpaces(40), &provider{}, &lockedBuffer{}
				o := memory.ReembedderOptions{Batch: 16, Logger: slog.New(slog.NewTextHandler(log, nil))}
				tc.set(s, p, &o)
				r := memory.StartReembedder(t.Context(), s, p, wanted, o)
				var failed error
				for range 100 {
					synctest.Wait()
					ended, err := r.Status()
					if ended {
						break
					}
					failed = cmp.Or(failed, err)
					<-time.After(100 * time.Millisecond)
				}
				if failed == nil || failed.Error() != tc.want {
					t.Errorf("it failed with %v; want %s", failed, tc.want)
				}
				if ended, err := r.Status(); !ended || err != nil {
					t.Errorf("Status = %v, %v; want that it got through", ended, err)
				}
				s.through(t)
				if got := log.String(); !strings.Contains(got, "tried again") || strings.Contains(got, "text 1") {
					t.Errorf("log = %q", got)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestReembedderRests while calls are answered, and goes on where it was.
func TestReembedderRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := newSpaces(6), &provider{}
		began := time.Now()
		p.fail = func([]string) error { <-time.After(time.Millisecond); return nil }
		r := memory.StartReembedder(t.Context(), s, p, wanted, memory.ReembedderOptions{Batch: 2, Busy: func() bool { return true }})
		for ended := false; !ended; ended, _ = r.Status() {
			<-time.After(time.Millisecond)
		}
		s.through(t)
		// Six texts cost a millisecond or two a batch; it rests several times as long.
		if took := time.Since(began); took < 20*time.Millisecond {
			t.Errorf("took %v although calls were being answered", took)
		}
		r.Close()
	})
}

// TestReembedderStops in the middle of it: the batch under way is kept as a whole or not at all.
func TestReembedderStops(t *testing.T) {
	for name, err := range map[string]error{"within the embedder": context.Canceled, "between batches": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := newSpaces(40), &provider{}
				ctx, cancel := context.WithCancel(t.Context())
				n := 0
				p.fail = func([]string) error {
					if n++; n == 2 {
						cancel()
						return err
					}
					return nil
				}
				if err == nil {
					s.stopped = func() { s.failing["Outdated"] = 1 }
				}
				r := memory.StartReembedder(ctx, s, p, wanted, memory.ReembedderOptions{Batch: 16})
				synctest.Wait()
				if err := r.Close(); err != nil {
					t.Error(err)
				}
				if ended, failed := r.Status(); ended || failed == nil {
					t.Errorf("Status = %v, %v after it was stopped", ended, failed)
				}
				if len(s.in) != 0 && len(s.in) != 16 || s.old != 40 {
					t.Errorf("%d in their space, %d old vectors", len(s.in), s.old)
				}
			})
		})
	}
}
