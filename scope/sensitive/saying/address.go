package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// connection finds the password of a connection string of keys and values, whatever it is: the one of a database is
// often a plain word, and nothing tells it from an example.
func connection(text string, out []match.Match) []match.Match {
	connectionWords.Each(text, func(h keyword.Hit) bool {
		if h.Start > 0 && alnum(text[h.Start-1]) {
			return true
		}
		around := strings.ToLower(text[max(0, h.Start-240):min(len(text), h.End+240)])
		spaced := !strings.Contains(around, ";") && h.Start > 0 && spacedWords.Contains(around) // host=db user=app password=heron
		end := h.End
		for end < len(text) && end-h.End < 80 && text[end] != ';' && text[end] != '\n' && text[end] != '"' && text[end] != '\'' && !(spaced && space(text[end])) {
			end++
		}
		s := text[h.End:end]
		if spaced && generic.Has(strings.ToLower(s)) {
			return true
		}
		if len(s) < 3 || strings.ContainsAny(s, "<>{}$%*#[]( ") || strings.Trim(strings.ToLower(s), "x") == "" || !spaced && !strings.Contains(around, ";") ||
			!serverWords.Contains(around) || !userWords.Contains(around) {
			return true
		}
		out = append(out, match.Match{Rule: "connection-password", Kind: match.Credential, Start: h.End, End: end, Confidence: 0.7})
		return true
	})
	return out
}

var (
	connectionWords = keyword.New([]string{"pwd=", "password="})
	serverWords     = keyword.New([]string{"server=", "data source=", "host=", "provider=", "database=", "dbname=", "initial catalog="})
	spacedWords     = keyword.New([]string{"dbname=", "host=", "port=", "sslmode="})
	userWords       = keyword.New([]string{"uid=", "user id=", "userid=", "user=", "username="})
)

// addresses finds credentials inside addresses: scheme://user:password@host and ?access_token=….
func addresses(text string, out []match.Match) []match.Match {
	end := 0
	for i := 0; ; {
		n := strings.Index(text[i:], "://")
		if n < 0 || len(out) >= match.Enough {
			return out
		}
		at := i + n + 3
		i = at
		end = max(end, at)
		for end < len(text) && end-at < longestAuthority && !space(text[end]) && text[end] != '"' && text[end] != '\'' && text[end] != '`' && text[end] != '<' && text[end] != '>' {
			end++
		}
		if m, ok := userInfo(text, at, end); ok {
			out = append(out, m)
		}
	}
}

// driverAddresses finds the password of a connection as Go's driver for MySQL takes it: user:password@tcp(host:3306)/base.
func driverAddresses(text string, out []match.Match) []match.Match {
	const longest = 120
	for _, mark := range []string{"@tcp(", "@unix("} {
		for i := 0; len(out) < match.Enough; {
			n := strings.Index(text[i:], mark)
			if n < 0 {
				break
			}
			at := i + n
			i = at + len(mark)
			from := max(0, at-longest)
			from += strings.LastIndexAny(text[from:at], " \t\n\"'`") + 1
			user, pass, ok := strings.Cut(text[from:at], ":")
			if start := from + len(user) + 1; ok && len(pass) >= 3 && !value.Placeholder(pass) && !(value.Reference(pass) && !dotted(pass)) && !strings.ContainsAny(user+pass, "<>{}%$") {
				out = append(out, match.Match{Rule: "driver-address", Kind: match.Credential, Start: start, End: at, Confidence: 0.85})
			}
		}
	}
	return out
}

// port reports whether s is a host and the number of a port: an @ in the path behind it begins the name of a package's scope.
func port(s string) bool {
	host, number, ok := strings.Cut(s, ":")
	return ok && host != "" && number != "" && len(number) <= 5 && strings.Trim(number, "0123456789") == ""
}

// tokenMarks stand in the place of a password where the user is a token.
var tokenMarks = keyword.NewList(`x-oauth-basic x-token-auth x-access-token x api_token`)

// longestAuthority bounds how far behind "://" a password is looked for, in bytes.
const longestAuthority = 1024

// userInfo finds user:password@ between at and end. The password may hold any character but white space, so its end
// is the last @ before the path.
func userInfo(text string, at, end int) (match.Match, bool) {
	authority := text[at:end]
	slash := strings.IndexByte(authority, '/')
	var last int
	if slash < 0 {
		last = strings.LastIndexByte(authority, '@')
	} else if last = strings.LastIndexByte(authority[:slash], '@'); last < 0 {
		// A password with a slash in it: then the @ must still be followed by a host.
		if last = strings.IndexByte(authority[slash:], '@'); last >= 0 {
			last += slash
			if scope := authority[last-1] == '/' && port(authority[:slash]); scope || !strings.Contains(authority[:slash], ":") || strings.ContainsAny(authority[:last], "?#") {
				last = -1
			}
		}
	}
	if last <= 0 {
		return match.Match{}, false
	}
	colon := strings.IndexByte(authority[:last], ':')
	user, pass := authority[:last], ""
	if colon >= 0 {
		user, pass = authority[:colon], authority[colon+1:last]
	}
	if strings.HasPrefix(pass, "%") && len(pass) == 2 { // fmt.Sprintf("postgres://%s:%s@%s", …)
		return match.Match{}, false
	}
	if colon < 0 || tokenMarks.Has(pass) { // https://TOKEN@host, https://TOKEN:x-oauth-basic@host
		if len(user) < 20 || value.Random(user) < 0.6 || value.Reference(user) {
			return match.Match{}, false
		}
		return match.Match{Rule: "url-token", Kind: match.Credential, Start: at, End: at + len(user), Confidence: 0.85}, true
	}
	if plain(pass) && strings.ToUpper(pass) == pass && strings.ToUpper(user) == user && plain(user) && strings.HasPrefix(text[at+last+1:], strings.ToUpper("host")) { // USER:PASSWORD@HOST
		return match.Match{}, false
	}
	if pass == "" || value.Placeholder(pass) || value.Reference(pass) && !dotted(pass) || strings.ContainsAny(pass, "<>{}") || strings.Contains(pass, "*") && strings.Trim(pass, "*") == "" || strings.Contains(user, "<") {
		return match.Match{}, false
	}
	if strings.Trim(pass, "0123456789") == "" && strings.Contains(user, ".") || strings.HasPrefix(text[at+last+1:], "sha256:") { // host:port@…, an image and its digest
		return match.Match{}, false
	}
	if user == "mailto" || strings.HasPrefix(user, "[^") || strings.HasPrefix(pass, "(.") { // a regular expression for such addresses
		return match.Match{}, false
	}
	if exampleLogin(user, pass, text[at+last+1:]) {
		return match.Match{}, false
	}
	conf := 0.9
	if pass == "password" || pass == "pass" || pass == "pwd" {
		conf = 0.6
	}
	if inner, optional := strings.CutSuffix(text[at+colon+1:at+last], "]"); optional && (typeName(inner) || value.Placeholder(inner)) { // redis[s]://[[username][:password]@]
		return match.Match{}, false
	}
	return match.Match{Rule: "url-password", Kind: match.Credential, Start: at + colon + 1, End: at + last, Confidence: conf}, true
}

