package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/rank"
)

// A run that is stopped says so wherever it was, tells of the sizes that were measured before, and is taken up afterwards.
func TestRunStops(t *testing.T) {
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: t.TempDir(), Ranker: ranker, Sizes: []int{100, 200}, Queries: 2, Writes: 2, Clusters: 10}
	for _, at := range []struct {
		what string // that is under way, of the size
		done int
		want int // reports
	}{
		{"filling", 0, 0}, {string(memory.Accurate), 1, 0}, {string(memory.Accurate), 2, 0}, {string(memory.Fast), 2, 0}, {"measured", 100, 1}, {string(memory.Balanced), 2, 0},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		o.Progress = func(what string, done, _ int) {
			if what == at.what && done == at.done {
				cancel()
			}
		}
		o.Measured = func(r Report) { o.Progress("measured", r.Memories, 0) }
		reports, err := Run(ctx, o)
		if !errors.Is(err, context.Canceled) || len(reports) != at.want {
			t.Errorf("stopped at %s %d: %d reports, %v; want %d and the context's error", at.what, at.done, len(reports), err, at.want)
		}
		cancel()
		if at.what == "measured" {
			o.Sizes = o.Sizes[1:] // the second has begun to be filled, or not
		}
	}
	o.Progress, o.Measured = nil, nil
	if reports, err := Run(t.Context(), o); err != nil || len(reports) != 1 || reports[0].Memories != 200 {
		t.Errorf("taken up: %+v, %v", reports, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if reports, err := Run(ctx, Options{Dir: t.TempDir(), Ranker: ranker}); err == nil || len(reports) != 0 {
		t.Errorf("with the sizes that it has by itself, stopped before: %d reports, %v", len(reports), err)
	}
}

// What cannot be opened is not measured, and nothing asks for vectors or a scope.
func TestRunFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if reports, err := Run(t.Context(), Options{Dir: file, Sizes: []int{10}}); err == nil || len(reports) != 0 {
		t.Errorf("a file for a folder: %d reports, %v", len(reports), err)
	}
	if _, err := diskOf(filepath.Join(file, "below")); err == nil {
		t.Error("what is not there is measured")
	}
	if _, err := (&run{opts: Options{Dir: t.TempDir()}}).open(t.Context()); err == nil {
		t.Error("it opens without a ranker")
	}
	ranker, err := rank.New(rank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{opts: Options{Dir: t.TempDir(), Ranker: ranker}, lib: newLibrary(1, 10)}
	s, err := r.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.service.Remember(t.Context(), memory.Caller{}, memory.RememberInput{Content: "a heron"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Remember: %v; want ErrUnsupported", err)
	}
	if _, _, err := (given{}).Documents(t.Context(), []string{"a heron"}, true); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Documents: %v; want ErrUnsupported", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r.opts.Queries, r.opts.Writes = 1, 1
	if _, err := r.modes(t.Context(), 10); !errors.Is(err, memory.ErrUnavailable) {
		t.Errorf("asking a closed store: %v", err)
	}
	if _, err := r.writes(t.Context(), s, 10); !errors.Is(err, memory.ErrUnavailable) {
		t.Errorf("writing to a closed store: %v", err)
	}
}
