package storage

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/vmihailenco/msgpack/v5"
)

// The words of archived texts
//
// A short text gives a general compressor nothing to learn from: zstd takes four fifths of it, Brotli with its own dictionary two
// thirds. Here a text is a sequence of words of a fixed list, the commonest first, and of characters, written by a range coder (G. N. N.
// Martin, Range encoding, 1979; without carries, D. Subbotin, 1999): a word by how common words of its rank are (Zipf: one over the rank), all
// else by what stands before it. English takes less than a third so. Texts in other languages come out longer than by Brotli, which is then used.
//
// The list and the numbers below are part of the format: a change is another form of a body. The list is the words of the
// vocabulary of bert-base-uncased in its order, as all-MiniLM-L6-v2 has it (Apache-2.0), with contractions and endings put in.

//go:embed words.br
var packedWords []byte

// wordList is the list, and how it is searched.
type wordList struct {
	words []string
	rank  map[string]int
	sums  []uint64 // of the weights of the words before
	// letters are the sums of how often each letter follows another in the list; the first row is for the beginning of a word.
	letters [27][27]uint64
}

// longestWord is the length of the longest word of the list.
const longestWord = 18

var theWords = sync.OnceValue(func() *wordList {
	b, err := io.ReadAll(brotli.NewReader(strings.NewReader(string(packedWords))))
	if err != nil {
		panic(err) // it is part of the program
	}
	l := &wordList{words: strings.Split(string(b), "\n")}
	l.rank, l.sums = make(map[string]int, len(l.words)), make([]uint64, len(l.words)+1)
	var follows [27][26]uint64
	for i, w := range l.words {
		l.rank[w] = i
		l.sums[i+1] = l.sums[i] + (10<<22)/uint64(10*i+27)
		before := 0
		for _, c := range []byte(w) {
			if before < 27 && c >= 'a' && c <= 'z' {
				follows[before][c-'a']++
				before = int(c-'a') + 1
			}
		}
	}
	for i := range follows {
		for j, n := range follows[i] {
			l.letters[i][j+1] = l.letters[i][j] + n + 1
		}
	}
	return l
})

// What a text is made of: a word with a space before it, one without, a letter of a word that is not in the list, another
// character of ASCII, a byte, and the end.
const (
	partSpaced = iota
	partWord
	partLetter
	partASCII
	partByte
	partEnd
	parts
)

// What stands before: nothing, a word, the end of a sentence, other punctuation, a letter, a digit, a space or a line's end, a byte.
const (
	afterNothing = iota
	afterWord
	afterSentence
	afterSign
	afterLetter
	afterDigit
	afterSpace
	afterByte
	afters
)

// How a word is written: as in the list, with a capital, in capitals.
const (
	asListed = iota
	capital
	capitals
	cases
)

var (
	partSums = sumRows([afters][parts]uint64{
		afterNothing:  {2, 900, 40, 100, 20, 4},
		afterWord:     {1500, 20, 20, 300, 2, 30},
		afterSentence: {1400, 10, 10, 300, 40, 500},
		afterSign:     {900, 300, 60, 300, 40, 30},
		afterLetter:   {500, 60, 1500, 400, 2, 20},
		afterDigit:    {500, 100, 60, 1200, 10, 60},
		afterSpace:    {100, 700, 200, 900, 60, 20},
		afterByte:     {40, 40, 10, 80, 1800, 30},
	})
	caseSums = sumRows([afters][cases]uint64{
		afterNothing: {20, 75, 5}, afterWord: {180, 18, 2}, afterSentence: {20, 178, 2}, afterSign: {140, 56, 4},
		afterLetter: {180, 18, 2}, afterDigit: {180, 16, 4}, afterSpace: {90, 100, 10}, afterByte: {180, 18, 2},
	})
	asciiSums = func() (sums [129]uint64) {
		for c := range 128 {
			n := uint64(1)
			switch {
			case c >= 'A' && c <= 'Z':
				n = 24
			case c >= '0' && c <= '9':
				n = 40
			case c > ' ' && c < 127:
				n = 8
			}
			switch c {
			case ' ':
				n = 160
			case '.':
				n = 300
			case ',':
				n = 280
			case '!', '?', ':', '-', '\'':
				n = 100
			case '"', '(', ')', '/', '\n', '_', '`':
				n = 50
			}
			sums[c+1] = sums[c] + n
		}
		return sums
	}()
)

func sumRows[R [parts]uint64 | [cases]uint64](rows [afters]R) (sums [afters][]uint64) {
	for i := range rows {
		sums[i] = []uint64{0}
		for j := range len(rows[i]) {
			sums[i] = append(sums[i], sums[i][j]+rows[i][j])
		}
	}
	return sums
}

