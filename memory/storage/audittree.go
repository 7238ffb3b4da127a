package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/audit"
	"github.com/elderzan/elderzan/security/keyring"
)

// The audit log is a chain: each entry carries an HMAC over the one before. Over its entries stands a Merkle tree whose
// root is signed now and then (security/audit). The chain is complete at each commit; the tree follows it, and what it is
// for are the signed checkpoints: kept elsewhere, they show a log that was written anew by somebody who has the keys.

// auditKeys sign checkpoints, and verify those of every generation.
type auditKeys struct {
	seed     security.Secret            // of the current generation
	seeds    map[uint32]security.Secret // of all
	once     sync.Once
	options  audit.Options
	verifier string // public key of the signer
	err      error

	mu sync.Mutex // one at a time extends the tree
}

func newAuditKeys(ring *keyring.Keyring) (*auditKeys, error) {
	k := &auditKeys{seeds: map[uint32]security.Secret{}}
	for _, g := range ring.GenerationsFor(keyring.Checkpoints) {
		var err error
		if k.seeds[g], err = ring.KeyAt(keyring.Checkpoints, g); err != nil {
			return nil, err
		}
	}
	k.seed = k.seeds[ring.Generation()]
	return k, nil
}

// errOrigin reports a name of this device by which no log can be signed.
var errOrigin = errors.New("the name of this device on record is damaged")

// use returns the options of the log named origin. The keys are made when they are first needed.
func (k *auditKeys) use(origin string) (audit.Options, string, error) {
	k.once.Do(func() {
		var signer note.Signer
		if signer, k.verifier, k.err = audit.NewSigner(origin, k.seed); k.err != nil {
			k.err = fmt.Errorf("%w: %w", errOrigin, k.err)
			return
		}
		var known []string
		for _, seed := range k.seeds {
			var v string
			if _, v, k.err = audit.NewSigner(origin, seed); k.err != nil {
				return
			}
			known = append(known, v)
		}
		k.options = audit.Options{Origin: origin, Signer: signer}
		k.options.Known, k.err = audit.Verifiers(known...)
	})
	return k.options, k.verifier, k.err
}

// auditOrigin names the log of this device.
func (s *Store) auditOrigin() string {
	return "elderzan/" + strings.NewReplacer(" ", "_", "+", "_", "\n", "_").Replace(s.source)
}

const (
	metaCheckpoint = "audit-checkpoint"
	treeBatch      = 2048 // entries added to the tree in one transaction
)

func metaTile(id audit.TileID) string { return fmt.Sprintf("audit-tile/%d/%d", id.Level, id.Index) }

// auditTree is the log's storage: entries are rows of the audit table, numbered from 1 there and from 0 here; hashes and
// the newest checkpoint are in the table meta. Entries that no checkpoint covers yet are not shown: the chain has them.
type auditTree struct {
	store *Store
	size  int64 // entries that the newest checkpoint covers
}

var _ audit.Storage = (*auditTree)(nil)

func (t *auditTree) Checkpoint(ctx context.Context) ([]byte, error) {
	b, err := t.store.catalog.Meta(ctx, metaCheckpoint)
	if len(b) == 0 {
		return nil, catalogError(err)
	}
	return b, catalogError(err)
}

func (t *auditTree) Entries(ctx context.Context, first, end int64, fn func(n int64, entry []byte) error) error {
	end = min(end, t.size)
	if first >= end {
		return nil
	}
	return catalogError(t.store.catalog.AuditRange(ctx, first+1, end, func(e catalog.AuditEntry) error {
		b, err := encodeAudit(&e)
		if err != nil {
			return err
		}
		return fn(e.Seq-1, b)
	}))
}

