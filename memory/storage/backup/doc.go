// Package backup keeps copies of a store in a second folder: backups that a person asks for, and a replica that follows
// the store by itself and is opened in its place when it is damaged.
//
// # The repository
//
// A repository is a folder:
//
//	repository.json   format, id, and the repository's key, sealed under the master key; repository.copy.json is the same,
//	                  since without that key no backup can be read
//	keys.json         of the data folder: tells a wrong master key
//	chunks/ab/…       content, named by its keyed hash
//	backups/ID        one sealed manifest for each backup
//	tmp/              what is being written
//
// A file is cut into chunks of one length. A chunk that is there already is not written again, so that a second backup
// costs what has changed: SQLite's pages keep their bytes, encrypted as they are, until they are changed, and RocksDB's
// table files never change. Chunks hold the engines' files as they are on disk; the data in them is encrypted by the
// engines. The manifest, which names the chunks by HMAC-SHA-256, is sealed: nobody without the master key can make one
// up or exchange a chunk. The master key itself is not in a repository unless CreateOptions.WithKey asks for it.
//
// # Following
//
// A round of a replica is a backup for which little is read. SQLite changes its file in checkpoints alone, and what those
// write stands in its log before: the catalogue notes the pages that the log names, and chunks without any of them keep
// their hashes. Where that does not add up (the first round of a process, a log that went unseen), all is read. One part
// in 512 is read each time although it counts as unchanged; should it differ, all is read, and the log says so. Table
// files of RocksDB and saved indexes never change, so that each is read once. Saved indexes are copied a part at a time,
// the ones before standing in for them; what is taken over is verified by the store when it opens, as after a kill.
//
// # Durability
//
// A backup is there when its manifest is: chunks and their folders are synced before it is, and it appears by a rename.
// What a crash leaves behind are chunks that no manifest names and files in tmp; the next Create writes such chunks
// anew rather than trust them, and Prune removes them. Steps names every durable step; a test kills the process at each.
//
// # What was purged
//
// A backup made before a memory was removed for good still holds it. Each manifest lists what was removed so far, and
// Restore drops it from older backups. Until those are pruned the sealed bytes stay in the repository.
package backup
