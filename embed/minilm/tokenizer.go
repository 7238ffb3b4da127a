package minilm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// errTokenizer reports a tokenizer.json that is not this model's.
var errTokenizer = errors.New("minilm: unreadable tokenizer")

// The tokens that the model itself knows.
const (
	idUnknown = 100
	idStart   = 101
	idEnd     = 102
)

const (
	maxWordRunes = 100 // characters; a longer word is one unknown token
	continuation = "##"
)

// token is an entry of the vocabulary and the bytes of the text it stands for.
type token struct {
	id         int32
	start, end int
}

// tokenizer cuts texts as BERT does: clean, lower-case and unaccented words, punctuation and Han characters apart,
// each word as the longest known pieces. It is safe for concurrent use.
type tokenizer struct {
	vocab    map[string]int32 // pieces; those inside a word begin with "##"
	special  []string         // texts that stand for a token of the model wherever they appear
	maxPiece int              // bytes of the longest piece, without "##"
}

// parseTokenizer reads a tokenizer.json and refuses what it would not follow to the letter.
func parseTokenizer(data []byte) (*tokenizer, error) {
	var file struct {
		AddedTokens []struct {
			ID      int32  `json:"id"`
			Content string `json:"content"`
		} `json:"added_tokens"`
		Normalizer struct {
			Type      string `json:"type"`
			Clean     bool   `json:"clean_text"`
			Han       bool   `json:"handle_chinese_chars"`
			Lowercase bool   `json:"lowercase"`
		} `json:"normalizer"`
		PreTokenizer struct {
			Type string `json:"type"`
		} `json:"pre_tokenizer"`
		Model struct {
			Type     string           `json:"type"`
			Unknown  string           `json:"unk_token"`
			Prefix   string           `json:"continuing_subword_prefix"`
			MaxRunes int              `json:"max_input_chars_per_word"`
			Vocab    map[string]int32 `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", errTokenizer, err)
	}
	n, m := file.Normalizer, file.Model
	if n.Type != "BertNormalizer" || !n.Clean || !n.Han || !n.Lowercase || file.PreTokenizer.Type != "BertPreTokenizer" ||
		m.Type != "WordPiece" || m.Prefix != continuation || m.MaxRunes != maxWordRunes {
		return nil, fmt.Errorf("%w: not the WordPiece rules of BERT", errTokenizer)
	}
	t := &tokenizer{vocab: m.Vocab}
	for piece, id := range t.vocab {
		if id < 0 || id >= vocabSize {
			return nil, fmt.Errorf("%w: token %d of %d", errTokenizer, id, vocabSize)
		}
		t.maxPiece = max(t.maxPiece, len(strings.TrimPrefix(piece, continuation)))
	}
	if t.vocab[m.Unknown] != idUnknown || t.vocab["[CLS]"] != idStart || t.vocab["[SEP]"] != idEnd {
		return nil, fmt.Errorf("%w: other special tokens than BERT's", errTokenizer)
	}
	for _, a := range file.AddedTokens {
		if id, ok := t.vocab[a.Content]; !ok || id != a.ID || !strings.HasPrefix(a.Content, "[") {
			return nil, fmt.Errorf("%w: added token %d", errTokenizer, a.ID)
		}
		t.special = append(t.special, a.Content)
	}
	return t, nil
}

// encode returns the tokens of text, without the ones for start and end, and stops after limit of them.
func (t *tokenizer) encode(text string, limit int) []token {
	w := wordReader{tokenizer: t, tokens: make([]token, 0, min(limit, len(text)/3+2))}
	for i := 0; i < len(text) && len(w.tokens) < limit; {
		if text[i] == '[' {
			if s := t.specialAt(text[i:]); s != "" {
				w.flush()
				w.tokens = append(w.tokens, token{t.vocab[s], i, i + len(s)})
				i += len(s)
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		w.read(r, i, i+size)
		i += size
	}
	w.flush()
	return w.tokens[:min(limit, len(w.tokens))]
}

func (t *tokenizer) specialAt(text string) string {
	for _, s := range t.special {
		if strings.HasPrefix(text, s) {
			return s
		}
	}
	return ""
}

// wordReader gathers the characters of one word at a time.
type wordReader struct {
	*tokenizer
	tokens []token
	word   []byte // normalised
	runes  []runeAt
	key    []byte // scratch of pieces
}

// runeAt is a character of the word: where it ends there, and the bytes of the text it came from.
type runeAt struct{ end, from, to int }

// read takes the character r, bytes [from, to) of the text.
func (w *wordReader) read(r rune, from, to int) {
	switch {
	case r < utf8.RuneSelf:
		w.readASCII(byte(r), from, to)
	case r == utf8.RuneError || invisible(r):
	case unicode.IsSpace(r):
		w.flush()
	default:
		apart := han(r)
		if apart {
			w.flush()
		}
		var buf [utf8.UTFMax]byte
		n := utf8.EncodeRune(buf[:], r)
		decomposed := norm.NFD.Bytes(buf[:n])
		for len(decomposed) > 0 {
			d, size := utf8.DecodeRune(decomposed)
			decomposed = decomposed[size:]
			if !unicode.Is(unicode.Mn, d) {
				w.add(unicode.ToLower(d), from, to)
			}
		}
		if apart {
			w.flush()
		}
	}
}

func (w *wordReader) readASCII(c byte, from, to int) {
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		w.flush()
	case c < ' ' || c == 0x7F:
	case 'A' <= c && c <= 'Z':
		w.add(rune(c|0x20), from, to)
	default:
		w.add(rune(c), from, to)
	}
}

// add appends a normalised character to the word, or makes it a word of its own when it is punctuation.
func (w *wordReader) add(r rune, from, to int) {
	if punctuation(r) {
		w.flush()
		defer w.flush()
	}
	if len(w.runes) > maxWordRunes { // too long already: only its end matters
		w.runes[len(w.runes)-1].to = to
		return
	}
	w.word = utf8.AppendRune(w.word, r)
	w.runes = append(w.runes, runeAt{len(w.word), from, to})
}

// flush turns the word into tokens.
func (w *wordReader) flush() {
	if len(w.runes) == 0 {
		return
	}
	before := len(w.tokens)
	if len(w.runes) > maxWordRunes || !w.pieces() {
		w.tokens = append(w.tokens[:before], token{idUnknown, w.runes[0].from, w.runes[len(w.runes)-1].to})
	}
	w.word, w.runes = w.word[:0], w.runes[:0]
}

// pieces appends the longest known pieces of the word, and reports whether they cover it.
func (w *wordReader) pieces() bool {
	for first, start := 0, 0; first < len(w.runes); {
		last, id, ok := w.longest(first, start)
		if !ok {
			return false
		}
		w.tokens = append(w.tokens, token{id, w.runes[first].from, w.runes[last].to})
		first, start = last+1, w.runes[last].end
	}
	return true
}

// longest finds the longest piece that begins with character first, at byte start of the word.
func (w *wordReader) longest(first, start int) (last int, id int32, ok bool) {
	for last = len(w.runes) - 1; last >= first; last-- {
		end := w.runes[last].end
		if end-start > w.maxPiece {
			continue
		}
		w.key = w.key[:0]
		if first > 0 {
			w.key = append(w.key, continuation...)
		}
		w.key = append(w.key, w.word[start:end]...)
		if id, ok = w.vocab[string(w.key)]; ok {
			return last, id, true
		}
	}
	return 0, 0, false
}

// invisible reports whether r is dropped before anything else: controls, formats and private characters.
func invisible(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) }

func punctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
	}
	return unicode.IsPunct(r)
}

// han reports whether r is in one of the blocks of ideographs that BERT sets apart. Kana and Hangul are not.
func han(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r <= 0x4DBF, r >= 0x4E00 && r <= 0x9FFF, r >= 0xF900 && r <= 0xFAFF, r >= 0x20000 && r <= 0x2A6DF,
		r >= 0x2A700 && r <= 0x2B73F, r >= 0x2B740 && r <= 0x2B81F, r >= 0x2B820 && r <= 0x2CEAF, r >= 0x2F800 && r <= 0x2FA1F:
		return true
	}
	return false
}
