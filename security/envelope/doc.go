// Package envelope seals the records of a team so that the server which stores them can read nothing of them, and
// cannot exchange, replay, roll back or forge them without being found out.
//
// A record is one version of one row: a header that the server sees (row, team, epoch, version, author, hour) and a
// ciphertext that holds all the rest (text, title, tags, metadata, embedding and its model), compressed and padded.
// Each version has a data key of its own, wrapped under the team's epoch key; the author's device signs header and
// ciphertext. Open checks the place, the chain of versions and the author's right to write in that epoch before it
// decrypts anything. Who belongs to the team, and which keys it has, a Roster says: security/team's Ring is one.
//
// The caller remembers the State of each row, in storage of its own, and hands it to Open: it is what a server that
// replays an older version is caught by. Only what the server has acknowledged or delivered may be remembered.
//
// Layout of format version 1, numbers big endian:
//
//	  0  magic "EZRC"
//	  4  format version, 1
//	  5  suite of the epoch
//	  6  scope, 3 (SHARED)
//	  7  team, 16 bytes
//	 23  row, 16 bytes
//	 39  version, from 1
//	 47  epoch
//	 55  author's device, 16 bytes
//	 71  hash of the version before, 32 bytes; zeros for version 1
//	103  hours since 1970, 4 bytes
//	107  salt, 24 bytes
//	131  data key, wrapped: AES-256-GCM under HMAC-SHA256(epoch key, label and salt), 48 bytes
//	179  length of the ciphertext, 4 bytes
//	183  ciphertext: AES-256-GCM under the data key
//	  …  Ed25519 signature over label, header and SHA-256 of the ciphertext, 64 bytes
//
// Both AES-256-GCM operations use keys that are used once, hence a nonce of zeros, and the same associated data: magic,
// format, suite, team, row, scope, version, epoch, author and the hash of the version before, each with its length.
// Two records of one epoch share a wrapping key only if their 192-bit salts are the same, so that no number of records
// that a team can write wears the epoch key out.
//
// What it does not hide: sizes, to the bucket of the padding; who writes when, to the hour; which row is written how
// often. What a removed member read stays read. A member who lost the right to write can, together with the server,
// pass a record off as made while they had it: Opened.Late marks such records.
package envelope
