package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// seeded returns a source of randomness whose seed is printed, and taken back from ELDERZAN_SEED.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("ELDERZAN_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("ELDERZAN_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("ELDERZAN_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// TestKilledUnderClients kills the engine while clients wait for it. Each request is answered once and without an
// error, every acknowledged memory is there, and none is there twice.
func TestKilledUnderClients(t *testing.T) {
	const pipes, writes = 2, 12
	rounds := 3
	if longRun() {
		rounds = 50
	}
	r := seeded(t)
	f := newFolder(t)
	clients := make([]*mcpClient, pipes)
	for i := range clients {
		clients[i] = f.serve()
		clients[i].initialize()
	}
	var mu sync.Mutex
	acknowledged := map[string]string{} // text → id
	for round := range rounds {
		var answered atomic.Int64
		var all sync.WaitGroup
		for p, c := range clients {
			for n := range writes {
				text := fmt.Sprintf("Round %d: client %d noted fact number %d.", round, p, n)
				answer := c.request("tools/call", map[string]any{"name": "remember", "arguments": map[string]any{"content": text}})
				all.Go(func() {
					defer answered.Add(1)
					id := rememberedID(t, c.await(answer))
					mu.Lock()
					defer mu.Unlock()
					acknowledged[text] = id
				})
			}
		}
		kill := int64(r.IntN(pipes * writes))
		waitFor(t, "answers before the kill", func() bool { return answered.Load() >= kill })
		f.killEngine()
		all.Wait()
	}
	for _, c := range clients {
		c.close()
	}
	wantStored(t, f, acknowledged)
}

// rememberedID reads the id out of an answer to remember, which must be a good one.
func rememberedID(t *testing.T, m message) string {
	t.Helper()
	if m.Error != nil {
		t.Errorf("error %d: %s", m.Error.Code, m.Error.Message)
		return ""
	}
	var r toolResult
	if err := json.Unmarshal(m.Result, &r); err != nil {
		t.Errorf("remember: %v", err)
		return ""
	}
	return r.id(t)
}

// wantStored checks that the folder holds what was acknowledged, by text and id, and each of it once; and that the
// engines agree about it.
func wantStored(t *testing.T, f *folder, acknowledged map[string]string) {
	t.Helper()
	stored := f.export()
	byText := map[string]int{}
	for id, m := range stored {
		text, _ := m["content"].(string)
		byText[text]++
		if want, known := acknowledged[text]; known && want != id {
			t.Errorf("%q is %s; its answer said %s", text, id, want)
		}
	}
	for text, n := range byText {
		if n > 1 {
			t.Errorf("%q is stored %d times", text, n)
		}
	}
	for text := range acknowledged {
		if byText[text] == 0 {
			t.Errorf("%q was acknowledged and is lost", text)
		}
	}
	if o := f.run("", "doctor"); o.code != 0 {
		t.Errorf("doctor: %s%s", o.out, o.err)
	}
}
