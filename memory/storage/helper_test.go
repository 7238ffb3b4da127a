package storage

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // the tests look into the file behind the store's back

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// rig is a store with a memory of each scope, each with a vector, and one that waits for its vector.
type rig struct {
	*Store
	dir string
	ms  map[scope.Scope]memory.Memory
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{dir: filepath.Join(t.TempDir(), "data"), ms: map[scope.Scope]memory.Memory{}}
	r.open(t)
	for i, sc := range scope.All() {
		m := memory.Memory{
			ID: memory.NewID(), Content: fmt.Sprintf("The %s heron stands in the marsh.", sc), Title: "Birds", Tags: []string{"marsh", "bird"},
			Scope: sc, Project: "atlas", Team: "platform", CreatedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		}
		st, err := r.Put(t.Context(), memory.Put{Memory: m})
		if err != nil {
			t.Fatal(err)
		}
		r.ms[sc] = st.Memory
		if err := r.PutVectors(t.Context(), []memory.Vector{{ID: m.ID, Version: 1, Space: "mini", Values: unit(i), Tokens: tokenRows(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.catalog.SettleWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// unit returns a unit vector along axis i.
func unit(i int) []float32 {
	v := make([]float32, memory.Dim)
	v[i] = 1
	return v
}

func (r *rig) open(t *testing.T) {
	t.Helper()
	var err error
	if r.Store, err = Open(t.Context(), Options{Dir: r.dir}); err != nil {
		t.Fatal(err)
	}
}

// apart closes the store, has do work on its files, and opens it again.
func (r *rig) apart(t *testing.T, do func()) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	do()
	r.open(t)
}

// row returns the row of the memory of a scope.
func (r *rig) row(t *testing.T, sc scope.Scope) int64 {
	t.Helper()
	rows, err := r.catalog.RowsOf(t.Context(), []memory.ID{r.ms[sc].ID})
	if err != nil {
		t.Fatal(err)
	}
	return rows[r.ms[sc].ID]
}

// rawSQL opens the database file of a closed store as any SQLCipher would that has the key.
func rawSQL(t *testing.T, dir string) *sql.DB {
	t.Helper()
	ring, err := keyring.Open(t.Context(), keyring.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	key, err := ring.Key(keyring.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", fmt.Sprintf("file:%s?cipher=sqlcipher&legacy=4&key=x'%s'&mode=rw",
		filepath.Join(dir, catalogFile), hex.EncodeToString(key.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// execSQL runs statements on the database file of a closed store.
func execSQL(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db := rawSQL(t, dir)
	defer db.Close()
	for _, q := range statements {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// withStrangeKeys opens RocksDB of a closed store under other keys than its own, so that what is written there does not
// authenticate later.
func withStrangeKeys(t *testing.T, dir string, do func(*kv.DB)) {
	t.Helper()
	sealer := func(c security.Class) *security.Sealer {
		s, err := security.NewSealer(c, 1, map[uint32]security.Secret{1: security.RandomSecret(32)})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	db, err := kv.Open(filepath.Join(dir, kvDir), kv.Options{Keys: kv.Keys{Store: sealer(security.ClassStore), Private: sealer(security.ClassPrivate)}})
	if err != nil {
		t.Fatal(err)
	}
	do(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func kvPut(t *testing.T, db *kv.DB, f kv.Family, key, value []byte, class security.Class) {
	t.Helper()
	b := kv.NewBatch()
	b.PutClass(f, key, value, class)
	if err := db.Write(b, true); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) faiss(class security.Class) *vector.Index {
	return r.vectors.indexes[indexName{"mini", class}]
}

// tokenRows are the directions of a few tokens, the same for the same n.
func tokenRows(n int) []int8 {
	rows := make([]int8, 3*memory.TokenDim)
	for i := range rows {
		rows[i] = int8((i+1)*(2*n+37)%255 - 127)
	}
	return rows
}
