package tokens

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tiktoken-go/tokenizer/codec"
)

func TestCount(t *testing.T) {
	for text, want := range map[string]int{
		"":                     0,
		"hello world":          2,
		"Hello, world!\n":      4,
		"tiktoken is great!":   6,
		"お誕生日おめでとう":            9,
		strings.Repeat(" ", 9): 1,
	} {
		direct, err := codec.NewCl100kBase().Count(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Count(text); got != direct || got != want {
			t.Errorf("Count(%q) = %d; the tokenizer says %d, known is %d", text, got, direct, want)
		}
	}
}

// What is cut for speed never counts as less than the tokenizer says of the whole.
func TestCountIsNeverLess(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	parts := []string{"word ", "日本語", "x", "\n", "🙂", "longer-word", " ", "0123", "ção", "\t", "https://example.com/a?b=c"}
	for range 300 {
		var b strings.Builder
		for range r.IntN(120) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		want, err := cl100k().Count(b.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := Count(b.String()); got < want {
			t.Fatalf("Count(%q) = %d; the tokenizer says %d", b.String(), got, want)
		}
	}
}

// A tokenizer that gives up makes no text count for less than it may take.
func TestCountWithoutATokenizer(t *testing.T) {
	text := strings.Repeat("日", 1000)
	if got := countBy(func(string) (int, error) { return 0, errors.New("it gave up") }, text); got < len(text) || got > 2*len(text) {
		t.Errorf("%d tokens in %d bytes; want as many as bytes, and one for each cut", got, len(text))
	}
}

// The longest memory of one run must not hold a call up.
func TestCountIsLinear(t *testing.T) {
	Count("warm")
	began := time.Now()
	for _, text := range []string{strings.Repeat("a", 64<<10), strings.Repeat("日", 20<<10), strings.Repeat("\xff", 1<<10), strings.Repeat(" ", 64<<10)} {
		if n := Count(text); n == 0 || n > len(text) {
			t.Errorf("%d tokens in %d bytes", n, len(text))
		}
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("counting took %v", took)
	}
}
