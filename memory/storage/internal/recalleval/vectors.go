package recalleval

import (
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/maxsim"
)

// Embedder hands the unit vector of each text, in order, and its tokens to add.
type Embedder func(ctx context.Context, texts []string, add func(vector []float32, tokens memory.Tokens)) error

// Embed gives a corpus its vectors and tokens. They are kept in the file system under cache, by the texts and the embedder's
// space, since they take a minute to make. With a nil embedder only what is there already is used; it
// reports whether the corpus has vectors afterwards.
func (c *Corpus) Embed(ctx context.Context, e Embedder, space, cache string) (bool, error) {
	texts := make([]string, 0, len(c.Set.Memories)+len(c.Set.Questions))
	for i := range c.Set.Memories {
		texts = append(texts, c.Set.Memories[i].EmbeddingText())
	}
	for _, q := range c.Set.Questions {
		texts = append(texts, q.Text)
	}
	rows, err := cached(ctx, e, space, cache, texts)
	if err != nil || rows == nil {
		return false, err
	}
	n := len(c.Set.Memories)
	c.Vectors, c.Tokens = make([][]float32, n), make([][]byte, n)
	for i, r := range rows[:n] {
		c.Vectors[i], c.Tokens[i] = r.Vector, maxsim.Pack(nil, r.Tokens.Rows)
	}
	c.Queries = rows[n:]
	c.Space = space
	return true, nil
}

// textHash stands for a text in a cache.
type textHash [16]byte

func hashOf(text string) textHash {
	h := sha256.Sum256([]byte(text))
	return textHash(h[:])
}

// cached returns what becomes of texts: what the cache has, and of the others what e makes, which the cache then has too.
// Without e it returns nil where any is missing.
func cached(ctx context.Context, e Embedder, space, cache string, texts []string) ([]memory.Embedding, error) {
	name := sha256.Sum256([]byte(space + " with tokens"))
	path := filepath.Join(cache, hex.EncodeToString(name[:8])+".gob")
	known, err := readCache(path)
	if err != nil {
		return nil, err
	}
	missing := map[textHash]string{}
	for _, t := range texts {
		if _, ok := known[hashOf(t)]; !ok {
			missing[hashOf(t)] = t
		}
	}
	if len(missing) > 0 {
		if e == nil {
			return nil, nil
		}
		var asked []string
		for t := range maps.Values(missing) {
			asked = append(asked, t)
		}
		n := 0
		err := e(ctx, asked, func(vector []float32, tokens memory.Tokens) {
			known[hashOf(asked[n])] = memory.Embedding{Vector: vector, Tokens: tokens}
			n++
		})
		if err != nil {
			return nil, err
		}
		if err := writeCache(path, known); err != nil {
			return nil, err
		}
	}
	out := make([]memory.Embedding, len(texts))
	for i, t := range texts {
		out[i] = known[hashOf(t)]
	}
	return out, nil
}

func readCache(path string) (map[textHash]memory.Embedding, error) {
	known := map[textHash]memory.Embedding{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := gob.NewDecoder(f).Decode(&known); err != nil {
		return nil, fmt.Errorf("%s: %w; remove it", path, err)
	}
	return known, nil
}

// writeCache puts a whole file in place, so that two programs at once do no harm.
func writeCache(path string, known map[textHash]memory.Embedding) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "*.part")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(gob.NewEncoder(f).Encode(known), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
