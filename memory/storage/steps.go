package storage

import "slices"

// Step names a moment just before or after something becomes durable. A process that dies at any of them leaves a
// folder that opens, with each change there as a whole or not at all.
type Step string

// String returns the step's name.
func (s Step) String() string { return string(s) }

// The durable steps.
const (
	StepKeysMade       Step = "keys-made"            // first start: the keys are there
	StepEnginesMade    Step = "engines-made"         // first start: the engines' files are there
	StepReady          Step = "ready"                // first start: the folder is marked as whole
	StepPrepare        Step = "prepare"              // before the intent and the values go to RocksDB
	StepPrepared       Step = "prepared"             // after that
	StepCommit         Step = "sqlite-before-commit" // before SQLite commits
	StepCommitted      Step = "sqlite-after-commit"  // after that
	StepFinish         Step = "finish"               // before RocksDB moves the values in place
	StepFinished       Step = "finished"             // after that
	StepApplied        Step = "applied"              // after FAISS has them
	StepWords          Step = "sqlite-words"         // before the words of new memories are committed to the full-text table
	StepAudit          Step = "sqlite-audit"         // before older entries of the audit log are packed
	StepCheckpoint     Step = "sqlite-checkpoint"    // before SQLite folds its log in
	StepSnapshot       Step = "snapshot"             // before a snapshot of FAISS is written
	StepSnapshotted    Step = "snapshotted"          // after that
	StepRecoverFinish  Step = "recover-finish"       // on open: before a decided intent is finished
	StepRecoverUndo    Step = "recover-undo"         // on open: before an undecided one is undone
	StepRecovered      Step = "recovered"            // on open: after both, before the decisions are forgotten
	StepClosingIndexes Step = "closing"              // on close: before the snapshots
	StepRekeyed        Step = "sqlite-rekeyed"       // on open after a rotation: SQLite is written anew beside the old file
	StepRekeyPlaced    Step = "sqlite-rekey-placed"  // and has taken its place
	StepAnalysed       Step = "analysed"             // after the rules of analysis have changed: all terms are made anew, before that is noted
	StepSalvaged       Step = "salvaged"             // on open to be mended: what can be read of RocksDB is put together beside the damaged one
	StepSetAside       Step = "set-aside"            // and the damaged one is out of the way, before the other takes its place
	StepSQLiteSalvaged Step = "sqlite-salvaged"      // on open to be mended: what can be read of SQLite is put together beside the damaged one
	StepSQLiteAside    Step = "sqlite-aside"         // and the damaged one is out of the way, its log not yet
	StepSQLitePlaced   Step = "sqlite-placed"        // and the other has taken its place
	StepArchived       Step = "archived"             // after some vectors that an older version archived have moved into the archive
	StepRenewed        Step = "renewed"              // after a rotation: everything else is sealed anew, before that is noted
)

var steps = []Step{
	StepKeysMade, StepEnginesMade, StepReady, StepPrepare, StepPrepared, StepCommit, StepCommitted, StepFinish, StepFinished,
	StepApplied, StepWords, StepAudit, StepCheckpoint, StepSnapshot, StepSnapshotted, StepRecoverFinish, StepRecoverUndo, StepRecovered, StepClosingIndexes,
	StepRekeyed, StepRekeyPlaced, StepAnalysed, StepSalvaged, StepSetAside, StepSQLiteSalvaged, StepSQLiteAside, StepSQLitePlaced, StepArchived, StepRenewed,
}

// Steps lists every durable step, each once. The caller owns the slice.
func Steps() []Step { return slices.Clone(steps) }

func (s *Store) step(at Step) {
	s.snaps.note(at)
	if s.opts.Crash != nil {
		s.opts.Crash(at)
	}
}