// afterChar is what a character leaves behind.
func afterChar(c byte) int {
	switch {
	case c == '.' || c == '!' || c == '?':
		return afterSentence
	case c == ' ' || c == '\n' || c == '\t':
		return afterSpace
	case c >= '0' && c <= '9':
		return afterDigit
	case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
		return afterLetter
	case c >= 128:
		return afterByte
	}
	return afterSign
}

// letterBefore is the row of wordList.letters for what a text ends with.
func letterBefore(text []byte) int {
	if n := len(text); n > 0 {
		if c := text[n-1] | 0x20; c >= 'a' && c <= 'z' && text[n-1] < 128 {
			return int(c-'a') + 1
		}
	}
	return 0
}

// rangeEncoder writes symbols by their share.
type rangeEncoder struct {
	low, width uint64
	out        []byte
}

const (
	rangeTop    = 1 << 56
	rangeBottom = 1 << 48
)

// put writes the symbol i of those whose shares sums adds up.
func (e *rangeEncoder) put(sums []uint64, i int) {
	e.width /= sums[len(sums)-1]
	e.low += sums[i] * e.width
	e.width *= sums[i+1] - sums[i]
	for {
		if e.low^(e.low+e.width) >= rangeTop {
			if e.width >= rangeBottom {
				return
			}
			e.width = -e.low & (rangeBottom - 1)
		}
		e.out = append(e.out, byte(e.low>>56))
		e.low, e.width = e.low<<8, e.width<<8
	}
}

// end returns what was written, as short as can be: the reader takes what is missing for zeros.
func (e *rangeEncoder) end() []byte {
	for n := range 9 {
		mask := ^uint64(0)
		if n > 0 {
			mask = 1<<(64-8*n) - 1
		}
		if v := (e.low + mask) &^ mask; v >= e.low && v-e.low < e.width {
			for b := range n {
				e.out = append(e.out, byte(v>>(56-8*b)))
			}
			break
		}
	}
	for len(e.out) > 0 && e.out[len(e.out)-1] == 0 {
		e.out = e.out[:len(e.out)-1]
	}
	return e.out
}

// rangeDecoder reads what rangeEncoder has written.
type rangeDecoder struct {
	low, width, code uint64
	in               []byte
	beyond           int // bytes read behind the end
}

func newRangeDecoder(in []byte) *rangeDecoder {
	d := &rangeDecoder{width: ^uint64(0), in: in}
	for range 8 {
		d.code = d.code<<8 | uint64(d.next())
	}
	return d
}

func (d *rangeDecoder) next() (b byte) {
	if len(d.in) == 0 {
		d.beyond++
		return 0
	}
	b, d.in = d.in[0], d.in[1:]
	return b
}

func (d *rangeDecoder) get(sums []uint64) int {
	all := sums[len(sums)-1]
	d.width /= all
	at := min((d.code-d.low)/d.width, all-1)
	i, found := slices.BinarySearch(sums, at)
	if !found {
		i--
	}
	for sums[i+1] == at { // one without a share
		i++
	}
	d.low += sums[i] * d.width
	d.width *= sums[i+1] - sums[i]
	for {
		if d.low^(d.low+d.width) >= rangeTop {
			if d.width >= rangeBottom {
				return i
			}
			d.width = -d.low & (rangeBottom - 1)
		}
		d.code, d.low, d.width = d.code<<8|uint64(d.next()), d.low<<8, d.width<<8
	}
}

var byteSums = func() (sums [257]uint64) {
	for i := range sums {
		sums[i] = uint64(i)
	}
	return sums
}()

// wordsOf writes texts, one after the other.
func wordsOf(texts []string) []byte {
	l := theWords()
	e := &rangeEncoder{width: ^uint64(0)}
	for _, text := range texts {
		after := afterNothing
		for i := 0; i < len(text); {
			spaced := 0
			if text[i] == ' ' {
				spaced = 1
			}
			if rank, form, n := l.match(text[i+spaced:]); n > 0 {
				e.put(partSums[after], partWord-spaced) // partSpaced is the one before
				e.put(caseSums[after], form)
				e.put(l.sums, rank)
				after, i = afterWord, i+spaced+n
				continue
			}
			switch c := text[i]; {
			case c >= 'a' && c <= 'z':
				e.put(partSums[after], partLetter)
				e.put(l.letters[letterBefore([]byte(text[max(0, i-1):i]))][:], int(c-'a'))
			case c < 128:
				e.put(partSums[after], partASCII)
				e.put(asciiSums[:], int(c))
			default:
				e.put(partSums[after], partByte)
				e.put(byteSums[:], int(c))
			}
			after = afterChar(text[i])
			i++
		}
		e.put(partSums[after], partEnd)
	}
	return e.end()
}

