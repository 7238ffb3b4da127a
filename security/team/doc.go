// Package team keeps who belongs to a team, and hands the team's keys to them and to nobody else. The server that
// carries it all is taken for an attacker: it may read, drop, replay, reorder and forge whatever it stores.
//
// A team is a hash chain of signed entries (Entry): genesis, add, remove, role, rotate, policy. Load verifies a chain
// from its first entry against a Head that the client remembers; a shorter, forked or rewritten chain is refused.
// Roles say who may append what:
//
//	            reads  writes  add own device  remove own other device  everything else
//	owner       yes    yes     yes             yes                      yes
//	editor      yes    yes     yes             yes                      no
//	reader      yes    no      yes             yes                      no
//	auditor     no     no      yes             yes                      no
//
// A team's records are sealed under the key of an epoch: 32 random bytes, wrapped separately to every device that may
// read (Wrap). An entry that takes a right away opens the next epoch, so that within one epoch nobody loses a right
// and "could this device write in epoch 7" has one answer for ever. The entry that opens an epoch commits to its key:
// a wrap that holds another key, whoever made it, is refused.
//
// Ring is what a device works with: the verified chain, the device's private keys and the epoch keys it unwrapped. It
// makes Changes (an entry and the wraps that belong to it, to be stored in one transaction) and answers what
// security/envelope asks of a Roster.
//
// What the package cannot do: a server that withholds the newest entries from a client shows that client the past; it
// is found out when the client sees a record of a later epoch or another member's Head. Whoever was removed keeps what
// they read. Names of members and devices and the roles are visible to the server.
package team
