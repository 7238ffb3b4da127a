package pages

import (
	"encoding/binary"
	"errors"
	"math"
)

// Row is a row of a table. Values are int64, float64, string, []byte or nil, in the order in which the record has them; one that was
// added to the table later than the row is not there.
type Row struct {
	ID     int64 // of tables that have one
	Values []any
}

var (
	errForm = errors.New("pages: not the form of a record")
	errLost = errors.New("pages: a page that the record goes on in is lost")
)

// varint reads a number as SQLite writes it, and how many bytes it takes; 0 where it is cut off.
func varint(b []byte) (v uint64, n int) {
	for i, c := range b[:min(len(b), 9)] {
		if i == 8 {
			return v<<8 | uint64(c), 9
		}
		if v = v<<7 | uint64(c&0x7f); c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// decode reads a record.
func decode(b []byte) ([]any, error) {
	length, n := varint(b)
	if n == 0 || length < uint64(n) || length > uint64(len(b)) {
		return nil, errForm
	}
	head, body := b[n:length], b[length:]
	var out []any
	for len(head) > 0 {
		kind, n := varint(head)
		if n == 0 {
			return nil, errForm
		}
		head = head[n:]
		v, size, err := value(kind, body)
		if err != nil {
			return nil, err
		}
		out, body = append(out, v), body[size:]
	}
	return out, nil
}

var intSizes = [...]int{0, 1, 2, 3, 4, 6, 8}

func value(kind uint64, b []byte) (v any, size int, err error) {
	switch {
	case kind == 0:
		return nil, 0, nil
	case kind <= 6:
		if size = intSizes[kind]; size > len(b) {
			return nil, 0, errForm
		}
		n := int64(int8(b[0]))
		for _, c := range b[1:size] {
			n = n<<8 | int64(c)
		}
		return n, size, nil
	case kind == 7:
		if len(b) < 8 {
			return nil, 0, errForm
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), 8, nil
	case kind == 8 || kind == 9:
		return int64(kind - 8), 0, nil
	case kind < 12:
		return nil, 0, errForm
	}
	length := (kind - 12) / 2
	if length > uint64(len(b)) {
		return nil, 0, errForm
	}
	if kind%2 == 1 {
		return string(b[:length]), int(length), nil
	}
	return append([]byte{}, b[:length]...), int(length), nil
}

// The kinds of pages of a tree.
const (
	indexInner = 0x02
	tableInner = 0x05
	indexLeaf  = 0x0a
	tableLeaf  = 0x0d
)

// node is a page of a tree.
type node struct {
	kind  byte
	page  []byte
	cells []int
	right int64 // the last child of an inner one
}

// parse reads what page n begins with; ok is false where it is no page of a tree.
func parse(n int64, page []byte) (node, bool) {
	head := page
	if n == 1 {
		head = page[100:]
	}
	x, size := node{kind: head[0], page: page}, 8
	switch x.kind {
	case tableInner, indexInner:
		x.right, size = int64(binary.BigEndian.Uint32(head[8:])), 12
	case tableLeaf, indexLeaf:
	default:
		return node{}, false
	}
	count := int(binary.BigEndian.Uint16(head[3:]))
	from := len(page) - len(head) + size
	if from+2*count > usable {
		return node{}, false
	}
	for i := range count {
		at := int(binary.BigEndian.Uint16(page[from+2*i:]))
		if at < from+2*count || at >= usable {
			return node{}, false
		}
		x.cells = append(x.cells, at)
	}
	return x, true
}

// child returns the page that an inner page's cell leads to.
func (x *node) child(cell int) int64 {
	if cell+4 > usable {
		return 0
	}
	return int64(binary.BigEndian.Uint32(x.page[cell:]))
}

// maxPayload bounds what a cell is believed to hold; SQLite's own bound.
const maxPayload = 1_000_000_000

// row reads the row in a cell of x, which is not that of a table's inner page.
func (f *File) row(x *node, cell int) (Row, error) {
	b := x.page[cell:usable]
	if x.kind == indexInner {
		if len(b) < 4 {
			return Row{}, errForm
		}
		b = b[4:]
	}
	size, n := varint(b)
	if n == 0 || size > maxPayload {
		return Row{}, errForm
	}
	b = b[n:]
	var r Row
	most := (usable-12)*64/255 - 23
	if x.kind == tableLeaf {
		id, n := varint(b)
		if n == 0 {
			return Row{}, errForm
		}
		r.ID, b, most = int64(id), b[n:], usable-35
	}
	payload, err := f.payload(b, int(size), most)
	if err != nil {
		return r, err
	}
	r.Values, err = decode(payload)
	return r, err
}

// payload puts together what begins in a cell and may go on in other pages.
func (f *File) payload(b []byte, size, most int) ([]byte, error) {
	here := size
	if size > most {
		least := (usable-12)*32/255 - 23
		if here = least + (size-least)%(usable-4); here > most {
			here = least
		}
	}
	if here > len(b) || size > most && here+4 > len(b) {
		return nil, errForm
	}
	out := append([]byte{}, b[:here]...)
	if size <= most {
		return out, nil
	}
	for next := int64(binary.BigEndian.Uint32(b[here:])); len(out) < size; {
		if next < 1 || next > f.Count {
			return nil, errForm
		}
		page, ok, err := f.Page(next)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, errLost
		}
		next = int64(binary.BigEndian.Uint32(page))
		out = append(out, page[4:min(usable, 4+size-len(out))]...)
	}
	return out, nil
}
