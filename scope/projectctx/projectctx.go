// Package projectctx names the project that a text is about, by the paths, repositories, tickets, hosts, branches and
// identifiers in it, and by words such as "this repo". A text that shows none of them may be of use elsewhere.
package projectctx

import (
	"path"
	"sort"
	"strings"
	"sync"

	regexp "github.com/wasilibs/go-re2" // RE2 itself takes a tenth of the time of Go's package here

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// Options tune a Guesser. The zero value works.
type Options struct {
	Vocabulary map[string][]string // project → its own words: service names, code names, modules; nil means none
}

// Guesser is a scope.Guesser. It is immutable and safe for concurrent use.
type Guesser struct {
	words  *keyword.Set
	owners []string // word → project
}

var _ scope.Guesser = (*Guesser)(nil)

// New returns a Guesser.
func New(o Options) *Guesser {
	g := &Guesser{}
	var words []string
	projects := make([]string, 0, len(o.Vocabulary))
	for p := range o.Vocabulary {
		projects = append(projects, p)
	}
	sort.Strings(projects)
	for _, p := range projects {
		for _, w := range append([]string{p}, o.Vocabulary[p]...) {
			if len(w) >= 3 {
				words = append(words, w)
				g.owners = append(g.owners, p)
			}
		}
	}
	g.words = keyword.New(words)
	return g
}

// maxText bounds how much of a text is read, in bytes: the first pages say what it is about.
const maxText = 16 << 10

// sign is one kind of evidence.
type sign struct {
	re     *regexp.Regexp
	weight float64
	reason string
}

// signs are compiled on first use: a program that only starts has no need of them.
var signs = sync.OnceValue(func() []sign {
	return []sign{
		{regexp.MustCompile(`(?:^|[\s"'` + "`" + `(])(?:~|\.{1,2}|/(?:home|Users|srv|opt|var|etc|usr|mnt|workspace|app|repo|src))/[\w.@-]+(?:/[\w.@-]+)*`), 0.6, "it names a path on a machine"},
		{regexp.MustCompile(`\b[A-Za-z]:\\[\w .-]+\\[\w .\\-]+`), 0.6, "it names a path on a machine"},
		{regexp.MustCompile(`\b(?:src|lib|pkg|cmd|internal|app|apps|packages|test|tests|config|scripts|docs|deploy|infra|terraform|migrations|services|components|api|web|server|client|backend|frontend)/[\w.-]+(?:/[\w.-]+)*`), 0.55, "it names a path in a repository"},
		{regexp.MustCompile(`\b[\w-]+\.(?:go|ts|tsx|js|jsx|py|rs|java|kt|rb|php|cs|cpp|swift|sql|tf|proto|vue|svelte|scss|ipynb)(?::\d+)?\b`), 0.4, "it names a source file"},
		{regexp.MustCompile(`(?:git@|https?://)(?:www\.)?(?:github|gitlab|bitbucket)[\w.]*[:/][\w.-]+/[\w.-]+`), 0.5, "it names a repository"},
		{regexp.MustCompile(`\b[A-Z][A-Z0-9]{1,9}-\d{1,6}\b`), 0.5, "it names a ticket"},
		{regexp.MustCompile(`(?:^|[\s(])(?:#|GH-|PR ?#?|issue #?|MR !?)\d{1,6}\b`), 0.45, "it names a ticket"},
		{regexp.MustCompile(`\b(?:feature|feat|bugfix|fix|hotfix|release|chore)/[\w./-]+`), 0.5, "it names a branch"},
		{regexp.MustCompile(`\b[\w-]+(?:\.[\w-]+)*\.(?:internal|local|corp|lan|intra|intranet|svc|cluster\.local|home\.arpa)\b`), 0.6, "it names an internal host"},
		{regexp.MustCompile(`\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b`), 0.5, "it names a private address"},
		{regexp.MustCompile(`\b(?:localhost|127\.0\.0\.1):\d{2,5}\b`), 0.4, "it names a local port"},
		{regexp.MustCompile(`(?i)\b(?:this|our|the) (?:repo|repository|codebase|project|service|monorepo|module|app|application|product|backend|frontend|api|pipeline|deployment|cluster|database|db|schema|staging|production|ci)\b`), 0.5, "it speaks of a project at hand"},
		{regexp.MustCompile(`(?i)\b(?:we|we've|we're|our|us|ours)\b`), 0.4, "it speaks for a group"},
		{regexp.MustCompile(`(?i)\b(?:staging|prod|production|dev|qa|uat) (?:env|environment|server|cluster|database|db|box|instance|bucket|account)\b`), 0.45, "it names an environment"},
		{regexp.MustCompile(`(?i)\b(?:v\d+\.\d+(?:\.\d+)?|version \d+\.\d+)\b`), 0.1, "it names a version"},
		{regexp.MustCompile(`\b[a-z]+(?:[A-Z][a-z0-9]+){2,}\b|\b[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+){2,}\b|\b[a-z]+_[a-z]+_[a-z_]+\b`), 0.3, "it names things of a code base"},
		{regexp.MustCompile(`\b[A-Z][A-Z0-9]+_[A-Z0-9_]{3,}\b`), 0.3, "it names settings"},
		{regexp.MustCompile(`\b[0-9a-f]{40}\b|\bcommit [0-9a-f]{7,12}\b`), 0.45, "it names a commit"},
		{regexp.MustCompile(`このリポジトリ|このプロジェクト|本プロジェクト|当プロジェクト|このサービス|本サービス|当サービス|このコード|本番環境|検証環境|ステージング|開発環境|うちの|弊社|当社|社内|我々|私たち|本システム|このアプリ|このモジュール`), 0.55, "it speaks of a project at hand"},
		{regexp.MustCompile(`(?i)\b(?:yesterday|today|tomorrow|last (?:week|month|friday|monday|sprint|quarter)|next (?:week|month|sprint|quarter|release)|this (?:week|month|sprint|quarter)|as of)\b|昨日|今日|明日|先週|来週|今週|先月|来月|今回`), 0.3, "it speaks of a time"},
	}
})

// Guess names the project of a text: the one whose words it holds, else the one it was written in, else the repository
// it names. Confidence is how sure it is that the text is about a project at all.
func (g *Guesser) Guess(in scope.Input) scope.Guess {
	text := in.Title + "\n" + in.Content + "\n" + strings.Join(in.Tags, " ")
	if len(text) > maxText {
		text = text[:maxText]
	}
	out := scope.Guess{Name: in.Project}
	general := 1.0
	note := func(weight float64, reason string) {
		general *= 1 - weight
		for _, s := range out.Signals {
			if s == reason {
				return
			}
		}
		out.Signals = append(out.Signals, reason)
	}
	if owner := g.owner(text); owner != "" {
		out.Name = owner
		note(0.7, "it uses the project's own words")
	}
	if in.Project != "" && containsWord(text, in.Project) {
		note(0.7, "it names the project")
	}
	if in.Root != "" && strings.Contains(text, in.Root) {
		note(0.8, "it names the project's folder")
	}
	for _, s := range signs() {
		loc := s.re.FindStringIndex(text)
		if loc == nil {
			continue
		}
		if s.reason == "it names a repository" && out.Name == "" {
			out.Name = strings.TrimSuffix(path.Base(text[loc[0]:loc[1]]), ".git")
		}
		if s.reason == "it names a ticket" && standard(text[loc[0]:loc[1]]) {
			continue
		}
		note(s.weight, s.reason)
	}
	out.Confidence = 1 - general
	if out.Confidence < 0.3 && in.Project == "" {
		out.Name = ""
	}
	return out
}

// owner returns the project with the most of its words in text.
func (g *Guesser) owner(text string) string {
	counts := make(map[string]int)
	best := ""
	g.words.Each(text, func(h keyword.Hit) bool {
		if h.Start > 0 && wordByte(text[h.Start-1]) || h.End < len(text) && wordByte(text[h.End]) {
			return true
		}
		p := g.owners[h.Word]
		counts[p]++
		if best == "" || counts[p] > counts[best] || counts[p] == counts[best] && p < best {
			best = p
		}
		return true
	})
	return best
}

// standard reports whether a name that looks like a ticket is that of a standard: UTF-8, SHA-256, RFC-2119.
func standard(s string) bool {
	name, _, _ := strings.Cut(strings.TrimSpace(s), "-")
	return standards[name]
}

var standards = map[string]bool{"UTF": true, "SHA": true, "RFC": true, "ISO": true, "AES": true, "RSA": true, "CVE": true, "TLS": true, "HTTP": true, "IEEE": true, "PEP": true, "JSR": true, "CWE": true,
	"ECMA": true, "ES": true, "MD": true, "BLAKE": true, "GPT": true, "KB": true, "ARM": true, "PKCS": true, "WCAG": true, "ASVS": true, "NIST": true, "SOC": true, "US": true, "EU": true, "COVID": true, "X": true}

func containsWord(text, word string) bool {
	if len(word) < 3 {
		return false
	}
	low, w := strings.ToLower(text), strings.ToLower(word)
	for i := 0; ; {
		n := strings.Index(low[i:], w)
		if n < 0 {
			return false
		}
		at := i + n
		if (at == 0 || !wordByte(low[at-1])) && (at+len(w) >= len(low) || !wordByte(low[at+len(w)])) {
			return true
		}
		i = at + 1
	}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
