// Package likely finds words that stand where secrets stand: "try sommer2019 if the box asks for a password". It is a
// linear model over the shape of a word and the words around it, trained on invented texts (see train), and catches
// ways of saying a secret that no rule of the other layers spells out. It knows no secret itself: rare words are
// reduced to their shape before the model sees them.
package likely

import (
	_ "embed"
	"math"
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/likely/internal/feature"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/saying"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

//go:generate go run ./train

//go:embed weights.bin
var weights []byte // one signed byte a bucket, in units of 1/unit

// unit is how many steps of a weight make one nat.
const unit = 24

// From which score, in nats, a word counts: more is asked of what could be any rare word or name.
const (
	threshold      = -0.8
	thresholdPlain = 0.2

	thresholdAlone = 1.5 // without a word for a secret near it

	thresholdNumber = 2.0 // a number of one or two digits, or with dots
)

var tokens = sync.Pool{New: func() any { return new([]feature.Token) }}

// enough is how many findings a text needs at most: one makes it sensitive.
const enough = 64

// Scan returns the words of text that are likely secrets. Its cost is linear.
func Scan(text string) []match.Match {
	var out []match.Match
	end := 0
	Each(text, func(start, stop int, near bool, score float64) {
		if score < threshold || start < end || !near && score < thresholdAlone || len(out) >= enough {
			return
		}
		s := text[start:stop]
		if strings.HasPrefix(s, "Ctrl+") || strings.HasPrefix(s, "Alt+") || strings.HasPrefix(s, "Cmd+") || strings.HasPrefix(s, "Shift+") {
			return
		}
		if score < thresholdPlain && plain(s) || score < thresholdNumber && numeric(s) {
			return
		}
		if value.Placeholder(s) && !digits(s) || value.UUID(s) || value.Digest(s) || value.Versioned(s) || value.File(s) || value.Alphabet(s) || saying.Harmless(name(text, runStart(text, start))) || score < sure && plain(s) && saying.Describes(s) || published(text, runStart(text, start), s) || reference(text, start, s, score) {
			return
		}
		end = stop
		out = append(out, match.Match{Rule: "likely-secret", Kind: match.Credential, Start: start, End: stop, Confidence: confidence(score)})
	})
	return out
}

// plain reports whether s is letters, perhaps joined: any rare word or name.
func plain(s string) bool { return strings.IndexAny(s, "0123456789!#$+") < 0 }

// digits reports whether s is digits and hyphens.
func digits(s string) bool { return strings.Trim(s, "0123456789-") == "" }

// published reports whether what stands at start is a digest, a version or a host.
func published(text string, start int, s string) bool {
	before := text[max(0, start-10):start]
	for _, p := range []string{"SHA256:", "sha256:", "h1:", "MD5:", "md5:", "sha1-", "sha256-", "sha384-", "sha512-"} {
		if strings.HasSuffix(before, p) {
			return true
		}
	}
	for _, p := range []string{"sha1-", "sha256-", "sha384-", "sha512-"} {
		if strings.HasPrefix(text[start:], p) {
			return true
		}
	}
	if len(s) > 4 && s[0] == 'v' && s[1] >= '0' && s[1] <= '9' && strings.Count(s, ".") >= 2 {
		return true
	}
	return strings.Count(s, ".") >= 2 && host.MatchString(s)
}

var host = pattern.New(`^[a-z0-9-]+(?:\.[a-z0-9-]+)+\.(?:com|org|net|io|dev|internal|local|lan|example|de|jp|co|eu|uk|fr|test)$`)

// runStart returns where the run of base64 characters begins that holds start: a word of a digest is part of one.
func runStart(text string, start int) int {
	i := start
	for i > 0 && start-i < 128 && (letter(text[i-1]) || text[i-1] >= '0' && text[i-1] <= '9' || text[i-1] == '/' || text[i-1] == '+') {
		i--
	}
	return i
}

// numeric reports whether s is a short number, or one with dots: a count, a version, an address.
func numeric(s string) bool {
	return strings.Trim(s, "0123456789.") == "" && (len(s) < 3 || strings.Contains(s, "."))
}

// name returns the name that the value at start is assigned to, or "".
func name(text string, start int) string {
	i := start
	for i > 0 && start-i < 8 && strings.IndexByte(" \t\"'`([{=:>", text[i-1]) >= 0 {
		i--
	}
	if strings.IndexAny(text[i:start], "=:") < 0 {
		return ""
	}
	end := i
	for i > 0 && end-i < 64 && (letter(text[i-1]) || text[i-1] == '_' || text[i-1] == '-' || text[i-1] >= '0' && text[i-1] <= '9') {
		i--
	}
	return text[i:end]
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// reference reports whether what stands at start is the name of a value: $NAME, ${{ … }}, <name>, %NAME%.
func reference(text string, start int, s string, score float64) bool {
	if start > 0 && strings.IndexByte("$<{%", text[start-1]) >= 0 {
		return true
	}
	word := text[max(0, start-80):start]
	word = word[strings.LastIndexAny(word, " \n\"'=")+1:]
	if i := strings.IndexByte(word, ':'); i > 0 && strings.Contains(word, "/") && storesOf.Has(word[:i]) {
		return true // vault:secret/data/db#password
	}
	return value.Reference(s) && !strings.Contains(s, "$") && (score < sure || score < beyond && !strings.ContainsAny(s, "0123456789"))
}

// sure is the score, in nats, from which a name with a digit counts as a password: "Ringo.Musi9".
const sure = 3

// beyond is the score, in nats, from which even a name without one does: "PWはAsahi.no.yama".
const beyond = 6

var storesOf = keyword.NewList(`vault op ssm arn kms awssm gcpsm sops ref file secret secrets keyring keychain enc pass gopass`)

// Each calls visit for every word that could be a secret, with how likely it is: the log-odds by the model.
func Each(text string, visit func(start, end int, near bool, score float64)) {
	buf := tokens.Get().(*[]feature.Token)
	*buf = feature.Tokens(text, (*buf)[:0])
	feature.Each(text, *buf, func(c feature.Candidate) {
		sum := 0
		for _, f := range c.Features {
			sum += int(int8(weights[f]))
		}
		t := (*buf)[c.Token]
		visit(t.Start, t.End, c.Near, float64(sum)/unit)
	})
	if cap(*buf) < 1<<15 {
		tokens.Put(buf)
	}
}

func confidence(score float64) float64 { return min(0.75, max(0.5, 1/(1+math.Exp(-score/2)))) }
