package learn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strings"
	"unicode"

	"github.com/elderzan/elderzan/scope"
)

// The parts of a feature vector.
const (
	wordDims  = 256 // hashed words and pairs of words
	signDims  = 16  // what the detectors said, and what the text looks like
	Dims      = wordDims + signDims
	maxText   = 16 << 10 // bytes that are read
	wordShare = 3.0      // length of the part for words
)

// Features is what is kept of a text. It holds no word that could be read back without the key.
type Features []float32

// Extract describes a text and what the detectors said of it. The key, of at least 16 bytes, hashes the words.
func Extract(key []byte, in scope.Input, d scope.Decision) Features {
	f := make(Features, Dims)
	text := in.Title + "\n" + in.Content + "\n" + strings.Join(in.Tags, "\n")
	if len(text) > maxText {
		text = text[:maxText]
	}
	words(key, text, f[:wordDims])
	signs(text, d, f[wordDims:])
	return f
}

// words adds each word and each pair of neighbours to one of the dimensions, with a sign, and brings the whole to one length.
func words(key []byte, text string, f Features) {
	mac := hmac.New(sha256.New, key)
	prev := ""
	add := func(w string) {
		mac.Reset()
		mac.Write([]byte(w))
		h := binary.LittleEndian.Uint64(mac.Sum(nil))
		if h>>63 == 0 {
			f[h%wordDims]++
		} else {
			f[h%wordDims]--
		}
	}
	for _, w := range split(text) {
		add(w)
		if prev != "" {
			add(prev + " " + w)
		}
		prev = w
	}
	sum := 0.0
	for _, x := range f {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	scale := float32(wordShare / math.Sqrt(sum))
	for i := range f {
		f[i] *= scale
	}
}

// maxWords bounds the words of a text.
const maxWords = 512

// split cuts a text into words in small letters; scripts without spaces into characters. Numbers count as one word.
func split(text string) []string {
	var out []string
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			out = append(out, b.String())
			b.Reset()
		}
	}
	for _, r := range text {
		if len(out) >= maxWords {
			return out
		}
		switch {
		case r >= 0x3000 && unicode.IsLetter(r):
			end()
			out = append(out, string(r))
		case unicode.IsLetter(r):
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsDigit(r):
			if !strings.HasSuffix(b.String(), "9") {
				b.WriteByte('9')
			}
		default:
			end()
		}
	}
	end()
	return out
}

// signs are numbers of known meaning, each about in [0, 1].
func signs(text string, d scope.Decision, f Features) {
	kinds := []string{"credential", "key", "personal", "financial", "health"}
	for _, x := range d.Findings {
		for i, k := range kinds {
			if x.Kind == k {
				f[i] = max(f[i], float32(x.Confidence))
			}
		}
	}
	f[5] = float32(min(1, float64(len(d.Findings))/4))
	f[6] = float32(d.Knowledge.Confidence)
	f[7] = float32(d.Project.Confidence)
	f[8] = float32(min(1, math.Log1p(float64(len(text)))/10))
	var digits, upper, signs, all float32
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z':
			upper++
		case c == '=' || c == ':' || c == '@' || c == '/' || c == '"':
			signs++
		}
		all++
	}
	if all > 0 {
		f[9], f[10], f[11] = 4*digits/all, 4*upper/all, 4*signs/all
	}
	switch d.Knowledge.Name {
	case "person":
		f[12] = 1
	case "preference", "event":
		f[13] = 1
	case "best-practice", "how-to", "reference":
		f[14] = 1
	}
	f[15] = 1
}
