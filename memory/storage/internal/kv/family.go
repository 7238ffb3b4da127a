package kv

import (
	"fmt"
	"slices"
)

// Family names a column family. Families share one write-ahead log, so that a batch over several is atomic.
type Family string

// The families. Their names are on disk: a change needs a migration.
const (
	Default      Family = "default"       // the store's own marks: format, snapshot generations
	Intents      Family = "intents"       // prepared transactions that await their decision
	Vectors      Family = "vectors"       // embeddings' bytes, by id; never packed, as float32s do not compress
	SessionState Family = "session_state" // state of sessions
	Cache        Family = "cache"         // what can be computed again
	Config       Family = "config"        // live settings and feature flags
	Workspace    Family = "workspace"     // drafts and working data
	Archive      Family = "archive"       // the cold tier
)

var families = []Family{Default, Intents, Vectors, SessionState, Cache, Config, Workspace, Archive}

// Families lists every family, each once. The caller owns the slice.
func Families() []Family { return slices.Clone(families) }

// packs reports whether values of f are worth an attempt at LZ4.
func (f Family) packs() bool { return f != Vectors }

// index returns f's place in families. An unknown family is a programmer's mistake, since all are constants.
func (f Family) index() int {
	i := slices.Index(families, f)
	if i < 0 {
		panic(fmt.Sprintf("kv: unknown family %q", string(f)))
	}
	return i
}
