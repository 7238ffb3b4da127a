package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// ahead looks for a value in front of the cue: "hunter2 is the password", "use hunter2 as the password".
func ahead(text string, n name, c *cue) (match.Match, bool) {
	if n.code || c.class == weak {
		return match.Match{}, false
	}
	if m, ok := remarkAhead(text, n, c); ok {
		return m, true
	}
	if m, ok := commaAhead(text, n, c); ok {
		return m, true
	}
	from := max(0, n.start-reachLink)
	from += strings.LastIndexByte(text[from:n.start], '\n') + 1 // 0 when there is none
	words := strings.Fields(text[from:n.start])
	// Walk back over what describes the cue to the verb that joins it to a value.
	k := len(words) - 1
	for steps := 0; k >= 0 && steps < 6; k, steps = k-1, steps+1 {
		w := strings.ToLower(words[k])
		if joins.Has(w) || k == 1 && dashes.Has(w) {
			break
		}
		if strings.ContainsAny(w, ".,;:!?=") {
			return match.Match{}, false
		}
	}
	for k > 1 && passives.Has(strings.ToLower(words[k-1])) { // "would be used as the password"
		k--
	}
	if k == 1 && dashes.Has(words[1]) {
		return dashed(text, from, n, c, words)
	}
	if k <= 0 || k < len(words)-9 || !joins.Has(strings.ToLower(words[k])) && !passives.Has(strings.ToLower(words[k])) {
		return match.Match{}, false
	}
	if next := strings.Fields(text[n.end:min(len(text), n.end+32)]); len(next) > 0 && meta.Has(strings.ToLower(strings.Trim(next[0], ".,;:"))) { // a password manager
		return match.Match{}, false
	}
	if m, ok := askedAbout(text, from, n, c, words[k:]); ok {
		return m, true
	}
	s := strings.TrimLeft(strings.Trim(words[k-1], "\"'`.,;:()「」"), "*&")
	if q := words[k-1]; quote(q[len(q)-1]) { // a quoted phrase
		upTo := from + strings.LastIndex(text[from:n.start], q) + len(q) - 1
		if open := strings.LastIndexByte(text[from:upTo], q[len(q)-1]); open >= 0 {
			if phrase := text[from+open+1 : upTo]; len(phrase) >= 4 && !(strings.HasSuffix(phrase, "...") && strings.Contains(phrase, " ")) && !(q[len(q)-1] == '`' && strings.Contains(phrase, "(")) && (c.class == password || looksMade(phrase, value.ShapeOf(phrase))) && !value.Placeholder(phrase) && (!describes(firstWord(phrase)) || strings.Count(phrase, " ") >= 2) &&
				(strings.Contains(phrase, " ") || c.class == password && strings.EqualFold(words[k], "as") && holders.Has(strings.ToLower(words[max(0, k-2)])) || strings.Count(phrase, "-") >= 2 && phrased(phrase) || capitals(phrase) && strings.Count(phrase, "-") >= 2 || !value.Reference(phrase) && !(value.Identifier(phrase) && value.ShapeOf(phrase).Digit == 0)) {
				return match.Match{Rule: "en-" + c.kind + "-ahead", Kind: match.Credential, Start: from + open + 1, End: upTo, Confidence: 0.75}, true
			}
			return match.Match{}, false
		}
	}
	sh := value.ShapeOf(s)
	if len(s) < 4 || strings.ContainsAny(s, "()[]") || value.Placeholder(s) || value.Reference(s) || measured(s) || sh.High > 0 {
		return match.Match{}, false
	}
	ok := false
	switch c.class {
	case password:
		ok = sh.Digit > 0 && sh.Lower+sh.Upper > 0 || sh.Digit == sh.Len && sh.Len >= 5 && (strings.EqualFold(words[k], "as") || strings.EqualFold(words[k], "is")) || sh.Other > 0 && sh.Len >= 6 && !value.Identifier(s) && strings.ContainsAny(s, "!@#$%^&*") || strings.Count(s, "-") >= 2 && !describes(s)
	case pin:
		ok = sh.Digit >= 4 && sh.Digit >= sh.Len-2
	case secret:
		ok = sh.Len >= 10 && looksMade(s, sh) || pairHeld(s, c)
	}
	ok = ok || c.class == password && (strings.EqualFold(words[k], "as") || strings.EqualFold(words[k], "is")) && camelWords(s)
	ok = ok || c.class == password && reversed(text, from, n.end, words[:k+1])
	if !ok && c.class == password && k == 1 && strings.EqualFold(words[k], "is") && len(words) > 2 && owners.Has(strings.ToLower(words[2])) && (from == 0 || text[from-1] == '\n') && strings.Trim(text[n.end:min(len(text), n.end+2)], ".! \n") == "" { // clementine is our staging password
		ok = len(s) >= 6 && plain(s) && !describes(s) && !meta.Has(strings.ToLower(s)) && !Manager(s) && !technical(s)
	}
	if !ok && c.class == password && k >= 2 && strings.EqualFold(words[k], "as") && (k+1 == len(words) || owners.Has(strings.ToLower(words[k+1]))) && holders.Has(strings.ToLower(words[k-2])) { // I use pizza as my password for the shop
		ok = plain(s) && !describes(s) && !meta.Has(strings.ToLower(s)) && !Manager(s) && !technical(s)
	}
	if !ok {
		return match.Match{}, false
	}
	start := from + strings.LastIndex(text[from:n.start], s)
	if sh.Lower == 0 && value.Numbered(s) { // PBKDF2 is used to hash the password
		return match.Match{}, false
	}
	if value.Otherwise(text, start, start+len(s)) >= value.Strong && !(c.class == secret && drawn(s) && !standsNear(published, text, from, n.end)) && !(c.class == password && sh.Hex && sh.Digit > 0 && !standsNear(published, text, from, n.end)) { // hexadecimal is a key where it is said to be one
		return match.Match{}, false
	}
	return match.Match{Rule: "en-" + c.kind + "-ahead", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.75}, true
}

