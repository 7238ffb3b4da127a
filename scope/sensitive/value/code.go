package value

import (
	"sort"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// Qualified reports whether s is the full name of something in code: names in small letters joined by dots, slashes or
// colons, and behind the last dot a name of words, capitals and the numbers that names in code have: simd/archsimd.BroadcastInt16x8.
func Qualified(s string) bool {
	i := strings.LastIndexAny(s, ".:#")
	if i <= 1 || i == len(s)-1 {
		return false
	}
	if last := s[i+1:]; s[i] == '.' && strings.Contains(last, "_") && constantName(last+"_") && isLetter(s[0]) && strings.Trim(s[:i], "abcdefghijklmnopqrstuvwxyz0123456789_.") == "" && ShapeOf(s[:i]).Digit <= 2 { // events.ENTER_KEY
		return true
	}
	for _, p := range strings.FieldsFunc(s[:i], func(r rune) bool { return r == '.' || r == '/' || r == ':' || r == '#' }) {
		sh := ShapeOf(p)
		if sh.Upper > 0 || sh.Lower < 2 && !(p[0] == 'v' && sh.Digit == sh.Len-1) || sh.Digit > 3 || sh.Other > strings.Count(p, "-")+strings.Count(p, "_") || sh.High > 0 || sh.Len > 5 && Surprise(p) > 3.6 {
			return false
		}
	}
	last := s[i+1:]
	if sh := ShapeOf(last); sh.Digit == 0 && sh.Lower+sh.Upper == sh.Len {
		return Identifier(last) || strings.Contains(s[:i], "/") && isUpper(last[0]) || sh.Upper >= 2 && isUpper(last[0]) && sh.Lower > 0
	}
	return Numbered(last)
}

// Typed reports whether s is a type or protocol of programs with its number, int8, tcp4, complex128, or the formula of a substance.
func Typed(s string) bool {
	if formula(s) {
		return true
	}
	i := 0
	for i < len(s) && isLetter(s[i]) {
		i++
	}
	if percentiles.Has(s) || numeronyms.Has(s) || strings.EqualFold(s, "x25519") || strings.EqualFold(s, "x448") {
		return true
	}
	return i > 0 && i < len(s) && strings.Trim(s[i:], "0123456789") == "" && kinds.Has(strings.ToLower(s[:i]))
}

// numeronyms are words of the trade that count their letters, and others with a number inside.
var numeronyms = keyword.NewList(`e2e E2E e2ee E2EE i18n I18n l10n a11y o11y k8s K8s k3s g11n p2p P2P b2b B2B b2c 2fa 2FA web2 web3 Web3 web3js web3.js oauth2 OAuth2 OAuth1 oauth1 Route53 Auth0 Neo4j Office365 Microsoft365 M365 Log4Shell D3 http-01 dns-01 tls-alpn-01 device-attest-01 h2 h2c http2 http3 HTTP2 HTTP3 s3 S3 ec2 EC2 bech32 Bech32 base58 Base58 x509 X509 u2f U2F fido2 FIDO2 ctap2 CTAP2 pkcs11 pkcs12 m2m M2M d2d log4j log4j2 slf4j py2 py3 h264 h265 1PUX 1pux`)

var percentiles = keyword.NewList(`p50 p75 p90 p95 p98 p99 p999 p99.9`)

var kinds = keyword.NewList(`aal ial fal int uint qint quint float complex utf ip ipv tcp udp icmp http tls ssl sha md crc aes rsa vec mat bool char rune base ed curve ecdsa`)

// Numbered reports whether s is a name in code that holds nothing but words, capitals and usual numbers: Uint64,
// Broadcast1To32, MLKEM768X25519, GenerateKey1024, AVX512VAES, complex128, TLS_AES_128_GCM_SHA256.
func Numbered(s string) bool {
	if s == "" || !isLetter(s[0]) {
		return false
	}
	if constant(s) && algorithm(s) || formula(s) {
		return true
	}
	if isLower(s[0]) && strings.Contains(s, "_") {
		return false
	}
	letters, numbers, words := 0, 0, 0
	for i := 0; i < len(s); {
		j := i
		switch {
		case isDigit(s[i]):
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			if !usualNumber(s[i:j]) {
				return false
			}
			numbers++
		case isLetter(s[i]):
			for j < len(s) && isLetter(s[j]) {
				j++
			}
			if isLower(s[i]) && i > 0 && isDigit(s[i-1]) && !(j-i == 1 && strings.IndexByte("xnvdb", s[i]) >= 0) { // a word that goes on behind a number
				return false
			}
			letters += j - i
			if l := strings.ToLower(s[i:j]); types.Has(l) || terms.Has(l) || j-i >= 3 && (strings.ToUpper(s[i:j]) == s[i:j] || strings.ToUpper(s[i:j-1])+"v" == s[i:j] || Surprise(s[i:j]) < 3.2) {
				words++
			}
		case s[i] == '_':
			j++
		default:
			return false
		}
		i = j
	}
	return numbers > 0 && numbers <= 4 && words > 0 && letters > numbers && capital(s)
}

// formula reports whether s is the formula of a substance: C9H8O4.
func formula(s string) bool {
	n, digits := 0, 0
	for i := 0; i < len(s); n++ {
		if i+1 < len(s) && elements.Has(s[i:i+2]) {
			i += 2
		} else if elements.Has(s[i : i+1]) {
			i++
		} else {
			return false
		}
		for ; i < len(s) && isDigit(s[i]); i++ {
			digits++
		}
	}
	return n >= 2 && digits > 0
}

var elements = keyword.NewList(`H C N O F P S K I B Cl Na Ca Mg Fe Br Si Al Li Zn Cu Ag Au Hg Pb Sn Ti Mn Cr Ni Co He Ne Ar Ba Se As`)

// algorithm reports whether one of the words of s is a term of the trade: PBKDF2-HMAC-SHA256.
func algorithm(s string) bool {
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == '-' || r == '_' }) {
		if terms.Has(strings.TrimRight(w, "0123456789")) {
			return true
		}
	}
	return false
}

