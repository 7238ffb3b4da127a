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
	pattern.New(`(?i)\b(?:safe|gate|door|lock|locker|padlock|lockbox|phone|iphone|ipad|tablet|laptop|alarm|vault|disk|drive|garage|archive|zip|file|keychain|wallet|screen|box|cabinet|it)\b[^\n.;]{0,40}?\b(?:opens?|unlocks?|is unlocked|unlocked|off|on|disarms?|is disarmed|decrypts?|is decrypted)\b (?:up )?(?:with|by|using|via)(?: (?:typing|entering|the code|code|pin|the pin|dialing|dialling|pressing))?:? ["'` + "`" + `]?([^\s"'` + "`" + `,;]{3,60})`),
	pattern.New(`(?i)\b(?:enter|punch in|type|type in|key in|dial|press|input|use)\b ["'` + "`" + `]?([^\s"'` + "`" + `,;]{3,60})["'` + "`" + `]? (?:at|on|into|in|for|to open|to unlock|to disarm|to enter|to get into|to decrypt)\b[^\n.;]{0,30}?\b(?:keypad|key pad|pad|intercom|gate|door|alarm|safe|lock|locker|lockbox|panel|elevator|garage|vault|building|prompt)\b`),
	pattern.New(`(?i)\b(?:keypad|key pad|gate|door|alarm|safe|lock|padlock|lockbox|locker|panel|intercom)\b[^\n.;]{0,40}?\b(?:takes|accepts|wants|needs|expects|asks for) (\d{3,8}[#*]?)(?:$|[\s.,;!])`),
	pattern.New(`(?i)\b(?:press|dial|punch in|punch|enter|type|key in) (?:in )?["'` + "`" + `]?(\d{3,10}[#*])`),
	pattern.New(`(?i)\b(?:luggage|bike|door|locker|gym|suitcase|shed|gate|front door|back door|garage|key ?safe|key ?box)\s?(?:lock|padlock|keypad|code|combo|combination|pin)?\b(?: code| is| =|:|,)* (\d{3,6}|\d{1,2}-\d{1,2}-\d{1,2})(?:$|[\s.,;!?])`),
}

var deedWords = keyword.New([]string{"opens", "open ", "unlock", "disarm", "decrypt", "keypad", "key pad", "intercom", "padlock", "luggage", "suitcase", "lockbox", "locker", "lock", "gate", "garage", "shed", "keysafe", "key safe", "keybox", "key box", "front door", "back door", "press ", "punch", "dial ", "entry", "enter ", "type ", "alarm"})

// deeds finds what deedPatterns describe. Each pattern runs once over the lines that hold one of deedWords.
func deeds(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := -1
	deedWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.Start > 0 && letter(text[h.Start-1]) {
			return true
		}
		from := max(0, h.Start-120)
		from += strings.LastIndexByte(text[from:h.Start], '\n') + 1
		to := min(len(text), h.End+160)
		if nl := strings.IndexByte(text[h.End:to], '\n'); nl >= 0 {
			to = h.End + nl
		}
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
			if sh.Digit < 3 && (sh.Digit == 0 || sh.Lower+sh.Upper < 3) || value.Reference(s) || value.Placeholder(s) || unitFollows(text, end) || technical(s) || calendar(s) || strings.HasPrefix(s, "v") && measured(s) {
				continue
			}
			out = append(out, match.Match{Rule: "en-code-deed", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.65})
			return true
		}
		return true
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
		if parts := strings.SplitN(line, ":", 6); len(parts) == 5 && len(line) < 400 && !strings.ContainsAny(line, " \t\"'") && (parts[1] == "*" || len(parts[1]) >= 2 && len(parts[1]) <= 5 && strings.Trim(parts[1], "0123456789") == "") &&
			parts[0] != "" && parts[3] != "" && len(parts[4]) >= 3 && !value.Placeholder(parts[4]) && !value.Reference(parts[4]) {
			start := at + strings.LastIndex(text[at:at+end], parts[4])
			out = append(out, match.Match{Rule: "pgpass", Kind: match.Credential, Start: start, End: start + len(parts[4]), Confidence: 0.85})
		}
		at += end + 1
	}
	return out
}
