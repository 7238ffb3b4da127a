package storage

import (
	"context"
	"time"
)

func (s *Store) lastCheck(ctx context.Context) (int, time.Time, error) { return 0, time.Time{}, nil }
