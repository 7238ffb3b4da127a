package keyring

import "github.com/elderzan/elderzan/security"

// Purpose labels what a derived key is for. The labels are part of the on-disk format: changing one loses the data
// sealed under it.
type Purpose string

// The purposes.
const (
	SQLite      Purpose = "sqlite"            // the catalogue's SQLCipher key
	KV          Purpose = "kv"                // values in RocksDB that are not PRIVATE
	Private     Purpose = "private"           // texts and values of PRIVATE memories, in every engine
	Vectors     Purpose = "vectors"           // files of the vector index
	FullText    Purpose = "fulltext"          // files of the full-text index
	Audit       Purpose = "audit"             // HMAC of the audit log
	Checkpoints Purpose = "audit-checkpoints" // signs checkpoints of the audit log
	ContentHash Purpose = "content-hash"      // keyed hash that finds exact duplicates
	Tokens      Purpose = "tokens"            // cursors, confirmation and session tokens handed to clients
	Backup      Purpose = "backup"            // backups and replicas
)

// Purposes lists every purpose, each once. The caller owns the slice.
func Purposes() []Purpose {
	return []Purpose{SQLite, KV, Private, Vectors, FullText, Audit, Checkpoints, ContentHash, Tokens, Backup}
}

// The purposes of the keyring itself.
const (
	purposeCheck Purpose = "keyring/check" // key-check values
	purposeWrap  Purpose = "keyring/wrap"  // older master keys in keys.json
)

func (p Purpose) class() security.Class {
	if p == Private {
		return security.ClassPrivate
	}
	return security.ClassStore
}
