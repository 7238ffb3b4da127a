package saying

import (
	"regexp"
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// form is a way in which a command, header or call carries a secret. The pattern's last non-empty group is the secret.
type form struct {
	rule    string
	word    string // literal that must occur; the pattern is tried from its line on
	pattern string
	conf    float64
	random  bool // the secret must look made
}

const arg = `(?:"([^"\n]{3,200})"|'([^'\n]{3,200})'|([^\s"'|;&<>]{3,200}))` // a shell argument

var forms = []form{
	{"curl-user", "curl", `\bcurl\b[^\n]*?\s(?:-[a-zA-Z]*u|--user|--proxy-user)[ =]?\s*(?:"([^"\n:]*:[^"\n]{2,})"|'([^'\n:]*:[^'\n]{2,})'|([^\s"'|;&<>:]*:[^\s"'|;&<>]{2,}))`, 0.9, false},
	{"wget-password", "wget", `\bwget\b[^\n]*?--(?:http-|ftp-|proxy-)?password[ =]` + arg, 0.9, false},
	{"mysql-password", "mysql", `\b(?:mysql|mysqldump|mysqladmin|mysqlimport|mariadb)\b[^\n]*?\s-p` + arg, 0.85, false},
	{"mongo-password", "mongo", `\b(?:mongo|mongosh|mongodump|mongorestore)\b[^\n]*?\s(?:-p|--password)[ =]?` + arg, 0.85, false},
	{"redis-password", "redis-cli", `\bredis-cli\b[^\n]*?\s(?:-a|--pass)\s*` + arg, 0.85, false},
	{"sshpass", "sshpass", `\bsshpass\b[^\n]*?\s-p\s*` + arg, 0.95, false},
	{"psexec-password", "psexec", `(?i)\bpsexec\w*(?:\.exe)?\b[^\n]*?\s[-/]p\s+` + arg, 0.9, false},
	{"net-use-password", "net use", `(?i)\bnet use\b[^\n]*?/user:\S+\s+` + arg, 0.9, false},
	{"net-user-password", "net user", `(?i)\bnet user\s+\S+\s+([^\s/*]{4,})\s*(?:/add|/domain|$)`, 0.85, false},
	{"docker-login", "login", `\b(?:docker|podman|helm registry|az|oc|az acr|npm|vault|cf|ibmcloud|rclone|snyk|doctl|hub|nerdctl|crane|skopeo)\s+login\b[^\n]*?\s(?:-p|--password|--token|-t|--access-token)[ =]` + arg, 0.9, false},
	{"sudo-stdin", "sudo", `\becho\s+(?:-\w+\s+)?` + arg + `\s*\|\s*sudo\s+-\w*S`, 0.9, false},
	{"openssl-pass", "pass:", `\bpass:([^\s"'$]{3,80})`, 0.85, false},
	{"gpg-passphrase", "--passphrase", `--passphrase[ =]` + arg, 0.9, false},
	{"smb-user", "%", `\bsmb(?:client|map|get)\b[^\n]*?\s(?:-U|--user)[ =]?["']?[^\s%"']+%([^\s"']{3,})`, 0.9, false},
	{"rdp-password", "/p:", `(?i)\b(?:xfreerdp|wfreerdp|mstsc|rdesktop)\b[^\n]*?/p:` + arg, 0.9, false},
	{"ldap-password", "ldap", `\bldap(?:search|modify|add|delete|passwd|whoami)\b[^\n]*?\s-w\s*` + arg, 0.9, false},
	{"zip-password", "zip", `\b(?:zip|unzip|7z|7za|rar|unrar)\b[^\n]*?\s-[pP]\s?` + arg, 0.8, false},
	{"htpasswd", "htpasswd", `\bhtpasswd\b[^\n]*?\s-\w*b\w*\s+\S+\s+\S+\s+` + arg, 0.9, false},
	{"keytool-pass", "pass ", `\s-(?:store|key|src|dest)?(?:store)?pass\s+` + arg, 0.85, false},
	{"sqlplus", "sqlplus", `\b(?:sqlplus|sqlldr|expdp|impdp)\b\s+(?:-\w\s+)*\w+/([^\s@/"']{3,})@`, 0.9, false},
	{"impacket", "@", `\b(?:psexec|wmiexec|smbexec|secretsdump|atexec|GetUserSPNs|crackmapexec|evil-winrm)(?:\.py)?\b[^\n]*?(?:[\w.]+/)?[\w.]+:([^\s@]{3,})@`, 0.9, false},
	{"netrc", "login", `\bmachine\s+\S+\s+login\s+\S+\s+password\s+(\S{3,})`, 0.95, false},
	{"pgpass", ":", `(?m)^[\w.*-]+:(?:\d{2,5}|\*):[\w*-]+:[\w*-]+:([^\s:]{3,})\s*$`, 0.85, false},
	{"basic-authorization", "basic ", `(?i)\bauthorization["'\s:=]{1,6}(?:["'])?basic\s+([A-Za-z0-9+/]{6,}={0,2})`, 0.9, false},
	{"basic-header", "basic ", `(?i)["'\s:]basic\s+([A-Za-z0-9+/]{14,}={1,2})`, 0.85, true},
	{"bearer-authorization", "bearer", `(?i)\bbearer["'\s:=]{1,4}([A-Za-z0-9._~+/=|-]{12,})`, 0.9, true},
	{"token-authorization", "authorization", `(?i)\bauthorization["'\s:=]{1,6}(?:token|apikey|api-key|key|ssws|digest|aws4-hmac-sha256|hmac|negotiate|ntlm|splunk|genie ?key)?\s*(?:token=)?["']?([A-Za-z0-9._~+/=:-]{16,})`, 0.85, true},
	{"header-key", "x-", `(?i)\bx-[a-z-]*(?:key|token|auth|secret|session|signature|password)[a-z-]*["'\s:=]{1,6}([^\s"',;]{8,})`, 0.85, true},
	{"cookie", "cookie", `(?i)\b(?:set-)?cookie["'\s:=]{1,5}[^\n]{0,80}?\b(?:\w*sess\w*|sid|\w*auth\w*|\w*token\w*|connect\.sid|jwt|remember\w*|\w*csrf\w*)=([^\s;"']{12,})`, 0.8, true},
	{"secure-string", "ConvertTo-SecureString", `(?i)ConvertTo-SecureString\s+(?:-String\s+)?` + arg, 0.9, false},
	{"network-credential", "Credential(", `\b\w*Credentials?\(\s*["'][^"'\n]{1,80}["']\s*,\s*["']([^"'\n]{3,120})["']`, 0.85, false},
	{"basic-auth-call", "Auth(", `\b(?:\w*BasicAuth|\w*DigestAuth|set_?auth|basic_auth|\w*NTLMAuth)\(\s*["'][^"'\n]{1,80}["']\s*,\s*["']([^"'\n]{3,120})["']`, 0.85, false},
	{"auth-tuple", "auth", `\bauth\s*[=:]\s*[\[(]\s*["'][^"'\n]{1,80}["']\s*,\s*["']([^"'\n]{3,120})["']`, 0.9, false},
	{"database-call", "connect", `\b(?:\w*connect|getConnection|mysqli|PDO|createConnection|MongoClient)\(\s*["'][^"'\n]{2,200}["']\s*,\s*["'][^"'\n]{1,80}["']\s*,\s*["']([^"'\n]{3,120})["']`, 0.85, false},
	{"database-call", "PDO(", `\bPDO\(\s*["'][^"'\n]{2,200}["']\s*,\s*["'][^"'\n]{1,80}["']\s*,\s*["']([^"'\n]{3,120})["']`, 0.85, false},
	{"setter", "set", `(?i)\bset(?:Password|Passwd|Pwd|Secret|Token|ApiKey|AccessKey|SecretKey|PrivateKey|Passphrase)\(\s*["']([^"'\n]{4,200})["']\s*\)`, 0.85, false},
	{"identified-by", "identified", `(?i)\bidentified\s+(?:with\s+\S+\s+)?by\s+(?:password\s+)?(?:["']([^"'\n]{3,120})["']|([^\s"';]*\d[^\s"';]*);?)`, 0.9, false},
	{"sql-password", "password", `(?i)\b(?:with|encrypted|set)\s+password\s+(?:=\s*)?["']([^"'\n]{3,120})["']`, 0.9, false},
	{"sql-password-call", "password(", `(?i)\bpassword\(\s*["']([^"'\n]{3,120})["']\s*\)`, 0.85, false},
	{"cmdkey", "cmdkey", `(?i)\bcmdkey\b[^\n]*?/pass:` + arg, 0.9, false},
	{"long-option", "--", `(?i)\s--?(?:[a-z]+-)*(?:password|passwd|pass|pwd|secret|token|api-?key|apikey|access-?key|secret-?key|auth-?token|passphrase|client-?secret|private-?key|registration-token)[ =]` + arg, 0.85, false},
	{"ansible-vault-password", "ansible_", `\bansible_(?:ssh_|become_|sudo_)?pass(?:word)?\s*[=:]\s*["']?([^\s"'{]{3,})`, 0.9, false},
	{"openssl-key", "openssl", `\bopenssl\b[^\n]*?\s-[kK]\s+` + arg, 0.9, false},
	{"cisco-secret", "secret", `(?im)^\s*(?:enable|username \S+(?: privilege \d+)?)\s+secret\s+(?:\d\s+)?(\S{4,})`, 0.85, false},
	{"cisco-password", "password", `(?i)\b(?:enable|username \S+(?: privilege \d+)?)\s+(?:secret|password)\s+(?:\d\s+)?(\S{4,})`, 0.85, false},
	{"snmp-community", "community", `(?i)\bsnmp-server community\s+(\S{4,})`, 0.85, false},
}

type compiledForms struct {
	forms []form
	res   []*regexp.Regexp
	words *keyword.Set
}

var commandTable = sync.OnceValue(func() *compiledForms {
	t := &compiledForms{}
	var words []string
	for _, f := range forms {
		t.forms = append(t.forms, f)
		t.res = append(t.res, regexp.MustCompile(f.pattern))
		words = append(words, f.word)
	}
	t.words = keyword.New(words)
	return t
})

// commandReach bounds, in bytes, how far around its word a form is tried.
const commandReach = 600

// commands finds secrets in shell commands, headers, calls and settings of known form.
func commands(text string, out []match.Match) []match.Match {
	t := commandTable()
	done := make([]int, len(t.forms))
	t.words.Each(text, func(h keyword.Hit) bool {
		if h.Start < done[h.Word] {
			return true
		}
		f := &t.forms[h.Word]
		from := max(done[h.Word], h.Start-120)
		if nl := strings.LastIndexByte(text[from:h.Start], '\n'); nl >= 0 {
			from += nl + 1
		}
		to := min(len(text), h.End+commandReach)
		done[h.Word] = h.End
		m := t.res[h.Word].FindStringSubmatchIndex(text[from:to])
		if m == nil {
			return true
		}
		start, end := m[0], m[1]
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 {
				start, end = m[g], m[g+1]
			}
		}
		start, end = from+start, from+end
		done[h.Word] = max(done[h.Word], end)
		s := text[start:end]
		body := s
		if i := strings.IndexByte(s, ':'); f.rule == "curl-user" && i >= 0 {
			body = s[i+1:]
		}
		if value.Placeholder(body) || value.Reference(body) && !strings.HasPrefix(f.rule, "sonar") || strings.HasPrefix(body, "-") || strings.ContainsAny(body, "<>") && strings.HasPrefix(body, "<") {
			return true
		}
		if f.random && !made(body) || !f.random && plain(body) && (describes(body) || strings.HasPrefix(f.rule, "cisco")) || typeName(strings.Trim(body, "`")) {
			return true
		}
		out = append(out, match.Match{Rule: f.rule, Kind: match.Credential, Start: start, End: end, Confidence: f.conf})
		return true
	})
	return deeds(text, barePairs(text, pairs(text, out)))
}

