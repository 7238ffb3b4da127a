package value

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// Placeholder reports whether s stands in for a value and is none itself: masks, templates, "changeme", "<token>".
func Placeholder(s string) bool {
	s = strings.Trim(s, " \t\"'`")
	if s == "" {
		return true
	}
	l := strings.ToLower(s)
	if placeholders.Has(l) || masked(l) || filler(s) || delimited(s) || validation(s) {
		return true
	}
	switch first, last := s[0], s[len(s)-1]; {
	case first == '<' && last == '>', first == '[' && last == ']' && wordy(strings.Trim(l, "[]")), first == '{' && last == '}' && wordy(strings.Trim(l, "{}")):
		return true
	case strings.HasPrefix(s, "...") || strings.HasPrefix(s, "…"):
		return len(s) <= 12
	}
	if (strings.HasPrefix(l, "your_") || strings.HasPrefix(l, "your-") || strings.HasPrefix(l, "my_") || strings.HasPrefix(l, "my-")) && strings.Trim(l, "abcdefghijklmnopqrstuvwxyz_-") == "" {
		return true
	}
	if Published(s) || strings.Contains(l, "your") && (strings.HasSuffix(l, "here") || strings.HasPrefix(l, "your")) && ShapeOf(l).Digit == 0 {
		return true
	}
	if strings.Trim(l, "+-=|/#~_.") == "" && len(l) > 3 { // the border of a table or of a comment
		return true
	}
	if inner, ok := strings.CutPrefix(l, "_"); ok && len(inner) > 4 && strings.HasSuffix(inner, "_") && askedFor.Has(inner[:len(inner)-1]) { // _password_
		return true
	}
	if l == "or" || strings.HasPrefix(l, "or '") || strings.HasPrefix(l, "%20or%20") || strings.Contains(l, "' or '") || strings.Contains(l, "'%20or%20'") || strings.Contains(l, "'+or+'") { // what is typed to break a query
		return true
	}
	if a, b, ok := strings.Cut(l, "..."); ok && (strings.HasSuffix(a, "xx") || strings.HasPrefix(b, "xx")) { // ghp_xx...xx
		return true
	}
	if strings.HasSuffix(s, "[...]") || strings.HasSuffix(s, "[…]") || strings.HasSuffix(l, "[redacted]") || strings.HasSuffix(l, "<redacted>") { // cut short
		return true
	}
	if head, ok := strings.CutSuffix(strings.TrimSuffix(s, "…"), "..."); (ok || strings.HasSuffix(s, "…")) && (len(head) <= 12 || len(head) <= 48 && strings.Contains(head, "eyJ")) { // eyJhbGciOi..., the head of a token
		return true
	}
	if open := strings.IndexByte(s, '<'); open > 0 && s[len(s)-1] == '>' && strings.IndexByte("~_-:=.", s[open-1]) >= 0 && wordy(s[open+1:len(s)-1]) { // sha256~<some-token-here>
		return true
	}
	if strings.Contains(l, "your_") && strings.Contains(l, "_here") || told(s) {
		return true
	}
	if !placeholderWords.Contains(l) {
		return begunWithYour(l)
	}
	for _, p := range placeholderParts {
		if strings.Contains(l, p) {
			if p == "xxxxxx" {
				p = "x"
			}
			if strings.HasSuffix(p, "here") && !asks.Contains(l) { // winter-is-here
				continue
			}
			return Random(strings.ReplaceAll(l, p, "")) < 0.7 || strings.HasSuffix(strings.TrimRight(s, "0123456789"), "EXAMPLE") || strings.HasSuffix(s, "EXAMPLEKEY")
		}
	}
	return begunWithYour(l)
}

// begunWithYour reports whether l is what a reader is to put in: yourDatabasePassword.
func begunWithYour(l string) bool {
	return strings.HasPrefix(l, "your") && len(l) > 5 && (wordy(l[4:]) || !isLetter(l[4]))
}

var placeholderWords = keyword.New(placeholderParts)

var placeholders = keyword.NewList(`null nil none undefined true false yes no on off n/a na tbd todo redacted removed hidden masked secret-here
	changeme change_me change-me changeit replaceme replace_me replace-me placeholder dummy example sample xxx ... … string str text bytes
	bool boolean int integer number float object array any void char varchar required optional omitted unknown default empty blank unset
	encrypted your_password yourpassword your-password your_token your-token yourtoken mypassword my_password my-secret my_secret
	パスワード パスコード パスフレーズ ユーザー ユーザ ユーザー名 ユーザ名 ユーザーid ログイン ログインid アカウント アカウント名 暗証番号 合言葉 トークン 秘密鍵 シークレット 認証コード 確認コード メールアドレス 電話番号 住所 氏名 生年月日 カード番号 口座番号 ホスト ホスト名 ポート データベース名
	<none> <nil> <secret> <password> <token> [] {} () "" '' - -- --- * ? ?? ???`)

