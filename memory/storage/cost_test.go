package storage

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// What tiers take adds up to what the files and indexes have, and the archive takes less than the rest.
func TestCost(t *testing.T) {
	r := newRig(t)
	const n = 120
	for i := range n {
		m := memory.Memory{ID: memory.NewID(), Scope: scope.Project, Project: "atlas", State: memory.Active,
			Content: fmt.Sprintf("Heron %d stands in the marsh, %s.", i, strings.Repeat("and waits for fish ", 20))}
		if i%2 == 0 {
			m.State = memory.Archived
		}
		_, err := r.PutBulk(t.Context(), []Bulk{{Memory: m, Vectors: []memory.Vector{{Space: "mini", Version: 1, Values: unit(i), Tokens: tokenRows(i)}}}}, memory.Audit{Action: "import"})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := r.Cost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.Memories != n+4 || c.Vectors != n+4 || len(c.Tiers) != 2 || len(c.Engines) != 4 {
		t.Fatalf("Cost = %+v", c)
	}
	var disk, ram int64
	for _, e := range c.Engines {
		disk, ram = disk+e.Disk, ram+e.RAM
	}
	var tierDisk, tierRAM float64
	for _, tier := range c.Tiers {
		tierDisk += float64(tier.Memories) * (tier.SQLite + tier.RocksDB + tier.Vectors + tier.Words)
		tierRAM += float64(tier.Memories) * tier.RAM
	}
	if disk != c.Disk.Bytes || math.Abs(tierDisk-float64(disk)) > 1 || math.Abs(tierRAM-float64(ram)) > 1 {
		t.Errorf("engines take %d and %d, tiers %.0f and %.0f", disk, ram, tierDisk, tierRAM)
	}
	warm, cold := c.Tiers[0], c.Tiers[1]
	if warm.Memories != n/2+4 || cold.Memories != n/2 {
		t.Errorf("%d warm, %d cold", warm.Memories, cold.Memories)
	}
	if cold.RocksDB != 0 || cold.Vectors != 0 || warm.RocksDB == 0 || warm.Vectors == 0 {
		t.Errorf("vectors of the archive are elsewhere: warm %+v, cold %+v", warm, cold)
	}
	if warm.SQLite+warm.RocksDB <= cold.SQLite || cold.Plain <= cold.SQLite || c.All.Share >= 1 {
		t.Errorf("warm %+v, cold %+v, all %+v", warm, cold, c.All)
	}
}