func made(s string) bool {
	sh := value.ShapeOf(s)
	return value.UUID(s) || value.Random(s) >= 0.5 && !value.Identifier(s) || sh.Hex && sh.Len >= 16 || sh.Digit >= 3 && sh.Lower+sh.Upper >= 4 && sh.Len >= 10 && !value.Identifier(s)
}

// A login said as a pair: "credentials for jenkins: deploy:leaf-and-tea", "admin login is admin / pepper-rocket".
var pairPattern = regexp.MustCompile(`(?i)(?:\b(?:credentials?|creds|logins?|log ?in|logs in|sign ?in|account|auth|access|ssh|user ?/ ?pass(?:word)?|user:pass(?:word)?|id ?/ ?(?:pw|pass))\b|ログイン|アカウント|認証情報)[^\n.;]{0,60}?(?:\bis\b|\bare\b|\bwas\b|:|=|\bas\b|\bwith\b|\busing\b|は|\()\s*["'` + "`" + `]?([A-Za-z0-9._@+\\-]{2,60})["'` + "`" + `]?(?: / |/|:| : |: |、| \| |, | and |と)\s*["'` + "`" + `]?([^\s"'` + "`" + `,;。、」)]{3,80})`)

var pairWords = keyword.New([]string{"credential", "creds", "認証情報", "login", "log in", "logs in", "sign in", "account", "ログイン", "アカウント", "auth", "access", "ssh", "user/pass", "user:pass", "id/pw", "id/pass"})

