package storage

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// write runs fn in the catalogue's transaction.
func (r *rig) inTx(t *testing.T, fn func(tx *catalog.Tx) error) {
	t.Helper()
	if err := r.catalog.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// archive moves the memory of a scope into the archive.
func (r *rig) archive(t *testing.T, sc scope.Scope) {
	t.Helper()
	_, err := r.Change(t.Context(), r.ms[sc].ID, "", func(m *memory.Memory) (memory.Audit, error) {
		m.State = memory.Archived
		return memory.Audit{Action: "archive"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// relabel stores other terms for the memory of a scope, with a checksum that fits them.
func (r *rig) relabel(t *testing.T, sc scope.Scope, terms []byte) {
	t.Helper()
	r.inTx(t, func(tx *catalog.Tx) error {
		rec, _, err := tx.ByID(r.ms[sc].ID)
		if err != nil {
			return err
		}
		rec.Lex = terms
		return tx.UpdateAttributes(&rec)
	})
}

// TestCheckFinds breaks a store in one way at a time: the checker must see it, and repair must mend all but damage to
// the record.
func TestCheckFinds(t *testing.T) {
	const project = scope.Project
	for name, tc := range map[string]struct {
		breakIt  func(t *testing.T, r *rig)
		want     Kind
		severity Severity
	}{
		"attribute altered": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `UPDATE memories SET project = 'other' WHERE scope = 2`) })
		}, KindRecord, Damage},
		"text altered": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `UPDATE texts SET body = x'00' WHERE row = 2`) })
		}, KindRecord, Damage},
		"sealed text altered": {func(t *testing.T, r *rig) {
			r.apart(t, func() {
				execSQL(t, r.dir, `UPDATE texts SET body = (SELECT body FROM texts WHERE row = 2) WHERE row = 1`)
			})
		}, KindRecord, Damage},
		"text missing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM texts WHERE row = 2`) })
		}, KindRecord, Damage},
		"memory under another row": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `UPDATE memories SET row = 50 WHERE row = 2`) })
		}, KindRecord, Damage},
		"text of nothing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `INSERT INTO texts (row, body) VALUES (999, x'0180')`) })
		}, KindOrphan, Drift},
		"tag of nothing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `INSERT INTO tags (tag, row) VALUES ('ghost', 999)`) })
		}, KindOrphan, Drift},
		"job of nothing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `INSERT INTO jobs (row, attempts, not_before) VALUES (999, 0, 0)`) })
		}, KindOrphan, Drift},
		"vector on record of nothing": {func(t *testing.T, r *rig) {
			r.apart(t, func() {
				execSQL(t, r.dir, `INSERT INTO vectors (row, space, version, class, seq, sum) VALUES (999, 'mini', 1, 1, 77, zeroblob(16))`)
			})
		}, KindOrphan, Drift},
		"role of nobody": {func(t *testing.T, r *rig) {
			r.apart(t, func() {
				execSQL(t, r.dir, `INSERT INTO permissions (user, kind, object, role) VALUES ('ghost', 'project', 'atlas', 'admin')`)
			})
		}, KindOrphan, Drift},
		"trigger missing":    {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DROP TRIGGER audit_no_update`) }) }, KindSchema, Drift},
		"index missing":      {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DROP INDEX vectors_seq`) }) }, KindSchema, Drift},
		"table missing":      {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DROP TABLE usage`) }) }, KindSchema, Drift},
		"table of tags gone": {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DROP TABLE tags`) }) }, KindSchema, Drift},
		"fts gone":           {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DROP TABLE fts`) }) }, KindSchema, Drift},
		"roles missing":      {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DROP TABLE permissions`) }) }, KindSchema, Damage},
		"trigger of a stranger": {func(t *testing.T, r *rig) {
			r.apart(t, func() {
				execSQL(t, r.dir, `CREATE TRIGGER ghost AFTER INSERT ON memories BEGIN DELETE FROM texts; END`)
			})
		}, KindSchema, Drift},
		"fts without its settings": {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM fts_config`) }) }, KindFullText, Drift},
		"fts without its data":     {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DROP TABLE fts_data`) }) }, KindFullText, Drift},
		"fts without its lengths":  {func(t *testing.T, r *rig) { r.apart(t, func() { execSQL(t, r.dir, `DROP TABLE fts_docsize`) }) }, KindFullText, Drift},
		"pages overwritten": {func(t *testing.T, r *rig) {
			r.apart(t, func() { scribble(t, filepath.Join(r.dir, catalogFile), 4096*6, 4096) })
		}, KindDatabase, Damage},
		"audit entry altered": {func(t *testing.T, r *rig) {
			r.apart(t, func() {
				execSQL(t, r.dir, `DROP TRIGGER audit_no_update`, `UPDATE audit SET user = 'somebody else' WHERE seq = 2`)
			})
		}, KindAudit, Damage},
		"audit entry removed": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `DROP TRIGGER audit_no_delete`, `DELETE FROM audit WHERE seq = 2`) })
		}, KindAudit, Damage},
		"name of the device altered": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `INSERT OR REPLACE INTO meta (key, value) VALUES ('source', x'67ff81')`) })
		}, KindAudit, Damage},
		"terms unreadable": {func(t *testing.T, r *rig) { r.relabel(t, project, []byte{99}) }, KindTerms, Drift},
		"terms of no tag":  {func(t *testing.T, r *rig) { r.relabel(t, project, (&lex{}).encode(nil)) }, KindTerms, Drift},
		"words not in fts": {func(t *testing.T, r *rig) {
			row := r.row(t, project)
			r.inTx(t, func(tx *catalog.Tx) error { return tx.DropWords(row) })
		}, KindFullText, Drift},
		"other words in fts": {func(t *testing.T, r *rig) { r.putWords(t, r.row(t, project), "other words") }, KindFullText, Drift},
		"private words in fts": {func(t *testing.T, r *rig) {
			r.putWords(t, r.row(t, scope.Private), "heron")
		}, KindFullText, Drift},
		"fts of nothing": {func(t *testing.T, r *rig) {
			r.apart(t, func() {
				execSQL(t, r.dir, `INSERT INTO fts (rowid, title, content, tags) VALUES (999, '', 'ghost', '')`)
			})
		}, KindFullText, Drift},
		"fts emptied": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `INSERT INTO fts (fts) VALUES ('delete-all')`) })
		}, KindFullText, Drift},
		"fts structure damaged": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `UPDATE fts_data SET block = x'0102030405060708' WHERE id > 1000`) })
		}, KindFullText, Drift},
		"fts structure gone": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM fts_data WHERE id > 1000`) })
		}, KindFullText, Drift},
		"tag missing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM tags WHERE tag = 'bird'`) })
		}, KindTags, Drift},
		"hash missing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM hashes WHERE row = 2`) })
		}, KindHashes, Drift},
		"hash altered": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `UPDATE hashes SET prefix = x'00' WHERE row = 1`) })
		}, KindHashes, Drift},
		"hash of nothing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `INSERT INTO hashes (prefix, row) VALUES (x'00', 999)`) })
		}, KindHashes, Drift},
		"job missing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM vectors WHERE row = 2`) })
		}, KindUnembedded, Drift},
		"event missing": {func(t *testing.T, r *rig) {
			r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM outbox WHERE scope = 3`) })
		}, KindOutbox, Drift},
		"memory gone without an event": {func(t *testing.T, r *rig) {
			r.apart(t, func() {
				execSQL(t, r.dir, `PRAGMA foreign_keys = ON`, `DELETE FROM fts WHERE rowid = 4`, `DELETE FROM tags WHERE row = 4`, `DELETE FROM texts WHERE row = 4`,
					`DELETE FROM vectors WHERE row = 4`, `DELETE FROM memories WHERE row = 4`)
			})
		}, KindOutbox, Drift},
		"successor that never was": {func(t *testing.T, r *rig) {
			r.inTx(t, func(tx *catalog.Tx) error {
				rec, _, err := tx.ByID(r.ms[project].ID)
				if err != nil {
					return err
				}
				rec.Memory.SupersededBy, rec.Memory.State = memory.NewID(), memory.Superseded
				return tx.UpdateAttributes(&rec)
			})
			r.apart(t, func() {})
		}, KindLink, Drift},
		"archived words in fts": {func(t *testing.T, r *rig) {
			r.archive(t, project)
			if err := r.WaitRenewed(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.putWords(t, r.row(t, project), "heron")
		}, KindFullText, Drift},
		"archived vector damaged": {func(t *testing.T, r *rig) {
			r.archive(t, project)
			r.apart(t, func() {
				execSQL(t, r.dir, `UPDATE cold SET code = CAST(substr(code, 1, 9) || x'77' || substr(code, 11) AS BLOB)`)
			})
		}, KindArchive, Drift},
		"archived private vector damaged": {func(t *testing.T, r *rig) {
			r.archive(t, scope.Private)
			r.apart(t, func() {
				execSQL(t, r.dir, `UPDATE cold SET code = CAST(substr(code, 1, 40) || x'77' || substr(code, 42) AS BLOB)`)
			})
		}, KindArchive, Drift},
		"archived vector of another text": {func(t *testing.T, r *rig) {
			r.archive(t, project)
			r.apart(t, func() { execSQL(t, r.dir, `UPDATE cold SET version = 7`) })
		}, KindArchive, Drift},
		"archived vector under the wrong key": {func(t *testing.T, r *rig) {
			r.archive(t, scope.Private)
			v := catalog.ColdVector{Row: r.row(t, scope.Private), Space: "mini", Version: 1, Class: security.ClassStore}
			r.inTx(t, func(tx *catalog.Tx) error { return r.putCode(tx, &v, vectorCode(unit(0))) })
		}, KindArchive, Drift},
		"active memory's vector in the archive": {func(t *testing.T, r *rig) {
			v := catalog.ColdVector{Row: r.row(t, project), Space: "other", Version: 1, Class: security.ClassStore}
			r.inTx(t, func(tx *catalog.Tx) error { return r.putCode(tx, &v, vectorCode(unit(0))) })
		}, KindArchive, Drift},
		"archived vector not listed": {func(t *testing.T, r *rig) {
			r.archive(t, project)
			r.cold.drop(r.row(t, project), "")
		}, KindArchive, Drift},
		"archived vector of nothing listed": {func(t *testing.T, r *rig) {
			r.cold.put(indexName{"mini", security.ClassStore}, 999)
		}, KindArchive, Drift},
		"archived vector missing": {func(t *testing.T, r *rig) {
			r.archive(t, project)
			r.apart(t, func() { execSQL(t, r.dir, `DELETE FROM cold`) })
		}, KindUnembedded, Drift},
		"archived vector on record of nothing": {func(t *testing.T, r *rig) {
			r.archive(t, project)
			r.apart(t, func() {
				execSQL(t, r.dir, `INSERT INTO cold (row, space, version, class, code) SELECT 999, space, version, class, code FROM cold`)
			})
		}, KindOrphan, Drift},
		"hashes over the audit log": {func(t *testing.T, r *rig) {
			for r.AuditHead() < 300 {
				if err := r.Note(t.Context(), memory.Audit{Action: "denied"}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := r.CheckpointAudit(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.inTx(t, func(tx *catalog.Tx) error { return tx.SetMeta("audit-tile/1/0", make([]byte, 8192)) })
		}, KindAuditTree, Drift},
		"vector missing":             {func(t *testing.T, r *rig) { r.kvDelete(t, vectorKey(r.row(t, project), "mini")) }, KindVector, Drift},
		"vector altered":             {func(t *testing.T, r *rig) { r.kvVector(t, project, unit(77), security.ClassStore) }, KindVector, Drift},
		"vector under the wrong key": {func(t *testing.T, r *rig) { r.kvVector(t, scope.Private, unit(0), security.ClassStore) }, KindVector, Drift},
		"vector sealed by a stranger": {func(t *testing.T, r *rig) {
			key := vectorKey(r.row(t, project), "mini")
			r.apart(t, func() {
				withStrangeKeys(t, r.dir, func(db *kv.DB) {
					kvPut(t, db, kv.Vectors, key, storedBytes(unit(1), nil, warmWidth), security.ClassStore)
				})
			})
		}, KindVector, Drift},
		"setting sealed by a stranger": {func(t *testing.T, r *rig) {
			r.apart(t, func() {
				withStrangeKeys(t, r.dir, func(db *kv.DB) { kvPut(t, db, kv.Config, []byte("k"), []byte("v"), security.ClassStore) })
			})
		}, KindValue, Drift},
		"vector of nothing": {func(t *testing.T, r *rig) {
			kvPut(t, r.kv, kv.Vectors, vectorKey(999, "mini"), storedBytes(unit(1), nil, warmWidth), security.ClassStore)
		}, KindStray, Drift},
		"vector of no known form": {func(t *testing.T, r *rig) { kvPut(t, r.kv, kv.Vectors, []byte("x"), nil, security.ClassStore) }, KindStray, Drift},
		"vector of another space": {func(t *testing.T, r *rig) {
			kvPut(t, r.kv, kv.Vectors, vectorKey(1, "other"), storedBytes(unit(1), nil, warmWidth), security.ClassStore)
		}, KindStray, Drift},
		"intent of nobody": {func(t *testing.T, r *rig) {
			kvPut(t, r.kv, kv.Intents, []byte("somebody's id"), nil, security.ClassStore)
		}, KindStray, Drift},
		"not in FAISS":             {func(t *testing.T, r *rig) { mustRemove(t, r, r.row(t, project)) }, KindVectorIndex, Drift},
		"other vector in FAISS":    {func(t *testing.T, r *rig) { r.faissPut(t, r.row(t, project), unit(55)) }, KindVectorIndex, Drift},
		"vector of nothing, FAISS": {func(t *testing.T, r *rig) { r.faissPut(t, 999, unit(55)) }, KindVectorIndex, Drift},
		"not in the word index":    {func(t *testing.T, r *rig) { r.index.Remove(r.row(t, project)) }, KindWordIndex, Drift},
		"word index of nothing":    {func(t *testing.T, r *rig) { r.index.Put(inverted.Doc{Row: 999, Scope: project}) }, KindWordIndex, Drift},
		"other words in the index": {func(t *testing.T, r *rig) {
			r.index.Put(inverted.Doc{Row: r.row(t, project), Scope: project, State: memory.Active})
		}, KindWordIndex, Drift},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if found, err := r.Check(t.Context()); err != nil || len(found) != 0 {
				t.Fatalf("a whole store: %v, %v", found, err)
			}
			tc.breakIt(t, r)
			found, err := r.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(found, func(f Finding) bool { return f.Kind == tc.want })
			if i < 0 || found[i].Severity != tc.severity || found[i].Advice == "" || found[i].Detail == "" {
				t.Fatalf("found %v; want %s (%s)", found, tc.want, tc.severity)
			}
			if st, err := r.Stats(t.Context()); tc.severity == Drift && (err != nil || st.OpenFindings != len(found) || st.LastCheckedAt.IsZero()) {
				t.Errorf("Stats = %+v, %v; want %d findings", st, err, len(found))
			}
			if tc.want == KindDatabase {
				return // nothing can be relied on
			}
			mended, left, err := r.Repair(t.Context())
			if err != nil {
				t.Fatalf("Repair: %v", err)
			}
			if tc.severity == Drift && (len(left) != 0 || mended == 0) {
				t.Errorf("Repair mended %d and left %v", mended, left)
			}
			if tc.severity == Damage && len(left) == 0 {
				t.Error("Repair claims to have mended damage to the record")
			}
			if i := slices.IndexFunc(left, func(f Finding) bool { return f.Severity == Drift && f.Kind != KindOrphan }); i >= 0 {
				t.Errorf("Repair leaves %v, which another one would not mend either", left[i])
			}
			r.apart(t, func() {})
			if found, err := r.Check(t.Context()); tc.severity == Drift && (err != nil || len(found) != 0) {
				t.Errorf("after repair and a new start: %v, %v", found, err)
			}
		})
	}
}

// TestCounterBeyondAllRows alters the counter of the words that are in the tables: those of a new memory get there all the same.
func TestCounterBeyondAllRows(t *testing.T) {
	r := newRig(t)
	r.apart(t, func() { execSQL(t, r.dir, `UPDATE counters SET n = 100000 WHERE name = 'words'`) })
	if _, err := r.Put(t.Context(), memory.Put{Memory: memory.Memory{ID: memory.NewID(), Content: "A kingfisher dives.", Scope: scope.Project, Project: "atlas"}}); err != nil {
		t.Fatal(err)
	}
	if err := r.catalog.SettleWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found, err := r.Check(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("found %v, %v", found, err)
	}
}

// TestMendSchema has the store not open for a table that is missing, and doctor --repair make it anew.
func TestMendSchema(t *testing.T) {
	for _, table := range []string{"hashes", "vectors", "jobs", "cold", "spaces"} {
		t.Run(table, func(t *testing.T) {
			r := newRig(t)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			execSQL(t, r.dir, `DROP TABLE `+table)
			s, err := Open(t.Context(), Options{Dir: r.dir})
			switch {
			case err == nil:
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			case !Damaged(err):
				t.Errorf("Open: %v; want that it is damaged", err)
			}
			if s, err = Open(t.Context(), Options{Dir: r.dir, Mend: true}); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, left, err := s.Repair(t.Context()); err != nil || len(left) > 0 {
				t.Errorf("Repair leaves %v, %v", left, err)
			}
			for sc, m := range r.ms {
				if got, err := s.Get(t.Context(), []memory.ID{m.ID}); err != nil || got[0].Content != m.Content {
					t.Errorf("%s: %v, %v", sc, got, err)
				}
			}
		})
	}
}

func (r *rig) putWords(t *testing.T, row int64, content string) {
	t.Helper()
	r.inTx(t, func(tx *catalog.Tx) error { return tx.PutWords(row, &catalog.Words{Content: content}) })
}

func (r *rig) kvDelete(t *testing.T, key []byte) {
	t.Helper()
	b := kv.NewBatch()
	b.Delete(kv.Vectors, key)
	if err := r.kv.Write(b, false); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) kvVector(t *testing.T, sc scope.Scope, values []float32, class security.Class) {
	t.Helper()
	kvPut(t, r.kv, kv.Vectors, vectorKey(r.row(t, sc), "mini"), storedBytes(values, nil, warmWidth), class)
}

func (r *rig) faissPut(t *testing.T, row int64, values []float32) {
	t.Helper()
	if err := r.faiss(security.ClassStore).Put([]int64{row}, [][]float32{values}); err != nil {
		t.Fatal(err)
	}
}

func mustRemove(t *testing.T, r *rig, row int64) {
	t.Helper()
	if err := r.vectors.remove(indexName{"mini", security.ClassStore}, row); err != nil {
		t.Fatal(err)
	}
}

// scribble overwrites n bytes of a file from offset on.
func scribble(t *testing.T, path string, offset, n int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	junk := make([]byte, n)
	for i := range junk {
		junk[i] = byte(i*7 + 3)
	}
	if _, err := f.WriteAt(junk, offset); err != nil {
		t.Fatal(err)
	}
}
