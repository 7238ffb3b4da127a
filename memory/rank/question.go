package rank

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
)

// question is what a question asks for, read once per call.
type question struct {
	words    map[string]bool // in lower case, without possessive endings
	text     string          // in lower case, for names in scripts without spaces
	when     bool            // asks when
	count    bool            // asks how many, how long
	entity   bool            // asks for a name: of a person, place, book …
	latest   bool            // asks for the newest state
	foreign  bool            // see Foreign
	stems    []string        // of the words that tell something, each once
	pairs    [][2]int        // those that stand one behind the other, as indexes in stems
	initials [256]bool       // first bytes of stems
	times    []period
}

var (
	whenAsked  = regexp.MustCompile(`^(?:since |until )?when\b|\bwhen (?:did|was|were|is|are|will|does|do|should)\b|\b(?:what|which) (?:date|day|month|year|time|week)\b|^how long\b|いつ|何日|何月|何年|何時|期限は|どのくらいの期間`)
	countAsked = regexp.MustCompile(`\bhow (?:many|much|long|old|often|big|large|fast)\b|\b(?:what|which) (?:number|port|version|size|limit|percentage|amount|price|age)\b|いくつ|いくら|何個|何人|何回|何度|何件|何番|どのくらい`)
	nameAsked  = regexp.MustCompile(`\b(?:who|whom|whose|where)\b|\bwhat (?:is|was) the name\b|\b(?:what|which|name)\b.*\b(?:name|city|cities|country|countries|state|place|book|books|movie|movies|film|game|games|band|song|artist|company|library|tool|team|restaurant|brand|breed|school)\b|誰|どこ|名前|何という`)
	latestAsk  = regexp.MustCompile(`\b(?:latest|newest|current|currently|now|nowadays|most recent|up to date|these days|still)\b|最新|現在|今は|今の|直近`)
)

// maxQuestion bounds the bytes of a question that are read for its cues.
const maxQuestion = 1024

func readQuestion(text string, now time.Time) question {
	if len(text) > maxQuestion {
		text = text[:maxQuestion]
	}
	s := strings.ToLower(strings.TrimSpace(text))
	q := question{words: map[string]bool{}, text: s, times: periods(text, now)}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !wordRune(r) {
			i += size
			continue
		}
		end := wordEnd(s, i)
		w := s[i:end]
		w = strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s")
		q.words[w] = true
		i = end
	}
	q.stems, q.pairs = readPairs(s)
	for _, stem := range q.stems {
		q.initials[stem[0]] = true
	}
	q.foreign = Foreign(text)
	q.when = whenAsked.MatchString(s)
	q.count = countAsked.MatchString(s)
	q.entity = nameAsked.MatchString(s)
	q.latest = latestAsk.MatchString(s)
	return q
}

// names reports whether the question names a speaker, by the whole name or its first word.
func (q *question) names(speaker string) bool {
	if speaker == "" {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(speaker); r >= 0x2E80 {
		return strings.Contains(q.text, speaker)
	}
	first, _, _ := strings.Cut(speaker, " ")
	return q.words[first]
}

// Foreign reports whether most letters of a text are of scripts that the built-in model was not trained on: its vectors
// say nothing of such a text, and words alone decide.
func Foreign(text string) bool {
	foreign, own := 0, 0
	for _, r := range text {
		switch {
		case r < 0x250: // Latin
			if unicode.IsLetter(r) {
				own++
			}
		case unicode.IsLetter(r):
			foreign++
			if r >= 0x2E80 { // about as much as three letters
				foreign += 2
			}
		}
	}
	return foreign > own
}

// builtinSpace is what the names of the built-in model's vectors begin with.
const builtinSpace = "minilm"

// mute reports whether the vectors of c say nothing of the question.
func (q *question) mute(c *memory.Candidate) bool {
	return q.foreign && strings.HasPrefix(c.Space, builtinSpace)
}
