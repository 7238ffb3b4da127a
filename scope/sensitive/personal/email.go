package personal

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/match"
)

// emails finds e-mail addresses of people. Addresses of machines, of documentation domains and in commit trailers are
// no secret.
func emails(text string, out []match.Match) []match.Match {
	last := 0
	for i := 0; ; {
		n := strings.IndexByte(text[i:], '@')
		if n < 0 || len(out) >= match.Enough {
			return out
		}
		at := i + n
		i = at + 1
		start := at
		for start > last && at-start < 64 && localByte(text[start-1]) {
			start--
		}
		for start < at && !alnum(text[start]) {
			start++
		}
		end := domainEnd(text, at+1)
		if start == at || end == 0 || start > 0 && (text[start-1] == '/' || text[start-1] == ':' && strings.Contains(text[max(0, start-80):start], "://")) {
			continue
		}
		last = end
		if remote(text, start) {
			continue
		}
		if !machineAddress(strings.ToLower(text[start:end])) && !commitTrailer(text, start) {
			out = append(out, match.Match{Rule: "email-address", Kind: match.Personal, Start: start, End: end, Confidence: 0.75})
		}
	}
}

func localByte(c byte) bool {
	return alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-'
}

// domainEnd returns the end of the domain name at i, or 0 if there is none with a top-level domain of letters.
func domainEnd(text string, i int) int {
	j := i
	for j < len(text) && j-i < 253 && (alnum(text[j]) || text[j] == '-' || text[j] == '.') {
		j++
	}
	for j > i && !alnum(text[j-1]) {
		j--
	}
	domain := text[i:j]
	dot := strings.LastIndexByte(domain, '.')
	if dot <= 0 || !alnum(domain[0]) || len(domain)-dot < 3 || strings.Contains(domain, "..") {
		return 0
	}
	if strings.HasPrefix(strings.ToLower(domain[dot+1:]), "xn--") {
		return j
	}
	for _, c := range []byte(domain[dot+1:]) {
		if !letter(c) {
			return 0
		}
	}
	return j
}

var machineLocals = map[string]bool{"git": true, "noreply": true, "no-reply": true, "donotreply": true, "root": true, "mailer-daemon": true, "postmaster": true,
	"bot": true, "actions": true, "user": true, "name": true, "you": true, "someone": true, "username": true, "email": true, "your-email": true, "foo": true, "test": true}

// roleLocals are the addresses of offices and not of people, published so that anyone writes to them.
var roleLocals = map[string]bool{"support": true, "contact": true, "sales": true, "press": true, "presse": true, "security": true, "abuse": true, "helpdesk": true, "privacy": true, "webmaster": true,
	"hostmaster": true, "feedback": true, "kontakt": true, "datenschutz": true, "newsletter": true, "careers": true, "jobs": true, "enquiries": true, "inquiries": true}

var machineDomains = map[string]bool{"example.com": true, "example.org": true, "example.net": true, "example.jp": true, "example.co.jp": true, "test.com": true, "domain.com": true,
	"email.com": true, "your-domain.com": true, "users.noreply.github.com": true}

var machineSuffixes = []string{".example", ".test", ".invalid", ".local", ".localhost", ".internal", ".lan", ".corp", ".intranet", ".gserviceaccount.com", ".png", ".jpg", ".js", ".css", ".example.com", ".example.org"}

func machineAddress(a string) bool {
	local, domain, _ := strings.Cut(a, "@")
	if machineLocals[local] || roleLocals[local] || machineDomains[domain] || strings.Contains(local, "noreply") || strings.Contains(local, "no-reply") || strings.HasSuffix(local, "[bot]") {
		return true
	}
	for _, suffix := range machineSuffixes {
		if strings.HasSuffix(domain, suffix) {
			return true
		}
	}
	return strings.Trim(local, "0123456789.-+x") == "" // pkg@1.2.3-canary
}

// remote reports whether the address at start is the target of a shell command: ssh deploy@bastion.prod.
func remote(text string, start int) bool {
	line := text[max(0, start-60):start]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	for _, c := range []string{"ssh ", "scp ", "sftp ", "rsync ", "mosh ", "ssh-copy-id "} {
		if i := strings.LastIndex(line, c); i >= 0 && (i == 0 || !letter(line[i-1])) && !strings.ContainsAny(line[i:], ".;,!?") {
			return true
		}
	}
	return false
}

var trailers = []string{"signed-off-by:", "co-authored-by:", "reviewed-by:", "acked-by:", "tested-by:", "reported-by:", "author:", "commit:", "committer:", "author =", "maintainer"}

// commitTrailer reports whether the line of an address is one that git writes.
func commitTrailer(text string, at int) bool {
	from := max(0, at-120)
	line := strings.ToLower(text[from+strings.LastIndexByte(text[from:at], '\n')+1 : at])
	for _, t := range trailers {
		if strings.Contains(line, t) {
			return true
		}
	}
	return false
}
