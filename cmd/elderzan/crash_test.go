package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// inFlight is how many calls are under way whenever the engine is killed.
const inFlight = 16

// TestCrashLoop kills the engine again and again, at random moments, under clients that never stop writing. At the end
// everything acknowledged is stored, once, and found; and the engines agree.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	least := 4 * time.Second
	if longRun() {
		least = 5 * time.Minute
	}
	r := seeded(t)
	f := newFolder(t)
	c := f.serve()
	c.initialize()
	w := startWriters(t, c)
	rounds := 0
	for start := time.Now(); rounds < 4 || time.Since(start) < least; rounds++ {
		before := w.answered.Load()
		enough := before + int64(1+r.IntN(4*inFlight))
		waitFor(t, "answers", func() bool { return w.answered.Load() >= enough })
		<-time.After(time.Duration(r.IntN(20_000)) * time.Microsecond) // not always right behind an answer
		f.killEngine()
	}
	acknowledged := w.stop()
	t.Logf("%d crashes, %d memories acknowledged", rounds, len(acknowledged))
	wantFound(t, c, acknowledged)
	c.close()
	wantStored(t, f, acknowledged)
	f.ok("stop")
	wantStored(t, f, acknowledged) // as it is read from the disk
}

// writers keep inFlight calls of remember under way.
type writers struct {
	answered     atomic.Int64
	stopping     chan struct{}
	all          sync.WaitGroup
	mu           sync.Mutex
	acknowledged map[string]string // text → id
}

func startWriters(t *testing.T, c *mcpClient) *writers {
	w := &writers{stopping: make(chan struct{}), acknowledged: map[string]string{}}
	for n := range inFlight {
		w.all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-w.stopping:
					return
				default:
				}
				// One in four is sealed on top, and one in four leaves an event for the cloud.
				scope := []string{"PRIVATE", "PROJECT", "PROJECT", "GLOBAL"}[i%4]
				text := fmt.Sprintf("Writer %d noted: fact%dx%d.", n, n, i)
				id := rememberedID(t, c.await(c.request("tools/call", map[string]any{
					"name": "remember", "arguments": map[string]any{"content": text, "scope": scope},
				})))
				w.mu.Lock()
				w.acknowledged[text] = id
				w.mu.Unlock()
				w.answered.Add(1)
			}
		})
	}
	return w
}

// stop ends the writers, each after its call, and returns what was acknowledged.
func (w *writers) stop() map[string]string {
	close(w.stopping)
	w.all.Wait()
	return w.acknowledged
}

// wantFound searches for every text by a word of its own.
func wantFound(t *testing.T, c *mcpClient, acknowledged map[string]string) {
	t.Helper()
	for text, id := range acknowledged {
		word := strings.Fields(strings.TrimSuffix(text, "."))[3]
		var page struct{ Memories []struct{ ID string } }
		c.ok(&page, "recall", map[string]any{"query": word, "mode": "fast", "limit": 1})
		if len(page.Memories) != 1 || page.Memories[0].ID != id {
			t.Errorf("%s is not found by %q: %+v", id, word, page.Memories)
		}
	}
}
