package keyring

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/elderzan/elderzan/security"
)

var (
	// ErrMissing reports that there is no master key though there should be one.
	ErrMissing = errors.New("keyring: master key is missing")
	// ErrWrongKey reports a master key that is whole but is not the one this folder's data is sealed under.
	ErrWrongKey = errors.New("keyring: master key is not the one of this data folder")
	// ErrCorrupt reports a key file or keys.json that is damaged.
	ErrCorrupt = errors.New("keyring: key file is damaged")
	// ErrPermissions reports a key file that others than its owner may read or write.
	ErrPermissions = errors.New("keyring: key file is open to other users")
	// ErrExists is what Source.Create returns when there is a master key already.
	ErrExists = errors.New("keyring: master key exists already")
	// ErrClosed reports a use of a keyring after Close.
	ErrClosed = errors.New("keyring: closed")
)

// MasterKeySize is the length of a master key in bytes.
const MasterKeySize = 32

// Source keeps the master key: a file, the operating system's keyring, a KMS. Errors wrap the package's sentinels
// and say what to do next.
type Source interface {
	// Load returns the master key. It returns an error wrapping ErrMissing if there is none.
	Load(ctx context.Context) (security.Secret, error)
	// Create keeps key durably, all of it or nothing. It returns ErrExists if there is a key.
	Create(ctx context.Context, key security.Secret) error
	// Replace keeps key durably in place of the present one; after a crash either the old or the new one is there.
	Replace(ctx context.Context, key security.Secret) error
	// String says where the key is kept, for messages; it holds nothing secret.
	String() string
}

// Options says which keyring to open.
type Options struct {
	Dir    string // the data folder, which must exist; keys.json is kept in it
	Source Source // where the master key is kept; nil means the file master.key in Dir
	Create bool   // make a master key if there is none; set it only for a folder without data
}

// Keyring holds the keys of one data folder. It is safe for concurrent use.
type Keyring struct {
	source Source
	path   string // of keys.json

	mu      sync.RWMutex
	table   checkTable
	current uint32
	masters map[uint32]security.Secret             // empty once closed
	kept    map[uint32]map[Purpose]security.Secret // of retired generations
}

// Open loads the master key and checks it against keys.json. With Options.Create it makes both for a folder that has
// neither, durably before it returns, and completes a creation that a crash cut short. The caller closes the keyring.
//
// It returns an error wrapping ErrMissing, ErrWrongKey, ErrCorrupt or ErrPermissions, which ends with what to do.
func Open(ctx context.Context, opts Options) (*Keyring, error) {
	source := opts.Source
	if source == nil {
		source = NewFileSource(opts.Dir)
	}
	k := &Keyring{source: source, path: checkPath(opts.Dir)}
	table, err := readCheckTable(k.path)
	absent := errors.Is(err, os.ErrNotExist)
	if err != nil && !absent {
		return nil, err
	}
	master, err := source.Load(ctx)
	if errors.Is(err, ErrMissing) && opts.Create && absent {
		master, err = createMaster(ctx, source)
	}
	if err != nil {
		return nil, err
	}
	if master.Len() != MasterKeySize {
		return nil, fmt.Errorf("%w: %s holds %d bytes, not %d; restore the key from a backup", ErrCorrupt, source, master.Len(), MasterKeySize)
	}
	if absent {
		if !opts.Create {
			return nil, fmt.Errorf("%w: %s is missing, so the key in %s cannot be checked; restore it from a backup, or run: elderzan doctor --repair",
				ErrMissing, k.path, source)
		}
		if table, err = createCheckTable(k.path, master); err != nil {
			return nil, err
		}
	}
	if err := k.adopt(table, master); err != nil {
		return nil, err
	}
	return k, nil
}

// Rebuild writes keys.json anew from the master key that source holds, for a folder that lost the file. The caller
// must have made sure that the key opens the data, as a wrong key is not recognised after it. It fails with
// os.ErrExist if the file is there, and it cannot bring back older generations of an unfinished rotation. generation is
// that of the key, 1 where it was never rotated.
func Rebuild(ctx context.Context, opts Options, generation uint32) error {
	source := opts.Source
	if source == nil {
		source = NewFileSource(opts.Dir)
	}
	master, err := source.Load(ctx)
	if err != nil {
		return err
	}
	defer master.Wipe()
	if _, err := os.Lstat(checkPath(opts.Dir)); err == nil {
		return fmt.Errorf("rebuild %s: %w", checkPath(opts.Dir), os.ErrExist)
	}
	t := checkTable{Format: checkFormat, Keys: []checkEntry{newCheckEntry(max(generation, 1), master)}}
	return t.write(checkPath(opts.Dir), linkInto, nil)
}

// Newest returns the newest generation that the keys.json of the folder dir lists, without a key to check it by. It
// returns an error wrapping os.ErrNotExist or ErrCorrupt.
func Newest(dir string) (uint32, error) {
	t, err := readCheckTable(checkPath(dir))
	if err != nil {
		return 0, err
	}
	return t.Keys[len(t.Keys)-1].Generation, nil
}

