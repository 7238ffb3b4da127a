package rank

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/dialogue"
)

// maxScan bounds the bytes of a memory that are read for its traits.
const maxScan = 2048

// traits is what the text of a memory shows at a glance.
type traits struct {
	speaker  string // in lower case; "" for a memory that is no turn
	words    int
	long     bool      // see longBytes
	class    wordClass // classes of all its words together
	asks     bool      // ends with a question
	digits   bool
	name     bool    // a capitalised word inside a sentence that is not the speaker
	quote    bool    // something in quotation marks
	repeated bool    // little but repetition
	phrases  float64 // share of the question's pairs of words that it holds
}

var seed = maphash.MakeSeed()

// glance returns what a memory's text shows without being read word by word, and what is left to read.
func glance(m *memory.Memory) (t traits, text string) {
	turn := dialogue.Parse(m.Content, m.Metadata)
	text = strings.TrimSpace(clip(turn.Body))
	return traits{speaker: strings.ToLower(turn.Speaker), long: len(m.Content) > longBytes, asks: asks(text), quote: quotes(text)}, text
}

// read reads the words of the text that glance returned. With a nil q it looks for no phrases.
func (t *traits) read(text string, q *question) {
	if q == nil || len(q.pairs) == 0 {
		t.scan(text, nil)
		return
	}
	p := pairing{q: q}
	t.scan(text, &p)
	if !t.repeated {
		t.phrases = p.share()
	}
}

func quotes(text string) bool {
	return strings.IndexByte(text, '"') >= 0 || strings.IndexByte(text, '`') >= 0 || strings.Contains(text, "“") || strings.Contains(text, "「")
}

func clip(s string) string {
	if len(s) <= maxScan {
		return s
	}
	n := maxScan
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func (t *traits) scan(text string, p *pairing) {
	hashes := make([]uint64, 0, 64)
	var buf [24]byte
	dense, start := false, true // start: the next word begins a sentence
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
			dense = dense || r >= 0x2E80
		}
		if !wordRune(r) {
			start = start && r == ' ' || r == '.' || r == '!' || r == '?' || r == '\n' || r == ':' || r == '"' || r == '。'
			i += size
			continue
		}
		end := wordEnd(text, i)
		word := text[i:end]
		t.words++
		t.digits = t.digits || '0' <= r && r <= '9'
		lower := lowered(buf[:0], word)
		if p != nil {
			p.read(t.words, lower)
		}
		class := classOf(lower)
		t.class |= class
		if !start && unicode.IsUpper(r) && end-i > 2 && class&(firstWord|timeWord) == 0 {
			t.name = t.name || !strings.EqualFold(word, t.speaker)
		}
		hashes = append(hashes, maphash.Bytes(seed, lower))
		i, start = end, false
	}
	if dense {
		t.scanDense(text)
	}
	t.repeated = repetitive(hashes)
}

func (t *traits) scanDense(text string) {
	for _, d := range denseClasses {
		if t.class&d.class != d.class && strings.Contains(text, d.text) {
			t.class |= d.class
		}
	}
	t.words = max(t.words, utf8.RuneCountInString(text)/3)
}

// asks reports whether a text ends in a question; what is shown in brackets behind it does not count.
func asks(text string) bool {
	if strings.HasSuffix(text, "]") {
		if i := strings.LastIndexByte(text, '['); i > 0 {
			text = strings.TrimSpace(text[:i])
		}
	}
	return strings.HasSuffix(text, "?") || strings.HasSuffix(text, "？") || strings.HasSuffix(text, "か。")
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// wordEnd returns the end of the word at i; an apostrophe inside belongs to it.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		if !wordRune(r) && (r != '\'' && r != '’' || i+size >= len(s) || !wordRune(rune(s[i+size]))) {
			break
		}
		i += size
	}
	return i
}

// lowered appends the first 24 bytes of word in lower case, typographic apostrophes made plain.
func lowered(buf []byte, word string) []byte {
	for i := 0; i < len(word) && len(buf) < cap(buf); i++ {
		c := word[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case c == 0xE2 && strings.HasPrefix(word[i:], "’"):
			c, i = '\'', i+2
		}
		buf = append(buf, c)
	}
	return buf
}

// repetitive reports whether fewer than a third of many words are different ones: text made to match.
func repetitive(hashes []uint64) bool {
	if len(hashes) < 12 {
		return false
	}
	// Words that differ in their last bits are different words: for nearly every text that is enough of them to know.
	var seen [16]uint64
	different := 0
	for _, h := range hashes {
		if word, bit := h>>6%16, uint64(1)<<(h%64); seen[word]&bit == 0 {
			seen[word] |= bit
			different++
		}
	}
	if different*3 >= len(hashes) {
		return false
	}
	slices.Sort(hashes)
	return len(slices.Compact(hashes))*3 < len(hashes)
}
