package storagetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/google/uuid"
	"github.com/linxGnu/grocksdb"
	_ "github.com/mattn/go-sqlite3" // makes folders of older builds from those of this one

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// age makes the closed store in dir say that its terms were made by other rules.
func age(ctx context.Context, dir string) error {
	return older(ctx, dir, func(_ *keyring.Keyring, db *sql.DB) error {
		_, err := db.ExecContext(ctx, `UPDATE meta SET value = x'312f31' WHERE key = 'terms-version'`)
		return err
	})
}

// warm takes the archived vectors of the closed store in dir out of the archive and puts them where older builds had them:
// into RocksDB, and on record among the others. Words of what is archived stand in the tables again.
func warm(ctx context.Context, dir string) error {
	return older(ctx, dir, func(ring *keyring.Keyring, db *sql.DB) error {
		values := map[string][]byte{}
		for i, id := range []memory.ID{idCold, idHidden} {
			class := []security.Class{security.ClassStore, security.ClassPrivate}[i]
			key, err := uuid.Parse(string(id))
			if err != nil {
				return err
			}
			var row int64
			if err := db.QueryRowContext(ctx, `SELECT row FROM memories WHERE id = ?`, key[:]).Scan(&row); err != nil {
				return err
			}
			var value []byte
			for _, c := range coldVector(id).Values {
				value = binary.LittleEndian.AppendUint32(value, math.Float32bits(c))
			}
			sum := sha256.Sum256(value)
			at, sealed, err := sealVector(ring, row, value, class)
			if err != nil {
				return err
			}
			values[string(at)] = sealed
			_, err = db.ExecContext(ctx, `INSERT INTO vectors (row, space, version, class, seq, sum)
				VALUES (?, 'mini', 1, ?, (SELECT n + ? FROM counters WHERE name = 'vectors'), ?)`, row, int64(class), i+1, sum[:16])
			if err != nil {
				return err
			}
		}
		for _, statement := range []string{
			`INSERT INTO fts (rowid, title, content, tags) SELECT row, 'frozen', 'marsh', '' FROM memories WHERE state = 3 AND sealed = 0`,
			`INSERT INTO tags (tag, row) SELECT 'marsh', row FROM memories WHERE state = 3 AND sealed = 0`,
			`UPDATE counters SET n = n + 2 WHERE name = 'vectors'`, `DELETE FROM cold`, `DELETE FROM spaces`, `DELETE FROM meta WHERE key = 'archived'`,
		} {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return writeVectors(dir, values)
	})
}

// older has change work on the catalogue of the closed store in dir.
func older(ctx context.Context, dir string, change func(*keyring.Keyring, *sql.DB) error) error {
	ring, err := keyring.Open(ctx, keyring.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer ring.Close()
	key, err := ring.Key(keyring.SQLite)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", fmt.Sprintf("file:%s?cipher=sqlcipher&legacy=4&key=x'%s'&mode=rw", filepath.Join(dir, "catalog.db"), hex.EncodeToString(key.Bytes())))
	if err != nil {
		return err
	}
	return errors.Join(change(ring, db), db.Close())
}

// sealVector seals a vector's bytes for the key of its row, as RocksDB holds them: a byte that says they are not packed comes first.
func sealVector(ring *keyring.Keyring, row int64, value []byte, class security.Class) (key, sealed []byte, err error) {
	purpose := keyring.KV
	if class == security.ClassPrivate {
		purpose = keyring.Private
	}
	sealer, err := ring.Sealer(purpose)
	if err != nil {
		return nil, nil, err
	}
	key = append(binary.BigEndian.AppendUint64(nil, uint64(row)), "mini"...)
	sealed, err = sealer.Seal(nil, append([]byte{0}, value...), security.Place([]byte("kv"), []byte(vectorFamily), key))
	return key, sealed, err
}

// vectorFamily is the column family of the vectors' bytes.
const vectorFamily = "vectors"

// writeVectors writes sealed vectors, by key, to the RocksDB of the closed store in dir.
func writeVectors(dir string, values map[string][]byte) error {
	o, w := grocksdb.NewDefaultOptions(), grocksdb.NewDefaultWriteOptions()
	defer o.Destroy()
	defer w.Destroy()
	path := filepath.Join(dir, "kv")
	names, err := grocksdb.ListColumnFamilies(o, path)
	if err != nil {
		return err
	}
	options := make([]*grocksdb.Options, len(names))
	for i := range options {
		options[i] = o
	}
	db, families, err := grocksdb.OpenDbColumnFamilies(o, path, names, options)
	if err != nil {
		return err
	}
	defer db.Close()
	for i, family := range families {
		defer family.Destroy()
		for key, value := range values {
			if names[i] != vectorFamily {
				continue
			}
			if err := db.PutCF(w, family, []byte(key), value); err != nil {
				return err
			}
		}
	}
	return nil
}
