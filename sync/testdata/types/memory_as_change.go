package types

import (
	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
)

var _ memsync.Change = memory.Memory{} // want: cannot use memory.Memory{}
