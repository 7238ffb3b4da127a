package team

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// InviteID names an invite in the chain, so that it is used once. It gives nothing of the invite away.
type InviteID [16]byte

// IsZero reports whether i names no invite.
func (i InviteID) IsZero() bool { return i == InviteID{} }

const (
	inviteNonceBytes  = 8
	inviteSecretBytes = 16
	inviteCodeBytes   = 1 + 16 + 32 + 16 + inviteNonceBytes + 4 + 1 + inviteSecretBytes
	macBytes          = sha256.Size
	// DefaultInviteLife is how long an invite can be used.
	DefaultInviteLife = 48 * time.Hour
	// MaxInviteLife is the longest life of an invite.
	MaxInviteLife = 30 * 24 * time.Hour
)

// Invite is what a device needs to join: which team, how its chain begins, and a secret that only the inviter's
// device and the holder of the code know. It must reach the newcomer over a channel that the server does not see;
// where that is in doubt, compare fingerprints too (AcceptOptions.Fingerprint).
//
// Nothing of it is stored: the inviter's device makes the secret out of its private key again.
type Invite struct {
	Team    uuid.UUID
	Genesis Hash // of the chain's first entry
	Inviter uuid.UUID
	Nonce   [inviteNonceBytes]byte
	Expires time.Time // whole hours
	Role    Role      // that the newcomer gets; 0 on an invite for a further device of the inviter
	secret  [inviteSecretBytes]byte
}

// InviteOptions says what an invite is for.
type InviteOptions struct {
	Role Role             // of the newcomer; 0 means Editor
	Own  bool             // the invite is for a further device of the inviter, whatever Role says
	Life time.Duration    // rounded up to whole hours, at most MaxInviteLife; 0 means DefaultInviteLife
	Now  func() time.Time // nil means time.Now
}

// Invite makes an invite for a newcomer or, with InviteOptions.Own, for another device of the same person. It returns
// an error wrapping ErrNotAllowed if the ring's device may not invite newcomers, and ErrLimit for a life too long.
func (r *Ring) Invite(opts InviteOptions) (Invite, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	author, err := r.own()
	if err != nil {
		return Invite{}, err
	}
	role := opts.Role
	switch own := r.chain.state.members[author.member].Role; {
	case opts.Own:
		role = 0
	case !own.Manages():
		return Invite{}, fmt.Errorf("%w: %v invites nobody but own devices", ErrNotAllowed, own)
	case role == 0:
		role = Editor
	}
	if opts.Life == 0 {
		opts.Life = DefaultInviteLife
	}
	if role > Auditor || opts.Life < 0 || opts.Life > MaxInviteLife {
		return Invite{}, fmt.Errorf("%w: an invite is for a role and for at most %v", ErrLimit, MaxInviteLife)
	}
	i := Invite{
		Team: r.chain.Team(), Genesis: r.chain.Genesis(), Inviter: r.device.ID(), Role: role,
		Expires: now(opts.Now).Add(opts.Life + time.Hour - 1).Truncate(time.Hour),
	}
	_, _ = rand.Read(i.Nonce[:]) // never fails: the runtime ends the program instead
	i.secret = r.device.inviteSecret(&i)
	return i, nil
}

// inviteSecret returns the secret of an invite of this device.
func (d *Device) inviteSecret(i *Invite) [inviteSecretBytes]byte {
	mac := hmac.New(sha256.New, d.derive(magicInviteKey))
	mac.Write(newFields(magicInvite).id(i.Team).hash(i.Genesis).id(i.Inviter).bytes(i.Nonce[:]).
		num(uint64(i.Expires.Unix())).num(uint64(i.Role)).b)
	return [inviteSecretBytes]byte(mac.Sum(nil)[:inviteSecretBytes])
}

// ID returns the name under which the chain notes the invite's use.
func (i *Invite) ID() InviteID {
	sum := sha256.Sum256(newFields(magicInviteID).bytes(i.secret[:]).b)
	return InviteID(sum[:len(InviteID{})])
}

// Anchor returns what the newcomer's first Load verifies the chain against.
func (i *Invite) Anchor() Head { return Head{Team: i.Team, Hash: i.Genesis} }

// Code returns the invite as a code to hand over. It holds the secret.
func (i *Invite) Code() string {
	b := append(make([]byte, 0, inviteCodeBytes), formatVersion)
	b = append(b, i.Team[:]...)
	b = append(b, i.Genesis[:]...)
	b = append(b, i.Inviter[:]...)
	b = append(b, i.Nonce[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(i.Expires.Unix()/3600))
	b = append(b, byte(i.Role))
	return encodeCode(codeInvite, append(b, i.secret[:]...))
}

// ParseInvite reads a code. It returns an error wrapping ErrCode if it was mistyped, ErrVersion or ErrFormat.
func ParseInvite(code string) (Invite, error) {
	b, err := decodeCode(codeInvite, code, inviteCodeBytes)
	if err != nil {
		return Invite{}, err
	}
	if b[0] != formatVersion {
		return Invite{}, fmt.Errorf("%w: invite of version %d", ErrVersion, b[0])
	}
	var i Invite
	b = b[1+copy(i.Team[:], b[1:]):]
	b = b[copy(i.Genesis[:], b):]
	b = b[copy(i.Inviter[:], b):]
	b = b[copy(i.Nonce[:], b):]
	i.Expires = time.Unix(int64(binary.BigEndian.Uint32(b))*3600, 0).UTC()
	i.Role = Role(b[4])
	copy(i.secret[:], b[5:])
	if i.Role > Auditor {
		return Invite{}, fmt.Errorf("%w: the invite's role", ErrFormat)
	}
	return i, nil
}

// String shows what the invite is for, and not its secret.
func (i Invite) String() string { return fmt.Sprintf("invite of %s to team %s", i.Inviter, i.Team) }

// Format is String for every verb: some would print what is secret.
func (i Invite) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }
