package vector

// table maps ids to rows. Ids are dense for the most part: a page of them costs 4 bytes an id where a map costs 40.
type table struct {
	low  []*page         // pages of the ids below lowIDs
	high map[int64]*page // of the others, by page number
	n    int
}

const (
	pageIDs = 256
	lowIDs  = 1 << 24
)

type page struct {
	rows [pageIDs]int32 // row + 1, 0 for none
	n    int
}

func (t *table) page(id int64) *page {
	if id < 0 {
		return nil
	}
	if id < lowIDs {
		if i := int(id / pageIDs); i < len(t.low) {
			return t.low[i]
		}
		return nil
	}
	return t.high[id/pageIDs]
}

// get returns the row of id.
func (t *table) get(id int64) (int, bool) {
	p := t.page(id)
	if p == nil {
		return 0, false
	}
	row := p.rows[id%pageIDs]
	return int(row) - 1, row > 0
}

// set gives id a row. id must not be negative.
func (t *table) set(id int64, row int) {
	p := t.page(id)
	if p == nil {
		p = &page{}
		i := id / pageIDs
		if id < lowIDs {
			for int64(len(t.low)) <= i {
				t.low = append(t.low, nil)
			}
			t.low[i] = p
		} else {
			if t.high == nil {
				t.high = map[int64]*page{}
			}
			t.high[i] = p
		}
	}
	if p.rows[id%pageIDs] == 0 {
		p.n++
		t.n++
	}
	p.rows[id%pageIDs] = int32(row) + 1
}

// drop forgets id.
func (t *table) drop(id int64) {
	p := t.page(id)
	if p == nil || p.rows[id%pageIDs] == 0 {
		return
	}
	p.rows[id%pageIDs] = 0
	p.n--
	t.n--
	if p.n == 0 {
		if id < lowIDs {
			t.low[id/pageIDs] = nil
		} else {
			delete(t.high, id/pageIDs)
		}
	}
}

// bytes returns about how much memory the table takes.
func (t *table) bytes() int64 {
	n := int64(8 * cap(t.low))
	for _, p := range t.low {
		if p != nil {
			n += 4*pageIDs + 8
		}
	}
	return n + int64(len(t.high))*(4*pageIDs+64)
}
