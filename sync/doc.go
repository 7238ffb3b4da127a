// Package sync carries the SHARED and GLOBAL memories of a data folder to a cloud and back: changes wait in an outbox,
// are sealed, pushed in batches, pulled by a cursor, opened and merged. Import it as memsync.
//
// What it guarantees:
//
//   - Nothing but SHARED and GLOBAL travels. A Place has no value for the other scopes and a Change cannot be made of
//     a memory that is not in its Place.
//   - Exactly once in effect. The history of a row is a line: the cloud takes version n+1 only on top of n. A sealed
//     record is kept until its fate is known and is repeated byte for byte, so that lost answers, doubled and delayed
//     messages change nothing.
//   - Nothing is lost silently. A change that meets another one is merged field by field against their common
//     ancestor; where both changed the text, the later one (by a hybrid logical clock) stands and the other is kept
//     beside it (Version) until somebody resolves the conflict. The conflict travels with the memory.
//   - All replicas end equal, since whoever merges pushes the result as the next version of the line.
//   - A record that does not open is not used: it is held, audited once, and asked for again later.
//
// Local is the data folder, Remote the cloud, Sealer the encryption; Engine does one round between them and Worker
// decides when. The memory never waits for any of it.
package sync
