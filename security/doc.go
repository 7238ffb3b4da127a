// Package security holds what every package needs to handle keys without leaking or misusing them: Secret, which
// prints as a placeholder, and Sealer, which seals a value under AES-256-GCM and binds it to the place it is kept.
//
// The package imports nothing of this project, so that storage, sync and the command line can all use it. Its
// children know more: keyring holds the key hierarchy and where the master key lives.
package security
