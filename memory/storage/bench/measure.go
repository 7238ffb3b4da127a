package bench

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
)

// warmUp is how many questions go before those that count.
const warmUp = 20

// questioned is the memory that the i-th question of a size asks for.
func questioned(i, size int) int { return int(uint64(i+1) * 2654435761 % uint64(size)) }

// ask puts question i in a mode and returns the ids of the answer.
func (b *run) ask(ctx context.Context, mode memory.Mode, i, size int) (answer, error) {
	n, what := questioned(i, size), uint64(1000+i)
	text, vec := b.lib.question(n, what), b.lib.ask(n, what)
	ctx = context.WithValue(ctx, vectorKey{}, vec)
	begun := time.Now()
	res, err := b.service.Recall(ctx, memory.Caller{User: "bench", Client: "bench"}, memory.RecallInput{
		Query: text, Limit: 10, Mode: mode, MaxTokens: memory.MaxMaxTokens,
	})
	a := answer{took: time.Since(begun)}
	for _, m := range res.Memories {
		a.ids = append(a.ids, m.Memory.ID)
	}
	return a, err
}

type answer struct {
	ids  []memory.ID
	took time.Duration
}

// modes asks the same questions in each mode; accurate first, which the others are compared with.
func (b *run) modes(ctx context.Context, size int) ([]Mode, error) {
	var exact []answer
	var out []Mode
	for _, mode := range []memory.Mode{memory.Accurate, memory.Balanced, memory.Fast} {
		for i := range warmUp {
			if _, err := b.ask(ctx, mode, b.opts.Queries+i, size); err != nil {
				return nil, err
			}
		}
		answers := make([]answer, b.opts.Queries)
		cpu := time.Duration(0)
		for i := range answers {
			before := cpuTime()
			var err error
			if answers[i], err = b.ask(ctx, mode, i, size); err != nil {
				return nil, err
			}
			cpu += cpuTime() - before
			b.opts.progress(string(mode), i+1, len(answers))
		}
		if mode == memory.Accurate {
			exact = answers
		}
		m := spread(answers)
		m.Mode, m.CPU, m.Overlap = mode, cpu/time.Duration(len(answers)), overlap(answers, exact)
		out = append(out, m)
	}
	return out, nil
}

func spread(answers []answer) Mode {
	took := make([]time.Duration, len(answers))
	for i, a := range answers {
		took[i] = a.took
	}
	slices.Sort(took)
	return Mode{P50: took[len(took)/2], P95: took[len(took)*95/100], Max: took[len(took)-1]}
}

// overlap is the share of the exact answers' memories that are in the answers.
func overlap(answers, exact []answer) float64 {
	found, all := 0, 0
	for i, e := range exact {
		for _, id := range e.ids {
			all++
			if slices.Contains(answers[i].ids, id) {
				found++
			}
		}
	}
	return float64(found) / float64(max(all, 1))
}

// writes stores memories one after another, each durable before the next. They are purged afterwards, so that the next
// size is what it says.
func (b *run) writes(ctx context.Context, s *storage.Store, size int) (Mode, error) {
	answers := make([]answer, b.opts.Writes)
	var ids []memory.ID
	before := cpuTime()
	for i := range answers {
		m := b.lib.memory(1<<30 + size + i)
		begun := time.Now()
		if _, err := s.Put(ctx, memory.Put{Memory: m, Audit: memory.Audit{Action: "remember", User: "bench"}}); err != nil {
			return Mode{}, err
		}
		answers[i].took = time.Since(begun)
		ids = append(ids, m.ID)
	}
	m := spread(answers)
	m.CPU = (cpuTime() - before) / time.Duration(len(answers))
	for some := range slices.Chunk(ids, memory.MaxBatch) {
		if err := s.Purge(ctx, some, "", memory.Audit{Action: "purge", User: "bench"}); err != nil {
			return Mode{}, err
		}
	}
	return m, nil
}

// cpuTime is what the process has used so far.
func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // of oneself it cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is what the process has in memory, in bytes.
func resident() (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("bench: no VmRSS in /proc/self/status")
}

func folderBytes(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
