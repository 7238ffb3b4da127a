package recalleval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/elderzan/elderzan/memory"
)

// Sketcher gives texts their sketches.
type Sketcher interface {
	Sketches(ctx context.Context, texts []string) ([][]byte, error)
}

// Sketch gives a corpus its sketches, kept like its vectors under the name space. With a nil Sketcher only those that
// are there already are used; it reports whether the corpus has sketches afterwards.
func (c *Corpus) Sketch(ctx context.Context, s Sketcher, space, cache string) (bool, error) {
	var err error
	if c.Sketches, err = cachedSketches(ctx, s, space, cache, c.documents()); err != nil || c.Sketches == nil {
		return false, err
	}
	if c.QuestionSketches, err = cachedSketches(ctx, s, space, cache, c.questions()); err != nil || c.QuestionSketches == nil {
		c.Sketches = nil
		return false, err
	}
	return true, nil
}

func (c *Corpus) documents() []string {
	out := make([]string, len(c.Set.Memories))
	for i := range c.Set.Memories {
		out[i] = c.Set.Memories[i].EmbeddingText()
	}
	return out
}

func (c *Corpus) questions() []string {
	out := make([]string, len(c.Set.Questions))
	for i, q := range c.Set.Questions {
		out[i] = q.Text
	}
	return out
}

func cachedSketches(ctx context.Context, s Sketcher, space, cache string, texts []string) ([][]byte, error) {
	path := cacheFile("sketch "+space, cache, texts)
	if f, err := os.Open(path); err == nil {
		defer f.Close()
		var out [][]byte
		if err := gob.NewDecoder(f).Decode(&out); err == nil && len(out) == len(texts) {
			return out, nil
		}
	}
	if s == nil {
		return nil, nil
	}
	out, err := s.Sketches(ctx, texts)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(out); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return nil, err
	}
	return out, os.WriteFile(path, b.Bytes(), 0o600)
}

// cacheFile names the file that keeps what a space makes of texts.
func cacheFile(space, cache string, texts []string) string {
	h := sha256.New()
	fmt.Fprintln(h, space, len(texts))
	for _, t := range texts {
		fmt.Fprintf(h, "%d %s\n", len(t), t)
	}
	return filepath.Join(cache, hex.EncodeToString(h.Sum(nil))[:24]+".f32")
}

// Embedder maps texts to unit vectors.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	Space() string
}

// Embed gives a corpus its vectors. They are kept in the file system under cache, by the texts and the embedder's
// space, since they take a minute to make. With a nil embedder only vectors that are there already are used; it
// reports whether the corpus has vectors afterwards.
func (c *Corpus) Embed(ctx context.Context, e Embedder, space, cache string) (bool, error) {
	var err error
	if c.Vectors, err = cached(ctx, e, space, cache, c.documents()); err != nil || c.Vectors == nil {
		return false, err
	}
	if c.Queries, err = cached(ctx, e, space, cache, c.questions()); err != nil || c.Queries == nil {
		c.Vectors = nil
		return false, err
	}
	return true, nil
}

func cached(ctx context.Context, e Embedder, space, cache string, texts []string) ([][]float32, error) {
	path := cacheFile(space, cache, texts)
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
