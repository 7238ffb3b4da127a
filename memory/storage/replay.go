package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/security"
)

// Indexes of a large store are opened from what was saved of them, and brought to the record by what changed since: rows
// that came later, and the changes that the record notes for that (catalog.Touch). Below Options.ReplayFrom, and
// whenever what was saved does not fit the record, all of the record is looked at instead.

// metaIndexes is where the catalogue keeps what was saved of the indexes.
const metaIndexes = "indexes"

// wordsFile is the snapshot of the inverted index, in the folder of the vector indexes' snapshots. It is sealed under the
// private key, as it holds the words of private memories.
const wordsFile = "words.idx"

// savedIndexes says what the snapshots on disk hold.
type savedIndexes struct {
	HasWords bool          `json:"has_words"` // without it a file of words that is there is too old
	Words    inverted.Mark `json:"words"`
	Vectors  []savedVector `json:"vectors"`
}

type savedVector struct {
	Space   string         `json:"space"`
	Class   security.Class `json:"class"`
	Seq     int64          `json:"seq"`     // VectorRef.Seq up to which it has all
	Touched int64          `json:"touched"` // change up to which it has all
}

func (s *Store) readSaved(ctx context.Context) (savedIndexes, error) {
	var saved savedIndexes
	b, err := s.catalog.Meta(ctx, metaIndexes)
	if err != nil || len(b) == 0 {
		return saved, err
	}
	if json.Unmarshal(b, &saved) != nil {
		saved = savedIndexes{} // as if nothing was saved
	}
	return saved, nil
}

// openWords fills the inverted index.
func (s *Store) openWords(ctx context.Context) error {
	ok, err := s.replayWords(ctx)
	if ok || err != nil {
		return err
	}
	return s.fillWords(ctx)
}

// replayWords loads the snapshot of the words and brings it up to date. ok is false where there is none that fits.
func (s *Store) replayWords(ctx context.Context) (ok bool, err error) {
	saved, err := s.readSaved(ctx)
	if err != nil || !saved.HasWords {
		return false, err
	}
	mark, err := s.loadWords(ctx, saved.Words)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		s.opts.Logger.Warn("the snapshot of the words cannot be used; they are read from the record", "error", err)
		if !errors.Is(err, errOutOfStep) {
			s.mendedAtStart(vectorsDir+"/"+wordsFile, "damaged; the words were read from the record")
			s.words.Store(math.MaxInt32) // it is due to be saved anew, however little changes
		}
		return false, nil
	}
	s.savedWords = &mark
	put := func(r *catalog.Record) error {
		doc, ok := s.readable(r)
		if !ok {
			return nil
		}
		s.index.Put(doc)
		s.words.Add(1)
		return nil
	}
	touched, err := s.catalog.Touched(ctx, mark.Seq, catalog.TouchedMemory)
	if err != nil {
		return false, err
	}
	for some := range slices.Chunk(touched, fillBatch) {
		there := map[int64]bool{}
		err := s.catalog.TermsByRows(ctx, some, func(r *catalog.Record) error {
			there[r.Row] = true
			return put(r)
		})
		if err != nil {
			return false, err
		}
		for _, row := range some {
			if !there[row] && s.index.Remove(row) {
				s.words.Add(1)
			}
		}
	}
	return true, s.catalog.TermsAfter(ctx, mark.Row, put)
}

// errOutOfStep reports a snapshot that is whole and does not fit the record, such as after a crash.
var errOutOfStep = errors.New("storage: a snapshot out of step")

// loadWords reads the snapshot if it is not older than what is on record of it: changes before that may be dropped.
func (s *Store) loadWords(ctx context.Context, floor inverted.Mark) (inverted.Mark, error) {
	f, err := os.Open(filepath.Join(s.vectors.dir, wordsFile))
	if err != nil {
		return inverted.Mark{}, err
	}
	defer f.Close()
	m, err := inverted.ReadMark(f)
	if err != nil {
		return m, err
	}
	if m.Seq < floor.Seq || m.Row < floor.Row {
		return m, fmt.Errorf("%w: it is older than the record says", errOutOfStep)
	}
	seq, _, err := s.catalog.Marks(ctx)
	if err != nil {
		return m, err
	}
	if m.Seq > seq {
		return m, fmt.Errorf("%w: it is newer than the record", errOutOfStep)
	}
	return m, s.index.Read(f, m, s.private)
}

// saveIndexes writes what changed of the indexes and notes on record what they hold then, so that older changes can be
// forgotten. all is for whoever must be sure that nothing older is left.
func (s *Store) saveIndexes(ctx context.Context, all bool) error {
	var mark inverted.Mark
	var view *inverted.View
	live := s.index.Len()
	words := live > 0 && (all || s.wordsDue(live))
	if !words && !s.vectors.changed() {
		return nil
	}
	if words {
		s.index.Compact()
	}
	// No transaction is under way and every decided one is in the indexes.
	err := s.catalog.Exclusive(ctx, func() (err error) {
		if mark.Seq, mark.Row, err = s.catalog.Marks(ctx); err == nil && words {
			s.words.Store(0)
			view = s.index.View(mark)
		}
		return err
	})
	if err != nil {
		return catalogError(err)
	}
	if err := s.vectors.save(mark.Seq); err != nil {
		return err
	}
	if words {
		if err := s.writeWords(view); err != nil {
			return err
		}
		s.savedWords = &mark
	}
	if err := s.noteSaved(ctx, mark.Seq); err != nil {
		s.vectors.unsaved()
		return err
	}
	return nil
}

