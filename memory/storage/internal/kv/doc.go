// Package kv keeps values by key in RocksDB: the vectors' bytes, the state of sessions, caches, live settings,
// drafts and the intents of transactions, each kind in a column family of its own. It knows bytes and structured
// values by id and nothing of what they mean.
//
// Every value is packed (LZ4 where that helps) and then sealed with AES-256-GCM, bound to its family, its key and the
// generation of the sealing key: a value that was altered, or moved to another key by someone who can write the
// files, is a *CorruptError. Packing comes first because sealed bytes do not compress; RocksDB's own LZ4 is on
// for the blocks, where it still shortens the keys.
//
// Keys stand in RocksDB's files in the clear, and its log may name them. So a key is an id, never text.
//
// A Write with sync returns after fdatasync of the write-ahead log. One without it survives the end of the process
// but perhaps not that of the machine.
package kv
