package keyring

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/elderzan/elderzan/security"
)

// WrappedFileName is the name of the file in the data folder that holds a master key wrapped by a Keeper.
const WrappedFileName = "master.wrapped"

var (
	// ErrUnavailable reports a keeper that cannot be asked now, such as a KMS that does not answer.
	ErrUnavailable = errors.New("keyring: what keeps the master key cannot be reached")
	// ErrRefused reports a keeper that does not unwrap the key: a wrong passphrase or PIN, missing rights, another key.
	ErrRefused = errors.New("keyring: the master key was not unwrapped")
)

// Keeper wraps a master key so that it can lie beside the data: a passphrase, the operating system's keyring, a hardware
// token, a KMS. Its errors wrap ErrUnavailable or ErrRefused where those apply and say what to do next.
type Keeper interface {
	Wrap(ctx context.Context, key security.Secret) ([]byte, error)
	Unwrap(ctx context.Context, wrapped []byte) (security.Secret, error)
	// String names the keeper for messages; it holds nothing secret.
	String() string
}

// WrappedSource keeps the master key in a file, wrapped by a Keeper. The keeper is asked once in a process: the key is
// kept in memory until Close, so that a KMS that goes away is missed at the next start only. Safe for concurrent use.
type WrappedSource struct {
	path   string
	keeper Keeper

	mu     sync.Mutex
	cached security.Secret
	of     [sha256.Size]byte // the file that cached was unwrapped from
}

var _ Source = (*WrappedSource)(nil)

// NewWrappedSource returns the source that keeps the key in the file master.wrapped of the folder dir.
func NewWrappedSource(dir string, k Keeper) *WrappedSource {
	return &WrappedSource{path: filepath.Join(dir, WrappedFileName), keeper: k}
}

// String names the file and the keeper.
func (s *WrappedSource) String() string { return s.path + " (wrapped by " + s.keeper.String() + ")" }

// wrappedFile is master.wrapped.
type wrappedFile struct {
	Format int    `json:"format"`
	Keeper string `json:"keeper"` // as Keeper.String names it; for people
	Key    []byte `json:"key"`
	Sum    string `json:"sum"` // SHA-256 prefix of Key: tells damage from a refusal
}

const (
	wrappedFormat  = 1
	maxWrappedFile = 64 << 10
)

func wrappedSum(key []byte) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:sumSize])
}

// Load unwraps the key. It returns an error wrapping ErrMissing, ErrPermissions, ErrCorrupt, ErrUnavailable or
// ErrRefused.
func (s *WrappedSource) Load(ctx context.Context) (security.Secret, error) {
	b, err := s.read()
	if err != nil {
		return security.Secret{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cached.IsZero() && s.of == sha256.Sum256(b) {
		return s.cached.Clone(), nil
	}
	var f wrappedFile
	if err := json.Unmarshal(b, &f); err != nil || f.Sum != wrappedSum(f.Key) || f.Format < 1 {
		return security.Secret{}, fmt.Errorf("%w: %s; restore it from a backup", ErrCorrupt, s.path)
	}
	if f.Format > wrappedFormat {
		return security.Secret{}, fmt.Errorf("%w: %s: format %d is newer than this build knows; update elderzan", ErrCorrupt, s.path, f.Format)
	}
	key, err := s.keeper.Unwrap(ctx, f.Key)
	if err != nil {
		return security.Secret{}, fmt.Errorf("unwrap the master key by %s: %w", s.keeper, err)
	}
	if key.Len() != MasterKeySize {
		key.Wipe()
		return security.Secret{}, fmt.Errorf("%w: %s holds no master key; restore it from a backup", ErrCorrupt, s.path)
	}
	s.keep(key, b)
	return key, nil
}

func (s *WrappedSource) read() ([]byte, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no file %s; restore it from a backup, or, where the key is in a file still, clear kms_url", ErrMissing, s.path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the wrapped master key: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxWrappedFile))
	if err != nil {
		return nil, fmt.Errorf("read the wrapped master key: %w", err)
	}
	return b, nil
}

// keep needs mu.
func (s *WrappedSource) keep(key security.Secret, file []byte) {
	s.cached.Wipe()
	s.cached, s.of = key.Clone(), sha256.Sum256(file)
}

// Create wraps the key and writes the file, durably, all of it or nothing. It returns ErrExists if there is one.
func (s *WrappedSource) Create(ctx context.Context, key security.Secret) error {
	return s.write(ctx, key, linkInto)
}

// Replace wraps the key and writes the file in place of the present one; after a crash one of the two is there, whole.
func (s *WrappedSource) Replace(ctx context.Context, key security.Secret) error {
	return s.write(ctx, key, renameInto)
}

func (s *WrappedSource) write(ctx context.Context, key security.Secret, place placement) error {
	if key.Len() != MasterKeySize {
		return fmt.Errorf("wrap the master key: it has %d bytes, not %d", key.Len(), MasterKeySize)
	}
	wrapped, err := s.keeper.Wrap(ctx, key)
	if err != nil {
		return fmt.Errorf("wrap the master key by %s: %w", s.keeper, err)
	}
	// What cannot be unwrapped must not become the only copy.
	back, err := s.keeper.Unwrap(ctx, wrapped)
	if err != nil {
		return fmt.Errorf("unwrap the master key that %s has just wrapped: %w", s.keeper, err)
	}
	defer back.Wipe()
	if !back.Equal(key) {
		return fmt.Errorf("wrap the master key: %s gives another one back", s.keeper)
	}
	b, err := json.MarshalIndent(wrappedFile{Format: wrappedFormat, Keeper: s.keeper.String(), Key: wrapped, Sum: wrappedSum(wrapped)}, "", "  ")
	if err != nil {
		return fmt.Errorf("wrap the master key: %w", err)
	}
	b = append(b, '\n')
	err = writeDurably(s.path, b, place, nil)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, s.path)
	}
	if err != nil {
		return fmt.Errorf("write the wrapped master key: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(key, b)
	return nil
}

// Close forgets the key.
func (s *WrappedSource) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cached.Wipe()
	s.cached = security.Secret{}
	return nil
}

// Move copies the master key from one source to another, durably; the first keeps it until Remove. A key that the
// second one has already is replaced.
func Move(ctx context.Context, from, to Source) error {
	key, err := from.Load(ctx)
	if err != nil {
		return err
	}
	defer key.Wipe()
	if err := to.Replace(ctx, key); err != nil {
		return err
	}
	back, err := to.Load(ctx)
	if err != nil {
		return err
	}
	defer back.Wipe()
	if !back.Equal(key) {
		return fmt.Errorf("%w: %s holds another key than was put there", ErrWrongKey, to)
	}
	return nil
}

// Remove deletes the master key of the folder dir that is kept under the given file name, KeyFileName or
// WrappedFileName, after overwriting it. A file that is not there is no error.
func Remove(dir, name string) error {
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err := errors.Join(err, f.Sync(), f.Close(), os.Remove(path)); err != nil {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return syncDir(dir)
}
