package types

import memsync "github.com/elderzan/elderzan/sync"

var _ = memsync.Place{realm: 1} // want: cannot refer to unexported field realm
