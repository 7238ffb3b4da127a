// Package entropy finds values that only a machine draws, where something near them says that they are credentials: a
// word such as "token", a vendor's name, an assignment, or the fact that the text holds nothing else. Digests, commit
// and record ids, lock files, public keys, images and paths are let pass.
package entropy

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/makeup"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// Lengths in bytes.
const (
	shortest     = 10 // of a value beside a cue
	shortestBare = 20 // of a value without one
	longWord     = 24 // from which letters of one case alone may be one
	longest      = 4096
	lookBack     = 72 // how far before a value a cue may stand
	lookAhead    = 40 // and how far behind it
)

// nearness says what stands near a value.
type nearness uint8

const (
	nothing nearness = iota
	vendorNear
	cueNear
)

var words = sync.OnceValue(func() (t struct {
	set    *keyword.Set
	rank   []nearness
	common []bool // an everyday word: it counts only right before the value
	vcs    []bool // its values are commit ids as often as not
}) {
	var all []string
	add := func(list string, rank nearness, common, vcs bool) {
		for _, w := range strings.Fields(list) {
			for _, v := range spellings(w) {
				all = append(all, v)
				t.rank = append(t.rank, rank)
				t.common = append(t.common, common)
				t.vcs = append(t.vcs, vcs)
			}
		}
	}
	add(cueWords, cueNear, false, false)
	add(shortCues, cueNear, true, false)
	add(vendors, vendorNear, false, false)
	add(commonVendors, vendorNear, true, false)
	add(codeVendors, vendorNear, false, true)
	t.set = keyword.New(all)
	return t
})

// spellings writes a name's underscores in the ways people do.
func spellings(w string) []string {
	if !strings.Contains(w, "_") {
		return []string{w}
	}
	return []string{w, strings.ReplaceAll(w, "_", " "), strings.ReplaceAll(w, "_", "-"), strings.ReplaceAll(w, "_", "")}
}

// mark is an occurrence of a word of the lexicon.
type mark struct {
	start, end int
	rank       nearness
	common     bool
	vcs        bool
}

// Scan returns the values in text that look drawn by a machine and meant as a secret. Its cost is linear.
func Scan(text string) []match.Match { return Look(text, makeup.Of(text)) }

// Look is Scan of a text of which it is known what it is made of.
func Look(text string, made makeup.Makeup) []match.Match {
	var values []candidate
	if made.Longest >= shortest {
		values = candidates(text)
	}
	if len(values) == 0 {
		return stock(text)
	}
	public := value.PublicBlocks(text)
	var out []match.Match
	marks := find(text)
	first := 0 // marks before this one are too far back for the values to come
	for _, v := range values {
		for first < len(marks) && marks[first].end < v.start-lookBack {
			first++
		}
		conf, rule := judge(text, v, line(text, v.start), marks[first:])
		if conf == 0 || public.Hold(text, v.start) || value.OtherwiseDrawn(text, v.start, v.end, v.shape, v.random) {
			continue
		}
		if out = append(out, match.Match{Rule: rule, Kind: match.Credential, Start: v.start, End: v.end, Confidence: conf}); len(out) >= match.Enough {
			return out
		}
	}
	return out
}

func find(text string) []mark {
	t := words()
	var out []mark
	t.set.Each(text, func(h keyword.Hit) bool {
		if bounded(text, h) && !(strings.EqualFold(text[h.Start:h.End], "key") && value.OpenKey(text[:h.Start])) {
			out = append(out, mark{h.Start, h.End, t.rank[h.Word], t.common[h.Word], t.vcs[h.Word]})
		}
		return true
	})
	return out
}

// bounded reports whether a hit stands as a word, or as a part of an identifier.
func bounded(text string, h keyword.Hit) bool {
	if h.Start > 0 {
		p, c := text[h.Start-1], text[h.Start]
		if letter(p) && letter(c) && !(lower(p) && upper(c)) && !(h.End-h.Start >= 5) {
			return false
		}
	}
	if h.End < len(text) {
		c := text[h.End]
		if lower(c) && c != 's' && !(h.End-h.Start >= 6) {
			return false
		}
	}
	return true
}

// candidate is a run that could be a value.
type candidate struct {
	start, end int
	shape      value.Shape
	random     float64
	uuid, hex  bool
}

