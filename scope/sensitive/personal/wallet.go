package personal

import (
	"crypto/sha256"
	"strings"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

var (
	keyWords = keyword.New([]string{"private key", "private_key", "privatekey", "priv key", "privkey", "secret key", "secret_key", "秘密鍵", "wallet key"})
	// signerWords stand before the key of an account, chainWords around the hash of something on the chain.
	signerWords = keyword.New([]string{"wallet", "metamask", "deployer", "signer", "funded", "export", "private", "priv:", "pk:", "pk=", "ledger", "eth account", "eth key", "hot key", "account key", "ウォレット"})
	chainWords  = keyword.New([]string{"tx", "transaction", "hash", "block", "topic", "root", "contract", "digest", "sha", "event", "receipt", "commit"})

	coinWords  = keyword.New([]string{"wallet", "bitcoin", "btc", "ethereum", "eth ", "eth:", "crypto", "coin", "donate", "ウォレット", "address"})
	bech32Tail = "023456789acdefghjklmnpqrstuvwxyz"
)

// wallets finds addresses and private keys of crypto wallets among the words of letters and digits.
func wallets(text string, out []match.Match) []match.Match {
	for i := 0; i < len(text); {
		if !alnum(text[i]) {
			i++
			continue
		}
		j := i
		for j < len(text) && alnum(text[j]) {
			j++
		}
		if j-i >= shortestWallet && j-i <= 90 {
			if rule, kind, conf := wallet(text[i:j], text[max(0, i-60):i], text[j:min(len(text), j+60)]); rule != "" {
				out = append(out, match.Match{Rule: rule, Kind: kind, Start: i, End: j, Confidence: conf})
			}
		}
		i = j
	}
	return out
}

// wallet judges one word; before and after are what stands around it.
func wallet(w, before, after string) (rule, kind string, conf float64) {
	n := len(w)
	switch {
	case (w[0] == '1' || w[0] == '3') && n <= 35 && base58Check(w):
		return "bitcoin-address", match.Financial, 0.9
	case (w[0] == '5' || w[0] == 'K' || w[0] == 'L') && (n == 51 || n == 52) && base58Check(w):
		return "bitcoin-private-key", match.Key, 0.95
	case n >= 30 && (strings.HasPrefix(w, "bc1") || strings.HasPrefix(w, "tb1") || strings.HasPrefix(w, "ltc1")) && strings.Trim(w[4:], bech32Tail) == "":
		return "bitcoin-address", match.Financial, 0.9
	case n == 42 && strings.HasPrefix(w, "0x") && hexadecimal(w[2:]) && strings.Trim(w[2:], w[2:3]) != "" && coinWords.Contains(before): // 0xeeee… stands for the coin itself
		return "ethereum-address", match.Financial, 0.75
	case (n == 64 && hexadecimal(w) || n == 66 && strings.HasPrefix(w, "0x") && hexadecimal(w[2:])) && (keyWords.Contains(before) || signerWords.Contains(before) && !chainWords.Contains(before+after)):
		return "ethereum-private-key", match.Key, 0.9
	}
	return "", "", 0
}

func hexadecimal(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

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

var seedCue = keyword.New([]string{"seed phrase", "seedphrase", "seed word", "seed:", "mnemonic", "recovery phrase", "secret recovery", "backup phrase", "wallet phrase", "bip39", "bip-39", "シードフレーズ", "リカバリーフレーズ",
	"ニーモニック", "復元フレーズ", "復元用", "復元の", "復元キー", "seed is", "recovery words", "backup words", "wallet words", "words of the wallet", "words for the wallet", "12 words", "24 words", "twelve words", "twenty-four words", "単語", "助记词", "니모닉"})

// seedPhrases finds the word lists that restore a wallet: 12, 15, 18, 21 or 24 short plain words in a row, none of them
// a word that sentences are built with. After a cue any such run of at least 11 counts.
func seedPhrases(text string, made makeup.Makeup, out []match.Match) []match.Match {
	if len(text) < fewWords*len("abc ") {
		return out
	}
	cue := -1 // end of the first cue
	seedCue.Each(text, func(h keyword.Hit) bool {
		cue = h.End
		return false
	})
	if cue >= 0 || made.Digits >= listDigits {
		out = wordLists(text, cue, out)
	}
	if !inRow(text, cue >= 0) {
		return out
	}
	start, end, n, lineBreaks := -1, 0, 0, 0
	flush := func() {
		after := cue >= 0 && start >= cue && start-cue < 120
		if start >= 0 && (after && n >= fewWords || lineBreaks == 0 && (n == 12 || n == 15 || n == 18 || n == 21 || n == 24)) {
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
			if !seedLength(text, i, j) || commonWord(text[i:j]) {
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
		case c == ' ' || c == '\t' || c == '\r' || c >= '0' && c <= '9' || (c == '.' || c == ')' || c == ',') && n > 0 && cue >= 0:
			i++
		default:
			flush()
			i++
		}
	}
	flush()
	return out
}

// fewWords is how many words such a list holds at least, and listDigits how many digits the numbers of one that is numbered.
const (
	fewWords   = 11
	listDigits = len("123456789101112")
)

// seedLength reports whether the word text[i:j] is as long as those of the lists and ends as words do.
func seedLength(text string, i, j int) bool {
	return j-i >= 3 && j-i <= 8 && (j == len(text) || text[j] < 0x80 && text[j] != '_' && text[j] != '\'' && text[j] != '(')
}

// inRow reports whether as many words stand in a row as such a list holds, common ones among them. Most texts have none: a mark or a
// word that is too short or too long ends a row.
func inRow(text string, cued bool) bool {
	n := 0
	for i := 0; i < len(text); {
		c := text[i]
		if !letter(c) {
			if c > ' ' && !digit(c) && !(cued && (c == '.' || c == ')' || c == ',')) {
				n = 0
			}
			i++
			continue
		}
		j := i + 1
		for j < len(text) && letter(text[j]) {
			j++
		}
		if n++; !seedLength(text, i, j) {
			n = 0
		}
		if n >= fewWords {
			return true
		}
		i = j
	}
	return false
}

// commonWord reports whether w is one that sentences are built with and that no BIP 39 list holds in that role.
func commonWord(w string) bool {
	var low [8]byte
	for i := 0; i < len(w); i++ {
		low[i] = w[i] | 0x20
	}
	return sentenceWords.Has(string(low[:len(w)]))
}

var sentenceWords = keyword.NewList(`the and for are was were with that this these those from into onto has have had not but its our your their his her
		they them you who whom which what when where why how can could should would may might must shall will been being does did done doing use uses
		used using than then there here also only each such some any all both more most less few other others over under after before about between
		because while during without within per via out off down new note see set sets get gets make makes added adds fix fixes fixed remove removed
		test tests code file files data user users app server client key keys token password secret phrase words seed wallet recovery`)

// wordLists finds such words written otherwise: one a line with its number, "1) gauge", or in kana, 12 of them or more behind
// a word for what they restore.
func wordLists(text string, cue int, out []match.Match) []match.Match {
	first, next := -1, 1
	for at := 0; at < len(text); {
		stop := strings.IndexByte(text[at:], '\n')
		if stop < 0 {
			stop = len(text) - at
		}
		switch n, ok := numberedWord(strings.TrimSpace(text[at : at+stop])); {
		case ok && n == next:
			if n == 1 {
				first = at
			}
			next++
			if n == 12 {
				out = append(out, match.Match{Rule: "seed-phrase", Kind: match.Key, Start: first, End: at + stop, Confidence: 0.8})
			}
		case ok && n == 1:
			first, next = at, 2
		default:
			next = 1
		}
		at += stop + 1
	}
	if cue < 0 {
		return out
	}
	start, n := -1, 0
	for i := cue; i < len(text) && i < cue+900; {
		j := i
		for j < len(text) {
			r, size := utf8.DecodeRuneInString(text[j:])
			if r < 0x3041 || r > 0x30FE || r == '・' {
				break
			}
			j += size
		}
		switch length := (j - i) / 3; {
		case length >= 2 && length <= 8 && j < len(text) && (strings.HasPrefix(text[j:], " ") || strings.HasPrefix(text[j:], "　") || strings.HasPrefix(text[j:], "、") || strings.HasPrefix(text[j:], "\n")) || length >= 2 && length <= 8 && n >= 11:
			if n == 0 {
				start = i
			}
			if n++; n == 12 {
				return append(out, match.Match{Rule: "seed-phrase", Kind: match.Key, Start: start, End: j, Confidence: 0.9})
			}
		case length > 0:
			n = 0
		}
		if j == i {
			_, size := utf8.DecodeRuneInString(text[i:])
			j += size
		}
		i = j
	}
	return out
}

// numberedWord reads a line that holds nothing but a number and a short word.
func numberedWord(line string) (n int, ok bool) {
	i := 0
	for i < len(line) && i < 2 && digit(line[i]) {
		n = n*10 + int(line[i]-'0')
		i++
	}
	w := strings.TrimLeft(line[i:], ".): \t-")
	if i == 0 || len(w) == len(line)-i || len(w) < 3 || len(w) > 8 {
		return 0, false
	}
	for k := 0; k < len(w); k++ {
		if !letter(w[k]) {
			return 0, false
		}
	}
	return n, true
}
