package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/kv"
)

// Cost is what the memories take now, and what the same memories would take in the plain form: every vector as float32 on
// disk and in RAM, every record uncompressed on disk and in RAM, the audit log a row an entry, all that is not private in the full-text table, the words
// indexed as they are. Bytes are counted in the
// files and in the indexes; how they fall to tiers, on a sample of costSample memories each.
type Cost struct {
	Memories int          `json:"memories"` // of every state
	Vectors  int          `json:"vectors"`
	Engines  []EngineCost `json:"engines"`
	Tiers    []TierCost   `json:"tiers"`
	Disk     Saving       `json:"disk"`
	RAM      Saving       `json:"ram"`
	All      Saving       `json:"all"`

	audit int64 // how much longer the audit log would be as rows
}

// EngineCost is what one engine takes, in bytes.
type EngineCost struct {
	Engine    string `json:"engine"`
	Holds     string `json:"holds"`
	Disk      int64  `json:"disk"`
	RAM       int64  `json:"ram"` // without what is only cached
	PlainDisk int64  `json:"plain_disk"`
	PlainRAM  int64  `json:"plain_ram"`
}

// TierCost is what a memory of a tier takes, in bytes on the mean.
type TierCost struct {
	Tier     string  `json:"tier"`
	Memories int     `json:"memories"`
	SQLite   float64 `json:"sqlite"`
	RocksDB  float64 `json:"rocksdb"`
	Vectors  float64 `json:"vectors"` // files of the vector indexes
	Words    float64 `json:"words"`   // file of the words
	RAM      float64 `json:"ram"`
	Plain    float64 `json:"plain"` // disk and RAM together, in the plain form
	Share    float64 `json:"share"` // of the plain form
}

// Saving compares bytes with those of the plain form.
type Saving struct {
	Bytes int64   `json:"bytes"`
	Plain int64   `json:"plain"`
	Share float64 `json:"share"`
}

func saving(bytes, plain int64) Saving {
	return Saving{bytes, plain, float64(bytes) / float64(max(plain, 1))}
}

// costSample is how many memories of a tier are looked at.
const costSample = 2000

// What falls to a memory in tables of SQLite that hold nothing of archived ones, in bytes as measured on 10,000 and 100,000 short texts: to
// an occurrence of a term in the full-text table, to a vector in the table of those that RocksDB holds, to a hash. It only says to which
// tier bytes of the file belong.
const (
	fullTextTerm = 7
	vectorEntry  = 70
	hashEntry    = 19
)

// content is what memories of a tier hold that differs from tier to tier, on the mean.
type content struct {
	memories int
	stored   float64 // bodies and terms as they are on disk
	plain    float64 // the same uncompressed, terms spelled out
	vector   float64 // values in RocksDB
	vectors  float64 // how many of them a memory has
	beside   float64 // in tables of SQLite that hold nothing of archived memories
	code     float64 // of vectors in the archive, which are in SQLite
	codes    float64 // how many of those a memory has
}

// Cost measures the data folder and the indexes. It reads some thousand memories.
func (s *Store) Cost(ctx context.Context) (Cost, error) {
	if err := s.usable(); err != nil {
		return Cost{}, err
	}
	var out Cost
	tiers := map[string]content{}
	for _, t := range costTiers {
		c, err := s.content(ctx, s.index.Select(memory.Filter{States: t.states}))
		if err != nil {
			return Cost{}, err
		}
		tiers[t.name] = c
		out.Memories += c.memories
	}
	var err error
	if out.audit, err = s.catalog.AuditSaved(ctx); err != nil {
		return Cost{}, catalogError(err)
	}
	if err := s.engineCosts(&out, tiers); err != nil {
		return Cost{}, err
	}
	for _, t := range costTiers {
		if c := tiers[t.name]; c.memories > 0 {
			out.Tiers = append(out.Tiers, out.tier(t.name, c, tiers))
		}
	}
	var disk, ram, plainDisk, plainRAM int64
	for _, e := range out.Engines {
		disk, ram, plainDisk, plainRAM = disk+e.Disk, ram+e.RAM, plainDisk+e.PlainDisk, plainRAM+e.PlainRAM
	}
	out.Disk, out.RAM, out.All = saving(disk, plainDisk), saving(ram, plainRAM), saving(disk+ram, plainDisk+plainRAM)
	return out, nil
}

// costTiers are the tiers that differ on disk. Hot is what is in RAM, and of every memory.
var costTiers = []struct {
	name   string
	states []memory.State
}{
	{"warm", []memory.State{memory.Active, memory.Superseded, memory.Forgotten}},
	{"cold", []memory.State{memory.Archived}},
}