// Tile makes those of level 0 from the entries, whose hashes are all that is in them. The level above it says of 256 entries
// whether they are what they were.
func (t *auditTree) Tile(ctx context.Context, id audit.TileID) ([]byte, error) {
	if id.Level == 0 {
		return audit.TileOf(ctx, t, id.Index)
	}
	b, err := t.store.catalog.Meta(ctx, metaTile(id))
	if err == nil && len(b) == 0 {
		err = audit.ErrNotFound
	}
	return b, catalogError(err)
}

// Commit stores tiles and checkpoint; the entries are there.
func (t *auditTree) Commit(ctx context.Context, b audit.Batch) error {
	if len(b.Entries) > 0 && b.First != t.size {
		return audit.ErrConflict
	}
	err := t.store.write(ctx, func(tx *catalog.Tx) error {
		for _, tile := range b.Tiles {
			if tile.Level == 0 {
				continue
			}
			if err := tx.SetMeta(metaTile(tile.TileID), tile.Data); err != nil {
				return err
			}
		}
		return tx.SetMeta(metaCheckpoint, b.Checkpoint)
	})
	if err == nil {
		t.size = b.First + int64(len(b.Entries))
	}
	return err
}

// maxAuditField is the longest text of an entry that stands in the tree as it is.
const maxAuditField = 2 << 10

// encodeAudit is the one encoding of an entry in the tree. Longer texts than the log takes stand in it by their
// beginning and hash.
func encodeAudit(e *catalog.AuditEntry) ([]byte, error) {
	clip := func(s string) string {
		if len(s) <= maxAuditField && utf8.ValidString(s) {
			return s
		}
		sum := sha256.Sum256([]byte(s))
		return strings.ToValidUTF8(s[:min(len(s), maxAuditField)], "?") + "… sha256:" + hex.EncodeToString(sum[:])
	}
	x := audit.Entry{
		At: e.At, Action: clip(e.Action), Subject: string(e.Subject), User: clip(e.User), Client: clip(e.Client), Session: clip(e.Session),
		From: uint8(e.From), To: uint8(e.To), Reason: clip(e.Reason),
	}
	for _, r := range e.Rules {
		x.Rules = append(x.Rules, clip(r))
	}
	return x.Encode()
}

// openTree opens the log's storage and says how it is verified.
func (s *Store) openTree(ctx context.Context) (*auditTree, audit.Options, string, error) {
	t := &auditTree{store: s}
	o, verifier, err := s.checkpoints.use(s.auditOrigin())
	if err != nil {
		return nil, o, "", err
	}
	signed, err := t.Checkpoint(ctx)
	if err == nil && signed != nil {
		var c audit.Checkpoint
		if c, err = audit.ParseCheckpoint(signed, o.Origin, o.Known); err == nil {
			t.size = c.Size
		}
	}
	return t, o, verifier, err
}

// AuditCheckpoint is a signed statement of what the audit log holds.
type AuditCheckpoint struct {
	Entries  int64  `json:"entries"`
	Root     string `json:"root"`
	Note     string `json:"note"`         // signed, to be kept elsewhere
	Verifier string `json:"verifier_key"` // public key that verifies it, in the form of golang.org/x/mod/sumdb/note
}

