package types

import (
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
)

var _ = memsync.Place(scope.Private) // want: cannot convert
