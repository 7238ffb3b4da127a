package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// wordReach is how far back, in bytes, the word that a value stands in is read.
const wordReach = 320

// Public reports whether what stands between start and end of text may be seen by anyone, however random it looks, because of
// what it is part of: the name of a cloud's resource, a commit that a dependency is pinned to, the digest of an image, a public
// key, what only a server or a cluster can decrypt, the tag of a response.
func Public(text string, start, end int) bool {
	s := text[start:end]
	before := text[max(0, start-wordReach):start]
	word := before[strings.LastIndexAny(before, " \t\r\n\"'`(<>,;=[")+1:]
	if resource(word+s) || constructed(before) {
		return true
	}
	if digested(text, start) || traced(s) || account.MatchString(s) || hashed(s) || sealed(text, start, s) || cid(s) || colons(before, s) {
		return true
	}
	if strings.HasSuffix(s, ".onion") || record(before) || Checksum(text, start, end) || Commit(text, start, end) || filter(text, start, end) || zipped(before, s) {
		return true
	}
	if flake(word+s) || strings.HasSuffix(word, "renovate-debug:") || advisory.MatchString(s) || moment.MatchString(s) || publishable.MatchString(s) && strings.ToUpper(s[8:]) != s[8:] || reference(before) || handshake(before) || scriptNonce(s) || strings.HasSuffix(word, "did:key:") || strings.HasPrefix(s, "did:key:z") {
		return true
	}
	return pinned(word, s) || strings.Contains(s, "@sha256:") || publicKey(before, s) || encrypted(before, s) || tagOfResponse(before, s)
}

// resource reports whether name is the name of a cloud's resource, or the beginning of one, and holds nothing that such a name has no
// place for: a drawn value other than a UUID, a word behind the version.
func resource(name string) bool {
	if strings.HasPrefix(name, "ocid1.") { // of Oracle's cloud
		return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
	}
	if len(name) < len("arn:aws") || !strings.EqualFold(name[:len("arn:aws")], "arn:aws") {
		return false
	}
	parts := strings.Split(name, ":")
	const own = 5 // parts before those that the service gives out
	for i, p := range parts {
		switch {
		case i == 4 && strings.Trim(p, "0123456789*") != "": // the account
			return false
		case i > own+1 && !UUID(p) && strings.Trim(p, "abcdefghijklmnopqrstuvwxyz_0123456789*") != "" && !strings.HasPrefix(p, "AWS") && p != "$LATEST" && !strings.Contains(p, "/"):
			return false
		case i < own:
			continue
		}
		for _, w := range strings.Split(p, "/") {
			const id = 20
			if strings.ContainsAny(w, "?&!#%|~") || len(w) > id && !UUID(w) && !ShapeOf(w).Hex && Random(w) >= 0.75 && !Identifier(w) {
				return false
			}
		}
	}
	return true
}

// InDigest reports whether what stands between start and end lies within a run of base64, or of hexadecimal in pairs, as long as those
// of digests and several times as long as itself.
func InDigest(text string, start, end int) bool {
	const least, most = 43, 256
	from, to := start, end
	for from > 0 && start-from < most && (base64Byte(text[from-1]) || text[from-1] == ':') {
		from--
	}
	for to < len(text) && to-end < most && (base64Byte(text[to]) || text[to] == ':') {
		to++
	}
	run := text[from:to]
	if to-from < least || to-from < 3*(end-start) || strings.Contains(run, "://") {
		return false
	}
	if strings.Count(run, ":") > 3 {
		return strings.Trim(run, "0123456789abcdefABCDEF:") == ""
	}
	sh := ShapeOf(run)
	return sh.Lower > 4 && sh.Upper > 4 && sh.Digit > 2 || sh.Hex
}

// digested reports whether what stands at start belongs to a digest, as what stands before it or how it begins says.
func digested(text string, start int) bool {
	run := RunStart(text, start)
	before := text[max(0, run-10):run]
	for _, d := range digestHeads {
		if strings.HasSuffix(before, d) || d[len(d)-1] != '=' && strings.HasPrefix(text[run:], d) {
			return true
		}
	}
	return false
}

