package backup

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
)

// Bounds of what decodeManifest believes.
const (
	manifestFormat = 1
	maxManifest    = 256 << 20
	maxFiles       = 1 << 20
	minChunk       = 4 << 10
	maxChunk       = 4 << 20
)

// Lengths of chunks in bytes. SQLite's file changes page by page; RocksDB's files are written once.
const (
	pageChunk = 64 << 10
	fileChunk = 256 << 10
)

const hashSize = 32

// hash names a chunk: HMAC-SHA-256 of its content.
type hash [hashSize]byte

func (h hash) String() string { return hex.EncodeToString(h[:]) }

// manifest is one backup.
type manifest struct {
	Format    int               `json:"format"`
	ID        string            `json:"id"`
	Time      time.Time         `json:"time"`
	Build     string            `json:"build"`
	Engines   map[string]string `json:"engines"`
	Schema    int               `json:"schema"`
	Memories  int               `json:"memories"`
	Vectors   int               `json:"vectors"`
	AuditHead int64             `json:"audit_head"`
	Stored    int64             `json:"stored"` // bytes that this backup added to the repository
	Files     []manifestFile    `json:"files"`
	Purged    []byte            `json:"purged,omitempty"` // what was removed for good so far: purgeSize bytes each
}

// manifestFile is one file of the store.
type manifestFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Chunk  int    `json:"chunk"`            // length of each chunk but the last
	Hashes []byte `json:"hashes,omitempty"` // of the chunks, 32 bytes each, in order
}

func (f *manifestFile) count() int { return len(f.Hashes) / hashSize }

func (f *manifestFile) hash(n int) hash { return hash(f.Hashes[n*hashSize:]) }

// length is that of the n-th chunk.
func (f *manifestFile) length(n int) int {
	return int(min(int64(f.Chunk), f.Size-int64(n)*int64(f.Chunk)))
}

func (m *manifest) size() (n int64) {
	for i := range m.Files {
		n += m.Files[i].Size
	}
	return n
}

// purgeSize is the length of an encoded purge: id, time in Unix milliseconds, number of the audit entry.
const purgeSize = 16 + 8 + 8

func (m *manifest) purges() []storage.Purge {
	out := make([]storage.Purge, 0, len(m.Purged)/purgeSize)
	for b := m.Purged; len(b) > 0; b = b[purgeSize:] {
		out = append(out, storage.Purge{
			ID: memory.ID(uuid.UUID(b[:16]).String()), At: time.UnixMilli(int64(binary.BigEndian.Uint64(b[16:]))).UTC(),
			Seq: int64(binary.BigEndian.Uint64(b[24:])),
		})
	}
	return out
}

// purges are what is known to be removed for good, each memory with its last removal.
type purges map[memory.ID]storage.Purge

func (ps purges) add(list []storage.Purge) {
	for _, p := range list {
		was := ps[p.ID]
		p.Seq = max(p.Seq, was.Seq)
		if was.At.After(p.At) {
			p.At = was.At
		}
		ps[p.ID] = p
	}
}

func (ps purges) encode() []byte {
	b := make([]byte, 0, purgeSize*len(ps))
	for _, id := range slices.Sorted(maps.Keys(ps)) {
		u, err := uuid.Parse(string(id))
		if err != nil {
			continue // no memory has an id of another form
		}
		b = append(b, u[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(ps[id].At.UnixMilli()))
		b = binary.BigEndian.AppendUint64(b, uint64(ps[id].Seq))
	}
	return b
}

// since lists the memories that were removed after the backup m was made: it may still hold them. Either sign is
// enough, as a clock may be set back, and a restored store numbers its audit entries anew.
func (ps purges) since(m *manifest) (ids []memory.ID) {
	for _, id := range slices.Sorted(maps.Keys(ps)) {
		if p := ps[id]; p.Seq > m.AuditHead || !p.At.Before(m.Time.Truncate(time.Millisecond)) {
			ids = append(ids, id)
		}
	}
	return ids
}

const idTime = "20060102T150405.000Z"

// newBackupID names a backup by its time, so that names are in order, and a few random digits.
func newBackupID(at time.Time) string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	return at.UTC().Format(idTime) + "-" + hex.EncodeToString(b[:])
}

var backupID = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{6}$`)

func encodeManifest(m *manifest) ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("backup: write manifest: %w", err)
	}
	return b, nil
}

// decodeManifest reads what encodeManifest wrote and nothing that could lead a restore out of its folder or to a length
// that does not fit. It returns an error wrapping ErrFormat or ErrNewer.
func decodeManifest(b []byte) (*manifest, error) {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("%w: it is no JSON", ErrFormat)
	}
	if head.Format > manifestFormat {
		return nil, fmt.Errorf("%w (manifest format %d)", ErrNewer, head.Format)
	}
	var m manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("%w: other fields than expected", ErrFormat)
	}
	if m.Format != manifestFormat || !backupID.MatchString(m.ID) || m.Memories < 0 || m.Vectors < 0 || m.AuditHead < 0 ||
		m.Stored < 0 || len(m.Purged)%purgeSize != 0 || len(m.Files) == 0 || len(m.Files) > maxFiles {
		return nil, fmt.Errorf("%w: a field is out of its bounds", ErrFormat)
	}
	seen := make(map[string]bool, len(m.Files))
	for i := range m.Files {
		if err := m.Files[i].check(); err != nil {
			return nil, err
		}
		if seen[m.Files[i].Name] {
			return nil, fmt.Errorf("%w: a file stands in it twice", ErrFormat)
		}
		seen[m.Files[i].Name] = true
	}
	return &m, nil
}

func (f *manifestFile) check() error {
	if f.Name == "" || f.Name == "." || path.IsAbs(f.Name) || path.Clean(f.Name) != f.Name || f.Name == ".." || len(f.Name) > 3 && f.Name[:3] == "../" {
		return fmt.Errorf("%w: the name of a file leads out of the folder", ErrFormat)
	}
	if f.Size < 0 || f.Chunk < minChunk || f.Chunk > maxChunk || len(f.Hashes)%hashSize != 0 ||
		(f.Size+int64(f.Chunk)-1)/int64(f.Chunk) != int64(f.count()) || f.Size > 1<<50 {
		return fmt.Errorf("%w: %d chunks of %d do not make %d bytes", ErrFormat, f.count(), f.Chunk, f.Size)
	}
	return nil
}
