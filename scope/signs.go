package scope

import (
	"slices"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// signs are what a text shows of people and teams, each in [0, 1].
type signs struct {
	person float64 // it is about one person: "I prefer", "Tanaka-san asked"
	team   float64 // it speaks to or for a team
	here   float64 // it points at something near: "our service", "this repo", a date
	past   float64 // it tells what happened
	public float64 // it names a technology or standard that everyone knows, or defines a term
}

var (
	personWords = []string{
		"i", "i'm", "i've", "i'd", "i'll", "my", "me", "mine", "he", "she", "his", "her", "him", "user prefers", "the user", "mr", "ms", "mrs", "-san",
		"さんは", "さんが", "さんの", "さんに", "さんと", "私は", "私の", "僕は", "僕の", "俺", "彼は", "彼女", "自分は", "自分の", "ユーザーは", "ユーザは", "くんは", "氏は", "部長", "課長", "社長",
	}
	teamWords = []string{
		"team", "team's", "teams", "everyone", "all of us", "we all", "on-call", "oncall", "standup", "stand-up", "retro", "retrospective", "onboarding",
		"teammates", "colleagues", "code owners", "reviewers", "whole team", "all engineers", "all developers", "share with", "for the group", "our squad",
		"our guild", "sprint planning", "working agreement", "チーム", "全員", "みんな", "みなさん", "皆さん", "メンバー", "当番", "朝会", "定例", "共有してください", "共有事項", "周知", "レビュー担当",
		"オンボーディング", "振り返り", "部署",
	}
	hereWords = []string{
		"our", "ours", "we", "we've", "we're", "us", "this repo", "this project", "this service", "this codebase", "this module", "the repo", "the codebase",
		"here", "today", "yesterday", "tomorrow", "last week", "last month", "next week", "next month", "this week", "this month", "this quarter",
		"this sprint", "currently", "so far", "right now", "弊社", "当社", "うちの", "我々", "私たち", "このリポジトリ", "このプロジェクト", "本プロジェクト", "このサービス", "本サービス", "今日", "昨日",
		"明日", "先週", "来週", "今週", "先月", "来月", "今月", "現在", "今回", "このコード",
	}
)

func readSigns(in Input) signs {
	text := in.Title + " . " + in.Content + " " + strings.Join(in.Tags, " ")
	if len(text) > maxSigns {
		text = text[:maxSigns]
	}
	counts := countSigns(text)
	return signs{
		person: presence(counts[personSign], 0.6),
		team:   presence(counts[teamSign], 0.55),
		here:   presence(counts[hereSign], 0.6),
		past:   presence(counts[pastSign], 0.5),
		public: presence(counts[publicSign], 0.8),
	}
}

// maxSigns bounds how much of a text is read for signs, in bytes.
const maxSigns = 16 << 10

// The signs that words show.
const (
	personSign = iota
	teamSign
	hereSign
	pastSign
	publicSign
	signKinds
)

// mostSignWords is how many words there may be for all signs.
const mostSignWords = 512

var (
	signLists = [signKinds][]string{personSign: personWords, teamSign: teamWords, hereSign: hereWords, pastSign: pastWords, publicSign: publicWords}
	signWords = keyword.New(slices.Concat(signLists[:]...))
	signOf    = func() (of [mostSignWords]uint8) { // word → sign
		n := 0
		for sign, list := range signLists {
			for range list {
				of[n] = uint8(sign)
				n++
			}
		}
		return of
	}()
)

// countSigns counts the different words for each sign in text.
func countSigns(text string) (counts [signKinds]int) {
	var seen [mostSignWords]bool
	signWords.Each(text, func(h keyword.Hit) bool {
		if !seen[h.Word] && stands(text, h) {
			seen[h.Word] = true
			counts[signOf[h.Word]]++
		}
		return true
	})
	return counts
}

// presence adds up words as independent evidence; the first weighs first, others less.
func presence(words int, first float64) float64 {
	absent, weight := 1.0, first
	for range words {
		absent *= 1 - weight
		weight *= 0.7
	}
	return 1 - absent
}

// stands reports whether a Latin word stands on its own; other scripts need no border.
func stands(text string, h keyword.Hit) bool {
	return !(h.Start > 0 && letter(text[h.Start-1]) && letter(text[h.Start])) && !(h.End < len(text) && letter(text[h.End-1]) && letter(text[h.End]))
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

var (
	pastWords = []string{
		"was", "were", "went", "had", "did", "got", "became", "turned out", "fixed it", "した。", "した", "していた", "だった", "ました", "った。",
	}

	publicWords = []string{
		"go", "golang", "python", "java", "javascript", "typescript", "rust", "c++", "ruby", "php", "swift", "kotlin", "bash", "shell", "シェル", "sql",
		"postgres", "postgresql", "mutexes", "mysql", "sqlite", "redis", "mongodb", "kafka", "rabbitmq", "elasticsearch", "docker", "kubernetes", "kubectl", "helm", "terraform",
		"ansible", "git", "github actions", "gitlab ci", "linux", "unix", "macos", "windows", "systemd", "journalctl", "nginx", "apache", "curl", "openssl",
		"ssh", "vim", "emacs", "tmux", "grep", "http", "https", "tcp", "udp", "dns", "tls", "ssl", "jwt", "oauth", "saml", "json", "yaml", "xml", "csv",
		"utf-8", "unicode", "rfc", "posix", "iso 8601", "regex", "regular expression", "regular expressions", "debian", "ubuntu", "fedora", "dpkg", "systemctl", "正規表現", "html", "css", "react", "vue", "svelte", "node.js", "npm", "aws", "azure", "gcp",
		"graphql", "grpc", "rest api", "websocket", "cors", "csrf", "xss", "b-tree", "acid", "mutex", "ミューテックス", "goroutine", "スライス", "fsync", "stands for",
		"is defined as", "とは、", "とは", "cookie", "base64", "sha-256", "argon2", "bcrypt", "uuid", "markdown", "latex", "make", "cmake", "gcc", "llvm", "wasm",
		"webassembly", "protobuf", "thread", "スレッド", "float", "浮動小数",
	}
)

// general are the knowledge types that may hold beyond a project.
var general = map[string]float64{"best-practice": 1, "how-to": 0.9, "reference": 0.9, "lesson": 0.8, "convention": 0.35, "decision": 0.1}

// generality says how sure it is that a text is of use to every project.
func (s signs) generality(k, p Guess) float64 {
	sure := k.Confidence
	if s.public >= 0.8 && k.Name != "convention" && k.Name != "decision" {
		sure = max(sure, 0.75)
	}
	g := general[k.Name] * sure * (1 - p.Confidence) * (1 - s.person) * (1 - 0.8*s.here) * (1 - 0.5*s.team) * (1 - 0.7*s.past)
	if k.Name != "best-practice" { // how-to, references and lessons are of use elsewhere only if others know what they are about
		g *= 0.4 + 0.6*s.public
	}
	return g
}
