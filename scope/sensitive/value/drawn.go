package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// The judgements on values that look drawn by a machine.

// hex reports whether the value is a hexadecimal number.
func (p place) hex() bool { return p.shape.Hex || strings.HasPrefix(p.s, "0x") && ShapeOf(p.s[2:]).Hex }

// comparison reports whether s has == within: code that compares.
func comparison(s string) bool {
	eq := strings.Index(s, "==")
	return eq > 0 && strings.Trim(s[eq:], "=") != ""
}

// constantName reports whether s is capital words and numbers joined by underscores.
func constantName(s string) bool {
	if strings.Count(s, "_") < 2 {
		return false
	}
	sh := ShapeOf(s)
	return sh.Lower == 0 && sh.Upper > 2*sh.Digit
}

// imageBytes reports whether s begins as pictures do in base64, but for the slash that JPEG begins with: PNG, JPEG, GIF, SVG, WebP.
func imageBytes(s string) bool { return begins(s, imageHeads) }

var imageHeads = []string{"iVBORw0KGgo", "9j/4AAQ", "9j/4QAY", "R0lGOD", "PHN2Zy", "UklGR"}

// publicBytes reports whether s begins as public keys do: of SSH in base64, of age.
func publicBytes(s string) bool { return begins(s, publicHeads) }

var publicHeads = []string{"AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNh", "age1"}

func begins(s string, heads []string) bool {
	for _, h := range heads {
		if strings.HasPrefix(s, h) {
			return true
		}
	}
	return false
}

// pgpKey reports whether s is how OpenPGP's programs list a key: 4096R/91A6868BD3F7A907, rsa4096/0x91A6….
func pgpKey(s string) bool { return strings.IndexByte(s, '/') > 0 && pgpKeys.MatchString(s) }

var pgpKeys = pattern.New(`^(?:rsa|dsa|elg|ed|cv|nistp)?[0-9]{3,5}[RDgEe]?/(?:0x)?[0-9A-F]{8,16}$`)

// span reports whether s is two commits with what parts a range of them: af07f9c..70ab189d.
func span(s string) bool {
	from, to, ok := strings.Cut(s, "..")
	return ok && Digest(from) && Digest(strings.TrimPrefix(to, "."))
}

// storePath reports whether s is a path of the store of Nix.
func storePath(s string) bool { return strings.HasPrefix(s, "nix/store/") }

// podName reports whether s is what Kubernetes calls a pod of a deployment: web-5x6kdlzv9-7vpm9.
func podName(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "pod/"), "pods/")
	if len(s) > 80 || strings.Count(s, "-") < 2 || !isLetter(s[0]) {
		return false
	}
	head, pod, _ := cutLast(s, "-")
	name, set, ok := cutLast(head, "-")
	const drawnBy = "bcdfghjklmnpqrstvwxz2456789"
	return ok && len(pod) == 5 && len(set) >= 8 && len(set) <= 10 && strings.Trim(pod+set, drawnBy) == "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && ShapeOf(name).Digit <= 3
}

// hashedFile reports whether s is a file whose name is a digest, as caches and builds have them: .cache/04320d3b….json.
func hashedFile(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || !File(s) {
		return false
	}
	name := s[strings.LastIndexByte(s[:dot], '/')+1 : dot]
	name = name[strings.LastIndexAny(name, "-.")+1:]
	return len(name) >= 8 && ShapeOf(name).Hex
}

// callee reports whether a value is the name of a function that is called.
func (p place) callee() bool {
	return strings.HasPrefix(p.after, "(") && p.shape.Other <= strings.Count(p.s, ".")+strings.Count(p.s, "_")
}

// told reports whether the sentence goes on by saying that the value is an id or a digest: V1StGXR8… is the slug.
func (p place) told() bool {
	predicate, ok := strings.CutPrefix(p.after, " is the ")
	if !ok {
		return false
	}
	words := strings.Fields(strings.ToLower(predicate))
	for _, w := range words[:min(2, len(words))] {
		if w = strings.Trim(w, ".,;:"); publicNames.Has(w) || w == "slug" || w == "identifier" {
			return true
		}
	}
	return false
}

// mailbox reports whether a value is the first half of an e-mail address.
func (p place) mailbox() bool {
	return strings.HasPrefix(p.after, "@") && strings.Contains(p.after, ".") && p.shape.Len < 32
}

// dataURI reports whether a value is what a data URI holds.
func (p place) dataURI() bool {
	before := strings.TrimRight(p.before, "+/")
	return strings.HasSuffix(before, "base64,") || strings.HasSuffix(before, "data:")
}

// urn reports whether a value is a UUID that says so.
func (p place) urn() bool {
	return strings.HasPrefix(p.s, "urn:uuid:") || strings.HasSuffix(p.before, "urn:uuid:")
}

