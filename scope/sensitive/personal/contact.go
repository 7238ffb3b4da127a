package personal

import (
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/elderzan/elderzan/scope/sensitive/match"
)

var (
	phoneInternational = regexp.MustCompile(`(?:\+|\b00)\d{1,3}(?:[ .\-/]?\(?\d{1,5}\)?){2,6}`)
	phoneNational      = regexp.MustCompile(`\(?\d{2,5}\)?(?:[ .\-/]?\d{2,5}){1,4}`)
	phoneUS            = regexp.MustCompile(`(?:\+?1[ .\-]?)?(?:\(\d{3}\) ?|\b\d{3}[.\-])\d{3}[.\-]\d{4}\b`)
	phoneJapan         = regexp.MustCompile(`\b0\d{1,4}-\d{1,4}-\d{4}\b|\b0[5789]0[ -]?\d{4}[ -]?\d{4}\b|\(0\d{1,4}\)\d{1,4}-\d{4}`)
	phoneCue           = regexp.MustCompile(`(?i)\b(?:phone|telephone|tel|mobile|cell|cellphone|fax|call|sms|text|whatsapp|ring|dial|hotline|contact|number|téléphone|telefon|teléfono|telefono|handy|móvil)\b|電話|携帯|TEL|ファックス|番号|连絡|手机|전화|휴대폰`)
	emailPattern       = regexp.MustCompile(`[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62}\.){1,4}[A-Za-z]{2,24}\b`)
	versionBefore      = regexp.MustCompile(`(?i)(?:\bv|version|release|build|バージョン|[\w)]\s*[=<>]=?|\$|#|[\d.]-)\s*$`)
)

// regions whose national numbers are tried near a phone cue; the international form needs none.
var phoneRegions = []string{"US", "JP", "GB", "DE", "FR", "IN", "AU", "BR", "CN", "KR"}

// maxPhones bounds how many candidates of a text go to the phone library, which costs some 10 µs each.
const maxPhones = 48

// phones finds phone numbers: international ones that the library holds valid, American and Japanese ones by their
// usual spelling, and other national ones near a word such as "call".
func phones(text string, out []match.Match) []match.Match {
	tried := 0
	try := func(re *regexp.Regexp, accept func(s string, start, end int) bool, conf float64) {
		for _, m := range re.FindAllStringIndex(text, maxPhones) {
			if tried++; tried > 3*maxPhones {
				return
			}
			start, end := m[0], m[1]
			if embedded(text, start, end) || versionBefore.MatchString(text[max(0, start-16):start]) {
				continue
			}
			if accept(text[start:end], start, end) {
				out = append(out, match.Match{Rule: "phone-number", Kind: match.Personal, Start: start, End: end, Confidence: conf})
			}
		}
	}
	if strings.ContainsAny(text, "+") || strings.Contains(text, "00") {
		try(phoneInternational, func(s string, start, _ int) bool {
			if strings.HasPrefix(s, "00") {
				s = "+" + s[2:]
				if !phoneCue.MatchString(text[max(0, start-40):start]) {
					return false
				}
			}
			return validPhone(s, "")
		}, 0.9)
	}
	try(phoneUS, func(s string, start, _ int) bool { return usPhone(s) }, 0.85)
	try(phoneJapan, func(s string, start, _ int) bool {
		return validPhone(s, "JP") || strings.HasPrefix(s, "0") && japanesePhone(s)
	}, 0.85)
	if !phoneCue.MatchString(text) {
		return out
	}
	try(phoneNational, func(s string, start, end int) bool {
		n := countDigits(s)
		if n < 8 || n > 13 || strings.Count(s, ".") == 1 || dateLike(s) || !phoneCue.MatchString(text[max(0, start-40):start]) {
			return false
		}
		for _, region := range phoneRegions {
			if validPhone(s, region) {
				return true
			}
		}
		return false
	}, 0.8)
	return out
}

func validPhone(s, region string) bool {
	n, err := phonenumbers.Parse(s, region)
	if err != nil {
		return false
	}
	if region == "" {
		return phonenumbers.IsValidNumber(n) || phonenumbers.IsPossibleNumber(n) && countDigits(s) >= 10
	}
	return phonenumbers.IsValidNumberForRegion(n, region)
}

