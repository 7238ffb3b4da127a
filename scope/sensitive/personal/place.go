package personal

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// era is a date of an era since 1912, in digits or in Chinese numerals: 昭和五十二年四月九日.
const era = `(?:大正|昭和|平成|令和)(?:(?:\d{1,2}|元)年\d{1,2}月\d{1,2}日|[元一二三四五六七八九十〇]{1,3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)`

const months = `(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?`

var (
	birthDate   = pattern.New(`(?i)^[^\d\n]{0,30}?(` + months + ` \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?|\d{4}[./\-年 ]\s?(?:\d{1,2}|[A-Za-z]{3,9})[./\-月 ,]{1,2}\s?\d{1,2}(?:日|\b)|\d{1,2}[./\-年 ]\s?(?:\d{1,2}|[A-Za-z]{3,9})[./\-月 ,]{1,2}\s?(?:\d{4}|\d{2}|\d日)(?:日|\b)|\b[MTSHR]\d{1,2}[./]\d{1,2}[./]\d{1,2}\b|\d{1,2}(?:st|nd|rd|th)? (?:of )?` + months + `,? \d{4}|\d{8}\b|` + era + `|\d{1,2}月\d{1,2}日)`)
	birthBefore = pattern.New(`(?i)(?:^|[^\d./\-])(\d{1,4}[./\-]\d{1,2}[./\-]\d{1,4}|\d{1,2}(?:st|nd|rd|th)? (?:of )?` + months + `,? \d{4}|` + months + ` \d{1,2}(?:st|nd|rd|th)?,? \d{4}) (?:is|was|as|は) (?:(?:my|his|her|their|the|the [a-z]+'s|[a-z]+'s) )?(?:own )?$`)
	birthColumn = pattern.New(`(?i)^['"]?[^\n\d]{0,40}\n[^\n\d]{0,40}?(\d{1,4}[./\-]\d{1,2}[./\-]\d{1,4}|\d{1,2} ` + months + ` \d{4})`)
	birthJP     = pattern.New(`((?:19|20)\d{2}年\d{1,2}月\d{1,2}日|` + era + `|(?:(?:19|20)\d{2}|\b[MTSHR]\d{1,2})[./\-]\d{1,2}[./\-]\d{1,2}|\b(?:19|20)\d{2}[01]\d[0-3]\d) ?(?:に)?$`)
	streetUS    = pattern.New(`\b\d{1,5}[A-Za-z]? (?:[NSEW]\.? )?[A-Z][A-Za-z'.]+(?: [A-Z][A-Za-z'.]+){0,3} $`)
	zipUS       = pattern.New(`^[^\n]{0,50}\b[A-Z]{2},? \d{5}(?:-\d{4})?\b`)
	postUK      = pattern.New(`\b[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}\b`)
	streetEU    = pattern.New(`\b(?:\p{Lu}[\p{L}\-]*(?:straße|strasse|str\.|weg|platz|gasse|allee|gatan|vägen|gata|väg|straat|laan|plein|gracht|kade|dijk|singel|gade|vej|veien|katu|utca)|(?:Rue|Avenue|Boulevard|Via|Calle|Plaza|Piazza|Corso|Rua) [\p{L}' ]{2,40}?),? \d{1,4}[a-z]?\b|\b\d{1,4}(?: bis)?,? (?i:rue|avenue|boulevard|place|chemin|impasse|allée|quai|cours) [\p{L}' ]{2,40}`)
	postEU      = pattern.New(`(?:straße|strasse|str\.|weg|platz|gasse|allee|gatan|vägen|straat|laan|plein|gracht|kade|dijk|singel|gade|vej|veien|katu|utca),? \d{1,4} ?[A-Za-z]?,\s+(?:[A-Z]{1,2}-)?\d{2,5}(?:[ -]\d{2,3})?(?: [A-Z]{2})? \p{Lu}\p{L}+`)
	cityJP      = pattern.New(`[^\s、。,]{0,12}?[市区町村郡][^\s、。,]{0,24}?[ 　]?\d{1,4}(?:丁目|番地?|号|-\d{1,4})[^\s、。,]{0,12}`)
	cityBefore  = pattern.New(`\p{Han}{1,6}[市区町村郡][^\s、。,]{0,24}?[ 　]?\d{1,4}(?:丁目|番地?|号|-\d{1,4})[^、。,\n]{0,24}$`)
	postJP      = pattern.New(`^\s?\d{3}-?\d{4}`)
	ipv4        = pattern.New(`\b(?:\d{1,3}\.){3}\d{1,3}\b`)
	ipv6        = pattern.New(`(?i)\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]{1,20}\b`)
	macAddr     = pattern.New(`(?i)\b(?:(?:[0-9a-f]{2}[:\-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})\b`)
)

