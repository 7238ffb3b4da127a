package memory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/scope"
)

// Each test runs in a bubble of synctest: its clock stands still while anything can go on, so that times are exact.

// batch is one go at the embedder.
type batch struct {
	at    time.Duration // since the start of the test
	texts []string
	local bool
}

// bench is an Indexer over a store in RAM and an embedder that takes its time.
type bench struct {
	*memory.Indexer
	store *memorytest.Store
	log   bytes.Buffer
	began time.Time

	mu      sync.Mutex
	batches []batch
	done    []int // sizes of the batches stored
	fail    func(texts []string) error
	perText time.Duration
}

func newBench(t *testing.T, before func(*bench)) *bench {
	t.Helper()
	b := &bench{store: &memorytest.Store{}, began: time.Now()}
	if before != nil {
		before(b)
	}
	e := &memorytest.Embedder{Fail: func(texts []string, local bool) error {
		b.mu.Lock()
		b.batches = append(b.batches, batch{time.Since(b.began), texts, local})
		fail, wait := b.fail, b.perText*time.Duration(len(texts))
		b.mu.Unlock()
		<-time.After(wait)
		if fail != nil {
			return fail(texts)
		}
		return nil
	}}
	b.Indexer = memory.NewIndexer(t.Context(), b.store, e, memory.IndexerOptions{
		Logger: slog.New(slog.NewTextHandler(&b.log, nil)), OnBatch: func(n int, _ time.Duration) { b.mu.Lock(); b.done = append(b.done, n); b.mu.Unlock() },
	})
	t.Cleanup(func() { b.Close() })
	return b
}

// add stores memories, as many as there are texts, and announces each.
func (b *bench) add(texts ...string) {
	for _, text := range texts {
		b.store.Add(memory.Memory{ID: memory.NewID(), Content: text, State: memory.Active, Version: 1, Scope: scope.Project})
		b.Wake()
	}
}

func (b *bench) set(fail func([]string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

// times are when the embedder was asked, in milliseconds.
func (b *bench) times() []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []int64
	for _, x := range b.batches {
		out = append(out, x.at.Milliseconds())
	}
	return out
}

func numbered(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("text %d", i))
	}
	return out
}

// idle waits for the jobs to run out and checks that none is left.
func (b *bench) idle(t *testing.T) {
	t.Helper()
	if err := b.WaitIdle(t.Context()); err != nil {
		t.Fatalf("WaitIdle = %v", err)
	}
	if jobs, _ := b.store.Waiting(); jobs != 0 {
		t.Fatalf("%d jobs wait although the worker says it is idle", jobs)
	}
}

func TestIndexerEmbedsInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.add(numbered(40)...)
		b.idle(t)
		if got := b.store.Spaces()[memorytest.Space]; got != 40 {
			t.Errorf("%d vectors; want 40", got)
		}
		for _, x := range b.batches {
			if len(x.texts) > 16 {
				t.Errorf("a batch of %d; want at most 16", len(x.texts))
			}
		}
		if len(b.batches) > 10 {
			t.Errorf("%d batches for 40 texts", len(b.batches))
		}
	})
}

func TestIndexerFindsWhatWaitedBeforeItStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) {
			for _, text := range numbered(20) {
				b.store.Add(memory.Memory{ID: memory.NewID(), Content: text, State: memory.Active})
			}
		})
		b.idle(t)
	})
}

func TestIndexerKeepsLocalTextsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) {
			for i, text := range numbered(12) {
				sc := scope.Project
				if i%3 == 0 {
					sc = scope.Private
				}
				b.store.Add(memory.Memory{ID: memory.NewID(), Content: text, State: memory.Active, Scope: sc})
			}
		})
		b.idle(t)
		for _, x := range b.batches {
			for _, text := range x.texts {
				var i int
				if _, err := fmt.Sscanf(text, "text %d", &i); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				if x.local != (i%3 == 0) {
					t.Errorf("%q was embedded with localOnly %v", text, x.local)
				}
			}
		}
	})
}

