package storage_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
	"github.com/elderzan/elderzan/scope"
)

// dialogue returns n turns with speaker and session: of the LoCoMo conversations where they are at hand, made up
// otherwise.
func dialogue(tb testing.TB, n int) []memory.Memory {
	tb.Helper()
	texts := locomo(tb)
	if len(texts) == 0 {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			words := make([]string, 12+r.IntN(20))
			for j := range words {
				words[j] = fmt.Sprintf("w%d", int(r.ExpFloat64()*400))
			}
			texts = append(texts, [2]string{fmt.Sprint("s", i/20), strings.Join(words, " ")})
		}
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	out := make([]memory.Memory, n)
	for i := range out {
		t := texts[i%len(texts)]
		m := storagetest.Memory(t[1])
		if i >= len(texts) {
			m.Content += fmt.Sprintf(" (%d)", i)
		}
		m.Session, m.CreatedAt = t[0], at.Add(time.Duration(i)*time.Second)
		m.UpdatedAt, m.Project = m.CreatedAt, "locomo"
		out[i] = m
	}
	return out
}

func locomo(tb testing.TB) (turns [][2]string) {
	dir := os.Getenv("ELDERZAN_DATA_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	b, err := os.ReadFile(filepath.Join(dir, "locomo-dev.json"))
	if err != nil {
		tb.Logf("measured on made-up text: %v", err)
		return nil
	}
	var conversations []struct {
		ID           string                     `json:"sample_id"`
		Conversation map[string]json.RawMessage `json:"conversation"`
	}
	if err := json.Unmarshal(b, &conversations); err != nil {
		tb.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range conversations {
		for i := 1; ; i++ {
			raw, ok := c.Conversation[fmt.Sprintf("session_%d", i)]
			if !ok {
				break
			}
			var list []struct{ Speaker, Text string }
			if err := json.Unmarshal(raw, &list); err != nil {
				tb.Fatal(err)
			}
			for _, turn := range list {
				text := turn.Speaker + ": " + turn.Text
				if !seen[text] {
					seen[text] = true
					turns = append(turns, [2]string{fmt.Sprintf("%s-%d", c.ID, i), text})
				}
			}
		}
	}
	return turns
}

// openAt opens a store as the engine does: somebody wants to know of commits if there are subscribers, and there are none.
func openAt(tb testing.TB, dir string) *storage.Store {
	tb.Helper()
	var subscribers, told atomic.Int64
	s, err := storage.Open(tb.Context(), storage.Options{Dir: dir, Committed: func(memory.Commit) {
		if subscribers.Load() > 0 {
			told.Add(1)
		}
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// syncsPerSecond measures how often a second 4 KiB can be appended and synced in dir.
func syncsPerSecond(tb testing.TB, dir string) float64 {
	tb.Helper()
	f, err := os.Create(filepath.Join(dir, "calibrate"))
	if err != nil {
		tb.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	b := make([]byte, 4096)
	const n = 300
	start := time.Now()
	for range n {
		if _, err := f.Write(b); err != nil {
			tb.Fatal(err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			tb.Fatal(err)
		}
	}
	return n / time.Since(start).Seconds()
}

// inFlight stores ms from clients at once and returns how many a second, and the slowest of a hundred.
func inFlight(tb testing.TB, s *storage.Store, ms []memory.Memory, clients int) (rate float64, p99 time.Duration) {
	tb.Helper()
	work := make(chan memory.Memory)
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			for m := range work {
				begun := time.Now()
				st, err := s.Put(tb.Context(), memory.Put{Memory: m, RequestKey: string(m.ID), Audit: storagetest.Audit("remember")})
				if err != nil || st.DuplicateOf != "" {
					tb.Errorf("Put = %+v, %v", st, err)
				}
				mu.Lock()
				took = append(took, time.Since(begun))
				mu.Unlock()
			}
		})
	}
	for _, m := range ms {
		work <- m
	}
	close(work)
	wg.Wait()
	rate = float64(len(ms)) / time.Since(start).Seconds()
	slices.Sort(took)
	return rate, took[len(took)*99/100]
}

// BenchmarkRemember stores memories durably with 16 in flight. The bars: 1,000 a second, and .35 of what fdatasync does.
func BenchmarkRemember(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		s := openAt(b, dir)
		ms := dialogue(b, 5000)
		before := syncsPerSecond(b, dir)
		rate, p99 := inFlight(b, s, ms, 16)
		after := syncsPerSecond(b, dir)
		b.ReportMetric(rate, "remembers/s")
		b.ReportMetric(p99.Seconds()*1000, "p99-ms")
		b.ReportMetric((before+after)/2, "fdatasync/s")
		b.ReportMetric(2*rate/(before+after), "remembers/fdatasync")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a fresh folder (bar: 60 ms) and one with 3,000 memories and their vectors (bar: 120 ms).
func BenchmarkOpen(b *testing.B) {
	b.Run("fresh", func(b *testing.B) {
		for b.Loop() {
			if err := openAt(b, b.TempDir()).Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("3000", func(b *testing.B) {
		dir := b.TempDir()
		s := openAt(b, dir)
		load(b, s, 3000)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		var took []float64
		for b.Loop() {
			start := time.Now()
			s := openAt(b, dir)
			took = append(took, time.Since(start).Seconds()*1000)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
		sort.Float64s(took)
		b.ReportMetric(took[len(took)/2], "open-p50-ms")
	})
}

// load stores n memories with vectors.
func load(tb testing.TB, s *storage.Store, n int) []memory.Memory {
	tb.Helper()
	ms := dialogue(tb, n)
	inFlight(tb, s, ms, 16)
	for i := 0; i < n; i += 64 {
		var vs []memory.Vector
		for j := i; j < min(i+64, n); j++ {
			vs = append(vs, memory.Vector{ID: ms[j].ID, Version: 1, Space: "mini", Values: storagetest.UnitVector(uint64(j))})
		}
		if err := s.PutVectors(tb.Context(), vs); err != nil {
			tb.Fatal(err)
		}
	}
	return ms
}

// BenchmarkCandidates asks a store of 2,700 memories by words and a vector.
func BenchmarkCandidates(b *testing.B) {
	s := openAt(b, b.TempDir())
	ms := load(b, s, 2700)
	for name, f := range map[string]memory.Filter{
		"all":      {},
		"filtered": {Scopes: []scope.Scope{scope.Project}, Sessions: []string{ms[100].Session, ms[900].Session}},
	} {
		b.Run(name, func(b *testing.B) {
			var took []float64
			for i := 0; b.Loop(); i++ {
				m := ms[i*37%len(ms)]
				q := memory.CandidateQuery{Text: m.Content, Vectors: map[string][]float32{"mini": storagetest.UnitVector(uint64(i * 37 % len(ms)))}, Filter: f, Mode: memory.Balanced, Limit: 100}
				start := time.Now()
				if _, err := s.Candidates(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start).Seconds()*1000)
			}
			sort.Float64s(took)
			b.ReportMetric(took[len(took)/2], "p50-ms")
			b.ReportMetric(took[len(took)*95/100], "p95-ms")
		})
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
