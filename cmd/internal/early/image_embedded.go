//go:build embedpipe

package early

import _ "embed"

// Image is cmd/pipe, built for this machine by the Makefile before this package.
//
//go:embed pipe.bin
var Image []byte
