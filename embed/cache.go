package embed

import (
	"container/list"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
)

// CacheOptions configure a Cache. The zero value is ready to use.
type CacheOptions struct {
	Bytes int64  // ceiling of what is kept, in bytes; 0 means 16 MiB
	Key   []byte // key of the hash that stands for a text; nil means a random one, which is all that a process needs
}

// entryOverhead is what an entry takes beside its vector: map, list and slice headers, key.
const entryOverhead = 200

// Cache keeps the vectors of the texts that were asked for last. It never keeps a text: entries are found by a keyed
// hash, which says nothing about the text to those without the key. It is safe for concurrent use.
type Cache struct {
	inner Embedder
	role  byte // part of the hash, since a text may have another vector as a question
	store *vectorStore
}

// vectorStore is shared by the views of one Cache.
type vectorStore struct {
	key   []byte
	limit int64

	mu     sync.Mutex
	byHash map[textHash]*list.Element
	recent *list.List // of *entry, most recently used first
	bytes  int64
	hits   int64
	misses int64
}

type textHash [sha256.Size]byte

type entry struct {
	hash textHash
	row  Embedding
}

// NewCache returns a Cache over inner.
func NewCache(inner Embedder, o CacheOptions) (*Cache, error) {
	if inner == nil {
		return nil, errors.New("embed: a cache needs an embedder")
	}
	if o.Bytes == 0 {
		o.Bytes = 16 << 20
	}
	key := append([]byte(nil), o.Key...)
	if len(key) == 0 {
		key = make([]byte, sha256.Size)
		rand.Read(key) // never fails
	}
	return &Cache{inner: inner, store: &vectorStore{
		key: key, limit: o.Bytes, byHash: make(map[textHash]*list.Element), recent: list.New(),
	}}, nil
}

// Space returns the inner embedder's.
func (c *Cache) Space() string { return c.inner.Space() }

// Dim returns the inner embedder's.
func (c *Cache) Dim() int { return c.inner.Dim() }

// ForDocuments is the view for texts to be stored.
func (c *Cache) ForDocuments() Embedder { return c.view(ForDocuments(c.inner), 'd') }

// ForQueries is the view for questions.
func (c *Cache) ForQueries() Embedder { return c.view(ForQueries(c.inner), 'q') }

// view shares the entries of c. An embedder that has no roles gives one vector for both, so that they share those too.
func (c *Cache) view(inner Embedder, role byte) Embedder {
	if _, ok := c.inner.(Roles); !ok {
		return c
	}
	return &Cache{inner: inner, role: role, store: c.store}
}

// Embed returns the kept vectors and asks the inner embedder for the others, each distinct text once.
func (c *Cache) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return vectorsOf(c.EmbedTokens(ctx, texts))
}

// EmbedTokens is Embed with the tokens, where the inner embedder tells of them.
func (c *Cache) EmbedTokens(ctx context.Context, texts []string) ([]Embedding, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows := make([]Embedding, len(texts))
	hashes := make([]textHash, len(texts))
	var missing []string
	places := make(map[textHash][]int)
	for i, text := range texts {
		hashes[i] = c.store.hash(c.role, text)
		if rows[i] = c.store.get(hashes[i]); rows[i].Vector != nil {
			continue
		}
		if places[hashes[i]] == nil {
			missing = append(missing, text)
		}
		places[hashes[i]] = append(places[hashes[i]], i)
	}
	if len(missing) == 0 {
		return rows, nil
	}
	fresh, err := checked(ctx, c.inner, missing, c.Dim())
	if err != nil {
		return nil, err
	}
	next := 0
	for i := range texts {
		if same := places[hashes[i]]; rows[i].Vector == nil {
			c.store.put(hashes[i], fresh[next])
			rows[i] = fresh[next]
			for _, j := range same[1:] {
				rows[j] = fresh[next].copied()
			}
			next++
		}
	}
	return rows, nil
}

func (s *vectorStore) hash(role byte, text string) (h textHash) {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte{role})
	mac.Write([]byte(text))
	mac.Sum(h[:0])
	return h
}

// get returns what is kept under h, with a copy of the vector, or nothing.
func (s *vectorStore) get(h textHash) Embedding {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byHash[h]
	if !ok {
		s.misses++
		return Embedding{}
	}
	s.hits++
	s.recent.MoveToFront(e)
	return e.Value.(*entry).row.copied()
}

// copied is e with a vector of its own.
func (e Embedding) copied() Embedding {
	e.Vector = append([]float32(nil), e.Vector...)
	return e
}

// put keeps a copy of v under h and forgets what was used longest ago until everything fits.
func (s *vectorStore) put(h textHash, v Embedding) {
	size := entrySize(&v)
	if size > s.limit {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byHash[h]; ok { // another call was faster
		s.recent.MoveToFront(e)
		return
	}
	s.byHash[h] = s.recent.PushFront(&entry{hash: h, row: v.copied()})
	s.bytes += size
	for s.bytes > s.limit {
		last := s.recent.Remove(s.recent.Back()).(*entry)
		delete(s.byHash, last.hash)
		s.bytes -= entrySize(&last.row)
	}
}

func entrySize(e *Embedding) int64 {
	return int64(4*len(e.Vector) + len(e.Tokens.Rows) + 16*len(e.Tokens.Spans) + entryOverhead)
}

// CacheMetrics says what a Cache holds and how often that helped.
type CacheMetrics struct {
	Entries int
	Bytes   int64 // estimate
	Hits    int64 // texts, since the start
	Misses  int64
}

// Metrics returns the figures of c and its views together.
func (c *Cache) Metrics() CacheMetrics {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	return CacheMetrics{Entries: len(s.byHash), Bytes: s.bytes, Hits: s.hits, Misses: s.misses}
}

// Purge forgets every vector.
func (c *Cache) Purge() {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byHash)
	s.recent.Init()
	s.bytes = 0
}