// placeKind groups the words that dates of birth and addresses are found by.
type placeKind uint8

const (
	birthWord placeKind = iota
	bornBefore
	streetWord
	homeWord
	prefectureWord
	homeBefore
	postMark
	networkWord
	euStreet
)

type placeLexicon struct {
	set   *keyword.Set
	kinds []placeKind
}

var placeTable = sync.OnceValue(func() (t placeLexicon) {
	var words []string
	for kind, list := range map[placeKind]string{
		birthWord:      "b.|born on|born|birth date|birthdate|date of birth|d.o.b|dob|birthday|geburtsdatum|geboren|né le|née le|fecha de nacimiento|fecha nacimiento|data di nascita|date de naissance|naissance|geburtstag|geb. am|geb.|nacido el|nacida el|nato il|nata il|data de nascimento|nascimento|data urodzenia|urodzony|urodzona|doğum tarihi|doğum|дата рождения|дата народження|родился|родилась|geboortedatum|fødselsdato|fødselsdag|födelsedatum|född|syntymäaika|születési dátum|született|ngày sinh|tanggal lahir|datum narození|dátum narodenia|datum rođenja|data nașterii|ημερομηνία γέννησης|תאריך לידה|تاريخ الميلاد|วันเกิด|जन्म तिथि|birth day|date of my birth|day of birth|d.o.b.|出生年月日|生日|お誕生日|생일|生年月日|誕生日|出生日期|생년월일",
		bornBefore:     "生まれ|日生",
		streetWord:     "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Terrace|Square|Parkway|Pkwy|Circle|Cir|Close|Crescent|Gardens|Grove|Mews|Walk|Hill|Rise|Row|Green|View|Loop|Trail|Brae|Bank|Cottages|Cottage|Villas|Wharf|Quay|Parade|Meadow|Orchard|Fields|Yard|Esplanade|Promenade|Heights",
		homeWord:       "address|lives at|lives in|live at|living at|home|residence|resides|mail to|mailing|ship to|ship it to|send it to|send the parcel to|parcel to|package to|letter to|send this to|shipping|deliver|postcode|post code|postal code|billing|the house|her flat|his flat|my flat|spare key|moved to|move to|is now at|moved, ok|has moved|apartment|apt|wohnt|adresse|anschrift|dirección|indirizzo|habite|vive en",
		prefectureWord: "東京都|北海道|京都府|大阪府|県|住所|宛先|自宅|住まい|お住い|居住|転居|引っ越した|引っ越し先|引越先|送り先|届け先|実家",
		homeBefore:     "に住んで|に在住|在住|に住む|に引っ越|へ引っ越|に転居|が自宅|が実家",
		postMark:       "〒",
		euStreet:       "straße|strasse|str.|weg|platz|gasse|allee|gatan|vägen|straat|laan|plein|gracht|kade|dijk|singel|gade|vej|veien|katu|utca",
		networkWord:    "ip address|ipv6 address|ip is|mac address|mac:|mac is|hardware address|physical address|his ip|her ip|home ip|user ip|customer ip|client ip",
	} {
		for _, w := range strings.Split(list, "|") {
			words = append(words, fold(w).text)
			t.kinds = append(t.kinds, kind)
		}
	}
	t.set = keyword.New(words)
	return t
})

// places finds dates of birth, postal addresses, and network addresses that are said to be a person's.
func places(text string, names folded, out []match.Match) []match.Match {
	budget := match.NewBudget(len(text))
	done := [euStreet + 1]int{}
	placeTable().set.Each(names.text, func(h keyword.Hit) bool {
		kind := placeTable().kinds[h.Word]
		if kind != euStreet && !wholeWord(names.text, h) {
			return true
		}
		word := names.text[h.Start:h.End]
		if h.Start, h.End = names.original(h.Start), names.original(h.End); h.Start < done[kind] {
			return true
		}
		before, after := text[max(0, h.Start-90):h.Start], text[h.End:min(len(text), h.End+110)]
		if !hasDigit(before) && !hasDigit(after) && !((kind == birthWord || kind == bornBefore) && (strings.Contains(before, "年") || strings.Contains(after, "年"))) || kind == euStreet && !numberNext(after) {
			return true
		}
		if !budget.Spend(placeCosts[kind] * (len(before) + len(after))) {
			return false
		}
		if m, ok := placeAt(text, kind, h, word, before, after); ok {
			done[kind] = m.End
			out = append(out, m)
		}
		return true
	})
	if budget.Spent() {
		out = append(out, match.TooDense(len(text)))
	}
	return out
}

