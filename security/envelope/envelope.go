package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// Roster says who belongs to the team, as the signed membership chain has it, and holds the epoch keys. It is safe
// for concurrent use. *team.Ring is one.
type Roster interface {
	Team() uuid.UUID
	// Epoch returns the current epoch.
	Epoch() uint64
	// Suite returns the minimum suite of an epoch; it fails for an epoch that the chain does not hold.
	Suite(epoch uint64) (uint8, error)
	// Writer returns the signing key of a device that could write in epoch, and whether it still can; it fails for
	// any other device.
	Writer(epoch uint64, device uuid.UUID) (key ed25519.PublicKey, still bool, err error)
	// Key returns the key of an epoch; it fails if this device does not have it.
	Key(epoch uint64) (security.Secret, error)
}

// Signer is the device that writes. *team.Ring is one.
type Signer interface {
	Device() uuid.UUID
	Sign(message []byte) []byte
}

// State is what a client remembers of a row: the newest version that the server acknowledged or delivered. The zero
// value means that the client has never seen the row.
type State struct {
	Version uint64
	Epoch   uint64
	Hash    Hash
}

// Options tunes an Envelope; the zero value works.
type Options struct {
	Now func() time.Time // nil means time.Now
}

// Envelope seals and opens the records of one team. It is safe for concurrent use.
type Envelope struct {
	roster Roster
	signer Signer
	now    func() time.Time
}

// New returns an Envelope. signer may be nil: then it opens alone.
func New(roster Roster, signer Signer, opts Options) *Envelope {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Envelope{roster: roster, signer: signer, now: opts.Now}
}

// Seal seals the next version of a row in the current epoch. seen is the State of the version it builds on, the zero
// State for a new row. It returns the record and the State to remember once the server has the record, an error
// wrapping ErrAuthor if the signer may not write, ErrKey without the epoch's key, ErrTooLarge, or ErrContent for text
// that is not UTF-8.
//
// Sealing the same content again gives another record, which under the same version is a fork to everybody who saw
// the first: keep the record until the server has it, and repeat a push with the same bytes.
func (e *Envelope) Seal(row uuid.UUID, seen State, c Content) ([]byte, State, error) {
	h := Header{
		Scope: scopeShared, Team: e.roster.Team(), Row: row, Version: seen.Version + 1, Epoch: e.roster.Epoch(),
		Prev: seen.Hash, Time: e.now(),
	}
	if e.signer == nil {
		return nil, State{}, fmt.Errorf("%w: there is no signer", ErrAuthor)
	}
	h.Author = e.signer.Device()
	if seen.Version == 0 != seen.Hash.IsZero() || h.Epoch < seen.Epoch || h.Version > maxVersion {
		return nil, State{}, fmt.Errorf("%w: version %d of epoch %d cannot follow", ErrHistory, seen.Version, seen.Epoch)
	}
	if _, still, err := e.roster.Writer(h.Epoch, h.Author); err != nil || !still {
		return nil, State{}, join(ErrAuthor, err)
	}
	var err error
	if h.Suite, err = e.roster.Suite(h.Epoch); err != nil {
		return nil, State{}, join(ErrEpoch, err)
	}
	key, err := e.roster.Key(h.Epoch)
	if err != nil {
		return nil, State{}, join(ErrKey, err)
	}
	scratch := plains.Get().(*[]byte)
	defer plains.Put(scratch)
	plain, err := c.pack(*scratch)
	if err != nil {
		return nil, State{}, err
	}
	*scratch = plain
	record, err := seal(&h, key, plain)
	clear(plain)
	if err != nil {
		return nil, State{}, err
	}
	header, ciphertext := record[:headerSize], sha256.Sum256(record[headerSize:])
	record = append(record, e.signer.Sign(signed(header, ciphertext))...)
	next := State{Version: h.Version, Epoch: h.Epoch, Hash: hashOf(header, ciphertext, record[len(record)-sigSize:])}
	return record, next, nil
}

// plains holds room for what is about to be sealed, wiped.
var plains = sync.Pool{New: func() any { return new([]byte) }}

// seal returns header and ciphertext, with room for the signature.
func seal(h *Header, epochKey security.Secret, plain []byte) ([]byte, error) {
	record := h.append(make([]byte, 0, headerSize+len(plain)+tagSize+sigSize))
	var random [saltSize + keySize]byte
	_, _ = rand.Read(random[:]) // never fails: the runtime ends the program instead
	salt, dataKey := random[:saltSize], random[saltSize:]
	defer clear(dataKey)
	data := aad(record)
	wrap, err := gcm(wrapKey(epochKey, salt))
	if err != nil {
		return nil, err
	}
	body, err := gcm(dataKey)
	if err != nil {
		return nil, err
	}
	record = append(record, salt...)
	record = wrap.Seal(record, zeroNonce[:], dataKey, data)
	record = binary.BigEndian.AppendUint32(record, uint32(len(plain)+tagSize))
	return body.Seal(record, zeroNonce[:], plain, data), nil
}

// zeroNonce is the nonce of keys that are used once.
var zeroNonce [12]byte