var placeholderParts = []string{
	"your_", "your-", "yourkey", "yourtoken", "yourpassword", "<your", "my_api_key", "_here", "-here", "example", "placeholder", "redacted",
	"changeme", "replace_with", "replace-with", "insert_", "insert-", "dummy", "xxxxxx", "******", "••••", "●●●", "todo:", "fill_in", "fill-in",
}

// asks are words for what is to be written where a placeholder stands.
var asks = keyword.New([]string{"your", "my", "insert", "put", "paste", "enter", "type", "add", "goes", "key", "token", "secret", "pass", "pwd", "value", "api", "id", "name", "user", "hash", "code", "credential", "url"})

// askedFor are words for what a reader is to put in their place.
var askedFor = keyword.NewList(`password passwd pass secret token key username user hostname host name value apikey api_key`)

// masked reports whether a value is mostly mask characters, with at most a few real ones at an end.
func masked(s string) bool {
	mask, rest, run, longest := 0, 0, 0, 0
	var last rune
	for _, r := range s {
		if run++; r != last {
			run, last = 1, r
		}
		switch r {
		case '*', '•', '●', '·', '█', '▪', '○', '〇', '◯', '×', '□', '■', '△', '▲', '＊', '∗', '‥', '…':
			mask++
			longest = max(longest, 3) // whatever their number
		case 'x', '.', '-', '_', '#', '?', '0':
			if mask > 0 || rest == 0 {
				mask++
				longest = max(longest, run)
			} else {
				rest++
			}
		default:
			rest++
		}
	}
	if mask >= 8 && rest == 0 && strings.Trim(s, "x-") == "" { // xxxx-xxxx-xxxx
		return true
	}
	return mask >= 3 && rest <= 4 && mask >= rest && (rest == 0 || longest >= 3) && (rest > 0 || strings.Trim(s, s[:1]) == "" || strings.ContainsAny(s, "*•●█〇◯×□■△▲"))
}

// filler reports whether s is x or 0 again and again, as long as a key is: xxxx-xxxx-xxxx-xxxx, 00000000-0000-…, or one letter alone.
func filler(s string) bool {
	sh := ShapeOf(s)
	return sh.Lower+sh.Upper+sh.Digit >= 16 && sh.Distinct <= 2 && (strings.Trim(s, "xX-") == "" || strings.Trim(s, "0-") == "") || uniform(s) || repeated(s)
}

// delimited reports whether s is words between two marks or more, as templates have them: @@PASSWORD@@, ((admin_password)).
func delimited(s string) bool {
	body := strings.Trim(s, "@%#_~|^$([{<>}])")
	n := strings.Index(s, body)
	if n == 1 && len(s)-len(body) == 2 && s[0] == s[len(s)-1] && (s[0] == '@' || s[0] == '%') && strings.ContainsAny(body, "._") { // @db.password@
		return wordy(body)
	}
	return n >= 2 && len(s)-n-len(body) >= 2 && wordy(body)
}

// Bracketed reports whether what stands at the start of s is words in brackets: [your password], <48 random bytes>.
func Bracketed(s string) bool {
	if s == "" || strings.IndexByte("[<{", s[0]) < 0 {
		return false
	}
	const longest = 60
	end := strings.IndexByte(s[:min(len(s), longest)], s[0]+2) // ] and > come two behind [ and <
	return end > 1 && strings.IndexByte(s[:end], '\n') < 0 && (strings.Contains(s[:end], " ") && words(s[1:end]) || s[0] == '{' && wordy(s[1:end]))
}

// words reports whether s is words and numbers and the marks of a sentence.
func words(s string) bool {
	for _, w := range strings.Fields(s) {
		if w = strings.Trim(w, ".,'()"); strings.Trim(w, "0123456789") != "" && !wordy(w) && len(w) > 1 {
			return false
		}
	}
	return true
}

// wordy reports whether s consists of words in plain letters, as the inside of <your token> does.
func wordy(s string) bool {
	letters := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isLetter(c):
			letters++
		case c == '_' || c == '-' || c == ' ' || c == '.':
		default:
			return false
		}
	}
	return letters >= 2 && Random(s) < 0.75
}

