package feature

import "strings"

// longest is how long, in bytes, a word is at most whose spelling is looked at.
const longest = 20

// known reports whether a word in small letters is one of either list.
func known(w []byte) bool { return lists().find(w, hashBytes(w)).listed() }

// Misspelt reports whether s is a word of the lists with two letters exchanged or one of two equal letters left out, as in
// controler. A password made of a word changes its letters for others.
func Misspelt(s string) bool {
	const shortest = 6
	if len(s) < shortest || len(s) > longest || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	b := make([]byte, 0, longest+1)
	for i := range len(s) {
		if i > 0 && s[i] != s[i-1] {
			b = append(append(b[:0], s...), 0)[:len(s)]
			b[i-1], b[i] = b[i], b[i-1]
			if known(b) {
				return true
			}
		}
		b = append(append(append(b[:0], s[:i]...), s[i]), s[i:]...)
		if known(b) {
			return true
		}
	}
	return false
}

// Derived reports whether s is what does what a word of the lists names: hasher, requester.
func Derived(s string) bool {
	const shortest = 4 // of the word inside
	low := []byte(strings.ToLower(s))
	for _, end := range []string{"er", "ers", "able"} {
		stem := len(low) - len(end)
		if stem < shortest || stem > longest || string(low[stem:]) != end {
			continue
		}
		if of(string(low[:stem])).known || of(string(low[:stem])+"e").known || low[stem-1] == low[stem-2] && of(string(low[:stem-1])).known {
			return true
		}
	}
	return false
}