func createMaster(ctx context.Context, source Source) (security.Secret, error) {
	master := security.RandomSecret(MasterKeySize)
	err := source.Create(ctx, master)
	if errors.Is(err, ErrExists) { // another process was faster: its key is the folder's
		return source.Load(ctx)
	}
	return master, err
}

// adopt finds master's generation in table and unwraps the older ones.
func (k *Keyring) adopt(table checkTable, master security.Secret) error {
	i := slices.IndexFunc(table.Keys, func(e checkEntry) bool { return len(e.Kept) == 0 && e.matches(master) })
	if i < 0 {
		return fmt.Errorf("%w: the key in %s does not match %s; put back the master key that belongs to this folder, for example from a backup",
			ErrWrongKey, k.source, k.path)
	}
	k.table, k.current = table, table.Keys[i].Generation
	k.masters, k.kept = map[uint32]security.Secret{k.current: master}, map[uint32]map[Purpose]security.Secret{}
	for _, e := range table.Keys {
		// Newer entries belong to a rotation that ended before the source took the new key: no data is sealed under them.
		if e.Generation >= k.current {
			continue
		}
		if len(e.Kept) > 0 && len(e.Wrapped) == 0 {
			keys, err := e.kept(k.current, master)
			if err != nil {
				return fmt.Errorf("%w: %s: retired generation %d: %w; restore the file from a backup", ErrCorrupt, k.path, e.Generation, err)
			}
			k.kept[e.Generation] = keys
			continue
		}
		old, err := e.unwrap(k.current, master)
		if err != nil {
			return fmt.Errorf("%w: %s: older key of generation %d: %w; restore the file from a backup", ErrCorrupt, k.path, e.Generation, err)
		}
		k.masters[e.Generation] = old
	}
	return nil
}

// Generation returns the generation of the master key that seals; it starts at 1 and grows with every Rotate.
func (k *Keyring) Generation() uint32 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.current
}

// ID names the current master key; it may be logged and shown.
func (k *Keyring) ID() security.KeyID {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if master, ok := k.masters[k.current]; ok {
		return security.KeyIDOf(master)
	}
	return security.KeyID{}
}

// Source says where the master key is kept.
func (k *Keyring) Source() string { return k.source.String() }

// Key returns the 32-byte key for purpose under the current generation. The caller owns it and should wipe it. It
// returns ErrClosed after Close.
func (k *Keyring) Key(purpose Purpose) (security.Secret, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.derive(purpose, k.current)
}

// KeyAt is Key for an older generation, for data that is not sealed anew yet. It returns an error wrapping
// security.ErrGeneration for a generation that the keyring does not hold.
func (k *Keyring) KeyAt(purpose Purpose, generation uint32) (security.Secret, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.derive(purpose, generation)
}

// Sealer returns a sealer for purpose that seals under the current generation and opens every generation held. It
// keeps working after Close and does not learn of a later Rotate.
func (k *Keyring) Sealer(purpose Purpose) (*security.Sealer, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if len(k.masters) == 0 {
		return nil, ErrClosed
	}
	keys := make(map[uint32]security.Secret, len(k.masters))
	for generation, master := range k.masters {
		keys[generation] = deriveKey(master, purpose)
		defer keys[generation].Wipe()
	}
	for generation, kept := range k.kept {
		if key, ok := kept[purpose]; ok {
			keys[generation] = key
		}
	}
	return security.NewSealer(purpose.class(), k.current, keys)
}

// derive needs k.mu held for reading.
func (k *Keyring) derive(purpose Purpose, generation uint32) (security.Secret, error) {
	if len(k.masters) == 0 {
		return security.Secret{}, ErrClosed
	}
	master, ok := k.masters[generation]
	if key, kept := k.kept[generation][purpose]; kept && !ok {
		return key.Clone(), nil
	}
	if !ok {
		return security.Secret{}, fmt.Errorf("key for %s: %w: %d", purpose, security.ErrGeneration, generation)
	}
	return deriveKey(master, purpose), nil
}

// deriveKey is HKDF-SHA256. The label carries a version, so that another hierarchy can stand beside this one.
func deriveKey(master security.Secret, purpose Purpose) security.Secret {
	b, err := hkdf.Key(sha256.New, master.Bytes(), []byte("elderzan keyring v1"), "elderzan/v1/"+string(purpose), MasterKeySize)
	if err != nil {
		panic("keyring: derive: " + err.Error()) // only for a length no caller asks for
	}
	return security.NewSecret(b)
}

// Close wipes the master keys. Keys and sealers handed out stay valid. It is safe to call more than once.
func (k *Keyring) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, master := range k.masters {
		master.Wipe()
	}
	for _, keys := range k.kept {
		for _, key := range keys {
			key.Wipe()
		}
	}
	k.masters, k.kept = nil, nil
	return nil
}
