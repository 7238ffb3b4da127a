package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// answered reads the word that alone follows the question that a cue stands in: "Which password does ops have? Dragon-velvet-falcon".
func answered(text string, i int) (int, bool) {
	const reach = 60
	line, _, _ := strings.Cut(text[i:min(len(text), i+reach)], "\n")
	q := strings.IndexAny(line, ".!?;:")
	if q < 1 || line[q] != '?' || q+2 >= len(line) || line[q+1] != ' ' || i == 0 || text[i-1] != ' ' {
		return i, false
	}
	answer := line[q+2:]
	for _, w := range []string{" I think", " I guess", " I believe", " maybe", " iirc", " probably", " again"} {
		answer = strings.TrimSuffix(answer, w)
	}
	return i + q + 2, (quote(answer[0]) || !strings.Contains(strings.TrimRight(answer, " "), " ")) && len(line) < reach
}

// filledIn reads what a test writes into a field that it has found by its name: (By.ID, "password").send_keys("…").
func filledIn(text string, i int) (int, bool) {
	if i == 0 || text[i-1] != ')' {
		return i, false
	}
	for _, call := range []string{".send_keys(", ".sendKeys(", ".fill(", ".type(", ".clear().type(", ".setValue(", ".fill_in("} {
		if strings.HasPrefix(text[i:], call) {
			at := i + len(call)
			return at, at < len(text) && quote(text[at])
		}
	}
	return i, false
}

// changedFrom reads what a secret is now behind what it was: "password changed from moonlight to dolphin".
func changedFrom(text string, i int) (int, bool) {
	const longest = 40
	for _, w := range []string{"changed from ", "was changed from ", "has been changed from ", "rotated from ", "updated from ", "reset from ", "from "} {
		if !strings.HasPrefix(text[i:], w) {
			continue
		}
		at := i + len(w)
		end := strings.Index(text[at:min(len(text), at+longest)], " to ")
		return at + end + len(" to "), end > 0 && !strings.ContainsAny(text[at:at+end], " \n.:=(") && (len(w) > len("from ") || changing.Contains(strings.ToLower(text[max(0, i-60):i])))
	}
	return i, false
}

// changing says that something is made another.
var changing = keyword.New([]string{"change", "revert", "rotate", "switch", "reset", "update", "set"})

// ones say, in the next clause or sentence, what has taken the place of a secret.
var ones = []string{"the new one is ", "the new one's ", "the current one is ", "the right one is ", "the correct one is ", "the one that works is ", "here is the new one: ", "here's the new one: ", "the new one: "}

// newOne reads "the token is stale; the new one is 5f8c…".
func newOne(text string, i int) (int, bool) {
	const reach = 120
	part := strings.ToLower(text[i:min(len(text), i+reach)])
	for _, w := range ones {
		if k := strings.Index(part, w); k > 1 && len(part) == len(text[i:min(len(text), i+reach)]) && part[k-1] == ' ' && strings.IndexByte(".,;-", part[k-2]) >= 0 {
			return i + k + len(w), true
		}
	}
	return i, false
}

// decided reads what one chose where a password was asked for: "the installer wanted a password so I chose kelp!9".
var decided = pattern.New(`^,? (?:so|and) (?:i|we|she|he|they) (?:then |just |simply )?(?:chose|picked|used|took|typed|entered|set|gave it|went with|made up) `)

// usual reads a secret that has not changed: "same password as always, Kelp!9".
func usual(text string, i int) (int, bool) {
	for _, w := range []string{"as always", "as usual", "as ever", "as before", "as last time", "as everywhere"} {
		if hasWord(text, i, w) && i+len(w)+2 < len(text) && strings.IndexByte(",:", text[i+len(w)]) >= 0 && text[i+len(w)+1] == ' ' {
			return i + len(w) + 2, true
		}
	}
	return i, false
}

// apposed reads a value between commas behind its cue, and what has become of it: "A new password, Ginger_2, has been assigned".
func apposed(text string, i int) (int, bool) {
	const longest = 64
	if text[i] != ',' || i+2 >= len(text) || text[i+1] != ' ' {
		return i, false
	}
	s, rest, ok := strings.Cut(text[i+2:min(len(text), i+longest)], ", ")
	sh := value.ShapeOf(s)
	made := sh.Digit > 0 && sh.Lower+sh.Upper >= 3 || mixedWords(s) || quote(s[0])
	return i + 2, ok && made && !strings.Contains(s, " ") && hasAnyPrefix(rest, []string{"has", "was", "is", "had", "which", "will"})
}

// titleEnds is what may end a title behind a cue: what it is for, marks.
var titleEnds = pattern.New(`^(?: (?:for|of|on) [\w .-]{1,30})?[ *:\r]*$`)

// follows says that what the cue names comes next: "password is below", "token as follows, please keep it:".
var follows = pattern.New(`^(?: (?:for|of|on|to) [\w .-]{1,30}?)?(?: (?:is|are|comes|goes|stands|follows|attached|given|pasted))?(?: (?:below|as follows|underneath|on the next line|in the next line|following|next))?(?:[,;.] ?[a-zA-Z' ]{0,40})?[ *:\r]*$`)

// comes are the words of which one says so.
var comes = keyword.New([]string{"below", "follow", "underneath", "next line"})

// announcesNext reports whether the rest of a line says that the value stands on the next one.
func announcesNext(rest string) bool {
	return comes.Contains(strings.ToLower(rest)) && follows.MatchString(rest)
}

// below reads a value that stands alone under a title which ends in its cue: "# Admin password", a blank line, "Pepper-Phoenix-lantern".
func below(text string, n name) (int, bool) {
	const longest, most = 60, 6
	rest := text[n.end:min(len(text), n.end+longest)]
	end := strings.IndexByte(rest, '\n')
	if end < 0 || n.code || !titleEnds.MatchString(rest[:end]) && !announcesNext(rest[:end]) {
		return 0, false
	}
	const widest = 400
	from := max(0, n.start-widest)
	nl := strings.LastIndexByte(text[from:n.start], '\n')
	if nl < 0 && from > 0 { // no title is so long
		return 0, false
	}
	title := text[from+nl+1 : n.start]
	at := skipSpace(text, n.end+end, 16)
	if at >= len(text) {
		return 0, false
	}
	line, _, _ := strings.Cut(text[at:min(len(text), at+longest)], "\n")
	s := strings.Trim(line, " \r`")
	sh := value.ShapeOf(s)
	whole := title == text[:n.start] && strings.TrimSpace(text[at:]) == s && plain(s) && !describes(s) && !meta.Has(strings.ToLower(s)) && !strings.EqualFold(s, "login")
	made := sh.Digit > 0 || strings.Count(s, "-") >= 2 || sh.Other > 0 && sh.Upper > 0 || whole
	return at, made && len(strings.Fields(title)) < most && !strings.ContainsAny(title, ".,;:=(\"'{") && len(s) >= 5 && !strings.ContainsAny(s, " \"'{}()<>|:=[]/") && s[0] != '-' && s[0] != '#'
}

// saidOf reports whether what stands at i says what belongs to the one before it, and nothing follows: "the pass for root's Kelp_41".
func saidOf(text string, i int) bool {
	const longest = 40
	if !strings.HasPrefix(text[i:], "'s ") {
		return false
	}
	at := i + len("'s ")
	line, _, _ := strings.Cut(text[at:min(len(text), at+longest)], "\n")
	s := strings.TrimRight(line, " .,")
	return s != "" && !strings.Contains(s, " ") && byHand(text, at, at+len(s))
}
