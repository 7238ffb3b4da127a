// Package sealed puts end-to-end encryption under the sync of a team: Sealer makes security/envelope the Sealer of
// package sync, and Team keeps this device's place in the team, with the signed membership chain, the keys of the
// epochs and the people who ask to join, against a Directory, the part of the cloud that carries them.
package sealed
