package team

import "errors"

// Errors of the chain. Every one of them stops the client: none is to be skipped over.
var (
	// ErrFormat reports bytes that are not what they should be: cut, damaged, or not canonical.
	ErrFormat = errors.New("team: malformed")
	// ErrVersion reports a format of a newer build.
	ErrVersion = errors.New("team: unknown format version; update elderzan")
	// ErrAnchor reports that there is nothing to verify a chain against.
	ErrAnchor = errors.New("team: no remembered head and no invite to verify the chain against")
	// ErrTeam reports an entry, wrap or request of another team.
	ErrTeam = errors.New("team: belongs to another team")
	// ErrGap reports that entries are missing or out of order.
	ErrGap = errors.New("team: entries of the membership chain are missing or out of order")
	// ErrTruncated reports a chain that is shorter than what this client has seen.
	ErrTruncated = errors.New("team: the membership chain is shorter than what this device has seen: the server withholds entries")
	// ErrForked reports a chain with another history than this client has seen.
	ErrForked = errors.New("team: the membership chain was rewritten or forked: it differs from what this device has seen")
	// ErrSignature reports an entry, request or proof that its author did not sign as it stands.
	ErrSignature = errors.New("team: signature does not verify: altered or forged")
	// ErrAuthor reports an entry or record whose author is no device of the team, or was one no longer.
	ErrAuthor = errors.New("team: author is not a device of the team at that point")
	// ErrNotAllowed reports an act that the author's role does not allow.
	ErrNotAllowed = errors.New("team: the author's role does not allow this")
	// ErrMember reports a member that is not there, or is there already.
	ErrMember = errors.New("team: no such change of members")
	// ErrDevice reports a device that is not there, is there already, or was removed for good.
	ErrDevice = errors.New("team: no such change of devices")
	// ErrLastOwner reports the removal or demotion of the only owner.
	ErrLastOwner = errors.New("team: a team keeps at least one owner")
	// ErrLimit reports too many members or devices, or a name that is too long.
	ErrLimit = errors.New("team: limit passed")
	// ErrKeyChanged reports a device whose keys are not the ones known of it. Somebody replaced them, the device's
	// owner or an attacker: ask the person over another channel before anything else.
	ErrKeyChanged = errors.New("team: the device's keys are not the ones known: stop, and compare fingerprints with the person over another channel")
	// ErrKeyReused reports a signing key that stands for another device already.
	ErrKeyReused = errors.New("team: the key belongs to another device already")
)

// Errors of epochs, suites and keys.
var (
	// ErrEpoch reports an entry whose epoch does not follow, or that takes a right away without a new epoch, or an
	// epoch that the chain does not hold.
	ErrEpoch = errors.New("team: the chain in hand holds no such epoch")
	// ErrSuite reports an unknown cipher suite.
	ErrSuite = errors.New("team: unknown cipher suite; update elderzan")
	// ErrDowngrade reports a suite below the team's minimum.
	ErrDowngrade = errors.New("team: the cipher suite is below the team's minimum: somebody tries to weaken the team's encryption")
	// ErrSuiteMissing reports a device without a key of a suite that the team allows.
	ErrSuiteMissing = errors.New("team: a device has no key for the team's minimum suite")
	// ErrWrap reports a wrapped key that is meant for another device.
	ErrWrap = errors.New("team: the wrapped key is meant for another device")
	// ErrUnwrap reports a wrapped key that does not open: altered, or moved from another team, epoch or member.
	ErrUnwrap = errors.New("team: the wrapped key does not open: altered, or moved from another place")
	// ErrEpochKey reports a wrapped key that opens to another key than the signed chain commits to.
	ErrEpochKey = errors.New("team: the wrapped key is not the epoch's: somebody substituted it")
	// ErrNoKey reports an epoch whose key this device does not have.
	ErrNoKey = errors.New("team: this device does not have the key of that epoch; ask a member to grant it")
)

// Errors of invites, fingerprints and recovery.
var (
	// ErrCode reports a code that was mistyped or cut.
	ErrCode = errors.New("team: the code was mistyped or is incomplete")
	// ErrInvite reports a request that was not made with the invite it names.
	ErrInvite = errors.New("team: the request was not made with a valid invite of this device")
	// ErrInviteExpired reports an invite past its time.
	ErrInviteExpired = errors.New("team: the invite has expired; make a new one")
	// ErrInviteUsed reports an invite that was used before.
	ErrInviteUsed = errors.New("team: the invite was used before; make a new one")
	// ErrShare reports a recovery share that does not belong to the team's recovery key.
	ErrShare = errors.New("team: not a share of this recovery key")
	// ErrShares reports too few recovery shares.
	ErrShares = errors.New("team: too few recovery shares")
)