func placeAt(text string, kind placeKind, h keyword.Hit, word, before, after string) (match.Match, bool) {
	behind := func(rule string, loc []int, conf float64) (match.Match, bool) {
		if loc == nil {
			return match.Match{}, false
		}
		n := len(loc)
		return match.Match{Rule: rule, Kind: match.Personal, Start: h.End + loc[n-2], End: h.End + loc[n-1], Confidence: conf}, true
	}
	switch kind {
	case birthWord:
		if strings.HasPrefix(after, "-") && word == "born" || notBirth.MatchString(after) {
			return match.Match{}, false
		}
		if word == "b." && (after == "" || after[0] != ' ' || len(after) < 8 || !digit(after[1])) {
			return match.Match{}, false
		}
		if loc := birthDate.FindStringSubmatchIndex(after); loc != nil && !history(after[loc[2]:loc[3]]) {
			return behind("date-of-birth", loc, 0.85)
		}
		if loc := birthBefore.FindStringSubmatchIndex(before); loc != nil && !history(before[loc[2]:loc[3]]) {
			from := h.Start - len(before)
			return match.Match{Rule: "date-of-birth", Kind: match.Personal, Start: from + loc[2], End: from + loc[3], Confidence: 0.85}, true
		}
		if loc := birthColumn.FindStringSubmatchIndex(after); loc != nil && keyLike(text, h.Start, h.End) {
			return behind("date-of-birth", loc, 0.75)
		}
	case bornBefore:
		if strings.HasPrefix(text[h.Start:], "日") {
			if r, _ := utf8.DecodeRuneInString(after); unicode.Is(unicode.Han, r) { // 12月1日生産
				return match.Match{}, false
			}
			before, h.Start = before+"日", h.Start+len("日")
		}
		if loc := birthJP.FindStringSubmatchIndex(before); loc != nil && !history(before[loc[2]:loc[3]]) {
			from := h.Start - len(before)
			return match.Match{Rule: "date-of-birth", Kind: match.Personal, Start: from + loc[2], End: from + loc[3], Confidence: 0.85}, true
		}
	case streetWord:
		loc := streetUS.FindStringIndex(before)
		if loc != nil && office.MatchString(before[:loc[0]]) {
			return match.Match{}, false
		}
		if loc == nil || !homeNear(text[max(0, h.Start-120):h.Start]) && !homeNear(after) && !someone.Contains(text[max(0, h.Start-160):h.Start]) && !zipUS.MatchString(after) {
			return match.Match{}, false
		}
		return match.Match{Rule: "postal-address", Kind: match.Personal, Start: h.Start - len(before) + loc[0], End: h.End, Confidence: 0.75}, true
	case homeWord:
		if postLike(after) {
			if m, ok := behind("postal-address", postUK.FindStringIndex(after), 0.75); ok && !codeOfAll(word, before, after) {
				return m, ok
			}
		}
		if streetWordsEU.Contains(after) {
			if m, ok := behind("postal-address", streetEU.FindStringIndex(after), 0.75); ok {
				return m, ok
			}
		}
		return addressTold(text, h.Start, h.End, word)
	case euStreet:
		loc := postEU.FindStringIndex(text[h.Start:min(len(text), h.End+60)])
		if loc == nil || loc[0] != 0 {
			return match.Match{}, false
		}
		return match.Match{Rule: "postal-address", Kind: match.Personal, Start: h.Start, End: h.Start + loc[1], Confidence: 0.75}, true
	case homeBefore:
		loc := cityBefore.FindStringIndex(before)
		if loc == nil {
			return match.Match{}, false
		}
		return match.Match{Rule: "postal-address", Kind: match.Personal, Start: h.Start - len(before) + loc[0], End: h.Start, Confidence: 0.75}, true
	case prefectureWord:
		m, ok := behind("postal-address", cityJP.FindStringIndex(after), 0.75)
		return m, ok && !seat.Contains(before) && !strings.ContainsAny(text[m.Start:m.End], "○〇◯△□×●■")
	case postMark:
		m, ok := behind("postal-address", postJP.FindStringIndex(after), 0.8)
		return m, ok && !blank(text[m.Start:m.End])
	case networkWord:
		switch strings.ToLower(word) {
		case "mac address", "mac:", "mac is", "hardware address", "physical address":
			return behind("mac-address", macAddr.FindStringIndex(after), 0.6)
		}
		if !personNear(before) && !strings.HasPrefix(word, "his ") && !strings.HasPrefix(word, "her ") && !strings.HasPrefix(strings.ToLower(word), "customer ") {
			return match.Match{}, false
		}
		for _, re := range []*pattern.Pattern{ipv4, ipv6} {
			if m, ok := behind("ip-address", re.FindStringIndex(after), 0.7); ok && !everyones(text[m.Start:m.End]) {
				return m, ok
			}
		}
		return behind("mac-address", macAddr.FindStringIndex(after), 0.7)
	}
	return match.Match{}, false
}