// usPhone accepts numbers of the North American plan, the reserved 555-01xx ones included.
func usPhone(s string) bool {
	d := compact(s)
	if len(d) == 11 && d[0] == '1' {
		d = d[1:]
	}
	return len(d) == 10 && d[0] >= '2' && d[3] >= '2'
}

// japanesePhone accepts the shape of a mobile or landline number when the library does not know the range.
func japanesePhone(s string) bool {
	d := compact(s)
	return (len(d) == 11 && (strings.HasPrefix(d, "090") || strings.HasPrefix(d, "080") || strings.HasPrefix(d, "070") || strings.HasPrefix(d, "050"))) ||
		len(d) == 10 && d[0] == '0' && d[1] != '0' && strings.Count(s, "-") == 2
}

var dateShape = regexp.MustCompile(`^(?:19|20)\d{2}[ .\-/]?(?:0[1-9]|1[0-2])[ .\-/]?(?:0[1-9]|[12]\d|3[01])|^\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)\d{2}$`)

func dateLike(s string) bool { return dateShape.MatchString(s) }

// emails finds e-mail addresses of people. Addresses of machines, of documentation domains and in commit trailers are
// no secret.
func emails(text string, out []match.Match) []match.Match {
	if strings.IndexByte(text, '@') < 0 {
		return out
	}
	for _, m := range emailPattern.FindAllStringIndex(text, 128) {
		start, end := m[0], m[1]
		if machineAddress(strings.ToLower(text[start:end])) || commitTrailer(text, start) || start > 0 && (text[start-1] == '/' || text[start-1] == ':' && strings.Contains(text[max(0, start-80):start], "://")) {
			continue
		}
		out = append(out, match.Match{Rule: "email-address", Kind: match.Personal, Start: start, End: end, Confidence: 0.75})
	}
	return out
}

var machineLocals = map[string]bool{"git": true, "noreply": true, "no-reply": true, "donotreply": true, "root": true, "mailer-daemon": true, "postmaster": true,
	"bot": true, "actions": true, "user": true, "name": true, "you": true, "someone": true, "username": true, "email": true, "your-email": true, "foo": true, "test": true}

func machineAddress(a string) bool {
	at := strings.IndexByte(a, '@')
	local, domain := a[:at], a[at+1:]
	if machineLocals[local] || strings.Contains(local, "noreply") || strings.Contains(local, "no-reply") || strings.HasSuffix(local, "[bot]") {
		return true
	}
	switch domain {
	case "example.com", "example.org", "example.net", "example.jp", "example.co.jp", "test.com", "domain.com", "email.com", "your-domain.com", "users.noreply.github.com":
		return true
	}
	for _, suffix := range []string{".example", ".test", ".invalid", ".local", ".localhost", ".internal", ".lan", ".corp", ".intranet", ".iam.gserviceaccount.com", ".gserviceaccount.com", ".png", ".jpg", ".js", ".css", ".example.com", ".example.org"} {
		if strings.HasSuffix(domain, suffix) {
			return true
		}
	}
	return strings.Trim(local, "0123456789.-+x") == "" // pkg@1.2.3-canary
}

// commitTrailer reports whether the line of an address is one that git writes.
func commitTrailer(text string, at int) bool {
	line := strings.ToLower(text[strings.LastIndexByte(text[:at], '\n')+1 : at])
	for _, t := range []string{"signed-off-by:", "co-authored-by:", "reviewed-by:", "acked-by:", "tested-by:", "reported-by:", "author:", "commit:", "committer:", "author =", "maintainer"} {
		if strings.Contains(line, t) {
			return true
		}
	}
	return false
}

