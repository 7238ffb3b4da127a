package embed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/embedtest"
)

type ctx = context.Context

var (
	_ embedding.Embedder = (*embedding.Batcher)(nil)
	_ embedding.Roles    = (*embedding.Batcher)(nil)
)

func newBatcher(t *testing.T, inner embedding.Embedder, o embedding.BatcherOptions) *embedding.Batcher {
	t.Helper()
	b, err := embedding.NewBatcher(inner, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestBatcherSuite(t *testing.T) {
	for name, view := range map[string]func(*embedding.Batcher) embedding.Embedder{
		"questions": func(b *embedding.Batcher) embedding.Embedder { return b },
		"documents": func(b *embedding.Batcher) embedding.Embedder { return embedding.ForDocuments(b) },
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.Run(t, func(t *testing.T) embedtest.Embedder {
				return view(newBatcher(t, &embedtest.Fake{Name: "f", N: 64}, embedding.BatcherOptions{Texts: 3, Queue: 4}))
			}, embedtest.Options{})
		})
	}
}

// gate is an embedder whose calls wait to be let go.
type gate struct {
	*embedtest.Fake
	open chan struct{} // each receive from it lets one call go
}

func newGate() gate {
	g := gate{&embedtest.Fake{Name: "f", N: 8}, make(chan struct{})}
	g.Fake.Gate = func(ctx ctx, _ []string) error {
		select {
		case <-g.open:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return g
}

func TestBatcherJoinsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := newBatcher(t, g, embedding.BatcherOptions{Texts: 4})
		documents := embedding.ForDocuments(b)
		var calls sync.WaitGroup
		start := func(text string) {
			calls.Go(func() {
				want := mustEmbed(t, &embedtest.Fake{Name: "f", N: 8}, text)
				if v, err := documents.Embed(t.Context(), []string{text}); err != nil || !slices.Equal(v[0], want[0]) {
					t.Errorf("Embed(%q): %v", text, err)
				}
			})
			synctest.Wait()
		}
		for _, text := range []string{"first", "a", "b", "c", "d", "e"} {
			start(text)
		}
		if m := b.Metrics(); m.QueuedDocuments != 5 || m.QueuedQuestions != 0 || m.Batches != 1 {
			t.Errorf("metrics = %+v", m)
		}
		for range 3 {
			g.open <- struct{}{}
		}
		calls.Wait()
		if want := "[[first] [a b c d] [e]]"; fmt.Sprint(g.Calls()) != want {
			t.Errorf("batches = %v, want %s", g.Calls(), want)
		}
		if m := b.Metrics(); m.Batches != 3 || m.Texts != 6 || m.Failed != 0 {
			t.Errorf("metrics = %+v", m)
		}
	})
}

func TestBatcherLetsQuestionsPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		hold := make(chan struct{})
		inner := &embedtest.Fake{Name: "f", N: 8}
		inner.Gate = func(_ ctx, texts []string) error {
			mu.Lock()
			order = append(order, strings.Join(texts, "+"))
			mu.Unlock()
			if strings.HasPrefix(texts[0], "document") {
				<-hold
			}
			return nil
		}
		b := newBatcher(t, inner, embedding.BatcherOptions{Texts: 2})
		var calls sync.WaitGroup
		for i := range 4 {
			calls.Go(func() { mustEmbed(t, embedding.ForDocuments(b), fmt.Sprint("document", i)) })
			synctest.Wait()
		}
		mustEmbed(t, b, "question") // answered while a batch of documents is held
		mu.Lock()
		if got := strings.Join(order, " "); got != "document0 question" {
			t.Errorf("order = %q", got)
		}
		mu.Unlock()
		close(hold)
		calls.Wait()
	})
}

func TestBatcherSplitsLongCalls(t *testing.T) {
	inner := &embedtest.Fake{Name: "f", N: 8}
	b := newBatcher(t, inner, embedding.BatcherOptions{Texts: 3, Bytes: 10, Queue: 2})
	texts := []string{"a", "b", "c", "d", "eeeeee", "ffffff", strings.Repeat("g", 50), "h"}
	if got, want := mustEmbed(t, b, texts...), mustEmbed(t, &embedtest.Fake{Name: "f", N: 8}, texts...); !slices.EqualFunc(got, want, slices.Equal) {
		t.Error("vectors of a split call differ")
	}
	for _, call := range inner.Calls() {
		if len(call) > 3 || len(call) > 1 && len(strings.Join(call, "")) > 10 {
			t.Errorf("batch %q is over the limits", call)
		}
	}
}

func TestBatcherBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := newBatcher(t, g, embedding.BatcherOptions{Texts: 1, Queue: 2})
		documents := embedding.ForDocuments(b)
		var calls sync.WaitGroup
		for i := range 2 {
			calls.Go(func() { mustEmbed(t, documents, fmt.Sprint(i)) })
		}
		synctest.Wait()
		limited, cancel := context.WithCancel(t.Context())
		var refused error
		calls.Go(func() { _, refused = documents.Embed(limited, []string{"third"}) })
		synctest.Wait()
		if m := b.Metrics(); m.QueuedDocuments != 1 {
			t.Errorf("%d documents queued, want 1: one is under way and the third waits outside", m.QueuedDocuments)
		}
		cancel()
		synctest.Wait()
		if !errors.Is(refused, context.Canceled) {
			t.Errorf("the call outside ended with %v", refused)
		}
		g.open <- struct{}{}
		g.open <- struct{}{}
		calls.Wait()
		if len(g.Calls()) != 2 {
			t.Errorf("batches = %q", g.Calls())
		}
	})
}

func TestBatcherCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var ended atomic.Int32
		wait := g.Fake.Gate
		g.Fake.Gate = func(ctx ctx, texts []string) error {
			err := wait(ctx, texts)
			if err != nil {
				ended.Add(1)
			}
			return err
		}
		b := newBatcher(t, g, embedding.BatcherOptions{})
		documents := embedding.ForDocuments(b)
		embedUntil := func(ctx ctx, text string, err *error) { _, *err = documents.Embed(ctx, []string{text}) }
		one, cancelOne := context.WithCancel(t.Context())
		two, cancelTwo := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		var errOne, errTwo, errThree error
		calls.Go(func() { embedUntil(one, "one", &errOne) })
		synctest.Wait()
		calls.Go(func() { embedUntil(two, "two", &errTwo) })
		calls.Go(func() { embedUntil(t.Context(), "three", &errThree) })
		synctest.Wait()

		cancelOne() // alone in its batch, which ends with it; then two and three share one
		synctest.Wait()
		if ended.Load() != 1 || !errors.Is(errOne, context.Canceled) {
			t.Errorf("%d batches ended, %v", ended.Load(), errOne)
		}
		cancelTwo() // three still wants the batch
		synctest.Wait()
		if ended.Load() != 1 || !errors.Is(errTwo, context.Canceled) {
			t.Errorf("%d batches ended, %v", ended.Load(), errTwo)
		}
		g.open <- struct{}{}
		calls.Wait()
		if errThree != nil {
			t.Errorf("the one who stayed got %v", errThree)
		}
	})
}

func TestBatcherClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b, err := embedding.NewBatcher(g, embedding.BatcherOptions{Texts: 1})
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 3)
		var calls sync.WaitGroup
		for i := range errs {
			calls.Go(func() { _, errs[i] = embedding.ForDocuments(b).Embed(t.Context(), []string{fmt.Sprint(i)}) })
		}
		synctest.Wait()
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		calls.Wait()
		for i, err := range errs {
			if !errors.Is(err, embedding.ErrClosed) {
				t.Errorf("call %d ended with %v, want ErrClosed", i, err)
			}
		}
		if _, err := b.Embed(t.Context(), []string{"late"}); !errors.Is(err, embedding.ErrClosed) {
			t.Errorf("a late call ended with %v, want ErrClosed", err)
		}
		if err := b.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
}

func TestBatcherErrors(t *testing.T) {
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		err        error
		good, want error
		calls      int
	}{
		"fails for all":              {broken, broken, broken, 2},
		"refuses only the bad texts": {fmt.Errorf("too long: %w", embedding.ErrInput), nil, embedding.ErrInput, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				wait := g.Fake.Gate
				g.Fake.Gate = func(ctx ctx, texts []string) error {
					if texts[0] == "plug" {
						return wait(ctx, texts)
					}
					if slices.Contains(texts, "bad") {
						return tc.err
					}
					return nil
				}
				b := newBatcher(t, g, embedding.BatcherOptions{})
				documents := embedding.ForDocuments(b)
				var calls sync.WaitGroup
				calls.Go(func() { mustEmbed(t, documents, "plug") })
				synctest.Wait()
				errs := map[string]error{}
				var mu sync.Mutex
				for _, text := range []string{"good", "bad", "better"} {
					calls.Go(func() {
						v, err := documents.Embed(t.Context(), []string{text})
						if err == nil && !slices.Equal(v[0], mustEmbed(t, &embedtest.Fake{Name: "f", N: 8}, text)[0]) {
							t.Errorf("%q got another text's vector", text)
						}
						mu.Lock()
						defer mu.Unlock()
						errs[text] = err
					})
				}
				synctest.Wait()
				g.open <- struct{}{}
				calls.Wait()
				for text, want := range map[string]error{"good": tc.good, "bad": tc.want, "better": tc.good} {
					if !errors.Is(errs[text], want) {
						t.Errorf("%q ended with %v, want %v", text, errs[text], want)
					}
				}
				if n := len(g.Calls()); n != tc.calls {
					t.Errorf("%d inner calls, want %d: %q", n, tc.calls, g.Calls())
				}
			})
		})
	}
	if _, err := embedding.NewBatcher(nil, embedding.BatcherOptions{}); err == nil {
		t.Error("NewBatcher(nil) succeeded")
	}
	b := newBatcher(t, &embedtest.Fake{Name: "f", N: 8, Gives: 3}, embedding.BatcherOptions{})
	if _, err := b.Embed(t.Context(), []string{"x"}); !errors.Is(err, embedding.ErrDimension) {
		t.Errorf("wrong dimension: %v", err)
	}
}

// A long call that fails in its second batch leaves nothing behind in the queue.
func TestBatcherLongCallFails(t *testing.T) {
	inner := &embedtest.Fake{Name: "f", N: 8}
	inner.Gate = func(_ ctx, texts []string) error {
		if slices.Contains(texts, "bad") {
			return errors.New("broken")
		}
		return nil
	}
	b := newBatcher(t, inner, embedding.BatcherOptions{Texts: 1})
	if _, err := b.Embed(t.Context(), []string{"a", "bad", "c", "d"}); err == nil {
		t.Error("Embed succeeded")
	}
	mustEmbed(t, b, "next")
	if m := b.Metrics(); m.QueuedQuestions != 0 || m.Failed == 0 {
		t.Errorf("metrics = %+v", m)
	}
}
