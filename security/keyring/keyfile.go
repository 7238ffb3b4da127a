package keyring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/elderzan/elderzan/security"
)

// KeyFileName is the name of the key file in the data folder.
const KeyFileName = "master.key"

// FileSource keeps the master key in a text file with mode 0600. It protects the data where the disk or a backup of
// the other files is lost or copied, not from someone who can read the owner's files.
type FileSource struct {
	path string
	fail func(step string) error // tests only: called before each durable step
}

var _ Source = (*FileSource)(nil)

// NewFileSource returns the source that keeps the key in the file master.key of the folder dir.
func NewFileSource(dir string) *FileSource {
	return &FileSource{path: filepath.Join(dir, KeyFileName)}
}

// String returns the path of the key file.
func (s *FileSource) String() string { return s.path }

// Load reads the key. It returns an error wrapping ErrMissing, ErrPermissions or ErrCorrupt.
func (s *FileSource) Load(context.Context) (security.Secret, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		wrapped := filepath.Join(filepath.Dir(s.path), WrappedFileName)
		if _, err := os.Lstat(wrapped); err == nil {
			return security.Secret{}, fmt.Errorf("%w: the key is in %s, wrapped, and kms_url does not say by what; set kms_url", ErrMissing, wrapped)
		}
		return security.Secret{}, fmt.Errorf("%w: there is no file %s; restore it from a backup, as the data cannot be read without it", ErrMissing, s.path)
	}
	if err != nil {
		return security.Secret{}, fmt.Errorf("read the master key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return security.Secret{}, fmt.Errorf("read the master key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return security.Secret{}, fmt.Errorf("%w: %s is not a regular file; restore it from a backup", ErrCorrupt, s.path)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return security.Secret{}, fmt.Errorf("%w: %s has mode %04o; run: chmod 600 %s", ErrPermissions, s.path, perm, s.path)
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(keyFileSize)+1))
	if err != nil {
		return security.Secret{}, fmt.Errorf("read the master key: %w", err)
	}
	defer clear(b)
	key, err := parseKeyFile(b)
	if err != nil {
		return security.Secret{}, fmt.Errorf("%w: %s: %w; restore it from a backup", ErrCorrupt, s.path, err)
	}
	return key, nil
}

// Create writes the key file, durably; after a crash it is there whole or not at all. It returns ErrExists if there
// is one.
func (s *FileSource) Create(_ context.Context, key security.Secret) error {
	return s.write(key, linkInto)
}

// Replace writes the key file in place of the present one, durably; after a crash one of the two is there, whole.
func (s *FileSource) Replace(_ context.Context, key security.Secret) error {
	return s.write(key, renameInto)
}

func (s *FileSource) write(key security.Secret, place placement) error {
	if key.Len() != MasterKeySize {
		return fmt.Errorf("write the master key: it has %d bytes, not %d", key.Len(), MasterKeySize)
	}
	b := formatKeyFile(key)
	defer clear(b)
	err := writeDurably(s.path, b, place, s.fail)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, s.path)
	}
	if err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	return nil
}

// The key file: three lines, of which the last is a checksum of the two before. The checksum tells damage from a
// wrong key; it needs no secret, since it stands beside the key itself.
const (
	keyFileHeader = "elderzan master key 1\n"
	keyFilePrefix = "key "
	keyFileSum    = "sum "
	keyFileSize   = len(keyFileHeader) + len(keyFilePrefix) + 2*MasterKeySize + 1 + len(keyFileSum) + 2*sumSize + 1
	sumSize       = 8
)

var errKeyFile = errors.New("not a master key file")

func formatKeyFile(key security.Secret) []byte {
	b := make([]byte, 0, keyFileSize)
	b = append(b, keyFileHeader...)
	b = append(b, keyFilePrefix...)
	b = hex.AppendEncode(b, key.Bytes())
	b = append(b, '\n')
	sum := sha256.Sum256(b)
	b = append(b, keyFileSum...)
	b = hex.AppendEncode(b, sum[:sumSize])
	return append(b, '\n')
}

// parseKeyFile reads what formatKeyFile wrote and nothing else. Its errors hold no byte of the file.
func parseKeyFile(b []byte) (security.Secret, error) {
	rest, ok := bytes.CutPrefix(b, []byte(keyFileHeader))
	if !ok || len(b) != keyFileSize {
		return security.Secret{}, errKeyFile
	}
	key := make([]byte, MasterKeySize)
	if rest, ok = bytes.CutPrefix(rest, []byte(keyFilePrefix)); !ok {
		return security.Secret{}, errKeyFile
	}
	if _, err := hex.Decode(key, rest[:2*MasterKeySize]); err != nil {
		return security.Secret{}, errKeyFile
	}
	secret := security.NewSecret(key)
	// Comparing with the one right form checks the checksum, the separators and the case of the digits at once.
	want := formatKeyFile(secret)
	defer clear(want)
	if !bytes.Equal(b, want) {
		secret.Wipe()
		return security.Secret{}, fmt.Errorf("%w: its checksum does not fit", errKeyFile)
	}
	return secret, nil
}
