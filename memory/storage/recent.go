package storage

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/elderzan/elderzan/memory"
)

// Bounds of recent.
const (
	recentBytes    = 6 << 20
	recentEntry    = 8 << 10 // a memory that takes more is read again each time
	recentOverhead = 600     // of an entry: the memory's fields, map and list
)

// recent keeps the memories that recalls read last, since decrypting and decoding a hundred of them takes longer than all
// the rest of a recall. What is sensitive or PRIVATE is never kept. It is safe for concurrent use.
//
// A memory that changes is dropped when that is committed. So that a reader who began before cannot put the old one back,
// begin names the moment at which reading began, and keep takes nothing of before the last change.
type recent struct {
	mu      sync.Mutex
	entries *simplelru.LRU[int64, recentMemory] // by row
	bytes   int
	changes uint64
}

// recentMemory is a memory as on record, with its uses there.
type recentMemory struct {
	memory   memory.Memory
	uses     int
	lastUsed time.Time
	bytes    int
}

func newRecent() *recent {
	r := &recent{}
	// Entries are bounded by their bytes; the number is only there because the list wants one.
	entries, err := simplelru.NewLRU(recentBytes/recentOverhead, func(_ int64, m recentMemory) { r.bytes -= m.bytes })
	if err != nil {
		panic(err) // of a size that is not positive
	}
	r.entries = entries
	return r
}

// begin names this moment for keep.
func (r *recent) begin() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changes
}

// find adds the memories of rows that are kept to found, and returns the other rows.
func (r *recent) find(rows []int64, found map[int64]recentMemory) (missing []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		if m, ok := r.entries.Get(row); ok {
			found[row] = m
		} else {
			missing = append(missing, row)
		}
	}
	return missing
}

// keep remembers what was read since the moment that begin named; size is that of the record.
func (r *recent) keep(moment uint64, row int64, m recentMemory, size int) {
	m.bytes = recentOverhead + 2*size // decoded, strings have headers
	if m.memory.LocalOnly() || m.bytes > recentEntry {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if moment != r.changes {
		return
	}
	if old, ok := r.entries.Peek(row); ok {
		r.bytes -= old.bytes // Add replaces without telling
	}
	r.bytes += m.bytes
	r.entries.Add(row, m)
	for r.bytes > recentBytes {
		r.entries.RemoveOldest()
	}
}

// changed drops what was kept of a row.
func (r *recent) changed(row int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	r.entries.Remove(row)
}
