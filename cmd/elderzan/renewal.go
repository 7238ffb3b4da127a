package main

import (
	"context"
	"time"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/sealed"
)

// How quickly rows of older epochs are sealed anew, and how long the devices that did not open the epoch leave that to
// the one that did.
const (
	renewBatch    = 100
	renewPause    = time.Second
	renewPatience = 10 * time.Minute
	renewAgain    = time.Hour // after a pass: somebody who was offline may bring rows of an older epoch
)

// renewal goes through the rows that stand under older epochs, a batch at a time. What is left is seen from what is on
// record, so that it goes on after a restart. Only the goroutine that does rounds uses it.
type renewal struct {
	epoch uint64    // that everything is to be under
	after memory.ID // the last row that was looked at
	next  time.Time // when the next batch may go
}

// step seals a batch anew when one is due. Its report says with More that there is more to do.
func (r *renewal) step(ctx context.Context, t *sealed.Team, e *memsync.Engine) (memsync.Report, error) {
	epoch, own, opened, writes, err := t.Opened()
	if err != nil || epoch < 2 || !writes {
		return memsync.Report{}, err
	}
	if r.epoch != epoch {
		*r = renewal{epoch: epoch}
	}
	now := time.Now()
	switch {
	case !own && now.Sub(opened) < renewPatience:
		return memsync.Report{}, nil
	case now.Before(r.next):
		return memsync.Report{More: r.after != ""}, nil
	}
	rep, last, err := e.Reseal(ctx, epoch, r.after, renewBatch)
	if err != nil {
		return rep, err
	}
	r.after, r.next = last, now.Add(renewPause)
	if rep.More = last != ""; !rep.More {
		r.next = now.Add(renewAgain)
	}
	return rep, nil
}
