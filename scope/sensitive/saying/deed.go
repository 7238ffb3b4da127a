package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// deedPatterns find secrets told by what is done with them: "the safe opens with 23-41-07", "enter 5580 at the keypad".
var deedPatterns = []*pattern.Pattern{
	pattern.New(`(?i)\b(?:safe|gate|door|lock|locker|padlock|lockbox|phone|iphone|ipad|tablet|laptop|alarm|vault|disk|drive|garage|archive|zip|file|keychain|wallet|screen|box|cabinet|it)\b[^\n.;]{0,40}?\b(?:opens?|unlocks?|is unlocked|unlocked|off|on|disarms?|is disarmed|decrypts?|is decrypted)\b (?:up )?(?:with|by|using|via)(?: (?:typing|entering|keying in|punching in|the code|code|pin|the pin|dialing|dialling|pressing))?:? ["'` + "`" + `]?([^\s"'` + "`" + `,;]{3,60})`),
	pattern.New(`(?i)\b(?:enter|punch in|type|type in|key in|dial|press|input|use)\b ["'` + "`" + `]?([^\s"'` + "`" + `,;]{3,60})["'` + "`" + `]? (?:at|on|into|in|for|to open|to unlock|to disarm|to enter|to get into|to decrypt)\b[^\n.;]{0,30}?\b(?:keypad|key pad|pad|intercom|gate|door|alarm|safe|lock|locker|lockbox|panel|elevator|garage|vault|building|prompt)\b`),
	pattern.New(`(?i)\bdisarm(?:ed)? (?:it )?(?:with|by) (\d{4,8})(?:$|[\s.,;!])`),
	pattern.New(`(?i)\b(?:keypad|key pad|gate|door|alarm|safe|lock|padlock|lockbox|locker|panel|intercom)\b[^\n.;]{0,40}?\b(?:takes|accepts|wants|needs|expects|asks for) (\d{3,8}[#*]?)(?:$|[\s.,;!])`),
	pattern.New(`(?i)\bset (?:the|my|our|his|her|their)\b[^\n.;]{0,24}?\b(?:tablet|phone|ipad|lock|padlock|safe|alarm|gate|door|garage|suitcase|locker)s? to (\d{4,8})(?:$|[\s.,;!])`),
	pattern.New(`(?i)\b(?:press|dial|punch in|punch|enter|type|key in) (?:in )?["'` + "`" + `]?(\d{3,10}[#*])`),
	pattern.New(`(?i)\b(?:lock|padlock|gate|door|safe|fridge|cage|dial|till|strongbox|alarm|shed|hide)\b[^\n]{0,60}?(?:, so |\(|that makes |which makes |that gives |i\.e\. |namely )((?:[03-9]\d|1[0-8]|2[1-9])\d{2,4})\b`),
	pattern.New(`(?i)\b(?:luggage|bike|door|locker|gym|suitcase|shed|gate|front door|back door|garage|key ?safe|key ?box)\s?(?:\d{1,3} )?(?:lock|padlock|keypad|code|combo|combination|pin)?\b(?:'s)?(?: code| number| is| set to| =|:|,)* (\d{3,6}|\d{1,2}-\d{1,2}-\d{1,2})(?:$|[\s.,;!?])`),
}

// asked is what is to be answered where something asks: when prompted, give "Limoncello-Spritz".
var asked = pattern.New(`(?i)^(?:asked|prompted|challenged|asks|prompts)\b[^\n.;:"]{0,30}?,? (?:then )?(?:you )?(?:give|enter|type|answer|say|reply|respond with|answer with|reply with|use|put in):? ["'“` + "`" + `]([^"'”\n` + "`" + `]{4,60})["'”` + "`" + `]`)

var askedWords = keyword.New([]string{"asked", "asks", "prompted", "prompts", "challenged"})