// Reference reports whether s names where a value is kept, or computes it, rather than being it: an environment
// variable, a template, a call, a member, a path, a vault address, an encrypted value.
func Reference(s string) bool {
	s = strings.Trim(s, " \t\"'`,;")
	if s == "" {
		return true
	}
	for _, p := range prefixesBy()[fold(s[0])] {
		if len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) {
			return true
		}
	}
	switch {
	case s[0] == '$':
		return dollar(s)
	case s[0] == '%' && len(s) > 2 && s[len(s)-1] == '%' && identifier(s[1:len(s)-1]):
		return true
	case s[0] == '{' && strings.HasSuffix(s, "}"), s[0] == '#' && strings.HasPrefix(s, "#{"):
		return true
	case s[0] == '&' && len(s) > 2 && (isLetter(s[1]) || s[1] == '_'): // the address of something
		return true
	case s[0] == '@' && len(s) > 2 && identifier(s[1:]) && ShapeOf(s).Digit == 0:
		return true
	case rstRole.MatchString(s): // :ref:`push_token`
		return true
	case s[0] == ':' && identifier(s[1:]) && ShapeOf(s).Digit == 0: // a bind variable
		return true
	case strings.Contains(s, "](") || template(s, "{{", "}}") || strings.Contains(s, "<%") || template(s, "${", "}"):
		return true
	case strings.HasPrefix(s, ".$") || strings.HasPrefix(s, `\$_`): // what code joins two strings with
		return true
	case templateCall(s), yamlTag.MatchString(s), attributeOf.MatchString(s):
		return true
	}
	if verb, noun, ok := strings.Cut(s, "-"); ok && cmdletVerbs.Has(strings.ToLower(verb)) && isUpper(s[0]) && noun != "" && isUpper(noun[0]) && ShapeOf(s).Digit == 0 { // Read-Host
		return true
	}
	return call(s) || member(s) || envName(s) || filePath(s)
}

// validation reports whether s is what a form asks of a field: required|string|min:8|confirmed.
func validation(s string) bool {
	if strings.IndexByte(s, '|') < 0 {
		return false
	}
	known := 0
	for _, rule := range strings.Split(s, "|") {
		name, _, _ := strings.Cut(rule, ":")
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return false
		}
		if validations.Has(name) {
			known++
		}
	}
	return known >= 2
}

var validations = keyword.NewList(`required string min max nullable confirmed email integer numeric sometimes unique exists regex date array boolean filled present between size same different current_password trim alpha alpha_num url image file`)

// cmdletVerbs begin the names of PowerShell's commands.
var cmdletVerbs = keyword.NewList(`read get new convertto convertfrom import invoke select out test`)

// prefixesBy groups referencePrefixes by their first byte.
var prefixesBy = sync.OnceValue(func() *[256][]string {
	var t [256][]string
	for _, p := range referencePrefixes {
		t[p[0]] = append(t[p[0]], p)
	}
	return &t
})

var referencePrefixes = []string{
	"process.env", "os.environ", "os.getenv", "getenv(", "env.", "env(", "env[", "env:", "environ", "system.getenv", "secrets.", "secret://",
	"vars.", "var.", "local.", "module.", "data.", "self.", "this.", "config.", "settings.", "conf.", "cfg.", "params.", "props.", "options.",
	"opts.", "args.", "request.", "req.", "ctx.", "state.", "vault:", "vault://", "ref+", "op://", "awssm://", "gcpsm://", "arn:", "ssm:", "kms:",
	"sops:", "enc[", "enc(", "!vault", "!secret", "!ref", "!sub", "!getatt", "$ansible_vault", "{cipher}", "@microsoft.keyvault", "file:/", "keyring:",
	"keychain:", "projects/", "secret/", "/run/secrets", "~/", "./", "../", "$(", "`", "lookup(", "new ", "await ", "null,", "function", "=>", "->",
	"typeof ", "%env(", "image:", "include::", "xref:", "ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-", "sk-ssh-ed25519", "sk-ecdsa-", "${", "$env:", "str(", "string(", "[redacted", "(redacted", "<redacted", "http://localhost", "https://localhost",
}