var digestHeads = []string{"SHA256:", "sha256:", "h1:", "MD5:", "md5:", "sha1:", "sha512:", "sha1-", "sha256-", "sha384-", "sha512-", "md5=", "sha256="}

// traced reports whether s is the context of a trace: version, trace, parent and flags in hexadecimal, or version, time and
// number as AWS has them.
func traced(s string) bool {
	const length = 55
	if len(s) == 35 && strings.HasPrefix(s, "1-") && s[10] == '-' {
		return strings.Trim(s, "0123456789abcdef-") == ""
	}
	return len(s) == length && s[2] == '-' && s[35] == '-' && s[52] == '-' && strings.Trim(s, "0123456789abcdef-") == ""
}

// hashed reports whether s is a name with digests behind it, or the name of a pod: node-modules-linux-944447ec…, web-6d5f7c9b8b-x2k4q.
func hashed(s string) bool {
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return false
	}
	head, last := s[:i], s[i+1:]
	if k := strings.LastIndexByte(head, '-'); k > 0 && len(last) == 5 && len(head)-k >= 9 && len(head)-k <= 11 && strings.Trim(head[k+1:]+last, "bcdfghjklmnpqrstvwxz2456789") == "" { // the alphabet of their names
		return strings.Trim(head[:k], "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && !privateWords.Contains(head[:k])
	}
	n := 0
	for ; i > 0 && len(s)-i > 32 && ShapeOf(s[i+1:]).Hex && Digest(s[i+1:]); i = strings.LastIndexByte(s, '-') {
		s = s[:i]
		n++
	}
	return n > 0 && Identifier(s) && !privateWords.Contains(s)
}

// constructed reports whether before ends where a program makes an id of what follows: ObjectId("….
func constructed(before string) bool {
	call, quote := strings.CutSuffix(strings.TrimRight(before, "\"'"), "(")
	return quote && ids.Has(strings.ToLower(call[strings.LastIndexAny(call, " \t\n.:=([{,")+1:]))
}

var ids = keyword.NewList(`objectid uuid guid fromhexstring bsonid parseuuid mustparseuuid`)

// pinned reports whether s is the commit or digest behind the @ of what a dependency is pinned to: actions/checkout@5d6baee5….
func pinned(word, s string) bool {
	name, ok := strings.CutSuffix(strings.TrimSuffix(word, "sha256:"), "@")
	if i := strings.LastIndexByte(s, '@'); i > 0 && !ok {
		name, s, ok = word+s[:i], s[i+1:], true
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "sha256:"), "sha1:")
	const commit, digest = 40, 64
	return ok && strings.IndexByte(name, '/') > 0 && !strings.Contains(name, ":/") && (len(s) == commit || len(s) == digest) && ShapeOf(s).Hex
}

// flake reports whether s is the commit that an input of a Nix flake is locked to: github:NixOS/nixpkgs/4fddc9be….
func flake(s string) bool {
	kind, path, ok := strings.Cut(s, ":")
	i := strings.LastIndexByte(path, '/')
	const commit = 40
	return ok && (kind == "github" || kind == "gitlab" || kind == "sourcehut") && len(path)-i-1 == commit && ShapeOf(path[i+1:]).Hex
}

var (
	advisory = pattern.New(`^GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}$`)
	moment   = pattern.New(`^(?:19|20)\d{2}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?$`)
	// publishable are keys for browsers, of Stripe and of Supabase; Courier's secrets begin like Stripe's and are in capitals.
	publishable = pattern.New(`^(?:pk_(?:live|test)_[A-Za-z0-9]{24,120}|sb_publishable_[A-Za-z0-9_-]{22,40})$`)
	trailer     = pattern.New(`^[A-Z][a-z]+(?:-[A-Za-z]+)+: https?://[^\s?#@]*$`)
)