// answers finds what asked describes, unless the answer is a plain word.
func answers(text string, out []match.Match, budget *match.Budget) []match.Match {
	askedWords.Each(text, func(h keyword.Hit) bool {
		if h.Start > 0 && letter(text[h.Start-1]) {
			return true
		}
		to := min(len(text), h.End+110)
		if !budget.Spend((to - h.Start) / 4) {
			return false
		}
		if m := asked.FindStringSubmatchIndex(text[h.Start:to]); m != nil {
			start, end := h.Start+m[2], h.Start+m[3]
			if s := text[start:end]; !plain(s) && !value.Placeholder(s) && !value.Reference(s) && !describes(firstWord(s)) && !measured(s) {
				out = append(out, match.Match{Rule: "answer", Kind: match.Credential, Start: start, End: end, Confidence: 0.65})
			}
		}
		return len(out) < match.Enough
	})
	return out
}

var deedWords = keyword.New([]string{"opens", "open ", "unlock", "disarm", "decrypt", "keypad", "key pad", "intercom", "padlock", "luggage", "suitcase", "lockbox", "locker", "lock", "gate", "garage", "shed", "keysafe", "key safe", "keybox", "key box", "front door", "back door", "set the", "set my", "set our", "set his", "set her", "press ", "punch", "dial ", "entry", "enter ", "type ", "alarm", "disarmed"})

// lineOf returns the line of a word, as far as so many bytes before and after it.
func lineOf(text string, h keyword.Hit, before, after int) (from, to int) {
	from, to = max(0, h.Start-before), min(len(text), h.End+after)
	from += strings.LastIndexByte(text[from:h.Start], '\n') + 1
	if nl := strings.IndexByte(text[h.End:to], '\n'); nl >= 0 {
		to = h.End + nl
	}
	return from, to
}

// deeds finds what deedPatterns describe. Each pattern runs once over the lines that hold one of deedWords.
func deeds(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := -1
	deedWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.Start > 0 && letter(text[h.Start-1]) {
			return true
		}
		from, to := lineOf(text, h, 120, 160)
		done = to
		if !strings.ContainsAny(text[from:to], "0123456789") {
			return true
		}
		if !budget.Spend(3 * (to - from)) {
			return false
		}
		for _, re := range deedPatterns {
			m := re.FindStringSubmatchIndex(text[from:to])
			if m == nil {
				continue
			}
			start, end := from+m[2], from+m[3]
			s := strings.TrimRight(text[start:end], ".!?)")
			sh := value.ShapeOf(s)
			if sh.Digit < 3 && (sh.Digit == 0 || sh.Lower+sh.Upper < 3) && !phrased(s) || value.Reference(s) || value.Placeholder(s) || unitFollows(text, end) || technical(s) || calendar(s) || strings.HasPrefix(s, "v") && measured(s) {
				continue
			}
			out = append(out, match.Match{Rule: "en-code-deed", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.65})
			return true
		}
		return true
	})
	return out
}

// phrased reports whether s is three words or four joined by hyphens, none of which talks of secrets: dragon-falcon-lobster.
func phrased(s string) bool {
	const shortest = 4
	parts := strings.Split(s, "-")
	for _, p := range parts {
		w := strings.ToLower(p)
		if len(p) < shortest || !plain(p) || strings.ToLower(p[1:]) != p[1:] || small.Has(w) || meta.Has(w) || talk.Has(w) || suffixed(w) && !notTalk.Has(w) {
			return false
		}
	}
	return len(parts) >= 3 && len(parts) <= 4
}

// keysPressed are single keys to press one after the other, and turns of a dial: "press 7, 3 and Y", "left 4, right 9", 「右に4、左に戻して9」.
var keysPressed = pattern.New(`(?:[Pp]ress|[Pp]ush|[Pp]unch(?: in)?|[Tt]ap|[Dd]ial|[Kk]ey in|[Bb]uttons?|[Kk]eys?):? ((?:[0-9A-Z*#](?:, then |, and |, | then | and | )){2,6}[0-9A-Z*#])(?:\b|[^0-9A-Za-z]|$)|((?:[Ll]eft|[Rr]ight|clockwise) (?:to )?\d{1,2}[^.\n]{1,24}?(?:left|right|clockwise|back|forward) (?:to )?\d{1,2})|((?:右|左)(?:に|へ|回りに?|回しで?)?\d{1,2}[^。\n]{0,24}?(?:右|左|戻し)[^。\n\d]{0,12}\d{1,2})|^(?:left|right|clockwise),? (?:then |and )?(\d{1,2} (?:to the )?(?:left|right|clockwise)[^.\n]{1,12}?\d{1,2} (?:to the )?(?:left|right|clockwise))`)

