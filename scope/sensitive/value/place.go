package value

import "strings"

// Doubt says how firmly the form of a word and the place that it stands in speak against it being a secret.
type Doubt uint8

// The doubts, each above the one before it.
const (
	None    Doubt = iota
	Some          // it is a secret only if much says so
	Strong        // only if nearly everything does
	Certain       // it is none
)

// Otherwise returns how firmly what stands between start and end of text is something other than a secret: the one list of
// what a layer that goes by looks must not take for one.
func Otherwise(text string, start, end int) Doubt {
	p := place{text: text, start: start, end: end, s: text[start:end]}
	if Public(text, start, end) {
		return Certain
	}
	for _, j := range judgements {
		if j.of&said != 0 && j.is(p) {
			return j.doubt
		}
	}
	return None
}

// OtherwiseDrawn reports whether what stands between start and end of text, which looks drawn by a machine, is something other
// than a secret: an id, a digest, a public key, a picture, a path. shape and random are what ShapeOf and Random say of it.
func OtherwiseDrawn(text string, start, end int, shape Shape, random float64) bool {
	p := place{text: text, start: start, end: end, s: text[start:end], shape: shape, random: random}
	p.before, p.after = text[max(0, start-lookBack):start], text[end:min(len(text), end+lookAhead)]
	p.before = p.before[strings.LastIndexByte(p.before, '\n')+1:]
	p.after, _, _ = strings.Cut(p.after, "\n")
	if Public(text, start, end) {
		return true
	}
	for _, j := range judgements {
		if j.of&drawn != 0 && j.is(p) {
			return true
		}
	}
	return false
}

// How far, in bytes, the line around a drawn value is read.
const (
	lookBack  = 72
	lookAhead = 40
)

// place is a word and the text it stands in.
type place struct {
	text       string
	start, end int
	s          string

	// Of a drawn value alone.
	before, after string // what stands around it on its line
	shape         Shape
	random        float64
}

// subject is what a judgement is made of: a word that a layer takes for a secret by what is said of it, a value that one takes for a
// secret because a machine drew it.
type subject uint8

const (
	said subject = 1 << iota
	drawn
	both = said | drawn
)