// reference reports whether before ends in the address that a commit's trailer gives: Reviewed-on: https://….
func reference(before string) bool {
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return strings.Contains(line, "://") && trailer.MatchString(line) && !strings.Contains(strings.ToLower(line), "hook")
}

// publicKey reports whether s is the public half of a key in a form that only such halves have.
func publicKey(before, s string) bool {
	const npub, age, minisign, wireGuard = 63, 62, 56, 44
	for _, p := range derKeys {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	switch {
	case len(s) == npub && strings.HasPrefix(s, "npub1"), len(s) == age && strings.HasPrefix(s, "age1"):
		return strings.Trim(s[5:], "023456789acdefghjklmnpqrstuvwxyz") == "" || s[:4] == "age1"
	case len(s) == minisign && strings.HasPrefix(s, "RW") && signers.Contains(before[max(0, len(before)-keyReach):]):
		return true
	case len(s) == 16 && strings.Trim(s, "0123456789ABCDEF") == "": // the number of such a key
		return minisignWords.Contains(before[max(0, len(before)-48):])
	case len(s) == wireGuard && s[len(s)-1] == '=' && peers.Contains(before[max(0, len(before)-keyReach):]) && !privateWords.Contains(before[max(0, len(before)-keyReach):]):
		return true
	case len(s) < 32:
		return false
	}
	line := before[max(0, len(before)-keyReach):]
	line = line[strings.LastIndexAny(line, "\n,;")+1:]
	return publicWords.Contains(line) && !privateWords.Contains(line)
}

// keyReach is how far, in bytes, a public key may stand from the words that say that it is one.
const keyReach = 80

// derKeys begin public keys in DER: RSA of 1024, 2048, 3072 and 4096 bits, P-256, P-384, Ed25519, X25519.
var derKeys = []string{"MIGfMA0GCSqGSIb3DQEBAQUAA4GN", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", "MIIBojANBgkqhkiG9w0BAQEFAAOCAY8A", "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8A", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE", "MCowBQYDK2VwAyEA", "MCowBQYDK2VuAyEA"}

var (
	peers         = keyword.New([]string{"[peer]", "peer:", "peer ", "wg set", "allowed ips"})
	signers       = keyword.New([]string{"minisign", "signify", "untrusted comment"})
	minisignWords = keyword.New([]string{"minisign public key", "minisign key", "signify public key"})
	publicWords   = keyword.New([]string{"public key", "public-key", "publickey", "public_key", "pubkey", "公開鍵", "公開キー"})
	privateWords  = keyword.New([]string{"private", "secret", "token", "password", "pass", "api-key", "apikey", "秘密", " api"})
)

// sealed reports whether s is a part of what only a cluster or the holder of a vault's password can open: a member of a
// SealedSecret, the lines of an Ansible vault.
func sealed(text string, start int, s string) bool {
	const shortest, reach = 40, 4000
	before := text[max(0, start-reach):start]
	if len(s) >= shortest && strings.HasPrefix(s, "Ag") && strings.Contains(before, "encryptedData") {
		return true
	}
	// What can be told at once comes before the search, which takes longer: the lines of a vault hold nothing but hexadecimal, and all
	// but the last are long.
	if !ShapeOf(s).Hex || !vaultLine(before, len(s) < shortest) {
		return false
	}
	head := strings.LastIndex(before, "$ANSIBLE_VAULT;")
	if head < 0 {
		return false
	}
	_, lines, _ := strings.Cut(before[head:], "\n")
	return (len(s) >= shortest || len(strings.TrimSpace(lines)) >= shortest) && strings.Trim(lines, "0123456789abcdef \t\r\n") == ""
}

// vaultLine reports whether before may end where a line of a vault begins: behind its head, or behind a line of hexadecimal, which must
// be a long one for a short line.
func vaultLine(before string, short bool) bool {
	const long = 32
	t := strings.TrimRight(before, " \t\r\n")
	i := len(t)
	for i > 0 && isHex(t[i-1]) && len(t)-i < long {
		i--
	}
	if len(t)-i >= long {
		return true
	}
	return !short && strings.Contains(t[max(0, len(t)-vaultHead):], "$ANSIBLE_VAULT;")
}

// vaultHead is how long, in bytes, the head of a vault may be: $ANSIBLE_VAULT;1.2;AES256;the name of its password.
const vaultHead = 160

// colons reports whether s is a digest in pairs, as keys and certificates are told by.
func colons(before, s string) bool {
	pairs := strings.TrimPrefix(strings.TrimPrefix(s, "MD5:"), "SHA1:")
	if len(pairs) < 47 || len(pairs)%3 != 2 || pairs[2] != ':' || strings.Count(pairs, ":") != len(pairs)/3 || strings.Trim(pairs, "0123456789abcdefABCDEF:") != "" {
		return false
	}
	return len(pairs) < len(s) || digests.Contains(before[max(0, len(before)-48):])
}

var digests = keyword.New([]string{"fingerprint", "md5", "sha1", "sha256", "thumbprint", "フィンガープリント", "指紋"})

// record reports whether before is the beginning of a record of the DNS that holds a key or a digest for everybody.
func record(before string) bool {
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return len(line) < 120 && records.Contains(line)
}

var records = keyword.New([]string{"v=DKIM1", "dnskey", "TLSA 3", "TLSA 2", "IN DS ", "SSHFP "})

// cid reports whether s names content of IPFS.
func cid(s string) bool {
	const v0 = 46
	return len(s) == v0 && strings.HasPrefix(s, "Qm") && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" || len(s) >= 59 && strings.HasPrefix(s, "bafy") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// encrypted reports whether s is the ciphertext of a settings file: ENC[…] of sops and eyaml, ENC(…) of Jasypt, {AQAAABAAAA…} of Jenkins, secure: of
// a CI's file.
func encrypted(before, s string) bool {
	word := before[strings.LastIndexAny(before, " \n")+1:]
	if strings.Contains(word[strings.LastIndexByte(word, ']')+1:], "ENC[") || strings.Contains(word[strings.LastIndexByte(word, ')')+1:], "ENC(") { // (…) of Jasypt
		return true
	}
	if strings.HasPrefix(s, "AQAAABAAAA") && strings.HasSuffix(before, "{") { // of Jenkins
		return true
	}
	const shortest = 40
	name := strings.TrimRight(before, " \t\"'")
	return len(s) >= shortest && strings.HasSuffix(name, "secure:") && ShapeOf(s).Other <= strings.Count(s, "/")+strings.Count(s, "+")+strings.Count(s, "=")
}

// tagOfResponse reports whether s is what a web server names a response or a request by.
func tagOfResponse(before, s string) bool {
	head := strings.ToLower(strings.TrimRight(before[max(0, len(before)-32):], "\"'"))
	if strings.HasSuffix(head, "w/") {
		head = strings.TrimRight(strings.TrimSuffix(head, "w/"), " \"'")
		return strings.HasSuffix(head, "etag:") || strings.HasSuffix(head, "none-match:") || strings.HasSuffix(head, "etag") || strings.HasSuffix(head, ":")
	}
	ray, airport, ok := strings.Cut(s, "-") // 8f2c1d0e9ab34c56-FRA
	return ok && len(ray) == 16 && len(airport) == 3 && ShapeOf(ray).Hex && strings.ToUpper(airport) == airport
}

// OpenKey reports whether before, which ends where the word "key" begins, makes that key one that anyone may see or that opens
// nothing: a public key, the key of a cache or a table, one of a keyboard.
func OpenKey(before string) bool {
	const reach = 24
	w := strings.TrimRight(strings.ToLower(before[max(0, len(before)-reach):]), " \t-_")
	return openKeys.Has(w[strings.LastIndexAny(w, " \t\n\"'`(.,:;/-_")+1:])
}

var openKeys = keyword.NewList(`public cache primary foreign sort partition partitioning row object idempotency bucket lookup map dictionary dict registry translation i18n message hot arrow function enter escape shift control ctrl alt tab json yaml config column index composite natural surrogate unique routing shard sharding grouping join issue`)

// DocumentNumber reports whether s is what an office numbers its papers by: letters, a year and a number, OBS-24-00317.
func DocumentNumber(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '/' })
	if len(parts) < 3 || len(parts) > 5 || len(parts[0]) > 5 || strings.Trim(parts[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return false
	}
	year := false
	for _, p := range parts[1:] {
		if strings.Trim(p, "0123456789") != "" {
			if len(p) > 4 || strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
				return false
			}
			continue
		}
		year = year || len(p) == 4 && (p[:2] == "19" || p[:2] == "20") || len(p) == 2 && p >= "15" && p <= "35" || (len(p) == 6 || len(p) == 8) && (p[:2] == "20" || p[:2] == "24" || p[:2] == "25" || p[:2] == "26")
	}
	last := parts[len(parts)-1]
	return year && strings.Trim(last, "0123456789") == ""
}