// capital reports whether s is written as names in code are: a capital inside or at the start, or a term of the trade.
func capital(s string) bool {
	for i := 1; i < len(s); i++ {
		if isUpper(s[i]) {
			return true
		}
	}
	return terms.Has(strings.ToLower(strings.TrimRight(s, "0123456789"))) || types.Has(strings.ToLower(strings.TrimRight(s, "0123456789")))
}

// types are names in code that a number of bits follows.
var types = keyword.NewList(`is as in of to at by from int uint float complex vector mask utf rune word dword qword bits bit i u f s v x len add sub mul div rem log exp to atan sqrt crc adler base rgba nrgba gray cmyk ipv ip tcp udp icmp http https tls ssl sha md key aes des rsa ecdsa ed curve gcm cbc hmac ml mlkem kem kyber dilithium
	level type version page step part phase option slice array list item arg param field column row node index port cause err error test case foo bar baz`)

// usualNumber reports whether digits are a number that names in code hold: a version, a count, a size in bits.
func usualNumber(s string) bool {
	switch len(s) {
	case 1:
		return true
	case 2:
		return s != "00" && sizes.Has(s)
	}
	return sizes.Has(s)
}

var sizes = keyword.NewList(`10 11 12 15 16 18 20 21 24 25 26 31 32 33 36 40 48 53 54 56 57 58 60 62 63 64 80 86 89 90 92 96 100 127 128 160 192 203 204 224 232 256 302 303 304 307 308 384 400 401 403 404 409 429 448 450 500 502 503 504 509 512 521 768 802 1024 1305 1520 2048 3072 3339 4096 8192 8601 8859 16384 25519 32768 65536`)

