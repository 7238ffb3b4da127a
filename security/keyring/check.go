package keyring

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"github.com/elderzan/elderzan/security"
)

// CheckFileName is the name of the file in the data folder that tells a wrong master key from a damaged one. It holds
// nothing secret in the clear and belongs into every backup.
const CheckFileName = "keys.json"

func checkPath(dir string) string { return filepath.Join(dir, CheckFileName) }

const (
	checkFormat  = 1       // what a table without retired generations is written as
	keptFormat   = 2       // with Kept
	checkSize    = 16      // bytes of a key-check value: 2^-128 that a wrong key passes
	maxCheckFile = 1 << 20 // far more than generations can fill
	maxKeys      = 4096
)

// checkTable is keys.json.
type checkTable struct {
	Format int          `json:"format"`
	Keys   []checkEntry `json:"keys"` // by rising generation, at least one
	Sum    string       `json:"sum"`  // SHA-256 prefix of the rest: tells damage to this file from a wrong key
}

// checkEntry is one generation of the master key.
type checkEntry struct {
	Generation uint32 `json:"generation"`
	Check      string `json:"check"` // key-check value, hexadecimal
	// The key, sealed under newer ones, by their generation. While a rotation is under way there are two: whichever
	// master key the source holds after a crash, it opens one.
	Wrapped map[uint32][]byte `json:"wrapped,omitempty"`
	// What outlives a retired key: keys derived from it, by purpose, each sealed under newer master keys as above.
	Kept map[Purpose]map[uint32][]byte `json:"kept,omitempty"`
}

func newCheckEntry(generation uint32, master security.Secret) checkEntry {
	return checkEntry{Generation: generation, Check: hex.EncodeToString(checkValue(generation, master))}
}

// checkValue is an HMAC prefix under a derived key, so that it helps nobody to guess any other key.
func checkValue(generation uint32, master security.Secret) []byte {
	key := deriveKey(master, purposeCheck)
	defer key.Wipe()
	mac := hmac.New(sha256.New, key.Bytes())
	fmt.Fprintf(mac, "elderzan key check v1 %d", generation)
	return mac.Sum(nil)[:checkSize]
}

func (e checkEntry) matches(master security.Secret) bool {
	want, err := hex.DecodeString(e.Check)
	return err == nil && hmac.Equal(checkValue(e.Generation, master), want)
}

func wrapSealer(generation uint32, wrapping security.Secret) (*security.Sealer, error) {
	key := deriveKey(wrapping, purposeWrap)
	defer key.Wipe()
	return security.NewSealer(security.ClassStore, generation, map[uint32]security.Secret{generation: key})
}

func wrapPlace(generation uint32) []byte {
	return fmt.Appendf(nil, "elderzan master key of generation %d", generation)
}

// wrap adds master, the key of e, sealed under the key of a newer generation.
func (e *checkEntry) wrap(master security.Secret, newer uint32, wrapping security.Secret) error {
	s, err := wrapSealer(newer, wrapping)
	if err != nil {
		return err
	}
	sealed, err := s.Seal(nil, master.Bytes(), wrapPlace(e.Generation))
	if err != nil {
		return err
	}
	if e.Wrapped = maps.Clone(e.Wrapped); e.Wrapped == nil {
		e.Wrapped = make(map[uint32][]byte, 1)
	}
	e.Wrapped[newer] = sealed
	return nil
}

// unwrap returns the key of e, which is sealed under wrapping, the key of generation newer.
func (e checkEntry) unwrap(newer uint32, wrapping security.Secret) (security.Secret, error) {
	s, err := wrapSealer(newer, wrapping)
	if err != nil {
		return security.Secret{}, err
	}
	b, err := s.Open(nil, e.Wrapped[newer], wrapPlace(e.Generation))
	if err != nil {
		return security.Secret{}, err
	}
	master := security.NewSecret(b)
	if !e.matches(master) {
		return security.Secret{}, errors.New("it is not the key of that generation")
	}
	return master, nil
}

func keptPlace(generation uint32, p Purpose) []byte {
	return fmt.Appendf(nil, "elderzan key for %s of retired generation %d", p, generation)
}

// keep adds key, which is derived from the key of e for p, sealed under the key of a newer generation.
func (e *checkEntry) keep(p Purpose, key security.Secret, newer uint32, wrapping security.Secret) error {
	s, err := wrapSealer(newer, wrapping)
	if err != nil {
		return err
	}
	sealed, err := s.Seal(nil, key.Bytes(), keptPlace(e.Generation, p))
	if err != nil {
		return err
	}
	if e.Kept = maps.Clone(e.Kept); e.Kept == nil {
		e.Kept = map[Purpose]map[uint32][]byte{}
	}
	if e.Kept[p] = maps.Clone(e.Kept[p]); e.Kept[p] == nil {
		e.Kept[p] = map[uint32][]byte{}
	}
	e.Kept[p][newer] = sealed
	return nil
}