// Device reports whether s is what an operating system calls a device or interface: wg0, eth1, ttyUSB0, nvme0n1.
func Device(s string) bool {
	i := 0
	for i < len(s) && isLetter(s[i]) {
		i++
	}
	return i > 0 && i < len(s) && len(s)-i <= 6 && isDigit(s[i]) && strings.Trim(s[i:], "0123456789nps.") == "" && (devices.Has(s[:i]) || servers.Has(strings.ToLower(s[:i])) && len(s)-i <= 3) || i == 3 && i == len(s) && (s[:2] == "sd" || s[:2] == "vd" || s[:2] == "hd")
}

var devices = keyword.NewList(`wg eth wlan wlp enp ens eno enx wwan tun tap br docker veth bond ppp usb hidraw ttyUSB ttyACM ttyS tty sda sdb sdc vda xvda nvme md dm loop mmcblk i2c spi gpio utun en lo`)

// servers are how machines are named, with their number.
var servers = keyword.NewList(`dc web db app srv host node vm esx esxi mx ns fs nas gw fw lb worker master bastion jump mail proxy cache runner win lnx sql ldap backup`)

// Cipher reports whether s names an algorithm by its parts: AES-256-GCM, ChaCha20-Poly1305.
func Cipher(s string) bool {
	if strings.HasPrefix(s, "A") && joseCiphers.MatchString(s) {
		return true
	}
	parts := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == '-' || r == '_' || r == '/' })
	for _, p := range parts {
		if w := strings.TrimRight(p, "0123456789"); w != "" && !ciphers.Has(w) {
			return false
		}
	}
	return len(parts) >= 2 && strings.Trim(s, "0123456789-_/") != ""
}