// Pattern reports whether s is a regular expression rather than a value: it holds a class or a group with a count behind it.
func Pattern(s string) bool {
	if strings.HasPrefix(s, ".*") && len(s) > 2 || strings.HasPrefix(s, ".+") && len(s) > 2 {
		return true
	}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == ']' && strings.IndexByte(s[:i], '[') >= 0 && i+1 < len(s) && strings.IndexByte("{+*?", s[i+1]) >= 0:
			return true
		case s[i-1] == '\\' && strings.IndexByte("dwsbDWSB", s[i]) >= 0 && i+1 < len(s) && strings.IndexByte("{+*?", s[i+1]) >= 0:
			return true
		case s[i-1] == '(' && s[i] == '?' && i+1 < len(s) && strings.IndexByte(":i=!<P", s[i+1]) >= 0:
			return true
		}
	}
	return false
}

// How long, in bytes, a line of such a block and a block may be.
const (
	longestLine  = 80
	longestBlock = 3072
)

// Blocks are the parts of a text that anyone may see: certificates, requests, public keys, encrypted messages, between their first line and their last.
type Blocks []struct{ from, to int }

// PublicBlocks finds such parts of text. Its cost is linear, and next to none in a text without any.
func PublicBlocks(text string) (out Blocks) {
	const begin, end = "-----BEGIN ", "-----END "
	for i := strings.Index(text, begin); i >= 0; {
		from := i + len(begin)
		to := min(len(text), i+longestBlock)
		if e := strings.Index(text[from:to], end); e >= 0 {
			to = from + e + len(end) - 1
		}
		next := strings.Index(text[from:], begin)
		if next >= 0 {
			next += from
			to = min(to, next+len(begin)-1)
		}
		if publicHead(text[from:min(len(text), i+64)]) {
			out = append(out, struct{ from, to int }{from, to})
		}
		i = next
	}
	return out
}

func publicHead(head string) bool {
	for _, p := range []string{"PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC", "EC PUBLIC", "NEW CERTIFICATE", "TRUSTED CERT", "X509", "PGP PUBLIC", "PGP SIGNATURE", "SSH SIGNATURE", "PKCS7", "DH PARAM", "EC PARAM", "AGE ENCRYPTED", "PGP MESSAGE"} {
		if strings.HasPrefix(head, p) {
			return true
		}
	}
	return false
}

// Hold reports whether offset i of text lies within one of them, near the start of its line.
func (b Blocks) Hold(text string, i int) bool {
	k := sort.Search(len(b), func(k int) bool { return b[k].to >= i })
	return k < len(b) && b[k].from <= i && strings.IndexByte(text[max(0, i-longestLine):i], '\n') >= 0
}

// Published reports whether s is a value that a standard or a vendor's manual prints as its example.
func Published(s string) bool { return published.Has(strings.TrimSpace(s)) }

var published = keyword.NewList(`QWxhZGRpbjpvcGVuIHNlc2FtZQ== QWxhZGRpbjpPcGVuU2VzYW1l dXNlcjpwYXNz dXNlcm5hbWU6cGFzc3dvcmQ= czZCaGRSa3F0MzpnWDFmQmF0M2JW mF_9.B5f-4.1JqM 2YotnFZFEjr1zCsicMWpAA tGzv3JOkF0XG5Qx2TlKWIA SlAV32hkKG 7Fjfp0ZBr1KtDRbnfVdmIw
	2b7e151628aed2a6abf7158809cf4f3c 000102030405060708090a0b0c0d0e0f 603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4 6bc1bee22e409f96e93d7e117393172a 3ad77bb40d7a3660a89ecaf32466ef97 0f1571c947d9e8590cb7add6af7f6798
	wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY AKIAIOSFODNN7EXAMPLE 12345678901234567890 GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
	eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9 eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9 eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9 258EAFA5-E914-47DA-95CA-C5AB0DC85B11 L898902C3 L898902C36
	s6BhdRkqt3 gX1fBat3bV SplxlOBeZQQYbYS6WxSbIA n-0S6_WzA2Mj af0ifjsldkj dpf43f3p2l4k3l03 kd94hf93k423kf44 nnch734d00sl2jdk pfkkdhi9sl3r4s00 hfdp7dh39dks9884 74KNZJeDHnMBp0EMJ9ZHt hh5s93j4hdidpola hdhd0244k9j7ao03 dQw4w9WgXcQ E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM dGhlIHNhbXBsZSBub25jZQ== s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`)

