package entropy

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// benign reports whether the surroundings say that a random value is no secret.
func benign(text string, v candidate, s, before, after string, public value.Blocks) bool {
	if value.Placeholder(s) || value.Alphabet(s) || value.Dotted(s) || value.Versioned(s) || value.Version(s) || value.Issue(s) || value.Algorithmic(s) || value.Reference(s) && v.random < 0.97 || value.File(s) && v.shape.Len < 40 || value.Qualified(s) || upper(s[0]) && value.Numbered(s) && v.shape.Digit <= 8 && v.random < 0.97 {
		return true
	}
	if strings.HasPrefix(after, "(") && v.shape.Other <= strings.Count(s, ".")+strings.Count(s, "_") { // a call
		return true
	}
	if eq := strings.Index(s, "=="); eq > 0 && strings.Trim(s[eq:], "=") != "" || strings.Contains(s, "_") && envLike(s) {
		return true
	}
	if predicate, ok := strings.CutPrefix(after, " is the "); ok { // V1StGXR8… is the slug
		words := strings.Fields(strings.ToLower(predicate))
		for _, w := range words[:min(2, len(words))] {
			if w = strings.Trim(w, ".,;:"); benignWords.Has(w) || w == "slug" || w == "identifier" {
				return true
			}
		}
	}
	if strings.HasPrefix(after, "@") && strings.Contains(after, ".") && v.shape.Len < 32 { // an e-mail address
		return true
	}
	if strings.HasSuffix(before, "base64,") || strings.HasSuffix(before, "data:") || strings.HasPrefix(s, "iVBORw0KGgo") || strings.HasPrefix(s, "/9j/4AAQ") || strings.HasPrefix(s, "R0lGOD") || strings.HasPrefix(s, "PHN2Zy") {
		return true
	}
	if strings.HasPrefix(s, "AAAAB3NzaC1") || strings.HasPrefix(s, "AAAAC3NzaC1") || strings.HasPrefix(s, "AAAAE2VjZHNh") || strings.HasPrefix(s, "age1") {
		return true // a public key
	}
	if strings.HasPrefix(s, "urn:uuid:") || strings.HasSuffix(before, "urn:uuid:") {
		return true
	}
	if public.Hold(text, v.start) || value.Public(text, v.start, v.end) || value.Published(s) || value.Standard(s) || value.Fingerprint(text, v.start, s) || commit(s) || sealed(text, v, s) || jwk(text, v, before) || vector(text, v) {
		return true
	}
	if strings.HasPrefix(s, "0x") && len(s) <= 18 || strings.HasPrefix(before, "x") && strings.HasSuffix(before, "0x") && len(s) <= 16 { // a number
		return true
	}
	if value.InPath(text, v.start) || value.Hosted(text, v.start) || uuidPath(text, v, s) || resource(s) || object(s) || sized(s) || strings.HasPrefix(s, "nix/store/") {
		return true
	}
	if inURL(before) {
		return !queryKey(before)
	}
	return benignName(before, v)
}

// sealed reports whether a value is one of a SealedSecret, which only its cluster can open.
func sealed(text string, v candidate, s string) bool {
	return v.shape.Len > 40 && strings.HasPrefix(s, "Ag") && strings.Contains(text[max(0, v.start-2000):v.start], "encryptedData")
}

// jwk reports whether a value is a member of a public key in JSON: beside "kty", with no private member.
func jwk(text string, v candidate, before string) bool {
	around := text[max(0, v.start-400):min(len(text), v.end+400)]
	if !strings.Contains(around, `"kty"`) || strings.Contains(around, `"d":`) || strings.Contains(around, `"d" :`) || strings.Contains(around, `"k":`) {
		return false
	}
	op := strings.TrimRight(before, " \t:")
	for _, m := range []string{`"x"`, `"y"`, `"n"`, `"e"`, `"kid"`, `"x5t"`, `"x5c"`, `"x5t#S256"`} {
		if strings.HasSuffix(strings.TrimRight(op, `" :`)+`"`, m) || strings.HasSuffix(op, m+`:"`) || strings.HasSuffix(strings.TrimRight(before, "\""), m+":") || strings.HasSuffix(before, m+`: "`) {
			return true
		}
	}
	return false
}

