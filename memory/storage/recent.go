package storage

import (
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/elderzan/elderzan/memory"
)

// Bounds of what is kept in memory after it was read, in bytes.
const (
	recentBytes    = 6 << 20
	recentEntry    = 8 << 10 // a memory that takes more is read again each time
	recentOverhead = 600     // of a memory: its fields, map and list

	recentTokenBytes    = 4 << 20
	recentTokenOverhead = 200
)

// recent keeps by row what recalls read last, since reading and decrypting a hundred values takes longer than all the rest
// of a recall. What is sensitive or PRIVATE must never be given to it. It is safe for concurrent use.
//
// What changes is dropped when that is committed. So that a reader who began before cannot put the old value back,
// begin names the moment at which reading began, and keep takes nothing of before the last change.
type recent[V any] struct {
	most    int // bytes
	mu      sync.Mutex
	entries *simplelru.LRU[int64, recentEntryOf[V]]
	bytes   int
	changes uint64
}

type recentEntryOf[V any] struct {
	value V
	bytes int
}

// recentMemory is a memory as on record, with its uses there.
type recentMemory struct {
	memory   memory.Memory
	uses     int
	lastUsed time.Time
}

// recentTokens is the packed tokens of a memory in a space; none where it has none there.
type recentTokens struct {
	space  string
	packed []byte
}

// newRecent returns one that holds values of most bytes in all, each of which takes at least least.
func newRecent[V any](most, least int) *recent[V] {
	r := &recent[V]{most: most}
	// Entries are bounded by their bytes; the number is only there because the list wants one.
	entries, err := simplelru.NewLRU(most/least, func(_ int64, e recentEntryOf[V]) { r.bytes -= e.bytes })
	if err != nil {
		panic(err) // of a size that is not positive
	}
	r.entries = entries
	return r
}

// begin names this moment for keep.
func (r *recent[V]) begin() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changes
}

// find adds the values of rows that are kept to found, and returns the other rows.
func (r *recent[V]) find(rows []int64, found map[int64]V) (missing []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		if e, ok := r.entries.Get(row); ok {
			found[row] = e.value
		} else {
			missing = append(missing, row)
		}
	}
	return missing
}

// keep remembers what was read since the moment that begin named; bytes is what it takes.
func (r *recent[V]) keep(moment uint64, row int64, v V, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if moment != r.changes {
		return
	}
	if old, ok := r.entries.Peek(row); ok {
		r.bytes -= old.bytes // Add replaces without telling
	}
	r.bytes += bytes
	r.entries.Add(row, recentEntryOf[V]{v, bytes})
	for r.bytes > r.most {
		r.entries.RemoveOldest()
	}
}

// changed drops what was kept of rows.
func (r *recent[V]) changed(rows ...int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	for _, row := range rows {
		r.entries.Remove(row)
	}
}

// keepMemory has a memory kept that was read since moment, unless it is one that must not be; size is that of its record.
func (s *Store) keepMemory(moment uint64, row int64, m *recentMemory, size int) {
	bytes := recentOverhead + 2*size // decoded, strings have headers
	if !m.memory.LocalOnly() && bytes <= recentEntry {
		s.recent.keep(moment, row, m, bytes)
	}
}

// keepTokens is keepMemory for its tokens.
func (s *Store) keepTokens(moment uint64, row int64, m *memory.Memory, t recentTokens) {
	if !m.LocalOnly() {
		t.packed = slices.Clone(t.packed) // of a value that holds the vector as well
		s.tokens.keep(moment, row, t, recentTokenOverhead+len(t.packed))
	}
}
