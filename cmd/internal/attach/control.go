package attach

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// Status describes a running engine.
type Status = link.Status

// Control asks the engine of dir for its status, or to stop; verb is "status" or "stop". After a stop it waits, until
// ctx is done, for the engine to have left, so that the folder is free when it returns; the status is then nil. It
// returns ErrNoEngine, wrapped, when no engine runs. It never starts one.
func Control(ctx context.Context, dir, verb string) (*Status, error) {
	if verb != link.KindStatus && verb != link.KindStop {
		return nil, fmt.Errorf("attach: unknown verb %q", verb)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find data folder: %w", err)
	}
	c, err := dial(ctx, dir, link.Hello{Kind: verb})
	if err != nil {
		if verb == link.KindStop && errors.Is(err, ErrNoEngine) && link.Held(dir) {
			return nil, awaitFree(ctx, dir) // it is leaving already
		}
		return nil, err
	}
	defer c.Close()
	if verb == link.KindStatus {
		return c.welcome.Status, nil
	}
	return nil, awaitFree(ctx, dir)
}

// awaitFree waits until nobody holds the lock of dir, or an engine serves it again.
func awaitFree(ctx context.Context, dir string) error {
	for link.Held(dir) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the engine is still finishing its requests: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}