// Fingerprint reports whether the 40 hexadecimal digits at start name an OpenPGP key, as the words before them say.
func Fingerprint(text string, start int, s string) bool {
	if len(s) != 40 || strings.Trim(s, "0123456789ABCDEF") != "" && strings.Trim(s, "0123456789abcdef") != "" {
		return false
	}
	const reach = 48
	before := text[max(0, start-reach):start]
	return pgp.Contains(before[strings.LastIndexByte(before, '\n')+1:])
}

var pgp = keyword.New([]string{"gpg", "pgp", "fingerprint", "keyid", "key id", "recv-keys"})

// Quantity reports whether s is a number with a unit right behind it: 95ms, 32B, 2x, 16GB, 3.5k.
func Quantity(s string) bool {
	if a, b, ok := strings.Cut(strings.TrimPrefix(s, "M"), "x"); ok && len(a) <= 5 && strings.Trim(a+b, "0123456789.") == "" && a != "" && b != "" { // 1920x1080, M6x25
		return true
	}
	if strings.Trim(s, "0123456789hms.") == "" && s != "" && isDigit(s[0]) && strings.HasSuffix(s, "s") && strings.ContainsAny(s, "hm") { // 15m0s
		return true
	}
	i := 0
	for i < len(s) && (isDigit(s[i]) || s[i] == '.' || s[i] == ',') {
		i++
	}
	if i > 0 && i+1 < len(s) && s[i] == '-' {
		i++
	}
	return i > 0 && i < len(s) && quantities.Has(strings.ToLower(s[i:]))
}

var quantities = keyword.NewList(`bit byte day days week month year hour minute second char character digit letter word line page way fold s ms us ns sec secs min mins h hr hrs d w m y b kb mb gb tb kib mib gib k bit bits byte bytes px pt em rem x th st nd rd fps hz khz mhz ghz v kv mv w kw kwh ma mah a c f mm cm km m2 g kg mg ml l kbps mbps gbps qps rps req pct rpm dpi vcpu cpu core cores ch p
	lx lm lux cd db dba dbm n nm kn pa kpa mpa hpa bar psi j kj wh mwh ah mah uf nf pf ohm kohm rpm ml dl cl ha ft in mi um mol ppm ppb fps dpi ppi sqm cfm gal lb lbs oz hb hrc hv mbit gbit kbit mbits gbits kib/s mb/s nits`)

// Standard reports whether s names a norm, a vulnerability or the like: CVE-2024-3094, MIL-STD-1815, SP-800-38A.
func Standard(s string) bool {
	if norm(s) {
		return true
	}
	i := 0
	for i < len(s) && isLetter(s[i]) {
		i++
	}
	if i < 2 || i == len(s) || s[i] != '-' && s[i] != ' ' && s[i] != '_' && s[i] != '#' && !isDigit(s[i]) {
		return false
	}
	return standards.Has(strings.ToUpper(s[:i])) && ShapeOf(s).Digit > 0
}

// norm reports whether s is the number of a norm: 800-38A, 180-4.
func norm(s string) bool {
	a, b, ok := strings.Cut(s, "-")
	return ok && nist.Has(a) && len(b) >= 1 && len(b) <= 3 && isDigit(b[0]) && strings.Trim(b, "0123456789ABCDEabr") == ""
}

var nist = keyword.NewList(`140 180 186 197 198 199 200 201 202 203 204 205 800`)

var standards = keyword.NewList(`PKCS CVE CWE GHSA RFC ISO IEC NIST FIPS MIL DIN EN ANSI IEEE ITU JIS PEP KB MS RHSA DSA USN BCP STD OWASP ASVS SP SOC PCI ECMA ETSI EIP BIP ERC LTO ASTM UL CAPEC GPL LGPL AGPL GFDL BSD MPL EPL CDDL`)
