package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// What a word is by its place on a line: the name of an account or a database that a command gets, what a secret is for, a date.

// lineBefore returns what stands before p on its line, at most so many bytes of it.
func (p place) lineBefore(most int) string {
	before := p.text[max(0, p.start-most):p.start]
	return before[strings.LastIndexByte(before, '\n')+1:]
}

// lower reports whether s is small letters and nothing else.
func lower(s string) bool { return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == "" }

// commandUser reports whether a word is the account that a command is run for or asks about, without a password: curl -u carol URL,
// getent passwd carol.
func (p place) commandUser() bool {
	const reach = 96
	if !lower(p.s) || p.end < len(p.text) && strings.IndexByte(" \t\n;|&)`", p.text[p.end]) < 0 {
		return false
	}
	return userCommands.MatchString(p.lineBefore(reach))
}

var userCommands = pattern.New(`(?:\b(?:getent passwd|sudo -i?u|su -l?|chage -\w+(?: \d+)?|passwd -\w+) |^(?:sudo )?passwd |\b(?:curl|wget|http|https|xh)\s[^\n|;&]{0,60}?(?:-u|--user|-a|--auth)[ =])$`)

// database reports whether a word is the database behind an option that asks for a password and takes none: mysql -u root -p shop,
// psql -W shop.
func (p place) database() bool {
	const reach = 96
	before := p.lineBefore(reach)
	return asksPassword.MatchString(before) && strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz_") == "" && databaseClients.MatchString(before)
}

var asksPassword = pattern.New(` -(?:W|p(?:"[^"\n]*"|'[^'\n]*'|\S*)) $`)

var databaseClients = pattern.New(`\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|psql|pg_dump|pg_restore)\s[^\n|;&]{0,80}$`)

// purpose reports whether a word is what a secret is for, as the sentence says with an article: the password for the old PDU, the PIN
// of the shared mailbox.
func (p place) purpose() bool {
	const reach = 64
	return (lower(p.s) || len(p.s) <= 5 && strings.ToUpper(p.s) == p.s && isLetter(p.s[0])) && purposes.MatchString(p.lineBefore(reach))
}

var purposes = pattern.New(`(?i)\b(?:passwords?|passphrase|passcode|pin|pw|credentials|creds|login|token|key|secret) (?:for|of|to|on) (?:the|our|my|your|his|her|their|this|that|an?|each|every) (?:[a-z]+ )?$`)

// asksNext reports whether a word begins what a program asks for next: "New password: Retype new password:".
func (p place) asksNext() bool { return asking.MatchString(p.text[p.end:min(len(p.text), p.end+32)]) }

var asking = pattern.New(`^ (?:[a-z]+ )?(?:password|passphrase|passcode|pin) ?:`)

// invoked reports whether a word is a function that is called with a number, a name or nothing: nanoid(20).
func (p place) invoked() bool {
	return lower(p.s) && !p.quoted() && invocation.MatchString(p.text[p.end:min(len(p.text), p.end+40)])
}

var invocation = pattern.New(`^\((?:\d*|[a-z_]+(?:\.[a-z_]+)*|"[^"\n]*"|'[^'\n]*')\)`)

// computed reports whether a word is what a function of a template of Azure gets: [parameters('adminPassword')].
func (p place) computed() bool {
	before := p.text[max(0, p.start-24):p.start]
	open := strings.LastIndexByte(before, '[')
	return open >= 0 && strings.HasSuffix(before, "('") && templateCall(before[open:])
}

// modular reports whether a word is part of a name that lies in modules: Faker::Internet.password.
func (p place) modular() bool {
	s := p.around()
	return strings.Contains(s, "::") && scoped.MatchString(s)
}

// paired reports whether a plain word is the value of a pair in YAML whose key is a plain name and none for a secret: "key: name",
// "value: shop".
func (p place) paired() bool {
	const reach = 80
	if !lower(p.s) {
		return false
	}
	before := p.text[max(0, p.start-reach):p.start]
	m := pairKey.FindStringSubmatchIndex(before)
	return m != nil && !privateWords.Contains(before[m[2]:m[3]])
}

var pairKey = pattern.New(`(?:^|\n)[ \t-]*(?:key|name|Key|Name): ([A-Za-z_]+)\n[ \t]*(?:value|Value): $`)

// date reports whether s is a day of our time: 2025-01-31.
func date(s string) bool { return dates.MatchString(s) }

var dates = pattern.New(`^(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$`)

// edition reports whether s is words in small letters and the number of an edition or of a set of characters: kv-v2, de-latin1.
func edition(s string) bool { return editions.MatchString(s) }

var editions = pattern.New(`^[a-z]{1,12}(?:-[a-z]{1,12}){0,3}-v\d{1,2}$|^(?:[a-z]{2,10}-)?(?:latin|iso8859|koi8|cp|utf)-?\d{1,4}(?:-\d{1,2})?$`)

// functionKey reports whether s is a key of the top row: F12.
func functionKey(s string) bool {
	return len(s) <= 3 && len(s) >= 2 && s[0] == 'F' && figures(s[1:]) && s[1] != '0'
}

