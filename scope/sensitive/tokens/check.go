package tokens

import "github.com/elderzan/elderzan/scope/sensitive/value"

// mixed accepts tokens that look drawn by a machine: prefixes such as "pa-" also begin ordinary words.
func mixed(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Digit >= 2 && sh.Lower+sh.Upper >= 4 && sh.Turns >= 4 && value.Random(s) > 0.6
}

func mixedUpper(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Digit >= 2 && sh.Turns >= 4
}

// mixedOrLong accepts a token with digits, or one too long to be a word with its prefix.
func mixedOrLong(s string) bool { return value.ShapeOf(s).Digit > 0 || len(s) >= 24 }