// judgements are what a word can be instead of a secret, the firmest first; one is enough for a drawn value.
var judgements = [...]struct {
	doubt Doubt
	of    subject
	is    func(p place) bool
}{
	{Certain, said, place.letter},
	{Certain, said, place.elided},
	{Certain, said, looks(Shortcut)},
	{Certain, said, looks(prefix)},
	{Certain, said, looks(functionKey)},
	{Certain, said, place.fragment},
	{Certain, both, looks(Standard)},
	{Certain, both, looks(vulnerability)},
	{Certain, said, looks(ecmaScript)},
	{Certain, said, looks(power)},
	{Certain, said, looks(method)},
	{Certain, said, looks(hexLiteral)},
	{Certain, said, place.option},
	{Certain, said, looks(Typed)},
	{Certain, said, looks(Quantity)},
	{Certain, said, looks(Region)},
	{Certain, said, looks(drawing)},
	{Certain, both, looks(Published)},
	{Certain, said, func(p place) bool { return Published(p.drawn()) }},
	{Certain, said, func(p place) bool { return Placeholder(p.s) && !figures(p.s) }},
	{Certain, said, looks(UUID)},
	{Certain, said, looks(ULID)},
	{Certain, said, func(p place) bool { return len(p.s) > shortDigest && Digest(p.s) }},
	{Certain, both, looks(Versioned)},
	{Certain, said, looks(File)},
	{Certain, both, looks(Alphabet)},
	{Certain, said, looks(paperNumber)},
	{Certain, both, looks(Version)},
	{Certain, said, looks(hostName)},
	{Certain, both, looks(registered)},
	{Certain, said, looks(weekdays)},
	{Certain, said, looks(unfilled)},
	{Certain, said, place.seed},
	{Certain, said, place.stored},
	{Certain, said, place.image},
	{Certain, said, place.memberName},
	{Certain, said, place.year},
	{Certain, said, place.accounts},
	{Certain, said, place.number},
	{Certain, said, place.id},
	{Certain, said, place.named},
	{Certain, said, place.lastDigits},

	{Strong, said, place.sampled},
	{Strong, said, place.commandUser},
	{Strong, said, place.database},
	{Strong, said, place.asksNext},
	{Strong, said, place.modular},
	{Strong, said, place.got},
	{Certain, said, place.computed},
	{Strong, said, place.paired},
	{Strong, said, place.catalogue},
	{Strong, said, looks(date)},
	{Strong, said, looks(edition)},
	{Strong, said, looks(segment)},
	{Strong, said, place.whereabouts},
	{Strong, said, place.merged},
	{Strong, said, place.tracked},
	{Strong, said, place.sibling},
	{Strong, said, place.listedName},
	{Strong, said, place.dependency},
	{Strong, said, place.upgraded},
	{Strong, said, place.slug},
	{Strong, said, place.referred},
	{Strong, said, place.issues},
	{Strong, said, looks(constructor)},
	{Strong, said, looks(runtime)},
	{Strong, said, place.actor},
	{Strong, said, looks(branch)},
	{Strong, said, looks(memberOf)},
	{Strong, said, place.distinguished},
	{Strong, said, place.keychain},
	{Strong, said, place.underlined},
	{Strong, said, looks(importPath)},
	{Strong, said, place.handle},
	{Strong, both, place.hosted},
	{Strong, said, place.pinnedTo},
	{Strong, said, place.linkTarget},
	{Strong, both, place.inPath},
	{Strong, said, place.inListing},
	{Strong, said, place.linked},
	{Strong, both, looks(Algorithmic)},
	{Strong, said, func(p place) bool { return Digest(p.s) && !p.shortSecret() }},
	{Strong, both, looks(Cipher)},
	{Strong, said, func(p place) bool { return File(p.path()) }},
	{Strong, said, looks(Device)},
	{Strong, said, looks(versioned)},
	{Strong, said, place.user},
	{Strong, said, place.optionID},
	{Strong, said, place.bracketed},
	{Strong, said, func(p place) bool { return p.program() == Strong }},
	{Strong, said, looks(DocumentNumber)},
	{Strong, said, place.colour},
	{Strong, said, place.partOfNumber},
	{Strong, said, place.postal},
	{Strong, said, place.labelled},
	{Strong, said, place.thingID},
	{Strong, said, looks(ipv4)},
	{Strong, said, place.issue},
	{Strong, said, place.lastFour},
	{Strong, said, place.counts},
	{Strong, said, place.fingerprint},
	{Strong, said, looks(Likened)},
	{Strong, said, looks(claims.Has)},
	{Strong, said, looks(envName)},
	{Strong, said, looks(section)},
	{Strong, said, looks(Pull)},
	{Strong, said, place.cell},
	{Strong, said, place.called},
	{Strong, said, place.codeName},
	{Strong, said, place.chapter},
	{Strong, said, place.dotFile},
	{Strong, said, func(p place) bool { return p.headed("##", "==") }},
	{Strong, said, place.numbered},
	{Strong, said, place.title},
	{Strong, said, place.people},
	{Strong, said, place.elsewhere},
	{Strong, said, func(p place) bool {
		return p.reference() && !strings.ContainsAny(p.s, "0123456789") && !Words(strings.ToLower(p.s))
	}},
	{Strong, said, place.symbol},
	{Strong, said, place.deferred},

	{Some, said, place.noun},
	{Some, said, place.purpose},
	{Some, said, looks(idiom)},
	{Some, said, looks(Digest)},
	{Some, said, place.invoked},
	{Some, said, looks(served)},
	{Some, said, func(p place) bool { return p.headed("#", "=") }},
	{Some, said, place.listed},
	{Some, said, looks(predicate)},
	{Some, said, place.handed},
	{Some, said, place.scope},
	{Some, said, place.snake},
	{Some, said, looks(component)},
	{Some, said, place.fileMode},
	{Some, said, looks(termed)},
	{Some, said, place.person},
	{Some, said, func(p place) bool { return p.program() == Some }},
	{Some, said, func(p place) bool { return strings.HasSuffix(p.s, "'s") }},
	{Some, said, func(p place) bool { return Numbered(p.s) && !strings.ContainsAny(p.s, "!#$+") }},
	{Some, said, func(p place) bool { return Qualified(p.around()) }},
	{Some, said, func(p place) bool { return camel(p.s) && !p.quoted() }},
	{Some, said, place.identified},
	{Some, both, looks(Issue)},
	{Some, said, place.reference},

	{Certain, drawn, looks(Placeholder)},
	{Certain, drawn, looks(Dotted)},
	{Certain, drawn, looks(Qualified)},
	{Certain, drawn, looks(comparison)},
	{Certain, drawn, looks(constantName)},
	{Certain, drawn, looks(imageBytes)},
	{Certain, drawn, looks(publicBytes)},
	{Certain, drawn, looks(storePath)},
	{Certain, drawn, func(p place) bool { return strings.Contains(p.s, "...") }}, // cut in the middle
	{Certain, drawn, looks(podName)},
	{Certain, drawn, looks(hashedFile)},
	{Certain, both, looks(span)},
	{Certain, drawn, looks(pgpKey)},
	{Certain, drawn, place.entity},
	{Certain, drawn, looks(repositoryObject)},
	{Certain, drawn, looks(cloudID)},
	{Certain, drawn, looks(shopObject)},
	{Certain, drawn, looks(sized)},
	{Certain, drawn, func(p place) bool { return Reference(p.s) && p.random < 0.97 }},
	{Certain, drawn, func(p place) bool { return File(p.s) && p.shape.Len < 40 }},
	{Certain, drawn, func(p place) bool { return isUpper(p.s[0]) && Numbered(p.s) && p.shape.Digit <= 8 && p.random < 0.97 }},
	{Certain, drawn, func(p place) bool { return Fingerprint(p.text, p.start, p.s) }},
	{Certain, drawn, place.callee},
	{Certain, drawn, place.told},
	{Certain, drawn, place.mailbox},
	{Certain, drawn, place.dataURI},
	{Certain, drawn, place.urn},
	{Certain, drawn, place.publicJWK},
	{Certain, drawn, place.vector},
	{Certain, drawn, place.shortHex},
	{Certain, drawn, place.uuidPath},
	{Certain, drawn, place.inAddress},
	{Certain, drawn, place.namedPublic},
}

