package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/elderzan/elderzan/security"
)

// maxCheckpoint is the largest checkpoint that is read, in bytes.
const maxCheckpoint = 4 << 10

// Checkpoint is a signed statement of how long the log is and what is in it.
type Checkpoint struct {
	Origin string // names the log
	Size   int64  // entries
	Root   tlog.Hash
	Note   []byte // the signed note, as it is kept and handed around
}

// text is what is signed.
func (c *Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// sign fills in the note.
func (c *Checkpoint) sign(signer note.Signer) (err error) {
	if c.Note, err = note.Sign(&note.Note{Text: c.text()}, signer); err != nil {
		return fmt.Errorf("audit: sign checkpoint: %w", err)
	}
	return nil
}

// ParseCheckpoint reads a checkpoint of the log origin and verifies that one of the known keys signed it. It returns
// an error wrapping ErrCheckpoint otherwise.
func ParseCheckpoint(signed []byte, origin string, known note.Verifiers) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("%w: %d bytes", ErrCheckpoint, len(signed))
	}
	n, err := note.Open(signed, known)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	c, err := parseText(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != origin {
		return Checkpoint{}, fmt.Errorf("%w: it is of the log %q, not of %q", ErrCheckpoint, c.Origin, origin)
	}
	c.Note = append([]byte(nil), signed...)
	return c, nil
}

// parseText reads what text wrote. Lines that a later version adds at the end are passed over, as the format has it.
func parseText(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("%w: it has no three lines", ErrCheckpoint)
	}
	c := Checkpoint{Origin: lines[0]}
	var err error
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("%w: its size is no number", ErrCheckpoint)
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil || c.Root.String() != lines[2] {
		return Checkpoint{}, fmt.Errorf("%w: its root is no hash", ErrCheckpoint)
	}
	return c, nil
}

// signer signs notes with an Ed25519 key. The note package makes signers of texts alone, which would put the private
// key into a string.
type signer struct {
	note.Verifier // for name and hash of the key
	key           ed25519.PrivateKey
}

func (s *signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// String shows the public key's name; a format verb would print the private one.
func (s *signer) String() string { return fmt.Sprintf("audit key %s+%08x", s.Name(), s.KeyHash()) }

// GoString is String.
func (s *signer) GoString() string { return s.String() }

// NewSigner returns the signer of a log, and its public key in the note format for those who verify. seed has 32 bytes
// that serve nothing else; the caller may wipe it. origin is the name of the log and of the key: not empty, without
// spaces and plus signs.
func NewSigner(origin string, seed security.Secret) (s note.Signer, verifierKey string, err error) {
	if seed.Len() != ed25519.SeedSize {
		return nil, "", fmt.Errorf("audit: a signing seed has %d bytes", ed25519.SeedSize)
	}
	key := ed25519.NewKeyFromSeed(seed.Bytes())
	verifierKey, err = note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, "", fmt.Errorf("audit: %w", err)
	}
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, "", fmt.Errorf("audit: the name %q: %w", origin, err)
	}
	return &signer{Verifier: v, key: key}, verifierKey, nil
}

// Verifiers returns what knows the given keys, as NewSigner returned them: the present one and those before it.
func Verifiers(verifierKeys ...string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, k := range verifierKeys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return nil, fmt.Errorf("%w: a verifier key: %w", ErrCheckpoint, err)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return nil, errors.New("audit: no verifier keys")
	}
	return note.VerifierList(list...), nil
}
