package personal

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

var (
	unitBehind  = pattern.New(`(?i)^(?:\.\d+)?[ -]?(?:[µμnm]?s\b|ms\b|micro|milli|nano|seconds?\b|minutes?\b|hours?\b|days?\b|weeks?\b|months?\b|years?\b|(?:[kmgt]i?)?b(?:yte|it)?s?\b|[kmg]?hz\b|ohms?\b|%|percent\b|rows?\b|records?\b|lines?\b|entries\b|items?\b|users?\b|people\b|persons?\b|members?\b|customers?\b|patients?\b|voters?\b|ballots?\b|votes?\b|requests?\b|calls?\b|hits?\b|pages?\b|files?\b|times?\b|cycles?\b|steps?\b|samples?\b|tests?\b|tokens?\b|copies\b|units?\b|pieces?\b|per\b|applications?\b|euros?\b|eur\b|usd\b|gbp\b|jpy\b|chf\b|dollars?\b|pounds?\b|yen\b|francs?\b|cents?\b|million|billion|(?:[件円冊人行枚台個回版名歳秒]|ページ|パーセント|バイト|ドル|ユーロ|ミリ秒)(?:[、。,.がはをのにでと）)\s]|$)|[億万])`)
	countBefore = pattern.New(`(?i)(?:\b(?:section|build|release|version|revision|firmware|windows|invoice|migration|batch|lot|position|issue|ticket|order|commit|ref|model|chapter|room|port|pr|pull request|forms?|part (?:no\.?|number)|page|line|allows?|took|takes|reached|reaches|statistics (?:19|20)\d\d|costs?|has|have|had|raised|paid|max(?:imum)?|at (?:most|least)|up to|more than|less than|fewer than|over|about|around|roughly|nearly|almost|(?:rose|fell|grew|dropped|went|increased|decreased|starts?|starting|begins?|counts?|runs?|ranges?) (?:to|at|from|by|up to))|約|合計)[ :#]{0,2}$|[$€£¥]\s?$`)
)

// countedNumber reports whether the number at start counts or measures something, or is the one of a build, an order or a page: "took
// 1234567 ms", "see invoice 20240517".
func countedNumber(text string, start, end int) bool {
	behind, before := text[end:min(len(text), end+24)], text[max(0, start-20):start]
	return unitLike(behind) && unitBehind.MatchString(behind) || countLike(before) && countBefore.MatchString(before)
}

// unitLike reports whether unitBehind may match: what stands behind a number is no blank, no mark and no word other than a unit.
func unitLike(behind string) bool {
	i := 0
	for i < len(behind) && (behind[i] == '.' || digit(behind[i])) {
		i++
	}
	if i < len(behind) && (behind[i] == ' ' || behind[i] == '-') {
		i++
	}
	if i == len(behind) || !letter(behind[i]) {
		return i < len(behind) && (behind[i] >= 0x80 || behind[i] == '%')
	}
	j := i
	for j < len(behind) && letter(behind[j]) {
		j++
	}
	if j < len(behind) && behind[j] >= 0x80 {
		return true
	}
	word := strings.ToLower(behind[i:j])
	if unitWords.Has(word) {
		return true
	}
	for _, begin := range unitBegins {
		if strings.HasPrefix(word, begin) {
			return true
		}
	}
	return false
}

// countLike reports whether countBefore may match: the word before a number is one that it knows.
func countLike(before string) bool {
	t := strings.TrimRight(before, " \t\n:#.")
	if t == "" {
		return false
	}
	if last := t[len(t)-1]; !letter(last) {
		return last >= 0x80 || last == '$' || digit(last) && strings.Contains(strings.ToLower(t), "statistics")
	}
	i := len(t)
	for i > 0 && letter(t[i-1]) {
		i--
	}
	return i > 0 && t[i-1] >= 0x80 || countWords.Has(strings.ToLower(t[i:]))
}

