package types

import (
	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
)

// This compiles, so that what does not compile beside it fails for its own reason.
func allowed(m *memory.Memory) (memsync.Change, error) {
	return memsync.NewChange(memsync.Global(), m, memsync.ChangeInfo{})
}

var _ = allowed
