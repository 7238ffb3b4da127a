package saying

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// Scan returns the secrets that text says. Its cost is linear: each cue looks a bounded way ahead and back.
func Scan(text string) []match.Match { return Look(text, makeup.Of(text)) }

// Look is Scan of a text of which it is known what it is made of.
func Look(text string, made makeup.Makeup) []match.Match { return scan(text, made, gate().In(text)) }

// The bits of gate.
const (
	cueGate = 1 << iota
	connectionGate
	commandGate
	pairGate
	barePairGate
	deedGate
	keyGate
	nearGate
	caseGate
	pieceGate
	signGate
	saidWithGate
	askedGate
	replyGate
	byteGate
	subjectGate
	promptGate
	userGate
	groupGate
	shortGate
	accountGate
	romajiGate
	typedGate
	loginGate
	insertGate
	strictGate
	drawnGate
	entryGate
	spokenGate
)

// gate tells which of the functions below would find a word of theirs.
var gate = sync.OnceValue(func() *keyword.Gate {
	return keyword.NewGate(english().set, connectionWords, commandTable().words, pairWords, barePairWords, deedWords, keyWords, nearCues, caseWords, pieceWords, signs, saidWithWords, askedWords, replyWords, byteWords, subjectWords, promptWords, forUserWords, groupWords, shortWords, accountPairWords, romajiWords, typedForWords, loginWords, insertWords, toldWords, drawnWords, entryWords, spokenWords)
})

// scan is Scan by the functions that have a bit set in in and what made says that they need, and those that begin with no word.
func scan(text string, made makeup.Makeup, in uint64) (out []match.Match) {
	foreign := made.High && hasJapanese(text)
	if in&cueGate != 0 {
		out = scanEnglish(text, english(), nil)
	}
	if foreign {
		out = scanJapanese(text, japanese(), out)
	}
	out = addresses(text, out)
	out = driverAddresses(text, out)
	if in&connectionGate != 0 {
		out = connection(text, out)
	}
	budget := match.NewBudget(len(text))
	for _, f := range []struct {
		gate uint64
		find func(string, []match.Match, *match.Budget) []match.Match
	}{{commandGate, commands}, {pairGate, pairs}, {barePairGate, barePairs}, {deedGate, deeds}, {keyGate, pressed}, {nearGate, nearby}, {askedGate, answers}, {replyGate, replied}, {byteGate, byteKeys}, {subjectGate, subjects}, {promptGate, prompts}, {userGate, forUser}, {groupGate, groupedCodes}, {shortGate, shortLogins}, {accountGate, accountPairs}, {romajiGate, romajiTold}, {typedGate, typedFors}, {loginGate, logins}, {insertGate, inserted}, {strictGate, strictly}, {drawnGate, announced}} {
		if in&f.gate != 0 {
			out = f.find(text, out, &budget)
		}
	}
	if in&spokenGate != 0 || made.Digits >= spokenLeast {
		out = spoken(text, out, &budget)
	}
	if in&caseGate != 0 {
		out = dictated(text, out)
	}
	out = radio(text, out)
	out = listed(text, out)
	out = inlineCodes(text, out)
	out = columns(text, out)
	out = spacedColumns(text, out, &budget)
	out = htmlColumns(text, out, &budget)
	if in&pieceGate != 0 {
		out = pieces(text, out)
	}
	if made.Digits > 0 && made.Marks && made.Longest >= shortestChosen {
		out = chosen(text, out)
	}
	if made.Digits > 0 && made.Longest >= shortestKey {
		out = keyDeed(text, out, &budget)
	}
	out = markedPairs(text, out)
	out = defaults(text, out)
	out = hostPairs(text, out)
	out = ofLine(text, out)
	out = accountAnd(text, out)
	out = quotedPairs(text, out)
	out = hooks(text, out)
	if in&entryGate != 0 {
		out = entries(text, out)
	}
	if in&signGate != 0 {
		out = pictured(text, out)
	}
	if in&saidWithGate != 0 {
		out = phrases(text, out, &budget)
	}
	if foreign {
		out = entered(text, out, &budget)
		out = connecting(text, out, &budget)
		out = dialled(text, out, &budget)
		out = forDeeds(text, out, &budget)
		out = accountEntering(text, out, &budget)
		out = saidPairs(text, out, &budget)
		out = pairsOfLogin(text, out, &budget)
		out = openedJapanese(text, out, &budget)
		out = locked(text, out, &budget)
		out = spokenJapanese(text, out)
		out = lettersSaid(text, out)
		out = quotedDeeds(text, out, &budget)
		out = numbersOpening(text, out, &budget)
	}
	out = passwordFile(text, out)
	if budget.Spent() {
		out = append(out, match.TooDense(len(text)))
	}
	return out
}

// Lexicon is a set of further words for secrets, such as those of one project. It is immutable and safe for concurrent
// use.
type Lexicon struct{ latin, other *lexicon }

