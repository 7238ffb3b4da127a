package projectctx

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// sign is one kind of evidence that a text is about a project.
type sign uint8

const (
	machinePath sign = iota
	repositoryPath
	sourceFile
	repository
	ticket
	branch
	internalHost
	privateAddress
	localPort
	projectAtHand
	somethingDefinite
	group
	environment
	version
	codeName
	settingName
	commit
	timeNear
	signs
)

// evidence weighs a sign: how sure it makes, alone, that the text is about a project.
var evidence = [signs]struct {
	weight float64
	reason string
}{
	machinePath:       {0.6, "it names a path on a machine"},
	repositoryPath:    {0.55, "it names a path in a repository"},
	sourceFile:        {0.4, "it names a source file"},
	repository:        {0.5, "it names a repository"},
	ticket:            {0.5, "it names a ticket"},
	branch:            {0.5, "it names a branch"},
	internalHost:      {0.6, "it names an internal host"},
	privateAddress:    {0.5, "it names a private address"},
	localPort:         {0.4, "it names a local port"},
	projectAtHand:     {0.55, "it speaks of a project at hand"},
	somethingDefinite: {0.2, "it speaks of something as if it were known"},
	group:             {0.4, "it speaks for a group"},
	environment:       {0.45, "it names an environment"},
	version:           {0.1, "it names a version"},
	codeName:          {0.3, "it names things of a code base"},
	settingName:       {0.3, "it names settings"},
	commit:            {0.45, "it names a commit"},
	timeNear:          {0.3, "it speaks of a time"},
}

// trigger says which sign a word may start, and what must stand beside the word.
type trigger struct {
	sign  sign
	words string // "|" between them
	fits  func(text string, h keyword.Hit) bool
}