// placeCosts are how often the patterns of a kind read what stands around its word.
var placeCosts = [...]int{birthWord: 3, bornBefore: 1, streetWord: 1, homeWord: 2, prefectureWord: 1, homeBefore: 1, postMark: 1, networkWord: 2, euStreet: 1}

// postLike reports whether a capital stands before a digit, or one of two, as in the codes that postUK matches.
func postLike(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' && (digit(s[i+1]) || digit(s[i+2])) {
			return true
		}
	}
	return false
}

// streetWordsEU are the words of which streetEU needs one.
var streetWordsEU = keyword.New([]string{"straße", "strasse", "str.", "weg", "platz", "gasse", "allee", "gatan", "vägen", "gata", "väg", "straat", "laan", "plein", "gracht", "kade", "dijk", "singel", "gade", "vej", "veien", "katu", "utca",
	"rue", "avenue", "boulevard", "via", "calle", "plaza", "piazza", "corso", "rua", "place", "chemin", "impasse", "allée", "quai", "cours"})

// notBirth matches what stands behind a word for a birth where the date that follows is a bound, or is what stands for an unknown one.
var notBirth = pattern.New(`(?i)^['"]?(?: [a-z']+){0,4}? (?:before|after|since|until|than|defaults?)\b|^[^\n\d]{0,12}\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?(?:以前|以降|以後|より前|より後|までの|を既定|をデフォルト|をダミー)|^[^\n\d]{0,16}(?:1970[-/.]01[-/.]01|01[-/.]01[-/.]1970|9999[-/.]12[-/.]31)`)

// codeOfAll reports whether a text with the word for the code of a place speaks of what everybody has, and of no one's home.
func codeOfAll(word, before, after string) bool {
	return strings.HasPrefix(word, "post") && !personNear(before) && (strings.HasPrefix(after, "s ") || codeTalk.Contains(strings.ToLower(before+after)))
}

// codeTalk are words of texts about such codes.
var codeTalk = keyword.New([]string{"default", "example", "sample", "test", "lookup", "look-up", "supported", "coverage", "region", "validat", "format", "regex", "returns", "placeholder", "parse", "api"})

// seat are words that make an address behind them the one of a company.
var seat = keyword.New([]string{"株式会社", "有限会社", "合同会社", "(株)", "（株）", "本社", "支社", "営業所", "本店", "所在地", "会場", "店舗", "事務所"})

// office is what stands before the address of a company or another body: Free Software Foundation, Inc., 51 Franklin Street.
var office = pattern.New(`(?:Inc|Ltd|LLC|GmbH|Corp|Corporation|Foundation|University|Institute|Laboratory|Department|Company|Co)\.?,?\s+(?:[*#/]+\s+)?$`)

// numberNext reports whether a house number follows.
func numberNext(after string) bool {
	after = strings.TrimLeft(after, ", ")
	return after != "" && digit(after[0])
}

// homeNear reports whether part holds a word such as "address".
func homeNear(part string) bool {
	found := false
	part = fold(part).text
	placeTable().set.Each(part, func(h keyword.Hit) bool {
		found = placeTable().kinds[h.Word] == homeWord && wholeWord(part, h)
		return !found
	})
	return found
}

// someone are words that make an address behind them the one of a person.
var someone = keyword.New([]string{"Mr ", "Mr. ", "Mrs ", "Mrs. ", "Ms ", "Ms. ", "Miss ", "(living)", "aged ", " daughter ", " son ", " mother ", " father ", " wife ", " husband ", "drop her", "drop him", "placement", " tenant ", " patient ", " b. 19", " b. 20"})

var possessives = keyword.New([]string{"my ", "his ", "her ", "their ", "home", "customer", "client", "user", "visitor", "patient", "employee", "applicant", "member", "tenant"})

func personNear(before string) bool { return possessives.Contains(before[max(0, len(before)-24):]) }

// oldest is the year of birth from which a person may be alive.
const oldest = 1912

// history reports whether a date of birth lies so far back that it is in every encyclopedia.
func history(date string) bool {
	for i := 0; i+4 <= len(date); i++ {
		if (i == 0 || !digit(date[i-1])) && (i+4 == len(date) || !digit(date[i+4])) {
			if y, err := strconv.Atoi(date[i : i+4]); err == nil && y > 999 {
				return y < oldest
			}
		}
	}
	return false
}

// everyones reports whether an address belongs to no one: the unspecified one, loopback, or of a network that every house has.
func everyones(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && (a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast())
}
