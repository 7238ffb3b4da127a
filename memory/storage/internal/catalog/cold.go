package catalog

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/elderzan/elderzan/security"
)

// ColdVector is the vector that an archived memory has in a space.
type ColdVector struct {
	Row     int64
	Space   string
	Version int            // of the memory it was made from
	Class   security.Class // of the key that seals it
	Code    []byte
}

// PutCold stores the vector of an archived memory in place of the one it had in that space.
func (tx *Tx) PutCold(v *ColdVector) error {
	var space int64
	ok, err := tx.row("read space", `SELECT num FROM spaces WHERE name = ?`, []any{v.Space}, &space)
	if err != nil {
		return err
	}
	if !ok {
		res, err := tx.exec("insert space", `INSERT INTO spaces (name) VALUES (?)`, v.Space)
		if err != nil {
			return err
		}
		if space, err = res.LastInsertId(); err != nil {
			return wrap("insert space", err)
		}
	}
	_, err = tx.exec("write cold vector", `INSERT OR REPLACE INTO cold (row, space, version, class, code) VALUES (?, ?, ?, ?, ?)`,
		v.Row, space, v.Version, int64(v.Class), v.Code)
	return err
}

// DropCold forgets the vector of row that is in the archive in one space.
func (tx *Tx) DropCold(row int64, space string) error {
	_, err := tx.exec("delete cold vectors", `DELETE FROM cold WHERE row = ? AND space = (SELECT num FROM spaces WHERE name = ?)`, row, space)
	return err
}

const selectCold = `SELECT c.row, s.name, c.version, c.class, c.code FROM cold c JOIN spaces s ON s.num = c.space`

// ColdOf returns the vectors that row has in the archive.
func (tx *Tx) ColdOf(row int64) ([]ColdVector, error) {
	if err := tx.w.db.fail("read cold vectors"); err != nil {
		return nil, wrap("read cold vectors", err)
	}
	rows, err := tx.w.conn.QueryContext(tx.w.base, selectCold+` WHERE c.row = ? ORDER BY s.name`, row)
	if err != nil {
		return nil, wrap("read cold vectors", err)
	}
	return scanCold(rows)
}

// ColdByRows returns the vectors that rows have in the archive, by row and space.
func (v *View) ColdByRows(ctx context.Context, rows []int64) ([]ColdVector, error) {
	found, err := v.query(ctx, "read cold vectors", selectCold+` WHERE c.row IN (SELECT value FROM json_each(?)) ORDER BY c.row, s.name`, jsonList(rows))
	if err != nil {
		return nil, err
	}
	return scanCold(found)
}

func scanCold(rows *sql.Rows) ([]ColdVector, error) {
	defer rows.Close()
	var out []ColdVector
	for rows.Next() {
		var v ColdVector
		if err := rows.Scan(&v.Row, &v.Space, &v.Version, &v.Class, &v.Code); err != nil {
			return nil, wrap("read cold vectors", err)
		}
		out = append(out, v)
	}
	return out, wrap("read cold vectors", rows.Err())
}

// ColdCodes is the vectors that some rows have in the archive of one space.
type ColdCodes struct {
	Heads []ColdVector // without Space and Code; Version of private ones alone
	Sizes []int        // of their codes
	Codes []byte       // one after the other
}