// noteSaved writes down what the snapshots hold, and forgets the changes that all of them have.
func (s *Store) noteSaved(ctx context.Context, now int64) error {
	saved, floor := savedIndexes{Vectors: s.vectors.savedList()}, now
	if s.savedWords != nil {
		saved.HasWords, saved.Words, floor = true, *s.savedWords, min(floor, s.savedWords.Seq)
	}
	for _, v := range saved.Vectors {
		floor = min(floor, v.Touched)
	}
	b, err := json.Marshal(saved)
	if err != nil {
		return err
	}
	return catalogError(s.catalog.Write(ctx, func(tx *catalog.Tx) error {
		if err := tx.SetMeta(metaIndexes, b); err != nil {
			return err
		}
		return tx.TrimTouched(floor)
	}))
}

func (s *Store) writeWords(v *inverted.View) error {
	path := filepath.Join(s.vectors.dir, wordsFile)
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fileError("write a snapshot of the words", err)
	}
	err = v.Write(f, s.private)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		return fileError("write a snapshot of the words", errors.Join(err, removeIfThere(path+".tmp")))
	}
	return fileError("write a snapshot of the words", syncFolder(s.vectors.dir))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// replayShare is the part of what an index holds that may have changed before it is saved again: reading as much on open
// takes less than reading the snapshot.
const replayShare = 20

// renewalShare is that of words while all of them are made anew.
const renewalShare = 4

// wordsDue reports whether so many memories changed that the words should be saved.
func (s *Store) wordsDue(live int) bool {
	share := replayShare
	if s.renewal.analysing() {
		share = renewalShare
	}
	return live >= s.opts.ReplayFrom && s.words.Load() >= int64(max(1, live/share))
}

// putWords and dropWords change the inverted index after a commit.
func (s *Store) putWords(doc inverted.Doc) {
	s.index.Put(doc)
	s.countWords()
}

func (s *Store) dropWords(row int64) {
	s.index.Remove(row)
	s.countWords()
}

func (s *Store) countWords() {
	if n := s.words.Add(1); n%1024 == 0 && s.wordsDue(s.index.Len()) {
		s.keeper.wake(s.keeper.full)
	}
}

// openVectorIndexes loads the vector indexes.
func (s *Store) openVectorIndexes(ctx context.Context) error {
	ok, err := s.replayVectors(ctx)
	if ok || err != nil {
		return err
	}
	return s.fillVectors(ctx)
}

// replayVectors loads the snapshots of the vector indexes and brings them up to date. ok is false where one is missing or
// does not fit the record, or there is little.
func (s *Store) replayVectors(ctx context.Context) (ok bool, err error) {
	v := s.vectors
	if v.applied, err = s.catalog.LastVector(ctx); err != nil || v.applied < int64(s.opts.ReplayFrom) {
		return false, err
	}
	saved, err := s.readSaved(ctx)
	if err != nil || len(saved.Vectors) == 0 {
		return false, err
	}
	keep := map[indexName]bool{}
	from, touched := v.applied, int64(1<<62)
	for _, e := range saved.Vectors {
		name := indexName{e.Space, e.Class}
		if info, err := readInfo(filepath.Join(v.dir, name.file())); err != nil || info != uint64(max(e.Seq, 1)) {
			return false, nil //nolint:nilerr // then everything is looked at
		}
		from, touched, keep[name] = min(from, e.Seq), min(touched, e.Touched), true
	}
	for _, e := range saved.Vectors {
		name := indexName{e.Space, e.Class}
		x, generation, err := v.load(name, 0)
		if err != nil {
			return false, err
		}
		held := x.IDs()
		v.mu.Lock()
		v.indexes[name], v.rows[name], v.saved[name] = x, v.rows[name].add(held), e
		v.mu.Unlock()
		if generation == 0 { // damaged after all
			return false, s.forgetIndexes()
		}
	}
	if err := s.replayGone(ctx, touched); err != nil {
		return false, err
	}
	if err := s.replayNewer(ctx, from, keep); err != nil {
		return false, err
	}
	return true, v.discard(keep)
}

// forgetIndexes begins anew.
func (s *Store) forgetIndexes() error {
	v := s.vectors
	var errs []error
	for _, x := range v.all() {
		errs = append(errs, x.Close())
	}
	v.mu.Lock()
	clear(v.indexes)
	clear(v.rows)
	v.mu.Unlock()
	return errors.Join(errs...)
}

// replayGone takes vectors out that are not on record any more.
func (s *Store) replayGone(ctx context.Context, touched int64) error {
	rows, err := s.catalog.Touched(ctx, touched, catalog.TouchedVectors)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(rows, fillBatch) {
		refs, err := s.catalog.VectorsByRows(ctx, some)
		if err != nil {
			return err
		}
		there := map[indexName]map[int64]bool{}
		for _, ref := range refs {
			name := indexName{ref.Space, ref.Class}
			if there[name] == nil {
				there[name] = map[int64]bool{}
			}
			there[name][ref.Row] = true
		}
		for name := range s.vectors.indexes {
			for _, row := range some {
				if !there[name][row] {
					if err := s.vectors.remove(name, row); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// replayNewer puts in the vectors that were stored after the snapshots.
func (s *Store) replayNewer(ctx context.Context, from int64, keep map[indexName]bool) error {
	v := s.vectors
	for {
		refs, err := s.catalog.VectorsAfter(ctx, from, fillBatch)
		if err != nil || len(refs) == 0 {
			return err
		}
		byName := map[indexName][]catalog.VectorRef{}
		for _, ref := range refs {
			name := indexName{ref.Space, ref.Class}
			from = max(from, ref.Seq)
			if ref.Seq > v.saved[name].Seq {
				byName[name] = append(byName[name], ref)
				keep[name] = true
			}
		}
		for name, some := range byName {
			if err := s.replay(name, some); err != nil {
				return err
			}
		}
	}
}