var triggers = []trigger{
	{machinePath, "/home/|/Users/|/srv/|/opt/|/var/|/etc/|/usr/|/mnt/|/workspace/|/app/|/repo/|/src/|~/|./|../", opens},
	{machinePath, `:\`, func(text string, h keyword.Hit) bool {
		return h.Start > 0 && letter(text[h.Start-1]) && (h.Start == 1 || !wordByte(text[h.Start-2])) && h.End < len(text) && wordByte(text[h.End])
	}},
	{repositoryPath, "src/|lib/|pkg/|cmd/|internal/|app/|apps/|packages/|test/|tests/|config/|scripts/|docs/|deploy/|infra/|terraform/|migrations/|services/|components/|api/|web/|server/|client/|backend/|frontend/", begins},
	{sourceFile, ".go|.ts|.tsx|.js|.jsx|.py|.rs|.java|.kt|.rb|.php|.cs|.cpp|.swift|.sql|.tf|.proto|.vue|.svelte|.scss|.ipynb", ends},
	{repository, "github|gitlab|bitbucket", func(text string, h keyword.Hit) bool { return repositoryAt(text, h) != "" }},
	{ticket, "#|PR |PR#|issue |issue #|MR !|GH-", func(text string, h keyword.Hit) bool {
		return (h.Start == 0 || space(text[h.Start-1]) || text[h.Start-1] == '(') && h.End < len(text) && digit(text[h.End])
	}},
	{branch, "feature/|feat/|bugfix/|fix/|hotfix/|release/|chore/", begins},
	{internalHost, ".internal|.local|.corp|.lan|.intra|.intranet|.svc|.home.arpa", ends},
	{privateAddress, "10.|192.168.|172.", func(text string, h keyword.Hit) bool {
		return (h.Start == 0 || !wordByte(text[h.Start-1]) && text[h.Start-1] != '.') && privateIP.MatchString(text[h.Start:min(len(text), h.Start+16)])
	}},
	{localPort, "localhost:|127.0.0.1:", func(text string, h keyword.Hit) bool { return h.End < len(text) && digit(text[h.End]) }},
	{projectAtHand, "this |our ", func(text string, h keyword.Hit) bool { return alone(text, h) && things.Has(nextWord(text, h.End)) }},
	{somethingDefinite, "the ", func(text string, h keyword.Hit) bool { return alone(text, h) && things.Has(nextWord(text, h.End)) }},
	{projectAtHand, "このリポジトリ|このプロジェクト|本プロジェクト|当プロジェクト|このサービス|本サービス|当サービス|このコード|本番環境|検証環境|ステージング|開発環境|うちの|弊社|当社|社内|我々|私たち|本システム|このアプリ|このモジュール", nil},
	{group, "we|we've|we're|our|us|ours", alone},
	{environment, "staging |prod |production |dev |qa |uat ", func(text string, h keyword.Hit) bool { return alone(text, h) && places.Has(nextWord(text, h.End)) }},
	{version, "version ", func(text string, h keyword.Hit) bool {
		return alone(text, h) && h.End < len(text) && digit(text[h.End])
	}},
	{timeNear, "yesterday|today|tomorrow|last week|last month|last friday|last monday|last sprint|last quarter|next week|next month|next sprint|next quarter|next release|on monday|on tuesday|on wednesday|on thursday|on friday|on saturday|on sunday|this week|this month|this sprint|this quarter|as of", alone},
	{timeNear, "昨日|今日|明日|月曜|火曜|水曜|木曜|金曜|土曜|日曜|先週|来週|今週|先月|来月|今回", nil},
}

var (
	things = keyword.NewList(`repo repository codebase project service monorepo module app application product backend frontend api pipeline deployment cluster database db schema staging production ci`)
	places = keyword.NewList(`env environment server cluster database db box instance bucket account`)

	privateIP     = pattern.New(`^(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b`)
	repositoryURL = pattern.New(`^(?:git@|https?://)(?:www\.)?(?:github|gitlab|bitbucket)[\w.]*[:/][\w.-]+/([\w.-]+)`)
)

type triggerTable struct {
	set   *keyword.Set
	owner []int // word → trigger
}

var table = sync.OnceValue(func() (t triggerTable) {
	var words []string
	for i, tr := range triggers {
		for _, w := range strings.Split(tr.words, "|") {
			words = append(words, w)
			t.owner = append(t.owner, i)
		}
	}
	t.set = keyword.New(words)
	return t
})

// read collects the signs of a text, and the name of the first repository whose address it holds. One pass over the
// text finds the words, another the shapes of names.
func read(text string) (seen [signs]bool, repo string) {
	t := table()
	t.set.Each(text, func(h keyword.Hit) bool {
		tr := &triggers[t.owner[h.Word]]
		if seen[tr.sign] || tr.fits != nil && !tr.fits(text, h) {
			return true
		}
		seen[tr.sign] = true
		if tr.sign == repository {
			repo = repositoryAt(text, h)
		}
		return true
	})
	for i := 0; i < len(text); {
		if !wordByte(text[i]) {
			i++
			continue
		}
		j := i
		for j < len(text) && wordByte(text[j]) {
			j++
		}
		name(text, i, j, &seen)
		i = j
	}
	return seen, repo
}

// name judges one run of letters, digits and underscores.
func name(text string, start, end int, seen *[signs]bool) {
	w := text[start:end]
	uppers, lowers, digits, scores, humps := 0, 0, 0, 0, 0
	for i := 0; i < len(w); i++ {
		switch c := w[i]; {
		case c == '_':
			scores++
		case digit(c):
			digits++
		case c >= 'a' && c <= 'z':
			lowers++
		default:
			uppers++
			if i > 0 && w[i-1] >= 'a' && w[i-1] <= 'z' {
				humps++
			}
		}
	}
	switch {
	case uppers >= 2 && lowers == 0 && scores == 0 && len(w) <= 10 && w[0] >= 'A' && end+1 < len(text) && text[end] == '-' && digit(text[end+1]) && !standards.Has(w):
		seen[ticket] = true
	case len(w) == 40 && uppers == 0 && scores == 0 && hexadecimal(w), len(w) >= 7 && len(w) <= 12 && digits > 0 && hexadecimal(w) && strings.HasSuffix(strings.ToLower(text[:start]), "commit "):
		seen[commit] = true
	case scores >= 1 && lowers == 0 && uppers >= 4 && w[0] >= 'A' && w[0] <= 'Z':
		seen[settingName] = true
	case scores >= 2 && uppers == 0 && lowers >= 5 && !digit(w[0]), humps >= 2 && scores == 0 && lowers >= 4:
		seen[codeName] = true
	case len(w) >= 2 && (w[0] == 'v' || w[0] == 'V') && digits == len(w)-1 && end+1 < len(text) && text[end] == '.' && digit(text[end+1]):
		seen[version] = true
	}
}

// repositoryAt returns the name of the repository whose address holds the hit, or "".
func repositoryAt(text string, h keyword.Hit) string {
	from := max(0, h.Start-12)
	for i := h.Start; i > from; i-- {
		if i == 0 || space(text[i-1]) || text[i-1] == '(' || text[i-1] == '"' || text[i-1] == '<' {
			from = i
			break
		}
	}
	part := text[from:min(len(text), h.End+160)]
	m := repositoryURL.FindStringSubmatchIndex(part)
	if m == nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimRight(part[m[2]:m[3]], "."), ".git")
}

// opens reports whether a path stands at the hit: nothing but space or a quote before it, a name behind it.
func opens(text string, h keyword.Hit) bool {
	return (h.Start == 0 || space(text[h.Start-1]) || strings.IndexByte("\"'`(", text[h.Start-1]) >= 0) && h.End < len(text) && (wordByte(text[h.End]) || text[h.End] == '.')
}

// begins reports whether the hit begins a word and a name follows.
func begins(text string, h keyword.Hit) bool {
	return (h.Start == 0 || !wordByte(text[h.Start-1]) && text[h.Start-1] != '.' && text[h.Start-1] != '/' && text[h.Start-1] != '-') && h.End < len(text) && wordByte(text[h.End])
}

// ends reports whether the hit ends a name.
func ends(text string, h keyword.Hit) bool {
	return h.Start > 0 && wordByte(text[h.Start-1]) && (h.End == len(text) || !wordByte(text[h.End]))
}

// alone reports whether the hit stands as words of their own.
func alone(text string, h keyword.Hit) bool {
	return (h.Start == 0 || !wordByte(text[h.Start-1])) && (h.End == len(text) || space(text[h.End-1]) || !wordByte(text[h.End]))
}

func nextWord(text string, i int) string {
	j := i
	for j < len(text) && letter(text[j]) {
		j++
	}
	return strings.ToLower(text[i:j])
}

func hexadecimal(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
func space(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func wordByte(c byte) bool {
	return letter(c) || digit(c) || c == '_'
}

// standards are names that look like tickets and are none: UTF-8, SHA-256, RFC-2119.
var standards = keyword.NewList(`UTF SHA RFC ISO AES RSA CVE TLS HTTP IEEE PEP JSR CWE ECMA ES MD BLAKE GPT KB ARM PKCS WCAG ASVS NIST SOC US EU COVID X RS HS PS ED P CRC EC IP IPV UUID TOP`)
