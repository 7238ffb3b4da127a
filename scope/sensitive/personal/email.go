package personal

import (
	"slices"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
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
		if start == at || end == 0 || start > 0 && text[start-1] == '$' || start > 0 && (text[start-1] == '/' || text[start-1] == ':' && strings.Contains(text[max(0, start-80):start], "://")) {
			continue
		}
		last = end
		if remote(text, start) {
			continue
		}
		if !machineAddress(strings.ToLower(text[start:end])) && !commitTrailer(text, start) && !authored(text, start) && !credited(text, start, end) {
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
var roleLocals = map[string]bool{"support": true, "team": true, "hello": true, "contact": true, "sales": true, "press": true, "presse": true, "security": true, "abuse": true, "helpdesk": true, "privacy": true, "webmaster": true,
	"hostmaster": true, "feedback": true, "kontakt": true, "datenschutz": true, "newsletter": true, "careers": true, "jobs": true, "enquiries": true, "inquiries": true}

var machineDomains = map[string]bool{"example.com": true, "example.org": true, "example.net": true, "example.jp": true, "example.co.jp": true, "test.com": true, "domain.com": true,
	"email.com": true, "your-domain.com": true, "users.noreply.github.com": true}

var machineSuffixes = []string{".example", ".sample", ".test", ".invalid", ".local", ".localhost", ".internal", ".lan", ".corp", ".intranet", ".gserviceaccount.com", ".png", ".jpg", ".js", ".css", ".example.com", ".example.org", ".example.net", ".example.jp", ".example.co.jp"}

func machineAddress(a string) bool {
	local, domain, _ := strings.Cut(a, "@")
	if machineLocals[local] || roleLocals[local] || machineDomains[domain] || strings.Contains(local, "noreply") || strings.Contains(local, "no-reply") || strings.HasSuffix(local, "[bot]") || list(local, domain) || sample(local) {
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

// lists are what mailing lists and offices of projects are called by.
var lists = struct{ prefixes, suffixes, domains []string }{
	[]string{"bug-", "bugs-", "security-", "conduct", "opencode", "opensource", "list-", "info-", "help-"},
	[]string{"-bugs", "-security", "-conduct", "-devel", "-users", "-list", "-lists", "-announce", "-discuss", "-maintainers", "-team", "-commits"},
	[]string{"googlegroups.com", "groups.io", "freelists.org", "openssh.com", "libssh.org"},
}

// list reports whether an address is that of a mailing list or an office of a project, which anyone writes to.
func list(local, domain string) bool {
	for _, p := range lists.prefixes {
		if strings.HasPrefix(local, p) {
			return true
		}
	}
	for _, s := range lists.suffixes {
		if strings.HasSuffix(local, s) {
			return true
		}
	}
	return strings.HasPrefix(domain, "lists.") || strings.HasPrefix(domain, "alioth-lists.") || slices.Contains(lists.domains, domain)
}

// sample reports whether the part before the @ is one that documentation makes up.
func sample(local string) bool {
	for _, p := range []string{"test-", "test_", "test.", "test+", "example", "your", "my-", "my_", "dummy", "sample", "somebody", "nobody"} {
		if strings.HasPrefix(local, p) {
			return true
		}
	}
	return strings.HasPrefix(local, "test") && strings.Trim(local[4:], "0123456789") == ""
}

// authored reports whether the address at start stands in a line that says who wrote something: a notice of copyright and the
// lines that go on with it, or the end of an entry of a Debian changelog.
func authored(text string, at int) bool {
	const reach = 160
	from := max(0, at-reach)
	line := strings.TrimLeft(text[from+strings.LastIndexByte(text[from:at], '\n')+1:at], " \t*#/;|")
	if strings.HasPrefix(line, "-- ") || notice.Contains(line) {
		return true
	}
	const year = 4
	if len(line) <= year || !digitsOnly(line[:year]) || !strings.HasPrefix(line, "19") && !strings.HasPrefix(line, "20") {
		return false
	}
	return notice.Contains(paragraph(text, at))
}

// credited reports whether the address at start is that of someone whom a log of changes thanks for one, or of who made it, with
// the time behind it as CVS has it.
func credited(text string, start, end int) bool {
	const reach = 120
	if dated.MatchString(text[end:min(len(text), end+32)]) {
		return true
	}
	return (credit.MatchString(text[max(0, start-reach):start]) || holder.MatchString(text[max(0, start-reach):start]))
}

var (
	dated  = pattern.New(`^ {1,2}(?:19|20)[0-9]{2}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}`)
	credit = pattern.New(`(?i)(?:\b(?:patch(?:es)?|fix(?:es)?|diff|bug|problem|issue|typo|based on work|original work|code|port|support)\b[^.;@<>]{0,60}\s(?:from|by)|\b(?:reported|noted|noticed|spotted|found|pointed out|suggested|submitted|contributed|written|diagnosed|tested|debugged|report(?: & testing)?) by|\bthanks(?: to)?)\s+(?:[A-Z][\w.'-]*\s+){0,4}[<(]?$`)
)

// holder begins what programs of OpenPGP write of whom a key belongs to.
var holder = pattern.New(`(?:\buid|Good signature from|aka)\b[^@<>\n]{0,80}[<(]$`)

var notice = keyword.New([]string{"copyright", "©", "(c) 19", "(c) 20"})

var trailers = []string{"author-email", "on-behalf-of:", "authors:", "author(s):", "written by", "originally by", "maintained by", "report bugs to", "upstream-contact", "uploaders:", "signed-off-by:", "co-authored-by:", "reviewed-by:", "acked-by:", "tested-by:", "reported-by:", "author:", "commit:", "committer:", "author =", "maintainer"}

// commitTrailer reports whether the line of an address is one that git writes.
func commitTrailer(text string, at int) bool {
	from := max(0, at-120)
	line := strings.ToLower(text[from+strings.LastIndexByte(text[from:at], '\n')+1 : at])
	if key, _, ok := strings.Cut(line, ":"); ok && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz -") == "" {
		if strings.HasSuffix(key, "-by") || strings.HasSuffix(key, " by") || parts.Has(strings.ReplaceAll(key, " ", "-")) { // authored-by, requested-by
			return true
		}
	}
	if told, _, ok := strings.Cut(strings.ToLower(paragraph(text, at)), ":"); ok && parts.Has(told) { // the list goes on on another line
		return true
	}
	for _, t := range reviewLabels {
		if strings.HasPrefix(line, t) {
			return true
		}
	}
	for _, t := range trailers {
		if strings.Contains(line, t) {
			return true
		}
	}
	return false
}

// parts are what those whom a commit names had to do with it.
var parts = keyword.NewList(`reviewer reviewers author authors co-author co-authors committer committers contributor contributors approver approvers maintainer maintainers developer developers editor editors submitter reporter reporters helper helpers`)

// paragraph returns the paragraph that at stands in, up to there.
func paragraph(text string, at int) string {
	const reach = 1200
	before := text[max(0, at-reach):at]
	from := max(strings.LastIndex(before, "\n\n"), strings.LastIndex(before, "\n\r\n"))
	return strings.TrimLeft(before[from+1:], "\r\n")
}

// reviewLabels begin the lines that Gerrit adds to a commit, one for each vote.
var reviewLabels = []string{"run-trybot:", "trybot-result:", "luci-trybot-result:", "auto-submit:", "trust:", "code-review:", "commit-queue:", "commit-ready:", "verified:", "presubmit-verified:", "owners-override:", "tree-ready:"}
