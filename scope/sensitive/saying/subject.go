package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// subject is a word that does what a password does: "Heron$84 gets you into the admin panel", "kestrel!9 is what unlocks the vault".
var subject = pattern.New(`^["'` + "`" + `)]?,? (?:is what |is the one that |will |should |still |also |just |now )?(?:gets? (?:you|me|us|him|her|them|anyone|everyone) (?:in|into|onto|on|past|through)|lets? (?:you|me|us|him|her|them|anyone|everyone) (?:in|into|onto|on|past|through)|logs? (?:you|me|us) (?:in|into|on)|unlocks?|opens?|decrypts?|disarms?|(?:is|are) (?:what|how|the way|the word|the phrase|all) (?:(?:you|we|i|they|one|he|she) )?(?:(?:needs?|uses?|types?|enters?|wants?) )?(?:to )?(?:get in(?:to)?|gets in(?:to)?|log in(?:to)?|log into|sign in(?:to)?|unlock|open|decrypt|enter|access|reach))\b([^\n.;]{0,60})`)

var subjectWords = keyword.New([]string{"gets you", "gets me", "gets us", "gets him", "gets her", "gets them", "gets anyone", "gets everyone", "get you", "lets you", "lets me", "lets us", "lets him", "lets her", "lets them", "lets anyone", "lets everyone", "let you", "logs you", "logs me", "logs us", "unlock", "opens", "open ", "decrypt", "disarm", "is what you ", "is what we ", "is what i ", "is how you ", "is how we ", "is how i ", "is the way ", "is all you "})

// opened are things that a password opens.
var opened = keyword.New([]string{"safe", "gate", "door", "lock", "locker", "padlock", "phone", "ipad", "tablet", "laptop", "alarm", "vault", "disk", "drive", "garage", "archive", "zip", "keychain", "wallet", "box", "cabinet", "admin", "panel", "portal", "router", "nas", "keepass", "wifi", "wi-fi", "vpn", "account", "mailbox", "server", "database", "backup", "backups", "root", "file", "console", "dashboard", "jumpbox", "bastion", "switch", "controller", "share", "page", "folder", "site", "interface", "shop", "machine", "computer", "screen"})

// subjects finds what subject describes: a word shaped as people shape passwords, or one that was drawn.
func subjects(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	subjectWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.Start > 0 && alnum(text[h.Start-1]) {
			return true
		}
		const reach = 48
		from := max(done, h.Start-reach)
		before := strings.TrimRight(text[from:h.Start], " ")
		for _, w := range []string{"is what", "is how you", "is how we", "is how I", "is the one that", "will", "should", "still", "also", "just", "now"} {
			if cut, ok := strings.CutSuffix(before, " "+w); ok {
				before = cut
				break
			}
		}
		before = strings.TrimRight(before, "\"'`),")
		start := from + strings.LastIndexAny(before, " \n\t\"'`(") + 1
		end := from + len(before)
		if end-start < len("put ") || !budget.Spend(24) {
			return !budget.Spent()
		}
		s := text[start:end]
		if !passwordLike(s) && !drawn(s) && !handDrawn(s) && !byHand(text, start, end) || value.Otherwise(text, start, end) >= value.Some && !value.Digest(s) {
			return true
		}
		m := subject.FindStringSubmatchIndex(text[end:min(len(text), h.End+80)])
		if m == nil || !standsNear(opened, text, end+m[2], end+m[3]) {
			return true
		}
		done = h.End
		out = append(out, match.Match{Rule: "en-opens", Kind: match.Credential, Start: start, End: end, Confidence: 0.7})
		return len(out) < match.Enough
	})
	return out
}

// prompted is what is typed where a password is asked for: type kelp!9 at the password prompt.
var prompted = pattern.New(`(?i)\b(?:type|enter|give|say|use|put|key in)(?: in)? ["'` + "`" + `]?([^\s"'` + "`" + `,;]{4,60})["'` + "`" + `]? (?:at|on|in|into|for) (?:the |its |that |this )?(?:[a-z-]+ ){0,2}?(?:password|passphrase|passcode|pin|pw|sudo) (prompt|box|field|dialog|screen|window)\b`)

