package embed_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/embedtest"
)

var (
	_ embedding.Embedder = (*embedding.Cache)(nil)
	_ embedding.Roles    = (*embedding.Cache)(nil)
)

func newCache(t *testing.T, inner embedding.Embedder, o embedding.CacheOptions) *embedding.Cache {
	t.Helper()
	c, err := embedding.NewCache(inner, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustEmbed(t *testing.T, e embedding.Embedder, texts ...string) [][]float32 {
	t.Helper()
	v, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCacheSuite(t *testing.T) {
	for name, o := range map[string]embedding.CacheOptions{"roomy": {}, "tight": {Bytes: 4000}, "useless": {Bytes: 1}} {
		t.Run(name, func(t *testing.T) {
			embedtest.Run(t, func(t *testing.T) embedtest.Embedder {
				return newCache(t, &embedtest.Fake{Name: "f", N: 100}, o)
			}, embedtest.Options{})
		})
	}
}

func TestCacheAsksForEachTextOnce(t *testing.T) {
	inner := &embedtest.Fake{Name: "f", N: 8}
	c := newCache(t, inner, embedding.CacheOptions{})
	first := mustEmbed(t, c, "a", "b", "a", "c")
	second := mustEmbed(t, c, "c", "d", "a")
	if want := [][]string{{"a", "b", "c"}, {"d"}}; fmt.Sprint(inner.Calls()) != fmt.Sprint(want) {
		t.Errorf("inner calls = %q, want %q", inner.Calls(), want)
	}
	for i, pair := range [][2][]float32{{first[0], first[2]}, {first[3], second[0]}, {first[0], second[2]}} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("pair %d differs", i)
		}
	}
	m := c.Metrics()
	if m.Entries != 4 || m.Hits != 2 || m.Misses != 5 {
		t.Errorf("metrics = %+v", m)
	}
}

func TestCacheKeepsWithinItsBytes(t *testing.T) {
	inner := &embedtest.Fake{Name: "f", N: 100} // 600 bytes an entry
	c := newCache(t, inner, embedding.CacheOptions{Bytes: 1900})
	mustEmbed(t, c, "a", "b", "c")
	mustEmbed(t, c, "a") // now b is the oldest
	mustEmbed(t, c, "d")
	if m := c.Metrics(); m.Entries != 3 || m.Bytes > 1900 {
		t.Errorf("metrics = %+v, want 3 entries within 1900 bytes", m)
	}
	before := len(inner.Calls())
	mustEmbed(t, c, "a", "c", "d")
	if len(inner.Calls()) != before {
		t.Errorf("a, c or d was forgotten: %q", inner.Calls()[before:])
	}
	mustEmbed(t, c, "b")
	if len(inner.Calls()) != before+1 {
		t.Error("b, used longest ago, was kept")
	}
}

func TestCachePurge(t *testing.T) {
	inner := &embedtest.Fake{Name: "f", N: 8}
	c := newCache(t, inner, embedding.CacheOptions{Key: []byte("key")})
	mustEmbed(t, c, "a")
	c.Purge()
	if m := c.Metrics(); m.Entries != 0 || m.Bytes != 0 {
		t.Errorf("metrics after Purge = %+v", m)
	}
	mustEmbed(t, c, "a")
	if n := len(inner.Calls()); n != 2 {
		t.Errorf("%d inner calls, want 2", n)
	}
}

// two has another vector for a text as a question.
type two struct{ embedtest.Fake }

func (e *two) ForDocuments() embedding.Embedder { return prefixed{e, "d:"} }
func (e *two) ForQueries() embedding.Embedder   { return prefixed{e, "q:"} }

type prefixed struct {
	*two
	prefix string
}

func (p prefixed) Embed(ctx ctx, texts []string) ([][]float32, error) {
	long := make([]string, len(texts))
	for i, text := range texts {
		long[i] = p.prefix + text
	}
	return p.two.Embed(ctx, long)
}

func TestCacheKeepsRolesApart(t *testing.T) {
	inner := &two{embedtest.Fake{Name: "f", N: 8}}
	c := newCache(t, inner, embedding.CacheOptions{})
	d := mustEmbed(t, embedding.ForDocuments(c), "x")
	q := mustEmbed(t, embedding.ForQueries(c), "x")
	if slices.Equal(d[0], q[0]) {
		t.Error("a question got a document's vector")
	}
	if again := mustEmbed(t, embedding.ForQueries(c), "x"); !slices.Equal(again[0], q[0]) || len(inner.Calls()) != 2 {
		t.Errorf("the question was not kept: %q", inner.Calls())
	}
	plain := &embedtest.Fake{Name: "f", N: 8}
	c = newCache(t, plain, embedding.CacheOptions{})
	mustEmbed(t, embedding.ForDocuments(c), "x")
	mustEmbed(t, embedding.ForQueries(c), "x")
	if n := len(plain.Calls()); n != 1 {
		t.Errorf("an embedder without roles was asked %d times for one text", n)
	}
}

func TestCacheKeepsNoErrors(t *testing.T) {
	inner := &embedtest.Fake{Name: "f", N: 8, Err: errors.New("broken")}
	c := newCache(t, inner, embedding.CacheOptions{})
	if _, err := c.Embed(t.Context(), []string{"a"}); !errors.Is(err, inner.Err) {
		t.Errorf("Embed: %v", err)
	}
	inner.Err = nil
	mustEmbed(t, c, "a")
	wrong := newCache(t, &embedtest.Fake{Name: "f", N: 8, Gives: 7}, embedding.CacheOptions{})
	if _, err := wrong.Embed(t.Context(), []string{"a"}); !errors.Is(err, embedding.ErrDimension) {
		t.Errorf("Embed of a wrong dimension: %v", err)
	}
	if _, err := embedding.NewCache(nil, embedding.CacheOptions{}); err == nil {
		t.Error("NewCache(nil) succeeded")
	}
}

func TestCacheConcurrently(t *testing.T) {
	c := newCache(t, &embedtest.Fake{Name: "f", N: 16}, embedding.CacheOptions{Bytes: 3000})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				text := fmt.Sprint((i * (g + 1)) % 37)
				v, err := c.Embed(t.Context(), []string{text, text})
				if err != nil || !slices.Equal(v[0], v[1]) {
					t.Errorf("Embed(%q): %v", text, err)
				}
			}
		})
	}
	wg.Wait()
	if m := c.Metrics(); m.Bytes > 3000 || m.Bytes < 0 {
		t.Errorf("metrics = %+v", m)
	}
}
