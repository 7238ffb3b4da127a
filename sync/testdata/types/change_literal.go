package types

import memsync "github.com/elderzan/elderzan/sync"

var _ = memsync.Change{doc: memsync.Doc{Text: "text"}} // want: cannot refer to unexported field doc
