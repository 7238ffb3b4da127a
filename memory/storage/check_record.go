package storage

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/audit"
)

// expected is what the tables beside memories should hold of a memory.
type expected struct {
	id       memory.ID
	before   memory.ID
	after    memory.ID
	terms    uint64 // sum over the hashes of its terms, each with its column
	tags     uint64
	sealed   bool
	listed   bool // whether fts and tags hold it
	target   target
	want     bool // whether it needs a vector or a job
	archived bool
	broken   bool // the record itself is damaged: what the other tables should hold cannot be told
}

// record checks what SQLite holds, all of it at one moment.
func (c *checker) record(ctx context.Context, v *catalog.View, auditHead int64) error {
	if err := c.schema(ctx, v); err != nil {
		return err
	}
	lines, err := v.Integrity(ctx)
	if err != nil {
		return err
	}
	words := false
	for _, line := range lines {
		if !ofRecord(line) { // the full-text index is made anew from the record
			words = true
			continue
		}
		c.add(Finding{Kind: KindDatabase, Severity: Damage, Detail: line, Advice: adviseSalvage})
	}
	if words {
		c.add(Finding{Kind: KindFullText, Detail: "its structure is damaged"})
	}
	if err := c.audit(ctx, v, auditHead); err != nil {
		return err
	}
	seed := maphash.MakeSeed()
	rows, err := c.memories(ctx, v, seed)
	if err != nil {
		return err
	}
	for _, check := range []func() error{
		func() error { return c.fullText(ctx, v, seed, rows) },
		func() error { return c.tags(ctx, v, seed, rows) },
		func() error { return c.hashes(ctx, v, rows) },
		func() error { return c.jobs(ctx, v, rows) },
		func() error { return c.outbox(ctx, v, rows) },
		func() error { return c.links(ctx, v, rows) },
		func() error { return c.orphans(ctx, v) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// ofRecord reports whether a line of SQLite's own check is about the record, and not about the full-text index.
func ofRecord(line string) bool { return !strings.Contains(strings.ToLower(line), "fts5") }

// errTable ends a check: a table is missing, without which the rest cannot be compared.
var errTable = errors.New("a table is missing")

// schema compares tables, indexes and triggers with what this build makes. It returns errTable where one is missing.
func (c *checker) schema(ctx context.Context, v *catalog.View) error {
	faults, err := v.Schema(ctx)
	if err != nil {
		return err
	}
	incomplete := false
	for _, f := range faults {
		found := Finding{Kind: KindSchema, Detail: fmt.Sprintf("the %s %s %s", f.Type, f.Name, f.Problem)}
		if f.Lost {
			found.Severity, found.Advice = Damage, adviseRestore
		}
		c.add(found)
		incomplete = incomplete || f.Type == "table"
	}
	if incomplete {
		return errTable
	}
	return nil
}

// orphans looks for rows that stand beside no memory. A memory that goes takes them along.
func (c *checker) orphans(ctx context.Context, v *catalog.View) error {
	tables, err := v.Orphans(ctx)
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		c.add(Finding{Kind: KindOrphan, Detail: fmt.Sprintf("the table %s holds %d rows that belong to nothing", table, tables[table])})
	}
	return err
}

func (c *checker) audit(ctx context.Context, v *catalog.View, head int64) error {
	last := int64(0)
	err := v.AuditLog(ctx, 0, c.store.auditKey, func(e catalog.AuditEntry) error {
		last = e.Seq
		return nil
	})
	switch {
	case errors.Is(err, security.ErrGeneration):
		c.add(Finding{Kind: KindAudit, Severity: Damage, Detail: err.Error() + "; the key went with an older keys.json", Advice: "put keys.json back from a backup; without it the log cannot be verified from that entry on"})
		return nil
	case errors.Is(err, catalog.ErrChain):
		c.add(Finding{Kind: KindAudit, Severity: Damage, Detail: err.Error(), Advice: adviseRestore})
		return nil
	case err == nil && last < head:
		c.add(Finding{Kind: KindAudit, Severity: Damage, Detail: fmt.Sprintf("it ends at entry %d; %d were written", last, head), Advice: adviseRestore})
	}
	return err
}

// tree compares the audit log with what was signed.
func (c *checker) tree(ctx context.Context) error {
	s := c.store
	s.checkpoints.mu.Lock()
	defer s.checkpoints.mu.Unlock()
	v, err := s.verifyTree(ctx, nil)
	for _, f := range v.faults {
		if errors.Is(f, audit.ErrTile) {
			c.add(Finding{Kind: KindAuditTree, Detail: f.Error()})
			continue
		}
		c.add(Finding{Kind: KindAudit, Severity: Damage, Detail: f.Error(), Advice: adviseRestore})
	}
	return err
}

// links checks that what memories name as before and after them is there or was purged.
func (c *checker) links(ctx context.Context, v *catalog.View, rows map[int64]*expected) error {
	known := make(map[memory.ID]bool, len(rows))
	for _, e := range rows {
		known[e.id] = true
	}
	purged := false
	for row, e := range rows {
		for _, id := range []memory.ID{e.before, e.after} {
			if id == "" || known[id] {
				continue
			}
			if !purged {
				purged = true
				err := v.AuditOf(ctx, ActionPurge, 0, func(_ int64, _ time.Time, subject memory.ID) error {
					known[subject] = true
					return nil
				})
				if err != nil {
					return err
				}
			}
			if !known[id] {
				c.add(Finding{Kind: KindLink, ID: e.id, Row: row, Detail: "it names a memory that never was"})
			}
		}
	}
	return nil
}

// termSum adds up the hashes of terms: the order does not matter, the number of each does.
func termSum(seed maphash.Seed, column string, terms []string) (sum uint64) {
	for _, t := range terms {
		sum += termHash(seed, column, t)
	}
	return sum
}

func termHash(seed maphash.Seed, column, term string) uint64 {
	return maphash.String(seed, column+"\x00"+term)
}

func distinctWords(words []string) []string {
	seen := make(map[string]bool, len(words))
	out := words[:0]
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// memories checks each record by itself and says what the other tables should hold of it.
func (c *checker) memories(ctx context.Context, v *catalog.View, seed maphash.Seed) (map[int64]*expected, error) {
	rows := map[int64]*expected{}
	err := v.Whole(ctx, func(r *catalog.Record) error {
		e := &expected{id: r.Memory.ID, sealed: r.Memory.Scope.Sealed(), listed: inFullText(&r.Memory), archived: r.Memory.State == memory.Archived, target: targetOf(&r.Memory), want: true, before: r.Memory.Supersedes, after: r.Memory.SupersededBy}
		rows[r.Row] = e
		m, l, ok := c.one(r)
		if !ok {
			e.broken = true
			return nil
		}
		if e.listed {
			e.terms = termSum(seed, "content", l.terms.Body) + termSum(seed, "title", l.terms.Title) + termSum(seed, "tags", l.terms.Labels)
			e.tags = termSum(seed, "", distinctWords(slices.Clone(l.tags)))
		}
		if !c.store.hashFits(r.Hash, &m) || !slices.Equal(l.tags, m.Tags) {
			c.add(Finding{Kind: KindTerms, ID: r.Memory.ID, Row: r.Row, Detail: "tags or hash differ from the text"})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	spaces, err := v.Spaces(ctx)
	for _, space := range spaces {
		if err == nil {
			err = v.ColdRows(ctx, space, func(row int64, _ security.Class) { c.cold[row] = true })
		}
	}
	if err != nil {
		return nil, err
	}
	return rows, v.Vectors(ctx, func(ref catalog.VectorRef) error {
		c.refs[ref.Row] = append(c.refs[ref.Row], ref)
		return nil
	})
}

// one checks the record r by itself.
func (c *checker) one(r *catalog.Record) (memory.Memory, lex, bool) {
	damaged := func(detail string) (memory.Memory, lex, bool) {
		c.add(Finding{Kind: KindRecord, Severity: Damage, ID: r.Memory.ID, Row: r.Row, Detail: detail, Advice: adviseRestore})
		return memory.Memory{}, lex{}, false
	}
	if len(r.Body) == 0 {
		return damaged("its text is missing")
	}
	if !r.Intact() {
		return damaged("its checksum does not fit")
	}
	m, err := c.store.open(r)
	if err != nil {
		return damaged("its text cannot be read: " + errors.Unwrap(err).Error())
	}
	l, err := c.store.openLex(r)
	if err != nil {
		c.add(Finding{Kind: KindTerms, ID: r.Memory.ID, Row: r.Row, Detail: "they cannot be read"})
		return m, lex{}, false
	}
	return m, l, true
}

func (c *checker) fullText(ctx context.Context, v *catalog.View, seed maphash.Seed, rows map[int64]*expected) error {
	sums, present := map[int64]uint64{}, map[int64]bool{}
	settled, err := v.Settled(ctx)
	if err != nil {
		return err
	}
	moved, err := archiveMoved(ctx, v)
	if err != nil {
		return err
	}
	err = v.FullText(ctx, func(row int64, column, term string) error {
		sums[row] += termHash(seed, column, term)
		return nil
	})
	if err == nil {
		err = v.FullTextRows(ctx, func(row int64) error {
			present[row] = true
			return nil
		})
	}
	if catalog.IsDamage(err) {
		c.add(Finding{Kind: KindFullText, Detail: "it cannot be read"})
		return nil
	}
	if err != nil {
		return err
	}
	for row, e := range rows {
		switch {
		case row > settled && !present[row]: // it waits
		case e.broken && !e.sealed:
		case e.sealed && (present[row] || sums[row] != 0):
			c.add(Finding{Kind: KindFullText, ID: e.id, Row: row, Detail: "it holds words of a private memory"})
		case !e.sealed && !e.listed && moved && (present[row] || sums[row] != 0):
			c.add(Finding{Kind: KindFullText, ID: e.id, Row: row, Detail: "it holds words of an archived memory"})
		case e.listed && (!present[row] || sums[row] != e.terms):
			c.add(Finding{Kind: KindFullText, ID: e.id, Row: row, Detail: "its words are not those on record"})
		}
	}
	for row := range present {
		if rows[row] == nil {
			c.add(Finding{Kind: KindFullText, Row: row, Detail: "it holds words of a memory that is gone"})
		}
	}
	return nil
}

func (c *checker) tags(ctx context.Context, v *catalog.View, seed maphash.Seed, rows map[int64]*expected) error {
	sums := map[int64]uint64{}
	settled, err := v.Settled(ctx)
	if err != nil {
		return err
	}
	moved, err := archiveMoved(ctx, v)
	if err != nil {
		return err
	}
	err = v.Tags(ctx, func(row int64, tag string) error {
		sums[row] += termHash(seed, "", tag)
		return nil
	})
	if err != nil {
		return err
	}
	for row, e := range rows {
		if row <= settled && sums[row] != e.tags && !e.broken && (e.listed || e.sealed || moved) {
			c.add(Finding{Kind: KindTags, ID: e.id, Row: row, Detail: "they are not those on record"})
		}
	}
	return nil
}

func (c *checker) hashes(ctx context.Context, v *catalog.View, rows map[int64]*expected) error {
	settled, err := v.Settled(ctx)
	if err != nil {
		return err
	}
	found := make(map[int64]bool, len(rows))
	err = v.Hashes(ctx, func(row int64, fits bool) error {
		switch e := rows[row]; {
		case e == nil:
			c.add(Finding{Kind: KindHashes, Row: row, Detail: "it holds the hash of a memory that is gone"})
		case !fits || e.archived:
			c.add(Finding{Kind: KindHashes, ID: e.id, Row: row, Detail: "it holds another hash than the record"})
		default:
			found[row] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for row, e := range rows {
		if row <= settled && !found[row] && !e.archived {
			c.add(Finding{Kind: KindHashes, ID: e.id, Row: row, Detail: "it lacks the hash on record"})
		}
	}
	return nil
}

func (c *checker) jobs(ctx context.Context, v *catalog.View, rows map[int64]*expected) error {
	waiting := map[int64]bool{}
	err := v.JobRows(ctx, func(row int64) error {
		waiting[row] = true
		return nil
	})
	if err != nil {
		return err
	}
	for row, e := range rows {
		if !waiting[row] && len(c.refs[row]) == 0 && !c.cold[row] {
			c.add(Finding{Kind: KindUnembedded, ID: e.id, Row: row, Detail: "it has neither a vector nor a job"})
		}
	}
	return nil
}

// outbox checks that the newest event of each memory says whether and where it is in the cloud.
func (c *checker) outbox(ctx context.Context, v *catalog.View, rows map[int64]*expected) error {
	last := map[memory.ID]catalog.Event{}
	err := v.LastEvents(ctx, func(e catalog.Event) error {
		last[e.Memory] = e
		return nil
	})
	if err != nil {
		return err
	}
	for row, e := range rows {
		ev, told := last[e.id]
		delete(last, e.id)
		at := target{}
		if told && ev.Op != catalog.Delete {
			at = target{scope: ev.Scope}
			if ev.Scope == scope.Shared {
				at.team = ev.Team
			}
		}
		if at != e.target {
			c.add(Finding{Kind: KindOutbox, ID: e.id, Row: row, Detail: "the newest event does not say where the memory is"})
		}
	}
	for id, ev := range last {
		if ev.Op != catalog.Delete {
			c.add(Finding{Kind: KindOutbox, ID: id, Detail: "the memory is gone and no event says so"})
		}
	}
	return nil
}