var promptWords = keyword.New([]string{"password prompt", "passphrase prompt", "passcode prompt", "pin prompt", "pw prompt", "sudo prompt", "password box", "password field", "password dialog", "password screen", "password window", "passphrase box", "passphrase field", "passphrase dialog", "pin box", "pin field"})

// prompts finds what prompted describes. Into a field testers type anything; what is typed at a prompt may be a plain word.
func prompts(text string, out []match.Match, budget *match.Budget) []match.Match {
	promptWords.Each(text, func(h keyword.Hit) bool {
		const reach = 100
		from := max(0, h.Start-reach)
		from += sentenceStart(text[from:h.Start])
		if !budget.Spend(h.End - from) {
			return false
		}
		m := prompted.FindStringSubmatchIndex(text[from:h.End])
		if m == nil {
			return true
		}
		start, end := from+m[2], from+m[3]
		s := text[start:end]
		if describes(s) || meta.Has(strings.ToLower(s)) || value.Placeholder(s) || value.Reference(s) || measured(s) && value.ShapeOf(s).Digit < len(s) || (plain(s) || value.Identifier(s)) && text[from+m[4]:from+m[5]] != "prompt" || value.ShapeOf(s).High > 0 {
			return true
		}
		out = append(out, match.Match{Rule: "en-prompted", Kind: match.Credential, Start: start, End: end, Confidence: 0.65})
		return len(out) < match.Enough
	})
	return out
}

// typedFor is what is typed when something asks for a password, or to get in: "enter Ginger_2 when it asks for the password", "use
// "rocket biscuit" to log in".
var typedFor = pattern.New(`(?i)\b(?:enter|type(?: in)?|use|give|try|supply|provide)\b (?:"([^"\n]{4,40})"|'([^'\n]{4,40})'|` + "`([^`\n]{4,40})`" + `|([^\s,;"'` + "`" + `]{5,40})),? (?:(?:when(?:ever)?|if|once) [^\n.;,:]{0,30}?(?:password|passphrase|passcode|pw)\b|to (?:log|sign) ?(?:in|on)\b|to (?:get|log) into\b|to connect (?:to|with)\b)`)

// asksFor ends in what is to be typed where a password is asked for, which may be any word: "when it asks for the password".
var asksFor = pattern.New(`(?i)^["'` + "`" + `]?,? (?:when(?:ever)?|if|once) (?:it|sudo|ssh|the [a-z]+|you(?:'re| are)|you) (?:asks|is asking|get asked|asked|prompts|prompted)\b`)

// enterTyped is the same the other way round: "to get into the bios type "pumpkin biscuit"".
var enterTyped = pattern.New(`(?i)\bto (?:get into|log (?:in|on|into)|sign in(?:to)?|unlock|open|boot|start|decrypt|access|enter)\b[^\n.;:"'` + "`" + `]{0,40}? (?:type(?: in)?|enter|use|give)\b:? (?:"([^"\n]{4,40})"|'([^'\n]{4,40})'|` + "`([^`\n]{4,40})`" + `|([^\s,;"'` + "`" + `]{5,40}))(?:$|[\s.,;])`)

var typedForWords = keyword.New([]string{" when ", " whenever ", " if ", " once ", "to log", "to sign", "to connect", "to get into", "to unlock", "to open", "to boot", "to start", "to decrypt", "to access", "to enter"})

