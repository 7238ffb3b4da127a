package pages

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/elderzan/elderzan/security"
)

// The layout of a page of SQLCipher 4: its cipher text, 16 bytes of initial vector, and an HMAC over both and the page's number.
// The first page begins with the salt.
const (
	Size        = 4096 // of a page
	SaltSize    = 16
	ivSize      = 16
	macSize     = sha512.Size
	usable      = Size - ivSize - macSize
	macSaltMask = 0x3a
	macRounds   = 2

	walHead  = 32
	walFrame = 24
)

// ErrKey reports a file of which no page authenticates under the key: it is the wrong key, or the salt is lost.
var ErrKey = errors.New("pages: no page authenticates under this key")

// File is a database file with what its log has committed. It is not safe for concurrent use.
type File struct {
	Count int64 // of pages, those that are missing at the end of the file included

	db     *os.File
	log    *os.File        // nil for none
	frames map[int64]int64 // by page: offset in the log of its newest committed state
	mac    []byte          // key
	block  cipher.Block
	bad    map[int64]bool
}

// Open opens the database at path and its log, under the key. Where no page authenticates with the salt that the file begins with,
// those of salts that fit are tried. It returns ErrKey where nothing fits.
func Open(path string, key security.Secret, salts ...[]byte) (_ *File, err error) {
	f := &File{frames: map[int64]int64{}, bad: map[int64]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if f.db, err = os.Open(path); err != nil {
		return nil, err
	}
	info, err := f.db.Stat()
	if err != nil {
		return nil, err
	}
	f.Count = (info.Size() + Size - 1) / Size
	if f.log, err = os.Open(path + "-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if f.log != nil {
		if err := f.readLog(); err != nil {
			return nil, err
		}
	}
	if f.block, err = aes.NewCipher(key.Bytes()); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	if err := f.findSalt(key, salts); err != nil {
		return nil, err
	}
	if p, ok, err := f.Page(1); err != nil {
		return nil, err
	} else if ok { // it says how many there should be
		f.Count = max(f.Count, int64(binary.BigEndian.Uint32(p[28:])))
	}
	return f, nil
}

// Close closes the files.
func (f *File) Close() error {
	var errs []error
	for _, c := range []*os.File{f.db, f.log} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// probes is how many pages are looked at for one that authenticates under a salt.
const probes = 64

// findSalt takes the first salt under which a page authenticates.
func (f *File) findSalt(key security.Secret, salts [][]byte) error {
	for _, page := range []int64{1, 0} {
		var head [SaltSize]byte
		if at, ok := f.frames[1]; ok && page == 1 {
			_, err := f.log.ReadAt(head[:], at)
			if err != nil {
				return err
			}
		} else if _, err := f.db.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		salts = append(salts, head[:])
	}
	for _, salt := range salts {
		if len(salt) != SaltSize {
			continue
		}
		masked := bytes.Clone(salt)
		for i := range masked {
			masked[i] ^= macSaltMask
		}
		mac, err := pbkdf2.Key(sha512.New, string(key.Bytes()), masked, macRounds, 32)
		if err != nil {
			return fmt.Errorf("pages: %w", err)
		}
		f.mac = mac
		for i := range min(probes, f.Count) {
			_, ok, err := f.Page(1 + i*max(1, f.Count/probes))
			if err != nil || ok {
				clear(f.bad)
				return err
			}
		}
		clear(f.bad)
	}
	return ErrKey
}

// Page returns the plain text of a page, whose last bytes are of no use; ok is false where it is missing or does not authenticate.
// The first page is 1. A page that SQLite has made room for and never written is not ok either, but not Bad.
func (f *File) Page(n int64) (plain []byte, ok bool, err error) {
	b := make([]byte, Size)
	if at, in := f.frames[n]; in {
		_, err = f.log.ReadAt(b, at)
	} else {
		_, err = f.db.ReadAt(b, (n-1)*Size)
	}
	if errors.Is(err, io.EOF) {
		f.bad[n] = true
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	body := b[:Size-macSize]
	from := 0
	if n == 1 {
		from = SaltSize
	}
	h := hmac.New(sha512.New, f.mac)
	h.Write(body[from:])
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	if !hmac.Equal(h.Sum(nil), b[Size-macSize:]) {
		if bytes.Count(b, []byte{0}) != Size {
			f.bad[n] = true
		}
		return nil, false, nil
	}
	cipher.NewCBCDecrypter(f.block, b[usable:usable+ivSize]).CryptBlocks(b[from:usable], b[from:usable])
	if n == 1 {
		copy(b, "SQLite format 3\x00")
	}
	return b, true, nil
}

// Bad returns how many of the pages that were asked for are missing or do not authenticate.
func (f *File) Bad() int { return len(f.bad) }

// readLog notes the newest committed state of each page. Like SQLite it ends at the first frame that does not follow.
func (f *File) readLog() error {
	var head [walHead]byte
	if _, err := f.log.ReadAt(head[:], 0); err != nil {
		return noEnd(err)
	}
	magic := binary.BigEndian.Uint32(head[:])
	if magic&^1 != 0x377f0682 || binary.BigEndian.Uint32(head[8:]) != Size {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if magic&1 == 1 {
		order = binary.BigEndian
	}
	var sum walSum
	if sum.add(order, head[:24]); !sum.is(head[24:]) {
		return nil
	}
	frame, pending := make([]byte, walFrame+Size), map[int64]int64{}
	for at := int64(walHead); ; at += int64(len(frame)) {
		if _, err := f.log.ReadAt(frame, at); err != nil {
			return noEnd(err)
		}
		sum.add(order, frame[:8])
		sum.add(order, frame[walFrame:])
		if !bytes.Equal(frame[8:16], head[16:24]) || !sum.is(frame[16:]) {
			return nil
		}
		pending[int64(binary.BigEndian.Uint32(frame))] = at + walFrame
		if size := binary.BigEndian.Uint32(frame[4:]); size != 0 { // a commit
			for page, at := range pending {
				f.frames[page] = at
			}
			clear(pending)
			f.Count = int64(size)
		}
	}
}

func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// walSum is the checksum that runs through a log.
type walSum [2]uint32

func (s *walSum) add(order binary.ByteOrder, b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
}

func (s *walSum) is(b []byte) bool {
	return binary.BigEndian.Uint32(b) == s[0] && binary.BigEndian.Uint32(b[4:]) == s[1]
}
