// Package storage is the hybrid store behind memory.Service: one record in encrypted SQLite, the bytes of vectors in
// RocksDB, their index in FAISS, and an inverted index of words and attributes in RAM, kept together by one
// transaction manager. Store implements memory.Store and memory.Indexes.
//
// # What is where
//
// SQLite is the record: when engines disagree, it is right. RocksDB holds each vector's bytes, sealed. FAISS and the
// inverted index are derived: losing them costs time, never a memory. DESIGN.md tells of the formats.
//
// # Durability
//
// A change that returns nil survives power loss. A change that touches SQLite alone, as nearly all do, is one group
// commit (internal/catalog). One that moves vectors too goes through the transaction manager (txn.go): prepare
// writes the new values and an intent to RocksDB and syncs; the SQLite commit, which carries the transaction's id,
// decides; finish moves the values in place. On open, an intent whose id SQLite knows is finished and any other is
// undone. Steps names every durable step; the crash test kills the process at each.
//
// What was acknowledged is found: the indexes in RAM are changed after the commit and before the call returns.
//
// # Speed and size
//
// A vector index has the form that suits its size (Options.Limits): full vectors in RAM while there are few, then codes of
// a byte and of half a byte a component, then inverted lists beside them. What a search proposes by codes is ranked by
// the full vectors in RocksDB, and in accurate mode the answer is exact. Forms change in the background, at low priority,
// beside the index that goes on answering; what a crash leaves is the old form.
//
// # Private memories
//
// Content, title, tags, metadata and terms of a PRIVATE memory are sealed under the keyring's private key, over and
// above the encryption of each engine, bound to their memory and version. They are in no full-text table: their
// words are found in the inverted index alone. The vectors of memories that no remote provider may see are sealed
// under the same key and live in FAISS indexes of their own.
package storage