// typedFors finds what typedFor describes.
func typedFors(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	typedForWords.Each(text, func(h keyword.Hit) bool {
		const before, after = 64, 60
		from, to := max(done, h.Start-before), min(len(text), h.End+after)
		if rest := text[h.End:to]; text[h.Start] == ' ' && !strings.Contains(rest, "pass") && !strings.Contains(rest, "Pass") && !strings.Contains(rest, "pw") {
			return true
		}
		if h.Start < done || !budget.Spend((to-from)/2) {
			return !budget.Spent()
		}
		m := typedFor.FindStringSubmatchIndex(text[from:to])
		if m == nil && strings.HasPrefix(strings.ToLower(text[h.Start:to]), "to ") {
			m = enterTyped.FindStringSubmatchIndex(text[from:to])
		}
		if m == nil {
			return true
		}
		for g := 2; g < len(m); g += 2 {
			if m[g] < 0 {
				continue
			}
			start, end := from+m[g], from+m[g+1]
			s := text[start:end]
			sh := value.ShapeOf(s)
			made := byHand(text, start, end) || g < 8 && (strings.Contains(s, " ") && !describes(firstWord(s)) || sh.Digit > 0 && sh.Lower+sh.Upper >= 3 || phrased(s) || mixedCase(s) && !strings.Contains(text[from+m[g+1]:to], " to ")) || sh.Digit > 0 && sh.Lower+sh.Upper >= 3 && sh.Other > 0 && !value.Identifier(s) || (plain(s) && len(s) >= 5 || camelWords(s)) && !describes(s) && !meta.Has(strings.ToLower(s)) && !Manager(s) && asksFor.MatchString(text[end:to])
			if strings.Contains(text[end:to], " to connect") && toolName(s) {
				continue
			}
			if !made || value.Placeholder(s) || value.Reference(s) || measured(s) || technical(s) || strings.ContainsAny(s, "<>{}=") {
				continue
			}
			done = end
			out = append(out, match.Match{Rule: "en-typed-for", Kind: match.Credential, Start: start, End: end, Confidence: 0.66})
		}
		return len(out) < match.Enough
	})
	return out
}

// toolName reports whether s is words joined by hyphens one of which names what programs connect with: azure-data-studio.
func toolName(s string) bool {
	for _, w := range strings.Split(strings.ToLower(s), "-") {
		if tooling.Has(w) {
			return true
		}
	}
	return false
}

var tooling = keyword.NewList(`tool tools client clients driver drivers proxy proxies studio community edition native socket sockets data database databases cloud azure amazon google mysql postgres mongo redis mariadb oracle sqlite windows linux java python node kubernetes docker shell console browser workbench bench manager desktop remote gateway bastion tunnel bridge adapter connector connection library wrapper plugin local machine pool bouncer instance cluster replica network private public protocol string strings account service identity certificate`)

// drawn reports whether s is hexadecimal as long as a key is, or so mixed that a machine has drawn it.
func drawn(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Hex && sh.Len >= 32 && sh.Digit > 0 && sh.Lower+sh.Upper > 0 || value.UUID(s) || sh.Len >= 16 && sh.Digit > 1 && sh.Lower+sh.Upper > 3 && value.Random(s) >= 0.8 && !value.Identifier(s)
}

// Words that say, around a drawn value, that it is a key: what is done with it stands before it, where it goes behind it.
var (
	keyDeeds = keyword.New([]string{"sign", "signs", "signed", "encrypt", "encrypts", "encrypted", "decrypt", "decrypts", "decrypted", "authenticate", "authenticates", "authenticated", "log in", "logs in", "logged in", "sign in", "signs in"})
	keyMeans = keyword.New([]string{"with", "using", "by", "via", "as"})
	keyGoes  = keyword.New([]string{"put", "paste", "pasted", "set", "drop", "stick", "use", "send", "pass", "export", "add"})
	keyPlace = pattern.New(`(?i)^["'` + "`" + `]?,? (?:in|into|as|under|for|to|when)(?: the| your| our| you| we| they)? ?(?:[a-z0-9_-]*(?:key|token|secret|passw|credential|auth)[a-z0-9_-]*|x-[a-z-]+|calls? the|calling the)\b|^["'` + "`" + `]?,? (?:with|for|on|against) (?:the |our )?[a-z0-9.-]+ (?:api|service|endpoint|integration|sdk|client)\b|^["'` + "`" + `]?,? when(?:ever)? (?:you|we|they|i) (?:call|talk|query|hit|connect|access|request|authenticate|speak|post|send)\b`)
	// published name what may be seen, though it was drawn.
	published = keyword.New([]string{"fingerprint", "key id", "keyid", "commit", "revision", "digest", "checksum", "sha256", "sha-256", "public", "cache", "partition", "primary", "foreign", "idempotency", "etag", "trace", "request id", "gpg", "pgp", "image", "cosign", "sort", "recipient", "certificate", "cert", "serial", "uuid", "id", "key pair", "routing", "shard", "bucket"})
)

// keyReach is how far, in bytes, such words may stand from a value, and shortestKey how long one is at least.
const (
	keyReach    = 64
	shortestKey = 16
)

