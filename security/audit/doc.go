// Package audit keeps a log that cannot be changed without being found out: a Merkle tree over its entries (RFC 6962,
// by golang.org/x/mod/sumdb/tlog) whose root is signed at each append (a checkpoint, in the signed note format of
// c2sp.org/tlog-checkpoint).
//
// The newest checkpoint vouches for the whole log: Verify finds every entry that was altered, removed, put elsewhere or
// cut off, and says which. Whoever has the signing key can write another log from the beginning; therefore checkpoints
// are to be kept elsewhere too, such as with another person or a printed report. A log that does not contain a
// checkpoint kept elsewhere was rewritten, whatever it says of itself. Inclusion and consistency proofs let somebody
// who has checkpoints alone check that an entry is in the log, and that the log only grew.
//
// The log stores bytes and does not ask what they mean. Entry is the form that elderzan's own entries have: who did
// what to which memory, when and why, never a memory's text. The tree holds hashes of entries alone.
//
// Storage is where the log lives: entries, tiles of hashes (8 KiB each, written once for every 256 entries) and the
// newest checkpoint. Package audittest has the suite that every Storage passes.
package audit