// publicJWK reports whether a value is a member of a public key in JSON: beside "kty", with no private member.
func (p place) publicJWK() bool {
	around := p.text[max(0, p.start-400):min(len(p.text), p.end+400)]
	if !strings.Contains(around, `"kty"`) || strings.Contains(around, `"d":`) || strings.Contains(around, `"d" :`) || strings.Contains(around, `"k":`) {
		return false
	}
	op := strings.TrimRight(p.before, " \t:")
	for _, m := range []string{`"x"`, `"y"`, `"n"`, `"e"`, `"kid"`, `"x5t"`, `"x5c"`, `"x5t#S256"`} {
		if strings.HasSuffix(strings.TrimRight(op, `" :`)+`"`, m) || strings.HasSuffix(op, m+`:"`) || strings.HasSuffix(strings.TrimRight(p.before, "\""), m+":") || strings.HasSuffix(p.before, m+`: "`) {
			return true
		}
	}
	return false
}

// vector reports whether hexadecimal stands in a test vector: with what goes in and what comes out.
func (p place) vector() bool {
	if !p.hex() {
		return false
	}
	around := strings.ToLower(p.text[max(0, p.start-300):min(len(p.text), p.end+300)])
	return strings.Contains(around, "plaintext") && strings.Contains(around, "ciphertext") || strings.Contains(around, "test vector")
}

// shortHex reports whether a value is a number in hexadecimal as programs have them: an address, an error.
func (p place) shortHex() bool {
	return strings.HasPrefix(p.s, "0x") && len(p.s) <= 18 || strings.HasSuffix(p.before, "0x") && len(p.s) <= 16
}

// uuidPath reports whether a value is a path of a file system that ends in a UUID.
func (p place) uuidPath() bool {
	i := strings.LastIndexByte(p.s, '/')
	return i > 0 && p.start > 0 && p.text[p.start-1] == '/' && UUID(p.s[i+1:])
}

// inAddress reports whether a value is a part of a URL other than a parameter that is named like a credential.
func (p place) inAddress() bool { return inURL(p.before) && !queryKey(p.before) }

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

// publicNames, right before a value or as the name it is assigned to, make it an id, a digest or something public.
var publicNames = keyword.NewList(`sha sha1 sha224 sha256 sha384 sha512 md5 crc crc32 hash hashes digest digests checksum checksums chksum cksum integrity etag fingerprint thumbprint commit commits rev
	revision ref refs srcrev tree parent blob object merge cherry cherrypicked picked hotfix uuid uuids guid guids id ids oid pid uid gid rid request trace span correlation transaction session
	build version versions tag release branch public pub pubkey publickey foreign primary partition sort cursor nextpage page continuation etag csrf xsrf nonce challenge image icon font logo
	thumbnail photo avatar svg png jpg src href path file filename url uri link class classname style selector event row record node task job run pod container instance volume snapshot ami
	subnet vpc sg issue pr ticket doc document sheet video playlist channel certificate cert chunk module package lock resolved resolution dependency artifact layer manifest
	schema table column index constraint migration seed fixture traceparent tracestate traceid spanid title name label key_down down pressed kid x5t x5c jti accessor credentialid credentialsid keyid accesskeyid author
	signature sig mac hmac ciphertext encrypted enc iv tag salted verification challenge`)

// idKinds are what libraries call the ids that they draw.
var idKinds = keyword.NewList(`ksuid nanoid cuid cuid2 ulid xid snowflake objectid tsid`)

// namedPublic looks at the words before a value: the name it is assigned to and, for hexadecimal values, the two words
// that lead to it.
func (p place) namedPublic() bool {
	if inURL(p.before) {
		return false
	}
	head := strings.TrimRight(p.before, " \t\"'`([{<+/") // a value in base64 may begin with a mark
	op := strings.TrimRight(head, "=:> \t\"'`")
	named := len(op) < len(head) || op == ""
	i := len(op)
	for i > 0 && (isLetter(op[i-1]) || isDigit(op[i-1]) || op[i-1] == '_' || op[i-1] == '-' || op[i-1] == '.') {
		i--
	}
	if name := op[i:]; named && name != "" {
		return publicName(name, op[:i])
	}
	if !p.hex() && !UUID(p.s) && !ULID(p.s) {
		if idKinds.Has(wordBefore(p.text, p.start)) {
			return true
		}
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
		if publicNames.Has(strings.Trim(words[k], ".,:;()\"'`#")) {
			return true
		}
	}
	return false
}

