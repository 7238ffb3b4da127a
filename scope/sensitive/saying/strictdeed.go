package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// told is a word, or words in quotes.
const told = `(?:"([^"\n]{5,48})"|'([^'\n]{5,48})'|` + "`([^`\n]{5,48})`" + `|([^\s"'` + "`" + `,;]{5,60}))`

// strictDeeds are ways of telling a secret that tell much else as well: what is told must look made up by hand.
var strictDeeds = []*pattern.Pattern{
	pattern.New(`(?i)\b(?:unlock|decrypt|open|mount|disarm|sign)\b[^\n.;:]{3,40}?\b(?:key|laptop|disk|drive|door|gate|archive|zip|pdf|excel|file|files|wallet|safe|phone|tablet|backup|backups|container|vault|volume|partition|database|screen|pc|releases?|commits?|tags?)\b[^\n.;:]{0,20}? (?:with|using|by typing|by entering) ` + told),
	pattern.New(`(?i)\b(?:is|are|was|were|been|it's)\b (?:now )?(?:secured|protected|encrypted|locked|guarded|sealed|unlocked|accessed|opened) (?:with|by|using|through) ` + told),
	pattern.New(`\S@[\w.-]+ \(` + told + `\)`),
	pattern.New(`(?i)\b(?:login|logging in|log in|sign-in|access|entry) (?:still )?(?:works|worked|is possible|succeeds) (?:only )?with ` + told),
	pattern.New(`(?i)\b(?:upload|download|log ?in|connect|sign in|authenticate|mount|sync)\b[^\n.;:]{0,30}? (?:with|as|using) [a-z][a-z0-9._-]{1,30}[:/]` + told),
	pattern.New(`(?i)\b(?:log|logged|sign|signed) in (?:to [^\n.;:]{1,24} )?as \S+ (?:using|with) ` + told),
	pattern.New(`(?i)\b(?:using|with) the key ` + told),
	pattern.New(`(?i)\bto (?:enter|get in(?:to)?|access|open|log in(?:to)?|log into|sign in(?:to)?|reach)\b[^\n.;:]{0,40}? (?:you|we|one|they)(?:'ll| will)? needs? ` + told),
	pattern.New(`(?i)\b(?:use|try|take) ` + told + ` (?:for|on|with) (?:the|this|that) (?:zip|archive|pdf|attachment|spreadsheet|document|excel|keychain|wallet|safe)\b`),
	pattern.New(`(?i)\b(?:account|user|login|interface|panel|console|dashboard|page|portal|site|server|service|tenant|machine|box|router|nas|printer|switch|camera|demo|app|database|vault|volume|container|archive|zip|file|kiosk|terminal)\b[^\n.;:]{0,24}? (?:uses|takes|accepts|wants|needs|expects|opens with|unlocks with|starts with) ` + told),
}

// toldWords stand in whatever strictDeeds describe.
var toldWords = keyword.New([]string{"unlock", "decrypt", "open", "mount", "disarm", "sign", "secured ", "protected ", "encrypted ", "locked ", "guarded ", "sealed ", "accessed ", "@", "login", "logging in", "log in", "access", "entry", "upload", "download", "connect", "authenticate", "sync", "logged in", "the key ", "uses ", "takes ", "accepts ", "wants ", "needs ", "expects ", "starts with", "you need ", "we need ", "use ", "try ", "take "})

// toldBehind stand right before what strictDeeds tell.
var toldBehind = []string{"with ", "using ", "typing ", "entering ", "by ", "through ", "as ", "key ", "uses ", "takes ", "accepts ", "wants ", "needs ", "need ", "expects ", "use ", "try ", "take "}

// tellable reports whether a word of line that stands where strictDeeds tell something could be it: it has letters and a digit, two
// hyphens, a quote or a bracket. The patterns run over no other line, since their words are everywhere.
func tellable(line string) bool {
	const longest = len("entering ")
	for at := 0; at < len(line); at++ {
		if at > 0 && !space(line[at-1]) || space(line[at]) {
			continue
		}
		end := at + 1
		for end < len(line) && !space(line[end]) {
			end++
		}
		if madeUp(line[at:end]) && (line[at] == '(' || hasAnySuffix(strings.ToLower(line[max(0, at-longest):at]), toldBehind...)) {
			return true
		}
		at = end
	}
	return false
}

func madeUp(word string) bool {
	letters, digits, hyphens := 0, 0, 0
	for i := 0; i < len(word); i++ {
		switch c := word[i]; {
		case letter(c):
			letters++
		case digit(c):
			digits++
		case c == '-':
			hyphens++
		case quote(c), c == '(':
			return true
		}
	}
	return letters >= 3 && digits > 0 || letters >= 8 && hyphens >= 2
}

// strictly finds what strictDeeds describe. The patterns run once over the lines that hold one of toldWords.
func strictly(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := -1
	toldWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.Start > 0 && letter(text[h.Start]) && letter(text[h.Start-1]) {
			return true
		}
		from, to := lineOf(text, h, 120, 160)
		done = to
		if !tellable(text[from:to]) {
			return true
		}
		if !budget.Spend(6 * (to - from)) {
			return false
		}
		for _, re := range strictDeeds {
			m := re.FindStringSubmatchIndex(text[from:to])
			for g := 2; g < len(m); g += 2 {
				if m[g] < 0 {
					continue
				}
				start := from + m[g]
				if s := strings.TrimRight(text[start:from+m[g+1]], ".?)"); len(s) > 0 && (byHand(text, start, start+len(s)) || g < 8 && (wordsQuoted(s) || camelWords(s))) {
					out = append(out, match.Match{Rule: "en-secret-deed", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.65})
				}
			}
		}
		return true
	})
	return out
}

// wordsQuoted reports whether s is two words to five, none of which talks of secrets.
func wordsQuoted(s string) bool {
	words := strings.Fields(s)
	for _, w := range words {
		if len(w) < 3 || !plain(w) || describes(w) || meta.Has(strings.ToLower(w)) {
			return false
		}
	}
	return len(words) >= 2 && len(words) <= 5
}

// byHand reports whether what stands between start and end is shaped as passwords are and as no term, program or version is.
func byHand(text string, start, end int) bool {
	s, sh := text[start:end], value.ShapeOf(text[start:end])
	worded := sh.Digit > 0 && sh.Digit <= 4 && sh.Lower >= 4 && sh.Upper <= 1 && strings.Trim(s, "0123456789") == strings.TrimRight(s, "0123456789") && sh.Other <= strings.Count(s, "_") && letter(s[0])
	mixed, made := mixedWords(s), (passwordLike(s) || phrased(s) || handDrawn(s) || worded || swapped(s)) && !value.Numbered(s)
	if !mixed && !made { // before the judgements, which take longer
		return false
	}
	doubt := value.Otherwise(text, start, end)
	return mixed && doubt < value.Strong || made && doubt == value.None
}

// swapped reports whether s is a word some of whose letters are digits that look like them, and a number: M0nd4y87.
func swapped(s string) bool {
	const shortest = 4
	word := strings.TrimRight(s, "0123456789")
	if len(word) < shortest || !letter(s[0]) || strings.Trim(word, lettersDigits) != "" || plain(word) || strings.ContainsAny(word, "256789") {
		return false
	}
	return value.Surprise(lookalikes.Replace(word)) < 3.5
}

var lookalikes = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a")