// keyDeed finds drawn values that no word for a secret names, and that are said to be used as one: "we sign cookies with 5f8c…", "put
// 88e4… into MAPS_KEY".
func keyDeed(text string, out []match.Match, budget *match.Budget) []match.Match {
	const shortest, longest = shortestKey, 160
	for i := 0; i < len(text) && len(out) < match.Enough; {
		if !keyByte(text[i]) {
			i++
			continue
		}
		j := i
		for j < len(text) && keyByte(text[j]) {
			j++
		}
		start, end := i, i+len(strings.TrimRight(text[i:j], ".-"))
		i = j
		if end-start < shortest || end-start > longest || start < len("put ") || !strings.ContainsAny(text[start:end], "0123456789") {
			continue
		}
		from, to := max(0, start-keyReach), min(len(text), end+keyReach)
		from += sentenceStart(text[from:start])
		to = end + sentenceEnd(text[end:to])
		if !budget.Spend((to - from - (end - start)) / 4) {
			return out
		}
		s := text[start:end]
		if !drawn(s) || strings.HasPrefix(s, "//") || value.Placeholder(s) || standsNear(published, text, from, start) || standsNear(published, text, end, to) {
			continue
		}
		before := strings.ToLower(strings.TrimRight(text[from:start], " \"'`"))
		last := before[strings.LastIndexByte(before, ' ')+1:]
		with := standsNear(keyMeans, last, 0, len(last)) && standsNear(keyDeeds, before, 0, len(before))
		named := sharesKey(before, text[end:to])
		goes := standsNear(keyGoes, last, 0, len(last)) && keyPlace.MatchString(text[end:to])
		if (with || goes || named || keyDeedJapanese(text[from:start], text[end:to])) && !value.Public(text, start, end) {
			out = append(out, match.Match{Rule: "en-key-used", Kind: match.Credential, Start: start, End: end, Confidence: 0.7})
		}
	}
	return out
}

// keyNames are words for what a drawn value is, and keyJoins what joins it to them.
var (
	keyNames = keyword.New([]string{"key", "token", "secret", "credential", "credentials", "auth", "authorization", "api-key", "apikey"})
	keyJoins = []string{" by", " with", " use", " uses", " wants", " expects", " needs", " takes", " is", " to", ":", ",", "->", " sends", " has"}
)

// sharesKey reports whether the sentence of a drawn value speaks of a key and joins the two: "replace the old key by 5f8c…", "it uses
// 5f8c… as its key".
func sharesKey(before, after string) bool {
	if strings.HasPrefix(strings.TrimLeft(after, " "), "<- ") {
		return standsNear(keyNames, after, 0, len(after))
	}
	if strings.ContainsAny(before, "{}\"<>;`()[]") || strings.ContainsAny(after, "{}<>;()[]") { // code
		return false
	}
	if !strings.Contains(before, " ") && before != "use" {
		return false
	}
	joined := before == "use"
	for _, j := range keyJoins {
		joined = joined || strings.HasSuffix(before, j)
	}
	return joined && (standsNear(keyNames, before, 0, len(before)) || standsNear(keyNames, after, 0, len(after)))
}

func keyByte(c byte) bool {
	return alnum(c) || c == '+' || c == '/' || c == '=' || c == '_' || c == '-' || c == '.' || c == '~'
}

// forUser finds what is made up and said to be some account's: "the old NAS is hQPAWgGxdY for user admin".
func forUser(text string, out []match.Match, budget *match.Budget) []match.Match {
	forUserWords.Each(text, func(h keyword.Hit) bool {
		const reach = 48
		from := max(0, h.Start-reach)
		before := text[from:h.Start]
		end := from + len(before)
		start := from + strings.LastIndexAny(before, " \n\t\"'`(") + 1
		if end-start < 6 || !budget.Spend(16) {
			return !budget.Spent()
		}
		account, _, _ := strings.Cut(text[h.End:min(len(text), h.End+24)], " ")
		s, sh := text[start:end], value.ShapeOf(text[start:end])
		made := passwordLike(s) || sh.Other == 0 && sh.Lower > 1 && sh.Upper > 1 && value.Random(s) >= 0.9 && !value.Identifier(s)
		if !made || value.Otherwise(text, start, end) >= value.Some || account == "" || notAccounts.Has(strings.ToLower(strings.Trim(account, ".,;:!?"))) || !standsNear(linksBefore, text, max(0, start-6), start) {
			return true
		}
		out = append(out, match.Match{Rule: "en-for-user", Kind: match.Credential, Start: start, End: end, Confidence: 0.65})
		return len(out) < match.Enough
	})
	return out
}

