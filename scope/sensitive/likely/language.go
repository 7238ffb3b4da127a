package likely

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

// The words that sentences are built with, of English and of other languages in Latin letters; none stands in both lists.
var (
	ofEnglish = keyword.NewList(`the and of to is in that for it with as on be this are by from or an was not which can you has have will when if we should must but they been its`)
	ofOthers  = keyword.NewList(`dove della delle nella seperti terhadap antara akan adalah kepada dalam juga karena untuk de la le les des du et est une
		dans pour que qui sur avec par sont aux ne pas il che di una del dei degli gli sono nel alla più und der das ist mit von
		für nicht ein eine auf zu dem wird werden sich auch durch yang dan dengan dari tidak atau pada ini dapat oleh el los las
		por como dos não uma em os com para ou ao são jsou které nebo jako aby při het een voor niet zijn wordt och att som på
		för är av jest oraz się nie`)
)

// foreign reports whether text is in a language with Latin letters other than English, as the words say that sentences are built with.
func foreign(text string) bool {
	const reach, least = 4096, 3
	others, english, words := 0, 0, 0
	for _, w := range strings.Fields(text[:min(len(text), reach)]) {
		w = strings.ToLower(strings.Trim(w, ".,;:!?()\"'«»„“"))
		words++
		switch {
		case ofEnglish.Has(w):
			english++
		case ofOthers.Has(w):
			others++
		}
	}
	return others >= least && others > 2*english && others*8 >= words
}

// proseWords are words that documentation is made of and the model does not know: they stand in that of three of 107 projects or
// more. Names, beings and things that people make passwords of were taken out by hand.
//
//go:embed prose.txt
var proseWords string

var prose = sync.OnceValue(func() map[string]bool {
	m := make(map[string]bool)
	for w := range strings.Lines(proseWords) {
		m[strings.TrimSpace(w)] = true
	}
	return m
})

// ordinary reports whether the word at start, in the midst of a sentence, is one of prose or the plural of one.
func ordinary(text string, start int, s string) bool {
	return (prose()[s] || prose()[strings.TrimSuffix(s, "s")]) && !introduced(text, start)
}

// introduced reports whether a quote or an operator stands before what is at start.
func introduced(text string, start int) bool {
	before := strings.TrimRight(text[max(0, start-4):start], " ")
	return before != "" && strings.ContainsAny(before[len(before)-1:], "\"'`:=(>") || strings.HasSuffix(before, "«") || strings.HasSuffix(before, "„") || strings.HasSuffix(before, "“")
}

// ofLanguage reports whether m is a plain word in the middle of a sentence, one of those of its language.
func ofLanguage(text string, m match.Match) bool {
	return classOf(text[m.Start:m.End]) == wordClass && !introduced(text, m.Start)
}
