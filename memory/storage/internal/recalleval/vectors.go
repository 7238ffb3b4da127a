package recalleval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/elderzan/elderzan/memory"
)

// Embedder maps texts to unit vectors.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	Space() string
}

// Embed gives a corpus its vectors. They are kept in the file system under cache, by the texts and the embedder's
// space, since they take a minute to make. With a nil embedder only vectors that are there already are used; it
// reports whether the corpus has vectors afterwards.
func (c *Corpus) Embed(ctx context.Context, e Embedder, space, cache string) (bool, error) {
	documents := make([]string, len(c.Set.Memories))
	for i := range c.Set.Memories {
		documents[i] = c.Set.Memories[i].EmbeddingText()
	}
	questions := make([]string, len(c.Set.Questions))
	for i, q := range c.Set.Questions {
		questions[i] = q.Text
	}
	var err error
	if c.Vectors, err = cached(ctx, e, space, cache, documents); err != nil || c.Vectors == nil {
		return false, err
	}
	if c.Queries, err = cached(ctx, e, space, cache, questions); err != nil || c.Queries == nil {
		c.Vectors = nil
		return false, err
	}
	c.Space = space
	return true, nil
}

// A cache file holds, one after the other, the hash of a text and its vector.
const (
	hashBytes   = 16
	recordBytes = hashBytes + 4*memory.Dim
)

// cached returns the vectors of texts: those that the cache has, and of the others what e makes, which the cache then has
// too. Without e it returns nil where any is missing.
func cached(ctx context.Context, e Embedder, space, cache string, texts []string) ([][]float32, error) {
	name := sha256.Sum256([]byte(space))
	path := filepath.Join(cache, hex.EncodeToString(name[:8])+".vectors")
	known, err := readCache(path)
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(texts))
	var missing []string
	var places []int
	for i, t := range texts {
		if out[i] = known[hashOf(t)]; out[i] == nil {
			missing, places = append(missing, t), append(places, i)
		}
	}
	if len(missing) == 0 || e == nil {
		if len(missing) > 0 {
			return nil, nil
		}
		return out, nil
	}
	made, err := e.Embed(ctx, missing)
	if err != nil {
		return nil, err
	}
	for i, v := range made {
		out[places[i]] = v
	}
	return out, appendCache(path, missing, made)
}

func hashOf(text string) [hashBytes]byte {
	h := sha256.Sum256([]byte(text))
	return [hashBytes]byte(h[:hashBytes])
}

func readCache(path string) (map[[hashBytes]byte][]float32, error) {
	known := map[[hashBytes]byte][]float32{}
	raw, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for ; len(raw) >= recordBytes; raw = raw[recordBytes:] {
		v := make([]float32, memory.Dim)
		if _, err := binary.Decode(raw[hashBytes:recordBytes], binary.LittleEndian, v); err != nil {
			return nil, err
		}
		known[[hashBytes]byte(raw)] = v
	}
	return known, nil
}

func appendCache(path string, texts []string, vectors [][]float32) error {
	var b bytes.Buffer
	for i, v := range vectors {
		h := hashOf(texts[i])
		b.Write(h[:])
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(b.Bytes()); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
