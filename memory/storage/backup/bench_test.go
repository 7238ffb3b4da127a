package backup_test

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/memory/storage/storagetest"
)

// BenchmarkBackup10k backs up 10,000 memories with vectors: alone, again after a change, under writes, and restores. The
// bar for writers held up is 50 ms, and a restore and its opening must take less than 60 s.
func BenchmarkBackup10k(b *testing.B) {
	r := newRig(b)
	load(b, r.Store, 0, 10_000)
	repo := r.repository(b)
	first := create(b, repo, r.Store)
	b.Logf("first: %.1f MB in %v, %.0f MB/s, writers held up %v", float64(first.Bytes)/1e6, first.Took, float64(first.Bytes)/1e6/first.Took.Seconds(), first.Pause)
	put(b, r.Store, "one more")
	next := create(b, repo, r.Store)
	b.Logf("one memory more: %.2f MB in %v, writers held up %v", float64(next.Stored)/1e6, next.Took, next.Pause)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				m := storagetest.Memory("heron " + string(memory.NewID()))
				begin := time.Now()
				_, err := r.Put(b.Context(), memory.Put{Memory: m, Audit: storagetest.Audit("remember")})
				if err == nil && i%8 == 0 {
					err = r.PutVectors(b.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: storagetest.UnitVector(uint64(w*1000000 + i))}})
				}
				if err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(begin))
				mu.Unlock()
			}
		})
	}
	<-time.After(time.Second) // the writers alone, to compare
	mu.Lock()
	slices.Sort(took)
	alone := took[len(took)*99/100]
	worst := took[len(took)-1]
	took = nil
	mu.Unlock()
	var pauses []time.Duration
	for b.Loop() {
		info := create(b, repo, r.Store)
		pauses = append(pauses, info.Pause)
	}
	close(stop)
	wg.Wait()
	slices.Sort(took)
	b.Logf("writers alone: p99 %v, worst %v; during %d backups one after another: p99 %v, worst %v", alone, worst, len(pauses), took[len(took)*99/100], took[len(took)-1])
	b.ReportMetric(float64(slices.Max(pauses).Microseconds())/1000, "held-up-max-ms")
	begin := time.Now()
	v, err := repo.Verify(b.Context(), backup.VerifyOptions{Backup: backup.Latest})
	if err != nil || !v.Clean() {
		b.Fatalf("Verify = %+v, %v", v, err)
	}
	b.Logf("verify: %.0f MB/s", float64(v.Bytes)/1e6/time.Since(begin).Seconds())
	dir := filepath.Join(b.TempDir(), "restored")
	begin = time.Now()
	if _, err := repo.Restore(b.Context(), backup.RestoreOptions{Dir: dir}); err != nil {
		b.Fatal(err)
	}
	restore := time.Since(begin)
	s := open(b, dir)
	b.Logf("restore %v, with the first open %v", restore, time.Since(begin))
	storagetest.NoFindings(b, s)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
