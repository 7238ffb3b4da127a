package catalog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"github.com/elderzan/elderzan/memory/storage/internal/pages"
)

// SQLite takes a log whose end is damaged for one that was cut off by a crash, and forgets what stood there without a
// word. So the number of the newest audit entry stands in a small file as well, written after each commit and never
// synced: what it says has been durable before, and where the record says less, the record has lost something.

// headSize is the length of what the file says of that: the number, and a checksum without which it says nothing.
const headSize = 12

// Behind it stands what the database file begins with, its salt, and a checksum. Were it lost, no other page could be authenticated.
const saltEnd = headSize + pages.SaltSize + 4

// headFile is the file; a nil one keeps nothing.
type headFile struct {
	f *os.File
}

// openHead opens the file, which it makes if it is not there, and returns what it says; 0 for nothing.
func openHead(path string) (*headFile, int64, error) {
	if path == "" {
		return nil, 0, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, err
	}
	b := make([]byte, headSize)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, errors.Join(err, f.Close())
	}
	seq := int64(binary.BigEndian.Uint64(b))
	if seq < 0 || binary.BigEndian.Uint32(b[8:]) != crc32.ChecksumIEEE(b[:8]) {
		seq = 0
	}
	return &headFile{f}, seq, nil
}

// write notes the number. That it cannot is no reason to fail what is durable already.
func (h *headFile) write(seq int64) {
	if h == nil {
		return
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, headSize), uint64(seq))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	_, _ = h.f.WriteAt(b, 0)
}

func (h *headFile) close() error {
	if h == nil {
		return nil
	}
	return h.f.Close()
}

// Lost returns how many of the newest changes were durable once and are not in the database that was opened.
func (d *DB) Lost() int64 { return d.writer.lost }

// keepSalt notes the salt of the database at path, unless it stands there or nothing of the database is in its file yet. That it cannot
// is no reason to fail.
func (h *headFile) keepSalt(path string) {
	if h == nil {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	salt, kept := make([]byte, pages.SaltSize), make([]byte, pages.SaltSize+4)
	if _, err := f.ReadAt(salt, 0); err != nil {
		return
	}
	want := binary.BigEndian.AppendUint32(salt, crc32.ChecksumIEEE(salt))
	if _, err := h.f.ReadAt(kept, headSize); err != nil || !bytes.Equal(kept, want) {
		_, _ = h.f.WriteAt(want, headSize)
	}
}

// readSalt returns the salt that the head file at path keeps; nil for none.
func readSalt(path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil || len(b) < saltEnd {
		return nil
	}
	salt := b[headSize : saltEnd-4]
	if binary.BigEndian.Uint32(b[saltEnd-4:]) != crc32.ChecksumIEEE(salt) {
		return nil
	}
	return salt
}

// advance notes the newest entry of the audit log after a commit. It never goes back: after a loss the checker keeps
// telling of it.
func (w *writer) advance() {
	if w.chain.seq > w.head.Load() {
		w.head.Store(w.chain.seq)
		w.file.write(w.chain.seq)
	}
}