// While calls are being answered the worker embeds one text at a time and rests 49 times as long as that took.
func TestIndexerGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) { b.perText = 10 * time.Millisecond })
		synctest.Wait()
		end := b.Foreground()
		b.add(numbered(5)...)
		<-time.After(1100 * time.Millisecond)
		if got, want := b.times(), []int64{0, 500, 1000}; !slices.Equal(got, want) {
			t.Errorf("embedded at %v ms; want %v", got, want)
		}
		end()
		<-time.After(time.Second) // the quiet time after the last call passes, and the rest goes in one batch
		b.idle(t)
		for _, x := range b.batches[:3] {
			if len(x.texts) != 1 {
				t.Errorf("a batch of %d while a call was under way", len(x.texts))
			}
		}
	})
}

// A rest does not outlast the calls that asked for it.
func TestIndexerGoesOnAfterCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) { b.perText = 100 * time.Millisecond })
		synctest.Wait()
		end := b.Foreground()
		b.add(numbered(3)...)
		<-time.After(110 * time.Millisecond) // of the first text; 4.9 s of rest begin
		end()
		<-time.After(500 * time.Millisecond)
		if got := b.times(); len(got) != 2 {
			t.Errorf("embedded at %v ms; want the other two within half a second after the last call", got)
		}
		b.idle(t)
	})
}

// Somebody who waits for the jobs ends the rests.
func TestIndexerHurries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) { b.perText = 10 * time.Millisecond })
		synctest.Wait()
		defer b.Foreground()()
		b.add(numbered(8)...)
		<-time.After(20 * time.Millisecond) // the worker is at rest now
		before := time.Now()
		b.idle(t)
		if took := time.Since(before); took != 70*time.Millisecond {
			t.Errorf("waiting took %v; want the 70 ms that the other seven texts take", took)
		}
	})
}

func TestIndexerBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		synctest.Wait()
		b.set(func([]string) error { return errDown })
		b.add("x")
		<-time.After(150 * time.Second)
		got := b.times()
		for i := range got {
			got[i] /= 100 // the worker looks up a little after each time
		}
		if want := []int64{0, 10, 30, 70, 150, 310, 630, 1230}; !slices.Equal(got, want) {
			t.Errorf("tried at %v × 100 ms; want %v", got, want)
		}
		if err := b.WaitIdle(t.Context()); !errors.Is(err, memory.ErrNotEmbedding) {
			t.Errorf("WaitIdle = %v; want ErrNotEmbedding: a job failed and waits", err)
		}
		b.set(nil)
		<-time.After(2 * time.Minute)
		b.idle(t)
		if strings.Contains(b.log.String(), "text") {
			t.Errorf("the log holds a text: %s", &b.log)
		}
	})
}

// A text that cannot be embedded holds up no other, and is not given up.
func TestIndexerPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		synctest.Wait()
		b.set(func(texts []string) error {
			if slices.Contains(texts, "poison") {
				return errDown
			}
			return nil
		})
		b.add(append(append(numbered(5), "poison"), numbered(30)[5:]...)...)
		<-time.After(10 * time.Second)
		if jobs, attempts := b.store.Waiting(); jobs != 1 || attempts < 2 {
			t.Fatalf("%d jobs wait, tried up to %d times; want the poison alone", jobs, attempts)
		}
		b.set(nil)
		<-time.After(5 * time.Minute)
		b.idle(t)
	})
}

func TestIndexerShortAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memorytest.Store{}
		store.Add(memory.Memory{ID: memory.NewID(), Content: "x", State: memory.Active})
		x := memory.NewIndexer(t.Context(), store, short{}, memory.IndexerOptions{})
		defer x.Close()
		synctest.Wait()
		if jobs, attempts := store.Waiting(); jobs != 1 || attempts != 1 {
			t.Errorf("%d jobs, %d attempts; want the job kept and counted", jobs, attempts)
		}
	})
}

// short is an Embedder that leaves out vectors.
type short struct{ memory.Embedder }

func (short) Documents(context.Context, []string, bool) ([]memory.Embedding, string, error) {
	return nil, "s", nil
}

