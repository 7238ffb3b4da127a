package backup

import "slices"

// Step names a moment just before or after something becomes durable. A process that dies at any of them leaves a
// repository in which every listed backup is whole, and a data folder that is the old or the new one.
type Step string

// String returns the step's name.
func (s Step) String() string { return string(s) }

// The durable steps.
const (
	StepMade      Step = "repository-made"  // first use: the folder is a repository
	StepFrozen    Step = "frozen"           // the store is held; nothing is written yet
	StepChunk     Step = "chunk"            // after each new chunk
	StepChunks    Step = "chunks"           // every chunk is durable
	StepManifest  Step = "manifest"         // the manifest is written, not in place
	StepPublished Step = "published"        // the backup is there
	StepForgotten Step = "forgotten"        // prune: after each manifest removed
	StepSwept     Step = "swept"            // prune: after each chunk removed
	StepFiles     Step = "files"            // restore: the files are there, beside the folder
	StepDropped   Step = "dropped"          // restore: the store opened and what was purged is gone
	StepAside     Step = "aside"            // restore in place of a folder: that one is moved aside
	StepPlaced    Step = "placed"           // restore: the folder is there
	StepReady     Step = "failover-ready"   // failover: the replica is beside the damaged files, whole
	StepMoved     Step = "failover-moved"   // failover: after each file moved aside
	StepSwapped   Step = "failover-swapped" // failover: after each file put in place
)

// Steps lists every durable step, each once. The caller owns the slice.
func Steps() []Step {
	return slices.Clone([]Step{
		StepMade, StepFrozen, StepChunk, StepChunks, StepManifest, StepPublished, StepForgotten, StepSwept,
		StepFiles, StepDropped, StepAside, StepPlaced, StepReady, StepMoved, StepSwapped,
	})
}
