package catalog

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// Changes tells which pages of the database file may differ between two moments at which it was frozen.
type Changes struct {
	Mark  uint64 // names the later moment
	Since uint64 // the earlier one, which DB.Followed named last; 0 where every page may have changed

	pages pageSet
}

// Any reports whether one of the bytes from up to, and without, to of the database file may have changed.
func (c *Changes) Any(from, to int64) bool {
	if c == nil || c.Since == 0 {
		return true
	}
	for page := from / pageSize; page*pageSize < to; page++ {
		if c.pages.has(page) {
			return true
		}
	}
	return false
}

// pageSet is a bitmap of pages; the first page is 0.
type pageSet []uint64

func (p *pageSet) add(page int64) {
	for int64(len(*p)) <= page/64 {
		*p = append(*p, 0)
	}
	(*p)[page/64] |= 1 << (page % 64)
}

func (p pageSet) has(page int64) bool {
	return page/64 < int64(len(p)) && p[page/64]&(1<<(page%64)) != 0
}

// tracker notes which pages the log names, for whoever keeps a copy of the database file: nothing but a checkpoint
// changes that file, and what a checkpoint writes stands in the log before. A log begins anew once a checkpoint has
// folded all of it in, so each frame must have been looked at by then. The writer does so before each of its checkpoints.
// A checkpoint of another connection (Freeze) may fold in frames that were not looked at; it is counted, and the writer,
// which alone begins a log anew, looks at the log before its next transaction. Where all that does not add up, every
// page counts as changed.
type tracker struct {
	path  string        // of the log
	folds atomic.Uint64 // twice the checkpoints of other connections; odd while one is under way
	on    atomic.Bool

	mu     sync.Mutex
	known  bool   // all frames from the one at which since begins were looked at
	seen   uint64 // folds when the log was last looked at
	salt   [8]byte
	frames int64 // of the log with that salt, looked at
	mark   uint64
	base   uint64  // mark of the moment that since begins at; 0 for none
	since  pageSet // changed since base
	next   pageSet // changed since the moment mark
}

// Track has Freeze tell of changes from now on. It costs little, and nothing before the first call.
func (d *DB) Track() { d.track.on.Store(true) }

// Followed says that the caller has the database file as it was at a moment: the next ones tell what changed since.
func (d *DB) Followed(mark uint64) {
	t := &d.track
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known && mark != 0 && mark == t.mark {
		t.base, t.since, t.next = mark, t.next, append(pageSet(nil), t.next...)
	}
}

// foreign runs fn, which may run checkpoints on a connection other than the writer's.
func (t *tracker) foreign(fn func() error) error {
	t.folds.Add(1)
	defer t.folds.Add(1)
	return fn()
}

// due reports whether the log must be looked at before the writer may begin it anew.
func (t *tracker) due() bool {
	if !t.on.Load() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.folds.Load()
	return n != t.seen || n%2 == 1
}

// observe looks at what the log has more since the last time. It runs on the writer's goroutine while no transaction is
// open, before whatever may begin the log anew.
func (w *writer) observe() {
	t := &w.db.track
	if !t.due() {
		return
	}
	var busy, logged, folded int64
	if err := w.conn.QueryRowContext(w.base, `PRAGMA wal_checkpoint(NOOP)`).Scan(&busy, &logged, &folded); err != nil {
		t.lose()
		return
	}
	t.look(logged)
}

// lose has every page count as changed.
func (t *tracker) lose() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = false
}

// look notes the pages of the log's frames up to logged. What cannot be read or does not follow from what was seen
// before makes every page count as changed, until a moment is held anew.
func (t *tracker) look(logged int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = t.folds.Load()
	if !t.known || logged <= 0 { // an empty log names no page; the next one must follow the last
		return
	}
	salt, err := t.read(logged)
	if err != nil || logged < t.frames && salt == t.salt {
		t.known = false
		return
	}
	t.frames = logged
}

// read notes the pages of the frames that were not looked at.
func (t *tracker) read(logged int64) (salt [8]byte, err error) {
	f, err := os.Open(t.path)
	if err != nil {
		return salt, err
	}
	defer f.Close()
	if salt, err = logSalt(f); err != nil {
		return salt, err
	}
	if salt != t.salt {
		if t.salt != [8]byte{} && binary.BigEndian.Uint32(salt[:]) != binary.BigEndian.Uint32(t.salt[:])+1 {
			return salt, errors.New("a log went unseen")
		}
		t.salt, t.frames = salt, 0
	}
	return salt, readFrames(f, salt, t.frames, logged, func(page int64) {
		t.since.add(page)
		t.next.add(page)
	})
}

// hold takes the moment at which the log has logged frames, of which folded are in the database file, and returns what
// changed up to it; nil where nobody asked for it. It runs on the writer's goroutine.
func (t *tracker) hold(logged, folded int64) *Changes {
	if !t.on.Load() {
		return nil
	}
	t.look(logged)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mark++
	c := &Changes{Mark: t.mark}
	if t.known && t.base != 0 {
		c.Since, c.pages = t.base, append(pageSet(nil), t.since...)
	}
	if !t.known {
		t.base, t.since = 0, nil
	}
	// What is not folded in yet reaches the database file after this moment, perhaps while it is copied.
	t.next, t.known, t.seen, t.salt, t.frames = nil, true, t.folds.Load(), [8]byte{}, max(logged, 0)
	if logged <= 0 {
		return c
	}
	f, err := os.Open(t.path)
	if err != nil {
		t.known = false
		return c
	}
	defer f.Close()
	if t.salt, err = logSalt(f); err == nil {
		err = readFrames(f, t.salt, folded, logged, t.next.add)
	}
	t.known = err == nil
	return c
}

// logSalt reads what tells one log from the next: two numbers, the first of which grows by one each time.
func logSalt(f io.ReaderAt) (salt [8]byte, err error) {
	_, err = f.ReadAt(salt[:], 16)
	return salt, err
}

// readFrames calls add with the page, counted from 0, of each frame after the first from and up to to.
func readFrames(f io.ReaderAt, salt [8]byte, from, to int64, add func(page int64)) error {
	var head [16]byte // page, size of the database after a commit, salt
	for n := from; n < to; n++ {
		if _, err := f.ReadAt(head[:], walHeader+n*walFrame); err != nil {
			return err
		}
		page := int64(binary.BigEndian.Uint32(head[:]))
		if [8]byte(head[8:]) != salt || page == 0 {
			return errors.New("a frame of another log")
		}
		add(page - 1)
	}
	return nil
}
