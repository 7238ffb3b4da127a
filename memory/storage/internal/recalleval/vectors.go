package recalleval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
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
	return true, nil
}

func cached(ctx context.Context, e Embedder, space, cache string, texts []string) ([][]float32, error) {
	h := sha256.New()
	fmt.Fprintln(h, space, len(texts))
	for _, t := range texts {
		fmt.Fprintf(h, "%d %s\n", len(t), t)
	}
	path := filepath.Join(cache, hex.EncodeToString(h.Sum(nil))[:24]+".f32")
	if raw, err := os.ReadFile(path); err == nil && len(raw) == 4*memory.Dim*len(texts) {
		return rows(raw)
	}
	if e == nil {
		return nil, nil
	}
	vectors, err := e.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, v := range vectors {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return nil, err
	}
	return vectors, os.WriteFile(path, b.Bytes(), 0o600)
}

func rows(raw []byte) ([][]float32, error) {
	flat := make([]float32, len(raw)/4)
	if _, err := binary.Decode(raw, binary.LittleEndian, flat); err != nil {
		return nil, err
	}
	out := make([][]float32, len(flat)/memory.Dim)
	for i := range out {
		out[i] = flat[i*memory.Dim : (i+1)*memory.Dim]
	}
	return out, nil
}