// wrapKey derives the key that wraps one record's data key.
func wrapKey(epochKey security.Secret, salt []byte) []byte {
	mac := hmac.New(sha256.New, epochKey.Bytes())
	mac.Write([]byte(labelKey))
	mac.Write(salt)
	return mac.Sum(nil)
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	return cipher.NewGCM(block)
}

// Opened is a record that was found good.
type Opened struct {
	Header
	Content Content
	State   State // to remember of the row from now on
	// Late says that the author can no longer write, so that nothing but their word says when they made the record.
	// One that this device sees for the first time deserves a look by a person.
	Late bool
}

// Open checks and decrypts the record that the server delivered for row. seen is what the client remembers of the
// row. Opening the same record again is no error. After an error nothing of the record may be used; the errors of
// this package say what is wrong with it, and wrap the Roster's where it knows more.
func (e *Envelope) Open(record []byte, row uuid.UUID, seen State) (Opened, error) {
	h, err := ParseHeader(record)
	if err != nil {
		return Opened{}, err
	}
	if err := e.checkPlace(&h, row); err != nil {
		return Opened{}, err
	}
	key, still, err := e.roster.Writer(h.Epoch, h.Author)
	if err != nil {
		return Opened{}, join(ErrAuthor, err)
	}
	header, ciphertext, signature := parts(record)
	sum := sha256.Sum256(ciphertext)
	if !ed25519.Verify(key, signed(header, sum), signature) {
		return Opened{}, fmt.Errorf("%w: version %d by device %s", ErrSignature, h.Version, h.Author)
	}
	out := Opened{Header: h, Late: !still, State: State{Version: h.Version, Epoch: h.Epoch, Hash: hashOf(header, sum, signature)}}
	if err := seen.admit(&h, out.State.Hash); err != nil {
		return Opened{}, err
	}
	epochKey, err := e.roster.Key(h.Epoch)
	if err != nil {
		return Opened{}, join(ErrKey, err)
	}
	plain, err := decrypt(header, ciphertext, epochKey)
	if err != nil {
		return Opened{}, err
	}
	out.Content, err = unpack(plain)
	clear(plain)
	if err != nil {
		return Opened{}, err
	}
	return out, nil
}

// checkPlace checks that the record is what the caller asked for, and of an epoch and suite that the chain holds.
func (e *Envelope) checkPlace(h *Header, row uuid.UUID) error {
	switch {
	case h.Team != e.roster.Team():
		return fmt.Errorf("%w: %s", ErrTeam, h.Team)
	case h.Row != row:
		return fmt.Errorf("%w: %s instead of %s", ErrRow, h.Row, row)
	case h.Scope != scopeShared:
		return fmt.Errorf("%w: %d", ErrScope, h.Scope)
	case h.Suite == 0 || h.Suite > suiteLast:
		return fmt.Errorf("%w: suite %d is unknown", ErrSuite, h.Suite)
	}
	suite, err := e.roster.Suite(h.Epoch)
	switch {
	case err != nil:
		return join(ErrEpoch, err)
	case h.Suite < suite:
		return fmt.Errorf("%w: %d, epoch %d has %d", ErrDowngrade, h.Suite, h.Epoch, suite)
	case h.Suite > suite:
		return fmt.Errorf("%w: %d, epoch %d has %d", ErrSuite, h.Suite, h.Epoch, suite)
	}
	return nil
}

// admit checks a record against what the client remembers of its row.
func (s State) admit(h *Header, hash Hash) error {
	switch {
	case h.Version < s.Version:
		return fmt.Errorf("%w: version %d after %d", ErrRollback, h.Version, s.Version)
	case h.Version == s.Version && hash != s.Hash:
		return fmt.Errorf("%w: version %d", ErrFork, h.Version)
	case s.Version != 0 && h.Version == s.Version+1 && h.Prev != s.Hash:
		return fmt.Errorf("%w: version %d", ErrHistory, h.Version)
	case h.Epoch < s.Epoch:
		return fmt.Errorf("%w: epoch %d after %d", ErrEpochBack, h.Epoch, s.Epoch)
	}
	return nil
}

func decrypt(header, ciphertext []byte, epochKey security.Secret) ([]byte, error) {
	data := aad(header)
	wrap, err := gcm(wrapKey(epochKey, header[offSalt:offKey]))
	if err != nil {
		return nil, err
	}
	dataKey, err := wrap.Open(make([]byte, 0, keySize), zeroNonce[:], header[offKey:offLength], data)
	if err != nil {
		return nil, fmt.Errorf("%w: its data key", ErrDecrypt)
	}
	defer clear(dataKey)
	body, err := gcm(dataKey)
	if err != nil {
		return nil, err
	}
	plain, err := body.Open(make([]byte, 0, len(ciphertext)), zeroNonce[:], ciphertext, data)
	if err != nil {
		return nil, fmt.Errorf("%w: its text", ErrDecrypt)
	}
	return plain, nil
}

// join adds the Roster's reason, where it gave one.
func join(err, reason error) error {
	if reason == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, reason)
}
