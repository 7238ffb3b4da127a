package personal

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// A postal address of any country, where a text says that it is one: a house number before the street or behind it, and a town or a
// code behind a comma.
const (
	numberedStreet = `(?:(?:No\.?|House No\.?|Flat|Unit|Apt\.?|#) ?)?\d{1,5}[A-Za-z]?(?:[-/]\d{1,5}[A-Za-z]?)?,? (?:de |du |la |rue |route |chemin |impasse |quai |place |avenue |boulevard |cours )?[\p{Lu}\p{Lo}][\p{L}\p{M}'’.-]+(?:[ ,]+[\p{L}\p{M}\d'’.#/-]+){1,12}`
	streetNumbered = `[\p{Lu}\p{Lo}][\p{L}\p{M}'’.-]+(?: [\p{L}\p{M}'’.-]+){0,5},? (?:no\.? ?|n[°º] ?|č\.? ?)?\d{1,5} ?[A-Za-z]?(?:[-/]\d{1,5}[A-Za-z]?)?,? [\p{L}\p{M}\d ,.'’/-]{3,60}`
)

var (
	addressBehind = pattern.New(`^(?i:(?: on file| line ?1?)?)['"]?\s?(?i:is|was|are|:|=|：|は|-|of (?:my|the) [a-z]+ (?:is|-|:)|を[^。\n\d]{1,20}。|[a-z_",]{0,20}\n[^,\n]{1,40},)?\s?['"]?(` + numberedStreet + `|` + streetNumbered + `)`)
	addressBefore = pattern.New(`(?:^|[ :,"(])(` + numberedStreet + `|` + streetNumbered + `) (?:is|was) (?:my|his|her|our|their|the [a-z]+'s) (?:new |old |home |postal |mailing |current )?$`)
	isOwned       = pattern.New(` (?:is|was) (?:my|his|her|our|their|the) `) // in what addressBefore matches
	addressLoose  = pattern.New(`^['"]?\s?(?:is|was|:|=|：|は|-|of (?:my|the) [a-z]+ (?:is|-|:)|を[^。\n\d]{1,20}。)?\s?['"]?([^\n"';。]{4,60}\d[^\n"';。]{0,50})`)
	addressWhose  = pattern.New(`(?i)(?:home|residential|permanent|postal|mailing|private|(?:my|his|her|their|customer's|client's|patient's|employee's|user's)) $`)
	notPostal     = pattern.New(`(?i)\d+\.\d+\.|0x|://|@|\d:\d|[{}<>|\\=]|[\p{L}\d]\.[a-z]{2,4}\b|\b(?:must|should|field|line|column|characters?|digits?|required|optional)\b`)
	addressLink   = pattern.New(`^(?i:(?: on file| line ?1?)?)['"]?\s?(?i:is\b|was\b|are\b|:|=|：|は|-|,|of (?:my|the) |を)`)
)

// addressTold finds an address that stands where the word at start, such as "address", says.
func addressTold(text string, start, end int, word string) (match.Match, bool) {
	before, after := text[max(0, start-110):start], text[end:min(len(text), end+130)]
	var loc []int
	at := start - len(before)
	if strings.HasSuffix(before, " ") && isOwned.MatchString(before[max(0, len(before)-64):]) {
		loc = addressBefore.FindStringSubmatchIndex(before)
	}
	if loc == nil {
		if loc, at = addressBehind.FindStringSubmatchIndex(after), end; loc != nil && word == "address" && !addressLink.MatchString(after) && !personNear(before) && !zipUS.MatchString(after) {
			loc = nil
		}
	}
	if loc == nil && word == "address" && addressWhose.MatchString(before) {
		if loc = addressLoose.FindStringSubmatchIndex(after); loc != nil && !notPostal.MatchString(after[loc[2]:loc[3]]) && strings.Count(after[loc[2]:loc[3]], " ") > 1 {
			return match.Match{Rule: "postal-address", Kind: match.Personal, Start: at + loc[2], End: at + loc[3], Confidence: 0.65}, true
		}
		return match.Match{}, false
	}
	if loc == nil {
		return match.Match{}, false
	}
	found := text[at+loc[2] : at+loc[3]]
	if !strings.Contains(found, ",") || countDigits(found) < 1 {
		return match.Match{}, false
	}
	return match.Match{Rule: "postal-address", Kind: match.Personal, Start: at + loc[2], End: at + loc[3], Confidence: 0.7}, true
}