// NewLexicon returns the Lexicon of words. What follows them is judged like what follows "password".
func NewLexicon(words []string) *Lexicon {
	x := &Lexicon{latin: &lexicon{}, other: &lexicon{}}
	for _, w := range words {
		if w = strings.TrimSpace(w); w == "" {
			continue
		}
		if !ascii(w) {
			x.other.cues = append(x.other.cues, cue{w, password, "policy"})
			continue
		}
		for _, v := range variants(w) {
			x.latin.cues = append(x.latin.cues, cue{v, password, "policy"})
		}
	}
	x.latin.build()
	x.other.build()
	return x
}

// Scan returns the secrets that text says with the words of x.
func (x *Lexicon) Scan(text string) []match.Match {
	return scanJapanese(text, x.other, scanEnglish(text, x.latin, nil))
}

// mostCues is how many words for secrets a text may hold before it counts as made to be costly.
const mostCues = 4000

// scanEnglish reads what stands after, and before, each cue word.
func scanEnglish(text string, l *lexicon, out []match.Match) []match.Match {
	// Longer cues hold shorter ones ("api key" holds "key"): of hits with the same end the first is the longest.
	lastEnd, cues := -1, 0
	l.set.Each(text, func(h keyword.Hit) bool {
		if h.End == lastEnd {
			return true
		}
		c := &l.cues[h.Word]
		n, ok := nameAt(text, h, c)
		if !ok {
			return true
		}
		lastEnd = h.End
		if cues++; cues > mostCues {
			out = append(out, match.TooDense(len(text)))
			return false
		}
		if m, ok := after(text, n, c); ok {
			out = append(out, m)
		} else if m, ok := comparedAhead(text, n, c); ok {
			out = append(out, m)
		} else if m, ok := ahead(text, n, c); ok {
			out = append(out, m)
		}
		return len(out) < match.Enough
	})
	return out
}

// name is the identifier or word that holds a cue.
type name struct {
	start, end  int  // the identifier
	cueEnd      int  // end of the cue in it
	code        bool // it is more than the bare cue: DB_PASSWORD, githubToken
	quoted      bool // a quote stands right before it
	public      bool // its other words say that it is no secret: publicToken, foreignKey
	quotedValue bool // it is itself a value: type="password"
}

// nameAt finds the identifier around a hit and reports whether the cue is its meaning: "tokenizer", "passenger" and
// "password_policy" are about something else.
func nameAt(text string, h keyword.Hit, c *cue) (name, bool) {
	n := name{start: h.Start, end: h.End, cueEnd: h.End}
	if !ascii(c.word) {
		return n, true
	}
	for n.start > 0 && nameByte(text, n.start-1) && h.Start-n.start < 64 {
		n.start--
	}
	for n.end < len(text) && nameByte(text, n.end) && n.end-h.End < 48 {
		n.end++
	}
	if n.start > 1 && text[n.start-1] == '{' && text[n.start-2] == '$' { // ${NAME:?message}
		return n, false
	}
	if strings.EqualFold(text[n.start:n.end], "passes") || c.word == "combination" && strings.HasPrefix(text[h.End:], " of ") { // verbs, and what is put together
		return n, false
	}
	n.code = n.start < h.Start || n.end > h.End
	for _, w := range nameParts(text[n.start:h.Start]) {
		n.public = n.public || openNames.Has(w)
	}
	if strings.HasPrefix(strings.ToLower(c.word), "key") && h.Start == n.start && value.OpenKey(text[:h.Start]) { // the public key is …
		n.public = true
	}
	if n.start > 0 {
		q := text[n.start-1]
		n.quoted = q == '"' || q == '\'' || q == '`'
		n.quotedValue = n.quoted && n.start > 1 && text[n.start-2] == '='
	}
	if h.Start > 0 && !wordStart(text, h.Start, c) || keeper(text[n.start:n.end]) || n.start > 0 && (text[n.start-1] == '<' || text[n.start-1] == '/') && n.end < len(text) && text[n.end] == '>' && c.word == "code" {
		return n, false
	}
	if dot := strings.LastIndexByte(text[h.End:n.end], '.'); dot >= 0 && sourceFiles.Has(text[h.End+dot+1:n.end]) { // auth-passwd.c
		return n, false
	}
	return n, tail(text[h.End:n.end], c)
}

// sourceFiles end the names of files of source code.
var sourceFiles = keyword.NewList(`c h cc cpp go py rb rs java kt php cs html css adoc rst`)

// openNames are words of a name which say that what it holds may be seen.
var openNames = keyword.NewList(`public pub primary foreign csrf xsrf issuer sort partition partitioning cache event row column bucket keyword`)