// The words of unitBehind, those that are whole words there and how others begin, and the last words of countBefore.
var (
	unitWords = keyword.NewList(`s ns ms us second seconds minute minutes hour hours day days week weeks month months year years b bs byte bytes bit bits kb kbs kbyte kbytes kbit kbits kib kibs kibyte kibytes kibit kibits
		mb mbs mbyte mbytes mbit mbits mib mibs mibyte mibytes mibit mibits gb gbs gbyte gbytes gbit gbits gib gibs gibyte gibytes gibit gibits tb tbs tbyte tbytes tbit tbits tib tibs tibyte tibytes tibit tibits
		hz khz mhz ghz ohm ohms percent row rows record records line lines entries item items user users people person persons member members customer customers patient patients voter voters ballot ballots vote votes
		request requests call calls hit hits page pages file files time times cycle cycles step steps sample samples test tests token tokens copies unit units piece pieces per application applications euro euros eur usd gbp
		jpy chf dollar dollars pound pounds yen franc francs cent cents`)
	unitBegins = []string{"micro", "milli", "nano", "billion"}
	countWords = keyword.NewList(`section build release version revision firmware windows invoice migration batch lot position issue ticket order commit ref model chapter room port pr pull request form forms no number page line
		allow allows took takes reached reaches cost costs has have had raised paid max maximum most least to than over about around roughly nearly almost at from by`)
)

// none reports whether the number in text[start:end] is no one's by the way it is written or by what stands right around it: it counts
// something, is left blank, is a version, a picture's size or a year, ends a path, or is said to be an example.
func none(text string, start, end int) bool {
	s := text[start:end]
	return countedNumber(text, start, end) || blank(s) || versionShape.MatchString(s) || year(text, start, end) || inPath(text, start) || end-start < len("482910") && issueBefore.MatchString(text[max(0, start-12):start]) || sampleBehind.MatchString(text[end:min(len(text), end+24)])
}

// blank reports whether zeros or the letter X stand for all or many of the characters of a number: X0000000, 000-00-0000, AA000000A,
// XXXXX1234X. Zeros behind one other letter are a number that a validator takes, which it is tested with: T00000000.
func blank(s string) bool {
	if strings.Contains(s, "XXXX") {
		return true
	}
	digits := countDigits(s)
	if digits < 4 || digits != strings.Count(s, "0") {
		return false
	}
	letters := strings.Trim(compact(s), "0")
	return digits > 4 && strings.Trim(letters, "X0") == "" || strings.Count(s, "A") > 1 && strings.Trim(letters, "A0") == ""
}

// issueBefore matches what makes a short number behind it the one of an issue: "fixed by #4821", #4821で対応.
var issueBefore = pattern.New(`(?i)(?:[^\x00-\x7f]|\b(?:in|by|see|via|with|fix(?:es)?|closes|refs?|and) )#$`)

var (
	versionShape = pattern.New(`^(?:[vV]?(?:0|[1-9]\d?)\.(?:0|[1-9]\d?)\.\d{3,8}(?:\.\d{1,6})?|(?:PR|MR|KB|RFC|ISO) \d+|v\d{5,8}|L\d{1,5}(?:-L?\d{1,5})?|\d{3,5}x\d{3,5}|[1-9]\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}:\d{2,5})$`)
	sampleBehind = pattern.New(`(?i)^["'」]? ?[(（](?:example|sample|dummy|fake|placeholder|made up|not real|例|サンプル|ダミー|架空|テスト|仮)`)
)

// year reports whether four digits are a year of a Japanese text: 2025年.
func year(text string, start, end int) bool {
	return end-start == len("2025") && digitsOnly(text[start:end]) && strings.HasPrefix(strings.TrimLeft(text[end:min(len(text), end+4)], " "), "年")
}

// inPath reports whether what stands at start is an element of a path or of an address of the web: /help/482910.
func inPath(text string, start int) bool {
	if start == 0 || text[start-1] != '/' {
		return false
	}
	run := text[max(0, start-64):start]
	run = run[strings.LastIndexAny(run, " \t\n\"'`(")+1:]
	return run[0] == '/' && len(run) > 1 || strings.Contains(run, "://")
}

// ofMany reports whether a name is spoken of as many things: "number of passports", パスポートの発行数.
func ofMany(text string, start, end int) bool {
	for _, s := range []string{"数", "件数", "の件数", "の発行数", "の申請件数", "の枚数", "の数"} {
		if strings.HasPrefix(text[end:], s) {
			return true
		}
	}
	return manyBefore.MatchString(text[max(0, start-30):start])
}

var manyBefore = pattern.New(`(?i)\b(?:number|count|total|amount) of (?:\w+ )?$`)

// skipWord returns where the number in text[start:end] begins, if that is a small word and a space further on: "in 2024", "port 48291".
func skipWord(text string, start, end int) int {
	if loc := smallWord.FindStringIndex(text[start:end]); loc != nil {
		return start + loc[1]
	}
	return start
}

var smallWord = pattern.New(`^(?:in|of|at|to|is|by|on|for|no|and|or|from|was|it|its|as|per|(?i:port|form|pr|page|room|step|line|row)) `)
