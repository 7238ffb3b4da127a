package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// shortDigest is how long the beginning of a commit's name is at most, which a key may be too.
const shortDigest = 12

// claims are the members of a token that say who it is for, and of its head.
var claims = keyword.NewList(`epk apu apv p2s p2c enc zip b64 iss sub aud exp nbf iat jti azp acr amr nonce kid x5u x5c x5t jku jwk typ cty alg crit cnf htm htu ath x5t#S256`)

// section reports whether s is the number of a section: 9.2.4.
func section(s string) bool {
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if p == "" || len(p) > 2 || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return len(parts) == 3 || len(parts) == 4
}

// Pull reports whether s is a request or an issue of a repository: hpke-pq#28.
func Pull(s string) bool {
	name, number, ok := strings.Cut(s, "#")
	return ok && (len(name) > 2 || trackers.Has(name)) && number != "" && len(number) <= 6 && strings.Trim(number, "0123456789") == "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-/.") == ""
}

// trackers are short names of trackers, before the number of what they track.
var trackers = keyword.NewList(`bz gh pr mr rt lp`)

// served reports whether s is words of which one is the version of an API: v5-custom-fields.
func served(s string) bool {
	found := false
	parts := strings.Split(s, "-")
	for _, p := range parts {
		v := len(p) >= 2 && len(p) <= 3 && p[0] == 'v' && strings.Trim(p[1:], "0123456789") == ""
		if found = found || v; !v && strings.Trim(p, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return found && len(parts) > 1
}

// Likened reports whether s says of something what it is like: Tr0ub4dor-style.
func Likened(s string) bool {
	i := strings.LastIndexByte(s, '-')
	return i > 0 && likenesses.Has(strings.ToLower(s[i+1:]))
}

var likenesses = keyword.NewList(`specific agnostic aware backed style like type based only free proof safe ready compatible compliant encoded encrypted hashed formatted sized bit byte`)

// Shortcut reports whether s is keys to press together: Ctrl+Shift+P, ctrl+k.
func Shortcut(s string) bool {
	keys := strings.Split(strings.ToLower(s), "+")
	for _, k := range keys[:len(keys)-1] {
		if !modifiers.Has(k) {
			return false
		}
	}
	return len(keys) > 1
}

var modifiers = keyword.NewList(`ctrl control alt option opt cmd command meta super win shift fn`)

// prefix reports whether s is how tokens of a kind begin, and no more: npm_, sk_live_.
func prefix(s string) bool {
	return strings.HasSuffix(s, "_") && len(s) <= 12 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// paperNumber reports whether s is a number that says so: No.Q25-0117.
func paperNumber(s string) bool {
	return strings.HasPrefix(s, "No.") && strings.ContainsAny(s, "0123456789")
}

// Version reports whether s is the number of a version: v1.22.3, v20240517, 2.10-12+deb12u2.
func Version(s string) bool {
	if len(s) > 4 && s[0] == 'v' && isDigit(s[1]) && strings.Count(s, ".") >= 2 {
		return true
	}
	if len(s) == len("v20240517") && strings.HasPrefix(s, "v20") && figures(s[1:]) {
		return true
	}
	if !isDigit(s[0]) || !strings.Contains(s, ".") {
		return false
	}
	if head, label, ok := strings.Cut(s, "-"); ok && release.MatchString(head) && strings.Trim(label, "abcdefghijklmnopqrstuvwxyz-") == "" { // 1.5.14-no-vault
		return true
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r >= '0' && r <= '9' || strings.ContainsRune(".+~:-", r) })
	for _, w := range words {
		if !builds.Has(w) {
			return false
		}
	}
	return len(words) > 0
}

// builds are what numbers of versions hold beside figures.
var builds = keyword.NewList(`deb u ubuntu rc alpha beta a b dev pre post preview snapshot dfsg ds el fc git bpo build p r final ga sp esr lts amd arm x`)

// hostName reports whether s is the name of a host: db.prod.internal.
func hostName(s string) bool { return strings.Count(s, ".") >= 2 && host.MatchString(s) }

// figures reports whether s is digits and hyphens.
func figures(s string) bool { return strings.Trim(s, "0123456789-") == "" }

// drawing reports whether s is a piece of the path of a drawing: 2.8V17h-2v-4.2a3.
func drawing(s string) bool {
	return strings.Count(s, ".")+strings.Count(s, "-") >= 3 && strings.ContainsAny(s, "MmLlHhVvCcSsQqTtAaZz") && strings.Trim(s, "0123456789.-MmLlHhVvCcSsQqTtAaZz") == ""
}

// versioned reports whether s is the number of a version: v1.4, v2.10.3-rc1.
func versioned(s string) bool {
	if len(s) < 4 || s[0] != 'v' || s[1] < '0' || s[1] > '9' || !strings.Contains(s, ".") {
		return false
	}
	head, tail, _ := strings.Cut(s[1:], "-")
	tail = strings.TrimRight(tail, "0123456789.")
	return strings.Trim(head, "0123456789.") == "" && (tail == "" || releases.Has(tail))
}

var releases = keyword.NewList(`rc alpha beta dev pre preview snapshot patch post`)

// ecmaScript reports whether s is a year's edition of ECMAScript: ES2015.
func ecmaScript(s string) bool {
	return len(s) == len("ES2015") && strings.HasPrefix(s, "ES20") && figures(s[2:])
}

// camel reports whether s is words that capitals join and nothing else, as names in code and of products are: CloudWatch.
func camel(s string) bool {
	humps := 0
	for i := 0; i < len(s); i++ {
		if !isLetter(s[i]) {
			return false
		}
		if i > 0 && s[i] < 'a' && s[i-1] >= 'a' {
			humps++
		}
	}
	return humps > 0 && Identifier(s) && WordShare(s) >= 0.8
}

// release is the number of a version of three parts, or the candidate for one.
var release = pattern.New(`^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(?:RC[0-9]{1,2})?$`)

// issue is how trackers name what they track: BIL-7, MASTG-TEST-0231.
var issue = pattern.New(`^[A-Z][A-Z0-9]{1,9}(?:-[A-Z]{2,8})?-[0-9]{1,6}$`)

// Issue reports whether s is how a tracker names what it tracks.
func Issue(s string) bool {
	tracker, number, ok := strings.Cut(s, "-")
	return issue.MatchString(s) || ok && trackers.Has(tracker) && number != "" && strings.Trim(number, "0123456789") == ""
}

// Algorithmic reports whether s is a name in code that ends in that of an algorithm with its number: kCCPRFHmacAlgSHA512, pbkdf2SHA256.
func Algorithmic(s string) bool { return algorithmic.MatchString(s) }

var algorithmic = pattern.New(`^[A-Za-z][A-Za-z_]*2?[A-Za-z_]*(?:SHA|Sha|MD|AES|Aes|RSA|Hmac)_?(?:[1345]|128|192|224|256|384|512|1024|2048|4096)$`)

// merged reports whether a word stands in the line that git writes of a merge: names of branches and of who asked for it.
func (p place) merged() bool {
	line := p.text[max(0, p.start-160):p.start]
	line = strings.TrimLeft(line[strings.LastIndexByte(line, '\n')+1:], " *-")
	for _, head := range []string{"Merge pull request #", "Merge branch '", "Merge branches '", "Merge remote-tracking branch '", "Merge tag '", "Merged in ", "Merge commit '", "Closes #"} {
		if strings.HasPrefix(line, head) {
			return true
		}
	}
	return false
}

// handle reports whether a word is how the writers of a project call each other: ok markus@.
func (p place) handle() bool {
	return p.end < len(p.text) && p.text[p.end] == '@' && (p.end+1 == len(p.text) || strings.IndexByte(" \n,;)", p.text[p.end+1]) >= 0) && strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// inPath reports whether a word is a part of a path of a file system: ~/.ssh/deploy_ed25519.
func (p place) inPath() bool { return InPath(p.text, p.start) }

// InPath reports whether what stands at start is a part of a path of a file system, which begins at the root or at home.
func InPath(text string, start int) bool {
	const most = 96
	from := start
	for from > 0 && start-from < most && (pathByte(text[from-1]) || text[from-1] == '~') {
		from--
	}
	for _, root := range []string{"~/", "./", "../", "/home/", "/etc/", "/usr/", "/var/", "/opt/", "/tmp/", "/root/", "/srv/", "/mnt/", "/Users/", "/proc/", "/run/", "/dev/", "/sys/", "/bin/", "/lib/", "/boot/", "/Library/", "/System/", "/Applications/"} {
		if strings.HasPrefix(text[from:], root) && from < start {
			return true
		}
	}
	return false
}

// inListing reports whether a word is the mode or a number the size in a line of a listing of files: drwxr-xr-x 2 root root 4096.
func (p place) inListing() bool {
	if modes.MatchString(p.s + " ") {
		return true
	}
	line := p.text[max(0, p.start-96):p.start]
	return strings.Trim(p.s, "0123456789") == "" && modes.MatchString(line[strings.LastIndexByte(line, '\n')+1:])
}

var modes = pattern.New(`^[-dlbcps](?:[-r][-w][-xsStT]){3}[.+@]? `)

// hosted reports whether a word goes on behind the @ of an address, as names of revisions do: robey@lag.net-20070211022553-mjbl0w.
func (p place) hosted() bool { return Hosted(p.text, p.start) }

// Hosted reports whether what stands at start goes on behind the @ of an address.
func Hosted(text string, start int) bool {
	const most = 64
	for i := start; i > 0 && start-i < most; i-- {
		switch c := text[i-1]; {
		case c == '@':
			return i > 1 && (isLetter(text[i-2]) || isDigit(text[i-2])) && domain.MatchString(text[i:min(len(text), i+most)])
		case !isLetter(c) && !isDigit(c) && c != '.' && c != '-' && c != '%':
			return false
		}
	}
	return false
}

// domain begins the name of a host.
var domain = pattern.New(`^[a-z0-9]+\.[a-z]{2,}`)

// pinnedTo reports whether a number with a point is the version that something is pinned to.
func (p place) pinnedTo() bool {
	return strings.Trim(p.s, "0123456789.") == "" && strings.Contains(p.s, ".") && pins.Has(wordBefore(p.text, p.start))
}

var pins = keyword.NewList(`pin pins pinned pinning`)

// linkTarget reports whether a word is a part of the place in the same tree that a link of Markdown leads to.
func (p place) linkTarget() bool { return LinkTarget(p.text, p.start) }

// LinkTarget reports whether what stands at start is a part of the place in the same tree that a link of Markdown leads to.
func LinkTarget(text string, start int) bool {
	const most = 200
	word := text[max(0, start-most):start]
	word = word[strings.LastIndexAny(word, " \t\r\n")+1:]
	i := strings.LastIndex(word, "](")
	return i >= 0 && !strings.ContainsAny(word[i+2:], ":@=?)")
}

// tracked reports whether digits are the number of a request or an issue: Closes #6473, [#1810, #1822].
func (p place) tracked() bool {
	if p.start == 0 || p.text[p.start-1] != '#' || len(p.s) > 6 || strings.Trim(p.s, "0123456789") != "" {
		return false
	}
	before := strings.ToLower(p.text[max(0, p.start-24) : p.start-1])
	if len(p.s) > 2 && (strings.HasSuffix(before, ", ") || strings.HasSuffix(before, "(")) { // changelogs: fix the export, #1768
		return true
	}
	word := strings.TrimRight(before, " (:[,")
	word = word[strings.LastIndexAny(word, " \n\t([*")+1:]
	return closers.Has(word) || strings.HasPrefix(word, "#") && strings.Trim(word[1:], "0123456789") == ""
}

// closers stand before the number of what a change settles.
var closers = keyword.NewList(`close closes closed fix fixes fixed resolve resolves resolved ref refs reference references see issue issues pr prs bug bugs request requests ticket tickets merge part re`)

// linked reports whether a word is a part of a link that is no name of a secret: its path, its fragment, the value of a parameter.
func (p place) linked() bool {
	const reach = 200
	word := p.text[max(0, p.start-reach):p.start]
	word = word[strings.LastIndexAny(word, " \t\r\n\"'`(<>[,")+1:]
	i := strings.Index(word, "://")
	if i < 0 || strings.HasSuffix(word, "://") || p.end < len(p.text) && strings.IndexByte("@:", p.text[p.end]) >= 0 {
		return false
	}
	host, path, ok := strings.Cut(word[i+3:], "/")
	return ok && codeHosts.Has(strings.ToLower(host)) && !strings.ContainsAny(path, "=@")
}

// codeHosts are where source lies that anyone may read, and who speaks of it.
var codeHosts = keyword.NewList(`github.com www.github.com gitlab.com bitbucket.org codeberg.org sr.ht git.sr.ht salsa.debian.org bugs.debian.org bugzilla.mindrot.org bugzilla.redhat.com bugzilla.mozilla.org issues.apache.org stackoverflow.com developer.mozilla.org docs.oracle.com docs.python.org learn.microsoft.com docs.microsoft.com
	datatracker.ietf.org www.rfc-editor.org en.wikipedia.org ja.wikipedia.org arxiv.org doi.org developer.android.com developer.apple.com docs.aws.amazon.com cloud.google.com kubernetes.io raw.githubusercontent.com groups.google.com lists.debian.org`)

// account is an address of a chain that anyone may read: 20 bytes. Its private key has 32.
var account = pattern.New(`^0x[0-9a-fA-F]{40}$`)

var host = pattern.New(`^[a-z0-9-]+(?:\.[a-z0-9-]+)+\.(?:com|org|net|io|dev|internal|local|lan|example|de|jp|co|eu|uk|fr|test)$`)

// vulnerability is how those who collect them number weaknesses and advisories: RUSTSEC-2023-0044, ZDI-24-101.
func vulnerability(s string) bool {
	return isUpper(s[0]) && strings.IndexByte(s, '-') > 0 && vulnerabilities.MatchString(s)
}

var vulnerabilities = pattern.New(`^[A-Z]{2,10}-(?:SA-)?(?:19|20)[0-9]{2}[-:][0-9]{2,7}$`)

// branch reports whether s is a branch that is named by what a tracker calls its subject: KAFKA-8901-delete-offsets.
func branch(s string) bool {
	return isUpper(s[0]) && strings.IndexByte(s, '-') > 0 && branches.MatchString(s)
}

var branches = pattern.New(`^[A-Z]{2,10}-[0-9]{1,6}(?:-[a-z]+){2,10}$`)

// termed reports whether s is a name in small letters that begins with a word of the trade that has a number in it: x509util.
func termed(s string) bool {
	i := strings.LastIndexAny(s, "0123456789") + 1
	return i > 0 && numeronyms.Has(s[:i]) && strings.Trim(s[i:], "abcdefghijklmnopqrstuvwxyz") == ""
}

// cast are those whom texts on protocols speak of.
var cast = keyword.NewList(`Alice Bob Carol Charlie Dave Eve Mallory Trent Peggy Victor`)

// actor reports whether a word is one of cast, beside another of them.
func (p place) actor() bool {
	const reach = 240
	if !cast.Has(p.s) {
		return false
	}
	for _, w := range strings.FieldsFunc(p.text[max(0, p.start-reach):min(len(p.text), p.end+reach)], func(r rune) bool { return r < 'A' || r > 'z' }) {
		if w != p.s && cast.Has(w) {
			return true
		}
	}
	return false
}

// dependency reports whether a word stands in what a bot says of the package that it replaces.
func (p place) dependency() bool {
	const reach = 96
	line := p.text[max(0, p.start-reach):p.start]
	line = strings.TrimLeft(line[strings.LastIndexByte(line, '\n')+1:], " -")
	return strings.HasPrefix(line, "dependency-name: ") || strings.HasPrefix(line, "dependency-version: ") || strings.HasPrefix(line, "Bumps ") || strings.HasPrefix(line, "Bump ") || strings.HasPrefix(line, "Updates ")
}

// memberOf reports whether s is an algorithm of a class, as code names it: FlexiKey.argon2.
func memberOf(s string) bool {
	class, name, ok := strings.Cut(s, ".")
	name = strings.TrimRight(name, "0123456789")
	return ok && classes.MatchString(class) && (ciphers.Has(name) || terms.Has(name))
}

var classes = pattern.New(`^[A-Z][a-z]+(?:[A-Z][a-z]+)+$`)

// distinguished reports whether a word is a part of a name in a directory: cn=olga,ou=people.
func (p place) distinguished() bool {
	const reach = 12
	return attribute.MatchString(p.text[max(0, p.start-reach):p.start])
}

var attribute = pattern.New(`(?i)(?:^|[\s"'(,])(?:cn|uid|ou|dc|sn|samaccountname)=$`)

// handed reports whether a plain word is what a change has one part of a program hand to another: pass msgid for common errors.
func (p place) handed() bool {
	if strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return false
	}
	const reach = 24
	before := p.text[max(0, p.start-reach):p.start]
	return hands.MatchString(before) && receives.MatchString(p.text[p.end:min(len(p.text), p.end+reach)])
}

var (
	hands    = pattern.New(`(?i)(?:^|[\n:*-] ?|\b(?:to|and|now|also|then|should|must|can|will|not|don't|we|by) )(?:pass|passes|passed|passing) (?:the |a )?["'` + "`" + `]?$`)
	receives = pattern.New(`^["'` + "`" + `]? (?:to|for|in|into|as|on|through|when|if|from|instead|and|by|via|along|around)\b`)
)

// power reports whether s is a number with an exponent: 2²⁵⁶.
func power(s string) bool {
	rest := strings.Trim(s, "0123456789")
	return rest != "" && len(rest) < len(s) && strings.Trim(rest, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻") == ""
}

// method reports whether s is a method as the documentation of Ruby and Java names it: Relation#to_sql, Warden::Manager#call.
func method(s string) bool { return strings.IndexByte(s, '#') > 0 && methods.MatchString(s) }

var methods = pattern.New(`^(?:[A-Z][A-Za-z0-9]*(?:::|\.))*[A-Z][A-Za-z0-9]*#[a-z_][A-Za-z_]*[?!=]?$`)

// hexLiteral reports whether s begins bytes in hexadecimal as CBOR, SQL and Python write them: h'4478a1…, X'00ff….
func hexLiteral(s string) bool {
	return len(s) > 2 && s[1] == '\'' && strings.IndexByte("hHxXb", s[0]) >= 0 && ShapeOf(strings.TrimRight(s[2:], "'")).Hex
}

// importPath reports whether s ends the path that a module is imported by, with the number of its major version: yaml.v3.
func importPath(s string) bool {
	name, version, ok := strings.Cut(s, ".v")
	return ok && len(version) == 1 && isDigit(version[0]) && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// predicate reports whether s is how functions that answer yes or no are called: is_authenticated, has_role.
func predicate(s string) bool {
	verb, rest, ok := strings.Cut(s, "_")
	return ok && predicates.Has(verb) && rest != "" && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz_") == ""
}

var predicates = keyword.NewList(`is has can are was should does allows needs requires`)

// option reports whether a word is the name of an option of a command: the tool takes --hostpubmd5.
func (p place) option() bool {
	return strings.HasSuffix(p.text[:p.start], "--") && (p.start == 2 || strings.IndexByte(" \t\n`\"'([|/", p.text[p.start-3]) >= 0) && strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// sibling reports whether a word in dots is one of the names of settings under a common one: pwgen.xkcd.sep beside pwgen.xkcd.lang.
func (p place) sibling() bool {
	dot := strings.LastIndexByte(p.s, '.')
	if dot < 3 || strings.Trim(p.s, "abcdefghijklmnopqrstuvwxyz_.") != "" {
		return false
	}
	const reach = 240
	return strings.Count(p.text[max(0, p.start-reach):min(len(p.text), p.end+reach)], p.s[:dot+1]) > 1
}

// keychain reports whether a word is the account or the service under which a keychain has a secret: security find-generic-password
// -a backup -s restic.
func (p place) keychain() bool {
	const reach = 120
	line := p.text[max(0, p.start-reach):p.start]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	if i := strings.Index(line, "-password"); i < 0 || !strings.Contains(line[:i], "security ") {
		return false
	}
	words := strings.Fields(line)
	switch words[len(words)-1] {
	case "-a", "-s", "-l", "-j", "-c", "-D":
		return true
	}
	return false
}

// underlined reports whether a plain word stands in a heading, which has a line of marks below it.
func (p place) underlined() bool {
	for i := 0; i < len(p.s); i++ {
		if !isLetter(p.s[i]) {
			return false
		}
	}
	rest, below, ok := strings.Cut(p.text[p.end:], "\n")
	const longest, least = 60, 4
	if !ok || len(rest) > longest || strings.ContainsAny(rest, ":=\"'`") {
		return false
	}
	line, _, _ := strings.Cut(below, "\n")
	line = strings.TrimSpace(line)
	return len(line) >= least && strings.Trim(line, line[:1]) == "" && strings.IndexByte("-=~^", line[0]) >= 0
}

// hump is a name of letters with a capital inside.
var hump = pattern.New(`^[a-z]+(?:[A-Z][a-z]+)+$`)

// listedName reports whether a name in code is a quoted member of a list: ['password', 'updatedAt'].
func (p place) listedName() bool {
	if p.start < 3 || p.end >= len(p.text) || p.text[p.start-1] != p.text[p.end] || !p.quoted() || !hump.MatchString(p.s) || !Identifier(p.s) {
		return false
	}
	before, after := strings.TrimRight(p.text[:p.start-1], " "), strings.TrimLeft(p.text[p.end+1:], " ")
	return strings.HasSuffix(before, ",") && (strings.HasPrefix(after, ",") || strings.HasPrefix(after, "]")) || strings.HasSuffix(before, "[") && strings.HasPrefix(after, ",")
}
