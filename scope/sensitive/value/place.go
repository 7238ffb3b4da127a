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
	p := place{text, start, end, text[start:end]}
	if Public(text, start, end) {
		return Certain
	}
	for _, j := range judgements {
		if j.is(p) {
			return j.doubt
		}
	}
	return None
}

// place is a word and the text it stands in.
type place struct {
	text       string
	start, end int
	s          string
}

// judgements are what a word can be instead of a secret, the firmest first.
var judgements = [...]struct {
	doubt Doubt
	is    func(p place) bool
}{
	{Certain, place.letter},
	{Certain, place.elided},
	{Certain, looks(Shortcut)},
	{Certain, looks(prefix)},
	{Certain, place.fragment},
	{Certain, looks(Standard)},
	{Certain, looks(Typed)},
	{Certain, looks(Quantity)},
	{Certain, looks(Region)},
	{Certain, looks(drawing)},
	{Certain, looks(Published)},
	{Certain, func(p place) bool { return Published(p.drawn()) }},
	{Certain, func(p place) bool { return Placeholder(p.s) && !figures(p.s) }},
	{Certain, looks(UUID)},
	{Certain, looks(ULID)},
	{Certain, func(p place) bool { return len(p.s) > shortDigest && Digest(p.s) }},
	{Certain, looks(Versioned)},
	{Certain, looks(File)},
	{Certain, looks(Alphabet)},
	{Certain, looks(paperNumber)},
	{Certain, looks(Version)},
	{Certain, looks(hostName)},
	{Certain, place.seed},
	{Certain, place.stored},
	{Certain, place.image},
	{Certain, place.memberName},
	{Certain, place.year},
	{Certain, place.accounts},
	{Certain, place.number},
	{Certain, place.id},
	{Certain, place.named},

	{Strong, place.sampled},
	{Strong, place.merged},
	{Strong, place.tracked},
	{Strong, place.handle},
	{Strong, place.hosted},
	{Strong, place.pinnedTo},
	{Strong, place.linkTarget},
	{Strong, place.inPath},
	{Strong, place.inListing},
	{Strong, place.linked},
	{Strong, looks(Algorithmic)},
	{Strong, looks(Digest)},
	{Strong, looks(Cipher)},
	{Strong, func(p place) bool { return File(p.path()) }},
	{Strong, looks(Device)},
	{Strong, looks(versioned)},
	{Strong, place.user},
	{Strong, place.optionID},
	{Strong, place.bracketed},
	{Strong, func(p place) bool { return p.program() == Strong }},
	{Strong, looks(DocumentNumber)},
	{Strong, place.colour},
	{Strong, place.partOfNumber},
	{Strong, place.postal},
	{Strong, place.labelled},
	{Strong, place.fingerprint},
	{Strong, looks(Likened)},
	{Strong, looks(claims.Has)},
	{Strong, looks(envName)},
	{Strong, looks(section)},
	{Strong, looks(pull)},
	{Strong, place.cell},
	{Strong, place.called},
	{Strong, func(p place) bool { return p.headed("##", "==") }},
	{Strong, place.numbered},
	{Strong, place.title},
	{Strong, place.people},
	{Strong, place.elsewhere},
	{Strong, func(p place) bool {
		return p.reference() && !strings.ContainsAny(p.s, "0123456789") && !Words(strings.ToLower(p.s))
	}},
	{Strong, place.symbol},
	{Strong, place.deferred},

	{Some, place.noun},
	{Some, looks(served)},
	{Some, func(p place) bool { return p.headed("#", "=") }},
	{Some, place.listed},
	{Some, place.person},
	{Some, func(p place) bool { return p.program() == Some }},
	{Some, func(p place) bool { return strings.HasSuffix(p.s, "'s") }},
	{Some, func(p place) bool { return Numbered(p.s) && !strings.ContainsAny(p.s, "!#$+") }},
	{Some, func(p place) bool { return Qualified(p.around()) }},
	{Some, func(p place) bool { return camel(p.s) && !p.quoted() }},
	{Some, place.identified},
	{Some, looks(Issue)},
	{Some, place.reference},
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
