package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/elderzan/elderzan/memory"
)

// Reseal seals up to n rows anew that stand under an epoch before the given one, beginning behind the row after: whoever
// has the key of that epoch, such as a member who was removed, could read them as long as the cloud keeps them. Content
// and stamps stay the same, so that nobody sees a change. It returns the last row it looked at, from which to go on;
// "" when there are none behind it. Rows that change here or elsewhere meanwhile are left to the next round, which
// seals them under the new epoch anyway.
//
// Nothing is kept before the push: whether the cloud took a version is seen by reading the row again.
func (e *Engine) Reseal(ctx context.Context, epoch uint64, after memory.ID, n int) (rep Report, last memory.ID, err error) {
	ids, err := e.local.Older(ctx, e.place, epoch, after, n)
	if err != nil || len(ids) == 0 {
		return rep, "", err
	}
	rows, err := e.local.Rows(ctx, e.place, ids)
	if err != nil {
		return rep, "", fmt.Errorf("sync: read rows: %w", err)
	}
	found, err := e.remote.Fetch(ctx, e.place, ids)
	if err != nil {
		return rep, "", fmt.Errorf("sync: fetch: %w", err)
	}
	var records []Record
	for _, r := range found {
		rep.BytesIn += int64(len(r.Body))
		row := rows[r.ID]
		if row.Seq != 0 || row.Pending != nil {
			continue
		}
		next, err := e.reseal(r, row.State, epoch)
		if err != nil {
			return rep, "", err
		}
		if next.Body != nil {
			records = append(records, next)
			rep.BytesOut += int64(len(next.Body))
		}
	}
	if len(records) > 0 {
		outcomes, err := e.remote.Push(ctx, e.place, records)
		if err != nil {
			return rep, "", fmt.Errorf("sync: push: %w", err)
		}
		var taken []Record
		for i, o := range outcomes {
			if o == Accepted {
				taken = append(taken, records[i])
			}
		}
		var seen Report // they come from here: nothing was pulled
		if err := e.receive(ctx, taken, "", &seen); err != nil {
			return rep, "", err
		}
		rep.Resealed = len(taken)
	}
	return rep, ids[len(ids)-1], nil
}

// reseal makes the version of r that holds the same under the current epoch; it has no body where there is nothing to do.
func (e *Engine) reseal(r Record, seen State, epoch uint64) (Record, error) {
	p, now, err := e.sealer.Open(r.ID, r.Body, seen)
	if err != nil || now != seen || now.Epoch >= epoch {
		return Record{}, nil //nolint:nilerr // a pull tells of it
	}
	body, next, err := e.sealer.Seal(r.ID, now, p)
	if errors.Is(err, ErrRefused) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("sync: seal %s: %w", r.ID, err)
	}
	return Record{ID: r.ID, Version: next.Version, Body: body}, nil
}
