package storage

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
)

// Formats of encoded terms; the first byte.
const (
	lexSpelled = 1 // each term spelled out, as older versions wrote it
	lexQuoted  = 2 // each term as a quotation from the body
)

// lex is what the inverted index needs of a memory beside its columns.
type lex struct {
	terms inverted.Terms
	tags  []string
}

// A term is nearly always the beginning of a word of the text, and the next one begins shortly after it. So form 2 names,
// for each term, where in the body it stands and how long it is, which takes a byte; and spells out what follows where that
// is not in the body. The body is read with the letters A to Z as a to z, which will mean the same for ever; it begins at
// the start again with each list.
//
// After the format stand a flag for a turn and the four lists, each with its length. A term begins with a byte: skip << 4 |
// size. skip is by how many bytes it stands after the end of the one before, farSkip says that the distance follows as a
// varint. size is its length, and else one of the sizes below.
const (
	farSkip = 15

	sizeAgain = 0  // the term before once more
	sizeLong  = 14 // the length follows as a uvarint
	sizeTail  = 15 // a length follows, that of the rest which is not in the body, and the rest

	quoteBack  = 16      // how far before the last term's end a term is looked for; pairs of characters overlap
	quoteAhead = 256     // and how far behind
	maxTail    = 1 << 10 // bytes of a term with a rest, so that little cannot ask for much memory
)

// encode writes the terms of a memory whose body in the form bodyPlain is plain.
func (l *lex) encode(plain []byte) []byte {
	body := folded(plain)
	out := append(make([]byte, 0, 64), lexQuoted, 0)
	if l.terms.Turn {
		out[1] = 1
	}
	for i, list := range [][]string{l.terms.Body, l.terms.Title, l.terms.Labels, l.tags} {
		out = binary.AppendUvarint(out, uint64(len(list)))
		q := quoter{body: body, far: i > 0}
		for _, term := range list {
			out = q.append(out, term)
		}
	}
	return out
}

// spelled is how many bytes the terms take in form 1.
func (l *lex) spelled() int {
	n := 2
	for _, list := range [][]string{l.terms.Body, l.terms.Title, l.terms.Labels, l.tags} {
		n += uvarintLen(uint64(len(list)))
		for _, s := range list {
			n += uvarintLen(uint64(len(s))) + len(s)
		}
	}
	return n
}

// folded is the text that terms are quoted from.
func folded(plain []byte) string {
	b := make([]byte, len(plain))
	for i, c := range plain {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b[i] = c
	}
	return string(b)
}

// quoter writes the terms of a list.
type quoter struct {
	body string
	far  bool // terms may stand anywhere: a title does, the terms of the text follow each other
	at   int  // end of the last quotation
	last string
	some bool
}

// quotation is where a term begins in the body and how much of it stands there.
type quotation struct{ at, size int }

func (q *quoter) append(out []byte, term string) []byte {
	if q.some && term == q.last {
		return append(out, sizeAgain)
	}
	q.last, q.some = term, true
	best := quotation{at: q.at}
	cost := q.cost(best, term)
	try := func(at int) {
		f := quotation{at, shared(q.body[at:], term)}
		if f.size == 0 || f.size < len(term) && len(term) > maxTail {
			return
		}
		if c := q.cost(f, term); c < cost {
			best, cost = f, c
		}
	}
	near, ahead := min(len(q.body), q.at+farSkip), min(len(q.body), q.at+quoteAhead)
	for at := q.at; cost > 1 && at < near; at++ {
		try(at)
	}
	for at := q.at - 1; cost > 2 && at >= max(0, q.at-quoteBack); at-- { // before what is far: what follows is near the nearest
		try(at)
	}
	for at := near; cost > 2 && at < ahead; at++ {
		try(at)
	}
	if q.far && best.size < len(term) {
		if at := strings.Index(q.body, term); at >= 0 {
			try(at)
		}
	}
	return q.write(out, best, term)
}

// shared is how many bytes a and b have in common at the beginning.
func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// cost is how many bytes write takes.
func (q *quoter) cost(f quotation, term string) int {
	n, rest := 1, len(term)-f.size
	if skip := f.at - q.at; skip < 0 || skip >= farSkip {
		n += uvarintLen(uint64(skip)<<1 ^ uint64(skip>>63))
	}
	switch {
	case rest > 0 || f.size == 0:
		n += uvarintLen(uint64(f.size)) + uvarintLen(uint64(rest)) + rest
	case f.size >= sizeLong:
		n += uvarintLen(uint64(f.size))
	}
	return n
}