// candidates lists the runs of value characters that are long and random enough to matter.
func candidates(text string) []candidate {
	var out []candidate
	for i := 0; i < len(text); {
		if !valueByte(text[i]) {
			i++
			continue
		}
		j := i
		for j < len(text) && valueByte(text[j]) {
			j++
		}
		end := j
		if end-i > longest {
			end = i + longest
		}
		out = appendCandidates(out, text, i, end)
		i = j
	}
	return out
}

// appendCandidates trims a run and splits it at "=" behind a name: TOKEN=value.
func appendCandidates(out []candidate, text string, i, j int) []candidate {
	if j-i < shortest || j-i < longWord && word(text[i:j]) {
		return out
	}
	for k := i; k < j && k-i < 64; k++ {
		if text[k] == '=' && k > i && k+1 < j && text[k+1] != '=' && name(text[i:k]) {
			i = k + 1
		}
	}
	i = behindName(text, i, j)
	for i < j && strings.IndexByte("-._+/=~", text[i]) >= 0 {
		i++
	}
	for j > i && strings.IndexByte("-._+/~", text[j-1]) >= 0 {
		j--
	}
	if j-i < shortest {
		return out
	}
	s := text[i:j]
	sh := value.ShapeOf(s)
	if sh.Digit == 0 && (sh.Lower == 0 || sh.Upper == 0) && sh.Len < longWord || sh.Distinct < 5 || sh.Lower+sh.Upper == 0 && sh.Len < 15 {
		return out
	}
	return append(out, candidate{start: i, end: j, shape: sh, random: value.Random(s), uuid: value.UUID(s) || value.ULID(s), hex: sh.Hex || strings.HasPrefix(s, "0x") && value.ShapeOf(s[2:]).Hex})
}

// word reports whether s is small letters and marks.
func word(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= '0' && c <= '9' || upper(c) {
			return false
		}
	}
	return true
}

// behindName returns where the value begins in a run that joins it to a name: coda-token-<UUID>, hunter-SECRET-1a2b3c….
func behindName(text string, i, j int) int {
	if j-i > 36 && value.UUID(text[j-36:j]) && strings.IndexByte("-_.", text[j-37]) >= 0 && (letters(text[i:j-37]) || glued(text[i:j-37])) {
		return j - 36
	}
	if k := strings.LastIndexAny(text[i:j], "-."); k > 3 && j-i-k > 16 && letters(text[i:i+k]) && value.ShapeOf(text[i+k+1:j]).Digit >= 4 {
		return i + k + 1
	}
	return i
}

// glued reports whether s ends in the name of something and its key in one word: codakey, collect2TOKEN.
func glued(s string) bool {
	l := strings.ToLower(s[strings.LastIndexAny(s, " \t\n\"'`=:,;(")+1:])
	for _, cue := range []string{"key", "token", "secret"} {
		if name, ok := strings.CutSuffix(l, cue); ok && len(name) >= 3 && !keyWords.Has(l) {
			return true
		}
	}
	return false
}

// keyWords end in "key" and are not about one that opens anything, or name the row of a table.
var keyWords = keyword.NewList(`monkey donkey turkey whiskey hockey jockey mickey rickey hotkey rowkey sortkey partkey hashkey cachekey objectkey primarykey foreignkey partitionkey publickey pubkey uniquekey mapkey idempotencykey`)

