package pages

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Column is what a table takes in one place.
type Column struct {
	Type    string // of STRICT tables: INTEGER, TEXT, BLOB or REAL
	NotNull bool
	RowID   bool // it is another name of the row's id; the record has NULL for it
}

// Table is a table whose rows are wanted.
type Table struct {
	Name       string
	Columns    []Column // in the order in which a record has them
	WithoutRow bool     // WITHOUT ROWID
	Required   int      // columns that every row has; those behind were added later
	Skip       bool     // its rows are not wanted; pages that no page leads to may be its own all the same
}

// Found is a row with where it was.
type Found struct {
	Table  string
	Orphan bool // it has the form of the table's, and no page tells that it is
	Row
}

// Report says what a walk has met.
type Report struct {
	Pages     int64            // that there should be
	Bad       int              // of them that are missing or do not authenticate
	Lost      map[string]int   // by table: pages of its tree that could not be read; those behind them may have been
	Leaves    map[string]int   // by table: of them those that held rows, as far as can be told
	Broken    map[string]int64 // by table: rows that go on in a page that could not
	Unclaimed int              // pages of rows that could be those of several tables
}

// walker is one walk.
type walker struct {
	f      *File
	ctx    context.Context // of this walk
	want   map[string]*Table
	fn     func(Found) error
	kinds  []byte         // by page; 0 for no page of a tree, or one that cannot be read
	seen   map[int64]bool // pages of trees that were walked
	roots  map[string]int64
	tops   map[string]bool // tables whose first page is lost
	report Report
}

// Walk calls fn with the rows of tables that can be read: first those that the trees lead to, then those on pages that nothing leads
// to. fn's first error ends it.
func (f *File) Walk(ctx context.Context, tables []Table, fn func(Found) error) (Report, error) {
	w := &walker{f: f, ctx: ctx, want: map[string]*Table{}, fn: fn, seen: map[int64]bool{}, roots: map[string]int64{}, tops: map[string]bool{},
		report: Report{Lost: map[string]int{}, Leaves: map[string]int{}, Broken: map[string]int64{}}}
	for i := range tables {
		w.want[tables[i].Name] = &tables[i]
	}
	for _, step := range []func() error{w.classify, w.schema, w.trees, w.orphans} {
		if err := step(); err != nil {
			return w.report, err
		}
	}
	w.report.Pages, w.report.Bad = f.Count, f.Bad()
	return w.report, nil
}

// classify reads every page.
func (w *walker) classify() error {
	w.kinds = make([]byte, w.f.Count+1)
	for n := int64(1); n <= w.f.Count; n++ {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		x, err := w.node(n)
		if err != nil {
			return err
		}
		w.kinds[n] = x.kind
	}
	return nil
}

// node reads a page of a tree; its kind is 0 where it is none or cannot be read.
func (w *walker) node(n int64) (node, error) {
	page, ok, err := w.f.Page(n)
	if err != nil || !ok {
		return node{}, err
	}
	x, _ := parse(n, page)
	return x, nil
}

// schemaName is the table that SQLite keeps its schema in.
const schemaName = "sqlite_schema"

var schemaTable = Table{Name: schemaName, Required: 5,
	Columns: []Column{{Type: "TEXT", NotNull: true}, {Type: "TEXT", NotNull: true}, {Type: "TEXT", NotNull: true}, {Type: "INTEGER"}, {Type: "TEXT"}}}

// schema finds out where trees begin.
func (w *walker) schema() error {
	note := func(r Row) {
		kind, _ := r.Values[0].(string)
		name, _ := r.Values[1].(string)
		if root, _ := r.Values[3].(int64); root > 0 && (kind == "table" || kind == "index") {
			w.roots[name] = root
		}
	}
	err := w.tree(1, schemaName, func(r Row, err error) error {
		if err == nil && schemaTable.fits(r) {
			note(r)
		}
		return nil
	})
	if err != nil || w.report.Lost[schemaName] == 0 {
		return err
	}
	for n, kind := range w.kinds {
		if kind != tableLeaf || w.seen[int64(n)] {
			continue
		}
		rows, fits, err := w.page(int64(n), &schemaTable)
		if err != nil {
			return err
		}
		if fits && !slices.ContainsFunc(rows, func(r Row) bool { return !strings.Contains("table index trigger view", r.Values[0].(string)) }) {
			w.seen[int64(n)] = true
			for _, r := range rows {
				note(r)
			}
		}
	}
	return nil
}

// tree walks what stands below a page and hands each row to fn, or why it cannot be read.
func (w *walker) tree(n int64, owner string, fn func(Row, error) error) error {
	if !w.walks(n) {
		w.report.Lost[owner]++
		w.tops[owner] = true
		return nil
	}
	return w.below(n, owner, fn)
}