// kept returns the keys that keep added, sealed under wrapping, the key of generation newer.
func (e checkEntry) kept(newer uint32, wrapping security.Secret) (map[Purpose]security.Secret, error) {
	s, err := wrapSealer(newer, wrapping)
	if err != nil {
		return nil, err
	}
	out := map[Purpose]security.Secret{}
	for p, sealed := range e.Kept {
		b, err := s.Open(nil, sealed[newer], keptPlace(e.Generation, p))
		if err != nil {
			return nil, fmt.Errorf("key for %s: %w", p, err)
		}
		out[p] = security.NewSecret(b)
	}
	return out, nil
}

// onlyUnder returns e without what is sealed under other generations than current.
func (e checkEntry) onlyUnder(current uint32) checkEntry {
	e.Wrapped = maps.Clone(e.Wrapped)
	maps.DeleteFunc(e.Wrapped, func(under uint32, _ []byte) bool { return under != current })
	e.Kept = maps.Clone(e.Kept)
	for p, sealed := range e.Kept {
		sealed = maps.Clone(sealed)
		maps.DeleteFunc(sealed, func(under uint32, _ []byte) bool { return under != current })
		e.Kept[p] = sealed
	}
	return e
}

// format is the oldest format that can say what t holds.
func (t checkTable) format() int {
	for _, e := range t.Keys {
		if len(e.Kept) > 0 {
			return keptFormat
		}
	}
	return checkFormat
}

// sum and encode cannot fail: the table is made of numbers, strings and bytes.
func (t checkTable) sum() string {
	t.Sum = ""
	b, _ := json.Marshal(t)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:checkSize])
}

// encode returns the file's bytes with the checksum filled in.
func (t checkTable) encode() []byte {
	t.Sum = t.sum()
	b, _ := json.MarshalIndent(t, "", "  ")
	return append(b, '\n')
}

// decodeCheckTable reads what encode wrote. Its errors say what is wrong with the file.
func decodeCheckTable(b []byte) (checkTable, error) {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return checkTable{}, errors.New("it is not valid JSON")
	}
	if head.Format > keptFormat {
		return checkTable{}, fmt.Errorf("format %d is newer than this build knows", head.Format)
	}
	var t checkTable
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return checkTable{}, errors.New("it has other fields than expected")
	}
	if t.sum() != t.Sum {
		return checkTable{}, errors.New("its checksum does not fit")
	}
	if t.Format != t.format() || len(t.Keys) == 0 || len(t.Keys) > maxKeys {
		return checkTable{}, errors.New("it lists no keys")
	}
	for i, e := range t.Keys {
		if check, err := hex.DecodeString(e.Check); err != nil || len(check) != checkSize {
			return checkTable{}, fmt.Errorf("entry %d has no key-check value", i)
		}
		if e.Generation == 0 || i > 0 && e.Generation <= t.Keys[i-1].Generation {
			return checkTable{}, fmt.Errorf("entry %d is out of order", i)
		}
	}
	return t, nil
}

// readCheckTable returns an error wrapping os.ErrNotExist if there is no file, ErrCorrupt if it is damaged.
func readCheckTable(path string) (checkTable, error) {
	f, err := os.Open(path)
	if err != nil {
		return checkTable{}, fmt.Errorf("read the key table: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCheckFile))
	if err != nil {
		return checkTable{}, fmt.Errorf("read the key table: %w", err)
	}
	t, err := decodeCheckTable(b)
	if err != nil {
		return checkTable{}, fmt.Errorf("%w: %s: %w; restore it from a backup, or run: elderzan doctor --repair", ErrCorrupt, path, err)
	}
	return t, nil
}

// createCheckTable writes keys.json for the first generation. If another process wrote it meanwhile, that one counts.
func createCheckTable(path string, master security.Secret) (checkTable, error) {
	t := checkTable{Format: checkFormat, Keys: []checkEntry{newCheckEntry(1, master)}}
	err := t.write(path, linkInto, nil)
	if errors.Is(err, os.ErrExist) {
		return readCheckTable(path)
	}
	return t, err
}

func (t checkTable) write(path string, place placement, fail func(step string) error) error {
	t.Format = t.format()
	if err := writeDurably(path, t.encode(), place, fail); err != nil {
		return fmt.Errorf("write the key table: %w", err)
	}
	return nil
}
