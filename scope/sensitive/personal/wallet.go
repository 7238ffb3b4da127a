package personal

import (
	"crypto/sha256"
	"regexp"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/match"
)

var (
	base58Address = regexp.MustCompile(`\b[13][1-9A-HJ-NP-Za-km-z]{25,34}\b`)
	bech32Address = regexp.MustCompile(`(?i)\b(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{11,71}\b`)
	etherAddress  = regexp.MustCompile(`\b0x[0-9a-fA-F]{40}\b`)
	wifKey        = regexp.MustCompile(`\b[5KL][1-9A-HJ-NP-Za-km-z]{50,51}\b`)
	etherKey      = regexp.MustCompile(`(?i)(?:private|priv|secret|秘密)[ _\-]?(?:key|鍵)?[^\n]{0,30}?((?:0x)?[0-9a-fA-F]{64})\b`)
	walletWord    = regexp.MustCompile(`(?i)wallet|bitcoin|\bbtc\b|ethereum|\beth\b|crypto|coin|donate|ウォレット`)
)

// wallets finds addresses and private keys of crypto wallets.
func wallets(text string, out []match.Match) []match.Match {
	add := func(rule, kind string, re *regexp.Regexp, conf float64, ok func(string) bool) {
		for _, m := range re.FindAllStringSubmatchIndex(text, 32) {
			start, end := m[0], m[1]
			if len(m) > 2 {
				start, end = m[2], m[3]
			}
			if ok(text[start:end]) {
				out = append(out, match.Match{Rule: rule, Kind: kind, Start: start, End: end, Confidence: conf})
			}
		}
	}
	always := func(string) bool { return true }
	add("bitcoin-address", match.Financial, base58Address, 0.9, base58Check)
	if strings.Contains(text, "1q") || strings.Contains(text, "1Q") || strings.Contains(text, "1p") {
		add("bitcoin-address", match.Financial, bech32Address, 0.9, func(s string) bool { return len(s) >= 30 && countDigits(s) >= 3 })
	}
	if walletWord.MatchString(text) && strings.Contains(text, "0x") {
		add("ethereum-address", match.Financial, etherAddress, 0.75, always)
	}
	add("bitcoin-private-key", match.Key, wifKey, 0.95, base58Check)
	add("ethereum-private-key", match.Key, etherKey, 0.9, always)
	return out
}

const base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// base58Check verifies the four checksum bytes of a Bitcoin address or key.
func base58Check(s string) bool {
	var num [64]byte
	n := 0
	for i := 0; i < len(s); i++ {
		carry := strings.IndexByte(base58Digits, s[i])
		if carry < 0 {
			return false
		}
		for j := 0; j < n; j++ {
			carry += int(num[j]) * 58
			num[j] = byte(carry)
			carry >>= 8
		}
		for carry > 0 && n < len(num) {
			num[n] = byte(carry)
			carry >>= 8
			n++
		}
	}
	for i := 0; i < len(s) && s[i] == '1' && n < len(num); i++ {
		n++
	}
	if n < 5 {
		return false
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = num[n-1-i]
	}
	first := sha256.Sum256(b[:n-4])
	second := sha256.Sum256(first[:])
	return string(second[:4]) == string(b[n-4:])
}

var seedCue = regexp.MustCompile(`(?i)seed ?phrase|seed words?|mnemonic|recovery phrase|secret recovery|backup phrase|wallet phrase|bip-?39|シードフレーズ|リカバリーフレーズ|ニーモニック|復元フレーズ|助记词|니모닉`)

// seedPhrases finds the word lists that restore a wallet: 12, 15, 18, 21 or 24 short plain words in a row, none of them
// a word that sentences are built with. After a cue any such run of at least 11 counts.
func seedPhrases(text string, out []match.Match) []match.Match {
	cue := seedCue.FindStringIndex(text)
	start, end, n, lineBreaks := -1, 0, 0, 0
	flush := func() {
		after := cue != nil && start >= cue[0] && start-cue[1] < 120
		if start >= 0 && (after && n >= 11 || lineBreaks == 0 && (n == 12 || n == 15 || n == 18 || n == 21 || n == 24)) {
			conf := 0.75
			if after {
				conf = 0.95
			}
			out = append(out, match.Match{Rule: "seed-phrase", Kind: match.Key, Start: start, End: end, Confidence: conf})
		}
		start, n, lineBreaks = -1, 0, 0
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			j := i
			for j < len(text) && letter(text[j]) {
				j++
			}
			w := strings.ToLower(text[i:j])
			if len(w) < 3 || len(w) > 8 || commonWord(w) || j < len(text) && (text[j] >= 0x80 || text[j] == '_' || text[j] == '\'' || text[j] == '(') {
				flush()
			} else {
				if start < 0 {
					start = i
				}
				n++
				end = j
			}
			i = j
		case c == '\n':
			lineBreaks++
			if i+1 < len(text) && text[i+1] == '\n' {
				flush()
			}
			i++
		case c == ' ' || c == '\t' || c == '\r' || c >= '0' && c <= '9' || (c == '.' || c == ')' || c == ',') && n > 0 && cue != nil:
			i++
		default:
			flush()
			i++
		}
	}
	flush()
	return out
}

// commonWord reports whether w is one that sentences are built with and that no BIP 39 list holds in that role.
func commonWord(w string) bool { return sentenceWords[w] }

var sentenceWords = func() map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(`the and for are was were with that this these those from into onto has have had not but its our your their his her
		they them you who whom which what when where why how can could should would may might must shall will been being does did done doing use uses
		used using than then there here also only each such some any all both more most less few other others over under after before about between
		because while during without within per via out off down new note see set sets get gets make makes added adds fix fixes fixed remove removed
		test tests code file files data user users app server client key keys token password secret phrase words seed wallet recovery`) {
		m[w] = true
	}
	return m
}()