func pairs(text string, out []match.Match) []match.Match {
	done := 0
	pairWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done {
			return true
		}
		to := min(len(text), h.End+220)
		m := pairPattern.FindStringSubmatchIndex(text[h.Start:to])
		if m == nil {
			return true
		}
		user, start, end := text[h.Start+m[2]:h.Start+m[3]], h.Start+m[4], h.Start+m[5]
		s := strings.TrimRight(text[start:end], ".!?")
		if !pairValue(text, user, s, h.Start+m[3], h.Start+m[0]) {
			return true
		}
		done = end
		out = append(out, match.Match{Rule: "login-pair", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.8})
		return true
	})
	return out
}

func pairValue(text, user, s string, sepAt, from int) bool {
	sh := value.ShapeOf(s)
	if value.Placeholder(s) || value.Reference(s) || measured(s) || sh.Digit == sh.Len && (strings.Contains(user, ".") || sh.Len < 6) || notUsers[strings.ToLower(user)] {
		return false
	}
	if strings.HasPrefix(s, "//") || strings.HasPrefix(s, "/") || strings.Contains(strings.ToLower(text[max(0, from-12):sepAt]), "e.g") {
		return false
	}
	if plain(s) && (describes(s) || len(s) < 4) {
		return false
	}
	strong := sh.Digit > 0 && sh.Lower+sh.Upper > 0 || strings.ContainsAny(s, "!@#$%^&*") || strings.Count(s, "-") >= 2
	spaced := sepAt+2 < len(text) && strings.Contains(text[sepAt:min(len(text), sepAt+4)], " / ")
	if strings.HasPrefix(text[sepAt:], " and ") || strings.HasPrefix(text[sepAt:], ", ") || strings.HasPrefix(text[sepAt:], "と") {
		return sh.Digit > 0 && sh.Lower+sh.Upper > 0 && !technical(s) && (strings.Contains(user, "@") || sh.Upper > 0 || sh.Other > 0) && !value.Identifier(s)
	}
	return strong && !(value.Identifier(s) && sh.Digit > 0 && strings.Contains(user, "/")) || spaced && !describes(s) && text[sepAt] != ','
}