// ColdCodes calls fn with the vectors in the archive of a space whose row is in [from, to), in no particular order, where there are any.
// They are fn's only while it runs. They come as two values that SQLite joins, so that their number alone costs little: to step from one row to
// the next and to hand over each column costs several times what reading them does.
func (v *View) ColdCodes(ctx context.Context, space string, from, to int64, fn func(*ColdCodes)) error {
	// The plus keeps SQLite from going by the index of the spaces. Both values are of the same rows in the same order. No code that was
	// written is as long as those left out.
	rows, err := v.query(ctx, "read cold vectors", `SELECT
		group_concat(iif(class = ?, ((row << ?) | (class << ?) | length(code)) || ':' || version, (row << ?2) | (class << ?3) | length(code)), ' '),
		CAST(group_concat(code, '') AS BLOB)
		FROM cold WHERE row >= ? AND row < ? AND +space = (SELECT num FROM spaces WHERE name = ?) AND length(code) >> ?3 = 0`,
		int64(security.ClassPrivate), coldRowBit, coldClassBit, from, to, space)
	if err != nil {
		return err
	}
	defer rows.Close()
	var heads, codes sql.RawBytes
	if rows.Next() {
		if err := rows.Scan(&heads, &codes); err != nil {
			return wrap("read cold vectors", err)
		}
	}
	if len(heads) > 0 {
		found := coldCodes(heads, codes)
		if found == nil {
			return errColdCodes
		}
		fn(found)
	}
	return wrap("read cold vectors", rows.Err())
}

// coldCodes reads what the query of ColdCodes tells; nil where it cannot be.
func coldCodes(heads, codes []byte) *ColdCodes {
	n := bytes.Count(heads, []byte{' '}) + 1
	out := &ColdCodes{make([]ColdVector, 0, n), make([]int, 0, n), codes}
	total, number, head := 0, int64(0), int64(-1)
	for i := 0; i <= len(heads); i++ {
		switch {
		case i == len(heads) || heads[i] == ' ':
			v := ColdVector{}
			if head >= 0 {
				v.Version = int(number)
			} else {
				head = number
			}
			v.Row, v.Class = head>>coldRowBit, security.Class(head>>coldClassBit&(1<<(coldRowBit-coldClassBit)-1))
			size := int(head & (1<<coldClassBit - 1))
			out.Heads, out.Sizes = append(out.Heads, v), append(out.Sizes, size)
			total, number, head = total+size, 0, -1
		case heads[i] == ':':
			head, number = number, 0
		default:
			number = 10*number + int64(heads[i]-'0')
		}
	}
	if total != len(codes) {
		return nil
	}
	return out
}

// ColdCodes tells of a row, a class and a length in one number.
const (
	coldRowBit   = 20
	coldClassBit = 16
)

var errColdCodes = errors.New("sqlite: what was joined of the archive does not fit together")

// Spaces lists the embedding spaces that a vector in the archive is or was in.
func (v *View) Spaces(ctx context.Context) ([]string, error) {
	rows, err := v.query(ctx, "read spaces", `SELECT name FROM spaces ORDER BY num`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, wrap("read spaces", err)
		}
		out = append(out, name)
	}
	return out, wrap("read spaces", rows.Err())
}

// ColdRows calls fn for each vector in the archive of a space, without its code.
func (v *View) ColdRows(ctx context.Context, space string, fn func(row int64, class security.Class)) error {
	rows, err := v.query(ctx, "read cold vectors", `SELECT class, row FROM cold WHERE space = (SELECT num FROM spaces WHERE name = ?)`, space)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		var class security.Class
		if err := rows.Scan(&class, &row); err != nil {
			return wrap("read cold vectors", err)
		}
		fn(row, class)
	}
	return wrap("read cold vectors", rows.Err())
}

// ColdElsewhere lists up to n vectors in the archive that are in another space than they should be; see View.OtherSpaces.
func (v *View) ColdElsewhere(ctx context.Context, open, local string, n int) ([]ColdVector, error) {
	rows, err := v.query(ctx, "read cold vectors", selectCold+` JOIN memories m ON m.row = c.row WHERE s.name <> `+wantedSpace+` LIMIT ?3`, open, local, n)
	if err != nil {
		return nil, err
	}
	return scanCold(rows)
}

// ArchivedAfter returns up to n rows of archived memories after a row, rising.
func (v *View) ArchivedAfter(ctx context.Context, after int64, n int) ([]int64, error) {
	var out []int64
	rows, err := v.query(ctx, "read rows", `SELECT row FROM memories WHERE row > ? AND state = 3 ORDER BY row LIMIT ?`, after, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return nil, wrap("read rows", err)
		}
		out = append(out, row)
	}
	return out, wrap("read rows", rows.Err())
}
