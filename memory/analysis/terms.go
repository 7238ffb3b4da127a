package analysis

// Terms returns the terms of a text to be stored, in the order of the text and with repetitions. A term holds
// letters, marks and digits, and dots between digits; it is never empty nor longer than MaxTermBytes. A text
// without any gives an empty slice. The caller owns the slice.
func Terms(text string) []string {
	terms := make([]string, 0, len(text)/6+1)
	analyse(text, modeDocument, func(term string, _, _ int) { terms = append(terms, term) })
	return terms
}

// Query returns the terms of a question, each once. Words that shape the question and seldom occur in its answer
// (tell, remember, mention, kind …) are left out too, unless nothing would remain. The caller owns the slice.
func Query(text string) []string {
	terms := distinct(text, modeQuestion)
	if len(terms) == 0 {
		terms = distinct(text, modeDocument)
	}
	return terms
}

// Search returns terms, each once, that every text holds which contains the given one as words. A run of several kanji
// gives its character pairs alone: which longer words an analyser finds in it depends on what stands around it, while
// the pairs are among the terms of any text, Japanese or Chinese. The caller owns the slice.
func Search(text string) []string { return distinct(text, modeSearch) }

func distinct(text string, m mode) []string {
	terms := []string{}
	seen := map[string]bool{}
	analyse(text, m, func(term string, _, _ int) {
		if !seen[term] {
			seen[term] = true
			terms = append(terms, term)
		}
	})
	return terms
}

// Word is a term and the part of the text that it came from: text[Start:End], in bytes.
type Word struct {
	Term       string
	Start, End int
}

// Words returns the terms that Terms returns, with their places, for showing what matched. The parts of an
// identifier and the identifier as a whole overlap. The caller owns the slice.
func Words(text string) []Word {
	var words []Word
	analyse(text, modeDocument, func(term string, start, end int) {
		words = append(words, Word{Term: term, Start: start, End: end})
	})
	return words
}

type mode uint8

const (
	modeDocument mode = iota // terms to be stored
	modeQuestion             // terms to be looked for, the more the better
	modeSearch               // terms that must all occur
)

// analysis is one pass over one text.
type analysis struct {
	text     normalized
	mode     mode
	japanese bool // the text holds kana
	emit     func(term string, start, end int)

	words []span // scratch of identifier
}

// span is a part of the normalised text.
type span struct {
	start, end int
	joiner     byte // what joins it to the span before; 0 when nothing does
}

func analyse(text string, m mode, emit func(term string, start, end int)) {
	a := analysis{text: normalize(text), mode: m, emit: emit}
	a.japanese = hasKana(a.text.s)
	for i := 0; i < len(a.text.s); {
		c, size := classAt(a.text.s, i)
		switch c {
		case classWord:
			i = a.identifier(i)
		case classDense:
			end := runEnd(a.text.s, i, classDense, classDense)
			a.pairs(i, end, false)
			i = end
		case classHan, classKana:
			end := runEnd(a.text.s, i, classHan, classKana)
			switch {
			case a.japanese:
				a.morphemes(i, end)
			case m == modeSearch && a.counter(i, end):
			default:
				a.pairs(i, end, m == modeDocument)
			}
			i = end
		default:
			i += size
		}
	}
}

// put hands a finished term over with its place in the original text.
func (a *analysis) put(term string, start, end int) {
	if term = truncate(term); term != "" {
		start, end = a.text.origin(start, end)
		a.emit(term, start, end)
	}
}