// content looks at a sample of the selected memories.
func (s *Store) content(ctx context.Context, sel *inverted.Selection) (content, error) {
	c := content{memories: sel.Len()}
	var rows []int64
	step, i := max(1, sel.Len()/costSample), 0
	for row := range sel.Rows() {
		if i++; i%step == 0 {
			rows = append(rows, row)
		}
	}
	seen := 0
	for some := range slices.Chunk(rows, fillBatch) {
		records, err := s.catalog.WholeByRows(ctx, some)
		if err != nil {
			return c, catalogError(err)
		}
		seen += len(records)
		for i := range records {
			r := &records[i]
			plain, terms := len(r.Body), len(r.Lex)
			if m, err := s.open(r); err == nil { // a damaged one counts as it is
				if b, err := encodeBody(&m); err == nil {
					plain = len(b)
				}
			}
			if l, err := s.openLex(r); err == nil {
				terms = l.spelled()
				full := fullTextTerm * (len(l.terms.Body) + len(l.terms.Title) + len(l.terms.Labels))
				switch {
				case inFullText(&r.Memory):
					c.beside += float64(full)
				case !r.Memory.Scope.Sealed(): // in the plain form full text has it as well
					terms += full
				}
			}
			if r.Memory.State != memory.Archived {
				c.beside += hashEntry
			}
			c.stored += float64(len(r.Body) + len(r.Lex))
			c.plain += float64(plain + terms)
		}
		refs, err := s.catalog.VectorsByRows(ctx, some)
		if err != nil {
			return c, catalogError(err)
		}
		n, err := s.valueBytes(refs)
		if err != nil {
			return c, err
		}
		c.vector += float64(n)
		c.beside += float64(vectorEntry * len(refs))
		c.vectors += float64(len(refs))
		cold, err := s.catalog.ColdByRows(ctx, some)
		if err != nil {
			return c, catalogError(err)
		}
		c.codes += float64(len(cold))
		for i := range cold {
			c.code += float64(len(cold[i].Code))
		}
	}
	if seen > 0 {
		for _, sum := range []*float64{&c.stored, &c.plain, &c.vector, &c.vectors, &c.beside, &c.code, &c.codes} {
			*sum /= float64(seen)
		}
	}
	return c, nil
}

// valueBytes adds up the stored vectors' bytes.
func (s *Store) valueBytes(refs []catalog.VectorRef) (sum int, err error) {
	keys := make([][]byte, len(refs))
	for i, ref := range refs {
		keys[i] = vectorKey(ref.Row, ref.Space)
	}
	values, err := s.kv.MultiGet(kv.Vectors, keys)
	var damaged *kv.CorruptError
	if err != nil && !errors.As(err, &damaged) {
		return 0, kvError("read vectors", err)
	}
	for _, b := range values {
		sum += len(b)
	}
	return sum, nil
}

// engineCosts measures the engines.
func (s *Store) engineCosts(out *Cost, tiers map[string]content) error {
	files, err := s.fileBytes()
	if err != nil {
		return fileError("measure the data folder", err)
	}
	var codes int64
	for _, x := range s.vectors.all() {
		st := x.Stats()
		codes += st.Bytes
		out.Vectors += st.Rows
	}
	out.Vectors += s.cold.len()
	index := s.index.Stats()
	words, plainWords := int64(index.Bytes), files["words"]
	if plainWords > 0 {
		plainWords = max(plainWords, int64(index.SnapshotBytes))
	}
	full := int64(fullWidth.size()) * int64(out.Vectors)
	var packed, values float64
	for _, c := range tiers {
		packed += float64(c.memories) * (c.plain - c.stored - c.code)
		values += float64(c.memories) * c.vector
	}
	record := files["sqlite"] + int64(packed) + out.audit
	out.Engines = []EngineCost{
		{"sqlite", "records, full text, archive, audit log", files["sqlite"], 0, record, record},
		{"rocksdb", "vectors", files["rocksdb"], 0, files["rocksdb"] - int64(values) + full, 0},
		{"faiss", "codes and lists of vectors", files["faiss"], codes, 0, full},
		{"words", "words, attributes", files["words"], words, plainWords, words},
	}
	return nil
}

// tier shares out what the engines hold of every memory alike, and adds what differs.
func (c *Cost) tier(name string, own content, tiers map[string]content) TierCost {
	n := float64(c.Memories)
	var stored, values, vectors float64
	for _, t := range tiers {
		stored += float64(t.memories) * (t.stored + t.beside + t.code)
		values += float64(t.memories) * t.vector
		vectors += float64(t.memories) * t.vectors
	}
	engine := map[string]EngineCost{}
	for _, e := range c.Engines {
		engine[e.Engine] = e
	}
	part := 1 / n // of what falls to a vector outside the archive; all the same where there is none
	if vectors > 0 {
		part = own.vectors / vectors
	}
	t := TierCost{
		Tier: name, Memories: own.memories,
		SQLite:  (float64(engine["sqlite"].Disk)-stored)/n + own.stored + own.beside + own.code,
		RocksDB: (float64(engine["rocksdb"].Disk)-values)*part + own.vector,
		Vectors: float64(engine["faiss"].Disk) * part,
		Words:   float64(engine["words"].Disk) / n,
		RAM:     float64(engine["faiss"].RAM)*part + float64(engine["words"].RAM)/n,
	}
	record := t.SQLite + float64(c.audit)/n - own.stored - own.code + own.plain
	vector := (own.vectors + own.codes) * float64(fullWidth.size())
	t.Plain = 2*record + 2*vector + t.RocksDB - own.vector + float64(engine["words"].PlainDisk+engine["words"].RAM)/n
	t.Share = (t.SQLite + t.RocksDB + t.Vectors + t.Words + t.RAM) / max(t.Plain, 1)
	return t
}

// fileBytes measures the files of each engine.
func (s *Store) fileBytes() (map[string]int64, error) {
	out := map[string]int64{}
	size := func(name string) int64 {
		info, err := os.Stat(s.path(name))
		if err != nil {
			return 0 // it is not there, or has gone meanwhile
		}
		return info.Size()
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		out["sqlite"] += size(catalogFile + end)
	}
	out["words"] = size(filepath.Join(vectorsDir, wordsFile))
	all, err := folderBytes(s.path(vectorsDir))
	if err != nil {
		return nil, err
	}
	out["faiss"] = all - out["words"]
	out["rocksdb"], err = folderBytes(s.path(kvDir))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}