// looks is a judgement on the word alone.
func looks(is func(string) bool) func(place) bool { return func(p place) bool { return is(p.s) } }

// RunStart returns where the run of base64 characters begins that holds start: a word of a digest is part of one.
func RunStart(text string, start int) int {
	i := start
	for i > 0 && start-i < 128 && (isLetter(text[i-1]) || isDigit(text[i-1]) || text[i-1] == '/' || text[i-1] == '+') {
		i--
	}
	return i
}

// Assigned returns the name that the value at start is assigned to, or "".
func Assigned(text string, start int) string {
	i := start
	for i > 0 && start-i < 8 && strings.IndexByte(" \t\"'`([{=:>", text[i-1]) >= 0 {
		i--
	}
	if !strings.ContainsAny(text[i:start], "=:") {
		return ""
	}
	end := i
	for i > 0 && end-i < 64 && (isLetter(text[i-1]) || isDigit(text[i-1]) || text[i-1] == '_' || text[i-1] == '-') {
		i--
	}
	return text[i:end]
}

// around returns the name that text[start:end] is part of.
func (p place) around() string {
	text, start, end := p.text, p.start, p.end
	from := start
	for from > 0 && start-from < 64 && nameByte(text[from-1]) {
		from--
	}
	for n := end; end < len(text) && end-n < 64 && nameByte(text[end]); {
		end++
	}
	return strings.Trim(text[from:end], ".:/")
}

func nameByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '.' || c == '/' || c == '_' || c == ':'
}

// drawn returns the run of base64 that text[start:end] is part of.
func (p place) drawn() string {
	text, start, end := p.text, p.start, p.end
	const most = 64
	from := start
	for from > 0 && start-from < most && base64Byte(text[from-1]) {
		from--
	}
	for n := end; end < len(text) && end-n < most && base64Byte(text[end]); {
		end++
	}
	return text[from:end]
}

func base64Byte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '/' || c == '+' || c == '='
}

// quoted reports whether text[start:end] stands between quotes of any kind.
func (p place) quoted() bool {
	text, start, end := p.text, p.start, p.end
	return start > 0 && strings.IndexByte("\"'`", text[start-1]) >= 0 || strings.HasSuffix(text[:start], "「") || strings.HasSuffix(text[:start], "『") || end < len(text) && strings.IndexByte("\"'`", text[end]) >= 0
}

// path returns the path that text[start:end] is a part of, or "" if it is part of none.
func (p place) path() string {
	text, start, end := p.text, p.start, p.end
	const most = 96
	from, to := start, end
	for from > 0 && start-from < most && pathByte(text[from-1]) {
		from--
	}
	for to < len(text) && to-end < most && pathByte(text[to]) {
		to++
	}
	if s := strings.TrimRight(text[from:to], "."); strings.Contains(s, "/") && !strings.Contains(s, "//") {
		return s
	}
	return ""
}

func pathByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '.' || c == '/' || c == '_' || c == '-'
}

// wordBefore returns the word before start in small letters, or "".
func wordBefore(text string, start int) string {
	s := strings.TrimRight(text[max(0, start-24):start], " :=\t")
	return strings.ToLower(s[strings.LastIndexAny(s, " \n\t\"'(=:,")+1:])
}
