package envelope

import "errors"

// What can be wrong with a record. Each of these stops: a record that does not open is never used in part.
var (
	// ErrFormat reports bytes that are no record: cut, extended, or with a damaged frame.
	ErrFormat = errors.New("envelope: not a record, or a damaged one")
	// ErrVersion reports a record format of a newer build.
	ErrVersion = errors.New("envelope: unknown record format; update elderzan")
	// ErrTooLarge reports content or a record beyond the limits.
	ErrTooLarge = errors.New("envelope: the record or its content is larger than a record may be")
	// ErrTeam reports a record of another team than the one asked for.
	ErrTeam = errors.New("envelope: the record belongs to another team: the server exchanged it")
	// ErrRow reports the record of another row.
	ErrRow = errors.New("envelope: the record belongs to another row: the server exchanged it")
	// ErrScope reports a record that is not SHARED.
	ErrScope = errors.New("envelope: the record is not of scope SHARED")
	// ErrSuite reports a cipher suite that this build does not know, or that is not the epoch's.
	ErrSuite = errors.New("envelope: the record names a cipher suite that its epoch does not have")
	// ErrDowngrade reports a suite below the team's minimum.
	ErrDowngrade = errors.New("envelope: the record names a weaker cipher suite than the team allows")
	// ErrEpoch reports a record of an epoch that the membership chain in hand does not hold: fetch the chain; if the
	// server has no newer one, it withholds entries.
	ErrEpoch = errors.New("envelope: the record is of an epoch that the membership chain in hand does not hold; if the server has no longer chain, it withholds entries")
	// ErrAuthor reports an author who could not write in the record's epoch.
	ErrAuthor = errors.New("envelope: the author could not write in that epoch")
	// ErrSignature reports a record that its author did not sign as it stands.
	ErrSignature = errors.New("envelope: the author's signature does not verify: the record was altered or forged")
	// ErrRollback reports an older version than the one this device has seen.
	ErrRollback = errors.New("envelope: the record is older than the version this device has seen: the server replays the past")
	// ErrFork reports another record under a version that this device has seen.
	ErrFork = errors.New("envelope: another record stands under a version this device has seen: the server shows two histories")
	// ErrHistory reports a version that does not build on the one this device has seen.
	ErrHistory = errors.New("envelope: the record does not build on the version this device has seen: the server shows two histories")
	// ErrEpochBack reports a version of an older epoch than the version before it.
	ErrEpochBack = errors.New("envelope: the record is of an older epoch than the version before it: a former member may have written it")
	// ErrKey reports that this device does not have the epoch's key.
	ErrKey = errors.New("envelope: this device does not have the epoch's key")
	// ErrDecrypt reports a signed record that does not decrypt: its author sealed it wrongly, or signed what another
	// member sealed.
	ErrDecrypt = errors.New("envelope: the record does not decrypt under its epoch's key: its author did not seal it")
	// ErrContent reports a record that decrypts to something that is not content.
	ErrContent = errors.New("envelope: the record holds malformed content")
)
