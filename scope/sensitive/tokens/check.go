package tokens

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// mixed accepts tokens that look drawn by a machine: prefixes such as "pa-" also begin ordinary words.
func mixed(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Digit >= 2 && sh.Lower+sh.Upper >= 4 && sh.Turns >= 4 && value.Random(s) > 0.6
}

// drawn accepts what mixed does and holds few words: a long name of a branch has digits too.
func drawn(s string) bool { return mixed(s) && value.WordShare(s) < 0.5 }

// cased accepts tokens with letters of both cases and digits among them.
func cased(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Digit >= 2 && sh.Lower >= 2 && sh.Upper >= 2
}

// drawnTail accepts what has letters of both cases and a digit behind its last point: no name of a file behind a digest.
func drawnTail(s string) bool {
	sh := value.ShapeOf(s[strings.LastIndexByte(s, '.')+1:])
	return sh.Digit >= 1 && sh.Lower >= 1 && sh.Upper >= 1
}

// unlikeName refuses what is small letters alone, as names in code are.
func unlikeName(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Digit > 0 || sh.Upper > 0
}

// unlikeItsName refuses words that end by saying what stands there: sonar.login=my_sonar_token.
func unlikeItsName(s string) bool {
	l := strings.ToLower(s[strings.IndexByte(s, '=')+1:])
	for _, w := range []string{"token", "login", "password", "key"} {
		if strings.HasSuffix(l, "_"+w) || strings.HasSuffix(l, "-"+w) {
			return value.ShapeOf(l).Digit > 0
		}
	}
	return true
}

// holdsKey accepts a key file whose key is one: not "-----BEGIN PRIVATE KEY-----\nPRIVATE_KEY\n…".
func holdsKey(s string) bool {
	body := s[strings.LastIndexByte(strings.TrimSuffix(s, `"`), '"')+1:]
	_, inner, ok := strings.Cut(body, "PRIVATE KEY-----")
	if !ok {
		return true
	}
	inner, _, _ = strings.Cut(inner, "-----END")
	return value.ShapeOf(strings.ReplaceAll(inner, `\n`, "")).Digit > 0 || len(inner) > 60
}

// slack refuses names that begin like a token of Slack, xoxo-indieweb-1, and words in its place, xoxp-1-YourTokenHere.
func slack(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Digit >= 3 && sh.Len >= 16 || sh.Digit >= 6 || len(s) >= 24 && value.WordShare(s) < 0.5
}

func mixedUpper(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Digit >= 2 && sh.Turns >= 4
}

// mixedOrLong accepts a token with digits, or one too long to be a word with its prefix.
func mixedOrLong(s string) bool { return value.ShapeOf(s).Digit > 0 || len(s) >= 24 }

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// crc62 checks a token of the form prefix_body whose last six characters are the CRC-32 of the rest of the body in base 62,
// as GitHub and npm write them.
func crc62(s string) bool {
	at := strings.IndexByte(s, '_') + 1
	if len(s)-at < 7 {
		return false
	}
	sum := crc32.ChecksumIEEE([]byte(s[at : len(s)-6]))
	for i := len(s) - 1; i >= len(s)-6; i-- {
		if s[i] != base62[sum%62] {
			return false
		}
		sum /= 62
	}
	return sum == 0
}

// grafanaSum checks a token that ends in _ and the CRC-32 of what stands before it, in hexadecimal, its bytes from the lowest up.
func grafanaSum(s string) bool {
	at := len(s) - 9
	if at < 0 {
		return false
	}
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], crc32.ChecksumIEEE([]byte(s[:at])))
	return s[at+1:] == hex.EncodeToString(b[:])
}

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32 checks the last six characters of a key in Bech32 (BIP 173), the part before its last 1 being the name.
func bech32(s string) bool {
	s = strings.ToLower(s)
	at := strings.LastIndexByte(s, '1')
	if at < 1 || len(s)-at < 7 {
		return false
	}
	sum := uint32(1)
	step := func(v uint32) {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ v
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for i := range at {
		step(uint32(s[i] >> 5))
	}
	step(0)
	for i := range at {
		step(uint32(s[i] & 31))
	}
	for i := at + 1; i < len(s); i++ {
		d := strings.IndexByte(bech32Digits, s[i])
		if d < 0 {
			return false
		}
		step(uint32(d))
	}
	return sum == 1
}

// notUtopia refuses the specimens of ICAO 9303, which are of the state of Utopia.
func notUtopia(s string) bool { return !strings.Contains(s, "UTO") }