// dollar tells $NAME and ${NAME} from a password that begins with a dollar sign.
func dollar(s string) bool {
	if len(s) < 2 {
		return true
	}
	if strings.HasPrefix(s, "$__") && strings.IndexByte(s, '{') > 0 { // $__file{/run/secrets/grafana} of Grafana
		return true
	}
	if s[1] == '{' || s[1] == '(' || s[1] == '$' && len(s) < 4 {
		return true
	}
	if name, _, path := strings.Cut(s[1:], "/"); path && len(name) >= 2 && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" { // $BASE_URL/login
		return true
	}
	if object, call, ok := strings.Cut(s[1:], "->"); ok && identifier(object) && strings.IndexByte(call, '(') > 0 { // $profiler->find('…
		return true
	}
	body := strings.TrimSuffix(s[1:], "$")
	for i := 0; i < len(body); i++ {
		if c := body[i]; !isLetter(c) && !isDigit(c) && c != '_' && c != '-' && c != '>' && c != '[' && c != ']' && c != '\'' && c != '.' && c != ':' {
			return false
		}
	}
	if isDigit(body[0]) {
		return len(body) == 1
	}
	if strings.Contains(body, "_") && strings.Trim(body, "abcdefghijklmnopqrstuvwxyz_") == "" { // $gdcapi_db_password
		return true
	}
	if sh := ShapeOf(body); sh.Lower == 0 && sh.Digit*3 < sh.Len && sh.Other == strings.Count(body, "_") { // $MYSQL_PASSWORD
		return true
	}
	return Random(body) < 0.8
}

// rstRole begins what a text in reStructuredText refers to.
var rstRole = pattern.New("^:?(?:[a-z]+:)?(?:ref|doc|meth|class|func|attr|mod|data|exc|obj|term|option|envvar|file):`")

// call reports whether s is code that calls or indexes something.
func call(s string) bool {
	open := strings.IndexAny(s, "([")
	if open <= 0 || open > 60 {
		return false
	}
	name := s[:open]
	if strings.HasSuffix(s, "()") && strings.Contains(name, ".") && identifier(name) {
		return true
	}
	if s[open] == '(' && open+1 < len(s) && strings.IndexByte("$?:@'\"", s[open+1]) >= 0 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == "" { // crypt($1,
		return true
	}
	if strings.Contains(name, ".") && identifier(name) && isLetter(s[0]) && (Dotted(name) || Numbered(name[strings.LastIndexByte(name, '.')+1:])) && s[open] == '(' { // CryptoJS.PBKDF2(password,
		return true
	}
	if s[open] == '(' && identifier(name) && resources.MatchString(s[open+1:]) { // try(var.password,
		return true
	}
	if s[open] == '(' && calls.MatchString(s) { // JsonWebKey.import_key(raw), OAuth1Auth(
		return true
	}
	if Algorithmic(name) && identifier(s[open+1:]) { // pbkdf2SHA1(password
		return true
	}
	return identifier(name) && len(name) >= 3 && Random(name) < 0.8 && (strings.IndexAny(s[open:], ")]") > 0 || open == len(s)-1 || strings.Contains(name, ".") || WordShare(name) >= 0.5)
}

// calls is a function of an object or the maker of one, with a name for what it is called with or none.
var calls = pattern.New(`^(?:[A-Za-z_]\w*(?:\.[a-z_]+)+\([a-z_]*\)|[A-Z][a-zA-Z]+\d?[A-Z][a-z]+\()$`)

// member reports whether s is a dotted path of names such as user.password or Config::TOKEN.
func member(s string) bool {
	if strings.Contains(s, "::") && scoped.MatchString(s) { // Digest::SHA256.hexdigest
		return true
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "->", "."), "::", ".")
	s = strings.ReplaceAll(s, "?.", ".")
	parts := strings.Split(s, ".")
	if len(parts) < 2 {
		return false
	}
	letters := 0
	for _, p := range parts {
		if p == "" || !identifier(p) || isDigit(p[0]) || Random(p) > 0.7 {
			return false
		}
		sh := ShapeOf(p)
		if sh.Digit > 2 || sh.Digit > 0 && (sh.Digit*2 >= sh.Lower+sh.Upper || !Numbered(p) && !owners.Has(strings.ToLower(parts[0]))) { // Mr.Whiskers1
			return false
		}
		letters += sh.Lower + sh.Upper
	}
	return letters >= 4
}