// notUsers are words in the place of a user that make a pair something else: "login: username / password".
var notUsers = set(`username user name password pass email e-mail id the a an your my our http https token key and or not read write get post on off yes no true false v1 v2`)

// A login said without any word for it: "root/Triangle99", "it's admin/Winter-2".
var barePair = regexp.MustCompile(`(?i)(?:^|[\s("'` + "`" + `])(?:root|admin|administrator|guest|sa|postgres|ubuntu|ec2-user|oracle|mysql|sysadmin|superuser|operator|jenkins|deploy|pi|user|ops|svc|test)(?:/| / |:)([^\s"'` + "`" + `,;/、。)]{5,60})`)

var barePairWords = keyword.New([]string{"root", "admin", "guest", "sa", "postgres", "ubuntu", "ec2-user", "oracle", "mysql", "superuser", "operator", "jenkins", "deploy", "pi", "user", "ops", "svc", "test"})

func barePairs(text string, out []match.Match) []match.Match {
	done := 0
	barePairWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.End >= len(text) || text[h.End] != '/' && text[h.End] != ':' && text[h.End] != ' ' && !letter(text[h.End]) {
			return true
		}
		from := max(0, h.Start-1)
		m := barePair.FindStringSubmatchIndex(text[from:min(len(text), h.End+80)])
		if m == nil || from+m[0] > h.Start {
			return true
		}
		start, end := from+m[2], from+m[3]
		s := strings.TrimRight(text[start:end], ".:")
		sh := value.ShapeOf(s)
		if sh.Digit == 0 || sh.Lower+sh.Upper < 3 || sh.Upper == 0 && sh.Other == 0 || value.Reference(s) || value.Placeholder(s) || measured(s) || technical(s) || value.Versioned(s) || value.Digest(s) ||
			strings.Contains(s, "@") && strings.Contains(s, ".") || strings.ContainsAny(s, "=()<>{}") {
			return true
		}
		done = end
		out = append(out, match.Match{Rule: "bare-login-pair", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.65})
		return true
	})
	return out
}
