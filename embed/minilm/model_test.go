package minilm

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	if _, err := m.EmbedTokens(t.Context(), []string{"text"}); err == nil {
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
	if _, err := m.EmbedTokens(t.Context(), []string{"text"}); !errors.Is(err, ErrClosed) {
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

// The tokens of a text stand for its parts, come beside the same vector that Embed gives, and those of one word in two
// senses are further apart than in one.
func TestEmbedTokens(t *testing.T) {
	m := open(t, available()[0], Options{})
	texts := []string{"Anna's naïve café 東京!", "", strings.Repeat("word ", 400), "We sat on the bank of the river.",
		"Fish swim near the bank of the stream.", "The bank raised its interest rates."}
	rows, err := m.EmbedTokens(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := m.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if !slices.Equal(r.Vector, vectors[i]) {
			t.Errorf("text %d has another vector with its tokens", i)
		}
		if len(r.Tokens.Rows) != len(r.Tokens.Spans)*embedding.TokenDim {
			t.Errorf("text %d: %d numbers of %d tokens", i, len(r.Tokens.Rows), len(r.Tokens.Spans))
		}
		for k := range r.Tokens.Spans {
			if row := r.Tokens.Rows[k*embedding.TokenDim:][:embedding.TokenDim]; max(slices.Max(row), -slices.Min(row)) != 127 {
				t.Errorf("text %d: the largest number of token %d is %d", i, k, max(slices.Max(row), -slices.Min(row)))
			}
		}
	}
	var parts []string
	for _, s := range rows[0].Tokens.Spans {
		parts = append(parts, texts[0][s[0]:s[1]])
	}
	if got, want := strings.Join(parts, "|"), "Anna|'|s|naïve|café|東|京|!"; got != want {
		t.Errorf("tokens stand for %q, want %q", got, want)
	}
	if n := len(rows[1].Tokens.Spans); n != 0 {
		t.Errorf("nothing has %d tokens", n)
	}
	if n := len(rows[2].Tokens.Spans); n != MaxTokens-2 {
		t.Errorf("a long text has %d tokens", n)
	}
	bank := func(i int) []int8 {
		for k, s := range rows[i].Tokens.Spans {
			if texts[i][s[0]:s[1]] == "bank" {
				return rows[i].Tokens.Rows[k*embedding.TokenDim:][:embedding.TokenDim]
			}
		}
		t.Fatalf("no token in %q", texts[i])
		return nil
	}
	if same, other := angle(bank(3), bank(4)), angle(bank(3), bank(5)); same < other+.05 {
		t.Errorf("the bank of a river: cosine %.2f with that of a stream, %.2f with one that lends", same, other)
	}
}

// Of a long text each token of its windows is told once, with the part that it stands for.
func TestEmbedTokensOfWindows(t *testing.T) {
	m := open(t, available()[0], Options{Windows: 3})
	var words []string
	for i := range 400 {
		words = append(words, "w"+strconv.Itoa(i))
	}
	text := strings.Join(words, " ")
	rows, err := m.EmbedTokens(t.Context(), []string{"short", text, "short"})
	if err != nil {
		t.Fatal(err)
	}
	tokens := rows[1].Tokens
	if len(tokens.Rows) != len(tokens.Spans)*embedding.TokenDim || len(tokens.Spans) < 500 || len(rows[0].Tokens.Spans) != len(rows[2].Tokens.Spans) {
		t.Fatalf("%d numbers of %d tokens", len(tokens.Rows), len(tokens.Spans))
	}
	end := 0
	for i, s := range tokens.Spans {
		if s[0] < end || s[1] <= s[0] {
			t.Fatalf("token %d stands for %v, the one before ends at %d", i, s, end)
		}
		end = s[1]
	}
	if end != len(text) || text[tokens.Spans[0][0]:tokens.Spans[0][1]] != "w" {
		t.Errorf("the tokens end at %d of %d", end, len(text))
	}
}

// angle is the cosine of two directions.
func angle(a, b []int8) float64 {
	var dot, x, y float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		x += float64(a[i]) * float64(a[i])
		y += float64(b[i]) * float64(b[i])
	}
	return dot / math.Sqrt(x*y)
}

// Every kernel reduces tokens to the same directions, give or take a rounding; windows tell of all their tokens.
func TestEmbedTokensAlike(t *testing.T) {
	texts := []string{"The engine replays its log after a crash.", strings.Repeat("Anna prefers green tea. ", 120)}
	var want []embedding.Embedding
	for _, k := range available() {
		for _, windows := range []int{1, 3} {
			rows, err := open(t, k, Options{Windows: windows}).EmbedTokens(t.Context(), texts[:1+windows/3])
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = rows
			}
			for i, v := range rows[0].Tokens.Rows {
				if d := int(v) - int(want[0].Tokens.Rows[i]); d < -1 || d > 1 {
					t.Fatalf("%s: number %d is %d, elsewhere %d", k.name, i, v, want[0].Tokens.Rows[i])
				}
			}
			if windows > 1 {
				spans := rows[1].Tokens.Spans
				if n := len(spans); n == 0 || n > 600 || spans[0][0] != 0 || texts[1][spans[0][0]:spans[0][1]] != "Anna" {
					t.Errorf("%s: %d tokens of a long text, the first one at %v", k.name, n, spans[0])
				}
			}
		}
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