// letters reports whether s is words joined by marks.
func letters(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !letter(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return s != "" && value.Random(s) < 0.9
}

// judge says how sure it is that v, which is nothing else, is a secret, and by which rule; before is what stands before it.
func judge(text string, v candidate, before string, marks []mark) (float64, string) {
	s := text[v.start:v.end]
	near, tight, vcs := nearest(text, v, marks)
	switch {
	case v.uuid || v.hex && (v.shape.Len >= 16 || near == cueNear):
		return judgeHex(v, near, tight, vcs, before)
	case near == cueNear && (strong(v, s, 14, 0.6) || v.shape.Len >= 20 && v.shape.Lower >= 4 && v.shape.Upper >= 4 && v.shape.Other == 0 && v.random >= 0.95 && value.WordShare(s) < 0.3 && !value.Identifier(s)):
		return 0.75, "random-near-cue"
	case near == cueNear && tight && v.shape.Turns >= 3 && strong(v, s, shortest, 0.5):
		return 0.7, "random-near-cue"
	case near == vendorNear && strong(v, s, 14, 0.6) && (tight || v.shape.Len >= 16),
		near != nothing && tight && v.shape.Len >= 14 && v.shape.Digit >= 4 && v.shape.Turns >= 5 && strong(v, s, 14, 0.45):
		return 0.7, "random-near-vendor"
	case near == vendorNear && tight && keyed(s):
		return 0.7, "random-near-vendor"
	case alone(text, v) && (strong(v, s, 16, 0.6) || weakPassword(s, v.shape)):
		return 0.65, "random-alone"
	case assigned(text, v) && (strong(v, s, shortestBare, 0.75) || v.shape.Digit >= 3 && strong(v, s, 16, 0.95)),
		strong(v, s, shortestBare, 0.8) && v.shape.Digit >= 3 && !identified(before) && strings.Count(strings.TrimSpace(text), " ") <= 5 && len(text) < len(s)+60:
		return 0.6, "random-assigned"
	case !identified(before) && strong(v, s, 28, 0.85) && value.WordShare(s) < 0.25 && v.shape.Digit >= 3 && v.shape.Lower >= 3 && v.shape.Upper >= 3 && !strings.ContainsAny(s, "/."):
		return 0.55, "random-text"
	}
	return 0, ""
}

// keyed reports whether s is "key" and 14 letters and digits that were drawn, which may all be letters: keyhaLmvVtTRpqWzb, as Airtable
// writes them. A name of a variable is made of words.
func keyed(s string) bool {
	const size = len("key") + 14
	rest, ok := strings.CutPrefix(s, "key")
	sh := value.ShapeOf(rest)
	return ok && len(s) == size && sh.Other == 0 && sh.Upper >= 2 && sh.Lower >= 2 && value.Surprise(rest) > 3.5 && value.WordShare(rest) < 0.3
}

// judgeHex judges UUIDs and hexadecimal numbers, which are ids and digests more often than secrets.
func judgeHex(v candidate, near nearness, tight, vcs bool, before string) (float64, string) {
	switch {
	case v.uuid && strings.HasSuffix(before, "-") && glued(before[:len(before)-1]):
		return 0.65, "hex-near-cue"
	case near == cueNear && (tight || !v.uuid && v.shape.Len >= 24 && v.shape.Len != 40 && !vcs):
		return 0.65, "hex-near-cue"
	case near == vendorNear && tight && !vcs && (v.shape.Len >= 20):
		return 0.6, "hex-near-vendor"
	}
	return 0, ""
}

// identified reports whether what stands before a value says that it is an id: sheet id 1rhcZKq….
func identified(before string) bool {
	words := strings.Fields(strings.ToLower(strings.TrimRight(before, " :=\"'`")))
	return len(words) > 0 && (words[len(words)-1] == "id" || strings.HasSuffix(words[len(words)-1], "_id"))
}

// name reports whether s could be the name that a value is assigned to.
func name(s string) bool {
	return letter(s[0]) && !strings.ContainsAny(s, "+/=~") && (len(s) < 12 || value.Random(s) < 0.9 || value.Identifier(s))
}

// strong reports whether a value is long and random enough and no name.
func strong(v candidate, s string, length int, random float64) bool {
	if v.shape.Len < length || v.random < random || v.shape.Digit == 0 && v.shape.Len < 28 {
		return false
	}
	if share := value.WordShare(s); share > 0.5 || share > 0.3 && v.random < 0.97 && v.shape.Len < 40 {
		return false
	}
	if v.shape.Lower == 0 && v.shape.Len < 32 && strings.IndexByte(s, '-') > 0 && value.Identifier(s) { // AES128-GCM-SHA256
		return false
	}
	if v.shape.Digit <= 2 && value.Identifier(s) || v.shape.Digit < 6 && v.shape.Len < 40 && value.Identifier(s) && v.random < 0.95 {
		return false
	}
	return !pathLike(s, v)
}

// pathLike reports whether s is a path, a host or a dotted name: several short plain parts.
func pathLike(s string, v candidate) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '.' })
	if len(parts) < 3 {
		return false
	}
	made := 0
	for _, p := range parts {
		if len(p) >= 12 && value.Random(p) >= 0.75 && !value.Identifier(p) {
			made++
		}
	}
	return made == 0
}