// Words reports whether s is two or three words in small letters joined by dots, none of which begins a path of names in code:
// brass.monkey. Where nothing is computed, in a shell, that is a password and no member.
func Words(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts) > 3 || File(s) {
		return false
	}
	for _, p := range parts {
		if len(p) < 3 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return !owners.Has(parts[0]) && !terms.Has(parts[len(parts)-1]) && !secretNames.Has(parts[len(parts)-1]) && !domains.Has(parts[len(parts)-1])
}

// domains end names of hosts.
var domains = keyword.NewList(`com org net edu gov app dev shop cloud site online info biz name example test local localhost lan internal corp home arpa onion`)

// owners begin paths of names in code, and secretNames end those that lead to a secret.
var (
	owners = keyword.NewList(`process env environ os secrets vars var local module data self this config settings conf cfg params props options opts args request req ctx state user account credentials creds auth login form
		input row item obj res response client server session app values value db database model entity record context body payload event system spring vault terraform each github inputs matrix needs steps output outputs`)
	secretNames = keyword.NewList(`password passwd pass pwd secret token key value result text data username user name id`)
)

// envName reports whether s is the name of an environment variable or constant: capital words joined by underscores.
func envName(s string) bool {
	sh := ShapeOf(s)
	if k := strings.LastIndexByte(s, '_'); k > 0 && len(s)-k > 4 && strings.Trim(s[k+1:], "0123456789") == "" { // CODECOV_TOKEN_20250228
		s = s[:k]
		sh = ShapeOf(s)
	}
	if sh.Lower > 0 || sh.Upper < 4 || sh.High > 0 || sh.Digit > 4 || !strings.ContainsAny(s, "_-") || !isUpper(s[0]) {
		return false
	}
	longest := 0
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		if !identifier(w) {
			return false
		}
		ws := ShapeOf(w)
		if ws.Digit > 0 && (ws.Turns > 1 || ws.Digit > 3) {
			return false
		}
		longest = max(longest, ws.Upper)
	}
	return longest >= 3 && Surprise(s) < 3.6
}

// filePath reports whether s is a path or a file name with a usual extension.
func filePath(s string) bool {
	if File(s) {
		return true
	}
	if len(s) > 2 && (s[0] == '/' && identifierPath(s[1:]) || len(s) > 3 && isLetter(s[0]) && s[1] == ':' && (s[2] == '\\' || s[2] == '/')) {
		return true
	}
	return false
}

var fileExtensions = keyword.NewList(`pem key crt cer cert p12 pfx jks keystore keytab json yaml yml toml ini cfg conf env txt md py go js ts tsx jsx java kt rb rs
	php cs cpp c h hpp sh bash zsh ps1 sql xml html css csv log pdf gpg asc pub kdbx zip tar gz lock sum sig minisig sha256 sha512 md5 mod properties plist tf tfvars enc age
	ppk der ovpn bak db sqlite 7z rar gpg2 tgz bz2 xz img iso deb rpm jar war exe dll so svg png jpg gif apk aab ipa msi dmg whl gem map bin dat`)

func identifierPath(s string) bool {
	parts := strings.Split(strings.TrimSuffix(s, "/"), "/")
	for _, p := range parts {
		if !pathPart(p) || Random(p) > 0.85 {
			return false
		}
	}
	return len(parts) >= 2
}

func pathPart(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '_' && c != '-' && c != '.' && c != '~' && c != '*' && c != '{' && c != '}' && c != '@' {
			return false
		}
	}
	return s != ""
}

func identifier(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '_' && c != '.' && c != '-' && c != ':' && c != '>' {
			return false
		}
	}
	return s != ""
}

// Identifier reports whether s reads as a name in code: words in snake, kebab, camel or dotted form, with few digits.
func Identifier(s string) bool {
	if !identifier(strings.NewReplacer("/", "_", "@", "_", "$", "_").Replace(s)) {
		return false
	}
	sh := ShapeOf(s)
	if constant(s) {
		return true
	}
	if sh.Lower+sh.Upper < 3 || sh.Digit > 4 && sh.Digit*3 > sh.Len {
		return false
	}
	if sh.Digit < 8 && WordShare(s) >= 0.6 {
		return true
	}
	humps, length, odd := humps(s)
	if humps == 0 {
		return false
	}
	mean := float64(length) / float64(humps)
	return mean >= 2.6 && Surprise(s) < 3.5 && odd*3 <= humps
}