var (
	birthPattern = regexp.MustCompile(`(?i)(?:\bborn(?: on)?|\bbirth ?date|\bdate of birth|\bd\.?o\.?b\.?|\bbirthday|geburtsdatum|geboren|né(?:e)? le|fecha de nacimiento|data di nascita|生年月日|誕生日|生まれ|出生日期|생년월일)[^\d\n]{0,30}(\d{1,4}[./\-年 ]\s?(?:\d{1,2}|[A-Za-z]{3,9})[./\-月 ,]{1,2}\s?\d{1,4}日?|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*,? \d{4}|\d{8})`)
	birthMonth   = regexp.MustCompile(`(?i)(?:\bborn on|\bbirthday is|\bdate of birth[^\n]{0,8}|\bdob:?)\s+((?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?)`)
	bornJapanese = regexp.MustCompile(`((?:(?:19|20)\d{2}|昭和\d{1,2}|平成(?:\d{1,2}|元)|令和(?:\d{1,2}|元))年\d{1,2}月\d{1,2}日)(?:に)?生まれ|(?:生年月日|誕生日)[^\d\n]{0,6}((?:19|20)\d{2}年\d{1,2}月\d{1,2}日|(?:昭和|平成|令和)(?:\d{1,2}|元)年\d{1,2}月\d{1,2}日|\d{1,2}月\d{1,2}日)`)
	addressUS    = regexp.MustCompile(`\b\d{1,5} (?:[NSEW]\.? )?[A-Z][A-Za-z'.]+(?: [A-Z][A-Za-z'.]+){0,3} (?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Terrace|Square|Sq|Parkway|Pkwy|Circle|Cir)\b\.?`)
	addressUK    = regexp.MustCompile(`\b[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}\b`)
	addressJapan = regexp.MustCompile(`〒\s?\d{3}-?\d{4}|(?:東京都|北海道|京都府|大阪府|.{2,3}県)[^\s、。,]{1,12}?[市区町村][^\s、。,]{0,16}?\d{1,4}(?:丁目|番地?|-\d{1,4})[^\s、。,]{0,12}`)
	addressWord  = regexp.MustCompile(`(?i)\b(?:address|lives? (?:at|in|on)|home|residence|resides|mail(?:ing)? to|ship(?:ping)? to|deliver|postcode|post code|postal code|zip|billing)\b|住所|宛先|自宅`)
	ipPattern    = regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}\b`)
	ipPerson     = regexp.MustCompile(`(?i)\b(?:my|his|her|their|home|customer'?s?|client'?s?|user'?s?|visitor'?s?|patient'?s?) (?:\w+ )?(?:ip|ip address|mac address)\b`)
	macPattern   = regexp.MustCompile(`(?i)\b(?:[0-9a-f]{2}[:\-]){5}[0-9a-f]{2}\b`)
)

// places finds dates of birth, postal addresses, and network addresses that are said to be a person's.
func places(text string, out []match.Match) []match.Match {
	add := func(rule string, re *regexp.Regexp, conf float64, ok func(start, end int) bool) {
		for _, m := range re.FindAllStringSubmatchIndex(text, 32) {
			start, end := m[0], m[1]
			for g := 2; g+1 < len(m); g += 2 {
				if m[g] >= 0 {
					start, end = m[g], m[g+1]
				}
			}
			if ok == nil || ok(start, end) {
				out = append(out, match.Match{Rule: rule, Kind: match.Personal, Start: start, End: end, Confidence: conf})
			}
		}
	}
	add("date-of-birth", birthPattern, 0.85, nil)
	add("date-of-birth", birthMonth, 0.85, nil)
	add("postal-address", addressUS, 0.75, func(start, end int) bool {
		return addressWord.MatchString(text) || regexpZIP.MatchString(text[end:min(len(text), end+60)])
	})
	if strings.Contains(text, "年") || strings.Contains(text, "日") {
		add("date-of-birth", bornJapanese, 0.85, nil)
	}
	if strings.ContainsAny(text, "都道府県〒") {
		add("postal-address", addressJapan, 0.75, nil)
	}
	if addressWord.MatchString(text) {
		add("postal-address", addressUK, 0.75, func(start, end int) bool { return addressWord.MatchString(text[max(0, start-100):start]) })
	}
	if ipPerson.MatchString(text) {
		add("ip-address", ipPattern, 0.7, func(start, _ int) bool { return ipPerson.MatchString(text[max(0, start-60):start]) })
		add("mac-address", macPattern, 0.7, func(start, _ int) bool { return ipPerson.MatchString(text[max(0, start-60):start]) })
	}
	return out
}

var regexpZIP = regexp.MustCompile(`^[^\n]{0,50}\b[A-Z]{2},? \d{5}(?:-\d{4})?\b`)