// remarkAhead reads a value that a remark in brackets names: "first pet: Blizzard2024 (security answer)", "wifi: Kelpie.31 (password)".
func remarkAhead(text string, n name, c *cue) (match.Match, bool) {
	const longest = 24
	open := n.start
	if i := strings.LastIndexByte(text[max(0, n.start-longest):n.start], '('); i >= 0 { // (the laptop password)
		if at := max(0, n.start-longest) + i + 1; hasAnyPrefix(text[at:n.start], []string{"the ", "my ", "our "}) || at > 0 && n.start > at && lowerWord(strings.TrimRight(text[at:n.start], " ")) {
			open = at
		}
	}
	if open < 8 || text[open-1] != '(' || text[open-2] != ' ' || n.end >= len(text) || text[n.end] != ')' {
		return match.Match{}, false
	}
	from := max(0, open-64)
	body := strings.TrimRight(text[from:open-1], " ")
	inner := strings.TrimRight(body, "\"'`")
	quoted := len(inner) < len(body)
	body = inner
	start := len(body)
	for start > 0 && body[start-1] > ' ' && body[start-1] < 0x80 && !quote(body[start-1]) {
		start--
	}
	s := body[start:]
	lead := strings.TrimRight(body[:start], "\"'` ")
	first := lead == "" && (from+start == 0 || text[from+start-1] == '\n') && c.class == password && (byHand(text, from+start, from+len(body)) || wordsNumbered(s) || tripled(s) || value.Random(s) >= 0.7 && value.ShapeOf(s).Digit > 0 && !value.Identifier(s))
	if !first && !hasAnySuffix(lead, ":", "=", "->", "→", " is", " -") && !saidIt.MatchString(lead) || len(s) < 4 || value.Placeholder(s) || value.Reference(s) && !value.Words(strings.ToLower(s)) || measured(s) || technical(s) || Manager(s) || describes(s) {
		return match.Match{}, false
	}
	sh, ok := value.ShapeOf(s), false
	switch c.class {
	case password:
		ok = first || sh.High == 0 && (sh.Digit > 0 && (sh.Lower+sh.Upper >= 3 && !value.Numbered(s) && !value.Versioned(s) || sh.Digit == sh.Len) || mixedCase(s) || strings.Count(s, "-") >= 1 && !value.Identifier(s) || quoted || saidIt.MatchString(lead))
	case pin:
		ok = sh.Digit >= 4 && sh.Digit >= sh.Len-2
	case secret:
		ok = sh.Len >= 10 && looksMade(s, sh)
	}
	if !ok {
		return match.Match{}, false
	}
	return match.Match{Rule: "en-" + c.kind + "-remark", Kind: match.Credential, Start: from + start, End: from + len(body), Confidence: 0.7}, true
}

// lowerWord reports whether s is one word in small letters: (root password).
func lowerWord(s string) bool { return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == "" }

// saidIt ends in what tells a thing that the sentence has named: "its castle@112 (the password)".
var saidIt = pattern.New(`(?i)(?:^|[ .,])(?:it|mine|ours|his|hers)[’']?s$`)

// saidThen is what is said first and named behind a comma: "it's 'valley scooter', the db password".
var saidThen = pattern.New(`(?i)(?:^|[ ,.])(?:it|that)[’']?s (?:still |now |just )?(?:"([^"\n]{4,40})"|'([^'\n]{4,40})'|` + "`([^`\n]{4,40})`" + `|([^\s,;"'` + "`" + `]{5,40})), (?:the|my|our|your|his|her|their) (?:[a-z0-9-]+ ){0,3}$`)

