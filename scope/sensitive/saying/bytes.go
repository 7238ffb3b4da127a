package saying

import (
	"strconv"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// byteWords are names of keys that programs hold as bytes.
var byteWords = keyword.New([]string{"key", "secret", "psk", "seed", "password", "passwd", "passphrase"})

// byteList is what stands behind such a name where it is set to bytes: [16] = {0x3a, 0x91, …}, new byte[] {(byte)0x8f, …}, []byte{33, 9, …}.
var byteList = pattern.New(`^\w{0,16}(?:\[[^\]\n]{0,24}\])? ?(?::=|=|:)? ?[^;{}\[\]()\n"']{0,24}(?:\[[^\]\n]{0,8}\] ?\w{0,12} ?)?[{\[(]{1,2}\s{0,12}((?:` + oneByte + `\s{0,12},\s{0,12}){7,}` + oneByte + `)`)

const oneByte = `(?:\(byte\) ?)?(?:0[xX][0-9a-fA-F]{1,2}|[0-9]{1,3})`

// byteKeys finds keys that code spells out byte by byte, unless they count up, as those of test vectors do.
func byteKeys(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	byteWords.Each(text, func(h keyword.Hit) bool {
		const reach = 512
		rest := text[h.End:min(len(text), h.End+reach)]
		if near := rest[:min(len(rest), 96)]; h.Start < done || strings.IndexByte(near, ',') < 0 || !strings.ContainsAny(near, "{[(") {
			return true
		}
		if !budget.Spend(len(rest) / 4) {
			return false
		}
		m := byteList.FindStringSubmatchIndex(rest)
		if m == nil || publicKeyName(text, h.Start) || counts(rest[m[2]:m[3]]) || !hexBytes(rest[m[2]:m[3]]) && !(ofBytes.Contains(text[max(0, h.Start-typeReach):h.End+m[2]]) && drawnBytes(rest[m[2]:m[3]])) {
			return true
		}
		done = h.End + m[3]
		out = append(out, match.Match{Rule: "key-bytes", Kind: match.Key, Start: h.End + m[2], End: h.End + m[3], Confidence: 0.7})
		return len(out) < match.Enough
	})
	return out
}

// publicKeyName reports whether the identifier that goes on at i says that its key may be seen.
func publicKeyName(text string, i int) bool {
	from := i
	for from > 0 && i-from < 32 && nameByte(text, from-1) {
		from--
	}
	for _, w := range nameParts(text[from:i]) {
		if openNames.Has(w) {
			return true
		}
	}
	return false
}

// counts reports whether a list of bytes goes up one by one, or is the same byte again and again.
func counts(list string) bool {
	list = strings.NewReplacer(" ", "", "\n", "", "(byte)", "").Replace(list)
	return strings.Contains(list, "0x00,0x01,0x02,0x03") || strings.Count(list, list[:min(len(list), 4)])*4 > strings.Count(list, ",")*3
}

func hexBytes(list string) bool {
	return strings.Contains(list, "0x") || strings.Contains(list, "0X")
}

// ofBytes are words of a declaration which say that a list of numbers is one of bytes, and typeReach is how far before the name they
// may stand.
var ofBytes = keyword.New([]string{"byte", "uint8", "u8", "char ", "buffer"})

const typeReach = 24

// drawnBytes reports whether a list of numbers is as long as a key, holds none above 255, and no order.
func drawnBytes(list string) bool {
	const fewest = 12
	parts := strings.Split(list, ",")
	seen, large, ups := make(map[string]bool), 0, 0
	last := -1
	for _, p := range parts {
		p = strings.TrimSpace(p)
		n, err := strconv.Atoi(p)
		if err != nil || n > 255 {
			return false
		}
		if seen[p] = true; n >= 64 {
			large++
		}
		if n > last {
			ups++
		}
		last = n
	}
	return len(parts) >= fewest && len(seen)*4 >= len(parts)*3 && large*4 >= len(parts) && ups < len(parts)-2
}