// vector reports whether hexadecimal stands in a test vector: with what goes in and what comes out.
func vector(text string, v candidate) bool {
	if !v.hex {
		return false
	}
	around := strings.ToLower(text[max(0, v.start-300):min(len(text), v.end+300)])
	return strings.Contains(around, "plaintext") && strings.Contains(around, "ciphertext") || strings.Contains(around, "test vector")
}

// envLike reports whether s is capital words and numbers joined by underscores.
func envLike(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Lower == 0 && sh.Upper > 2*sh.Digit && strings.Count(s, "_") >= 2
}

// inURL reports whether the word that before ends in is a URL or a path.
func inURL(before string) bool {
	word := before[strings.LastIndexAny(before, " \t\"'`(<>[,")+1:]
	return strings.Contains(word, "://") || strings.HasPrefix(word, "www.")
}

// queryKey reports whether before ends in a query parameter named like a credential.
func queryKey(before string) bool {
	i := strings.LastIndexAny(before, "?&#")
	if i < 0 || !strings.HasSuffix(before, "=") {
		return false
	}
	return queryWords.Contains(before[i:])
}

var queryWords = keyword.New([]string{"token", "key", "secret", "auth", "sig", "pass", "pwd", "credential", "session", "code=", "apikey", "appid", "jwt"})

// benignWords, right before a value or as the name it is assigned to, make it an id, a digest or something public.
var benignWords = keyword.NewList(`sha sha1 sha224 sha256 sha384 sha512 md5 crc crc32 hash hashes digest digests checksum checksums chksum cksum integrity etag fingerprint thumbprint commit commits rev
	revision ref refs srcrev tree parent blob object merge cherry cherrypicked picked hotfix uuid uuids guid guids id ids oid pid uid gid rid request trace span correlation transaction session
	build version versions tag release branch public pub pubkey publickey foreign primary partition sort cursor nextpage page continuation etag csrf xsrf nonce challenge image icon font logo
	thumbnail photo avatar svg png jpg src href path file filename url uri link class classname style selector event row record node task job run pod container instance volume snapshot ami
	subnet vpc sg issue pr ticket doc document sheet video playlist channel certificate cert chunk module package lock resolved resolution dependency artifact layer manifest
	schema table column index constraint migration seed fixture traceparent tracestate traceid spanid title name label key_down down pressed kid x5t x5c jti accessor credentialid credentialsid keyid accesskeyid author
	signature sig mac hmac ciphertext encrypted enc iv tag salted verification challenge`)

// benignName looks at the words before a value: the name it is assigned to and, for hexadecimal values, the two words
// that lead to it.
func benignName(before string, v candidate) bool {
	head := strings.TrimRight(before, " \t\"'`([{<")
	op := strings.TrimRight(head, "=:> \t\"'`")
	named := len(op) < len(head) || op == ""
	i := len(op)
	for i > 0 && (letter(op[i-1]) || op[i-1] >= '0' && op[i-1] <= '9' || op[i-1] == '_' || op[i-1] == '-' || op[i-1] == '.') {
		i--
	}
	name := op[i:]
	if named && name != "" {
		if strings.EqualFold(name, "key") && value.OpenKey(op[:i]) {
			return true
		}
		parts := split(name)
		last := parts[len(parts)-1]
		if len(parts) > 2 && strings.Trim(last, "0123456789") == "" { // x-amz-id-2
			last = parts[len(parts)-2]
		}
		if len(parts) > 1 && last == "id" && halves.Has(parts[len(parts)-2]) {
			return false
		}
		if benignWords.Has(last) || benignWords.Has(strings.ToLower(name)) {
			return last != "session" && last != "salted"
		}
		for _, p := range parts {
			if p == "public" || p == "pub" || p == "foreign" || p == "primary" || p == "hash" || p == "checksum" || p == "digest" || p == "csrf" || p == "xsrf" || p == "event" || p == "commit" || p == "version" || p == "srcrev" {
				return true
			}
		}
		return false
	}
	if !v.hex && !v.uuid {
		txt := strings.TrimRight(op, " \t$")
		return strings.HasSuffix(txt, " TXT") && strings.HasPrefix(txt, "_") || strings.HasSuffix(txt, " event")
	}
	words := strings.Fields(strings.ToLower(strings.Trim(op, " \t")))
	if k := len(words) - 1; k >= 4 && (words[k] == "is" || words[k] == "was") && (words[k-3] == "of" || words[k-2] == "of") { // the HMAC of the payload was …
		for _, w := range words[max(0, k-5) : k-2] {
			if sums.Has(w) {
				return true
			}
		}
	}
	for k := len(words) - 1; k >= 0 && k >= len(words)-2; k-- {
		if benignWords.Has(strings.Trim(words[k], ".,:;()\"'`#")) {
			return true
		}
	}
	return false
}