// humps counts the words of an identifier, their letters and digits, and those that mix letters and digits oddly.
func humps(s string) (n, length, odd int) {
	var prev byte
	turns := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		word := isLetter(c) || isDigit(c)
		if !word {
			prev, turns = 0, 0
			continue
		}
		length++
		switch {
		case prev == 0:
			n++
		case isLower(prev) && isUpper(c):
			n++
			turns = 0
		case isDigit(prev) != isDigit(c):
			n++
			if turns++; turns > 1 {
				odd++
			}
		}
		prev = c
	}
	return n, length, odd
}

// constant reports whether s is capital words, with a few digits behind each, joined by hyphens or underscores: the
// names of algorithms and standards, such as AES128-GCM-SHA256.
func constant(s string) bool {
	long := 0
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' }) {
		i := 0
		for i < len(w) && isUpper(w[i]) {
			i++
		}
		if i == 0 || len(w)-i > 4 || strings.Trim(w[i:], "0123456789") != "" {
			return false
		}
		if i >= 3 {
			long++
		}
	}
	return long >= 2
}

// terms are words of the trade that do not read like English.
var terms = keyword.NewList(`max min len oauth http https proxy nginx fqdn url uri urn api sdk cli gui jwt jwk oidc saml ldap ssh tls ssl tcp udp dns dhcp vpn aws gcp ec2 kms iam rds sql nosql mysql sqlite redis kafka kube kubectl yaml json toml xml html css
	src cfg conf config env dev prod tmp pkg cmd lib bin etc var usr opt str int bool char func ctx err msg req res resp db app auth crypto hmac rsa aes gcm sha md5 utf ascii unix linux amd64 arm64 x86 gpu cpu ram ssd nfs grpc rpc rest crud csv pdf png jpg svg
	github gitlab npm yarn pip pypi maven gradle docker helm terraform ansible jenkins prometheus grafana kubernetes postgres mongodb graphql webhook async mutex regex stdin stdout stderr localhost middleware init deinit util utils`)

// File reports whether s is a file name with a usual extension.
func File(s string) bool {
	if keyFiles.Has(s) {
		return true
	}
	dot := strings.LastIndexByte(s, '.')
	return dot > 0 && len(s)-dot <= 11 && fileExtensions.Has(strings.ToLower(s[dot+1:]))
}

// keyFiles are files without an extension that keys and passwords lie in.
var keyFiles = keyword.NewList(`id_rsa id_dsa id_ecdsa id_ecdsa_sk id_ed25519 id_ed25519_sk authorized_keys known_hosts .netrc .pgpass .htpasswd .vault_pass .s3cfg`)

// WordShare returns the share of the letters and digits of s that lie in its words: runs of at least four letters in one
// case, or with a capital first, that read like a word. Names have a large share, drawn values next to none.
func WordShare(s string) float64 {
	all, inWords := 0, 0
	for i := 0; i < len(s); {
		if !isLetter(s[i]) {
			if isDigit(s[i]) {
				all++
			}
			i++
			continue
		}
		j := i + 1
		for j < len(s) && isLetter(s[j]) && !(isUpper(s[j]) && isLower(s[j-1])) && !(isLower(s[j]) && isUpper(s[j-1]) && j-i > 1) {
			j++
		}
		if j-i >= 4 && Surprise(s[i:j]) < 3 || j-i >= 3 && terms.Has(strings.ToLower(s[i:j])) {
			inWords += j - i
		}
		all += j - i
		i = j
	}
	if all == 0 {
		return 0
	}
	return float64(inWords) / float64(all)
}

// Alphabet reports whether s spells out an alphabet, as constants of encoders do, rather than a value.
func Alphabet(s string) bool {
	if len(s) < 26 {
		return false
	}
	l := strings.ToLower(s)
	return strings.Contains(l, "abcdefghijkl") && (strings.Contains(l, "nopqrstuvwx") || strings.Contains(l, "0123456789")) && ShapeOf(s).Distinct > 25
}

// Dotted reports whether s is names joined by dots, as members and packages are: each part an identifier.
func Dotted(s string) bool {
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if len(p) < 2 || !Identifier(p) {
			return false
		}
	}
	return len(parts) >= 2
}

// Versioned reports whether s is the name of a package with its version: jackson-core-2.15.0.
func Versioned(s string) bool {
	at := strings.LastIndexAny(s, "-@:")
	if at <= 0 || at == len(s)-1 {
		return false
	}
	v := strings.TrimPrefix(s[at+1:], "v")
	return strings.Count(v, ".") >= 1 && strings.Trim(v, "0123456789.") == "" && (Random(s[:at]) < 0.9 || at <= 32 && ShapeOf(s[:at]).Digit == 0)
}