// wordStart reports whether the cue at i begins a word: after a border, a change to upper case, or inside a compound
// for the words that compounds are made with.
func wordStart(text string, i int, c *cue) bool {
	prev := text[i-1]
	if !alnum(prev) || lower(prev) && upper(text[i]) {
		return true
	}
	if digit(prev) {
		return len(c.word) > 3
	}
	if c.word == "pass" || c.word == "pw" || c.word == "pwd" {
		from := i
		for from > 0 && lower(text[from-1]) {
			from--
		}
		return passOwners.Has(text[from:i])
	}
	return compound.Has(c.word) && !strings.HasSuffix(strings.ToLower(text[max(0, i-2):i]), "by")
}

// passOwners are what a name says a password is of, with nothing between: dbpass, smtppw, remotepwd.
var passOwners = keyword.NewList(`db database mail smtp imap pop ftp sftp user remote local admin root rpc sql mysql pg postgres mongo redis ldap bind login web wifi wlan mqtt sudo ssh vpn svc app proxy host server account acct jdbc ds rabbit amqp default initial temp`)

// compound are cues that are glued to other words without a border: authtoken, dbpassword, clientsecret.
var compound = keyword.NewList(`password passwd passphrase secret token apikey accesskey secretkey privatekey passwort kennwort credential credentials pwd clientsecret accesstoken authtoken`)

// tail judges the rest of the identifier after the cue.
func tail(rest string, c *cue) bool {
	if rest == "" {
		return true
	}
	if lower(rest[0]) { // the word goes on: only a plural does not change it
		if rest[0] != 's' && rest != "y" || len(rest) > 1 && lower(rest[1]) {
			return false
		}
	}
	for i, w := range nameParts(rest) {
		if meta.Has(w) || i == 0 && w == "key" && c.class == password && !strings.HasSuffix(strings.ToLower(c.word), "key") {
			return false
		}
	}
	return true
}

// nameParts splits an identifier's rest into lower-case words.
func nameParts(s string) []string {
	var out []string
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && alnum(s[i]) && !(i > start && upper(s[i]) && lower(s[i-1])) {
			continue
		}
		if i > start {
			out = append(out, strings.ToLower(s[start:i]))
		}
		if i < len(s) && alnum(s[i]) {
			start = i
		} else {
			start = i + 1
		}
	}
	return out
}

// nameByte reports whether text[i] belongs to an identifier: dots and hyphens do when they join words.
func nameByte(text string, i int) bool {
	c := text[i]
	if alnum(c) || c == '_' || c == '$' {
		return true
	}
	return (c == '-' || c == '.') && i > 0 && i+1 < len(text) && alnum(text[i-1]) && alnum(text[i+1])
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// How far, in bytes, the value may lie from its cue.
const (
	reachLink  = 100 // from the cue to the verb: "the password for the grafana on the new box is"
	reachValue = 512 // length of a value
)

// after looks for a link and a value behind the cue.
func after(text string, n name, c *cue) (match.Match, bool) {
	l, ok := linkAfter(text, n, c)
	if !ok || n.public {
		return match.Match{}, false
	}
	if l.kind == copula {
		l.at = hesitated(text, l.at)
	}
	for tries := 0; tries < 2; tries++ {
		v, ok := valueAt(text, l.at, l, c)
		if !ok {
			return match.Match{}, false
		}
		if conf := judge(text, v, l, n, c); conf > 0 && !value.Public(text, v.start, v.end) {
			return match.Match{Rule: "en-" + c.kind + "-" + l.kind.String(), Kind: match.Credential, Start: v.start, End: v.end, Confidence: conf}, true
		}
		// "password now: x", "token (prod) is x": one filler word may stand between.
		if at, ok := newOne(text, n.end); ok && l.kind == copula && at > l.at && c.class != weak {
			l.at = at
			continue
		}
		if l.kind != direct || !filler.Has(strings.ToLower(text[v.start:v.end])) {
			return match.Match{}, false
		}
		l.at = v.next
	}
	return match.Match{}, false
}

// hesitated steps over what people say while they think, and over adverbs: "the password is uh strawberry", "was I think \"my other
// car\"", "the password's still always Pancakes4".
func hesitated(text string, i int) int {
	for range 2 {
		j := skipSpace(text, i, 4)
		if m := about.FindStringIndex(text[j:min(len(text), j+48)]); m != nil {
			return j + m[1]
		}
		for _, w := range hesitations {
			if hasWord(text, j, w) {
				i = j + len(w)
				if i < len(text) && text[i] == ',' {
					i++
				}
				break
			}
		}
	}
	return i
}

// about says what a secret is before it is told: "the password's the dog: Sir-Barks-a-Lot".
var about = pattern.New(`^(?:the|my|our|his|her|their) [a-z' ]{2,30}: `)

var hesitations = []string{"uh", "um", "er", "erm", "hmm", "oh", "I think", "I believe", "I guess", "you know", "let me see", "something like", "still", "just", "now", "always", "actually", "really", "simply", "again",
	"currently", "apparently", "basically", "probably", "set to", "going to be", "supposed to be"}

var filler = keyword.NewList(`secret key token value now again code number is was : = -> still currently called named new old private public live test prod production staging`)
