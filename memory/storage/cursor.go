package storage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
)

// A cursor is the place of the last hit of a page (key and row, 8 bytes each), and an HMAC over it and the query: it
// fits that query alone, and nobody can make one up.
const (
	cursorPlace = 16
	cursorMAC   = 16
)

func (s *Store) cursor(q *memory.SearchQuery, last catalog.Order) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(last.Key))
	b = binary.BigEndian.AppendUint64(b, uint64(last.Row))
	return base64.RawURLEncoding.EncodeToString(append(b, s.cursorMAC(q, b)...))
}

// readCursor returns the place after which the page begins, or nil for the first page.
func (s *Store) readCursor(q *memory.SearchQuery) (*catalog.Order, error) {
	if q.Cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err == nil && base64.RawURLEncoding.EncodeToString(b) != q.Cursor { // the decoder passes over line ends and spare bits
		err = errDecode
	}
	if err != nil || len(b) != cursorPlace+cursorMAC || !hmac.Equal(b[cursorPlace:], s.cursorMAC(q, b[:cursorPlace])) {
		return nil, &memory.InputError{Field: "cursor", Problem: "is not of this query", Hint: "repeat the query that gave it without changes, or leave it out"}
	}
	return &catalog.Order{Key: int64(binary.BigEndian.Uint64(b)), Row: int64(binary.BigEndian.Uint64(b[8:]))}, nil
}

func (s *Store) cursorMAC(q *memory.SearchQuery, place []byte) []byte {
	fits := *q
	fits.Cursor, fits.Limit = "", 0 // a page may have another length than the one before
	query, err := json.Marshal(fits)
	if err != nil {
		query = nil // a scope that is none; it matches nothing, and so has no second page
	}
	h := hmac.New(sha256.New, s.cursorKey.Bytes())
	h.Write([]byte("search cursor v1\x00"))
	h.Write(place)
	h.Write(query)
	return h.Sum(nil)[:cursorMAC]
}
