package catalog

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// Query says which memories to list. Sealed rows have no words and tags in the tables, and those of new rows come there
// later: the caller finds these.
type Query struct {
	Filter memory.Filter
	Words  []string // analysed terms that must all occur
	// Else are rows that hold Words and Filter.Tags and may not be in the tables; it is not looked at when both are empty.
	Else []int64
}

// Order is a place in a listing: by the key, then by row.
type Order struct {
	Key int64 // Unix milliseconds
	Row int64
}

// sortColumns gives the key of each order.
func sortColumn(s memory.Sort) (column string, descending bool) {
	switch s {
	case memory.SortOldest:
		return "m.at", false
	case memory.SortUpdated:
		return "m.updated_at", true
	}
	return "m.at", true
}

// List returns up to limit rows that match q in the order s, beginning after the place after (nil for the start), and
// how many match in all. SortRelevance is listed as SortNewest.
func (d *DB) List(ctx context.Context, q Query, s memory.Sort, after *Order, limit int) (page []Order, total int, err error) {
	// Page and total speak of the same moment.
	err = d.Snapshot(ctx, func(v *View) error {
		where, args := q.where()
		if _, err := v.row(ctx, "search", `SELECT count(*) FROM memories m WHERE `+where, args, &total); err != nil {
			return err
		}
		column, descending := sortColumn(s)
		order := " ORDER BY " + column + ", m.row LIMIT ?"
		compare := ">"
		if descending {
			order, compare = " ORDER BY "+column+" DESC, m.row DESC LIMIT ?", "<"
		}
		if after != nil {
			where += " AND (" + column + ", m.row) " + compare + " (?, ?)"
			args = append(args, after.Key, after.Row)
		}
		rows, err := v.query(ctx, "search", `SELECT `+column+`, m.row FROM memories m WHERE `+where+order, append(args, limit)...)
		if err != nil {
			return err
		}
		page, err = scanOrders(rows)
		return err
	})
	return page, total, err
}

func scanOrders(rows *sql.Rows) ([]Order, error) {
	defer rows.Close()
	var out []Order
	for rows.Next() {
		var o Order
		if err := rows.Scan(&o.Key, &o.Row); err != nil {
			return nil, wrap("search", err)
		}
		out = append(out, o)
	}
	return out, wrap("search", rows.Err())
}

// Match returns every row that matches q, with its time as the key, newest first.
func (v *View) Match(ctx context.Context, q Query) ([]Order, error) {
	where, args := q.where()
	rows, err := v.query(ctx, "search", `SELECT m.at, m.row FROM memories m WHERE `+where+` ORDER BY m.at DESC, m.row DESC`, args...)
	if err != nil {
		return nil, err
	}
	return scanOrders(rows)
}

// where returns the condition of q and its arguments.
func (q *Query) where() (string, []any) {
	var conditions []string
	var args []any
	add := func(condition string, values ...any) {
		conditions = append(conditions, condition)
		args = append(args, values...)
	}
	f := &q.Filter
	// Full text names few rows: the plus keeps SQLite from beginning at the states.
	add("+m.state IN (SELECT value FROM json_each(?))", stateList(f.States))
	if len(f.IDs) > 0 {
		add("m.id IN (SELECT unhex(value) FROM json_each(?))", idList(f.IDs))
	}
	if len(f.Scopes) > 0 {
		codes := make([]int64, len(f.Scopes))
		for i, s := range f.Scopes {
			codes[i] = int64(s)
		}
		add("m.scope IN (SELECT value FROM json_each(?))", jsonList(codes))
	}
	for column, names := range map[string][]string{"project": f.Projects, "kind": f.Kinds, "session": f.Sessions} {
		if len(names) > 0 {
			add("m."+column+" IN (SELECT value FROM json_each(?))", jsonList(names))
		}
	}
	if !f.Since.IsZero() {
		add("m.at >= ?", ceilMilli(f.Since))
	}
	if !f.Until.IsZero() {
		add("m.at < ?", ceilMilli(f.Until))
	}
	if open, values := q.openCondition(); open != "" {
		add("(m.sealed = 0 AND "+open+" OR m.row IN (SELECT value FROM json_each(?)))", append(values, jsonList(q.Else))...)
	}
	return strings.Join(conditions, " AND "), args
}

// openCondition is what words and tags ask of memories that are not sealed.
func (q *Query) openCondition() (string, []any) {
	var conditions []string
	var args []any
	if len(q.Words) > 0 {
		conditions = append(conditions, "m.row IN (SELECT rowid FROM fts WHERE fts MATCH ?)")
		args = append(args, matchAll(q.Words))
	}
	for _, t := range q.Filter.Tags {
		conditions = append(conditions, "m.row IN (SELECT row FROM tags WHERE tag = ?)")
		args = append(args, t)
	}
	return strings.Join(conditions, " AND "), args
}

// matchAll writes the full-text expression for all of words: each a quoted string, so that nothing in it is syntax.
func matchAll(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(w, `"`, `""`))
		b.WriteByte('"')
	}
	return b.String()
}

func stateList(list []memory.State) string {
	if len(list) == 0 {
		list = []memory.State{memory.Active}
	}
	codes := make([]int64, 0, len(list))
	for _, s := range list {
		if c, err := stateCode(s); err == nil {
			codes = append(codes, c)
		}
	}
	return jsonList(codes)
}

// ceilMilli is the first millisecond not before t: times are kept in whole milliseconds, so it serves an inclusive
// lower bound and an exclusive upper one alike.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}
