package value

import "strings"

// UUID reports whether s is a UUID in its usual form, with hyphens.
func UUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < 36; i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// ULID reports whether s has the form of a ULID of our time: 26 digits and capital letters, without I, L, O and U.
func ULID(s string) bool {
	return len(s) == 26 && s[0] == '0' && s[1] == '1' && strings.Trim(s, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == ""
}

// Digest reports whether s has the form of a hexadecimal digest or commit id: 7 to 128 digits with letters among them,
// in one case, of a usual length when longer than 12.
func Digest(s string) bool {
	sh := ShapeOf(s)
	if !sh.Hex || sh.Lower > 0 && sh.Upper > 0 || sh.Digit == 0 || sh.Lower+sh.Upper == 0 {
		return false
	}
	switch sh.Len {
	case 32, 40, 56, 64, 96, 128:
		return true
	}
	return sh.Len >= 7 && sh.Len <= 12
}