// entity reports whether a UUID stands right behind what it is the id of: user 558298e2-…; or, with a space between, any drawn value
// does: "Salesforce record 0015g00000XyZ1AAK", "batch id HkJ5yLYU…"; or it is what a service for logins calls a user.
func (p place) entity() bool {
	word := wordBefore(p.text, p.start)
	if UUID(p.s) {
		return entities.Has(word)
	}
	if !spaced(p.text, p.start) {
		return strings.HasSuffix(p.before, "auth0|") || strings.HasSuffix(p.before, "google-oauth2|") ||
			strings.HasSuffix(p.before, "file-") && len(p.s) >= 22 && strings.Trim(p.s, alphanumeric) == "" // a file of a service of models
	}
	if word == "id" {
		head := strings.TrimRight(p.text[:p.start], " ")
		word = wordBefore(p.text, len(head)-len("id"))
	}
	return entities.Has(word)
}

// spaced reports whether one space stands between a word and start.
func spaced(text string, start int) bool {
	return start > 1 && text[start-1] == ' ' && isLetter(text[start-2])
}

var entities = keyword.NewList(`user users member members customer tenant organization organisation project workspace team group order cart item invoice payment device node message conversation thread comment post article page job task run batch process worker event entry memory note record
	base deployment dashboard board card channel product file document sheet video release monitor incident ticket issue object zone distribution
	room meeting booking shipment parcel machine sensor robot vehicle game match player entity object resource instance partition`)

// publicName reports whether what is assigned to name, which stands behind before, is an id, a digest or something public.
func publicName(name, before string) bool {
	if strings.EqualFold(name, "key") && OpenKey(before) {
		return true
	}
	parts := nameParts(name)
	last := parts[len(parts)-1]
	if len(parts) > 1 && strings.Trim(last, "0123456789") == "" { // x-amz-id-2, sha-256
		last = parts[len(parts)-2]
	}
	if len(parts) > 1 && last == "id" && halves.Has(parts[len(parts)-2]) {
		return false
	}
	if publicNames.Has(last) || publicNames.Has(strings.ToLower(name)) {
		return last != "session" && last != "salted"
	}
	for _, w := range parts {
		if openParts.Has(w) {
			return true
		}
	}
	return false
}

// openParts, anywhere in a name, say that what it holds is for everybody.
var openParts = keyword.NewList(`public pub foreign primary hash checksum digest csrf xsrf event commit version srcrev`)

// sums are what is computed of something for everybody.
var sums = keyword.NewList(`hmac hash digest checksum sum fingerprint thumbprint signature sha256 sha1 sha512 md5 etag`)

// halves, before "id", name one half of a pair of credentials: client_id, secret_id.
var halves = keyword.NewList(`client secret app application consumer reporter`)

// nameParts cuts a name into words in small letters.
func nameParts(name string) []string {
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
		case isUpper(c) && i > 0 && isLower(name[i-1]):
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

// shopObject reports whether s is the id of an object of a payment provider or of a service of models, which opens nothing:
// evt_1erUP6UgVtRmfyQK9abDCAAO, chatcmpl-8fTq20ZkXmLtQ7rWy5HnCsEoGu1If.
func shopObject(s string) bool {
	kind, id, ok := strings.Cut(s, "_")
	if !ok {
		if kind, id, ok = strings.Cut(s, "-"); ok && kind != "chatcmpl" && kind != "file" && kind != "cmpl" {
			return false
		}
	}
	return ok && objectKinds.Has(kind) && !strings.Contains(id, "secret") && strings.Trim(id, alphanumeric) == ""
}

const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

var objectKinds = keyword.NewList(`evt price pi seti cus prod sub si ii il in pm ch re po acct txn card ba tr dp fee plan promo coup req
	run msg thread asst step resp batch call toolu chatcmpl cmpl file vs`)

// sized reports whether s is a digest with the number of bytes that it is of, as caches of builds name what they hold.
func sized(s string) bool {
	const sha256 = 64
	digest, size, ok := strings.Cut(s, "/")
	return ok && len(digest) == sha256 && ShapeOf(digest).Hex && size != "" && strings.Trim(size, "0123456789") == ""
}

// repositoryObject reports whether s ends in what names an object of a repository: commit/5d6baee5….
func repositoryObject(s string) bool {
	head, hash, ok := cutLast(s, "/")
	if _, kind, nested := cutLast(head, "/"); nested {
		head = kind
	}
	return ok && objects.Has(head) && ShapeOf(hash).Hex
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

var objects = keyword.NewList(`commit commits tree blob blame raw compare`)

// cloudID reports whether s is the id of a cloud's resource: a short name, a hyphen and hexadecimal.
func cloudID(s string) bool {
	i := strings.LastIndexByte(s, '-')
	return i > 0 && cloudKinds.Has(s[:i]) && ShapeOf(s[i+1:]).Hex
}

var cloudKinds = keyword.NewList(`vol i ami subnet sg vpc eni snap rtb igw acl eipalloc lt tgw nat pod vm disk fs rds asg cgw vgw vpce dopt eipassoc pcx pl`)
