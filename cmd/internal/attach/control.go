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

// ErrRestarted is returned by a stop when clients start the engine again as soon as it has left.
var ErrRestarted = errors.New("attach: clients of this data folder keep starting the engine; close them first")

// maxStops is how many engines in a row one stop stops.
const maxStops = 3

// Control asks the engine of dir for its status, or to stop; verb is "status" or "stop". After a stop it waits, until
// ctx is done, for the engine to have left, so that the folder is free when it returns; the status is then nil. It
// returns ErrNoEngine, wrapped, when no engine runs. It never starts one.
func Control(ctx context.Context, dir, verb string) (*Status, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find data folder: %w", err)
	}
	switch verb {
	case link.KindStatus:
		w, err := order(ctx, dir, verb)
		return w.Status, err
	case link.KindStop:
		return nil, stop(ctx, dir)
	}
	return nil, fmt.Errorf("attach: unknown verb %q", verb)
}

// order sends a hello that is all of a connection.
func order(ctx context.Context, dir, kind string) (link.Welcome, error) {
	c, err := dial(ctx, dir, link.Hello{Kind: kind})
	if err != nil {
		return link.Welcome{}, err
	}
	defer c.Close()
	return c.welcome, nil
}

// stopTimeout is longer than an engine takes to leave.
const stopTimeout = 40 * time.Second

func stop(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for range maxStops {
		w, err := order(ctx, dir, link.KindStop)
		if errors.Is(err, ErrNoEngine) && link.Held(dir) {
			w.PID, err = link.ReadPID(dir), nil // it is leaving already, or not yet listening
		}
		if err != nil {
			return err
		}
		free, err := awaitLeave(ctx, dir, w.PID)
		if free || err != nil {
			return err
		}
	}
	return ErrRestarted
}

// awaitLeave waits until process pid has given dir back; free is false when another process has taken it since.
func awaitLeave(ctx context.Context, dir string, pid int) (free bool, err error) {
	for link.Held(dir) {
		if now := link.ReadPID(dir); now != 0 && now != pid {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("process %d still holds the data folder: %w", pid, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true, nil
}
