package analysis

import (
	"runtime/debug"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ikawaha/kagome-dict/ipa"
	"github.com/ikawaha/kagome/v2/tokenizer"
)

var (
	morphOnce sync.Once
	morph     *tokenizer.Tokenizer
)

// morphology returns the Japanese analyser and reads its dictionary on the first call.
func morphology() *tokenizer.Tokenizer {
	morphOnce.Do(func() {
		t, err := tokenizer.New(ipa.DictShrink(), tokenizer.OmitBosEos())
		if err != nil {
			panic("analysis: the Japanese dictionary of this build is unusable: " + err.Error())
		}
		morph = t
		debug.FreeOSMemory() // decoding leaves more garbage than dictionary
	})
	return morph
}

// Bounds on what the analyser gets at once: its time grows with the square and more of a run of katakana, which it
// takes for one unknown word of any length.
const (
	softPiece   = 48 // characters after which a piece ends where hiragana does
	hardPiece   = 96 // characters after which a piece ends in any case
	maxKatakana = 32 // characters of katakana after which a piece ends
)

// morphemes emits the words of a run of kanji and kana.
func (a *analysis) morphemes(start, end int) {
	for start < end {
		stop := a.piece(start, end)
		a.phrase(start, stop)
		start = stop
	}
}

// piece returns where to cut the run [start, end) for the analyser.
func (a *analysis) piece(start, end int) int {
	length, katakana := 0, 0
	var before rune
	for i := start; i < end; {
		r, size := utf8.DecodeRuneInString(a.text.s[i:end])
		if isKatakana(r) {
			katakana++
		} else {
			katakana = 0
		}
		if length >= hardPiece || katakana > maxKatakana || length >= softPiece && isHiragana(before) && !isHiragana(r) {
			return i
		}
		before = r
		length++
		i += size
	}
	return end
}

// phrase emits the words of one piece, then the pairs of kanji that are not words of it.
func (a *analysis) phrase(start, end int) {
	tokens := morphology().Analyze(a.text.s[start:end], tokenizer.Search)
	words := make(map[span]bool, len(tokens))
	for i := range tokens {
		t := &tokens[i]
		from := start + t.Position
		to := from + len(t.Surface)
		if term := morpheme(t.POS(), t.Surface); term != "" && !a.contextual(from, to, start, end) {
			words[span{start: from, end: to}] = true
			a.put(term, from, to)
		}
	}
	for i := start; i < end; {
		if c, size := classAt(a.text.s, i); c != classHan {
			i += size
			continue
		}
		stop := runEnd(a.text.s[:end], i, classHan, classHan)
		a.kanjiPairs(i, stop, words)
		i = stop
	}
}

// contextual reports whether the word [from, to) may be cut otherwise in another text and is looked for by other terms:
// kanji alone in a run of several within [start, end), which its pairs stand for, and a counter behind a number.
func (a *analysis) contextual(from, to, start, end int) bool {
	if a.mode != modeSearch {
		return false
	}
	c, _ := classAt(a.text.s, from)
	run := runEnd(a.text.s[:end], from, classHan, classHan)
	if c != classHan || run < to {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(a.text.s[start:from])
	return a.cluster(from, end) < run || classOf(before) == classHan || a.counter(from, run)
}

// counter reports whether the run of kanji [i, end) is one character behind a digit.
func (a *analysis) counter(i, end int) bool {
	return i > 0 && isDigit(a.text.s[i-1]) && a.cluster(i, end) == end
}

func (a *analysis) kanjiPairs(start, end int, words map[span]bool) {
	first, second := start, a.cluster(start, end)
	for second < end {
		third := a.cluster(second, end)
		if !words[span{start: first, end: third}] {
			a.put(a.text.s[first:third], first, third)
		}
		first, second = second, third
	}
}

// morpheme returns the term of a word by its parts of speech, and "" for one that carries no content.
func morpheme(pos []string, surface string) string {
	if len(pos) < 2 {
		return surface
	}
	switch pos[0] {
	case "助詞", "助動詞", "記号", "接続詞", "連体詞", "感動詞", "フィラー", "その他":
		return ""
	case "動詞", "形容詞":
		if pos[1] != "自立" || emptyVerb(surface) {
			return ""
		}
		return writtenStem(surface)
	case "名詞":
		if pos[1] == "非自立" || pos[1] == "代名詞" || pos[1] == "特殊" {
			return ""
		}
	}
	return trimLongVowel(surface)
}

// emptyVerb reports whether a form belongs to する, ある, いる, なる or ない, which say nothing about a text.
func emptyVerb(surface string) bool {
	switch surface {
	case "する", "し", "さ", "せ", "すれ", "しろ", "せよ", "しよ", "ある", "あり", "あっ", "あれ", "あろ", "いる", "い", "いれ",
		"なる", "なり", "なっ", "なれ", "なら", "なろ", "ない", "なく", "なかっ", "なけれ", "いう", "いっ", "いい", "言う":
		return true
	}
	return false
}

// writtenStem returns what the forms of a verb or an adjective have in common in writing: what stands up to the last
// kanji, and for words in kana what stands before the ending.
func writtenStem(surface string) string {
	last := 0
	for i, r := range surface {
		if classOf(r) == classHan {
			last = i + utf8.RuneLen(r)
		}
	}
	if last > 0 {
		return surface[:last]
	}
	if utf8.RuneCountInString(surface) > 2 {
		_, size := utf8.DecodeLastRuneInString(surface)
		return surface[:len(surface)-size]
	}
	return surface
}

// trimLongVowel drops the long vowel that a katakana word of four or more characters may end in or not (サーバー, サーバ).
func trimLongVowel(word string) string {
	if utf8.RuneCountInString(word) >= 4 {
		return strings.TrimSuffix(word, "ー")
	}
	return word
}

func isHiragana(r rune) bool { return r >= 0x3040 && r <= 0x309F }

func isKatakana(r rune) bool { return r >= 0x30A0 && r <= 0x30FF || r >= 0x31F0 && r <= 0x31FF }