var keyWords = keyword.New([]string{"press ", "push ", "punch ", "tap ", "dial ", "key in ", "buttons", "keys", "left ", "right ", "left,", "right,", "clockwise ", "右に", "左に", "右へ", "左へ", "右回", "左回", "右", "左"})

// lockNear are what such keys and turns open.
var lockNear = keyword.New([]string{"lock", "safe", "box", "door", "gate", "pull", "open", "unlock", "combination", "combo", "keypad", "dial", "latch", "padlock", "cabinet", "locker", "suitcase", "letterbox", "mailbox", "開", "ダイヤル", "金庫", "ポスト", "ロッカー", "鍵", "解錠", "南京錠", "箱", "ロック"})

// pressed finds what keysPressed describes, near what it opens. Keys that count up are let pass.
func pressed(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	keyWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.Start > 0 && letter(text[h.Start-1]) && letter(text[h.Start]) {
			return true
		}
		to := min(len(text), h.End+70)
		if !strings.ContainsAny(text[h.End:to], "0123456789") || !standsNear(lockNear, text, max(0, h.Start-140), min(len(text), h.End+140)) {
			return true
		}
		if !budget.Spend(to - h.Start) {
			return false
		}
		m := keysPressed.FindStringSubmatchIndex(text[h.Start:to])
		if m == nil || m[0] > 8 {
			return true
		}
		for g := 2; g < len(m); g += 2 {
			if m[g] < 0 {
				continue
			}
			s := text[h.Start+m[g] : h.Start+m[g+1]]
			if g == 2 && (value.ShapeOf(s).Digit < 2 || strings.HasPrefix(s, "1, 2, 3") || strings.HasPrefix(s, "1 2 3") || strings.HasPrefix(s, "1, 2 and 3")) {
				continue
			}
			done = h.Start + m[g+1]
			out = append(out, match.Match{Rule: "keys-pressed", Kind: match.Credential, Start: h.Start + m[g], End: done, Confidence: 0.65})
		}
		return len(out) < match.Enough
	})
	return out
}

// passwordFile finds the lines of a .pgpass file: host:port:database:user:password.
func passwordFile(text string, out []match.Match) []match.Match {
	if strings.Count(text, ":") < 4 {
		return out
	}
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at
		}
		line := strings.TrimSpace(text[at : at+end])
		if strings.Contains(line, " ") && strings.Contains(line, "pgpass") { // "*:*:*:ops:Ukulele55 goes into .pgpass"
			for _, w := range strings.Fields(line) {
				if strings.Count(w, ":") == 4 {
					line = strings.Trim(w, "\"'`.,()")
				}
			}
		}
		if parts := strings.SplitN(line, ":", 6); len(parts) == 5 && len(line) < 400 && !strings.ContainsAny(line, " \t\"'") && (parts[1] == "*" || len(parts[1]) >= 2 && len(parts[1]) <= 5 && strings.Trim(parts[1], "0123456789") == "") &&
			parts[0] != "" && parts[3] != "" && len(parts[4]) >= 3 && !value.Placeholder(parts[4]) && !value.Reference(parts[4]) {
			start := at + strings.LastIndex(text[at:at+end], parts[4])
			out = append(out, match.Match{Rule: "pgpass", Kind: match.Credential, Start: start, End: start + len(parts[4]), Confidence: 0.85})
		}
		at += end + 1
	}
	return out
}