// catalogue reports whether a word is what a thing is numbered by behind an abbreviation: part no. 7H-8167-22.
func (p place) catalogue() bool {
	const reach = 32
	return strings.ContainsAny(p.s, "0123456789") && !strings.ContainsAny(p.s, "!#$+") && catalogues.MatchString(p.lineBefore(reach))
}

var catalogues = pattern.New(`(?i)\b(?:part|model|item|order|serial|article|case|catalogue|catalog|cat|ref|stock|invoice|asset|lot|batch) (?:no|nr|num|number|#)\.?:? ?$`)

// handshake reports whether before ends in the name of what two sides of a connection agree by, or a page and its scripts: each value
// is used once and seen by anyone.
func handshake(before string) bool {
	const reach = 32
	head := strings.ToLower(strings.TrimRight(before[max(0, len(before)-reach):], " \"'"))
	for _, w := range handshakes {
		if strings.HasSuffix(head, w) {
			return true
		}
	}
	return false
}

var handshakes = []string{"sec-websocket-key:", "sec-websocket-accept:", "'nonce-", " nonce-"}

// scriptNonce reports whether s is what a page tells its own scripts by: nonce-rYLsMVbspfaY.
func scriptNonce(s string) bool {
	return strings.HasPrefix(s, "nonce-") && !strings.ContainsAny(s[6:], "-_")
}

// azureTemplate are the functions that templates of Azure compute a value with: [parameters('adminPassword')].
var azureTemplate = keyword.NewList(`parameters variables reference concat listkeys format if uniquestring resourceid union first coalesce string`)

// templateCall reports whether s is such a function in brackets.
func templateCall(s string) bool {
	name, _, ok := strings.Cut(strings.TrimPrefix(s, "["), "(")
	return ok && s[0] == '[' && azureTemplate.Has(strings.ToLower(name))
}

// yamlTag is how YAML marks what is read from elsewhere or in another form: !include_dir_named, !!binary.
var yamlTag = pattern.New(`^!(?:!(?:binary|str|null|bool|int|float|map|seq|set)|include\w*|env\w*|file|keyvault|import)$`)

// attributeOf is what Terraform calls a part of a resource: azurerm_key_vault_secret.db.value. resources are its names with a kind
// before them.
var (
	attributeOf = pattern.New(`^[a-z]+(?:_[a-z0-9]+)+\.[a-z_][a-z0-9_]*(?:\[[^\]\s]*\])?\.[a-z_.]+$`)
	resources   = pattern.New(`^(?:var|local|data|module|each|self)\.[a-z_]`)
)

// got reports whether a word is what a secret is asked for by: get_password("shop", "carol").
func (p place) got() bool {
	const reach = 80
	return strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz-_") == "" && getters.MatchString(p.lineBefore(reach))
}

var getters = pattern.New(`(?i)\.get_?(?:password|secret|token|credentials?|key)s?(?:_value)?\((?:["'][^"'\n]{0,60}["'], ?)?["']$`)

// shortSecret reports whether hexadecimal as short as the beginning of a commit's name stands in a sentence about a password or a
// login, and none about commits.
func (p place) shortSecret() bool {
	const reach = 64
	if len(p.s) > shortDigest {
		return false
	}
	before := p.lineBefore(reach)
	if end := strings.LastIndex(before, ". "); end >= 0 {
		before = before[end:]
	}
	return loginTalk.Contains(before) && !strings.HasSuffix(before, " in ") && !strings.HasSuffix(before, " at ") && !commitTalk.Contains(before) && !commitTalk.Contains(p.text[p.end:min(len(p.text), p.end+24)])
}

var (
	loginTalk  = keyword.New([]string{"password", "passwd", "passcode", "login", "log in", "log on", "sign in", "credentials", "creds"})
	commitTalk = keyword.New([]string{"commit", "revert", "sha", "hash", "merge", "fixed in", "fixes", "cherry", "bisect", "since", "branch", "build", "version", "release", "digest", "checksum", "etag", "rev ", "ref", "feat", "fix", "chore", "container", "image", "pod", "id ", "id:", "id="})
)

// idiom reports whether s is words in small letters that a small word joins, as English makes adverbs of them: out-of-band, day-to-day.
func idiom(s string) bool { return idioms.MatchString(s) }

var idioms = pattern.New(`^[a-z]{2,8}(?:-(?:of|to|by|as)(?:-(?:the|a|you))?)-[a-z]{2,8}$`)

// segment reports whether s is what a part of a network is called: guest-network-vlan.
func segment(s string) bool { return segments.MatchString(s) }

var segments = pattern.New(`^[a-z]+(?:-[a-z0-9]+){0,3}-(?:vlan|network|subnet|ssid|lan|wlan|segment|dmz)$`)

// whereabouts reports whether a word is where something runs, by the name it is assigned to or the word before it: host=dw1, port 8443.
func (p place) whereabouts() bool {
	const longestPort = 5
	if figures(p.s) {
		return len(p.s) <= longestPort && wordBefore(p.text, p.start) == "port"
	}
	return !strings.ContainsAny(p.s, "!#$+") && placeNames.Has(strings.ToLower(Assigned(p.text, p.start)))
}

var placeNames = keyword.NewList(`host hostname server dbname database schema region domain vhost hosts endpoint`)