// CheckpointAudit brings the tree to the end of the log and signs it. It returns an error wrapping audit.ErrCheckpoint
// or a *audit.Fault where the log is not what was signed before.
func (s *Store) CheckpointAudit(ctx context.Context) (AuditCheckpoint, error) {
	if err := s.usable(); err != nil {
		return AuditCheckpoint{}, err
	}
	s.checkpoints.mu.Lock()
	defer s.checkpoints.mu.Unlock()
	t, o, verifier, err := s.openTree(ctx)
	if err != nil {
		return AuditCheckpoint{}, err
	}
	log, err := audit.Open(ctx, t, o)
	if err != nil {
		return AuditCheckpoint{}, err
	}
	head := s.catalog.AuditHead()
	for log.Size() < head {
		var entries [][]byte
		next := log.Size() + 1
		err := s.catalog.AuditRange(ctx, next, min(head, log.Size()+treeBatch), func(e catalog.AuditEntry) error {
			if e.Seq != next {
				return &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("%w: entry %d is missing", catalog.ErrChain, next)}
			}
			next++
			b, err := encodeAudit(&e)
			entries = append(entries, b)
			return err
		})
		if err != nil {
			return AuditCheckpoint{}, catalogError(err)
		}
		if len(entries) == 0 {
			return AuditCheckpoint{}, &memory.CorruptError{Engine: "sqlite", Err: fmt.Errorf("%w: entry %d is missing", catalog.ErrChain, next)}
		}
		if _, err := log.Append(ctx, entries...); err != nil {
			return AuditCheckpoint{}, err
		}
	}
	c := log.Newest()
	return AuditCheckpoint{Entries: c.Size, Root: c.Root.String(), Note: string(c.Note), Verifier: verifier}, nil
}

// AuditReport is what VerifyAudit found.
type AuditReport struct {
	Entries  int64    `json:"entries"`  // in the chain
	Signed   int64    `json:"signed"`   // of them that a signed checkpoint covers
	Faults   []string `json:"faults"`   // none means that the log is whole
	Verifier string   `json:"verifier"` // public key of the checkpoints
}

// VerifyAudit reads the whole audit log: each entry must follow from the one before, and all of it be what the newest
// checkpoint and those kept elsewhere vouch for. What is wrong is in the report.
func (s *Store) VerifyAudit(ctx context.Context, elsewhere [][]byte) (AuditReport, error) {
	r := AuditReport{Faults: []string{}}
	fault := func(err error) { r.Faults = append(r.Faults, err.Error()) }
	head := int64(0)
	if err := s.usable(); err != nil {
		return r, err
	}
	want := s.catalog.AuditHead()
	err := s.AuditLog(ctx, 0, func(AuditEntry) error { head++; return nil })
	switch {
	case errors.Is(err, catalog.ErrChain), errors.Is(err, security.ErrGeneration):
		fault(err)
	case err != nil:
		return r, err
	case head < want:
		fault(fmt.Errorf("the log ends at entry %d; %d were written", head, want))
	}
	r.Entries = head
	s.checkpoints.mu.Lock()
	defer s.checkpoints.mu.Unlock()
	v, err := s.verifyTree(ctx, elsewhere)
	for _, f := range v.faults {
		fault(f)
	}
	r.Signed, r.Verifier = v.signed, v.verifier
	return r, err
}

// verified is what verifyTree found.
type verified struct {
	faults   []error
	signed   int64
	verifier string // "" where the checkpoint is not sound
}

// verifyTree compares the log with the newest checkpoint and those kept elsewhere. Faults number entries from 1, as the
// log itself does.
func (s *Store) verifyTree(ctx context.Context, elsewhere [][]byte) (v verified, err error) {
	t, o, verifier, err := s.openTree(ctx)
	var report audit.Report
	if err == nil {
		v.signed, v.verifier = t.size, verifier
		report, err = audit.Verify(ctx, t, o, audit.VerifyOptions{Elsewhere: elsewhere})
	}
	var broken *audit.Fault
	if errors.Is(err, errOrigin) || errors.Is(err, audit.ErrCheckpoint) || errors.As(err, &broken) {
		v.faults = []error{err}
		return v, nil
	}
	for _, f := range report.Faults {
		shown := *f
		shown.First, shown.Last = f.First+1, f.Last+1
		v.faults = append(v.faults, &shown)
	}
	return v, err
}

// rebuildTree makes the stored hashes anew from sound entries.
func (s *Store) rebuildTree(ctx context.Context) error {
	s.checkpoints.mu.Lock()
	defer s.checkpoints.mu.Unlock()
	t, o, _, err := s.openTree(ctx)
	if err != nil {
		return err
	}
	return audit.Rebuild(ctx, t, o)
}
