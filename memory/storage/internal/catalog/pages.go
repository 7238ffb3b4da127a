package catalog

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"io"
)

// The layout of a page of SQLCipher 4: its cipher text, 16 bytes of initial vector, and an HMAC over both and the page's
// number. The first page begins with the salt.
const (
	pageSalt     = 16
	pageIV       = 16
	pageMAC      = sha512.Size
	pageReserve  = pageIV + pageMAC
	macSaltMask  = 0x3a
	macKeyRounds = 2
	pageTries    = 5 // a page that is being written just then is read again
)

// CheckPages authenticates up to n pages of the database file from number first on (the first page is 1), and returns
// those that do not, and the page to go on with; 0 when that was the last. Pages whose newest state is in the log are
// judged by what the file holds. It reads the file itself, beside everything else.
func (d *DB) CheckPages(ctx context.Context, first int64, n int) (bad []int64, next int64, err error) {
	file, err := d.raw.open(d.opts.Path)
	if err != nil {
		return nil, 0, wrap("check pages", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, wrap("check pages", err)
	}
	pages := info.Size() / pageSize
	salt := make([]byte, pageSalt)
	if _, err := file.ReadAt(salt, 0); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, 0, nil // nothing was folded in yet
		}
		return nil, 0, wrap("check pages", err)
	}
	for i := range salt {
		salt[i] ^= macSaltMask
	}
	key, err := pbkdf2.Key(sha512.New, string(d.opts.Key.Bytes()), salt, macKeyRounds, 32)
	if err != nil {
		return nil, 0, wrap("check pages", err)
	}
	page := make([]byte, pageSize)
	at := max(first, 1)
	for ; at <= pages && at < first+int64(n); at++ {
		if err := ctx.Err(); err != nil {
			return bad, at, err
		}
		whole := false
		for try := 0; try < pageTries && !whole; try++ {
			if _, err := file.ReadAt(page, (at-1)*pageSize); err != nil {
				if errors.Is(err, io.EOF) {
					return bad, 0, nil // the file became shorter
				}
				return bad, at, wrap("check pages", err)
			}
			whole = authentic(key, page, at)
		}
		if !whole {
			bad = append(bad, at)
		}
	}
	if at > pages {
		return bad, 0, nil
	}
	return bad, at, nil
}

func authentic(key, page []byte, number int64) bool {
	body := page[:pageSize-pageMAC]
	if number == 1 {
		body = body[pageSalt:]
	}
	mac := hmac.New(sha512.New, key)
	mac.Write(body)
	mac.Write(binary.LittleEndian.AppendUint32(nil, uint32(number)))
	if hmac.Equal(mac.Sum(nil), page[pageSize-pageMAC:]) {
		return true
	}
	return bytes.Count(page, []byte{0}) == pageSize // SQLite has made room and written nothing yet
}
