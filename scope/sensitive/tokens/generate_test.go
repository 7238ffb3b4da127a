package tokens_test

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
)

// generate draws a text that pattern matches. Examples of tokens are made this way at run time, so that none stands in the
// repository.
func generate(rnd *rand.Rand, pattern string) (string, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	draw(rnd, re, &b)
	return b.String(), nil
}

func draw(rnd *rand.Rand, re *syntax.Regexp, b *strings.Builder) {
	repeat := func(least, most int) {
		n := least
		if most > least {
			n += rnd.IntN(min(most-least, 6) + 1)
		}
		for range n {
			draw(rnd, re.Sub[0], b)
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(one(rnd, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte("abcdefghij0123456789"[rnd.IntN(20)])
	case syntax.OpCapture:
		draw(rnd, re.Sub[0], b)
	case syntax.OpConcat:
		for _, s := range re.Sub {
			draw(rnd, s, b)
		}
	case syntax.OpAlternate:
		draw(rnd, re.Sub[rnd.IntN(len(re.Sub))], b)
	case syntax.OpStar:
		repeat(0, 2)
	case syntax.OpPlus:
		repeat(1, 12)
	case syntax.OpQuest:
		repeat(0, 1)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = re.Min + 4
		}
		repeat(re.Min, most)
	}
}

// one draws a printable ASCII character of a class, letters and digits first.
func one(rnd *rand.Rand, ranges []rune) rune {
	var word, other []rune
	for i := 0; i < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= min(ranges[i+1], '~'); r++ {
			if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				word = append(word, r)
			} else {
				other = append(other, r)
			}
		}
	}
	if len(word) > 0 {
		return word[rnd.IntN(len(word))]
	}
	if len(other) > 0 {
		return other[rnd.IntN(len(other))]
	}
	return ' '
}