var (
	forUserWords = keyword.New([]string{" for user ", " for the user ", " for login ", " for account ", " as user ", " with user "})
	linksBefore  = keyword.New([]string{"is", "it's", "use", "try", "with", "was", "=", ":"})
	notAccounts  = keyword.NewList(`a an the to in on for of and or is input interface experience testing tests research interviews stories agents data accounts names ids sessions profiles groups roles feedback`)
)

// markedPairs finds a login whose password gives it away, whatever the account is called: minioadmin / Harbor@7097.
func markedPairs(text string, out []match.Match) []match.Match {
	for i := 0; len(out) < match.Enough; {
		n := strings.Index(text[i:], " / ")
		if n < 0 {
			return out
		}
		at := i + n
		i = at + len(" / ")
		from := at
		for from > 0 && at-from < 40 && (alnum(text[from-1]) || strings.IndexByte("._@-\\", text[from-1]) >= 0) {
			from--
		}
		j := i
		for j < len(text) && j-i < 40 && text[j] > ' ' && text[j] < 0x80 && strings.IndexByte(",;()\"'`", text[j]) < 0 {
			j++
		}
		user, s := text[from:at], strings.TrimRight(text[i:j], ".:")
		if len(user) < 2 || !letter(user[0]) || !(strings.ContainsAny(s, "!@$%&#") && passwordLike(s) || mixedWords(s) || handDrawn(s) || address(user) && byHand(text, i, i+len(s))) || strings.ContainsAny(s, "/:=") || notUsers.Has(strings.ToLower(user)) || value.Otherwise(text, i, i+len(s)) >= value.Strong && !accounts.Has(strings.ToLower(user)) ||
			strings.IndexByte(s, '@') > 0 && strings.Contains(s[strings.IndexByte(s, '@'):], ".") {
			continue
		}
		out = append(out, match.Match{Rule: "marked-login-pair", Kind: match.Credential, Start: i, End: i + len(s), Confidence: 0.7})
	}
	return out
}

// handDrawn reports whether s is letters of both cases and digits as no name mixes them: JAkiKnB5PNSV7.
func handDrawn(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Len >= 10 && sh.Other == 0 && sh.High == 0 && sh.Digit >= 2 && sh.Upper >= 2 && sh.Lower >= 2 && value.Random(s) >= 0.8 && !value.Identifier(s)
}

// shortLogin is a login in the shortest words there are: "u: reporting p: Kelp!9", "usr adm pwd Kelp!9".
var shortLogin = pattern.New(`(?i)(?:^|[\s(,;/:])u(?:sr|ser|n)?[:=] ?["'` + "`" + `]?([^\s"'` + "`" + `,;]{2,60})["'` + "`" + `]?[,;/ ]{1,3}p(?:w|wd|ass)?[:=] ?["'` + "`" + `]?([^\s"'` + "`" + `]{3,80})`)

var shortWords = keyword.New([]string{"u:", "u=", "usr:", "user:", "un:", "usr=", "un="})

// shortLogins finds what shortLogin describes.
func shortLogins(text string, out []match.Match, budget *match.Budget) []match.Match {
	shortWords.Each(text, func(h keyword.Hit) bool {
		if h.Start > 0 && alnum(text[h.Start-1]) {
			return true
		}
		const reach = 160
		from, to := max(0, h.Start-1), min(len(text), h.End+reach)
		if !budget.Spend(to - from) {
			return false
		}
		m := shortLogin.FindStringSubmatchIndex(text[from:to])
		if m == nil || m[0] > 1 {
			return true
		}
		start, end := from+m[4], from+m[5]
		s := strings.TrimRight(text[start:end], ".,;)`\"'")
		if len(s) < 3 || value.Placeholder(s) || value.Reference(s) && !dotted(s) || plain(s) && describes(s) || measured(s) && value.ShapeOf(s).Digit < len(s) || strings.ContainsAny(s, "<>{}") {
			return true
		}
		out = append(out, match.Match{Rule: "short-login", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.7})
		return len(out) < match.Enough
	})
	return out
}
