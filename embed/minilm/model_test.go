package minilm

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/embedtest"
)

var _ embedding.Embedder = (*Model)(nil)

func TestSuite(t *testing.T) {
	fast := available()
	if len(fast) > 1 {
		fast = fast[:len(fast)-1] // the portable kernels are compared with the golden vectors; here they only take time
	}
	for _, k := range fast {
		t.Run(k.name, func(t *testing.T) {
			m := open(t, k, Options{Threads: 2})
			embedtest.Run(t, func(*testing.T) embedtest.Embedder { return m }, embedtest.Options{})
		})
	}
}

func TestOptions(t *testing.T) {
	m, err := Open(embedtest.ModelFolder(t), Options{Portable: true})
	if err != nil {
		t.Fatal(err)
	}
	if m.Kernel() != "portable" {
		t.Errorf("Kernel() = %q with Options.Portable", m.Kernel())
	}
	if m.Loaded() {
		t.Error("Open loaded the model")
	}
}

func TestFilesMissing(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir, Options{})
	if !errors.Is(err, ErrWeightsMissing) {
		t.Fatalf("Open of an empty folder: %v, want ErrWeightsMissing", err)
	}
	for _, part := range []string{dir, "make deps"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not name %q", err, part)
		}
	}
}

// linkModel makes a folder like the model's, of links to its files.
func linkModel(t *testing.T, dir string) {
	t.Helper()
	source := embedtest.ModelFolder(t)
	for _, name := range []string{WeightsFile, TokenizerFile} {
		if err := os.Symlink(filepath.Join(source, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesGoneOrAltered(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(t *testing.T, file string)
		want   error
	}{
		"gone": {func(*testing.T, string) {}, ErrWeightsMissing},
		"altered": {func(t *testing.T, file string) {
			if err := os.WriteFile(file, []byte("something else"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, ErrWeightsAltered},
		"a folder": {func(t *testing.T, file string) {
			if err := os.Mkdir(file, 0o700); err != nil {
				t.Fatal(err)
			}
		}, nil},
	} {
		for _, file := range []string{WeightsFile, TokenizerFile} {
			t.Run(name+"/"+file, func(t *testing.T) {
				dir := t.TempDir()
				linkModel(t, dir)
				m, err := Open(dir, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Remove(filepath.Join(dir, file)); err != nil {
					t.Fatal(err)
				}
				tc.change(t, filepath.Join(dir, file))
				_, err = m.Embed(t.Context(), []string{"text"})
				if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
					t.Errorf("Embed: %v, want %v", err, tc.want)
				}
				if m.Loaded() {
					t.Error("the model counts as loaded")
				}
			})
		}
	}
}

// The word table is read from the file as long as the model is in memory: a file that is cut off is an error then, and one
// that is replaced is not looked at.
func TestFilesCutOffInUse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{WeightsFile, TokenizerFile} { // a copy: what follows would reach through a link
		data, err := os.ReadFile(filepath.Join(embedtest.ModelFolder(t), name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	first, err := m.Embed(t.Context(), []string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, WeightsFile)
	moved := file + ".moved"
	if err := os.Rename(file, moved); err != nil {
		t.Fatal(err)
	}
	if again, err := m.Embed(t.Context(), []string{"text"}); err != nil || !slices.Equal(first[0], again[0]) {
		t.Errorf("Embed with the file moved away: %v, or another vector", err)
	}
	if err := os.Truncate(moved, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Embed(t.Context(), []string{"text"}); err == nil {
		t.Error("Embed from a file that was cut off succeeds")
	}
	if _, _, err := m.EmbedTokens(t.Context(), "text"); err == nil {
		t.Error("EmbedTokens from a file that was cut off succeeds")
	}
}

func TestPublishedLayout(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "model"), 0o700); err != nil {
		t.Fatal(err)
	}
	linkModel(t, filepath.Join(dir, "model"))
	m, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Load(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUnloadAndClose(t *testing.T) {
	m := open(t, available()[0], Options{})
	want, err := m.Embed(t.Context(), []string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.Unload(); err != nil || m.Loaded() {
			t.Errorf("Unload: %v; loaded %v", err, m.Loaded())
		}
	}
	again, err := m.Embed(t.Context(), []string{"text"})
	if err != nil || cosine(again[0], want[0]) < 0.999999 {
		t.Errorf("Embed after Unload: %v", err)
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := m.Embed(t.Context(), []string{"text"}); !errors.Is(err, ErrClosed) {
		t.Errorf("Embed after Close: %v, want ErrClosed", err)
	}
	if _, _, err := m.EmbedTokens(t.Context(), "text"); !errors.Is(err, ErrClosed) {
		t.Errorf("EmbedTokens after Close: %v, want ErrClosed", err)
	}
	if err := m.Load(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Load after Close: %v, want ErrClosed", err)
	}
}

// Unloading under use must neither pull the mapping away from calls nor fail them.
func TestUnloadDuringCalls(t *testing.T) {
	m := open(t, available()[0], Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 8 {
				if _, err := m.Embed(t.Context(), []string{"a few words"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		if err := m.Unload(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func TestCancelBetweenPasses(t *testing.T) {
	m := open(t, available()[0], Options{})
	if err := m.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	passes := 0
	err := m.each(ctx, []pass{{0, 1}, {1, 2}, {2, 3}}, func(*scratch, pass) error {
		if passes++; passes == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || passes != 2 {
		t.Errorf("each: %v after %d passes, want context.Canceled after 2", err, passes)
	}
}

func TestEmbedTokens(t *testing.T) {
	m := open(t, available()[0], Options{})
	const text = "Anna's naïve café 東京!"
	vectors, spans, err := m.EmbedTokens(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for i, s := range spans {
		parts = append(parts, text[s.Start:s.End])
		if n := cosine(vectors[i], vectors[i]); len(vectors[i]) != Dim || math.Abs(n-1) > 1e-6 {
			t.Errorf("token %d: %d numbers", i, len(vectors[i]))
		}
	}
	if got, want := strings.Join(parts, "|"), "Anna|'|s|naïve|café|東|京|!"; got != want {
		t.Errorf("tokens stand for %q, want %q", got, want)
	}
	// The mean of the tokens' states is the text's vector: it lies between the tokens.
	whole, err := m.Embed(t.Context(), []string{text})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		if c := cosine(v, whole[0]); c < 0.2 {
			t.Errorf("token %q has cosine %v with its text", parts[i], c)
		}
	}
	none, _, err := m.EmbedTokens(t.Context(), "")
	if err != nil || len(none) != 0 {
		t.Errorf("EmbedTokens of nothing = %d vectors, %v", len(none), err)
	}
	long, spans, err := m.EmbedTokens(t.Context(), strings.Repeat("word ", 400))
	if err != nil || len(long) != MaxTokens-2 || len(spans) != len(long) {
		t.Errorf("EmbedTokens of a long text = %d vectors, %d spans, %v", len(long), len(spans), err)
	}
}

// Meaning: a paraphrase must be closer than a text on something else, and another wording closer than another subject.
func TestMeaning(t *testing.T) {
	m := open(t, available()[0], Options{})
	for _, tc := range [][3]string{
		{"The cat sat on the mat.", "A feline was resting on a rug.", "Interest rates rose again in May."},
		{"I prefer short answers.", "The user likes concise replies.", "The harbour is closed in winter."},
		{"We chose PostgreSQL for the cloud store.", "The decision was to use Postgres as the remote database.", "Anna drinks green tea."},
		{"How do I restore a backup?", "Steps to recover data from a snapshot", "Colours of the dashboard's theme"},
		{"The build fails on Debian because cmake is missing.", "cmake is not installed, so compiling breaks", "Lunch is at noon on Fridays."},
		{"Deploys happen every Tuesday.", "We release once a week, on Tuesdays.", "The API returns JSON."},
	} {
		v, err := m.Embed(t.Context(), tc[:])
		if err != nil {
			t.Fatal(err)
		}
		near, far := cosine(v[0], v[1]), cosine(v[0], v[2])
		if near < far+0.25 {
			t.Errorf("%q: cosine %.2f with %q, %.2f with %q", tc[0], near, tc[1], far, tc[2])
		}
	}
}
