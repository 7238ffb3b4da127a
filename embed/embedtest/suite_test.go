package embedtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestFakePasses(t *testing.T) {
	Run(t, func(*testing.T) Embedder { return &Fake{Name: "fake", N: 32} }, Options{})
}

// recorder notes that a check failed.
type recorder struct {
	ctx    context.Context
	failed atomic.Bool
}

func (r *recorder) Helper()                  {}
func (r *recorder) Error(...any)             { r.failed.Store(true) }
func (r *recorder) Errorf(string, ...any)    { r.failed.Store(true) }
func (r *recorder) Fatalf(string, ...any)    { r.failed.Store(true); runtime.Goexit() }
func (r *recorder) Context() context.Context { return r.ctx }

// failing runs every check on an embedder and returns the names of those that fail.
func failing(t *testing.T, newEmbedder func() Embedder) map[string]bool {
	var o Options
	o.setDefaults()
	failed := map[string]bool{}
	for name, check := range checks {
		r := &recorder{ctx: t.Context()}
		var done sync.WaitGroup
		done.Go(func() { check(r, newEmbedder(), o) })
		done.Wait()
		if r.failed.Load() {
			failed[name] = true
		}
	}
	return failed
}

// wrong is an embedder with one fault.
type wrong struct {
	Fake
	fault func(w *wrong, ctx context.Context, texts []string, good [][]float32, err error) ([][]float32, error)
	calls atomic.Int64
	kept  map[string][]float32
	mu    sync.Mutex
}

func (w *wrong) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	good, err := w.Fake.Embed(ctx, texts)
	w.calls.Add(1)
	return w.fault(w, ctx, texts, good, err)
}

// Each check must notice the fault it is there for.
func TestSuiteNoticesFaults(t *testing.T) {
	type embedding = [][]float32
	for name, tc := range map[string]struct {
		name  string
		dim   int
		check string
		fault func(w *wrong, ctx context.Context, texts []string, good embedding, err error) (embedding, error)
	}{
		"no name": {"", 32, "name and dimension", func(_ *wrong, _ context.Context, _ []string, v embedding, err error) (embedding, error) {
			return v, err
		}},
		"wrong dimension": {"w", 31, "name and dimension", func(_ *wrong, _ context.Context, _ []string, v embedding, err error) (embedding, error) {
			for i := range v {
				v[i] = append(v[i], 0)
			}
			return v, err
		}},
		"rows swapped": {"w", 32, "order", func(_ *wrong, _ context.Context, _ []string, v embedding, err error) (embedding, error) {
			if len(v) > 2 {
				v[0], v[2] = v[2], v[0]
			}
			return v, err
		}},
		"all the same": {"w", 32, "order", func(_ *wrong, _ context.Context, _ []string, v embedding, err error) (embedding, error) {
			for i := range v {
				v[i] = append([]float32(nil), v[0]...)
			}
			return v, err
		}},
		"a row too few": {"w", 32, "unit length", func(_ *wrong, _ context.Context, _ []string, v embedding, err error) (embedding, error) {
			return v[:max(len(v)-1, 0)], err
		}},
		"not unit": {"w", 32, "unit length", func(_ *wrong, _ context.Context, _ []string, v embedding, err error) (embedding, error) {
			for _, row := range v {
				row[0] += 0.1
			}
			return v, err
		}},
		"drifts": {"w", 32, "same text", func(w *wrong, ctx context.Context, texts []string, v embedding, err error) (embedding, error) {
			other := Fake{Name: fmt.Sprint(w.calls.Load()), N: 32}
			if err != nil {
				return nil, err
			}
			return other.Embed(ctx, texts)
		}},
		"mixes calls up": {"w", 32, "concurrent use", func(w *wrong, ctx context.Context, texts []string, v embedding, err error) (embedding, error) {
			if err == nil && len(texts) == 1 && w.calls.Load()%5 == 0 {
				return w.Fake.Embed(ctx, []string{"another call's text"})
			}
			return v, err
		}},
		"ignores the end": {"w", 32, "cancelled", func(w *wrong, _ context.Context, texts []string, _ embedding, _ error) (embedding, error) {
			return w.Fake.Embed(context.Background(), texts)
		}},
		"repeats texts": {"w", 32, "cancelled", func(_ *wrong, _ context.Context, texts []string, v embedding, err error) (embedding, error) {
			if err != nil {
				return nil, fmt.Errorf("%w: %s", err, strings.Join(texts, " "))
			}
			return v, nil
		}},
		"fails without texts": {"w", 32, "no text", func(_ *wrong, _ context.Context, texts []string, v embedding, err error) (embedding, error) {
			if len(texts) == 0 {
				return nil, errors.New("nothing to do")
			}
			return v, err
		}},
		"zero for nothing": {"w", 32, "empty text", func(_ *wrong, _ context.Context, texts []string, v embedding, err error) (embedding, error) {
			for i := range v {
				if strings.TrimSpace(texts[i]) == "" {
					clear(v[i])
				}
			}
			return v, err
		}},
		"hands out its own rows": {"w", 32, "rows are separate", func(w *wrong, _ context.Context, texts []string, v embedding, err error) (embedding, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			for i := range v {
				if w.kept[texts[i]] == nil {
					w.kept[texts[i]] = v[i]
				}
				v[i] = w.kept[texts[i]]
			}
			return v, err
		}},
		"rows share an array": {"w", 32, "rows are separate", func(_ *wrong, _ context.Context, _ []string, v embedding, err error) (embedding, error) {
			var all []float32
			for _, row := range v {
				all = append(all, row...)
			}
			for i := range v {
				v[i] = all[i*32 : (i+1)*32]
			}
			return v, err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			failed := failing(t, func() Embedder {
				return &wrong{Fake: Fake{Name: tc.name, N: tc.dim}, fault: tc.fault, kept: map[string][]float32{}}
			})
			if !failed[tc.check] {
				t.Errorf("check %q passed; these failed: %v", tc.check, failed)
			}
		})
	}
}

func TestModelFolder(t *testing.T) {
	t.Setenv("ELDERZAN_MODEL", "/some/folder")
	if got := ModelFolder(t); got != "/some/folder" {
		t.Errorf("ModelFolder = %q", got)
	}
	t.Setenv("ELDERZAN_MODEL", "")
	root := t.TempDir()
	t.Chdir(root)
	mkdir(t, "bin/model")
	mkdir(t, "embed/minilm")
	t.Chdir("embed/minilm")
	if got := ModelFolder(t); !strings.HasSuffix(got, "/bin/model") {
		t.Errorf("ModelFolder = %q, want the checkout's bin/model", got)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}