// commaAhead reads what saidThen describes.
func commaAhead(text string, n name, c *cue) (match.Match, bool) {
	const reach = 96
	from := max(0, n.start-reach)
	from += strings.LastIndexByte(text[from:n.start], '\n') + 1
	if c.class != password || strings.LastIndex(text[from:n.start], ", ") < 0 {
		return match.Match{}, false
	}
	m := saidThen.FindStringSubmatchIndex(text[from:n.start])
	for g := 2; g < len(m); g += 2 {
		if m[g] < 0 {
			continue
		}
		start, end := from+m[g], from+m[g+1]
		s := text[start:end]
		if value.Placeholder(s) || value.Reference(s) || !byHand(text, start, end) && !(g < 8 && (wordsQuoted(s) || value.ShapeOf(s).Digit > 0 || camelWords(s) || capitals(s) && strings.Contains(s, "-"))) {
			continue
		}
		return match.Match{Rule: "en-" + c.kind + "-named", Kind: match.Credential, Start: start, End: end, Confidence: 0.7}, true
	}
	return match.Match{}, false
}

// askedAbout reads a value that a question puts before its cue: "why is spring_wizard3 our password in config.yml?"
func askedAbout(text string, from int, n name, c *cue, words []string) (match.Match, bool) {
	if len(words) < 3 || c.class != password || !owners.Has(strings.ToLower(words[2])) && !strings.EqualFold(words[2], "the") {
		return match.Match{}, false
	}
	s := strings.Trim(words[1], "\"'`")
	start := from + strings.LastIndex(text[from:n.start], s)
	if s == "" || !byHand(text, start, start+len(s)) {
		return match.Match{}, false
	}
	return match.Match{Rule: "en-" + c.kind + "-asked", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.66}, true
}

// camelWords reports whether s is three words or more written together, each with a capital, none of which programs are made of.
func camelWords(s string) bool {
	const shortest = 4
	parts := nameParts(s)
	for _, w := range parts {
		if len(w) < shortest || meta.Has(w) || talk.Has(w) || openNames.Has(w) || suffixed(w) && !notTalk.Has(w) {
			return false
		}
	}
	return len(parts) >= 3 && plain(s) && upper(s[0])
}

// passives stand between a value and what it is used as.
var passives = keyword.NewList(`used to be would will should shall been has`)

// pairHeld reports whether s is an account and its password, before "are the credentials": svc-backup/maple_banana2.
func pairHeld(s string, c *cue) bool {
	i := strings.IndexAny(s, "/:")
	if i < 2 || !strings.HasPrefix(strings.ToLower(c.word), "cred") {
		return false
	}
	user, s := strings.ToLower(s[:i]), s[i+1:]
	sh := value.ShapeOf(s)
	return len(s) >= 4 && !strings.ContainsAny(s, "/:") && !notUsers.Has(user) && !describes(s) && !meta.Has(strings.ToLower(s)) && (sh.Digit > 0 || sh.Upper > 0 || sh.Other > 0 || accounts.Has(user)) && !technical(s) && !measured(s)
}

// reversed reports whether a line is a word, an arrow or an equals sign, and what the word is: "lavender <- wifi password".
func reversed(text string, from, end int, words []string) bool {
	if len(words) != 2 || words[1] != "<-" && words[1] != "=" && words[1] != "←" || from > 0 && text[from-1] != '\n' {
		return false
	}
	rest, _, _ := strings.Cut(text[end:], "\n")
	w := strings.ToLower(words[0])
	return strings.Trim(rest, " .") == "" && len(w) >= 5 && !describes(w) && !meta.Has(w) && !strings.ContainsAny(w, "$%{}[]()._") && !Manager(w) && !technical(w)
}

// dashes part a value from what it is.
var dashes = keyword.NewList(`- – — --`)

// dashed reads a line that begins with what looks made up, a dash and what it is: "walnut@431 - wifi password at home".
func dashed(text string, from int, n name, c *cue, words []string) (match.Match, bool) {
	s := strings.Trim(words[0], "\"'`")
	start, sh := from+strings.Index(text[from:n.start], s), value.ShapeOf(s)
	random := sh.Len >= 8 && sh.Digit > 0 && sh.Upper > 0 && sh.Lower > 0 && value.Random(s) >= 0.7 && !value.Identifier(s)
	if c.class != password || s == "" || from > 0 && text[from-1] != '\n' || !byHand(text, start, start+len(s)) && !mixedWords(s) && !phrased(s) && !random && !wordsNumbered(s) {
		return match.Match{}, false
	}
	if next := strings.Fields(text[n.end:min(len(text), n.end+32)]); len(next) > 0 && meta.Has(strings.ToLower(strings.Trim(next[0], ".,;:"))) {
		return match.Match{}, false
	}
	return match.Match{Rule: "en-" + c.kind + "-dashed", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.66}, true
}

// wordsNumbered reports whether s is two words joined by a mark and a number behind them: badger-pickle-26.
func wordsNumbered(s string) bool { return numberedWords.MatchString(s) }

var numberedWords = pattern.New(`^[A-Za-z]{4,12}[-._][A-Za-z]{4,12}[-._]\d{1,4}$`)

// owners say whose a password is.
var owners = keyword.NewList(`my our his her their`)

// holders say, before a quoted word and "as password", that something has it: prod redis had "please" as password.
var holders = keyword.NewList(`had has have use uses used using with set chose picked took accepts accepted`)

// joins are the words between a value and the cue that follows it.
var joins = keyword.NewList(`that's is was as are = -> <- ← for if when`)
