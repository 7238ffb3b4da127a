package types

import memsync "github.com/elderzan/elderzan/sync"

var _ = memsync.Private() // want: undefined: memsync.Private