var joseCiphers = pattern.New(`^A(?:128|192|256)(?:CBC-HS(?:256|384|512)|GCM(?:KW)?|KW|CTR|CBC)$`)

var ciphers = keyword.NewList(`scram aes gcm cbc ctr ccm xts ecb siv ocb chacha poly xchacha sha shake blake hmac rsa oaep pss ecdsa ecdhe ecdh dhe dh ed x curve p secp r k kyber ml kem dsa pbkdf argon id scrypt bcrypt hkdf tls ssl with null psk camellia aria des ede rc md kw wrap pkcs v aead eax ffdhe`)

// Region reports whether s is a region or zone of a cloud: us-east-1, europe-west4-b, ap-northeast-1.
func Region(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) < 2 || len(parts) > 4 || !continents.Has(parts[0]) {
		return false
	}
	digits := 0
	for i, p := range parts[1:] {
		if p == "" || len(p) > 12 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
		if t := strings.TrimRight(p, "0123456789"); len(t) < len(p) {
			digits++
			if t != "" && !bearings.Has(t) {
				return false
			}
		} else if !bearings.Has(p) && !(i == len(parts)-2 && len(p) == 1) {
			return false
		}
	}
	return digits == 1
}

var (
	continents = keyword.NewList(`us eu ap ca sa me af il cn mx asia europe northamerica southamerica australia africa`)
	bearings   = keyword.NewList(`north south east west central northeast southeast northwest southwest gov iso isob`)
)