// walks reports whether a page is one of a tree that can be read and was not walked.
func (w *walker) walks(n int64) bool {
	return n >= 1 && n <= w.f.Count && w.kinds[n] != 0 && !w.seen[n]
}

func (w *walker) below(n int64, owner string, fn func(Row, error) error) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	w.seen[n] = true
	x, err := w.node(n)
	if err != nil {
		return err
	}
	inner := x.kind == tableInner || x.kind == indexInner
	var lost, above int
	descend := func(child int64) error {
		if !w.walks(child) {
			lost++
			return nil
		}
		if k := w.kinds[child]; k == tableInner {
			above++
		}
		return w.below(child, owner, fn)
	}
	for _, cell := range x.cells {
		if inner {
			if err := descend(x.child(cell)); err != nil {
				return err
			}
		}
		if x.kind == tableInner || fn == nil {
			continue
		}
		r, err := w.f.row(&x, cell)
		if err != nil && !errors.Is(err, errForm) && !errors.Is(err, errLost) {
			return err
		}
		if err := fn(r, err); err != nil {
			return err
		}
	}
	if inner {
		if err := descend(x.right); err != nil {
			return err
		}
	}
	if lost > 0 {
		w.report.Lost[owner] += lost
		if above == 0 { // a tree is as deep everywhere: the others of a table's inner page are leaves, or nobody knows
			w.report.Leaves[owner] += lost
		}
	}
	return nil
}

// trees walks what the schema leads to.
func (w *walker) trees() error {
	for name, root := range w.roots {
		var fn func(Row, error) error
		if t := w.want[name]; t != nil && !t.Skip {
			fn = func(r Row, err error) error {
				if err != nil || !t.fits(r) {
					w.report.Broken[name]++
					return nil
				}
				return w.fn(Found{Table: name, Row: r})
			}
		}
		if err := w.tree(root, name, fn); err != nil {
			return err
		}
	}
	for name := range w.want { // where it begins stood on a page that is lost
		if _, ok := w.roots[name]; !ok && w.report.Lost[schemaName] > 0 {
			w.report.Lost[name]++
			w.tops[name] = true
		}
	}
	return nil
}

// orphans hands out the rows of pages that nothing leads to, whose form is that of one table that lacks pages.
func (w *walker) orphans() error {
	claimed := map[string]bool{}
	defer func() {
		for name := range w.tops {
			if !claimed[name] { // else it was an inner page
				w.report.Leaves[name]++
			}
		}
	}()
	for n, kind := range w.kinds {
		if kind == 0 || kind == tableInner || w.seen[int64(n)] {
			continue
		}
		var of []*Table
		var rows []Row
		for _, t := range w.want {
			if w.report.Lost[t.Name] == 0 || t.WithoutRow == (kind == tableLeaf) {
				continue
			}
			found, fits, err := w.page(int64(n), t)
			if err != nil {
				return err
			}
			if fits {
				of, rows = append(of, t), found
			}
		}
		if len(of) != 1 {
			w.report.Unclaimed += min(len(of), 1)
			continue
		}
		claimed[of[0].Name] = true
		if of[0].Skip {
			continue
		}
		for _, r := range rows {
			if r.Values == nil {
				w.report.Broken[of[0].Name]++
				continue
			}
			if err := w.fn(Found{Table: of[0].Name, Orphan: true, Row: r}); err != nil {
				return err
			}
		}
	}
	return nil
}

// page reads the rows of a page; those that go on in a page that is lost are without values. fits reports whether it has any, and all
// have the form of t's.
func (w *walker) page(n int64, t *Table) (rows []Row, fits bool, err error) {
	x, err := w.node(n)
	if err != nil {
		return nil, false, err
	}
	for _, cell := range x.cells {
		r, err := w.f.row(&x, cell)
		switch {
		case errors.Is(err, errLost):
			r.Values = nil
		case errors.Is(err, errForm) || err == nil && !t.fits(r):
			return nil, false, nil
		case err != nil:
			return nil, false, err
		default:
			fits = true
		}
		rows = append(rows, r)
	}
	return rows, fits, nil
}

// fits reports whether r has the form of t's rows.
func (t *Table) fits(r Row) bool {
	if len(r.Values) < t.Required || len(r.Values) > len(t.Columns) {
		return false
	}
	for i, v := range r.Values {
		if !t.Columns[i].takes(v) {
			return false
		}
	}
	return true
}

func (c Column) takes(v any) bool {
	ok := false
	switch v.(type) {
	case nil:
		return c.RowID || !c.NotNull
	case int64:
		ok = !c.RowID && (c.Type == "INTEGER" || c.Type == "REAL")
	case float64:
		ok = c.Type == "REAL"
	case string:
		ok = c.Type == "TEXT"
	case []byte:
		ok = c.Type == "BLOB"
	}
	return ok
}