// sums are what is computed of something for everybody.
var sums = keyword.NewList(`hmac hash digest checksum sum fingerprint thumbprint signature sha256 sha1 sha512 md5 etag`)

// halves, before "id", name one half of a pair of credentials: client_id, secret_id.
var halves = keyword.NewList(`client secret app application consumer reporter`)

// split cuts an identifier into lower-case words.
func split(name string) []string {
	var out []string
	start := 0
	flush := func(end int) {
		if end > start {
			out = append(out, strings.ToLower(name[start:end]))
		}
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '_' || c == '-' || c == '.':
			flush(i)
			start = i + 1
		case upper(c) && i > 0 && lower(name[i-1]):
			flush(i)
			start = i
		}
	}
	flush(len(name))
	if len(out) == 0 {
		return []string{strings.ToLower(name)}
	}
	return out
}

// uuidPath reports whether a value is a path of a file system that ends in a UUID.
func uuidPath(text string, v candidate, s string) bool {
	i := strings.LastIndexByte(s, '/')
	return i > 0 && v.start > 0 && text[v.start-1] == '/' && value.UUID(s[i+1:])
}

// object reports whether s is the id of an object of a payment provider, which opens nothing: evt_1erUP6UgVtRmfyQK9abDCAAO.
func object(s string) bool {
	kind, id, ok := strings.Cut(s, "_")
	return ok && objectKinds.Has(kind) && !strings.Contains(id, "secret") && strings.Trim(id, alphanumeric) == ""
}

const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

var objectKinds = keyword.NewList(`evt price cus prod sub si ii il in pm ch re po acct txn card ba tr dp fee plan promo coup req`)

// sized reports whether s is a digest with the number of bytes that it is of, as caches of builds name what they hold.
func sized(s string) bool {
	const sha256 = 64
	digest, size, ok := strings.Cut(s, "/")
	return ok && len(digest) == sha256 && value.ShapeOf(digest).Hex && size != "" && strings.Trim(size, "0123456789") == ""
}

// commit reports whether s ends in what names an object of a repository: commit/5d6baee5….
func commit(s string) bool {
	head, hash, ok := cutLast(s, "/")
	if _, kind, nested := cutLast(head, "/"); nested {
		head = kind
	}
	return ok && objects.Has(head) && value.ShapeOf(hash).Hex
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

var objects = keyword.NewList(`commit commits tree blob blame raw compare`)

// resource reports whether s is the id of a cloud resource: a short name, a hyphen and hexadecimal.
func resource(s string) bool {
	i := strings.LastIndexByte(s, '-')
	return i > 0 && resources.Has(s[:i]) && value.ShapeOf(s[i+1:]).Hex
}

var resources = keyword.NewList(`vol i ami subnet sg vpc eni snap rtb igw acl eipalloc lt tgw nat pod vm disk fs rds asg cgw vgw vpce dopt eipassoc pcx pl`)