// exampleLogin reports whether a login of an address says what stands in its place: user:pass@example.com, user:password@localhost.
func exampleLogin(user, pass, rest string) bool {
	user, pass = strings.ToLower(user), strings.ToLower(pass)
	if !generic.Has(user) || !generic.Has(pass) {
		return false
	}
	return nowhere(rest) || strings.HasPrefix(user, "us") && pass != stockSecret && (strings.HasPrefix(rest, "localhost") || strings.HasPrefix(rest, "127.0.0.1"))
}

// stockSecret is the one of the words in the place of a password that people do set, on machines of their own.
const stockSecret = "secret"

// exampleAddress reports whether s is an address with such a login.
func exampleAddress(s string) bool {
	_, authority, ok := strings.Cut(s, "://")
	login, rest, at := strings.Cut(authority, "@")
	user, pass, colon := strings.Cut(login, ":")
	return ok && at && colon && exampleLogin(user, pass, rest)
}

// generic are words that say what stands in their place.
var generic = keyword.NewList(`user username usr login name account admin pass passwd password pwd pw secret token`)

// nowhere reports whether a host at the start of s is one that leads nowhere: of the domains kept for documentation, or a word for one.
func nowhere(s string) bool {
	host := strings.ToLower(s[:strings.IndexFunc(s+" ", func(r rune) bool { return !(r < 0x80 && alnum(byte(r)) || r == '.' || r == '-') })])
	for _, d := range []string{"example.com", "example.org", "example.net", "example", "host", "hostname", "server", "domain", "domain.com", "proxy", "proxy.url", "url", "address"} {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// hook is an address of a hook that lets in whoever knows its last part: https://ci.example/hook/d7b04714….
var hook = pattern.New(`(?i)^(?:web-?)?hooks?/([A-Za-z0-9_-]{20,80})(?:$|[^A-Za-z0-9_-])`)

// entry is the end of an address that lets in whoever has it: https://app.example/invite/92ee30….
var entry = pattern.New(`(?i)^(?:invite|invites|invitation|invitations|magic|magic-link|reset|reset-password|password-reset|passwordless)/([A-Za-z0-9_-]{20,80})(?:$|[^A-Za-z0-9_-])`)

var entryWords = keyword.New([]string{"/invite", "/invitation", "/magic", "/reset", "/password-reset", "/passwordless"})

// entries finds the last part of what entry describes, where it is drawn.
func entries(text string, out []match.Match) []match.Match {
	entryWords.Each(text, func(h keyword.Hit) bool {
		const before, reach = 160, 110
		m := entry.FindStringSubmatchIndex(text[h.Start+1 : min(len(text), h.Start+reach)])
		if m == nil {
			return true
		}
		head := text[max(0, h.Start-before):h.Start]
		head = head[strings.LastIndexAny(head, " \t\n\"'`<>()")+1:]
		if start, end := h.Start+1+m[2], h.Start+1+m[3]; strings.Contains(head, "://") && drawn(text[start:end]) {
			out = append(out, match.Match{Rule: "entry-address", Kind: match.Credential, Start: start, End: end, Confidence: 0.7})
		}
		return len(out) < match.Enough
	})
	return out
}

// hooks finds the last part of what hook describes, where it is drawn.
func hooks(text string, out []match.Match) []match.Match {
	const before, reach = 160, 100
	for i := 0; len(out) < match.Enough; {
		n := strings.Index(text[i:], "hook")
		if n < 0 {
			return out
		}
		at := i + n
		i = at + len("hook")
		from := at
		for from > 0 && at-from < before && text[from-1] > ' ' && strings.IndexByte("\"'`<>()", text[from-1]) < 0 {
			from--
		}
		head := text[from:at]
		slash := strings.LastIndexByte(head, '/') + 1
		m := hook.FindStringSubmatchIndex(text[from+slash : min(len(text), at+reach)])
		if m == nil || slash == 0 || !strings.Contains(head, "://") {
			continue
		}
		if start, end := from+slash+m[2], from+slash+m[3]; drawn(text[start:end]) {
			out = append(out, match.Match{Rule: "hook-address", Kind: match.Credential, Start: start, End: end, Confidence: 0.7})
		}
	}
	return out
}
