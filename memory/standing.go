package memory

import (
	"math"
	"time"
)

// importanceHalf is how long it takes until the importance that was stated of a memory counts for half, unless it is
// used or changed meanwhile.
const importanceHalf = 180 * 24 * time.Hour

// importanceFloor is the share of a stated importance that time does not take.
const importanceFloor = 0.25

// Standing is the importance of m at now: as stated, fading with the time since it was last changed or came back. What is
// pinned does not fade. lastUsed is zero for a memory that never came back.
func (m *Memory) Standing(lastUsed, now time.Time) float64 {
	if m.Pinned || m.Importance == 0 || now.IsZero() {
		return m.Importance
	}
	last := m.UpdatedAt
	if last.IsZero() {
		last = m.CreatedAt
	}
	if lastUsed.After(last) {
		last = lastUsed
	}
	idle := now.Sub(last)
	if last.IsZero() || idle <= 0 {
		return m.Importance
	}
	fade := math.Exp2(-idle.Hours() / importanceHalf.Hours())
	return m.Importance * (importanceFloor + (1-importanceFloor)*fade)
}
