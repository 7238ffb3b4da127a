// Package dialogue recognises a memory that is one turn of a conversation: a text that begins with who speaks.
//
// Turns are stored and found differently from notes. Their words only make sense beside their neighbours', the name in
// front says whose words they are, and a date in front says when, not what. Storage uses this to index turns, ranking
// to tell whose turn it is. The package keeps no state; every function is safe for concurrent use.
package dialogue

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Turn is a text taken apart. Head and Body are parts of the text given to Parse.
type Turn struct {
	Speaker string // who speaks, such as "Anna" or "assistant"; "" when the text is no turn
	Head    string // what stands before the speaker: an id, a date in brackets; often ""
	Body    string // what is said; the whole text when it is no turn
}

// Limits on what is read as a head and a name.
const (
	maxHead  = 96 // bytes
	maxName  = 40 // bytes
	maxWords = 3  // words of a name
)

// Parse reads text as a turn: an optional id of one word that holds a digit, optional parts in brackets, then a name
// and a colon. Labels that notes begin with (Decision:, TODO:, 決定:) are not names. metadata may name the
// speaker as "speaker", "from" or "role"; then the text is a turn whatever it begins with.
func Parse(text string, metadata map[string]any) Turn {
	t := parse(text)
	if t.Speaker == "" {
		if s := named(metadata); s != "" {
			return Turn{Speaker: s, Body: text}
		}
	}
	return t
}

func named(metadata map[string]any) string {
	for _, key := range [...]string{"speaker", "from", "role"} {
		if s, ok := metadata[key].(string); ok {
			if s = strings.TrimSpace(s); s != "" && len(s) <= maxName {
				return s
			}
		}
	}
	return ""
}

func parse(text string) Turn {
	none := Turn{Body: text}
	rest := skipID(text)
	rest = skipBrackets(rest)
	if len(text)-len(rest) > maxHead {
		return none
	}
	name, body, ok := cutName(rest)
	if !ok {
		return none
	}
	return Turn{Speaker: name, Head: strings.TrimSpace(text[:len(text)-len(rest)]), Body: body}
}

// skipID drops one word that holds a digit and no colon inside, when more follows it.
func skipID(text string) string {
	rest := strings.TrimLeft(text, " \t\r\n")
	word, after, ok := strings.Cut(rest, " ")
	if !ok || len(word) > maxName || strings.ContainsAny(word, ":[(：") || !strings.ContainsAny(word, "0123456789") {
		return rest
	}
	return strings.TrimLeft(after, " \t")
}

// skipBrackets drops leading parts in brackets, and dashes behind them.
func skipBrackets(text string) string {
	for {
		text = strings.TrimLeft(text, " \t-–—")
		open, size := utf8.DecodeRuneInString(text)
		closing, ok := brackets[open]
		if !ok {
			return text
		}
		end := strings.IndexRune(text[:min(len(text), maxHead)], closing)
		if end < size {
			return text
		}
		text = text[end+utf8.RuneLen(closing):]
	}
}

var brackets = map[rune]rune{'[': ']', '(': ')', '【': '】', '（': '）', '<': '>'}

// cutName splits "Anna: hello" into name and body. Marks of emphasis around the name are dropped.
func cutName(text string) (name, body string, ok bool) {
	i := strings.IndexAny(text[:min(len(text), maxName+8)], ":：\n")
	if i <= 0 || text[i] == '\n' {
		return "", "", false
	}
	_, size := utf8.DecodeRuneInString(text[i:])
	body = text[i+size:]
	if size == 1 && body != "" && !strings.HasPrefix(strings.TrimLeft(body, "*_"), " ") && body[0] != '\n' {
		return "", "", false // a time, an address, a path
	}
	name = strings.Trim(text[:i], " *_")
	if b := strings.IndexByte(name, '('); b > 0 && strings.HasSuffix(name, ")") {
		name = strings.TrimSpace(name[:b])
	}
	if !isName(name) {
		return "", "", false
	}
	return name, strings.TrimLeft(body, " *_\t"), true
}

// isName reports whether s looks like who speaks: one to three capitalised words, a short name in a script without
// capitals, or a role.
func isName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	if roles[strings.ToLower(s)] {
		return true
	}
	words := strings.Fields(s)
	if len(words) > maxWords || labels[strings.ToLower(words[0])] || labels[strings.ToLower(words[len(words)-1])] {
		return false
	}
	for i, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		switch {
		case unicode.IsUpper(r):
			if len(w) > 1 && w == strings.ToUpper(w) && !strings.Contains(w, ".") {
				return false // an acronym or a shouted label
			}
		case unicode.IsLetter(r) && !unicode.IsLower(r):
			if utf8.RuneCountInString(s) > 8 || labelled(s) {
				return false
			}
		case i > 0 && unicode.IsDigit(r): // Speaker 2
		default:
			return false
		}
		for _, r := range w {
			if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune("'’.-・ー", r) {
				return false
			}
		}
	}
	return true
}

// labelled reports whether a name in a script without spaces ends in a word that heads a note.
func labelled(s string) bool {
	for _, l := range denseLabels {
		if strings.HasSuffix(s, l) {
			return true
		}
	}
	return false
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

var roles = set("user assistant human ai system bot agent me you customer client support interviewer interviewee")

// labels are words that notes begin with, or that end such a beginning ("Next steps:", "Known issue:").
var labels = set(`action actions answer answers api approach architecture aside assumption background bad benefit best
blocked blocker bug build caveat cause cautions caution change changed changelog changes checklist code command
commands comment conclusion config configuration constraint context convention conventions cost current database
date decided decision decisions default definition dependency deploy deployment description design detail details
docs done draft example examples error errors expected fact feature file fix fixed follow-up format found gist goal
goals good gotcha guide guideline hint history how howto idea impact important info insight install instructions
issue issues item key learned learning lesson lessons limit limitation link list location log meeting memo method
migration milestone mistake monitoring name naming next note notes observation open option options outcome overview
owner pattern plan policy preference preferences prerequisite problem procedure process project pros purpose question
questions rationale reason recommendation reference references release reminder remember requirement requirements
result results review risk root rule rules runbook security see setting settings setup solution source spec stack
standard state status step steps style subject suggestion summary symptom task tasks team test testing tests tip tips
title todo tool tools topic tradeoff troubleshooting type update updates url usage use used version warning what when
where who why workaround workflow wrong yes no first second third finally however also`)

var denseLabels = strings.Fields(`決定 決定事項 メモ 注意 注意点 課題 問題 問題点 理由 原因 対策 対応 手順 方針 要件 要約 概要 背景 目的 結果 結論 予定 日時
場所 質問 回答 例 参考 備考 設定 構成 仕様 設計 制約 規約 前提 確認 変更 変更点 更新 作業 担当 期限 状況 状態 環境 バグ タスク ポイント ルール まとめ
エラー 教訓 学び 次回 補足 条件 方法 内容 件名 項目 結果 提案 議題 共有 重要 警告`)
