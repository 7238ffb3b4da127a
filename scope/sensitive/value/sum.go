package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// Checksum reports whether the hexadecimal digits between start and end of text are said to be the checksum of a file or of
// another thing that is kept whole, whatever secrets lie in that thing: "md5sum of keys.tar: 9f8e…". The hash of a password, which
// can be searched for, is none, nor is the key of a hash.
func Checksum(text string, start, end int) bool {
	s := text[start:end]
	switch len(s) {
	case 32, 40, 56, 64, 96, 128:
	default:
		return false
	}
	if !Digest(s) {
		return false
	}
	before := lineBefore(text, start)
	if sumWords.Contains(before) && (sumOfThing.MatchString(before) || sumBehindThing.MatchString(before)) {
		return true
	}
	if !ascii(before) && sumJapanese.MatchString(before) {
		return true
	}
	return strings.Trim(before, " \t-*>`'\"") == "" && sumAhead.MatchString(text[end:min(len(text), end+sumReach)])
}

// Commit reports whether the hexadecimal digits between start and end of text are told of as a commit: what broke, mended or
// brought in something, or what something is in. What is used to log in, to open or to call something is none.
func Commit(text string, start, end int) bool {
	s := text[start:end]
	if len(s) != 40 && (len(s) < 7 || len(s) > 12) || !Digest(s) {
		return false
	}
	before := lineBefore(text, start)
	led := leads.Has(lastWord(before))
	if led && doneIn.MatchString(before) || (led || strings.HasSuffix(strings.TrimRight(before, " `'\""), ":")) && commitWords.Contains(before) && commitWhich.MatchString(before) {
		return true
	}
	japanese := !ascii(before)
	if japanese && commitWordsJapanese.Contains(before) && commitJapanese.MatchString(before) {
		return true
	}
	after := text[end:min(len(text), end+sumReach)]
	if opensSentence(before) && (commitDid.MatchString(after) || commitDidJapanese.MatchString(after)) {
		return true
	}
	return japanese && mendedJapanese.MatchString(after) && bugJapanese.MatchString(before)
}

// A text may hold thousands of digests, so that most are turned away by the last word before them, and few by the patterns.
var (
	sumWords = keyword.New([]string{"md5", "sha", "blake", "xxh", "sum", "digest", "hash"})

	// leads are the words right before a commit by which the patterns know it.
	leads               = keyword.NewList(`in by since from after of to says shows at found commit revision changeset rev sha revert reverts reverted picked cherrypicked bisected is was were be`)
	commitWords         = keyword.New([]string{"commit", "revision", "changeset", "merge", "patch", "change"})
	commitWordsJapanese = keyword.New([]string{"コミット", "リビジョン", "チェンジセット"})
)

// lastWord returns the letters that before ends in, in small letters, but for the marks that may stand between a word and a digest.
func lastWord(before string) string {
	t := strings.TrimRight(before, " \t:`'\"(")
	i := len(t)
	for i > 0 && isLetter(t[i-1]) {
		i--
	}
	const longest = 16
	if len(t)-i > longest {
		return ""
	}
	return strings.ToLower(t[i:])
}

// sumReach is how far, in bytes, the line around hexadecimal digits is read for what they are.
const sumReach = 160

