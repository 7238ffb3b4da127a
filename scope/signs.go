package scope

import "strings"

// signs are what a text shows of people and teams, each in [0, 1].
type signs struct {
	person float64 // it is about one person: "I prefer", "Tanaka-san asked"
	team   float64 // it speaks to or for a team
	here   float64 // it points at something near: "our service", "this repo", a date
}

var (
	personWords = []string{" i ", " i'm ", " i've ", " i'd ", " i'll ", " my ", " me ", " mine ", " he ", " she ", " his ", " her ", " him ", " user prefers", " the user ", " mr ", " mr. ", " ms ", " ms. ", " mrs ",
		"-san ", "さんは", "さんが", "さんの", "さんに", "さんと", "私は", "私の", "僕は", "僕の", "俺", "彼は", "彼女", "自分は", "自分の", "ユーザーは", "ユーザは", "くんは", "氏は", "部長", "課長", "社長"}
	teamWords = []string{" team ", " team,", " team.", " team's ", " teams ", " everyone ", " all of us ", " we all ", " on-call ", " oncall ", " standup", " stand-up", " retro ", " retrospective", " onboarding", " teammates", " colleagues", " code owners", " reviewers ",
		" whole team", " all engineers", " all developers", " share with", " for the group", " our squad", " our guild", " sprint planning", " working agreement",
		"チーム", "全員", "みんな", "みなさん", "皆さん", "メンバー", "当番", "朝会", "定例", "共有してください", "共有事項", "周知", "レビュー担当", "オンボーディング", "振り返り", "部署"}
	hereWords = []string{" our ", " ours ", " we ", " we've ", " we're ", " us ", " this repo", " this project", " this service", " this codebase", " this module", " the repo ", " the codebase", " here ", " today", " yesterday", " tomorrow", " last week",
		" last month", " next week", " next month", " this week", " this month", " this quarter", " this sprint", " currently", " so far", " right now", "弊社", "当社", "うちの", "我々", "私たち", "このリポジトリ", "このプロジェクト", "本プロジェクト", "このサービス", "本サービス", "今日", "昨日", "明日",
		"先週", "来週", "今週", "先月", "来月", "今月", "現在", "今回", "このコード"}
)

func readSigns(in Input) signs {
	text := " " + strings.ToLower(strings.Join(strings.Fields(in.Title+" . "+in.Content+" "+strings.Join(in.Tags, " ")), " ")) + " "
	var s signs
	s.person = presence(text, personWords, 0.6)
	s.team = presence(text, teamWords, 0.55)
	s.here = presence(text, hereWords, 0.6)
	return s
}

// presence adds up, as independent evidence, the words that occur; the first weighs first, others less.
func presence(text string, words []string, first float64) float64 {
	absent, weight := 1.0, first
	for _, w := range words {
		if strings.Contains(text, w) {
			absent *= 1 - weight
			weight *= 0.7
		}
	}
	return 1 - absent
}

// general are the knowledge types that may hold beyond a project.
var general = map[string]float64{"best-practice": 1, "how-to": 0.9, "reference": 0.9, "lesson": 0.8, "convention": 0.35, "decision": 0.1}

// generality says how sure it is that a text is of use to every project.
func (s signs) generality(k, p Guess) float64 {
	return general[k.Name] * k.Confidence * (1 - p.Confidence) * (1 - s.person) * (1 - 0.8*s.here) * (1 - 0.5*s.team)
}
