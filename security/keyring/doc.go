// Package keyring holds the keys of a data folder. One master key of 32 random bytes lives outside the data, in a
// Source: now a key file readable by its owner alone. Every other key is derived from it by HKDF-SHA256 with a label
// of its own (Purpose), so that no key serves two ends and nothing but the master key needs keeping.
//
// Beside the master key stands keys.json. It lists the generations of the master key with a key-check value each, an
// HMAC prefix that tells nothing of the key, so that a wrong key (ErrWrongKey), a damaged file (ErrCorrupt) and a
// lost one (ErrMissing) are told apart before any engine is opened. After Rotate it also carries the older master
// keys, sealed under the newest, until everything is sealed anew.
//
// Losing the master key loses the data: that is what encryption at rest means. So Open never creates a key unless it
// is told that the folder is new, and never where keys.json shows that there was one.
package keyring