// lineBefore returns what stands before start on its line, within sumReach.
func lineBefore(text string, start int) string {
	s := text[max(0, start-sumReach):start]
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// opensSentence reports whether before, which stands on the line of a word, makes that word the first of a sentence or of an item.
func opensSentence(before string) bool {
	t := strings.TrimRight(before, " \t`'\"*(")
	if t == "" || strings.Trim(t, " \t-*") == "" {
		return true
	}
	for _, end := range []string{".", ";", "!", "。", "、", "・", "：", "commit", "revision", "コミット", "リビジョン"} {
		if strings.HasSuffix(t, end) {
			return true
		}
	}
	return false
}

// Parts of the patterns: a sum, a thing that has one, and what joins a sum to its digits.
const (
	sumWord  = "(?:(?:md5|sha-?(?:1|2|3|224|256|384|512)(?:[-/](?:224|256|384|512))?|blake[23][bs]?|xxh\\d*)(?:[- ]?(?:sums?|hash|digest|checksum|value))?|check-?sum|digest|hash|content hash|file hash)"
	sumThing = "(?:[\\w./-]*\\w\\.[a-z][a-z0-9]{0,9}|[\\w./ -]*\\b(?:files?|lists?|archives?|backups?|bundles?|tarballs?|zips?|images?|isos?|dumps?|binar(?:y|ies)|installers?|packages?|releases?|artifacts?|artefacts?|downloads?|databases?|documents?|layers?|manifests?|firmware|wheels?|jars?|pdfs?|exports?|snapshots?|keystores?|keyrings?|wordlists?|scripts?|executables?|chart|blobs?))"
	sumLink  = "[`'\")]?\\s*(?:is|was|are|equals|=|:|->|=>|→|-)?:?\\s*[`'\"]?$"
)

var (
	sumOfThing     = pattern.New("(?i)\\b" + sumWord + "\\s+(?:of|for|on)\\s+(?:(?:the|our|my|your|this|that|a|an)\\s+)?[`'\"]?" + sumThing + sumLink)
	sumBehindThing = pattern.New("(?i)(?:^|[\\s(`'\"])(?:" + sumWord + "\\s+[`'\"]?" + sumFile + "|" + sumFile + "[`'\"]?(?:'s)?\\s+" + sumWord + ")" + sumLink)
	sumJapanese    = pattern.New("(?i)(?:ファイル|アーカイブ|バックアップ|リスト|一覧|イメージ|パッケージ|ダンプ|インストーラー?|バイナリ|バンドル|データベース|ドキュメント|成果物|\\.[a-z0-9]{1,9})[`'\"」]?\\s*の\\s*(?:(?:md5|sha-?\\d{1,3})\\s*)?(?:チェックサム|ハッシュ値?|ダイジェスト|md5|sha-?\\d{1,3})(?:sum|値|の値)?\\s*(?:は|が|：|:|=|→)?\\s*[`'\"「]?$")
	sumAhead       = pattern.New("(?i)^(?:[`'\"]?\\s+(?:is|was)\\s+the\\s+" + sumWord + "\\s+(?:of|for)\\s+(?:(?:the|our|my|this|that|a|an)\\s+)?[`'\"]?" + sumThing + "[`'\"]?\\s*(?:[.,;)\\n]|$)|\\s{1,2}\\*?" + sumFile + "\\s*(?:\\n|$))")
)

// sumFile is the name of a file with an ending.
const sumFile = "[\\w./-]*\\w\\.[a-z][a-z0-9]{0,9}"

// Parts of the patterns: what a commit does, or was done in one.
const (
	didVerb  = "(?:broke|breaks|fixed|fixes|introduced|introduces|reverted|reverts|regressed|regresses|caused|causes|mended|repaired|resolved|resolves|added|adds|removed|removes)"
	doneVerb = "(?:fixed|broken|introduced|reverted|regressed|caused|mended|resolved|repaired|addressed|landed|merged|added|removed|dropped|cherry-?picked|backported|corrected|implemented|refactored|bisected)"
)

var (
	doneIn            = pattern.New("(?i)(?:\\b" + doneVerb + "(?: again| upstream| as of)? (?:in|by|since|from)|\\bregress(?:ion|ions|ed) (?:in|since|from|after|of)|\\bbisect(?:ed|s|ing)? (?:says|to|shows|points (?:at|to)|found)|\\b(?:reverts?|reverted|reverting|cherry-?pick(?:ed|s)?|backports? of|follow-?up (?:to|of)|since|before|until|as of) (?:commit|revision|changeset)|^(?:reverts?|reverted|cherry-?picked|bisected)(?: to)?)(?: (?:commit|revision|rev|changeset|sha))?:? [`'\"(]?$")
	commitWhich       = pattern.New("(?i)\\b(?:commit|revision|changeset|merge|patch|change) (?:that|which|where|with|after which|to) [^.;:\\n]{3,80} (?:is|was|were|seems to be|must be|:) ?[`'\"]?$")
	commitDid         = pattern.New("(?i)^[`'\"]? (?:also |probably |finally |again |accidentally )?" + didVerb + " (?:the|a|an|our|this|that|some|all|it|my)\\b")
	commitJapanese    = pattern.New("(?i)(?:コミット|リビジョン|チェンジセット)(?:\\s*(?:ハッシュ|id|番号|sha))?\\s*(?:は|が|：|:|、)?\\s*[`'\"「(（]?$")
	commitDidJapanese = pattern.New("^[`'\"」]?\\s*(?:で|が|にて|により|によって)[^。\\n]{0,60}?(?:壊れ|壊し|直し|直っ|直り|修正|混入|リバート|デグレ|再発|退行|導入され|解消|取り消)")
	bugJapanese       = pattern.New("(?:バグ|不具合|問題|テスト|漏洩|漏えい|流出|デグレ|脆弱性|障害|エラー|退行|修正)(?:は|が|を)、?\\s*[`'\"「]?$")
	mendedJapanese    = pattern.New("^[`'\"」]?\\s*(?:で|にて|により|によって)(?:混入|修正|導入|直|壊|解消|リバート|発生|対応|入)")
)

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