// match returns the longest word of the list that text begins with, how it is written, and its length; 0 where there is none that is
// worth it.
func (l *wordList) match(text string) (rank, form, n int) {
	end := 0
	for end < len(text) && end < longestWord && (text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' || text[end] == '\'') {
		end++
	}
	whole := end
	for ; end > 0; end-- {
		if end < whole && end < 4 && text[end] != '\'' {
			return 0, 0, 0 // its letters are shorter
		}
		if rank, form, ok := l.find(text[:end]); ok {
			return rank, form, end
		}
	}
	return 0, 0, 0
}

func (l *wordList) find(word string) (rank, form int, ok bool) {
	if rank, ok = l.rank[word]; ok {
		return rank, asListed, true
	}
	lower := strings.ToLower(word)
	if rank, ok = l.rank[lower]; !ok {
		return 0, 0, false
	}
	for form = capital; form < cases; form++ {
		if written(lower, form) == word {
			return rank, form, true
		}
	}
	return 0, 0, false
}

func written(word string, form int) string {
	switch form {
	case capital:
		return strings.ToUpper(word[:1]) + word[1:]
	case capitals:
		return strings.ToUpper(word)
	}
	return word
}

// textsOf reads n texts that wordsOf has written, of most bytes together.
func textsOf(b []byte, n, most int) ([]string, error) {
	l := theWords()
	d := newRangeDecoder(b)
	texts := make([]string, 0, min(n, most))
	var text []byte
	for len(texts) < n {
		after, begun := afterNothing, len(text)
		for more := true; more; {
			switch part := d.get(partSums[after]); part {
			case partSpaced, partWord:
				form := d.get(caseSums[after])
				if part == partSpaced {
					text = append(text, ' ')
				}
				text, after = append(text, written(l.words[d.get(l.sums)], form)...), afterWord
			case partEnd:
				more = false
			default:
				var c byte
				switch part {
				case partLetter:
					c = 'a' + byte(d.get(l.letters[letterBefore(text[begun:])][:]))
				case partASCII:
					c = byte(d.get(asciiSums[:]))
				default:
					c = byte(d.get(byteSums[:]))
				}
				text, after = append(text, c), afterChar(c)
			}
			if len(text) > most || d.beyond > 16 {
				return nil, errDecode
			}
		}
		if len(texts) > most {
			return nil, errDecode
		}
		texts = append(texts, string(text[begun:]))
	}
	return texts, nil
}

// wordRest is what of a body is not written in words.
type wordRest struct {
	Titled   bool     `msgpack:"t,omitempty"`
	Tags     int      `msgpack:"g,omitempty"`
	Metadata []byte   `msgpack:"m,omitempty"`
	Rules    []string `msgpack:"r,omitempty"`
}

// wordBody writes an encoded body in the form bodyWords: the length of a wordRest, that, and content, title and tags in words.
// It returns nil for one that would come back otherwise.
func wordBody(plain []byte) []byte {
	var d body
	if err := msgpack.Unmarshal(plain[1:], &d); err != nil {
		return nil
	}
	texts := []string{d.Content}
	rest := wordRest{Titled: d.Title != "", Tags: len(d.Tags), Metadata: d.Metadata, Rules: d.Rules}
	if rest.Titled {
		texts = append(texts, d.Title)
	}
	texts = append(texts, d.Tags...)
	out := []byte{bodyWords, 0}
	if len(texts) > 1 || len(rest.Metadata) > 0 || len(rest.Rules) > 0 {
		b, err := msgpack.Marshal(&rest)
		if err != nil {
			return nil
		}
		out = append(binary.AppendUvarint(out[:1], uint64(len(b))), b...)
	}
	out = append(out, wordsOf(texts)...)
	if same, err := unpackWordBody(out[1:]); err != nil || !bytes.Equal(same, plain) {
		return nil
	}
	return out
}

// unpackWordBody returns the form bodyPlain of what stands behind bodyWords.
func unpackWordBody(b []byte) ([]byte, error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, errDecode
	}
	var rest wordRest
	if raw := b[w : w+int(n)]; n > 0 {
		if err := msgpack.Unmarshal(raw, &rest); err != nil || rest.Tags < 0 || rest.Tags > packShort {
			return nil, errDecode
		}
	}
	count := 1 + rest.Tags
	if rest.Titled {
		count++
	}
	texts, err := textsOf(b[w+int(n):], count, packShort)
	if err != nil {
		return nil, err
	}
	d := body{Content: texts[0], Metadata: rest.Metadata, Rules: rest.Rules}
	if texts = texts[1:]; rest.Titled {
		d.Title, texts = texts[0], texts[1:]
	}
	if len(texts) > 0 {
		d.Tags = texts
	}
	return d.encode()
}