// Whatever fails in the store, every job is done in the end.
func TestIndexerSurvivesTheStore(t *testing.T) {
	for name, ops := range map[string][]string{
		"reading jobs": {"Jobs"}, "storing vectors": {"PutVectors"}, "delaying jobs": {"FailJobs"}, "all of it": {"Jobs", "PutVectors", "FailJobs"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				b := newBench(t, func(b *bench) {
					fail := failing(ops...)
					b.store.Fail = func(op string) error {
						if err := fail(op); err != nil {
							if n++; n <= 5 {
								return err
							}
						}
						return nil
					}
					embeds := 0
					b.fail = func([]string) error { // so that FailJobs is reached
						if embeds++; embeds%2 == 1 && embeds < 8 {
							return errDown
						}
						return nil
					}
				})
				b.add(numbered(20)...)
				<-time.After(10 * time.Minute)
				b.idle(t)
				if n == 0 {
					t.Error("the fault was never met")
				}
			})
		})
	}
}

func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) { b.perText = 10 * time.Millisecond })
		synctest.Wait()
		took := func(few int, limit time.Duration) time.Duration {
			before := time.Now()
			b.Settle(t.Context(), few, limit)
			return time.Since(before)
		}
		if d := took(8, time.Second); d != 0 {
			t.Errorf("with nothing waiting Settle took %v", d)
		}
		b.add("one")
		if d := took(8, time.Second); d != 10*time.Millisecond {
			t.Errorf("with one waiting Settle took %v; want 10 ms", d)
		}
		b.add(numbered(3)...)
		if d := took(8, 15*time.Millisecond); d != 15*time.Millisecond {
			t.Errorf("with three waiting Settle took %v; want its limit", d)
		}
		b.idle(t)
		b.add(numbered(9)...)
		if d := took(8, time.Second); d != 0 {
			t.Errorf("with nine waiting Settle took %v; want none", d)
		}
	})
}

func TestWaitIdleGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) { b.perText = time.Hour })
		synctest.Wait()
		b.add("x")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.WaitIdle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitIdle = %v; want DeadlineExceeded", err)
		}
		go func() {
			<-time.After(time.Second)
			b.mu.Lock()
			b.perText = 0
			b.mu.Unlock()
			b.Close()
		}()
		if err := b.WaitIdle(t.Context()); !errors.Is(err, memory.ErrNotEmbedding) {
			t.Errorf("WaitIdle while the worker is closed = %v; want ErrNotEmbedding", err)
		}
		if jobs, _ := b.store.Waiting(); jobs != 1 {
			t.Errorf("%d jobs wait after Close; want the one that was under way", jobs)
		}
	})
}

// Many at once add, wait and answer calls; every memory is embedded.
func TestIndexerConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(b *bench) { b.perText = time.Millisecond })
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 10 {
					end := b.Foreground()
					b.add(fmt.Sprintf("%d %d", i, j))
					if j%3 == 0 {
						b.Settle(t.Context(), 8, 5*time.Millisecond)
					}
					end()
				}
			})
		}
		wg.Wait()
		b.idle(t)
		if got := b.store.Spaces()[memorytest.Space]; got != 80 {
			t.Errorf("%d vectors; want 80", got)
		}
	})
}

// The service announces what it stores, waits when asked to, and says when the vector is not there yet.
func TestServiceAndIndexer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		w := newWorld(t, func(w *world, o *memory.Options) {
			w.store, o.Store, o.Indexer = b.store, b.store, b.Indexer
		})
		res := w.keep(t, memory.RememberInput{Content: "deploy on tuesdays", Wait: true})
		wantWarning(t, res.Warnings, "")
		if b.store.Spaces()[memorytest.Space] != 1 {
			t.Error("remember with wait came back before the vector was there")
		}
		content := "deploy on mondays"
		if _, err := w.Revise(t.Context(), mia, memory.ReviseInput{ID: res.Memory.ID, Content: &content}); err != nil {
			t.Fatal(err)
		}
		if r, err := w.Recall(t.Context(), mia, memory.RecallInput{Query: "deploy on mondays", Limit: 1}); err != nil || len(r.Memories) != 1 || r.Memories[0].Score < 0.99 {
			t.Errorf("Recall right after Revise = %+v, %v; want the new text's vector", r, err)
		}
		if _, err := w.Search(t.Context(), mia, memory.SearchQuery{Limit: 1}); err != nil {
			t.Error(err)
		}
		b.set(func([]string) error { return errDown })
		wantWarning(t, w.keep(t, memory.RememberInput{Content: "y", Wait: true}).Warnings, "not embedded yet")
	})
}