func uvarintLen(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

func (q *quoter) write(out []byte, f quotation, term string) []byte {
	skip, rest := f.at-q.at, term[f.size:]
	q.at = f.at + f.size
	size, near := f.size, skip
	switch {
	case rest != "" || f.size == 0:
		size = sizeTail
	case f.size >= sizeLong:
		size = sizeLong
	}
	if skip < 0 || skip >= farSkip {
		near = farSkip
	}
	out = append(out, byte(near<<4|size))
	if near == farSkip {
		out = binary.AppendVarint(out, int64(skip))
	}
	if size >= sizeLong {
		out = binary.AppendUvarint(out, uint64(f.size))
	}
	if size == sizeTail {
		out = append(binary.AppendUvarint(out, uint64(len(rest))), rest...)
	}
	return out
}

// decodeLex reads what encode wrote, with the body in the form bodyPlain, and terms of form 1, which need none. The
// strings share one copy of each.
func decodeLex(b, plain []byte) (lex, error) {
	var l lex
	if len(b) < 2 || b[0] != lexSpelled && b[0] != lexQuoted || b[1] > 1 {
		return l, fmt.Errorf("%w: terms", errDecode)
	}
	l.terms.Turn = b[1] == 1
	rest := string(b[2:])
	list := spelledList
	if b[0] == lexQuoted {
		body := folded(plain)
		list = func(s string) ([]string, string, error) { return quotedList(s, body) }
	}
	for _, to := range []*[]string{&l.terms.Body, &l.terms.Title, &l.terms.Labels, &l.tags} {
		var err error
		if *to, rest, err = list(rest); err != nil {
			return lex{}, err
		}
	}
	if rest != "" {
		return lex{}, fmt.Errorf("%w: terms", errDecode)
	}
	return l, nil
}

// listOf makes room for the terms of a list, whose number s begins with.
func listOf(s string) (list []string, rest string, err error) {
	n, s, ok := cutUvarint(s)
	if !ok || n > uint64(len(s)) { // each string takes a byte at least
		return nil, "", fmt.Errorf("%w: terms", errDecode)
	}
	if n > 0 {
		list = make([]string, n)
	}
	return list, s, nil
}

func spelledList(s string) (list []string, rest string, err error) {
	list, s, err = listOf(s)
	for i := range list {
		if list[i], s, err = cutString(s); err != nil {
			return nil, "", err
		}
	}
	return list, s, err
}

func quotedList(s, body string) (list []string, rest string, err error) {
	list, s, err = listOf(s)
	at := 0
	for i := range list {
		if s == "" {
			return nil, "", fmt.Errorf("%w: terms", errDecode)
		}
		skip, size := int(s[0]>>4), int(s[0]&15)
		if s = s[1:]; size == sizeAgain {
			if i == 0 || skip != 0 {
				return nil, "", fmt.Errorf("%w: terms", errDecode)
			}
			list[i] = list[i-1]
			continue
		}
		if list[i], at, s, err = quoted(s, body, at, skip, size); err != nil {
			return nil, "", err
		}
	}
	return list, s, err
}

// quoted reads one term, whose first byte said skip and size.
func quoted(s, body string, at, skip, size int) (term string, end int, rest string, err error) {
	ok := true
	if skip == farSkip {
		var n uint64
		n, s, ok = cutUvarint(s)
		skip = int(int64(n>>1) ^ -int64(n&1))
	}
	if ok && size >= sizeLong {
		var n uint64
		n, s, ok = cutUvarint(s)
		tail := size == sizeTail
		if size = int(min(n, uint64(len(body))+1)); tail && ok {
			rest, s, err = cutString(s)
		}
	}
	if !ok || err != nil || skip < -at || skip > len(body)-at || size > len(body)-at-skip || rest != "" && size > 0 && size+len(rest) > maxTail {
		return "", 0, "", fmt.Errorf("%w: terms", errDecode)
	}
	at += skip
	end = at + size
	if term = body[at:end]; size == 0 {
		return rest, end, s, nil
	}
	return term + rest, end, s, nil
}

func cutString(s string) (out, rest string, err error) {
	size, s, ok := cutUvarint(s)
	if !ok || size > uint64(len(s)) {
		return "", "", fmt.Errorf("%w: terms", errDecode)
	}
	return s[:size], s[size:], nil
}

func cutUvarint(s string) (n uint64, rest string, ok bool) {
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return n, s[i+1:], true
		}
	}
	return 0, "", false
}