// nearest says what stands near a value and whether only punctuation or a linking word lies between.
func nearest(text string, v candidate, marks []mark) (near nearness, tight, vcs bool) {
	for _, m := range marks {
		if m.start >= v.end+lookAhead {
			break
		}
		var gap string
		switch {
		case m.end <= v.start && m.end >= v.start-lookBack:
			gap = text[m.end:v.start]
		case m.start >= v.end:
			if gap = text[v.end:m.start]; strings.HasPrefix(gap, ")") { // a remark in brackets is over
				continue
			}
		default:
			continue
		}
		if strings.Count(gap, "\n") > 1 || strings.Contains(gap, ". ") {
			continue
		}
		t := linked(gap)
		if m.common && !t {
			continue
		}
		vcs = vcs || m.vcs
		tight = tight && near >= m.rank || t && m.rank >= near
		near = max(near, m.rank)
	}
	return near, tight, vcs
}

// linked reports whether gap holds nothing but quotes, operators, space and at most two linking words.
func linked(gap string) bool {
	if len(gap) > 40 {
		return false
	}
	n := 0
	for _, w := range strings.FieldsFunc(gap, func(r rune) bool { return r < 0x80 && !letter(byte(r)) }) {
		if !links.Has(strings.ToLower(w)) {
			return false
		}
		n++
	}
	return n <= 4
}

var links = keyword.NewList(`is was are be to set as the our my your key keys token tokens secret id api apikey access auth value private password pat test live prod production new named called
	tokeny code number string str static a still valid current は が を の で です に キー client account user service personal bearer project app org admin url webhook login init initialize configure setup integration uses use`)

// alone reports whether the value is all that the text holds, but for quotes and punctuation.
func alone(text string, v candidate) bool {
	return strings.Trim(text[:v.start], " \t\r\n\"'`,;:=<>()[]{}-*#$") == "" && strings.Trim(text[v.end:], " \t\r\n\"'`,;:<>()[]{}=-*#$|!") == ""
}

// assigned reports whether an operator and a name stand before the value.
func assigned(text string, v candidate) bool {
	i := v.start
	for i > 0 && (text[i-1] == '"' || text[i-1] == '\'' || text[i-1] == '`' || text[i-1] == ' ') {
		i--
	}
	if i == 0 || text[i-1] != '=' && text[i-1] != ':' && !strings.HasSuffix(text[:i], "=>") {
		return false
	}
	i = strings.LastIndexFunc(text[:i], func(r rune) bool { return r != '=' && r != ':' && r != '>' && r != ' ' && r != '"' && r != '\'' }) + 1
	return i > 0 && (letter(text[i-1]) || text[i-1] >= '0' && text[i-1] <= '9' || text[i-1] == '_' || text[i-1] == ']' || text[i-1] == ')')
}

// line returns at most lookBack bytes of the text before i, not past a line break.
func line(text string, i int) string {
	s := text[max(0, i-lookBack):i]
	return s[strings.LastIndexByte(s, '\n')+1:]
}

func valueByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '+' || c == '/' || c == '=' || c == '.' || c == '~'
}

func letter(c byte) bool { return lower(c) || upper(c) }
func lower(c byte) bool  { return c >= 'a' && c <= 'z' }
func upper(c byte) bool  { return c >= 'A' && c <= 'Z' }

// weakPassword reports whether s, all that a text holds, is one of the passwords everyone tries: a stock word and digits.
func weakPassword(s string, sh value.Shape) bool {
	return sh.Digit > 0 && sh.Len <= 24 && stockPasswords.Contains(s)
}

// stock finds a text that is nothing but such a password and too short to be a candidate.
func stock(text string) []match.Match {
	s := strings.Trim(text, " \t\r\n\"'`")
	if len(s) < 6 || len(s) > 24 || strings.ContainsAny(s, " \n=:/") {
		return nil
	}
	sh := value.ShapeOf(s)
	if sh.Digit < 2 || !weakPassword(s, sh) {
		return nil
	}
	at := strings.Index(text, s)
	return []match.Match{{Rule: "stock-password", Kind: match.Credential, Start: at, End: at + len(s), Confidence: 0.6}}
}

var stockPasswords = keyword.New([]string{"password", "passw0rd", "p@ssw", "pa55w", "p@55w", "p455w", "qwerty", "letmein", "iloveyou", "admin123", "welcome1", "hunter2", "changeme1", "trustno1", "dragon1", "monkey1", "secret1", "abc123"})
