package synctest_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security/envelope"
	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/sealed"
	"github.com/elderzan/elderzan/sync/sealed/sealedtest"
	"github.com/elderzan/elderzan/sync/synctest"
)

// TestSim plays seeds: 80, with ELDERZAN_LONG 10,000; ELDERZAN_SEED plays that one.
func TestSim(t *testing.T) {
	first, n := uint64(1), uint64(80)
	if os.Getenv("ELDERZAN_LONG") != "" {
		n = 10_000
	}
	if s := os.Getenv("ELDERZAN_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("ELDERZAN_SEED: %v", err)
		}
		first, n = seed, 1
	}
	members := newMembers(t, 20)
	var all synctest.Result
	for seed := first; seed < first+n; seed++ {
		c := synctest.Config{Seed: seed, Sealers: func(devices int) []memsync.Sealer { return members[:devices] }}
		if seed%4 == 0 {
			c.Sealers = nil // GLOBAL
		}
		res, err := synctest.Run(t.Context(), c)
		if err != nil {
			t.Fatalf("seed %d: %v (ELDERZAN_SEED=%d repeats it)", seed, err, seed)
		}
		all.Edits += res.Edits
		all.Conflicts += res.Conflicts
		all.Resolved += res.Resolved
		all.Deletions += res.Deletions
		all.Lost += res.Lost
		all.Doubled += res.Doubled
		all.Delayed += res.Delayed
		all.Asked += res.Asked
		all.Needless += res.Needless
		all.Crashes += res.Crashes
		all.Resealed += res.Resealed
		all.Devices = max(all.Devices, res.Devices)
	}
	t.Logf("%d seeds: %+v", n, all)
	if n > 1 && all.Needless*20 > all.Asked {
		t.Errorf("%d of %d questions are needless", all.Needless, all.Asked)
	}
	if n > 1 && (all.Conflicts == 0 || all.Lost == 0 || all.Doubled == 0 || all.Delayed == 0 || all.Resolved == 0 || all.Crashes == 0 || all.Resealed == 0) {
		t.Errorf("the simulation did not meet all it is for: %+v", all)
	}
}

// newMembers returns the sealers of the devices of one team.
func newMembers(t *testing.T, n int) []memsync.Sealer {
	t.Helper()
	out := make([]memsync.Sealer, n)
	for i, r := range sealedtest.Rings(t, uuid.UUID{1}, n, team.SuiteX25519) {
		out[i] = sealed.NewSealer(envelope.New(r, r, envelope.Options{}))
	}
	return out
}
