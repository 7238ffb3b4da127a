package bench

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
)

const (
	fillBatch   = 400
	fillWorkers = 2
)

// fill stores the memories from the first-th up to the end-th and returns how long that took.
func (b *run) fill(ctx context.Context, s *storage.Store, first, end int) (time.Duration, error) {
	begun := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	batches := make(chan int)
	g.Go(func() error {
		defer close(batches)
		for n := first; n < end; n += fillBatch {
			select {
			case batches <- n:
				b.opts.progress("filling", n, end)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range fillWorkers {
		g.Go(func() error {
			for n := range batches {
				if err := b.fillBatch(ctx, s, n, min(n+fillBatch, end)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return time.Since(begun), err
}

func (b *run) fillBatch(ctx context.Context, s *storage.Store, first, end int) error {
	items := make([]storage.Bulk, 0, end-first)
	for n := first; n < end; n++ {
		items = append(items, b.lib.bulk(n))
	}
	_, err := s.PutBulk(ctx, items, memory.Audit{Action: "import", User: "bench", Client: "bench", Reason: "measuring"})
	return err
}
